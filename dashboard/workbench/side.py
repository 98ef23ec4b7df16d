"""What can be done: what if, the next best test, where to stop first, and what it costs."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components.parts import attrs, button, chip, empty, icon, lot_no, panel, switch
from dashboard.url import State, link
from dashboard.visit import Visit
from dashboard.workbench.question import Question
from dashboard.workbench.tables import drawn, figures
from graph_model import keys
from graph_model.i18n import text
from queries.names import Names
from queries.recall import containment, next_test
from queries.recall.overview import TIERS
from queries.recall.scope import Scope

TRIED = 3
STOPS = 5


def what_if(visit: Visit, question: Question, state: State) -> html.Section:
    """Switches of what could be shown; recorded figures stay, the changed ones beside them."""
    names = visit.names(state.whole("as_of"))
    tests = _tests(question)
    tried = [row for row in tests if row["key"] in question.clean]
    others = [row for row in tests if row["key"] not in question.clean][
        : max(0, TRIED - len(tried))
    ]
    known = {row["key"] for row in tests}
    rows = [_test_row(row, names, question, state) for row in [*tried, *others]]
    rows += [_free_row(key, names, state) for key in question.clean if key not in known]
    body: list[Any] = rows or [empty(text("screen.what_if.none"))]
    foot = html.Div(
        [html.Span(text("screen.what_if.nothing_changed"), className="meta"),
         html.A(text("screen.what_if.reset"), href=state.link(clean=None))
         if question.clean else None],
        className="what-if-foot",
    )  # fmt: skip
    head = html.Div(
        [html.H2(text("screen.what_if.title")), html.Div(_change(visit, question),
                                                         className="change")],
        className="panel-head",
    )  # fmt: skip
    named = attrs(aria_label=text("screen.what_if.title"), aria_live="polite")
    return html.Section([head, *body, foot], className="panel what-if", **named)


def _tests(question: Question) -> list[dict[str, Any]]:
    """The lots that can be examined, best first."""

    def predicted(scope: Scope) -> list[dict[str, Any]]:
        # Only an examination of the whole lot takes it out: these come first.
        rows = next_test.predict(scope).to_dicts()
        return sorted(rows, key=lambda row: row["covers"] != next_test.WHOLE)

    return question.recorded.once("tests", predicted)


def _change(visit: Visit, question: Question) -> Any:
    before = figures(question.recorded).total
    if question.what_if is None:
        return text("screen.what_if.lots", lots=words.number(before.lots, 0))
    found = figures(question.what_if)
    lots = f"{words.number(before.lots, 0)} → {words.number(found.total.lots, 0)}"
    shown = [html.B(lots), f" {text('screen.lots')}"]
    if visit.can("price.see"):
        costs = (
            words.money_headline(before.cost, found.currency),
            words.money_headline(found.total.cost, found.currency),
        )
        shown += [" · ", html.B(" → ".join(costs))]
    return shown


def _test_row(row: dict[str, Any], names: Names, question: Question, state: State) -> html.Div:
    on = row["key"] in question.clean
    _, item, number, sublot = keys.lot_parts(row["key"])
    label = text("screen.what_if.clean", lot=number + (f" #{sublot}" if sublot else ""))
    needs = text(f"screen.what_if.needs_{row['covers']}")
    return html.Div(
        [
            switch(on, state.toggle("clean", row["key"]), label),
            html.Div([html.Div(label), html.Div([names.item(None, item), " · ", needs],
                                                className="meta")], className="grow"),
            html.B(words.counted("screen.what_if.fewer", row["leaving"])),
        ],
        className="try",
    )  # fmt: skip


def _free_row(key: str, names: Names, state: State) -> html.Div:
    """A lot that is tried out although nothing of it can be examined."""
    _, item, number, _ = keys.lot_parts(key)
    label = text("screen.what_if.clean", lot=number)
    return html.Div(
        [switch(True, state.toggle("clean", key), label),
         html.Div([html.Div(label),
                   html.Div([names.item(None, item), " · ", text("screen.what_if.not_there")],
                            className="meta")], className="grow")],
        className="try",
    )  # fmt: skip


def next_best(visit: Visit, question: Question, state: State) -> html.Section:
    """The lot whose examination would take most out."""
    title = [icon("flask"), text("screen.test.title")]
    tests = _tests(question)
    if not tests:
        return panel(title, empty(text("screen.test.none")))
    best = tests[0]
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
        [act if best["key"] not in question.clean else None,
         html.Span(text("screen.test.of", count=words.number(len(tests), 0)), className="meta")],
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
