"""Complaints to source: what complaints have in common, and what else of it is out there."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.parts import button, empty, panel, table
from dashboard.pages import Page, View
from dashboard.sourcing import ranking
from dashboard.url import State, link
from dashboard.visit import Judged, Visit
from graph_model.errors import NotFound
from graph_model.i18n import text
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Complaint
from queries.names import Names
from queries.recall import pivot as pivoting
from queries.recall import roots
from queries.recall.pivot import Pivot
from queries.recall.roots import Suspects

page = Page("source", path="/source", permission="inference.read", order=4, key="c")
CASES = 40
INPUTS = 15


@page.view
def view(visit: Visit, state: State) -> View:
    """Complaints to choose from, their common inputs ranked, and the rest of the chosen one."""
    names = visit.names(state.whole("as_of"))
    found, untraced = _pivot(visit, state)
    right: list[Any] = []
    if found is not None:
        right = [_inputs(visit, found, names, state), *_chosen(visit, found, names, state)]
    if (ranked := ranking.listing(visit, names, state)) is not None:
        right.append(ranked)
    elif not untraced:
        right = [panel(text("screen.source.inputs"), empty(text("screen.source.choose_hint")))]
    if untraced:
        told = text("screen.source.untraced", cases=", ".join(untraced))
        right.append(panel(text("screen.source.not_traced"), empty(told)))
    return View(
        [
            html.Div(
                [
                    html.Div([
                        html.H1(text("screen.source.title")),
                        html.Div(text("screen.source.hint"), className="meta"),
                    ]),
                ],
                className="title-line",
            ),
            html.Div(
                [html.Div([_cases(visit, names, state)], className="stack"),
                 html.Div(right, className="stack")],
                className="columns halves",
            ),
        ]
    )  # fmt: skip


def _pivot(visit: Visit, state: State) -> tuple[Pivot | None, list[str]]:
    """The pivot of the chosen complaints, and those that no lot can be told of."""
    chosen = tuple(sorted(set(state.all("complaint"))))

    def make(facts: Facts, lineage: Lineage) -> tuple[Pivot | None, list[str]]:
        asked, untraced = [], []
        for name in chosen:
            one = (name, Suspects(complaint=name))
            try:
                roots.answer(facts, lineage, one[1])
            except NotFound:
                untraced.append(name)
            else:
                asked.append(one)
        return (pivoting.pivot(facts, lineage, asked) if asked else None), untraced

    return visit.desk.on(state.whole("as_of"), ("pivot", chosen), make)


def _cases(visit: Visit, names: Names, state: State) -> html.Section:
    """All complaints, the newest first; a click takes one in or out."""
    title = text("screen.source.cases")
    rows = visit.facts(state.whole("as_of"))[Complaint].sort(
        "latest", "complaint_no", descending=[True, False], nulls_last=True
    )
    if rows.is_empty():
        return panel(title, empty(text("screen.source.no_cases")))
    lines = []
    for row in rows[:CASES].iter_rows(named=True):
        number = row["complaint_no"]
        on = state.has("complaint", number)
        others = [one for one in state.all("complaint") if one != number]
        href = state.link(complaint=others if on else [*others, number], choose=None)
        lines.append(
            html.Tr(
                [
                    html.Td(parts.switch(on, href, number)),
                    html.Td(html.Span(number, className="lot-no")),
                    html.Td(names.company(row["customer"]) or words.unknown()),
                    html.Td(names.item(row["item"]) if row["item"] else "–"),
                    html.Td(row["reason"] or words.unknown()),
                    html.Td(words.day(row["latest"], visit.zone)),
                ],
                className="on" if on else None,
            )
        )  # fmt: skip
    heads = ["", text("screen.kind.complaint"), text("screen.kind.customer"),
             text("screen.head.item"), text("screen.source.reason"),
             text("screen.source.when")]  # fmt: skip
    return panel(title, table(heads, lines, label=title, kind="cases"),
                 aside=parts.shown_of(len(lines), len(rows)))  # fmt: skip


def _inputs(visit: Visit, found: Pivot, names: Names, state: State) -> html.Section:
    """What the cases can have in common, the most suspect first."""
    title = text("screen.source.inputs")
    lots = found.lineage.lots.select("key", "item", "item_code", "lot_no", "sublot", "owner")
    total = len(found.cases)
    lines = []
    for row in found.inputs[:INPUTS].iter_rows(named=True):
        about = lots.row(row["lot"], named=True)
        key = about["key"]
        explained = text("screen.source.of", count=row["explains"], total=total)
        supplied = text("screen.source.supplied") if row["supplied"] else ""
        lines.append(
            html.Tr(
                [
                    html.Td(parts.lot_no(about["lot_no"] or about["sublot"])),
                    html.Td(names.item(about["item"], about["item_code"])),
                    html.Td([names.company(about["owner"]), " ",
                             html.Span(supplied, className="meta")]),
                    html.Td(explained, className="end"),
                    html.Td(words.number(row["reaches"], 0), className="end"),
                    html.Td(html.A(text("screen.source.suspect"), href=state.link(choose=key))),
                ],
                className="on" if state.one("choose") == key else None,
            )
        )  # fmt: skip
    heads = [text("screen.head.lot"), text("screen.head.item"), text("screen.source.owner"),
             f">{text('screen.source.explains')}", f">{text('screen.source.reaches')}",
             ""]  # fmt: skip
    return panel(title, table(heads, lines, label=title),
                 html.P(text("screen.source.order"), className="note panel-body"),
                 aside=parts.shown_of(len(lines), found.inputs.height))  # fmt: skip


def _chosen(visit: Visit, found: Pivot, names: Names, state: State) -> list[Any]:
    """Who else has goods of the chosen input, and the way to its recall."""
    key = state.one("choose")
    if not key:
        return []
    judged: Judged = visit.scope(Suspects(lots=(key,)), state.whole("as_of"))
    rows = pivoting.elsewhere(found, judged.scope)
    title = text("screen.source.elsewhere")
    recall = button(
        text("screen.purchasing.recall"), link("/recall", lot=key), kind="stop", act="r"
    )
    if not rows:
        return [panel(title, empty(text("screen.source.nowhere")), aside=recall)]
    lines = [
        [parts.tier_label("certain" if row["tier"] == "certain" else "recorded"),
         names.company(row["customer"]), words.number(len(row["lots"]), 0),
         ", ".join(str(number) for number in row["shipments"])]
        for row in rows
    ]  # fmt: skip
    heads = [text("screen.head.tier"), text("screen.kind.customer"), f">{text('screen.head.lots')}",
             text("screen.head.documents")]  # fmt: skip
    return [panel(title, table(heads, lines, label=title), aside=recall)]
