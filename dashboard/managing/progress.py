"""How a recall goes on: what came back, and what is unaccounted, day by day."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from dash import dcc, html

from dashboard import words
from dashboard.components import parts
from dashboard.components.parts import attrs
from dashboard.components.parts import panel as panel_
from dashboard.visit import Visit
from graph_model.i18n import text
from queries.incidents import curves
from queries.incidents.cases import Home

_BACK, _LOST = "#1B7446", "#8B96A4"
"""Found, and the rest: colours that hold on a light and on a dark surface."""


def panel(visit: Visit, batch: int | None, incident: str) -> html.Section:
    """Two curves in the unit of which most is concerned, and the same figures as a table."""
    title = text("screen.management.progress")
    home = Home.of(visit.desk.live.settings)
    rows = visit.desk.on(
        batch, ("over_time", incident),
        lambda facts, lineage: curves.over_time(facts, lineage, incident, home),
    )  # fmt: skip
    unit = max(rows, key=lambda row: row["unaccounted"] + row["back"])["unit"] if rows else ""
    own = [row for row in rows if row["unit"] == unit]
    chart = dcc.Graph(figure=_figure(own), config={"displayModeBar": False, "responsive": True},
                      className="curve", style={"height": "190px"})  # fmt: skip
    last = own[-1] if own else {"back": 0.0, "unaccounted": 0.0}
    back, open_ = (words.number(last[name]) for name in ("back", "unaccounted"))
    told = text("screen.management.progress_is", unit=words.unit(unit), back=back, open=open_)
    figures = [f">{text(one)}" for one in ("screen.management.back", "screen.recall.unaccounted")]
    heads = [text("screen.data.when"), *figures, text("screen.head.unit")]
    lines = [[row["day"], words.number(row["back"]), words.number(row["unaccounted"]),
              words.unit(row["unit"])] for row in rows]  # fmt: skip
    whole = html.Details([html.Summary(text("screen.management.as_table")),
                          parts.table(heads, lines, label=title)])  # fmt: skip
    return panel_(
        title, html.Div(chart, role="img", **attrs(aria_label=told)),
        html.Div([html.P(told, className="meta"), whole], className="panel-body"),
        aside=words.unit(unit),
    )  # fmt: skip


def _figure(rows: list[dict[str, Any]]) -> go.Figure:
    days = [row["day"] for row in rows]
    curves_ = (("unaccounted", "open_short", _LOST), ("back", "back", _BACK))
    figure = go.Figure([
        go.Scatter(
            x=days, y=[row[name] for row in rows], name=text(f"screen.management.{told}"),
            mode="lines+markers", line={"color": colour, "width": 2, "shape": "hv"},
        )
        for name, told, colour in curves_
    ])  # fmt: skip
    figure.update_layout(
        font={"family": "Inter, sans-serif", "size": 11, "color": "#7C8896"},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 56, "r": 12, "t": 8, "b": 28},
        legend={"orientation": "h", "y": 1.15, "x": 0},
        xaxis={"type": "category", "showgrid": False},
        yaxis={"rangemode": "tozero", "gridcolor": "rgba(124,136,150,.25)"},
    )  # fmt: skip
    return figure
