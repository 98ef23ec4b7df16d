"""Files for the browser: exactly what is asked, all rows."""

from __future__ import annotations

import base64
from typing import Any

import polars as pl

_FORMULA = r"^[=+\-@\t\r]"


def download(name: str, content: bytes) -> dict[str, Any]:
    """What `dcc.Download` takes to save these bytes under a name."""
    return {"filename": name, "content": base64.b64encode(content).decode(), "base64": True}


def csv(name: str, rows: pl.DataFrame) -> dict[str, Any]:
    """A CSV that spreadsheets open as UTF-8; texts that they would run as formulas are quoted."""
    texts = [column for column, kind in rows.schema.items() if kind == pl.String]
    guarded = rows.with_columns(
        pl.when(pl.col(column).str.contains(_FORMULA))
        .then(pl.lit("'") + pl.col(column))
        .otherwise(pl.col(column))
        .alias(column)
        for column in texts
    )
    return download(name, b"\xef\xbb\xbf" + guarded.write_csv().encode())
