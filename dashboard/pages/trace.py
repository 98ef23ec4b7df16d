"""Trace: where lots went and where they came from, drawn, listed and told, with the proof lit."""

from __future__ import annotations

from typing import Any

import dash_cytoscape as cyto
import dash_mantine_components as dmc
import polars as pl
from dash import ClientsideFunction, Input, Output, dcc, html
from dash import State as Given

from dashboard import graph_view, words
from dashboard.components import frame
from dashboard.components.parts import attrs, button, glyph, icon, kbd, lot_no, segments
from dashboard.grids import block, grid, version
from dashboard.pages import Change, Page, View
from dashboard.tracing import panel, tables
from dashboard.tracing.question import Tracing, read
from dashboard.url import State
from dashboard.visit import Visit
from graph_model import keys
from graph_model.i18n import text
from queries import drawing
from queries.recall import completeness

page = Page("trace", path="/trace", permission="trace.read", order=2, key="t")
TIERS = ("certain", "recorded", "mixed", "contact", "excluded")
BASES = ("exact", "by_order", "by_time", "inferred")
MARKS = 6


@page.view
def view(visit: Visit, state: State) -> View:
    """The trace of the lots in the address."""
    tracing = read(visit, state)
    if tracing is None:
        return View([_nothing()], whole=False)
    made = _parts(tracing)
    canvas = html.Section(
        [
            html.Div(made["canvas-head"], id="trace-canvas-head", className="panel-head"),
            html.Div(
                cyto.Cytoscape(
                    id="trace-graph", elements=[], layout={"name": "preset", "fit": False},
                    stylesheet=[], style={"width": "100%", "height": "100%"}, minZoom=0.05,
                    maxZoom=2.5, autoungrabify=True, boxSelectionEnabled=False, responsive=True,
                ),
                className="canvas", role="img", **attrs(aria_label=text("screen.trace.canvas")),
            ),
            html.Div(_legend(), className="legend"),
        ],
        className="panel",
    )  # fmt: skip
    listed = html.Section(
        [
            html.Div(made["table-head"], id="trace-table-head", className="panel-head"),
            html.Div(_grid(tracing), className="grid-box trace-grid"),
        ],
        className="panel", **attrs(aria_label=text("screen.trace.table")),
    )  # fmt: skip
    return View(
        [
            dcc.Store(id="trace-drawn", data=_elements(tracing)),
            html.Div(made["title"], id="trace-title"),
            html.Div(
                [html.Div([canvas, listed], className="stack"),
                 html.Div(made["panel"], id="trace-panel", className="stack")],
                className="columns trace",
            ),
        ],
        footer=_footer(tracing),
    )  # fmt: skip


@page.changes
def change(visit: Visit, state: State) -> Change | None:
    """The same trace in another state: the drawing and the table keep their places."""
    tracing = read(visit, state)
    if tracing is None:
        return None
    made = {f"trace-{name}": {"children": content} for name, content in _parts(tracing).items()}
    made["trace-drawn"] = {"data": _elements(tracing)}
    chosen = tracing.chosen
    made["trace-table"] = {
        "columnDefs": tables.columns(tracing),
        "selectedRows": {"ids": [chosen]} if chosen else [],
    }  # fmt: skip
    return Change(made, footer=_footer(tracing))


page.client(
    ClientsideFunction("lotgraph", "drawGraph"),
    Output("trace-graph", "elements"), Output("trace-graph", "stylesheet"),
    Input("trace-drawn", "data"), Input("mantine", "forceColorScheme"),
)  # fmt: skip
page.client(
    ClientsideFunction("lotgraph", "tapNode"),
    Output("trace-graph", "className"), Input("trace-graph", "tapNode"),
    prevent_initial_call=True,
)  # fmt: skip
page.client(
    ClientsideFunction("lotgraph", "setAsOf"),
    Output("trace-as-of", "label"), Input("trace-as-of", "value"), prevent_initial_call=True,
)  # fmt: skip


@page.answers(
    Output("trace-table", "getRowsResponse"), Input("trace-table", "getRowsRequest"),
    Given("url", "search"), prevent_initial_call=True,
)  # fmt: skip
def table_block(visit: Visit, request: dict[str, Any] | None, search: str) -> Any:
    """The rows of the listed kind that are scrolled to."""
    tracing = read(visit, State.of(page.path, search))
    return block([] if tracing is None else tables.rows(tracing), request or {})


