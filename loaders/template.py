"""The import template: a workbook with every sheet in both languages, examples and a guide."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import xlsxwriter

from graph_model.errors import BadInput
from graph_model.i18n import text
from loaders.headings import both, guide_name
from loaders.plant.sheets import SHEETS, Sheet, type_of

RULES = (
    "optional",
    "examples",
    "headings",
    "numbers",
    "times",
    "lots",
    "lines",
    "orders",
    "again",
    "aside",
)


def write_template(path: Path) -> None:
    """Writes the workbook; an existing file is replaced. Raises BadInput where it cannot."""
    if path.suffix.lower() != ".xlsx":
        raise BadInput("template_suffix", path=str(path))
    try:
        with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
            formats = {
                "head": book.add_format({"bold": True, "text_wrap": True, "bg_color": "#DDEBF7"}),
                "text": book.add_format({"num_format": "@"}),
                "example": book.add_format({"num_format": "@", "font_color": "#808080"}),
                "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
                "title": book.add_format({"bold": True, "font_size": 14}),
            }
            _guide(book, formats)
            for sheet in SHEETS:
                _page(book, sheet, formats)
    except (OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise BadInput("template_unwritable", path=str(path)) from error


@cache
def examples() -> dict[str, list[dict[str, str]]]:
    """Rows by sheet and field that show how to fill a sheet in."""
    source = files("loaders.plant").joinpath("examples.json").read_text(encoding="utf-8")
    found: dict[str, list[dict[str, str]]] = json.loads(source)
    return found


def _page(book: Any, sheet: Sheet, formats: dict[str, Any]) -> None:
    page = book.add_worksheet(both(f"import.sheet.{sheet.name}"))
    rows = examples()[sheet.name]
    for column, name in enumerate(sheet.fields):
        kept = formats["text"] if type_of(name) != "number" else None
        page.set_column(column, column, 16, kept)
        page.write_string(0, column, both(f"import.field.{name}"), formats["head"])
        page.write_comment(0, column, "\n".join(_two("help", name)))
        for row, example in enumerate(rows, start=1):
            if name in example:
                page.write_string(row, column, example[name], formats["example"])
    page.set_row(0, 32)
    page.freeze_panes(1, 0)


def _guide(book: Any, formats: dict[str, Any]) -> None:
    page = book.add_worksheet(guide_name())
    page.set_column(0, 1, 26)
    page.set_column(2, 3, 60, formats["wrap"])
    for row, (cells, style) in enumerate(_guide_rows()):
        if style == "rule":
            page.merge_range(row, 0, row, 3, cells[0], formats["wrap"])
            continue
        for column, cell in enumerate(cells):
            page.write_string(row, column, cell, formats.get(style))


def _guide_rows() -> Iterator[tuple[tuple[str, ...], str]]:
    """Cells and style of each row of the guide."""
    for lang in ("zh_CN", "en"):
        yield (text("template.title", lang),), "title"
        yield from (((text(f"template.rules.{rule}", lang),), "rule") for rule in RULES)
        yield (), ""
    for sheet in SHEETS:
        yield (both(f"import.sheet.{sheet.name}"), sheet.name, *_two("about", sheet.name)), "head"
        for name in sheet.fields:
            yield (both(f"import.field.{name}"), name, *_two("help", name)), ""
        yield (), ""


def _two(area: str, name: str) -> tuple[str, str]:
    return text(f"template.{area}.{name}", "zh_CN"), text(f"template.{area}.{name}", "en")
