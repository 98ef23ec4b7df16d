"""Two numbers for one lot, as flows both ways; what is packed leaves with its container."""

from __future__ import annotations

import polars as pl

from graph_model import derived
from graph_model.schema import Consumed, Produced, Shipped

RULE, PACKED = "same_lot", "packed"


def packed(packings: pl.DataFrame, shipped: pl.DataFrame) -> derived.Derived:
    """What is packed leaves with its container. Packed together, lots do not become kin."""
    held = packings.select("lot", container="container")
    rows = shipped.select("shipment", "t0", "t1", container="lot").join(held, on="container")
    none = derived.empty()
    rows = rows.with_columns(item=pl.lit(None, pl.String), rule=pl.lit(PACKED))
    return derived.Derived(
        none.lots,
        none.operations,
        none.consumed,
        none.produced,
        derived.movements(rows, Shipped),
    )


def derive(lots: pl.DataFrame, aliases: pl.DataFrame, decisions: pl.DataFrame) -> derived.Derived:
    """A flow each way between the lots that are one."""
    pairs = pl.concat(
        [
            aliases.filter(pl.col("kind") == "lot").select(one="alias", other="target"),
            decisions.filter(pl.col("kind") == "same_lot").select(one="subject", other="target"),
            _renumbered(lots, aliases),
        ]
    ).filter(pl.col("one") != pl.col("other"))
    known = lots.select("key")
    pairs = pairs.join(known, left_on="one", right_on="key", how="semi")
    pairs = pairs.join(known, left_on="other", right_on="key", how="semi")
    if pairs.is_empty():
        return derived.empty()
    both = pl.concat([pairs, pairs.select(one="other", other="one")]).unique().sort("one", "other")
    both = both.with_columns(
        operation=pl.concat_str([pl.lit("~same"), "one", "other"], separator="|"),
        rule=pl.lit(RULE),
        t0=pl.lit(None, pl.Int64),
        t1=pl.lit(None, pl.Int64),
        item=pl.lit(None, pl.String),
    )
    return derived.Derived(
        lots=derived.empty().lots,
        operations=derived.operations(
            both.select(
                "rule",
                key="operation",
                company=pl.lit("~"),
                kind=pl.lit("rename"),
                number="operation",
                status=pl.lit("closed"),
            )
        ),
        consumed=derived.movements(both.with_columns(lot="one"), Consumed),
        produced=derived.movements(both.with_columns(lot="other"), Produced),
        shipped=derived.movements(pl.DataFrame(), Shipped),
    )


def _renumbered(lots: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Lots under an alias of their item or owner, paired with the lot under the usual code."""
    items = aliases.filter(pl.col("kind") == "item").select(item="alias", item_to="target")
    owners = aliases.filter(pl.col("kind") == "company").select(owner="alias", owner_to="target")
    if items.is_empty() and owners.is_empty():
        return pl.DataFrame(schema={"one": pl.String, "other": pl.String})
    named = lots.select("key", "owner", "item", "lot_no", "sublot")
    moved = named.join(items.unique("item"), on="item", how="left").join(
        owners.unique("owner"), on="owner", how="left"
    )
    moved = moved.filter(pl.col("item_to").is_not_null() | pl.col("owner_to").is_not_null())
    moved = moved.select(
        one="key",
        owner=pl.coalesce("owner_to", "owner"),
        item=pl.coalesce("item_to", "item"),
        lot_no="lot_no",
        sublot="sublot",
    )
    return moved.join(
        named.rename({"key": "other"}), on=["owner", "item", "lot_no", "sublot"], nulls_equal=True
    ).select("one", "other")
