"""The same goods under a wider or narrower name: a lot and its parts, a piece and its number.

What one of the names says of where the goods came from holds for the others.
"""

from __future__ import annotations

import polars as pl

PIECE = "serial"
"""Kind of a lot that is one piece, named by its own number only."""


def pieces(lots: pl.DataFrame) -> pl.DataFrame:
    """lot, other: a piece by its own number, and the part of a lot that goes by this number."""
    named = lots.filter(pl.col("kind") == PIECE).select("owner", "item_code", "lot_no", lot="key")
    parts = lots.filter(pl.col("sublot") != "")
    parts = parts.select("owner", "item_code", lot_no="sublot", other="key")
    return named.join(parts, on=["owner", "item_code", "lot_no"]).select("lot", "other")


def of(lots: pl.DataFrame) -> pl.DataFrame:
    """lot, other: every other name of a lot's goods, or of some of them."""
    parts = lots.select(lot="key", other="parent").drop_nulls()
    same = pieces(lots)
    whole = same.join(parts, left_on="other", right_on="lot").select("lot", other="other_right")
    both = pl.concat([parts, parts.select(lot="other", other="lot"), same, whole])
    return both.unique().sort("lot", "other")
