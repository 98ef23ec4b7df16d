"""Beside the list: releases that wait for a second person, the block in the system, the file."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from dashboard import words
from dashboard.components import parts
from dashboard.components.forms import choice, field, form, reason
from dashboard.components.parts import attrs, empty, icon, panel
from dashboard.holding import spot
from dashboard.holding.listing import Listing
from dashboard.visit import Visit
from graph_model.i18n import text
from queries.incidents import cases, freeze_lists, holds


def acts(visit: Visit, found: Listing) -> list[Any]:
    """The panels."""
    if not found.lines:
        return []
    return [_releases(visit, found), _orders(visit, found), _sums(found), _block(visit, found),
            _file(found)]  # fmt: skip


def _orders(visit: Visit, found: Listing) -> Any:
    """Open orders that took goods of the scope, each with what stopped it."""
    title, number = text("screen.hold.orders"), found.number
    rows = visit.desk.on(
        None, ("orders", number),
        lambda facts, lineage: holds.orders(facts, lineage, cases.find(facts, number)["key"]),
    )  # fmt: skip
    if not rows:
        return panel(title, empty(text("screen.hold.no_orders")))
    lines = [
        [parts.glyph("certain" if row["tier"] == "certain" else "recorded"), row["document"],
         words.number(len(row["lots"]), 0), ", ".join(row["stopped"]) or words.NONE]
        for row in rows
    ]  # fmt: skip
    heads = ["", text("screen.hold.order"), f">{text('screen.head.lots')}",
             text("screen.hold.document")]  # fmt: skip
    stop = None
    if visit.can("hold.place"):
        stop = html.Div(form(
            f"/api/v1/incidents/{number}/stopped",
            [field("document", text("screen.hold.document"), required=True), reason()],
            text("screen.hold.state_stop"), button="accent small", done=text("screen.form.done"),
        ), className="panel-body")  # fmt: skip
    return panel(title, parts.table(heads, lines, label=title), stop, aside=str(len(rows)))


def _releases(visit: Visit, found: Listing) -> Any:
    """Each release with who asks; another person agrees or refuses."""
    title = text("screen.hold.releases")
    waiting = [(line, key, amount, person) for line in found.lines
               for key, (amount, person) in line.held.waiting.items()]  # fmt: skip
    if not waiting:
        return panel(title, empty(text("screen.hold.no_release")))
    judge = visit.can("hold.release")
    answers = [("true", text("screen.hold.approve")), ("false", text("screen.hold.refuse"))]
    shown = [
        html.Div(
            [
                html.Div([html.B(words.amounts({line.hold["uom"]: amount})), " ",
                          *spot.lot_line(found, line), " ",
                          html.Span(text("screen.hold.asked_by",
                                         who=spot.person(visit, person) or words.unknown()),
                                    className="meta")]),
                form(f"/api/v1/incidents/{found.number}/judge",
                     [choice("approve", text("screen.hold.answer"), answers), reason()],
                     text("screen.hold.sign"), button="accent small", fixed={"release": key},
                     done=text("screen.form.done"))
                if judge else None,
            ],
            className="stack release",
        )
        for line, key, amount, person in waiting
    ]  # fmt: skip
    return panel(title, html.Div(shown, className="panel-body"), aside=str(len(waiting)))


def _sums(found: Listing) -> html.Section:
    """Expected, found, missing and what was done, by unit."""
    shown = ("expected", "found", "missing", "surplus", "unsearched", "in_hand")
    sums = holds.sums(found.lines)
    heads = ["", *(f">{words.unit(unit) or words.NONE}" for unit in sums)]
    rows = [
        [text(f"screen.hold.amount_{name}"),
         *(words.number(one[name]) if one[name] else words.NONE for one in sums.values())]
        for name in shown
    ]  # fmt: skip
    title = text("screen.hold.sums")
    return panel(title, parts.table(heads, rows, label=title))


def _block(visit: Visit, found: Listing) -> Any:
    """The document by which the system blocked the stock."""
    title = text("screen.hold.blocked")
    done = sum(bool(line.held.blocked) for line in found.lines)
    told = html.P(text("screen.hold.blocked_of", count=done, total=len(found.lines)),
                  className="meta")  # fmt: skip
    if not visit.can("hold.place"):
        return panel(title, html.Div(told, className="panel-body"))
    made = form(
        f"/api/v1/incidents/{found.number}/blocked",
        [field("document", text("screen.hold.document"), required=True), reason()],
        text("screen.hold.state_block"), button="accent small", done=text("screen.form.done"),
    )  # fmt: skip
    return panel(title, html.Div([told, made], className="panel-body"))


def _file(found: Listing) -> html.Section:
    """The list as a file, in the form of the system that blocks."""
    title = text("screen.hold.file")
    names = sorted(freeze_lists.FORMS, key=lambda name: name != "generic")
    forms = [{"value": name, "label": text(f"screen.hold.form_{name}")} for name in names]
    return panel(
        title,
        html.Div(
            [dcc.RadioItems(forms, "generic", id="hold-form", className="radios"),
             html.Div([html.Button([icon("export"), text("screen.hold.save")], id="hold-export",
                                   className="button small", **attrs(data_act="e")),
                       html.Button([icon("print"), text("screen.print")], className="button small",
                                   **attrs(data_print="true"))], className="chips")],
            className="panel-body",
        ),
        aside=words.counted("screen.hold.lines", len(found.lines)),
    )  # fmt: skip
