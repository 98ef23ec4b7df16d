"""The bill of a recall on one page: cost, saving, progress, what waits for a decision."""

from __future__ import annotations

from collections.abc import Sequence
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

DAYS, WAITS = 6, 6
"""Rows that leave the page one page; the list says how many there are."""


def management_report(
    number: str,
    title: str | None,
    told: dict[str, Any],
    about: dict[str, Any],
    curve: Sequence[dict[str, Any]],
    waiting: Sequence[dict[str, Any]],
    edition: Edition,
) -> Document:
    """The page of an incident.

    `told`: its scope as JSON; `about`: its figures (`queries.incidents.figures.of_incident`) with
    `committed`; `curve`: `queries.incidents.curves.over_time`; `waiting`: what waits for a person.
    """
    totals, saved = told["totals"], told["saved"]
    gaps = len(told["missing"])
    state = text("report.complete") if told["complete"] else text("report.bill.gaps", n=gaps)
    best = text("report.bill.at_best") if saved["at_best"] else ""
    blocks: list[Block] = [
        heading(text("report.bill.cost")),
        figure_row(_money(totals, about["committed"])),
        figure_row([
            (text("report.bill.saved"), f"{figures.share(saved['blanket'])} {best}".strip()),
            (text("report.unaccounted"), figures.amounts(totals["unaccounted"])),
            (text("report.bill.to_scope"), figures.span(about["to_scope_seconds"])),
            (text("report.bill.to_containment"), figures.span(about["to_containment_seconds"])),
        ]),
        _bill(totals),
        facts([
            (text("report.bill.judgement"),
             figures.number(totals["lots"].get("excluded_by", {}).get("judgement", 0))),
            (text("report.bill.against"), figures.money(told["blanket"]["cost"],
                                                        totals["currency"])),
        ]),
        heading(text("report.bill.progress")),
        *_shortened(len(curve), DAYS),
        table(
            [Column(text("report.column.when"), 1), Column(text("report.bill.back"), 1, "right"),
             Column(text("report.unaccounted"), 1, "right"), Column(text("report.column.unit"), 1)],
            [[row["day"], figures.number(row["back"]), figures.number(row["unaccounted"]),
              row["unit"]] for row in curve[-DAYS:]],
        ),
        heading(text("report.bill.waiting")),
        *_shortened(len(waiting), WAITS),
        table(
            [Column(text("report.bill.what"), 2), Column(text("report.bill.about"), 3)],
            [[text(f"incident.waits.{row['kind']}"), row.get("lot") or row["subject"]]
             for row in waiting[:WAITS]],
        ),
        signatures([text("report.role.management")]),
    ]  # fmt: skip
    subject = f"{number} {title or ''}".strip()
    return Document("management", text("report.bill.title"), subject, edition, state, blocks)


def _money(totals: dict[str, Any], committed: float) -> list[tuple[str, str]]:
    """Worst, likely and committed cost, and what comes back."""
    net, currency = totals["cost_total"]["net"], totals["currency"]
    amounts = {"worst": net["high"], "likely": net["likely"], "committed": committed,
               "recoveries": sum(totals["cost_recovered"].values())}  # fmt: skip
    return [(text(f"report.bill.{name}"), figures.money(amount, currency))
            for name, amount in amounts.items()]  # fmt: skip


def _bill(totals: dict[str, Any]) -> Block:
    """Cost by place and type, with sums."""
    cells: dict[tuple[str, str], float] = {}
    for tier in totals["cost"].values():
        for place, types in tier.items():
            for kind, amount in types.items():
                cells[place, kind] = cells.get((place, kind), 0.0) + amount
    types = sorted({kind for _, kind in cells})
    rows = [
        [figures.word("place", place), *(figures.plain_money(cells[place, kind])
                                         if (place, kind) in cells else "–" for kind in types),
         figures.plain_money(sum(a for (at, _), a in cells.items() if at == place))]
        for place in sorted({place for place, _ in cells})
    ]  # fmt: skip
    heads = [Column(text("report.column.place"), 1.6),
             *(Column(figures.word("cost", kind), 1, "right") for kind in types),
             Column(text("report.cost_in", currency=totals["currency"]), 1.3, "right")]  # fmt: skip
    return table(heads, rows)


def _shortened(count: int, shown: int) -> list[Block]:
    return [paragraph(text("report.bill.shortened", shown=shown, n=count))] if count > shown else []
