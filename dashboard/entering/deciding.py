"""Decisions of named persons: made, listed, taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.forms import choice, dialog, field, form, reason
from dashboard.components.parts import button, empty, panel, segments
from dashboard.url import State
from dashboard.visit import Visit
from graph_model.i18n import text
from graph_model.interval import in_force
from graph_model.schema import MOVEMENTS, Decision
from queries.recall import tables

SHOWN = 10
ADDRESS = "/api/v1/decisions"
FIELDS: dict[str, tuple[str, ...]] = {
    "delay": ("source", "late", "early"),
    "trust_source": ("source",),
    "rule_out_root": ("lot",),
    "same_lot": ("lot", "other_lot"),
    "alias_item": ("item", "other_item"),
    "alias_company": ("company", "other_company"),
    "tolerance": ("item", "share"),
}
"""What each kind of decision is about: first its subject; `other_…` and `share` are its target."""


def listing(visit: Visit, state: State) -> html.Section:
    """What was decided and is in force, the newest first."""
    title = text("screen.data.decisions")
    if not visit.can("decision.read"):
        return panel(title, empty(text("screen.data.hidden")))
    may = visit.can("decision.make")
    add = (
        button(text("screen.data.decide"), state.link(ask="decide"), kind="small") if may else None
    )
    rows = in_force(visit.facts()[Decision]).filter(~pl.col("kind").is_in(tables.NAMES))
    rows = rows.sort("decided_at", "key", descending=[True, False])
    if rows.is_empty():
        return panel(title, empty(text("screen.data.no_decisions")), aside=add)
    shown = rows if state.one("all_decisions") else rows[:SHOWN]
    people = visit.desk.people(visit.facts()) if visit.can("person.see") else {}
    lines = [
        [words.labelled("screen.data.decision", row["kind"]), _about(row),
         row["reason"] or words.NONE, people.get(row["person"] or "", words.NONE),
         words.day(row["decided_at"], visit.zone),
         button(text("screen.evidence.revoke"), state.link(ask="unsay", decision=row["key"]),
                kind="small") if may else None]
        for row in shown.iter_rows(named=True)
    ]  # fmt: skip
    heads = [text("screen.management.what"), text("screen.management.about"),
             text("screen.data.reason"), text("screen.audit.who"),
             text("screen.data.when"), ""]  # fmt: skip
    more = html.A(text("screen.show_all"), href=state.link(all_decisions=1))
    aside = [parts.shown_of(len(shown), len(rows)), more if len(shown) < len(rows) else None, add]
    return panel(title, parts.table(heads, lines, label=title, kind="waiting"), aside=aside)


def _about(row: dict[str, Any]) -> str:
    told = row["subject"].rpartition("/")[2] or row["subject"]
    if row["kind"] == "delay":
        told = words.labelled("screen.source", row["subject"])
        late = words.duration(row["late"] or 0)
        return text("screen.data.within", source=told, late=late)
    if row["kind"] == "tolerance":
        return f"{told}: {float(row['target']):.2%}"
    return f"{told} → {row['target']}" if row["target"] else told


def asked(visit: Visit, state: State) -> Any:
    """The dialog of a decision, or of taking one back."""
    if not visit.can("decision.make"):
        return None
    if state.one("ask") == "decide":
        return _decide(visit, state)
    if state.one("ask") == "unsay" and state.one("decision"):
        close = state.link(ask=None, decision=None)
        made = form(ADDRESS, [reason()], text("screen.evidence.revoke"), close=close, then=close,
                    fixed={"kind": "revoke", "subject": state.one("decision")},
                    done=text("screen.form.done"))  # fmt: skip
        return dialog(text("screen.data.unsay"), html.P(text("screen.data.unsay_does")), made,
                      close=close)  # fmt: skip
    return None


def _decide(visit: Visit, state: State) -> html.Div:
    kind = state.one("kind")
    kind = kind if kind in FIELDS else "delay"
    close = state.link(ask=None, kind=None, subject=None, target=None)
    choices = [(text(f"screen.data.decision.{one}"), state.link(kind=one, subject=None),
                one == kind) for one in FIELDS]  # fmt: skip
    fields = [_field(visit, name, state) for name in FIELDS[kind]]
    made = form(ADDRESS, [*fields, reason()], text("screen.evidence.sign"), fixed={"kind": kind},
                close=close, then=close, done=text("screen.form.done"))  # fmt: skip
    return dialog(text("screen.data.decide"),
                  segments(text("screen.data.decide"), choices, "small wrap"),
                  html.P(text(f"screen.data.decides.{kind}"), className="meta"), made,
                  close=close, wide=True)  # fmt: skip


def _field(visit: Visit, name: str, state: State) -> Any:
    label = text(f"screen.data.field.{name}")
    if name == "source":
        known = [(one, words.labelled("screen.source", one)) for one in _sources(visit)]
        return choice("subject", label, known, state.one("subject"))
    if name in ("late", "early"):
        return field(name, label, value="24h" if name == "late" else "0", required=True)
    param = "target" if name.startswith("other_") or name == "share" else "subject"
    return field(param, label, value=state.one(param), required=True)


def _sources(visit: Visit) -> Sequence[str]:
    """Every source that told of a movement."""
    facts = visit.facts()
    return sorted(
        {name for kind in MOVEMENTS for name in facts[kind]["source"].drop_nulls().unique()}
    )
