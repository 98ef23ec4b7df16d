"""The recall pack: a scope as one hands it to an auditor, with every lot, customer and gap."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from api.reports import figures, recall_lists
from api.reports.document import (
    MARKS,
    Block,
    Cell,
    Column,
    Document,
    facts,
    figure_row,
    heading,
    judged,
    mark,
    paragraph,
    points,
    signatures,
    subheading,
    table,
)
from api.reports.edition import Edition
from api.reports.names import Names
from api.reports.scope_fields import ScopeFields
from graph_model.i18n import text
from queries.recall.scope import EXCLUDED, Scope

SIGNERS = ("quality", "production", "management")


def recall_pack(
    scope: Scope,
    edition: Edition,
    names: Names | None = None,
    answers: pl.DataFrame | None = None,
) -> Document:
    """The recall pack of a scope, in the language in force.

    `names`: of whom and what it may name; `answers`: of its incident, as `unaccounted` takes them.
    """
    fields = ScopeFields(scope, names, answers)
    roots = [figures.lot(key) for key in fields.whole["roots"]["match"]]
    subject = text("report.recall.subject", roots=_few(roots))
    blocks = [
        *_summary(fields, edition),
        *recall_lists.blocks(fields, edition),
        heading(text("report.recall.signature_section")),
        paragraph(text("report.recall.signed")),
        signatures(text(f"report.role.{role}") for role in SIGNERS),
    ]
    title = text("report.recall.title")
    return Document("recall", title, subject, edition, fields.state, blocks)


def _few(names: list[str], most: int = 3) -> str:
    """The first names, and how many more there are; the summary has all."""
    shown = text("report.comma").join(names[:most])
    return (
        shown if len(names) <= most else text("report.and_more", shown=shown, n=len(names) - most)
    )


# ---------------------------------------------------------------------------- summary


def _summary(fields: ScopeFields, edition: Edition) -> Iterator[Block]:
    whole, counts = fields.whole, fields.counts()
    possible = sum(counts[name] for name in MARKS[1:4])
    yield heading(text("report.recall.summary"))
    told = [
        (text("report.recall.lots_held"), figures.number(counts["certain"] + possible)),
        (text("report.recall.customers"), figures.number(len(whole["customers"]))),
        (text("report.recall.leaving"), figures.number(len(whole["leaving"]))),
    ]
    if fields.unaccounted is not None:
        told.insert(0, (text("report.unaccounted"), figures.amounts(fields.unaccounted)))
    yield figure_row(told)
    yield paragraph(_sentence(fields, edition, counts["certain"], possible))
    yield facts(_asked(fields, edition))
    yield subheading(text("report.recall.tiers"))
    yield table(
        [
            Column(text("report.column.tier"), 3),
            Column(text("report.column.lots"), 1, "right"),
            Column(text("report.column.quantity"), 2, "right"),
            Column(text("report.cost_in", currency=fields.currency), 1.5, "right"),
        ],
        _tiers(fields, counts),
    )
    yield paragraph(text("report.recall.tiers_note"))
    yield from _bounds(fields)
    yield subheading(text("report.recall.cost"))
    yield table(
        [
            Column(text("report.column.tier"), 3),
            Column(text("report.column.place"), 1.5),
            Column(text("report.column.cost_type"), 1.5),
            Column(text("report.cost_in", currency=fields.currency), 1.5, "right"),
        ],
        _costs(fields),
    )
    yield subheading(text("report.recall.yardsticks"))
    yield table(
        [
            Column(text("report.column.yardstick"), 4),
            Column(text("report.column.lots"), 1, "right"),
            Column(text("report.cost_in", currency=fields.currency), 1.5, "right"),
            Column(text("report.column.saved"), 2, "right"),
        ],
        _yardsticks(fields),
    )


def _asked(fields: ScopeFields, edition: Edition) -> list[tuple[str, str]]:
    """What was asked, of which hazard, by which rules, and what the answer stands on."""
    whole, roots = fields.whole, fields.whole["roots"]
    return [
        (text("report.recall.suspect"), _names(roots["match"])),
        (text("report.recall.not_ruled_out"), _names(roots["cannot_rule_out"])),
        (text("report.recall.near"), _names(roots["near"])),
        (text("report.recall.hazard"), fields.hazard),
        (text("report.recall.source"), text(f"report.source.{whole['source']}")),
        (text("report.recall.rules"),
         text("report.comma").join(
             figures.word("report.rule", rule) for rule in whole["rules"]["cuts"])),
        (text("report.as_of"), text("report.batch_sealed", batch=edition.batch,
         sealed=figures.stamp(edition.sealed, edition.zone), zone=edition.zone.key)),
        (text("cli.about.state"), fields.state),
    ]  # fmt: skip


def _names(keys: list[str]) -> str:
    """All lots by name; a dash where there are none."""
    return text("report.comma").join(figures.lot(key) for key in keys) or "–"


def _sentence(fields: ScopeFields, edition: Edition, certain: int, possible: int) -> str:
    """What an authority or a customer can be told, to be copied."""
    shipped = fields.by_place.get("shipped", {})
    return text(
        "report.recall.sentence",
        sealed=figures.stamp(edition.sealed, edition.zone),
        roots=_names(fields.whole["roots"]["match"]),
        certain=figures.number(certain),
        possible=figures.number(possible),
        shipped=figures.number(sum(lots for lots, _ in shipped.values())),
        customers=figures.number(len(fields.whole["customers"])),
    )


def _tiers(fields: ScopeFields, counts: dict[str, int]) -> Iterator[list[Cell]]:
    for name in MARKS:
        lots = [lot for lot in fields.lots if fields.mark_of(lot) == name]
        cost = "–" if name == EXCLUDED else figures.plain_money(fields.costs.get(name, 0.0))
        quantity = figures.amounts(fields.quantities(lots))
        yield [judged(name), figures.number(counts[name]), quantity, cost]
    cost = figures.plain_money(fields.scope.cost_of(fields.scope.held))
    quantity = figures.amounts(fields.quantities(fields.held))
    strong: list[Cell] = [
        {"strong": words}
        for words in (text("report.recall.held"), figures.number(len(fields.held)), quantity, cost)
    ]
    yield strong


def _bounds(fields: ScopeFields) -> Iterator[Block]:
    """Where amounts allow fewer lots than are possible; none of them leaves the list for it."""
    told = [
        text("report.recall.bound", lots=one["lots"], of=one["lots_of"], item=one["item"])
        for one in fields.whole.get("at_most", ())
        if one["lots"] is not None
    ]
    if told:
        yield points(told)


def _costs(fields: ScopeFields) -> Iterator[list[Cell]]:
    """Cost by tier, place and cost type."""
    for tier, by_place in fields.whole["totals"]["cost"].items():
        for place, types in by_place.items():
            for cost_type, amount in types.items():
                yield [
                    judged(mark(tier, None), text(f"tier.{tier}")),
                    text(f"place.{place}"),
                    figures.word("cost", cost_type),
                    figures.plain_money(amount),
                ]


def _yardsticks(fields: ScopeFields) -> Iterator[list[Cell]]:
    whole = fields.whole
    for name in ("blanket", "reachable"):
        saved = whole["saved"][name]
        words = figures.share(saved)
        if saved is not None and whole["saved"]["at_best"]:
            words = text("report.at_best", share=words)
        yield [
            text(f"report.yardstick.{name}"),
            figures.number(whole[name]["lots"]),
            figures.plain_money(whole[name]["cost"]),
            words,
        ]
