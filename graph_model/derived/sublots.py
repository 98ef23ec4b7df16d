"""Parts of a lot: a movement that names the lot only may be of any of its sublots.

For a lot with parts, `L` stands for "produced as L" and the derived lot `L~any` for "taken from L,
part not said": L -> each part, L and each part -> L~any, and L~any -> whatever took L. Two nodes
keep one part's fate apart from another's, and the number of flows linear.
"""

from __future__ import annotations

import polars as pl

from graph_model import derived
from graph_model.schema import Consumed, Produced, Shipped

RULE = "sublot"


def derive(lots: pl.DataFrame, moves: dict[type, pl.DataFrame]) -> derived.Derived:
    """The flows between lots and their recorded parts."""
    parts = lots.filter(pl.col("parent").is_not_null()).select(
        part=pl.col("key"), lot=pl.col("parent"), item=pl.col("item")
    )
    if parts.is_empty():
        return derived.empty()
    whole = (
        parts.select("lot")
        .unique()
        .sort("lot")
        .join(lots.rename({"key": "lot"}), on="lot", how="inner")
    )
    any_part = pl.col("lot") + "~any"
    spread, gather = "~part/spread/" + pl.col("lot"), "~part/gather/" + pl.col("lot")
    timeless = {"t0": pl.lit(None, pl.Int64), "t1": pl.lit(None, pl.Int64), "rule": pl.lit(RULE)}

    def taken(kind: type, end: str) -> pl.DataFrame:
        rows = moves[kind].join(whole.select("lot"), on="lot", how="semi")
        return rows.select(any_part.alias("lot"), end, "item", "t0", "t1", rule=pl.lit(RULE))

    lot_in = whole.select("lot", "item", operation=spread, **timeless)
    all_in = pl.concat(
        [
            lot_in,
            whole.select("lot", "item", operation=gather, **timeless),
            parts.select(pl.col("part").alias("lot"), "item", operation=gather, **timeless),
            taken(Consumed, "operation").select("lot", "item", "operation", "t0", "t1", "rule"),
        ]
    )
    all_out = pl.concat(
        [
            parts.select(pl.col("part").alias("lot"), "item", operation=spread, **timeless),
            whole.select(any_part.alias("lot"), "item", operation=gather, **timeless),
        ]
    )
    steps = pl.concat(
        [
            whole.select(key=spread, company="owner", number="lot"),
            whole.select(key=gather, company="owner", number="lot"),
        ]
    )
    return derived.Derived(
        lots=derived.lots(
            whole.select(
                any_part.alias("key"),
                "owner",
                "item_code",
                "lot_no",
                "item",
                sublot=pl.lit("~any"),
                kind=pl.lit("part"),
                rule=pl.lit(RULE),
            )
        ),
        operations=derived.operations(
            steps.with_columns(kind=pl.lit("part"), status=pl.lit("closed"), rule=pl.lit(RULE))
        ),
        consumed=derived.movements(all_in, Consumed),
        produced=derived.movements(all_out, Produced),
        shipped=derived.movements(taken(Shipped, "shipment"), Shipped),
    )
