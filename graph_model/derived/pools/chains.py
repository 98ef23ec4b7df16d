"""Pools as chains of contents in time.

What comes in enters at its earliest moment, what goes out leaves at its latest, and a proof that
the pool was empty breaks the chain. A content is kept for each moment at which something left:
contents between two such moments could not be told apart by anything recorded.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from graph_model.derived.pools.breaks import Breaks
from graph_model.derived.pools.events import PROCESSED
from graph_model.derived.pools.places import around, emptied, placed, tops
from graph_model.derived.records import Records
from graph_model.interval import MAX, MIN
from graph_model.schema import Site


@dataclass(frozen=True)
class Chains:
    """Contents in order of item, place, segment and moment, and what goes into and out of each.

    `entries` and `exits` name their content by its number in `contents`.
    """

    contents: pl.DataFrame
    entries: pl.DataFrame
    exits: pl.DataFrame


def build(records: Records, entries: pl.DataFrame, exits: pl.DataFrame) -> Chains:
    """The chains of all pools."""
    top = tops(records.facts[Site])
    entries, exits, pools = placed(entries, exits, top, around(records.facts[Site], top))
    breaks = Breaks.of(emptied(records, top), pools)
    entries, exits = breaks.cut(entries, exits)
    exits = _supplied(entries, exits, pools, breaks)
    segment = ["item", "place", "segment"]
    # What came in without a lot and was not taken since still lies there.
    lying = entries.filter(pl.col("operation").is_not_null())
    moments = [exits.select(*segment, "at"), lying.select(*segment, at=pl.lit(MAX, pl.Int64))]
    contents = pl.concat(moments).unique().sort(*segment, "at")
    contents = contents.with_columns(content=pl.int_range(pl.len(), dtype=pl.Int64))
    same = pl.struct(segment)
    contents = contents.with_columns(
        before=pl.when(same == same.shift(1)).then(pl.col("content") - 1)
    )
    entries = entries.sort("at").join_asof(
        contents.select(*segment, "at", "content").sort("at"),
        on="at",
        by=segment,
        strategy="forward",
        check_sortedness=False,
    )
    exits = exits.join(contents.select(*segment, "at", "content"), on=[*segment, "at"])
    return Chains(contents, entries.filter(pl.col("content").is_not_null()), exits)


def _supplied(
    entries: pl.DataFrame, exits: pl.DataFrame, pools: pl.DataFrame, breaks: Breaks
) -> pl.DataFrame:
    """Exits, and those that found nothing where they took it, also out of every pool of the item.

    Something was taken that was not there by the records: an arrival is missing, or a count wrong.
    """
    segment = ["item", "place", "segment"]
    first = entries.group_by(segment).agg(first=pl.col("at").min())
    fed = exits.join(first, on=segment).filter(pl.col("at") >= pl.col("first"))
    lost = exits.join(fed.select("number"), on="number", how="anti")
    # Goods that came to another company later are in nothing that it delivered before.
    lost = lost.filter(pl.col("rule") != PROCESSED)
    if lost.is_empty():
        return exits
    lost = lost.drop("place", "segment", "at").unique("number", maintain_order=True)
    anywhere = lost.join(pools.select("item", "place").unique(), on="item")
    anywhere = breaks.of_exits(anywhere.with_columns(t0=pl.lit(MIN)))
    return pl.concat([exits, anywhere.select(exits.columns)]).unique([*segment, "at", "number"])
