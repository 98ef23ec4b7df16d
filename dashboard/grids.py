"""Big tables: ag-grid Community in our colours, with our texts, cells drawn by `assets/grid.js`.

Rows are fetched in blocks as they are scrolled to, filtered and sorted here, so that a table of any
length shows all of its rows and sends a screenful.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash_ag_grid as dag
from dash import html

from dashboard.components.parts import attrs
from graph_model.i18n import catalogue, language

BLOCK = 200
"""Rows that are fetched at a time."""
_THEME = (
    "themeQuartz.withParams({"
    "backgroundColor: 'var(--surface)', foregroundColor: 'var(--ink)',"
    "headerBackgroundColor: 'var(--surface)', headerTextColor: 'var(--ink-2)',"
    "headerFontWeight: 400, borderColor: 'var(--line)', accentColor: 'var(--accent)',"
    "selectedRowBackgroundColor: 'var(--accent-weak)', rowHoverColor: 'var(--muted)',"
    "fontFamily: 'var(--sans)', fontSize: 12, headerFontSize: 12, rowHeight: 28,"
    "headerHeight: 30, wrapperBorder: false, cellHorizontalPadding: 8, borderRadius: 0,"
    "wrapperBorderRadius: 0, oddRowBackgroundColor: 'var(--surface)',"
    "headerColumnResizeHandleColor: 'transparent', menuBackgroundColor: 'var(--surface)',"
    "inputBackgroundColor: 'var(--surface)', iconSize: 14 })"
)


def grid(
    name: str,
    columns: list[dict[str, Any]],
    *,
    total: dict[str, Any] | None = None,
    chosen: str | None = None,
) -> dag.AgGrid:
    """A table with every row; `chosen` is the key of the selected one, `total` stays below.

    A click or Enter on a row puts its key into the address as `sel`. The page answers
    `getRowsRequest` with `block`, and says by `version` when its rows are others.
    """
    return dag.AgGrid(
        id=name,
        columnDefs=columns,
        rowModelType="infinite",
        defaultColDef={
            "sortable": True, "suppressHeaderContextMenu": True, "resizable": True,
            "suppressMovable": True, "filter": True, "minWidth": 88,
            "suppressHeaderMenuButton": True,
            "tooltipValueGetter": {"function": "params.value"},
        },
        getRowId="params.data.key",
        selectedRows={"ids": [chosen]} if chosen else [],
        rowClassRules={"urgent": "params.data && params.data.urgent",
                       "leaves": "params.data && params.data.leaves"},
        dashGridOptions={
            "theme": {"function": _THEME},
            "pinnedBottomRowData": [total] if total else [],
            "rowSelection": {"mode": "singleRow", "checkboxes": False,
                             "enableClickSelection": True},
            "animateRows": False,
            "cacheBlockSize": BLOCK,
            "maxBlocksInCache": 25,
            "suppressCellFocus": False,
            "enableCellTextSelection": True,
            "tooltipShowDelay": 400,
            "localeText": _locale(),
            "ensureDomOrder": True,
        },
        eventListeners={"rowClicked": ["lotgraphChoose(params)"],
                        "cellKeyDown": ["lotgraphChooseByKey(params)"]},
        columnSize="responsiveSizeToFit",
        enableEnterpriseModules=False,
        className="grid",
        style={"height": "100%", "width": "100%"},
    )  # fmt: skip


def version(name: str, *of: object) -> html.Div:
    """What a table shows, as a text; when it changes the rows are fetched anew."""
    return html.Div(repr(of), hidden=True, id=f"{name}-version", **attrs(data_rows_of=name))


def block(rows: list[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    """The part of the rows that is asked for, filtered and sorted as is asked."""
    kept = rows
    for column, wanted in (request.get("filterModel") or {}).items():
        fits = _filter(wanted)
        kept = [row for row in kept if fits(row.get(column))]
    for order in reversed(request.get("sortModel") or []):
        column, down = order["colId"], order["sort"] == "desc"
        known = [row for row in kept if row.get(column) not in (None, "")]
        rest = [row for row in kept if row.get(column) in (None, "")]
        kept = sorted(known, key=lambda row: row[column], reverse=down) + rest
    start, end = int(request.get("startRow") or 0), int(request.get("endRow") or BLOCK)
    return {"rowData": kept[start:end], "rowCount": len(kept)}


Fits = Callable[[Any], bool]
_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda value, wanted: wanted in value,
    "notContains": lambda value, wanted: wanted not in value,
    "equals": lambda value, wanted: value == wanted,
    "notEqual": lambda value, wanted: value != wanted,
    "startsWith": lambda value, wanted: value.startswith(wanted),
    "endsWith": lambda value, wanted: value.endswith(wanted),
}
_NUMBERS: dict[str, Callable[[float, float, float], bool]] = {
    "equals": lambda value, low, _: value == low,
    "notEqual": lambda value, low, _: value != low,
    "greaterThan": lambda value, low, _: value > low,
    "greaterThanOrEqual": lambda value, low, _: value >= low,
    "lessThan": lambda value, low, _: value < low,
    "lessThanOrEqual": lambda value, low, _: value <= low,
    "inRange": lambda value, low, high: low <= value <= high,
}


def _filter(wanted: dict[str, Any]) -> Fits:
    """A filter of a column; one that is not known keeps every row."""
    if "conditions" in wanted:
        parts = [_filter(one) for one in wanted["conditions"]]
        every = wanted.get("operator") != "OR"
        return lambda value: (all if every else any)(fits(value) for fits in parts)
    kind, given = wanted.get("type", ""), wanted.get("filter")
    if kind in ("blank", "notBlank"):
        return lambda value: (value in (None, "")) == (kind == "blank")
    if wanted.get("filterType") == "number" and kind in _NUMBERS and given is not None:
        compare, high = _NUMBERS[kind], float(wanted.get("filterTo") or given)
        return lambda value: isinstance(value, int | float) and compare(value, float(given), high)
    if kind in _TEXTS and given is not None:
        holds, sought = _TEXTS[kind], str(given).casefold()
        return lambda value: holds(str("" if value is None else value).casefold(), sought)
    return lambda _value: True


def _locale() -> dict[str, str]:
    """The few texts of the grid itself, in the language in force."""
    prefix = "screen.grid."
    texts = catalogue(language())
    return {
        key.removeprefix(prefix): value for key, value in texts.items() if key.startswith(prefix)
    }
