"""Two numbers for one lot, as flows both ways; what is packed leaves with its container."""

from __future__ import annotations

import polars as pl

from graph_model import derived
from graph_model.derived.codes import Codes

RULE, PACKED = "same_lot", "packed"


def packed(packings: pl.DataFrame, shipped: pl.DataFrame) -> derived.Derived:
    """What is packed leaves with its container, however deep. Packed together is not kinship."""
    held = packings.select("lot", "container").drop_nulls().unique()
    rows = shipped.select("shipment", "t0", "t1", "lot").drop_nulls("lot")
    found = rows.clear()
    while len(rows):
        inside = rows.join(held, left_on="lot", right_on="container", suffix="_held")
        inside = inside.select("shipment", "t0", "t1", lot="lot_held").select(found.columns)
        rows = inside.unique().join(found, on=found.columns, how="anti")
        found = pl.concat([found, rows])
    found = found.with_columns(item=pl.lit(None, pl.String), rule=pl.lit(PACKED))
    return derived.of(shipped=found)


def derive(
    lots: pl.DataFrame, aliases: pl.DataFrame, decisions: pl.DataFrame, codes: Codes
) -> derived.Derived:
    """A flow each way between the lots that are one."""
    pairs = pl.concat(
        [
            aliases.filter(pl.col("kind") == "lot").select(one="alias", other="target"),
            decisions.filter(pl.col("kind") == "same_lot").select(one="subject", other="target"),
            _renumbered(lots, codes),
        ]
    ).filter(pl.col("one") != pl.col("other"))
    if pairs.is_empty():
        return derived.empty()
    known = lots.select("key")
    pairs = pairs.join(known, left_on="one", right_on="key", how="semi")
    pairs = pairs.join(known, left_on="other", right_on="key", how="semi")
    both = pl.concat([pairs, pairs.select(one="other", other="one")]).unique().sort("one", "other")
    both = both.with_columns(
        operation=pl.concat_str([pl.lit("~same"), "one", "other"], separator="|"),
        rule=pl.lit(RULE),
        t0=pl.lit(None, pl.Int64),
        t1=pl.lit(None, pl.Int64),
        item=pl.lit(None, pl.String),
    )
    return derived.of(
        operations=both.select(
            "rule",
            key="operation",
            company=pl.lit("~"),
            kind=pl.lit("rename"),
            number="operation",
            status=pl.lit("closed"),
        ),
        consumed=both.with_columns(lot="one"),
        produced=both.with_columns(lot="other"),
    )


def _renumbered(lots: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """Lots of one number under several codes of their item or owner, each with the first of them.

    The usual code need not have the lot itself: two other codes for one thing are one thing too.
    """
    if not codes.items and not codes.companies:
        return pl.DataFrame(schema={"one": pl.String, "other": pl.String})
    same = lots.select(
        "key", "lot_no", "sublot", owner=codes.company("owner"), item=codes.item()
    ).with_columns(first=pl.col("key").min().over("owner", "item", "lot_no", "sublot"))
    return same.select(one="first", other="key").filter(pl.col("one") != pl.col("other"))
