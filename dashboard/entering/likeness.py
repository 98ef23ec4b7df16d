"""Numbers that stand for one thing: those that are recorded, and those that look like it."""

from __future__ import annotations

from typing import Any

import polars as pl
from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.parts import button, empty, panel
from dashboard.url import State
from dashboard.visit import Visit
from graph_model.i18n import text
from graph_model.interval import in_force
from graph_model.schema import Alias, Decision
from queries import likeness

SHOWN = 10
DECIDED = {"item": "alias_item", "company": "alias_company", "lot": "same_lot"}
"""The decision that makes one of two."""


def listing(visit: Visit, state: State) -> list[Any]:
    """Recorded aliases, and proposals that a person confirms."""
    return [_recorded(visit), _proposed(visit, state)]


def _recorded(visit: Visit) -> html.Section:
    title = text("screen.data.aliases")
    facts = visit.facts()
    imported = facts[Alias].select("kind", "alias", "target")
    decided = in_force(facts[Decision]).filter(pl.col("kind") == "alias")
    rows = pl.concat([imported, decided.select("kind", alias="subject", target="target")])
    if rows.is_empty():
        return panel(title, empty(text("screen.data.no_aliases")))
    lines = [[words.labelled("screen.data.alias_kind", kind), alias, target]
             for kind, alias, target in rows.sort("kind", "alias")[:SHOWN].iter_rows()]  # fmt: skip
    heads = [text("screen.data.kind"), text("screen.data.alias"), text("screen.data.stands_for")]
    return panel(title, parts.table(heads, lines, label=title),
                 aside=parts.shown_of(len(lines), len(rows)))  # fmt: skip


def _proposed(visit: Visit, state: State) -> html.Section:
    title = text("screen.data.alike")
    found, only = visit.desk.on(
        None, "likeness", lambda facts, _: (likeness.proposals(facts), likeness.only_equal(facts))
    )
    few = html.P(text("screen.data.only_equal"), className="meta") if only else None
    if not found:
        return panel(title, empty(text("screen.data.none_alike")), few)
    may = visit.can("decision.make")
    lines = [
        [
            words.labelled("screen.data.alias_kind", one.kind),
            html.Div([html.B(one.alias), html.Div(one.alias_name, className="meta")]),
            html.Div([html.B(one.target), html.Div(one.target_name, className="meta")]),
            f"{one.score:.0f} %",
            button(text("screen.data.confirm"), state.link(
                ask="decide", kind=DECIDED[one.kind], subject=one.alias, target=one.target),
                kind="small") if may else None,
        ]
        for one in found[:SHOWN]
    ]  # fmt: skip
    heads = [text("screen.data.kind"), text("screen.data.alias"), text("screen.data.stands_for"),
             f">{text('screen.data.likeness')}", ""]  # fmt: skip
    return panel(title, parts.table(heads, lines, label=title), few,
                 aside=parts.shown_of(len(lines), len(found)))  # fmt: skip
