"""Hypotheses: what each would hold, side by side, and which one the incident follows."""

from __future__ import annotations

import json
from typing import Any

from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.forms import choice, dialog, field, form, reason
from dashboard.components.parts import button, chip, empty, panel
from dashboard.url import State
from dashboard.visit import Visit
from dashboard.workbench.question import Question
from graph_model.i18n import text
from graph_model.lineage import Lineage
from graph_model.network import Facts
from queries.incidents import cases
from queries.recall import compare
from queries.recall.roots import Suspects
from queries.recall.scope import Premises

_FIELDS = ("lot", "supplier", "supplier_lot", "item", "start", "end", "machine", "operation")


def line(question: Question, state: State) -> list[Any]:
    """Beside the root: which hypothesis is followed, and the way to the comparison."""
    if question.incident is None:
        return []
    known = question.incident["hypotheses"]
    chosen = next((one["name"] for one in known if one["chosen"]), None)
    told = text("screen.guess.follows", name=chosen) if chosen else text("screen.guess.opened")
    label = text("screen.guess.compare", count=len(known) + 1) if known else text(
        "screen.guess.others")  # fmt: skip
    return [" · ", told, " ", html.A(label, href=state.link(compare=1))]


def table(visit: Visit, question: Question, state: State) -> html.Section:
    """Every hypothesis with what it would hold; what all share, and what sets each apart."""
    title = text("screen.guess.title")
    case = question.incident
    close = html.A(text("screen.close"), href=state.link(compare=None), className="button small")
    if case is None:
        return panel(title, empty(text("screen.guess.no_incident")), aside=close)
    told = _compared(visit, question)
    may = visit.can("incident.write") and state.whole("as_of") is None
    rows = [_row(visit, one, told, case["hypotheses"], state, may=may)
            for one in told["hypotheses"]]  # fmt: skip
    names = ["name", "asked", ">certain", ">possible", ">amount", ">customers",
             *([">cost"] if visit.can("price.see") else []), ">more", ">fewer"]  # fmt: skip
    heads = [(">" if one[0] == ">" else "") + text(f"screen.guess.{one.lstrip('>')}")
             for one in names] + [""]  # fmt: skip
    add = button(text("screen.guess.add"), state.link(ask="guess"), kind="small") if may else None
    shared = text("screen.guess.shared", count=words.number(len(told["shared"]), 0))
    foot = html.Div(shared, className="panel-foot meta")
    made = parts.table(heads, rows, label=title)
    return panel(title, made, foot, aside=[add, close], id="compare")


def _row(
    visit: Visit, one: dict[str, Any], told: dict[str, Any], known: list[dict[str, Any]],
    state: State, *, may: bool,
) -> list[Any]:  # fmt: skip
    """One hypothesis; what sets it apart is counted against the first."""
    name, first = one["name"], told["hypotheses"][0]["name"]
    apart = {(pair["of"], pair["against"]): len(pair["lots"]) for pair in told["differences"]}
    own = next((guess for guess in known if guess["name"] == name), None)
    followed = own["chosen"] if own else not any(guess["chosen"] for guess in known)
    act: Any = chip(text("screen.guess.followed"), "chosen") if followed else None
    if may and not followed:
        href = state.link(ask="choose", guess=name if own else "")
        act = button(text("screen.guess.choose"), href, kind="small")
    cost = [words.money(one["cost"], one["currency"])] if visit.can("price.see") else []
    return [
        html.B(name if own else text("screen.guess.opened")),
        _suspected(one["asked"]),
        words.number(one["lots"]["certain"], 0),
        words.number(one["lots"]["possible"], 0),
        words.amounts(one["quantity"]),
        words.number(len(one["customers"]), 0),
        *cost,
        *(
            words.NONE if name == first else words.number(apart.get(pair, 0), 0)
            for pair in ((name, first), (first, name))
        ),
        act,
    ]


def _compared(visit: Visit, question: Question) -> dict[str, Any]:
    case = question.incident
    assert case is not None

    def make(facts: Facts, lineage: Lineage) -> dict[str, Any]:
        row = cases.find(facts, case["number"])
        asked: dict[str, Suspects] = {"": cases.suspects(row["asked"])}
        asked |= {one["name"]: cases.suspects(json.dumps(one["asked"]))
                  for one in case["hypotheses"]}  # fmt: skip
        premises = {name: Premises(hazard=cases.hazard(row), rulebook=cases.rules(row))
                    for name in asked}  # fmt: skip
        return compare.to_dict(compare.compare(facts, lineage, asked, premises=premises))

    batch = question.recorded.scope.facts.batch
    return visit.desk.on(batch, ("compare", case["incident"], words.language()), make)


def _suspected(asked: dict[str, Any]) -> html.Span:
    shown = [
        f"{text(f'suspect.{name}')} {', '.join(one) if isinstance(one, list | tuple) else one}"
        for name, one in asked.items()
    ]
    told = text("screen.comma").join(shown)
    return html.Span(told, title=told, className="cut-text")


# ---------------------------------------------------------------------------- what is asked


def asked(visit: Visit, question: Question, state: State) -> Any:
    """The dialog to add a hypothesis, or to follow one."""
    case = question.incident
    if case is None or not visit.can("incident.write"):
        return None
    base, close = f"/api/v1/incidents/{case['number']}", state.link(ask=None, guess=None)
    if state.one("ask") == "choose":
        name = state.one("guess")
        made = form(f"{base}/choose", [reason()], text("screen.guess.choose"), close=close,
                    fixed={"name": name}, then=close, done=text("screen.form.done"))  # fmt: skip
        told = html.P(text("screen.guess.choose_does", name=name or text("screen.guess.opened")))
        return dialog(text("screen.guess.choose"), told, made, close=close)
    if state.one("ask") != "guess":
        return None
    fields = [field(f"suspected.{name}", text(f"suspect.{'lots' if name == 'lot' else name}"),
                    hint="2026-10-20T06:00" if name in ("start", "end") else "")
              for name in _FIELDS]  # fmt: skip
    yes = [("false", text("screen.form.no")), ("true", text("screen.form.yes"))]
    made = form(
        f"{base}/hypotheses",
        [field("name", text("screen.guess.name"), required=True, focus=True), *fields,
         choice("choose", text("screen.guess.follow_it"), yes), reason()],
        text("screen.guess.add"), lists=("suspected.lot",), close=close, then=close,
        done=text("screen.form.done"),
    )  # fmt: skip
    return dialog(text("screen.guess.add"), html.P(text("screen.guess.add_does"), className="meta"),
                  made, close=close, wide=True)  # fmt: skip
