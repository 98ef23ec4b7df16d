"""Evidence: what was put forward, how far it came, what it takes out; signed by two persons."""

from __future__ import annotations

from typing import Any

import polars as pl
from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.forms import choice, dialog, field, form, reason
from dashboard.components.parts import button, chip, empty, panel, segments
from dashboard.url import State
from dashboard.visit import Visit
from dashboard.workbench.question import Question
from graph_model import evidence, keys
from graph_model.i18n import text
from graph_model.schema import Lot

SHOWN = 8
ADDRESS = "/api/v1/evidence"
_RESULTS = ("conforming", "nonconforming")
_FIELDS: dict[str, tuple[str, ...]] = {
    "inspection": ("lot!", "result?", "full?", "hazard!", "sample_size#", "acceptance#", "method",
                   "laboratory", "at"),
    "count": ("site!", "empty?", "quantity#", "unit", "item", "lot", "at"),
    "cleaning": ("site!", "result?", "verified?", "clearance?", "method", "at"),
    "process_value": ("operation!", "step!", "param!", "measured!", "unit", "lot", "at"),
    "label": ("item!", "contains!", "market", "version", "start", "end"),
    "decision": ("lot!", "hazard", "operation", "not_before"),
    "invalidation": ("inspection!",),
    "record": ("record!",),
}  # fmt: skip
"""Fields of each kind as the service takes them; `!` needed, `#` a number, `?` a choice."""


def listing(visit: Visit, question: Question, state: State) -> html.Section | None:
    """All evidence, the newest first, with what each piece takes out of this scope."""
    if not visit.can("decision.read"):
        return None
    title = text("screen.evidence.title")
    rows = evidence.states(question.recorded.scope.facts).reverse()
    may = visit.can("decision.make") and state.whole("as_of") is None
    add = (
        button(text("screen.evidence.add"), state.link(ask="evidence"), kind="small")
        if may
        else None
    )
    if rows.is_empty():
        return panel(title, empty(text("screen.evidence.none")), aside=add)
    people = visit.desk.people(visit.facts()) if visit.can("person.see") else {}
    acts = {one["key"]: one for one in question.recorded.told["evidence"]}
    shown = rows if state.one("evidence_all") else rows[:SHOWN]
    lines = [
        [
            text(f"evidence.kind.{row['kind']}"),
            html.Span(_subject(row["subject"]), title=row["subject"], className="cut-text"),
            chip(text(f"evidence.state.{row['state']}")),
            _signed(row["person"], row["proposed_at"], people, visit),
            _signed(row["by"], row["at"], people, visit) if row["by"] else words.NONE,
            _effect(acts.get(row["key"])),
            _acts(row, state) if may else None,
        ]
        for row in shown.iter_rows(named=True)
    ]  # fmt: skip
    heads = [text(f"screen.evidence.{name}") for name in ("kind", "about", "state", "by",
                                                          "accepted", "effect")] + [""]  # fmt: skip
    more = html.A(text("screen.show_all"), href=state.link(evidence_all=1))
    aside = [parts.shown_of(len(shown), len(rows)), more if len(shown) < len(rows) else None, add]
    return panel(title, parts.table(heads, lines, label=title), aside=aside)


def _subject(key: str) -> str:
    try:
        return keys.lot_parts(key)[2] or key
    except (ValueError, IndexError):
        return key.rpartition("/")[2]


def _signed(person: str | None, at: int | None, people: dict[str, str], visit: Visit) -> str:
    when = words.brief(at, visit.zone) if at else ""
    return f"{people.get(person or '', '')} {when}".strip() or words.unknown()


def _effect(one: dict[str, Any] | None) -> Any:
    if one is None:
        return html.Span(text("screen.evidence.no_effect"), className="meta")
    if one["lots"] is None:
        return words.unknown()
    lots = one["lots"] if isinstance(one["lots"], int) else len(one["lots"])
    return words.counted("screen.evidence.takes_out", lots)


def _acts(row: dict[str, Any], state: State) -> html.Div:
    acts = {"accept": row["state"] == evidence.PROPOSED,
            "revoke": row["state"] != evidence.REVOKED}  # fmt: skip
    made = [
        button(text(f"screen.evidence.{act}"), state.link(ask=act, evidence=row["key"]),
               kind="small accent" if act == "accept" else "small")
        for act, open_ in acts.items() if open_
    ]  # fmt: skip
    return html.Div(made, className="chips")


