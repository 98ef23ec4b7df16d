"""Audit and drills: who did what, the drills by month with their gaps, accounts for admins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.forms import field, form
from dashboard.components.parts import attrs, empty, panel, table
from dashboard.entering import people
from dashboard.pages import Page, View
from dashboard.url import State
from dashboard.visit import Visit
from graph_model.i18n import text
from queries import drill

page = Page("audit", path="/audit", permission="drill.read", order=8, key="a")
BATCHES = 20
DRILLS = 12
HOURS = 24
ENTRIES = 60


@page.view
def view(visit: Visit, state: State) -> View:
    """Drills, the ledger's own record, and for who may see them the trail and the accounts."""
    left = [_drills(visit), _ledger(visit)]
    right: list[Any] = [_pack()] if visit.can("report.read") else []
    if visit.can("audit.read"):
        since = datetime.now(UTC) - timedelta(hours=HOURS)
        address = f"/api/v1/audit?since={since:%Y-%m-%dT%H:%M:%SZ}"
        columns = ("at", "account", "event", "status", "size", "origin")
        right.append(_listed(visit, "trail", address, columns, hours=HOURS, last=ENTRIES))
    if visit.can("account.manage"):
        right.append(people.listing(visit, state))
    if not visit.can("audit.read"):
        trail = text("screen.audit.trail", hours=HOURS, last=ENTRIES)
        right.append(panel(trail, empty(text("screen.audit.hidden"))))
    body = html.Div(
        [html.Div(left, className="stack"), html.Div(right, className="stack")],
        className="columns halves",
    )
    title = html.Div(html.H1(text("screen.audit.title")), className="title-line")
    return View([title, body, html.Div(people.asked(visit, state))])


def _listed(
    visit: Visit, name: str, address: str, columns: tuple[str, ...], **params: Any
) -> html.Section:
    """A list of the service, fetched by the reader's own session."""
    shown = people.fetched(visit, address, columns, last=params.get("last"))
    return panel(text(f"screen.audit.{name}", **params), shown)


def _pack() -> html.Section:
    """The whole record of any lot, made when it is asked for."""
    making = text("screen.pack.making")
    forms = [
        html.Form(
            [field("lot", text("screen.audit.lot"), required=True, hint=text("screen.start.field")),
             html.Button(label, type="submit", className="button")],
            className="form inline",
            **attrs(data_file=f"/api/v1/reports/{name}", data_making=making),
        )
        for name, label in (("audit", "PDF"), ("food-law", text("screen.audit.food_law")))
    ]  # fmt: skip
    told = html.P(text("screen.audit.pack_is"), className="meta")
    return panel(text("screen.audit.pack"), html.Div([told, *forms], className="panel-body"))


def _acts(visit: Visit) -> list[Any]:
    """Run a drill now, or print the last one."""
    made: list[Any] = []
    if visit.can("drill.run"):
        made.append(form(
            "/api/v1/drills", [field("lots", text("screen.audit.count"), value="5", decimal=True)],
            text("screen.audit.run"), button="small", kind="inline", numbers=("lots",),
            done=text("screen.audit.done"),
        ))  # fmt: skip
    made.append(html.A(text("screen.audit.drill_pdf"), href="/api/v1/reports/drill",
                       className="button small",
                       **attrs(data_file="", data_making=text("screen.pack.making"))))  # fmt: skip
    return [html.Div([html.P(text("screen.audit.run_is"), className="meta"), *made],
                     className="panel-body")]  # fmt: skip


def _drills(visit: Visit) -> html.Section:
    """Drills by month, the newest first."""
    title = text("screen.audit.drills")
    found = drill.history(visit.facts(), visit.zone)[::-1]
    if not found:
        return panel(title, empty(text("screen.management.no_drill")), *_acts(visit))
    lines = [
        [one["month"], words.number(one["lots"], 0), words.percent(one["share"]),
         words.number(one["seconds"], 2), *(words.number(one[gap], 0) for gap in _GAPS),
         text("screen.management.passed" if one["passed"] else "screen.management.gaps")]
        for one in found[:DRILLS]
    ]  # fmt: skip
    heads = [text("screen.management.month"), f">{text('screen.head.lots')}",
             f">{text('screen.management.passed')}", f">{text('screen.audit.seconds')}",
             *(f">{text(f'screen.audit.gap.{gap}')}" for gap in _GAPS),
             text("screen.management.result")]  # fmt: skip
    return panel(title, table(heads, lines, label=title), *_acts(visit),
                 aside=parts.shown_of(len(lines), len(found)))  # fmt: skip


_GAPS = (drill.PERSON, drill.CHAIN, drill.BALANCE)


def _ledger(visit: Visit) -> html.Section:
    """Every batch with who stated it and its hash: what was written cannot be changed unseen."""
    title = text("screen.audit.ledger")
    rows = visit.desk.batches()
    if not rows:
        return panel(title, empty(text("screen.data.no_batches")))
    newest = rows[::-1][:BATCHES]
    seen = visit.can("person.see")
    people = visit.desk.ledger.records.names(row.who for row in newest) if seen else {}
    lines = [
        [f"#{row.number}", words.moment(words.stamp(row.at), visit.zone),
         people.get(row.who, row.who) if seen else words.NONE,
         words.labelled("screen.source", row.source), words.note(row.note),
         html.Span(row.hash[:12], className="lot-no", title=row.hash)]
        for row in newest
    ]  # fmt: skip
    heads = ["#", text("screen.data.when"), text("screen.audit.who"), text("screen.data.from"),
             text("screen.data.note"), text("screen.audit.hash")]  # fmt: skip
    return panel(title, table(heads, lines, label=title),
                 html.P(text("screen.audit.verify"), className="note panel-body"),
                 aside=parts.shown_of(len(lines), len(rows)))  # fmt: skip