@page.files("trace")
def export_rows(visit: Visit, state: State) -> tuple[str, pl.DataFrame] | None:
    """Every node of the listed kind, as it is shown."""
    tracing = read(visit, state)
    if tracing is None:
        return None
    rows = pl.DataFrame(tables.rows(tracing), infer_schema_length=None)
    shown = {"tier_name": text("screen.head.tier")}
    shown |= {one["field"]: one["headerName"] for one in tables.columns(tracing)[1:]}
    shown |= {"unit": text("screen.head.unit"), "key": text("screen.head.key")}
    name = f"{text('screen.trace.file')}-{tables.tab(tracing)}-{tracing.lineage.batch}"
    return name, rows.select(pl.col(field).alias(head) for field, head in shown.items())


def _parts(tracing: Tracing) -> dict[str, Any]:
    return {
        "title": _title(tracing),
        "canvas-head": _canvas_head(tracing),
        "table-head": _table_head(tracing),
        "panel": panel.panel(tracing),
    }


def _elements(tracing: Tracing) -> dict[str, Any]:
    names = tracing.visit.names(tracing.state.whole("as_of"))
    drawn = tracing.drawn
    chosen = drawn.member.get(tracing.chosen or "")
    roots = {drawn.member[node] for node in tracing.net.roots if node in drawn.member}
    made = graph_view.elements(drawn, names, chosen=chosen, lit=tracing.lit, roots=roots)
    view_of = [tracing.direction, tracing.by, sorted(tracing.net.roots), drawn.total,
               sorted(tracing.state.all("open"))]  # fmt: skip
    return {"elements": made, "view": str(view_of)}


def _nothing() -> html.Div:
    return html.Div(
        [html.H1(text("screen.trace.nothing")), html.P(text("screen.trace.nothing_hint")),
         button(text("screen.to_start"), "/")],
        className="message",
    )  # fmt: skip


def _footer(tracing: Tracing) -> list[Any]:
    """What is missing among all lots and operations of the trace."""
    ops = tracing.net.nodes.filter(tracing.net.nodes["kind"] == drawing.OPERATION)["key"]
    steps = tracing.lineage.operation_number(ops.to_list())
    lots = tracing.net.nodes["lot"].drop_nulls().to_numpy()
    facts = tracing.visit.facts(tracing.state.whole("as_of"))
    key = ("trace missing", tuple(tracing.roots.tolist()), tracing.direction)
    missing = tracing.visit.desk.on(
        tracing.state.whole("as_of"), key,
        lambda _f, lineage: completeness.of_cone(facts, lineage, lots, steps[steps >= 0]),
    )  # fmt: skip
    told = [entry.to_dict() for entry in missing]
    gaps = {entry.kind for entry in missing} - {"data_until", "delay_unconfirmed", "no_recipe"}
    href = tracing.state.link("/recall", gaps=1, sel=None, direction=None, group=None) + "#gaps"
    return frame.answer_line(told, complete=not gaps, href=href)


# ---------------------------------------------------------------------------- title line


def _title(tracing: Tracing) -> html.Div:
    state, visit = tracing.state, tracing.visit
    names = visit.names(state.whole("as_of"))
    rows = tracing.lineage.lots.select("item", "item_code", "lot_no", "owner")[tracing.roots]
    first = rows.row(0, named=True)
    directions = [
        (text(f"screen.direction.{name}"), state.link(direction=name, open=None, sel=None),
         name == tracing.direction)
        for name in drawing.DIRECTIONS
    ]  # fmt: skip
    more = text("screen.recall.more", count=len(rows) - 1) if len(rows) > 1 else ""
    recall = state.link("/recall", direction=None, group=None, open=None, sel=None, tab=None)
    return html.Div(
        [
            html.H1([lot_no(first["lot_no"]), f" {more}" if more else ""]),
            html.Span([names.item(first["item"], first["item_code"]), " · ",
                       names.company(first["owner"])], className="meta"),
            segments(text("screen.trace.direction"), directions),
            html.Div(className="grow"),
            _slider(tracing),
            button(text("screen.trace.start_recall"), recall, kind="stop", act="r"),
        ],
        className="title-line",
    )  # fmt: skip


