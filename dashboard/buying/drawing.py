"""The spread of suspect material as a Sankey diagram: suspect lots left, customers right."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl
from dash import dcc, html

from dashboard import words
from dashboard.components import parts
from dashboard.components.parts import attrs, empty, panel
from graph_model import keys
from graph_model.i18n import text
from queries.names import Names
from queries.recall.spread import CUSTOMER, LOSS, STOCK, Spread

CUSTOMERS = 8
"""Customers drawn by name; the rest is one node that says how many."""
_COLOURS = {"certain": "rgba(163, 18, 58, .38)", "possible": "rgba(208, 102, 27, .38)"}
"""Tier colours that hold on a light and on a dark surface."""
_NODE = "#626D7B"
_OTHERS = "others"
_GAPS = 0.35
"""Share of the height that the gaps of the fullest column take."""
_MARGIN = 10


def spread_panel(found: Spread, names: Names) -> html.Section:
    """The diagram with its unit, and what it leaves out."""
    title = text("screen.purchasing.spread")
    if found.links.is_empty():
        return panel(title, empty(text("screen.purchasing.nothing_spread")))
    links = _grouped(found.links)
    unit = words.unit(found.unit) if found.unit else text("screen.purchasing.lots_unit")
    notes = [text("screen.purchasing.shares")]
    if found.undrawn:
        notes.append(words.counted("screen.purchasing.undrawn", found.undrawn))
    if found.assumed:
        notes.append(words.counted("screen.purchasing.assumed", found.assumed))
    aside = [
        html.Span(text("screen.purchasing.width", unit=unit)),
        parts.tier_label("certain"),
        parts.tier_label("recorded"),
    ]
    chart = dcc.Graph(
        figure=_figure(links, names, unit), config={"displayModeBar": False, "responsive": True},
        className="sankey", style={"height": f"{_height(links)}px"},
    )  # fmt: skip
    told = html.Div(
        chart, className="sankey-box", role="img", **attrs(aria_label=_told(links, names, unit))
    )
    return panel(title, told, html.P(" ".join(notes), className="note panel-body"), aside=aside)


def _grouped(links: pl.DataFrame) -> pl.DataFrame:
    """Customers beyond the largest as one."""
    theirs = links.filter(pl.col("to_kind") == CUSTOMER)
    largest = theirs.group_by("to_name").agg(pl.col("amount").sum())
    rest = largest.sort("amount", "to_name", descending=[True, False])[CUSTOMERS:]["to_name"]
    if len(rest) < 2:
        return links
    small = (pl.col("to_kind") == CUSTOMER) & pl.col("to_name").is_in(rest.implode())
    name = pl.when(small).then(pl.lit(f"{_OTHERS}:{len(rest)}")).otherwise("to_name")
    grouped = links.with_columns(to_name=name)
    return grouped.group_by(pl.exclude("amount"), maintain_order=True).agg(pl.col("amount").sum())


def _label(kind: str, name: str, names: Names) -> str:
    if name.startswith(f"{_OTHERS}:"):
        return text("screen.purchasing.others", count=name.partition(":")[2])
    if kind == CUSTOMER:
        return names.company(name) or text("screen.purchasing.customer_unknown")
    if kind in (STOCK, LOSS):
        return text(f"screen.purchasing.{kind}")
    if kind == "item":
        return names.item(name)
    return keys.lot_parts(name)[2] or words.unknown()


def _nodes(links: pl.DataFrame) -> pl.DataFrame:
    """kind, name, column, amount of each node, in the order in which they are numbered."""
    sides = [
        links.select(
            "amount", kind=f"{side}_kind", name=f"{side}_name", column=f"{side}_column",
            side=pl.lit(side),
        )
        for side in ("from", "to")
    ]  # fmt: skip
    nodes = pl.concat(sides).group_by("kind", "name", "column", "side").agg(pl.col("amount").sum())
    nodes = nodes.group_by("kind", "name", "column").agg(pl.col("amount").max())
    return nodes.sort("column", "amount", "name", descending=[False, True, False])


def _figure(links: pl.DataFrame, names: Names, unit: str) -> go.Figure:
    nodes = _nodes(links)
    numbers = {
        (kind, name): n for n, (kind, name) in enumerate(nodes.select("kind", "name").rows())
    }
    labels = [
        f"{_label(row['kind'], row['name'], names)} {words.number(row['amount'], 0)}"
        for row in nodes.iter_rows(named=True)
    ]
    columns = nodes["column"].to_list()
    ends = [
        [numbers[row] for row in links.select(f"{side}_kind", f"{side}_name").rows()]
        for side in ("from", "to")
    ]
    tiers = links["tier"].to_list()
    figure = go.Figure(
        go.Sankey(
            arrangement="fixed",
            node={
                "label": labels, "color": _NODE, "pad": _pad(links), "thickness": 10,
                "x": [0.001 + 0.998 * column / 4 for column in columns],
                "y": _heights(nodes), "line": {"width": 0},
                "hovertemplate": f"%{{label}} {unit}<extra></extra>",
            },
            link={
                "source": ends[0], "target": ends[1], "value": links["amount"].to_list(),
                "color": [_COLOURS[tier] for tier in tiers],
                "customdata": [text(f"tier.{tier}") for tier in tiers],
                "hovertemplate": "%{source.label} → %{target.label}<br>%{value:,.1f} "
                                 f"{unit}, %{{customdata}}<extra></extra>",
            },
        )
    )  # fmt: skip
    figure.update_layout(
        margin={"l": 12, "r": 12, "t": _MARGIN, "b": _MARGIN},
        font={"family": "Inter, sans-serif", "size": 12},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    return figure


def _heights(nodes: pl.DataFrame) -> list[float]:
    """Middle of each node from the top; columns are centred, gaps are those of the fullest."""
    columns = nodes.partition_by("column", maintain_order=True)
    gap = _GAPS / max(1, max(len(rows) for rows in columns) - 1)
    # As Plotly does: the column that needs most room sets the scale of all.
    scale = min((1 - gap * (len(rows) - 1)) / float(rows["amount"].sum()) for rows in columns)
    found = []
    for rows in columns:
        heights = (rows["amount"] * scale).to_list()
        above = (1 - sum(heights) - gap * (len(heights) - 1)) / 2
        for height in heights:
            found.append(min(0.999, max(0.001, above + height / 2)))
            above += height + gap
    return found


def _fullest(links: pl.DataFrame) -> int:
    """Nodes of the fullest column."""
    return max(len(rows) for rows in _nodes(links).partition_by("column"))


def _height(links: pl.DataFrame) -> int:
    """Room for the fullest column, in pixels."""
    return max(280, 34 * _fullest(links))


def _pad(links: pl.DataFrame) -> float:
    """Pixels between the nodes of the fullest column: Plotly scales the nodes by what is left."""
    return _GAPS * (_height(links) - 2 * _MARGIN) / max(1, _fullest(links) - 1)


def _told(links: pl.DataFrame, names: Names, unit: str) -> str:
    """The ends of the diagram in words, for who does not see it."""
    ends = (
        links.filter(pl.col("to_column") == 4)
        .group_by("to_kind", "to_name")
        .agg(pl.col("amount").sum())
    )
    told = [
        f"{_label(kind, name, names)} {words.number(amount, 0)} {unit}"
        for kind, name, amount in ends.sort("amount", "to_name", descending=[True, False]).rows()
    ]
    return f"{text('screen.purchasing.spread')}: " + ", ".join(told)
