"""Dates as written outside China, day or month first, as the year-first ones that are read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import polars as pl

from loaders.plant.sheets import DATES, STAMPS, Sheet

Order = Literal["dmy", "mdy", ""]
ORDERS: tuple[Order, ...] = ("dmy", "mdy")

_FIGURES = r"^\s*(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})\b"
_MONTHS = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
_NAMED = r"(?i)^\s*(\d{1,2})[-/. ]%s[a-z]*[-/. ,]+(\d{4}|\d{2})\b"


def order_of(values: Iterable[str]) -> Order:
    """Whether day or month stands first, where a number above 12 tells it; else ""."""
    found = [match for value in values if (match := re.match(_FIGURES, value))]
    first = any(int(each[1]) > 12 for each in found)
    second = any(int(each[2]) > 12 for each in found)
    if first == second:
        return ""
    return "dmy" if first else "mdy"


def year_first(frame: pl.DataFrame, sheet: Sheet, order: str) -> pl.DataFrame:
    """All times of the sheet with their year first; what has another form stays as it is."""
    names = [name for name in sheet.fields if name in DATES | STAMPS]
    return frame.with_columns(_turned(pl.col(name), order).alias(name) for name in names)


def _turned(column: pl.Expr, order: str) -> pl.Expr:
    day, month = ("$1", "$2") if order == "dmy" else ("$2", "$1")
    turned = column.str.replace(_FIGURES, f"${{3}}-{month}-{day}")
    for number, name in enumerate(_MONTHS, start=1):
        turned = turned.str.replace(_NAMED % name, f"${{2}}-{number}-$1")
    # A year of two figures is of this century.
    return turned.str.replace(r"^(\d\d)-(\d{1,2}-\d{1,2})\b", "20$1-$2")
