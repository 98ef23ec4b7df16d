"""What if: what could be shown, each a switch that is an address; nothing is changed by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dash import html

from dashboard import words
from dashboard.components.forms import choice, dialog, field
from dashboard.components.parts import attrs, button, empty, switch
from dashboard.url import State
from dashboard.visit import Visit
from dashboard.workbench.question import Question
from dashboard.workbench.side import tests
from dashboard.workbench.tables import figures
from graph_model import keys
from graph_model.i18n import text
from queries.names import Names
from queries.recall import trials

TRIED = 3
PARAMS = ("clean", "delay", "empty", "kill", "window_from", "window_to")


def panel(visit: Visit, question: Question, state: State) -> html.Section:
    """Switches of what could be shown; recorded figures stay, the changed ones beside them."""
    rows = [*_chosen(visit, question, state), *_proposed(visit, question, state)]
    body: list[Any] = rows or [empty(text("screen.what_if.none"))]
    reset = state.link(**dict.fromkeys(PARAMS))
    foot = html.Div(
        [
            html.Span(text("screen.what_if.nothing_changed"), className="meta"),
            html.Div(
                [html.A(text("screen.what_if.reset"), href=reset)
                 if question.trial.given() else None,
                 button(text("screen.what_if.more"), state.link(ask="try"), kind="small"),
                 button(text("screen.evidence.add"), state.link(ask="evidence"),
                        kind="small accent") if visit.can("decision.make") else None],
                className="chips",
            ),
        ],
        className="what-if-foot",
    )  # fmt: skip
    head = html.Div(
        [html.H2(text("screen.what_if.title")),
         html.Div(_change(visit, question), className="change")],
        className="panel-head",
    )  # fmt: skip
    named = attrs(aria_label=text("screen.what_if.title"), aria_live="polite")
    return html.Section([head, *body, foot], className="panel what-if", **named)


def _chosen(visit: Visit, question: Question, state: State) -> Iterator[html.Div]:
    """What is tried out now."""
    names = visit.names(state.whole("as_of"))
    leaving = {row["key"]: row for row in tests(question)}
    for key in question.trial.clean:
        yield _test(key, leaving.get(key), names, state, on=True)
    for value in sorted(set(state.all("delay"))):
        source, _, late = value.rpartition("@")
        label = text("screen.what_if.delay", late=late,
                     source=words.labelled("screen.source", source))  # fmt: skip
        yield _row(
            label, text("screen.what_if.needs_person"), state.toggle("delay", value), on=True
        )
    for value in sorted(set(state.all("empty"))):
        site, _, at = value.rpartition("@")
        label = text("screen.what_if.empty", place=names.site(site), when=at)
        yield _row(label, text("screen.what_if.needs_mark"), state.toggle("empty", value), on=True)
    for value in sorted(set(state.all("kill"))):
        step, _, limits = value.rpartition("@")
        label = text("screen.what_if.kill", step=step, limits=limits)
        yield _row(label, text("screen.what_if.needs_rule"), state.toggle("kill", value), on=True)
    start, end = state.one("window_from"), state.one("window_to")
    if start or end:
        label = text("screen.what_if.window", start=start or "…", end=end or "…")
        yield _row(label, text("screen.what_if.needs_window"),
                   state.link(window_from=None, window_to=None), on=True)  # fmt: skip


def _proposed(visit: Visit, question: Question, state: State) -> Iterator[html.Div]:
    """What the records themselves suggest: delays that nobody confirmed, the best tests."""
    names = visit.names(state.whole("as_of"))
    tried = {source for source, _ in question.trial.delays}
    for source, late in question.recorded.once("delays", trials.delays):
        if source not in tried:
            hours = f"{late // trials.HOUR}h"
            label = text("screen.what_if.delay", late=hours,
                         source=words.labelled("screen.source", source))  # fmt: skip
            yield _row(label, text("screen.what_if.needs_person"),
                       state.toggle("delay", f"{source}@{hours}"), on=False)  # fmt: skip
    left = max(0, TRIED - len(question.trial.clean))
    others = [row for row in tests(question) if row["key"] not in question.trial.clean]
    for row in others[:left]:
        yield _test(row["key"], row, names, state, on=False)


def _test(
    key: str, row: dict[str, Any] | None, names: Names, state: State, *, on: bool
) -> html.Div:
    """A lot that is taken as examined in every unit; without a row nothing of it is left."""
    _, item, number, sublot = keys.lot_parts(key)
    label = text("screen.what_if.clean", lot=number + (f" #{sublot}" if sublot else ""))
    needs = "not_there" if row is None else f"needs_{row['covers']}"
    told = [names.item(None, item), " · ", text(f"screen.what_if.{needs}")]
    fewer = words.counted("screen.what_if.fewer", row["leaving"]) if row else ""
    return _row(label, told, state.toggle("clean", key), on=on, fewer=fewer)


def _row(label: str, needs: Any, href: str, *, on: bool, fewer: str = "") -> html.Div:
    return html.Div(
        [switch(on, href, label),
         html.Div([html.Div(label), html.Div(needs, className="meta")], className="grow"),
         html.B(fewer)],
        className="try",
    )  # fmt: skip


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


# ---------------------------------------------------------------------------- something else


def asked(question: Question, state: State) -> Any:
    """The dialog in which something else is chosen to be tried out."""
    if state.one("ask") != "try":
        return None
    recorded = question.recorded
    sources = [(source, words.labelled("screen.source", source)) for source in _sources(question)]
    sites = recorded.once("places", trials.places)
    steps = recorded.once("steps", trials.steps)
    harm = recorded.scope.case.hazard
    parts = [
        _try("delay", "{source}@{late}", state,
             choice("source", text("screen.what_if.source"), sources),
             field("late", text("screen.what_if.late"), value="24h", required=True)),
        _try("empty", "{site}@{at}", state,
             choice("site", text("screen.what_if.place"), sites),
             field("at", text("screen.what_if.at"), hint="2026-10-20T14:00", required=True))
        if sites else None,
        _try("kill", "{step}@{limits}", state,
             choice("step", text("screen.what_if.step"), [(one, one) for one in steps]),
             field("limits", text("screen.what_if.limits"), required=True,
                   hint="min_temp_c=72, min_seconds=15"))
        if steps and harm.kind == "microbial" and harm.agent
        else html.Section([html.H3(text("screen.what_if.try_kill")),
                           html.P(text("screen.what_if.no_kill"), className="meta")]),
        _try("window", "", state,
             field("window_from", text("screen.what_if.from"), hint="2026-10-20T06:00"),
             field("window_to", text("screen.what_if.to"), hint="2026-10-20T14:00")),
    ]  # fmt: skip
    return dialog(text("screen.what_if.more"), html.P(text("screen.what_if.how"), className="meta"),
                  *parts, close=state.link(ask=None))  # fmt: skip


def _sources(question: Question) -> list[str]:
    """Sources that told of movements in the scope, those without a confirmed delay first."""
    doubtful = [source for source, _ in question.recorded.once("delays", trials.delays)]
    lineage = question.recorded.scope.lineage
    told = {*lineage.consumed["source"].drop_nulls(), *lineage.produced["source"].drop_nulls()}
    return [*doubtful, *sorted(told - set(doubtful))]


def _try(kind: str, pattern: str, state: State, *fields: Any) -> html.Section:
    """One thing to try; it goes into the address as it is written."""
    data = attrs(data_address=state.link(ask=None), data_param=kind if pattern else None,
                 data_pattern=pattern or None)  # fmt: skip
    made = html.Form(
        [html.Div(list(fields), className="fields"),
         html.Div(html.Button(text("screen.test.try"), type="submit",
                              className="button accent small"), className="acts")],
        className="form", **data,
    )  # fmt: skip
    return html.Section([html.H3(text(f"screen.what_if.try_{kind}")), made])
