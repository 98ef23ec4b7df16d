"""Pools as chains of contents in time.

What comes in enters at its earliest moment, what goes out leaves at its latest, and a proof that
the pool was empty breaks the chain. A content is kept where something left, and only one for all
that left between two arrivals: they took from the same lots.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from graph_model.derived.pools.breaks import Breaks
from graph_model.derived.pools.events import PROCESSED, UNKNOWN_ORDER
from graph_model.derived.pools.places import around, at_top, emptied, found, placed, tops
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
    entries, exits = at_top(entries, top), at_top(exits, top)
    pools, reach = found(entries, exits)
    breaks = Breaks.of(emptied(records, top), pools)
    inside = around(records.facts[Site], top)
    entries, exits, pools = placed(entries, exits, pools, reach, inside, breaks.pools())
    entries, exits = breaks.cut(entries, exits)
    exits = _supplied(entries, exits, pools, breaks)
    segment = ["item", "place", "segment"]
    # What came in without a lot and was not taken since still lies there.
    lying = entries.filter(pl.col("operation").is_not_null()).select(*segment, at=pl.lit(MAX))
    exits, lying = (_arrived(part, entries, segment) for part in (exits, lying))
    moments = [part.select(*segment, "at") for part in (exits, lying)]
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


def _arrived(events: pl.DataFrame, entries: pl.DataFrame, segment: list[str]) -> pl.DataFrame:
    """The events with `at`, the moment of the last arrival by then; MIN where nothing was there."""
    came = entries.select(*segment, came="at").unique().sort("came")
    found = events.sort("at").join_asof(
        came, left_on="at", right_on="came", by=segment, check_sortedness=False
    )
    return found.with_columns(at=pl.col("came").fill_null(MIN)).drop("came")


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
    # Goods that came to another company later are in nothing that it delivered before, and what was
    # issued to an unknown order is in nothing that was made before. Neither is short of anything.
    lost = lost.filter(~pl.col("rule").is_in([PROCESSED, UNKNOWN_ORDER]))
    if lost.is_empty():
        return exits
    lost = lost.drop("place", "segment", "at").unique("number", maintain_order=True)
    anywhere = lost.join(pools.select("item", "place").unique(), on="item")
    anywhere = breaks.of_exits(anywhere.with_columns(t0=pl.lit(MIN)))
    return pl.concat([exits, anywhere.select(exits.columns)]).unique([*segment, "at", "number"])
