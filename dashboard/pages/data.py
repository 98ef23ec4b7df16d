"""Data: files in with their findings, how complete the records are, and what was set aside."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.parts import attrs, empty, panel, table
from dashboard.pages import Page, View
from dashboard.url import State
from dashboard.visit import Visit
from graph_model.i18n import catalogue, language, text
from graph_model.schema import Alias, Decision, SetAside

page = Page("data", path="/data", permission="import.read", order=7, key="d")
BATCHES = 12
ASIDE = 20
DECISIONS = 10
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
    left += [_batches(visit), _set_aside(visit)]
    return View(
        [
            html.Div(html.H1(text("screen.data.title")), className="title-line"),
            html.Div(
                [html.Div(left, className="stack"),
                 html.Div([_coverage(visit), _decisions(visit), _aliases(visit)],
                          className="stack")],
                className="columns recall",
            ),
        ]
    )  # fmt: skip


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
            ],
            className="panel-body stack", id="import-drop",
        ),
    )  # fmt: skip


def _batches(visit: Visit) -> html.Section:
    """The newest batches of the ledger; what was undone says so."""
    title = text("screen.data.batches")
    rows = visit.desk.batches()
    if not rows:
        return panel(title, empty(text("screen.data.no_batches")))
    voided = {row.voids for row in rows if row.voids is not None}
    lines = []
    for row in rows[::-1][:BATCHES]:
        counts = row.counts
        aside = counts.pop(SetAside.__name__, 0)
        state = "undone" if row.number in voided else "undo" if row.voids else "kept"
        lines.append([
            f"#{row.number}", words.moment(words.stamp(row.at), visit.zone),
            words.labelled("screen.source", row.source), row.note or words.NONE,
            words.number(sum(counts.values()), 0), words.number(row.restated, 0),
            words.number(aside, 0), text(f"screen.data.state.{state}"),
        ])  # fmt: skip
    heads = ["#", text("screen.data.when"), text("screen.data.from"), text("screen.data.note"),
             f">{text('screen.data.new')}", f">{text('screen.data.known')}",
             f">{text('screen.data.aside')}", text("screen.data.what")]  # fmt: skip
    return panel(title, table(heads, lines, label=title),
                 html.P(text("screen.data.undo_hint"), className="note panel-body"),
                 aside=parts.shown_of(len(lines), len(rows)))  # fmt: skip


def _set_aside(visit: Visit) -> html.Section:
    """Rows that could not be read as facts, with what to do."""
    title = text("screen.data.set_aside")
    rows = visit.facts()[SetAside].sort("file", "sheet", "row")
    if rows.is_empty():
        return panel(title, empty(text("screen.data.none_aside")))
    lines = [
        [row["file"], row["sheet"], row["row"], row["value"] or words.NONE,
         _rule(row["rule"], "text"), _rule(row["rule"], "repair")]
        for row in rows[:ASIDE].iter_rows(named=True)
    ]  # fmt: skip
    heads = [text("screen.data.file"), text("screen.data.sheet"), f">{text('screen.data.row')}",
             text("screen.data.value"), text("screen.data.reason"),
             text("screen.data.repair")]  # fmt: skip
    return panel(title, table(heads, lines, label=title),
                 aside=parts.shown_of(len(lines), len(rows)))  # fmt: skip


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


def _decisions(visit: Visit) -> html.Section:
    """What named persons decided, the newest first."""
    title = text("screen.data.decisions")
    if not visit.can("decision.read"):
        return panel(title, empty(text("screen.data.hidden")))
    rows = visit.facts()[Decision].sort("decided_at", "key", descending=[True, False])
    if rows.is_empty():
        return panel(title, empty(text("screen.data.no_decisions")))
    lines = [
        [words.labelled("screen.data.decision", row["kind"]), row["subject"],
         row["reason"] or words.NONE, words.day(row["decided_at"], visit.zone)]
        for row in rows[:DECISIONS].iter_rows(named=True)
    ]  # fmt: skip
    heads = [text("screen.management.what"), text("screen.management.about"),
             text("screen.data.reason"),
             text("screen.data.when")]  # fmt: skip
    return panel(title, table(heads, lines, label=title, kind="waiting"),
                 aside=parts.shown_of(len(lines), len(rows)))  # fmt: skip


def _aliases(visit: Visit) -> html.Section:
    """Numbers that stand for one thing."""
    title = text("screen.data.aliases")
    rows = visit.facts()[Alias].sort("kind", "alias")
    if rows.is_empty():
        return panel(title, empty(text("screen.data.no_aliases")))
    lines = [list(row) for row in rows.select("kind", "alias", "target")[:DECISIONS].iter_rows()]
    heads = [text("screen.data.kind"), text("screen.data.alias"), text("screen.data.stands_for")]
    return panel(title, table(heads, lines, label=title),
                 aside=parts.shown_of(len(lines), len(rows)))  # fmt: skip
