"""Workbooks as factories write them, with what each column means: `NN_name.toml`.

Rows are lines, cells stand between bars; `'` in front keeps digits as text, `\\n` breaks a line
within a cell. `merged` lists merged cells, `columns` the meaning by letter ("": none).
"""

from __future__ import annotations

import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl

FILES = sorted(Path(__file__).parent.glob("*.toml"))


def described(file: Path) -> list[dict[str, Any]]:
    """The sheets of a workbook as its file describes them."""
    sheets: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["sheet"]
    return sheets


def write(file: Path, folder: Path) -> Path:
    """The workbook as Excel."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for described_sheet in described(file):
        page = book.create_sheet(described_sheet["name"])
        lines = described_sheet["rows"].strip("\n").split("\n")
        for at, line in enumerate(lines, start=1):
            for column, cell in enumerate(line.split("|"), start=1):
                if (value := _value(cell.strip())) is not None:
                    page.cell(at, column, value)
        for span in described_sheet.get("merged", ()):
            page.merge_cells(span)
    path = folder / f"{file.stem}.xlsx"
    book.save(path)
    return path


def _value(cell: str) -> Any:
    if cell.startswith("'"):
        return cell[1:]
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell):
        return datetime.fromisoformat(cell)
    if re.fullmatch(r"-?\d+(\.\d+)?", cell):
        return float(cell)
    return cell.replace("\\n", "\n") or None
