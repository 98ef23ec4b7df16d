"""Batches of the ledger, the newest first; an import can be taken back as a whole."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.forms import dialog, form, reason
from dashboard.components.parts import button, empty, panel
from dashboard.url import State
from dashboard.visit import Visit
from graph_model.i18n import text
from graph_model.schema import SetAside

BATCHES = 12


def listing(visit: Visit, state: State) -> html.Section:
    """The newest batches; what was undone says so."""
    title = text("screen.data.batches")
    rows = visit.desk.batches()
    if not rows:
        return panel(title, empty(text("screen.data.no_batches")))
    voided = {row.voids for row in rows if row.voids is not None}
    shown = rows[::-1] if state.one("all_batches") else rows[::-1][:BATCHES]
    lines = [_line(visit, row, voided, state) for row in shown]
    heads = ["#", text("screen.data.when"), text("screen.data.from"), text("screen.data.note"),
             f">{text('screen.data.new')}", f">{text('screen.data.known')}",
             f">{text('screen.data.aside')}", text("screen.data.what"), ""]  # fmt: skip
    more = html.A(text("screen.show_all"), href=state.link(all_batches=1))
    aside = [parts.shown_of(len(shown), len(rows)), more if len(shown) < len(rows) else None]
    return panel(title, parts.table(heads, lines, label=title),
                 html.P(text("screen.data.undo_hint"), className="note panel-body"),
                 aside=aside)  # fmt: skip


def _line(visit: Visit, row: Any, voided: set[int], state: State) -> list[Any]:
    counts = dict(row.counts)
    aside = counts.pop(SetAside.__name__, 0)
    became = "undone" if row.number in voided else "undo" if row.voids else "kept"
    act = None
    if became == "kept" and not row.has_deeds and visit.can("import.undo"):
        act = button(text("screen.data.undo"), state.link(ask="undo", batch=row.number),
                     kind="small")  # fmt: skip
    return [
        f"#{row.number}", words.brief(words.stamp(row.at), visit.zone),
        words.labelled("screen.source", row.source),
        words.note(row.note),
        words.number(sum(counts.values()), 0), words.number(row.restated, 0),
        words.number(aside, 0), text(f"screen.data.state.{became}"), act,
    ]  # fmt: skip


def asked(visit: Visit, state: State) -> Any:
    """The dialog that says what an undo takes back."""
    number = state.whole("batch")
    if state.one("ask") != "undo" or number is None or not visit.can("import.undo"):
        return None
    row = next((one for one in visit.desk.batches() if one.number == number), None)
    if row is None:
        return None
    close = state.link(ask=None, batch=None)
    source, rows = words.labelled("screen.source", row.source), sum(row.counts.values())
    told = text("screen.data.undo_it", rows=words.number(rows, 0), source=source,
                note=words.note(row.note))  # fmt: skip
    made = form(f"/api/v1/batches/{number}/undo", [reason()], text("screen.data.undo"),
                close=close, then=close, done=text("screen.form.done"))  # fmt: skip
    title = text("screen.data.undo_title", batch=number)
    return dialog(title, html.P(told), html.P(text("screen.data.undo_hint"), className="meta"),
                  made, close=close)  # fmt: skip
