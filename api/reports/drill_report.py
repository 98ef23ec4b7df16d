"""The report of a trace drill: time per lot, gaps with repairs, and the drills before it."""

from __future__ import annotations

from typing import Any

from api.reports import figures
from api.reports.document import (
    Block,
    Column,
    Document,
    facts,
    figure_row,
    heading,
    paragraph,
    signatures,
    table,
)
from api.reports.edition import Edition
from graph_model.i18n import text
from graph_model.network import Facts
from queries import drill

SIGNERS = ("quality", "management")


def _column(name: str, width: float = 1, *, right: bool = False) -> Column:
    return Column(text(f"report.column.{name}"), width, "right" if right else "left")


def drill_report(
    traced: list[drill.Traced], data: Facts, edition: Edition, *, target: float, seed: int | None
) -> Document:
    """A drill with its gaps, and all drills that the ledger holds."""
    slowest = max(one.seconds for one in traced)
    gaps = sorted({gap for one in traced for gap in one.gaps}, key=lambda gap: (gap.kind, gap.key))
    passed = all(one.passed for one in traced)
    verdict = text("report.drill.passed" if passed else "report.drill.failed")
    state = text("report.complete") if not gaps else text("report.drill.gaps", n=len(gaps))
    blocks: list[Block] = [
        heading(text("report.drill.summary")),
        figure_row(
            [
                (text("report.drill.verdict"), verdict),
                (text("report.drill.slowest"), text("report.seconds", n=f"{slowest:.2f}")),
                (text("report.drill.target"), text("report.seconds", n=figures.number(target))),
                (text("report.drill.gap_count"), figures.number(len(gaps))),
            ]
        ),
        facts(
            [
                (text("report.drill.lots"), figures.number(len(traced))),
                (text("report.drill.seed"), text("report.unknown") if seed is None else str(seed)),
            ]
        ),
        paragraph(text("report.drill.note")),
        heading(text("report.drill.traced", n=len(traced))),
        table(
            [_column("direction", 1.6), _column("lot", 2.4), _column("seconds", 0.9, right=True),
             _column("lots", 0.8, right=True), _column("steps", 0.8, right=True),
             _column("ends", 2.6), _column("gaps", 0.7, right=True), _column("verdict", 1)],
            [
                [text(f"report.drill.{one.direction}"), figures.lot(one.lot), f"{one.seconds:.2f}",
                 figures.number(one.lots), figures.number(one.steps),
                 text("report.comma").join(one.ends) or "–", figures.number(len(one.gaps)),
                 text("report.drill.passed" if one.passed else "report.drill.failed")]
                for one in traced
            ],
        ),
        heading(text("report.drill.gap_list", n=len(gaps))),
        table([_column("gap", 3), _column("repair", 3)], [_gap(gap) for gap in gaps]),
        heading(text("report.drill.history")),
        table(
            [_column("month", 1), _column("when", 2), _column("lots", 1, right=True),
             _column("seconds", 1, right=True), _column("no_person", 1, right=True),
             _column("broken", 1, right=True), _column("off_balance", 1, right=True),
             _column("share_passed", 1, right=True)],
            [_kept(row, edition) for row in drill.history(data, edition.zone.key)],
        ),
        heading(text("report.signatures")),
        signatures(text(f"report.role.{role}") for role in SIGNERS),
    ]  # fmt: skip
    return Document(
        "drill", text("report.drill.title"), verdict, edition, state, blocks
    )  # fmt: skip


def _gap(gap: drill.Gap) -> list[str]:
    told = gap.to_dict()
    return [told["text"], told["repair"]]


def _kept(row: dict[str, Any], edition: Edition) -> list[str]:
    return [
        row["month"], figures.time(row["at"], edition.zone), figures.number(row["lots"]),
        f"{row['seconds']:.2f}", figures.number(row["no_person"]), figures.number(row["broken"]),
        figures.number(row["off_balance"]), figures.share(row["share"]),
    ]  # fmt: skip