# ---------------------------------------------------------------------------- what is asked


def asked(visit: Visit, question: Question, state: State) -> Any:
    """The dialog to put evidence forward, to accept or to revoke it."""
    if not visit.can("decision.make"):
        return None
    if state.one("ask") == "evidence":
        return _put_forward(visit, question, state)
    if state.one("ask") in ("accept", "revoke") and state.one("evidence"):
        return change(visit, state)
    return None


def _put_forward(visit: Visit, question: Question, state: State) -> html.Div:
    kind = state.one("kind")
    kind = kind if kind in _FIELDS else "inspection"
    close = state.link(ask=None, kind=None)
    choices = [(_kind(one), state.link(kind=one), one == kind) for one in _FIELDS]
    numbers = [name.rstrip("#") for name in _FIELDS[kind] if name.endswith("#")]
    known = _known(question, state)
    fields = [_field(kind, written, known) for written in _FIELDS[kind]]
    told = "judged" if kind in evidence.JUDGEMENT else "recorded"
    made = form(
        ADDRESS, [*fields, reason()], text("screen.evidence.put"), fixed={"kind": kind},
        numbers=numbers, close=close, then=close, done=text("screen.form.done"),
    )  # fmt: skip

    return dialog(
        text("screen.evidence.add"), segments(text("screen.evidence.kind"), choices, "small wrap"),
        html.P(text(f"screen.evidence.{told}"), className="meta"), made, close=close, wide=True,
    )  # fmt: skip


def _kind(kind: str) -> str:
    return words.labelled("evidence.kind", kind) if kind != "record" else text(
        "screen.evidence.a_record")  # fmt: skip


def _known(question: Question, state: State) -> dict[str, str]:
    """What the page knows already: the chosen lot, and the hazard of the scope."""
    key, harm = state.one("sel"), question.recorded.scope.case.hazard
    written = ""
    if key:
        row = question.recorded.scope.facts[Lot].filter(pl.col("key") == key)
        written = key if row.is_empty() else "/".join(row.select("owner", "item_code",
                                                                  "lot_no").row(0))  # fmt: skip
    return {"lot": written, "hazard": str(harm) if harm.known else ""}


def _field(kind: str, written: str, known: dict[str, str]) -> Any:
    name = written.rstrip("!#?")
    label = text(f"screen.evidence.field.{name}")
    if written.endswith("?"):
        if name == "result":
            return choice(name, label, [(one, text(f"screen.evidence.{one}")) for one in _RESULTS])
        return choice(name, label, [("false", text("screen.form.no")),
                                    ("true", text("screen.form.yes"))])  # fmt: skip
    needed = written.endswith("!")
    value = known.get(name, "") if needed or kind == "decision" else ""
    value = "unknown" if kind == "inspection" and name == "hazard" and not value else value
    hint = "2026-10-20T14:00" if name in ("at", "start", "end", "not_before") else ""
    return field(name, label, value=value, required=needed, hint=hint,
                 decimal=written.endswith("#"))  # fmt: skip


def change(visit: Visit, state: State) -> html.Div | None:
    """The dialog in which the evidence of the address is accepted or revoked."""
    key, act = state.one("evidence"), state.one("ask")
    if act not in ("accept", "revoke") or not key or not visit.can("decision.make"):
        return None
    rows = evidence.states(visit.facts()).filter(pl.col("key") == key)
    if rows.is_empty():
        return None
    row, close = rows.row(0, named=True), state.link(ask=None, evidence=None)
    people = visit.desk.people(visit.facts()) if visit.can("person.see") else {}
    told = [
        html.P([html.B(_kind(row["kind"])), " · ", _subject(row["subject"])]),
        html.P([row["reason"], " — ", _signed(row["person"], row["proposed_at"], people, visit)],
               className="meta"),
    ]  # fmt: skip
    if act == "accept" and row["kind"] in evidence.JUDGEMENT:
        told.append(html.P(text("screen.evidence.second")))
    made = form(
        f"{ADDRESS}/{key}/{act}", [reason()], text(f"screen.evidence.{act}"), close=close,
        then=close, done=text("screen.form.done"),
    )  # fmt: skip
    return dialog(text(f"screen.evidence.{act}_it"), *told, made, close=close)
