"""Data: files in with their findings, how complete the records are, what people enter."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.parts import attrs, empty, panel, table
from dashboard.entering import deciding, editing, likeness, mapping, undoing
from dashboard.pages import Page, View
from dashboard.url import State
from dashboard.visit import Visit
from graph_model.i18n import catalogue, language, text
from graph_model.schema import SetAside
from queries.floor import stages

page = Page("data", path="/data", permission="import.read", order=7, key="d")
ASIDE = 20
_TOLD = (
    "sending", "failed", "loaded", "known", "aside", "read", "sheet", "findings", "file", "row",
    "value", "reason", "repair", "no_findings", "done", "dry_done", "nothing_new",
)  # fmt: skip
"""Texts that the script shows."""


@page.view
def view(visit: Visit, state: State) -> View:
    """Import on top; below it what was imported and what could not be."""
    left: list[Any] = []
    if visit.can("import.run"):
        left.append(_upload())
    left += [undoing.listing(visit, state), mapping.listing(visit, state),
             _set_aside(visit, state)]  # fmt: skip
    right = [_coverage(visit), _floor(visit), editing.listing(visit, state),
             deciding.listing(visit, state), *likeness.listing(visit, state)]  # fmt: skip
    return View(
        [
            html.Div(html.H1(text("screen.data.title")), className="title-line"),
            html.Div(
                [html.Div(left, className="stack"),
                 html.Div(right, className="stack")],
                className="columns halves",
            ),
            html.Div(_asked(visit, state)),
        ]
    )  # fmt: skip


def _asked(visit: Visit, state: State) -> Any:
    """The dialog that the address asks for."""
    dialogs = (undoing.asked, deciding.asked, editing.asked, mapping.asked)
    return next((made for dialog in dialogs if (made := dialog(visit, state))), None)


def _upload() -> html.Section:
    """Any Excel or CSV goes to the service; `assets/data.js` shows its progress and findings."""
    told = {f"data_{name}": text(f"screen.data.{name}") for name in _TOLD}
    choose, dry = (
        html.Button(text(f"screen.data.{name}"), className=f"button {kind}", type="button",
                    **attrs(data_import=name))
        for name, kind in (("choose", "stop"), ("dry", ""))
    )  # fmt: skip
    return panel(
        text("screen.data.import"),
        html.Div(
            [
                html.P(text("screen.data.import_hint")),
                html.Div([choose, dry], className="chips"),
                html.Div(id="import-told", role="status", **attrs(aria_live="polite", **told)),
                html.Div(id="import-map", **attrs(data_choices=mapping.choices())),
            ],
            className="panel-body stack", id="import-drop",
        ),
    )  # fmt: skip


def _set_aside(visit: Visit, state: State) -> html.Section:
    """Rows that could not be read as facts, with what to do."""
    title = text("screen.data.set_aside")
    rows = visit.facts()[SetAside].sort("file", "sheet", "row")
    if rows.is_empty():
        return panel(title, empty(text("screen.data.none_aside")))
    shown = rows if state.one("all_aside") else rows[:ASIDE]
    more = html.A(text("screen.show_all"), href=state.link(all_aside=1))
    lines = [
        [row["file"], row["sheet"], row["row"], row["value"] or words.NONE,
         _rule(row["rule"], "text"), _rule(row["rule"], "repair")]
        for row in shown.iter_rows(named=True)
    ]  # fmt: skip
    heads = [text("screen.data.file"), text("screen.data.sheet"), f">{text('screen.data.row')}",
             text("screen.data.value"), text("screen.data.reason"),
             text("screen.data.repair")]  # fmt: skip
    aside = [parts.shown_of(len(lines), len(rows)), more if len(lines) < len(rows) else None]
    return panel(title, table(heads, lines, label=title), aside=aside)


def _rule(rule: str, what: str) -> str:
    """What a rule says, or what to do about it; its name where the catalogue has no plain text."""
    said = catalogue(language()).get(f"finding.{rule}.{what}", rule)
    return rule if "{" in said else said


def _coverage(visit: Visit) -> html.Section:
    """Each stage with what misses a wanted value."""
    found = visit.coverage()
    rows = [
        html.Div([
            html.Div([
                html.Span(text(f"screen.stage.{stage.name}")),
                html.Span(text("screen.data.missing", missing=words.number(stage.missing, 0),
                               total=words.number(stage.total, 0)), className="meta"),
                html.B(words.percent(stage.share)),
            ], className="against-line"),
            parts.meter(stage.share, text(f"screen.stage.{stage.name}")),
        ])
        for stage in found.stages
    ]  # fmt: skip
    title = text("screen.data.coverage")
    return panel(title, html.Div(rows, className="panel-body stack"))


def _floor(visit: Visit) -> html.Section:
    """How far recording on the floor is rolled out, stage by stage."""
    found = visit.desk.on(None, ("floor stages",), lambda facts, _: stages.stages(facts))
    rows = [
        html.Div([
            html.Div([
                html.Span(text(f"screen.floor.step.{stage.step}")),
                html.Span(text("screen.floor.stage", recorded=words.number(stage.recorded, 0),
                               total=words.number(stage.total, 0),
                               scanned=words.number(stage.scanned, 0)), className="meta"),
                html.B(words.percent(stage.share) if stage.total else words.NONE),
            ], className="against-line"),
            parts.meter(stage.share, text(f"screen.floor.step.{stage.step}")),
        ])
        for stage in found
    ]  # fmt: skip
    hint = html.P(text("screen.floor.stages_hint"), className="meta")
    return panel(text("screen.floor.stages"), html.Div([hint, *rows], className="panel-body stack"))
