"""What can be done: the next best test, where to stop first, and what it costs."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components.parts import button, chip, empty, icon, lot_no, panel
from dashboard.url import State, link
from dashboard.visit import Visit
from dashboard.workbench.question import Question
from dashboard.workbench.tables import drawn, figures
from graph_model import keys
from graph_model.i18n import text
from queries.recall import containment, next_test
from queries.recall.overview import TIERS
from queries.recall.scope import Scope

STOPS = 5


def tests(question: Question) -> list[dict[str, Any]]:
    """The lots that can be examined, best first."""

    def predicted(scope: Scope) -> list[dict[str, Any]]:
        # Only an examination of the whole lot takes it out: these come first.
        rows = next_test.predict(scope).to_dicts()
        return sorted(rows, key=lambda row: row["covers"] != next_test.WHOLE)

    return question.recorded.once("tests", predicted)


def next_best(visit: Visit, question: Question, state: State) -> html.Section:
    """The lot whose examination would take most out."""
    title = [icon("flask"), text("screen.test.title")]
    found = tests(question)
    if not found:
        return panel(title, empty(text("screen.test.none")))
    best = found[0]
    _, item, number, _ = keys.lot_parts(best["key"])
    names = visit.names(state.whole("as_of"))
    total = len(question.recorded.scope.held)
    head = html.Div(
        [html.Span([lot_no(number), " ", html.Span(names.item(None, item), className="meta")]),
         html.B(text("screen.test.leaving", count=best["leaving"], total=total))],
        className="row spread",
    )  # fmt: skip
    left = words.amounts({best["uom"]: best["on_hand"]})
    what = words.counted(f"screen.test.{best['covers']}", best["leaving"], amount=left)
    act = button(text("screen.test.try"), state.toggle("clean", best["key"]), kind="small accent",
                 act="w")  # fmt: skip
    foot = html.Div(
        [act if best["key"] not in question.trial.clean else None,
         html.Span(text("screen.test.of", count=words.number(len(found), 0)), className="meta")],
        className="row spread",
    )  # fmt: skip
    return panel(title, html.Div([head, html.P(what, className="meta"), foot],
                                 className="panel-body"))  # fmt: skip


def stop_first(question: Question, state: State) -> html.Section:
    """The cheapest lots to hold so that nothing more reaches a customer."""

    def cut(scope: Scope) -> dict[str, Any]:
        return containment.to_dict(containment.contain(scope))

    found = question.recorded.once("containment", cut)
    title = [icon("barrier"), text("screen.stop.title")]
    steps = found["cut"]
    if not steps:
        return panel(title, empty(text(f"screen.stop.{found['state']}")))
    shown = steps if state.one("stops") else steps[:STOPS]
    chips = [
        html.A(chip(step["lot_no"] or step["item"]), href=state.link(sel=step["lot"]),
               title=text("screen.stop.why", count=step["beyond"]))
        for step in shown
    ]  # fmt: skip
    if len(shown) < len(steps):
        chips.append(html.A(text("screen.stop.more", count=len(steps) - len(shown)),
                            href=state.link(stops=1)))  # fmt: skip
    left = text("screen.stop.left", lots=len(found["left"]["lots"]),
                customers=len(found["left"]["customers"]))  # fmt: skip
    return panel(
        title,
        html.Div([html.Div(chips, className="chips"), html.P(left, className="meta")],
                 className="panel-body"),
        aside=text("screen.stop.cuts", count=len(steps)),
    )  # fmt: skip


def against(question: Question) -> html.Section:
    """The cost of this scope, of plain reachability and of a blanket recall."""
    told, found = question.recorded.told, figures(question.recorded)
    own = found.total.cost
    wider = {name: told[name]["cost"] for name in ("reachable", "blanket")}
    largest = max([own, *wider.values()]) or 1
    bars = html.Span(
        [html.Span(className=f"tier-bar {drawn(tier)}",
                   style={"width": f"{found.tiers[tier].cost / (own or 1) * 100:.2f}%"})
         for tier in TIERS if found.tiers[tier].cost],
        className="bars", style={"width": f"{own / largest * 100:.2f}%"},
    )  # fmt: skip
    rows = [_against_row(text("screen.against.scope"), bars, own, found.currency, None)]
    for name, cost in wider.items():
        bar = html.Span(className="plain-bar", style={"width": f"{cost / largest * 100:.2f}%"})
        share = told["saved"][name]
        note = text("screen.against.saved", share=words.percent(share)) if share is not None else (
            text("screen.against.not_stated"))  # fmt: skip
        rows.append(_against_row(text(f"screen.against.{name}"), bar, cost, found.currency, note))
    best = text("screen.against.at_best") if told["saved"]["at_best"] else ""
    return panel(
        text("screen.against.title"),
        html.Div([*rows, html.P(best, className="meta") if best else None],
                 className="panel-body against"),
    )  # fmt: skip


def _against_row(label: str, bar: Any, cost: float, currency: str, note: str | None) -> html.Div:
    return html.Div(
        [html.Span(label), html.Span(bar, className="bar-box"),
         html.B(words.money_headline(cost, currency), className="end"),
         html.Span(note, className="note meta") if note else None],
        className="against-row",
    )  # fmt: skip


def trace_link(key: str, state: State) -> str:
    """The trace of a lot on the same batch."""
    return link("/trace", lot=key, as_of=state.whole("as_of"))
