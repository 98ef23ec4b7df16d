"""Tiers with amounts and cost, and where everything is now, by tier."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.parts import attrs, chip, glyph, panel, segments, tier_label
from dashboard.url import State
from dashboard.visit import Judged, Visit
from dashboard.workbench.question import Question
from graph_model.i18n import catalogue, language, text
from queries.recall import overview, places
from queries.recall.overview import JUDGEMENT, RECORDS, TIERS, Figures, Overview

PLACES = (places.ON_HAND, places.IN_PROCESS, places.PICKED, places.IN_TRANSIT, places.SHIPPED,
          places.RETURNED, places.SCRAPPED)  # fmt: skip
_DRAWN = {"mixed_stock": "mixed"}


def drawn(tier: str) -> str:
    """How a tier is drawn."""
    return _DRAWN.get(tier, tier)


def figures(judged: Judged) -> Overview:
    """The figures of a scope."""
    return judged.once("overview", overview.overview)


def unit_of(found: Overview, state: State) -> str:
    """The unit that amounts are shown in: the one of the address, else the dearest."""
    wanted = state.one("unit")
    return wanted if wanted in found.units else (found.units or [""])[0]


def tiers(visit: Visit, question: Question, state: State) -> html.Section:
    """Each tier with lots, amount and cost; what is excluded stands under the total."""
    found = figures(question.recorded)
    other = figures(question.what_if) if question.what_if else None
    priced = visit.can("price.see")
    unit = unit_of(found, state)
    largest = max((f.lots for f in found.tiers.values()), default=0) or 1
    heads = ["tier", "share", ">lots", ">amount", *([">cost"] if priced else [])]
    labels = [(">" if h[0] == ">" else "") + text(f"screen.head.{h.lstrip('>')}") for h in heads]
    body: list[Any] = []
    for tier in TIERS:
        one = found.tiers[tier]
        changed = other.tiers[tier].lots if other else one.lots
        body.append(_tier_row(tier, one, changed, largest, found.currency, unit, priced=priced))
    body.append(
        html.Tr(
            [html.Td(text("screen.recall.scope")), html.Td(),
             _end(words.number(found.total.lots, 0)),
             _end(_amount(found.total, unit)),
             *([_end(words.money(found.total.cost, found.currency))] if priced else [])],
            className="total",
        )
    )  # fmt: skip
    body += [
        _excluded_row(name, found.excluded[name], found.currency, unit, priced=priced)
        for name in (RECORDS, JUDGEMENT)
    ]
    return html.Section(
        parts.table(labels, body, label=text("screen.recall.tiers"), kind="tiers"),
        className="panel", **attrs(aria_label=text("screen.recall.tiers")),
    )  # fmt: skip


def _end(content: Any) -> html.Td:
    return html.Td(content, className="end")


def _tier_row(
    tier: str, one: Figures, changed: int, largest: int, currency: str, unit: str, *, priced: bool
) -> html.Tr:
    bar = html.Span(
        className=f"tier-bar {drawn(tier)}", style={"width": f"{one.lots / largest * 100:.1f}%"}
    )
    shown: list[Any] = [html.Span(bar, className="bar-box")] if one.lots else []
    if changed != one.lots:
        shown.append(chip(text("screen.recall.what_if_lots", lots=changed), "what-if"))
    cells = [
        html.Td(tier_label(drawn(tier))),
        html.Td(html.Div(shown, className="row")),
        _end(words.number(one.lots, 0) if one.lots else words.NONE),
        _end(_amount(one, unit)),
    ]
    if priced:
        cells.append(_end(words.money(one.cost, currency) if one.lots else words.NONE))
    return html.Tr(cells)


def _amount(one: Figures, unit: str) -> Any:
    """The amount in one unit; lots without a known amount are counted beside it."""
    shown: Any = parts.amount(one.amounts[unit], unit) if one.amounts.get(unit) else words.NONE
    if not one.unknown:
        return shown
    unknown = text("screen.recall.unknown_lots", count=one.unknown)
    return [shown, " ", html.Span(unknown, className="meta")]


def _excluded_row(name: str, one: Figures, currency: str, unit: str, *, priced: bool) -> html.Tr:
    label = html.Span(
        [glyph("excluded", words_beside=True), html.Span(text(f"screen.recall.by_{name}"))],
        className="tier excluded",
    )
    cells = [
        html.Td(label),
        html.Td(html.Span(text(f"screen.recall.by_{name}_why"), className="meta")),
        _end(words.number(one.lots, 0) if one.lots else words.NONE),
        _end(_amount(one, unit)),
    ]
    if priced:
        cells.append(_end(words.money(one.cost, currency) if one.lots else words.NONE))
    return html.Tr(cells, className="out")


def whereabouts(question: Question, state: State) -> html.Section:
    """Where it is now by tier, in one unit at a time."""
    found = figures(question.recorded)
    unit = unit_of(found, state)
    choice: Any = text("screen.recall.where", unit=words.unit(unit))
    if len(found.units) > 1:
        choice = html.Span(
            [text("screen.recall.where_now"),
             segments(text("screen.head.unit"),
                      [(words.unit(u) or "–", state.link(unit=u), u == unit) for u in found.units],
                      "small")],
            className="row",
        )  # fmt: skip
    heads: list[Any] = [choice, *(glyph(drawn(tier)) for tier in TIERS)]
    rows = [_place_row(place, found.places.get(place, {}), unit) for place in PLACES]
    sums = [sum(found.places.get(p, {}).get(t, {}).get(unit, 0) for p in PLACES) for t in TIERS]
    total = html.Tr(
        [html.Td(text("screen.recall.located")), *(_end(_number(value)) for value in sums),
         _end(_number(sum(sums)))],
        className="total",
    )  # fmt: skip
    head = html.Tr(
        [html.Th(heads[0], scope="col"),
         *(html.Th(one, scope="col", className="end") for one in heads[1:]),
         html.Th(text("screen.head.total"), scope="col", className="end")]
    )  # fmt: skip
    table = html.Table(
        [html.Thead(head), html.Tbody([*rows, total])], className="table where",
        **attrs(aria_label=text("screen.recall.where_now")),
    )  # fmt: skip
    lots = overview.located(question.recorded.scope, places.SEARCH)
    unknown = question.recorded.told["totals"]["places_unknown"]
    feet = [
        html.Div(text(f"screen.recall.{name}", count=words.number(count, 0)),
                 className="panel-foot meta")
        for name, count in (("search_lots", lots), ("places_unknown", unknown)) if count
    ]  # fmt: skip
    return html.Section(
        [html.Div(table, className="table-box", tabIndex=0), *feet], className="panel"
    )


def _place_row(place: str, tiers_: dict[str, dict[str, float]], unit: str) -> html.Tr:
    values = [tiers_.get(tier, {}).get(unit, 0) for tier in TIERS]
    urgent = place == places.PICKED and any(values)
    return html.Tr(
        [html.Td(text(f"screen.place.{place}")), *(_end(_number(value)) for value in values),
         _end(html.B(_number(sum(values))))],
        className="urgent" if urgent else "",
    )  # fmt: skip


def _number(value: float) -> str:
    if not value:
        return words.NONE
    return words.number(value, 0 if abs(value) >= 100 else 3)


def gaps(question: Question, state: State) -> html.Section:
    """Everything that is missing behind the answer, and who can close it."""
    told = question.recorded.told
    rows = []
    for entry in told["missing"]:
        about = [*entry["lots"], *entry["rows"]]
        listed: Any = None
        if about:
            listed = html.Details(
                [html.Summary(text("screen.recall.gap_about", count=words.number(len(about), 0))),
                 html.Ul([html.Li(one) for one in about])]
            )  # fmt: skip
        rows.append(
            [html.B(_known("gap", entry["kind"])), html.Div([entry["text"], listed]),
             _known("closes", entry["kind"])]
        )  # fmt: skip
    heads = [text(f"screen.head.{name}") for name in ("gap", "meaning", "closes")]
    close = html.A(text("screen.close"), href=state.link(gaps=None), className="button small")
    return panel(
        text("screen.recall.gaps"), parts.table(heads, rows, label=text("screen.recall.gaps")),
        aside=close, id="gaps",
    )  # fmt: skip


def _known(area: str, kind: str) -> str:
    """The text about a kind of gap; of a kind that has none yet, the general one."""
    key = f"screen.{area}.{kind}"
    return text(key if key in catalogue(language()) else f"screen.{area}.other")
