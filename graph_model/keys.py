"""Text keys: deterministic, made from the row itself alone, parts joined by `/`.

`/`, `#` and `%` inside a part are percent-encoded, so a key can be taken apart again.
A lot is `OWNER/ITEM/LOTNO`, with `#SUBLOT` where it has one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote

import polars as pl

INVISIBLE = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad"
    r"\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe]"
)
"""Zero-width and direction marks, soft hyphen, byte order marks, control characters."""
_ESCAPES = (("%", "%25"), ("/", "%2F"), ("#", "%23"))


def escape(part: str) -> str:
    """One part of a key, safe to join."""
    for char, code in _ESCAPES:
        part = part.replace(char, code)
    return part


def plain(number: str) -> str:
    """A number as the records keep it: without invisible characters and outer blanks, in NFKC."""
    return " ".join(re.sub(INVISIBLE, "", unicodedata.normalize("NFKC", number)).split())


GS1 = "GS1"
"""Whose numbering GTINs and SSCCs are: they are unique in the whole world."""
UNNUMBERED = "?/"
"""How the number begins of a step whose row names no document: the row's own number follows."""
MIXED = "~pool"
"""Lot number that stands for the mixed stock of an item."""


def join(*parts: str) -> str:
    """A key from its parts."""
    return "/".join(escape(part) for part in parts)


def parts(key: str) -> list[str]:
    """The parts of a key, unescaped."""
    return [unquote(part) for part in key.split("/")]


def lot_key(owner: str, item_code: str, lot_no: str, sublot: str = "") -> str:
    """Key of a lot."""
    key = join(owner, item_code, lot_no)
    return f"{key}#{escape(sublot)}" if sublot else key


def lot_parts(key: str) -> tuple[str, str, str, str]:
    """(owner, item_code, lot_no, sublot) of a lot key."""
    lot, _, sublot = key.partition("#")
    owner, item_code, lot_no = parts(lot)
    return owner, item_code, lot_no, unquote(sublot)


def whole(lot: str) -> str:
    """Key of the whole lot that a key is of, or of a part of."""
    return lot.partition("#")[0]


def _escaped(part: pl.Expr) -> pl.Expr:
    return part.map_batches(_escape_all, return_dtype=pl.String, is_elementwise=True)


def _escape_all(part: pl.Series) -> pl.Series:
    """Few numbers hold a mark: one look is cheaper than three replacements."""
    part = part.cast(pl.String)
    if part.str.contains("[%/#]").any():
        for char, code in _ESCAPES:
            part = part.str.replace_all(char, code, literal=True)
    return part


def join_columns(*columns: pl.Expr | str) -> pl.Expr:
    """Key column from part columns; null where any part is null. Text arguments are literals."""
    exprs: Iterable[pl.Expr] = (
        pl.lit(escape(part)) if isinstance(part, str) else _escaped(part) for part in columns
    )
    return pl.concat_str(list(exprs), separator="/", ignore_nulls=False)


def lot_key_column(
    owner: pl.Expr, item_code: pl.Expr, lot_no: pl.Expr, sublot: pl.Expr | None = None
) -> pl.Expr:
    """Lot keys; null where owner, item or number is null."""
    key = join_columns(owner, item_code, lot_no)
    if sublot is None:
        return key
    suffix = pl.when(sublot.fill_null("") != "").then(pl.lit("#") + _escaped(sublot))
    return key + suffix.otherwise(pl.lit(""))
