"""Big tables: ag-grid Community in our colours, with our texts, cells drawn by `assets/grid.js`."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag

from graph_model.i18n import catalogue, language

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
    rows: list[dict[str, Any]],
    *,
    total: dict[str, Any] | None = None,
    chosen: str | None = None,
    label: str = "",
) -> dag.AgGrid:
    """A table with every row; `chosen` is the key of the selected one, `total` stays below.

    A click or Enter on a row puts its key into the address as `sel`.
    """
    return dag.AgGrid(
        id=name,
        columnDefs=columns,
        rowData=rows,
        defaultColDef={
            "sortable": True, "suppressHeaderContextMenu": True, "resizable": True,
            "suppressMovable": True, "filter": True,
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


def _locale() -> dict[str, str]:
    """The few texts of the grid itself, in the language in force."""
    prefix = "screen.grid."
    texts = catalogue(language())
    return {
        key.removeprefix(prefix): value for key, value in texts.items() if key.startswith(prefix)
    }
