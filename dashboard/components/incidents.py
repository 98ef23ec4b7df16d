"""Incidents with their clocks, as a table and in a line."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components.parts import chip, empty, largest, panel, table
from dashboard.url import link
from dashboard.visit import Visit
from graph_model.i18n import text
from queries.incidents import cases, scopes


def deadline(clock: dict[str, Any], visit: Visit) -> list[Any]:
    """A time limit: what it is, when it is due, and how long is left."""
    due = words.stamp(clock["due"])
    left = words.ago(due, words.now())
    told = text("screen.incident.overdue", left=left) if clock["state"] == "overdue" else left
    cited = f"{words.moment(due, visit.zone)} · {clock['citation'] or ''}"
    return [html.Span(clock["title"], title=cited, className="cut-text"), chip(told, "urgent")]


def listing(visit: Visit) -> html.Section:
    """Open incidents, the newest first."""
    home = cases.Home.of(visit.desk.live.settings)
    found = cases.listing(visit.facts(), home, closed=False)
    title = [text("screen.start.incidents"), html.Span(str(len(found)), className="meta")]
    if not found:
        return panel(title, empty(text("screen.start.no_incidents")))
    heads = ["incident", ">open_for", "deadline", ">scope", ">unaccounted"]
    labels = [
        (">" if one[0] == ">" else "") + text(f"screen.incident.{one.lstrip('>')}") for one in heads
    ]
    rows = [_row(one, visit) for one in found]
    return panel(title, table(labels, rows, label=text("screen.start.incidents")))


def _row(one: dict[str, Any], visit: Visit) -> list[Any]:
    opened = words.stamp(one["opened_at"]) if one["opened_at"] else None
    scope = one["scope"]
    lots = words.number(scope["certain"] + scope["possible"], 0) if scope else words.unknown()
    return [
        [html.A(html.B(one["title"] or one["number"]),
                href=link("/recall", incident=one["number"])),
         html.Div(one["number"], className="meta")],
        html.B(words.duration(words.now() - opened)) if opened else words.unknown(),
        html.Div(deadline(one["clock"], visit), className="row")
        if one["clock"] else text("screen.incident.no_deadline"),
        lots,
        _unaccounted(one["incident"], visit),
    ]  # fmt: skip


def _unaccounted(incident: str, visit: Visit) -> Any:
    """What of the incident's scope is unaccounted, the largest amount first."""
    found = visit.desk.on(
        None, ("lost", incident), lambda facts, lineage: scopes.lost(facts, lineage, incident)
    )
    amounts = {unit: one["total"] for unit, one in found.items() if one["total"]}
    figure, others = largest(amounts)
    return html.Span(figure, title=others, className="amount")
