"""Holding the whole scope from the workbench: the black button, and what it asks before it acts."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components.forms import choice, dialog, field, form, reason
from dashboard.components.parts import attrs, cell, chip, icon
from dashboard.holding import listing
from dashboard.holding.listing import FOUND, MISSING, SCAN, Listing
from dashboard.url import State, link
from dashboard.visit import Visit
from dashboard.workbench.question import Question, suspected
from graph_model import cases
from graph_model.i18n import text
from queries.incidents import holds
from queries.recall.scope import Scope


def list_of(visit: Visit, question: Question) -> Listing | None:
    """The hold list of the incident that asks; None where nothing is held yet."""
    if question.incident is None:
        return None
    found = listing.of(visit, question.incident["number"])
    return found if found.lines else None


def open_lots(question: Question) -> int:
    """Lots of the scope that can be stopped somewhere and are not held yet."""
    incident = question.incident["incident"] if question.incident else ""

    def count(scope: Scope) -> int:
        return int(holds.wanted(scope, incident)["lot"].n_unique())

    return question.recorded.once(("to_hold", incident), count)


def buttons(visit: Visit, question: Question, state: State) -> list[Any]:
    """The act that stops goods, and beside it the list of what is held."""
    found, left = list_of(visit, question), open_lots(question)
    made: list[Any] = []
    if found is not None:
        address = link("/hold", incident=found.number)
        black = "stop" if not left else ""
        made.append(html.A([icon("scan"), words.counted("screen.hold.open", len(found.lines))],
                           href=address, className=f"button {black}"))  # fmt: skip
    may = visit.can("hold.place") and state.whole("as_of") is None and not _over(question)
    if left and may:
        ask = "hold" if question.incident else "incident"
        key = "screen.hold.more" if found else "screen.hold.all"
        made.append(html.A([icon("lock"), words.counted(key, left)], href=state.link(ask=ask),
                           className="button stop", id="recall-hold",
                           **attrs(data_act="h")))  # fmt: skip
    return made


def _over(question: Question) -> bool:
    """Whether the incident is closed or only an exercise: neither holds anything."""
    case = question.incident
    return case is not None and (case["status"] != "open" or case["kind"] == cases.MOCK)


def asked(visit: Visit, question: Question, state: State) -> Any:
    """The dialog that the address asks for; nothing is done before it is signed."""
    close = state.link(ask=None)
    if not visit.can("hold.place"):
        return None
    if state.one("ask") == "hold" and question.incident is not None:
        return _hold(question, close)
    if state.one("ask") == "incident" and question.incident is None:
        return _incident(question, state, close)
    return None


def _hold(question: Question, close: str) -> html.Div:
    case = question.incident
    assert case is not None
    left = open_lots(question)
    told = words.counted("screen.hold.ask", left, total=len(question.recorded.scope.held))
    made = form(
        f"/api/v1/incidents/{case['number']}/holds", [reason(text("screen.hold.reason"))],
        [icon("lock"), words.counted("screen.hold.all", left)], close=close,
        done=text("screen.hold.done"), then=link("/hold", incident=case["number"]),
    )  # fmt: skip
    notes = html.Ul([html.Li(text(f"screen.hold.note_{name}")) for name in ("all", "frozen",
                                                                          "release")])  # fmt: skip
    return dialog(text("screen.hold.title"), html.P(html.B(told)), notes, made, close=close)


def _incident(question: Question, state: State, close: str) -> html.Div:
    """An incident has to be open: its number stands on every hold, and its clock runs."""
    scope = question.recorded.scope
    kinds = [(kind, text(f"screen.incident.kind_{kind}"))
             for kind in ("complaint", "supplier_notice", "test", "mock_recall")]  # fmt: skip
    products = [("", words.unknown()), *((kind, text(f"screen.incident.product_{kind}"))
                                         for kind in ("food", "drug", "device", "vehicle",
                                                      "consumer"))]  # fmt: skip
    made = form(
        "/api/v1/incidents",
        [field("title", text("screen.incident.title"), required=True, focus=True),
         choice("kind", text("screen.incident.kind"), kinds),
         choice("product_kind", text("screen.incident.product"), products), reason()],
        text("screen.incident.open_it"), close=close,
        fixed={"suspected": suspected(state), "hazard": str(scope.case.hazard)},
        done=text("screen.incident.opened"),
        then=link("/recall", incident="INCIDENT", ask="hold").replace(
            "INCIDENT", "{result.number}"),
    )  # fmt: skip
    return dialog(text("screen.incident.new"), html.P(text("screen.incident.why")), made,
                  close=close)  # fmt: skip


def figures(visit: Visit, question: Question) -> html.Div | None:
    """How far the search is; None where nothing is held yet."""
    found = list_of(visit, question)
    if found is None:
        return None
    count, whole = listing.tally(found.lines), len(found.lines)
    bar = html.Div(
        [html.Span(className=f"done-bar {name}", style={"width": f"{count[name] / whole:.2%}"})
         for name in (FOUND, MISSING)],
        className="done-line",
    )  # fmt: skip
    rest = text("screen.hold.rest", missing=count[MISSING], scan=count[SCAN])
    left = open_lots(question)
    return cell(
        text("screen.hold.title"), words.number(count[FOUND], 0),
        text("screen.hold.of_lines", total=whole), bar, rest,
        chip(words.counted("screen.hold.not_held", left), "urgent") if left else None,
    )  # fmt: skip