def _groups(tracing: Tracing) -> html.Div:
    choices = [
        (text(f"screen.by.{name}"), tracing.state.link(group=name, open=None), name == tracing.by)
        for name in drawing.GROUPED_BY
    ]
    label = text("screen.trace.group_by")
    return html.Div([label, segments(label, choices, "small")], className="row")


def _slider(tracing: Tracing) -> Any:
    """Which batch the trace stands on, where there is more than one."""
    batches = tracing.visit.desk.batches()
    if len(batches) < 2:
        return None
    now = tracing.state.whole("as_of") or len(batches)
    marks = [{"value": batch.number} for batch in batches] if len(batches) <= 30 else []
    chosen = batches[min(now, len(batches)) - 1]
    return html.Div(
        [html.Span(text("screen.as_of"), className="meta"),
         dmc.Slider(id="trace-as-of", min=1, max=len(batches), step=1, value=chosen.number,
                    marks=marks, size="xs", w=140, color="var(--accent)", restrictToMarks=False,
                    thumbLabel=text("screen.as_of")),
         html.Span(words.moment(words.stamp(chosen.at), tracing.visit.zone), className="meta")],
        className="row as-of-slider",
    )  # fmt: skip


# ---------------------------------------------------------------------------- drawing and table


def _canvas_head(tracing: Tracing) -> list[Any]:
    drawn, state = tracing.drawn, tracing.state
    in_groups = sum(drawn.nodes.filter(pl.col("grouped"))["members"].to_list())
    key = "screen.trace.groups" if drawn.groups else "screen.trace.all_single"
    told = text(key, single=words.number(drawn.shown - drawn.groups, 0), groups=drawn.groups,
                held=words.number(in_groups, 0))  # fmt: skip
    acts: list[Any] = [_groups(tracing)]
    if tracing.lit and tracing.chosen:
        number = keys.lot_parts(tracing.chosen[2:])[2]
        acts.append(html.A([text("screen.trace.lit", lot=number), " ×"],
                           href=state.link(sel=None), className="chip chosen"))  # fmt: skip
    if state.all("open"):
        acts.append(html.A(text("screen.trace.close_groups"), href=state.link(open=None),
                           className="button small"))  # fmt: skip
    acts.append(html.Button([text("screen.trace.fit"), kbd("Z")], className="button small",
                            **attrs(data_act="z", data_fit="true")))  # fmt: skip
    title = text("screen.showing", shown=words.number(drawn.shown, 0),
                 total=words.number(drawn.total, 0))  # fmt: skip
    return [html.H2([title, html.Span(told, className="meta")]), html.Div(acts, className="aside")]


def _table_head(tracing: Tracing) -> list[Any]:
    counts, tab = tables.counts(tracing), tables.tab(tracing)
    choices = [
        (f"{text(f'screen.nodes.{kind}')} {words.number(counts[kind], 0)}",
         tracing.state.link(tab=kind if kind != drawing.LOT else None), kind == tab)
        for kind in tables.TABS
        if counts[kind] or kind == tab
    ]  # fmt: skip
    rows = words.number(counts[tab], 0)
    return [
        html.H2(text("screen.trace.table")),
        segments(text("screen.trace.table"), choices, "small"),
        html.Div(
            [html.Button([icon("export"), text("screen.rows", count=rows)], id="trace-export",
                         className="button small", **attrs(data_act="e")),
             html.Button("Excel", id="trace-export-xlsx", className="button small")],
            className="aside",
        ),
        version("trace-table", tab, tracing.direction, sorted(tracing.net.roots),
                tracing.lineage.batch, tracing.tiers),
    ]  # fmt: skip


def _grid(tracing: Tracing) -> Any:
    return grid("trace-table", tables.columns(tracing), chosen=tracing.chosen)


def _legend() -> list[Any]:
    shown: list[Any] = [
        html.Span([glyph(tier, words_beside=True), text(f"screen.tier_short.{tier}")])
        for tier in TIERS
    ]
    shown += [
        html.Span([html.Span(className=f"stroke {basis}"), text(f"screen.basis.{basis}")])
        for basis in BASES
    ]
    return shown
