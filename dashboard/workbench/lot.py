"""One lot of a scope: its tier, why it has it step by step, where it is, and what can be done."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.components.parts import amount, attrs, button, glyph, icon, lot_no, tier_of
from dashboard.url import State, link
from dashboard.visit import Visit
from dashboard.workbench.question import Question
from graph_model.i18n import text
from queries.recall.words import why


def about(visit: Visit, question: Question, state: State) -> html.Section | None:
    """The panel of the lot that the address selects; None where it selects none of the scope."""
    key = state.one("sel")
    scope = question.recorded.scope
    numbers = scope.lineage.number([key])
    if not key or numbers[0] not in scope.tiers:
        return None
    lot = next(one for one in question.recorded.told["lots"] if one["key"] == key)
    names = visit.names(state.whole("as_of"))
    tier = tier_of(lot["tier"], lot["grade"])
    head = html.Div(
        [glyph(tier), html.H2(lot_no(lot["lot_no"])),
         html.A(icon("close"), href=state.link(sel=None), className="aside",
                title=text("screen.close"), **attrs(aria_label=text("screen.close")))],
        className="panel-head",
    )  # fmt: skip
    lines = why(scope, int(numbers[0]))
    shown: list[Any] = [
        html.Div([names.item(None, lot["item"]), " · ", names.company(lot["owner"]), " · ",
                  amount(lot["quantity"], lot["unit"])], className="meta"),
        html.Div([html.B(text(f"tier.{lot['tier']}")), html.Div(lot["reason"])],
                 className=f"verdict {tier}"),
        html.H3(text("screen.lot.cuts" if lot["tier"] == "excluded" else "screen.lot.witness")),
        html.Ol([html.Li(line) for line in lines], className="witness"),
    ]  # fmt: skip
    clean = state.has("clean", key)
    acts = [
        button(text("screen.lot.trace"), link("/trace", lot=key, as_of=state.whole("as_of"))),
        button(text("screen.lot.unclean" if clean else "screen.lot.clean"),
               state.toggle("clean", key), kind="accent")
        if lot["tier"] != "excluded" else None,
    ]  # fmt: skip
    return html.Section(
        [head, html.Div(shown, className="panel-body"), html.Div(acts, className="panel-foot")],
        className="panel lot-panel",
        id="lot-panel",
    )
