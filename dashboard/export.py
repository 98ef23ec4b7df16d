"""Files for the browser: exactly what is asked, all rows."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import polars as pl
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from loaders.formulas import RUNS

Writer = Callable[[str, pl.DataFrame], dict[str, Any]]
"""Makes a file of a name from rows."""
_SHEET, _CELL = 1_048_575, 32_767
"""Rows below the headings of a sheet, and characters of a cell, at most."""


def download(name: str, content: bytes) -> dict[str, Any]:
    """What `dcc.Download` takes to save these bytes under a name."""
    return {"filename": name, "content": base64.b64encode(content).decode(), "base64": True}


def csv(name: str, rows: pl.DataFrame) -> dict[str, Any]:
    """A CSV that spreadsheets open as UTF-8; texts that they would run as formulas are quoted."""
    texts = [column for column, kind in rows.schema.items() if kind == pl.String]
    guarded = rows.with_columns(
        pl.when(pl.col(column).str.slice(0, 1).is_in(RUNS))
        .then(pl.lit("'") + pl.col(column))
        .otherwise(pl.col(column))
        .alias(column)
        for column in texts
    )
    return download(name, b"\xef\xbb\xbf" + guarded.write_csv().encode())


def xlsx(name: str, rows: pl.DataFrame) -> dict[str, Any]:
    """A workbook with every row: texts as texts, numbers as numbers, nothing run as a formula.

    Rows beyond what a sheet holds go on in further sheets.
    """
    content = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
               "in_memory": True}  # fmt: skip
    with Workbook(content, options) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        for start in range(0, max(rows.height, 1), _SHEET):
            sheet = book.add_worksheet()
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, rows.columns, head)
            for at, row in enumerate(rows[start : start + _SHEET].iter_rows(), start=1):
                _write(sheet, at, row)
            sheet.autofit(max_width=360)
    return download(name, content.getvalue())


def _write(sheet: Worksheet, at: int, row: tuple[Any, ...]) -> None:
    """One row; what a cell cannot hold goes on behind the last column."""
    beyond = len(row)
    for column, value in enumerate(row):
        if value is None:
            continue
        if isinstance(value, int | float) and not isinstance(value, bool):
            sheet.write_number(at, column, value)
            continue
        text = str(value)
        sheet.write_string(at, column, text[:_CELL])
        for start in range(_CELL, len(text), _CELL):
            sheet.write_string(at, beyond, text[start : start + _CELL])
            beyond += 1
