"""What waits for a named person, with the way to act on it; each role sees what it can decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.forms import dialog, form, reason
from dashboard.components.parts import empty, panel
from dashboard.url import State, link
from dashboard.visit import Visit
from graph_model import evidence, keys
from graph_model.i18n import text
from queries.incidents import figures

SHOWN = 8
NEEDS = {"root": "decision.make", "release": "hold.release", "source": "incident.write",
         "alert": "incident.write", "evidence": "decision.make"}  # fmt: skip
"""What a visitor has to be allowed for each kind to wait for them."""


def found(visit: Visit) -> list[dict[str, Any]]:
    """What waits for this visitor: of incidents, then evidence that nobody accepted yet."""
    everything = visit.desk.on(None, "waiting", lambda facts, _: figures.waiting(facts))
    return [one for one in (*everything, *_evidence(visit)) if visit.can(NEEDS[one["kind"]])]


def _evidence(visit: Visit) -> Iterator[dict[str, Any]]:
    for row in evidence.states(visit.facts()).iter_rows(named=True):
        if row["state"] == evidence.PROPOSED:
            yield {"kind": "evidence", "subject": row["key"], "about": row["subject"],
                   "what": row["kind"], "number": "", "at": row["proposed_at"]}  # fmt: skip


def listing(visit: Visit, state: State) -> html.Section:
    """The list, the oldest first."""
    title = text("screen.waiting.title")
    waits = found(visit)
    if not waits:
        return panel(title, empty(text("screen.waiting.none")))
    shown = waits if state.one("all_waiting") else waits[:SHOWN]
    lines = [
        html.Tr(
            [html.Td(html.A(text(f"screen.waiting.{one['kind']}"), href=_where(one))),
             html.Td(_about(visit, one)), html.Td(one["number"] or words.NONE, className="meta"),
             html.Td(words.ago(one["at"], words.now()) if one.get("at") else "",
                     className="end meta")]
        )
        for one in shown
    ]  # fmt: skip
    heads = [text("screen.waiting.what"), text("screen.waiting.about"),
             text("screen.kind.incident"), f">{text('screen.waiting.since')}"]  # fmt: skip
    more = html.A(text("screen.show_all"), href=state.link(all_waiting=1))
    aside = [parts.shown_of(len(shown), len(waits)), more if len(shown) < len(waits) else None]
    made = parts.table(heads, lines, label=title, kind="headless waits")
    return panel([title, html.Span(str(len(waits)), className="meta")], made, aside=aside)


def _about(visit: Visit, one: dict[str, Any]) -> Any:
    kind = one["kind"]
    if kind == "root":
        _, item, number, _ = keys.lot_parts(one["subject"])
        return text("screen.waiting.root_is", lot=number or words.unknown(),
                    item=visit.names().item(None, item))  # fmt: skip
    if kind == "release":
        number = keys.lot_parts(one["lot"])[2]
        return text("screen.waiting.release_is", lot=number, amount=words.number(one["quantity"]))
    if kind == "evidence":
        return text("screen.waiting.evidence_is", what=text(f"evidence.kind.{one['what']}"),
                    about=one["about"].rpartition("/")[2])  # fmt: skip
    return text(f"screen.waiting.{kind}_is")


def _where(one: dict[str, Any]) -> str:
    """Where it is decided."""
    kind = one["kind"]
    if kind == "root":
        return link("/data", ask="decide", kind="rule_out_root", subject=one["subject"])
    if kind == "release":
        return link("/hold", incident=one["number"])
    if kind == "evidence":
        return link("/", ask="accept", evidence=one["subject"])
    if kind == "alert":
        return link("/", ask="seen", alert=one["subject"])
    return link("/recall", incident=one["number"], compare=1)


def asked(visit: Visit, state: State) -> Any:
    """The dialog that marks an alert as seen."""
    alert = state.one("alert")
    if state.one("ask") != "seen" or not alert or not visit.can("incident.write"):
        return None
    close = state.link(ask=None, alert=None)
    made = form(f"/api/v1/alerts/{alert}/seen", [reason()], text("screen.waiting.seen"),
                close=close, then=close, done=text("screen.form.done"))  # fmt: skip
    return dialog(text("screen.waiting.alert"), html.P(text("screen.waiting.alert_is")), made,
                  close=close)  # fmt: skip
