"""Pack and letters: reports of the scope as files, made by the service when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dash import dcc, html

from dashboard.components.forms import choice, dialog
from dashboard.components.parts import attrs, icon
from dashboard.url import State, link
from dashboard.visit import Visit
from dashboard.workbench.question import Question, suspected
from graph_model.i18n import text

REPORTS = (
    ("recall", ("report.read", "price.see")),
    ("partners", ("contact.see",)),
    ("claim", ("supplier.claim", "price.see")),
    ("fsma204", ("report.read", "contact.see")),
    ("closing", ("report.read", "price.see")),
)
"""Reports of a scope with the permissions that each needs."""

OF_INCIDENTS = ("closing",)
"""Reports that there are of an incident only."""


def act(visit: Visit, state: State) -> Any:
    """The button that opens the list of files."""
    if not any(_may(visit, needed) for _, needed in REPORTS):
        return None
    return html.A([icon("document"), text("screen.pack.title")], href=state.link(ask="pack"),
                  className="button no-print")  # fmt: skip


def _may(visit: Visit, needed: tuple[str, ...]) -> bool:
    return all(visit.can(permission) for permission in needed)


def asked(visit: Visit, question: Question, state: State) -> Any:
    """The dialog with every file that the visitor may have."""
    if state.one("ask") != "pack":
        return None
    close = state.link(ask=None)
    return dialog(text("screen.pack.title"), html.P(text("screen.pack.how"), className="meta"),
                  *_files(visit, question, state), close=close)  # fmt: skip


def _files(visit: Visit, question: Question, state: State) -> Iterator[Any]:
    about = _about(question, state)
    for name, needed in REPORTS:
        if name in OF_INCIDENTS and question.incident is None:
            continue
        if _may(visit, needed):
            yield html.A(
                [icon("export"), html.Div([html.B(text(f"screen.pack.{name}")),
                                           html.Div(text(f"screen.pack.{name}_is"),
                                                    className="meta")])],
                href=link(f"/api/v1/reports/{name}", **about), className="file",
                **attrs(data_file="", data_making=text("screen.pack.making")),
            )  # fmt: skip
    customers = question.recorded.told["customers"]
    if visit.can("contact.see") and customers:
        names = visit.names()
        codes = [one["customer"].rpartition("/")[2] for one in customers]
        pairs = [(name, one) for name, value in about.items()
                 for one in (value if isinstance(value, list) else [value]) if one]  # fmt: skip
        hidden = [dcc.Input(type="hidden", name=name, value=str(one)) for name, one in pairs]
        yield html.Form(
            [*hidden,
             choice("to_customer", text("screen.pack.notice"),
                    [(code, names.company(code)) for code in codes]),
             html.Button(text("screen.pack.letter"), type="submit", className="button")],
            className="form inline",
            **attrs(data_file="/api/v1/reports/notice", aria_label=text("screen.pack.notice")),
        )  # fmt: skip


def _about(question: Question, state: State) -> dict[str, Any]:
    """What a report is of: the incident, or else what the address suspects."""
    about: dict[str, Any] = {"as_of": state.whole("as_of")}
    if question.incident is not None:
        return about | {"incident": question.incident["number"]}
    harm = question.recorded.scope.case.hazard
    return about | suspected(state) | {"hazard": str(harm)}
