"""Exports as an MES or a WMS writes them: workbooks with titles and merged headings, old encodings.

Headings are the first ones of the profiles, which are made up by us: no vendor's file was at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from loaders.sources.forms import Form, profile
from tests.emulators import carrying


def carried(sheets: Mapping[str, pl.DataFrame], kind: str, names: list[str]) -> carrying.Sheets:
    """The sheets with what some forms of a kind carry; a delivery has one number."""
    forms = [profile(kind)[name] for name in names]
    changes = {"shipments": {"delivery_no": pl.col("doc_no")}}
    found = carrying.carried(sheets, forms, "2026-11-20", changes)
    if "stock" in found and "as_of" in sheets["stock"].columns:
        found["stock"] = found["stock"].with_columns(as_of=sheets["stock"]["as_of"])
    return found


def rows_of(form: Form, frame: pl.DataFrame) -> tuple[list[str], list[list[Any]]]:
    """(headings, rows) of an export; a heading that several fields have is written once."""
    headings: dict[str, str] = {}
    for name, keys in form.fields.items():
        if name in frame.columns or keys[0] in form.required:
            headings.setdefault(keys[0], name)
    back = {name: {code: word for word, code in words.items()}
            for name, words in form.values.items()}  # fmt: skip
    rows = [
        [back.get(name, {}).get(str(row.get(name)), row.get(name)) for name in headings.values()]
        for row in frame.to_dicts()
    ]
    return list(headings), rows


def write_csv(form: Form, frame: pl.DataFrame, file: Path, encoding: str) -> None:
    """A text file."""
    headings, rows = rows_of(form, frame)
    lines = [headings, *([("" if cell is None else str(cell)) for cell in row] for row in rows)]
    file.write_bytes("\r\n".join(",".join(line) for line in lines).encode(encoding))


def write_workbook(form: Form, frame: pl.DataFrame, file: Path) -> None:
    """A workbook with a title, and headings like `工艺参数/名称` merged over two rows."""
    headings, rows = rows_of(form, frame)
    with xlsxwriter.Workbook(str(file)) as book:
        page = book.add_worksheet("Sheet1")
        page.merge_range(0, 0, 0, len(headings) - 1, "车间数据导出 2026-11")
        groups: dict[str, list[int]] = {}
        for column, heading in enumerate(headings):
            above, slash, below = heading.partition("/")
            if slash and above == "工艺参数":
                groups.setdefault(above, []).append(column)
                page.write_string(2, column, below)
            else:
                page.merge_range(1, column, 2, column, heading)
        for above, columns in groups.items():
            page.merge_range(1, columns[0], 1, columns[-1], above)
        for number, row in enumerate(rows, start=3):
            for column, cell in enumerate(row):
                page.write(number, column, cell)
