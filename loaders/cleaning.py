"""Cells as people type them -> values, column by column.

Numbers on labels stay text: leading zeros, `1e5` and full-width forms are read as printed.
Each column is looked over once; only the cells that need it are rewritten.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import polars as pl

from graph_model.keys import INVISIBLE

_NOT_PLAIN = r"[^\x21-\x7e]"
_UNCLEAN = r"[^\x20-\x7e]|^ | $|  |^$"
_GUARDED = r"^['=]|\.0"


def _rewritten(
    column: pl.Series, cells: pl.Series, act: Callable[[pl.Series], pl.Series]
) -> pl.Series:
    """The column with `act` on the marked cells, each distinct text once."""
    if not cells.any():
        return column
    written = column.filter(cells).unique()
    return column.replace(written, act(written))


def clean_text(column: pl.Series) -> pl.Series:
    """Text without invisible characters and outer blanks, in NFKC; null where nothing is left."""
    if not column.str.contains(_NOT_PLAIN).any() and not (column == "").any():
        return column
    return _rewritten(column, column.str.contains(_UNCLEAN), _cleaned)


def _cleaned(column: pl.Series) -> pl.Series:
    column = column.str.normalize("NFKC").str.replace_all(INVISIBLE, "")
    column = column.str.replace_all(r"\s+", " ").str.strip_chars()
    return column.set(column == "", None)


def clean_code(column: pl.Series) -> pl.Series:
    """Numbers of lots, items, documents as printed.

    Spreadsheets hand `240101` over as `240101.0`, and `="00123"` guards leading zeros.
    """
    column = clean_text(column)
    return _rewritten(column, column.str.contains(_GUARDED), _unguarded)


def _unguarded(column: pl.Series) -> pl.Series:
    column = column.str.replace(r'^="(.*)"$', "$1").str.replace(r"^'", "")
    column = column.str.replace(r"^(\d+)\.0+$", "$1")
    return column.set(column == "", None)


def clean_number(column: pl.Series) -> pl.Series:
    """Amounts, rounded to 6 places; thousands separators, decimal commas and % understood."""
    plain = column.cast(pl.Float64, strict=False)
    if plain.null_count() > column.null_count():
        odd = plain.is_null() & column.is_not_null()
        written = column.filter(odd).unique()
        plain = plain.zip_with(
            ~odd,
            column.set(~odd, None).replace_strict(
                written, _number(written), default=None, return_dtype=pl.Float64
            ),
        )
    return plain.set(~plain.is_finite(), None).round(6).alias(column.name)


def _number(column: pl.Series) -> pl.Series:
    text = clean_text(column).str.replace_all(r"[\s'’_¥$€£]", "")
    percent = text.str.ends_with("%")
    text = text.str.strip_suffix("%")
    grouped = text.str.contains(r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$")
    european = text.str.contains(r"^[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+$") & ~grouped
    frame = pl.DataFrame({"t": text, "g": grouped, "e": european, "p": percent})
    return frame.select(
        pl.when("g")
        .then(pl.col("t").str.replace_all(",", ""))
        .when("e")
        .then(pl.col("t").str.replace_all(r"\.", "").str.replace(",", "."))
        .otherwise("t")
        .cast(pl.Float64, strict=False)
        / pl.when("p").then(100.0).otherwise(1.0)
    ).to_series()


def cell_text(value: object) -> str:
    """A spreadsheet cell as text: whole numbers without `.0`, dates in ISO form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        # Spreadsheets keep times as fractions of a day, off by microseconds.
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)
