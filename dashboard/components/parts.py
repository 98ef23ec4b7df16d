"""The small parts that pages are made of: panels, glyphs, chips, bars, amounts, tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import words
from graph_model.i18n import text

TIERS = ("certain", "recorded", "mixed", "contact")
"""Tiers of a scope as drawn: certain, and possible by grade."""


def tier_of(tier: str, grade: str | None) -> str:
    """How a lot's tier and grade are drawn."""
    if tier != "possible":
        return tier
    return "mixed" if grade == "mixed_stock" else grade or "recorded"


def cls(*names: str | None) -> str:
    """A class attribute of those names that are given."""
    return " ".join(name for name in names if name)


def attrs(**values: str | None) -> dict[str, Any]:
    """Attributes such as `aria-label`, written with `_`; those without a value are left out."""
    return {name.replace("_", "-"): value for name, value in values.items() if value is not None}


def icon(name: str) -> html.I:
    """A picture beside a word that says the same."""
    return html.I(className=f"icon {name}", **attrs(aria_hidden="true"))


def glyph(tier: str, *, words_beside: bool = False) -> html.Span:
    """The shape of a tier; it says its name where no word stands beside it."""
    if words_beside:
        return html.Span(className=f"glyph {tier}", **attrs(aria_hidden="true"))
    label = text(f"screen.tier.{tier}")
    return html.Span(className=f"glyph {tier}", title=label, role="img", **attrs(aria_label=label))


def tier_label(tier: str) -> html.Span:
    """Shape and name of a tier."""
    return html.Span(
        [glyph(tier, words_beside=True), html.B(text(f"screen.tier.{tier}"))],
        className=f"tier {tier}",
    )


def lot_no(number: str) -> html.Span:
    """A lot number: zeros with a stroke."""
    return html.Span(number or words.unknown(), className="lot-no")


def amount(value: float | None, unit: str | None = None) -> html.Span:
    """An amount with its unit in grey; *unknown* where nothing records it."""
    shown: list[Any] = [words.number(value)]
    if unit and value is not None:
        shown.append(html.Span(words.unit(unit), className="unit"))
    return html.Span(
        shown,
        className=cls("amount", "unknown" if value is None else None),
    )


def panel(
    title: Any, *content: Any, aside: Any = None, kind: str = "", **more: Any
) -> html.Section:
    """A white surface with a title line."""
    heading = html.Div(
        [html.H2(title), html.Div(aside, className="aside") if aside is not None else None],
        className="panel-head",
    )
    return html.Section([heading, *content], className=cls("panel", kind), **more)


def chip(label: Any, kind: str = "") -> html.Span:
    """A short mark; `urgent` is black, `what-if` dashed blue."""
    return html.Span(label, className=cls("chip", kind))


def button(
    label: Any, href: str, *, kind: str = "", key: str = "", act: str | None = None
) -> html.A:
    """An act that is an address; `key` is shown as its key, `act` is the key that does it."""
    shown = [label, kbd(key)] if key else label
    return html.A(shown, href=href, className=cls("button", kind), **attrs(data_act=act))


def kbd(key: str) -> html.Kbd:
    """A key of the keyboard."""
    return html.Kbd(key)


def meter(share: float | None, label: str, kind: str = "") -> html.Div:
    """A bar filled by a share, striped where nothing is known."""
    width = f"{max(0.0, min(1.0, share or 0)) * 100:.2f}%"
    return html.Div(
        html.Div(className="fill", style={"width": width}),
        className=cls("meter", kind, "unknown" if share is None else None),
        role="img",
        **attrs(aria_label=f"{label}: {words.percent(share)}"),
    )


def segments(name: str, choices: Iterable[tuple[str, str, bool]], kind: str = "") -> html.Div:
    """A choice of one: (label, address, chosen)."""
    return html.Div(
        [
            html.A(label, href=href, className=cls("segment", "on" if on else None),
                   **attrs(aria_current="true" if on else None))
            for label, href, on in choices
        ],
        className=cls("segments", kind), role="group", **attrs(aria_label=name),
    )  # fmt: skip


def switch(on: bool, href: str, label: str) -> html.A:
    """A switch whose state is an address."""
    return html.A(
        html.Span(className="knob"), href=href, className=cls("switch", "on" if on else None),
        role="switch", **attrs(aria_checked=str(on).lower(), aria_label=label),
    )  # fmt: skip


def table(heads: Sequence[Any], rows: Sequence[Any], *, label: str, kind: str = "") -> html.Div:
    """A table; a head that begins with `>` stands right, as numbers do."""
    right = [isinstance(head, str) and head.startswith(">") for head in heads]
    head = html.Tr(
        [
            html.Th(head[1:] if end else head, scope="col", className="end" if end else "")
            for head, end in zip(heads, right, strict=True)
        ]
    )
    body = [
        row if isinstance(row, Component) else html.Tr(
            [html.Td(cell, className="end" if end else "")
             for cell, end in zip(row, right, strict=True)]
        )
        for row in rows
    ]  # fmt: skip
    return html.Div(
        html.Table([html.Thead(head), html.Tbody(body)], className=cls("table", kind),
                   **attrs(aria_label=label)),
        className="table-box", tabIndex=0, role="region", **attrs(aria_label=label),
    )  # fmt: skip


def cell(title: str, figure: Any, beside: Any, *below: Any) -> html.Div:
    """A figure with its name above, what belongs to it beside, and lines below."""
    return html.Div(
        [
            html.H2(title),
            html.Div([html.Span(figure, className="figure"), html.Span(beside, className="meta")]),
            html.Div([html.Div(line) for line in below if line], className="below"),
        ],
        className="cell",
    )


def largest(amounts: dict[str, float]) -> tuple[Any, str]:
    """The largest of amounts by unit as a figure, and the others in a line."""
    ordered = sorted(amounts.items(), key=lambda pair: -pair[1])
    if not ordered:
        return words.NONE, ""
    unit, most = ordered[0]
    shown = [words.number(most, 0), html.Span(words.unit(unit), className="figure-unit")]
    return shown, words.amounts(dict(ordered[1:])) if ordered[1:] else ""


def empty(what: str, *act: Any) -> html.Div:
    """What would be here, and the one act that fills it."""
    return html.Div([html.P(what), *act], className="empty")


def shown_of(shown: int, total: int) -> html.Span:
    """How many of how many."""
    key = "screen.showing" if shown < total else "screen.all_shown"
    return html.Span(
        text(key, shown=words.number(shown, 0), total=words.number(total, 0)), className="count"
    )
