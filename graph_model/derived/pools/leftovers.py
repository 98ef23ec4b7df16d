"""What orders did not use up: left at the line, or given back without a lot.

It is any of the item that the order had: its lots, and the mixed stock that it took from.
"""

from __future__ import annotations

import polars as pl

from graph_model.derived.gaps import OVER
from graph_model.derived.pools.events import ENTRY, OWN, UNLOTTED, shaped
from graph_model.derived.records import Records
from graph_model.interval import MAX
from graph_model.schema import Consumed, Returned


def entries(records: Records, exits: pl.DataFrame, fits: pl.DataFrame) -> pl.DataFrame:
    """The rests of orders as entries: at the line, or where a return brought them."""
    rests = _rests(records)
    if rests.is_empty():
        return shaped(rests, ENTRY)
    had = _had(records, exits, fits, rests)
    named = rests.filter(pl.col("item").is_not_null()).join(had, on=["order", "item"])
    nameless = rests.filter(pl.col("item").is_null()).drop("item").join(had, on="order")
    rows = pl.concat([named, nameless.select(named.columns)])
    at_line = pl.col("rule") == OVER
    rows = rows.with_columns(
        place=pl.when(at_line).then("site").otherwise("place"),
        t0=pl.when(at_line).then("issued").otherwise("t0"),
    )
    return shaped(rows, ENTRY, holder=OWN)


def mixed(records: Records, exits: pl.DataFrame) -> pl.DataFrame:
    """Exits into orders that had a rest: operation, order, item, t0, and the `lot` it goes by."""
    rests = _rests(records).select("order", "item").unique()
    steps = records.orders.join(rests.select("order").unique(), on="order", how="semi")
    taken = exits.select("operation", "item", "t0").drop_nulls("operation")
    taken = taken.join(steps.select("operation", "order", "site"), on="operation")
    nameless = rests.filter(pl.col("item").is_null()).select("order")
    found = pl.concat(
        [
            taken.join(rests, on=["order", "item"], how="semi"),
            taken.join(nameless, on="order", how="semi"),
        ]
    ).unique(["operation", "item"], maintain_order=True)
    return found.with_columns(lot=pl.concat_str([pl.lit("~had"), "order", "item"], separator="|"))


def _rests(records: Records) -> pl.DataFrame:
    """order, item (null: any of the order), place, t0, t1, rule."""
    over = records.gaps.over.select("item", "rule", order="operation").with_columns(
        place=pl.lit(None, pl.String), t0=pl.lit(None, pl.Int64), t1=pl.lit(MAX)
    )
    back = records.moves[Returned].filter(pl.col("lot").is_null() | pl.col("proposed"))
    back = back.join(records.orders.select("operation", "order"), on="operation")
    back = back.select("order", "item", "t0", "t1", place="to_place", rule=pl.lit(UNLOTTED))
    return pl.concat([over.select(back.columns), back])


def _had(
    records: Records, exits: pl.DataFrame, fits: pl.DataFrame, rests: pl.DataFrame
) -> pl.DataFrame:
    """order, item, lot, site, issued (from when) of all that the orders with rests took."""
    steps = records.orders.join(rests.select("order").unique(), on="order", how="semi")
    steps = steps.select("operation", "order", "site")
    names = ["order", "item", "lot", "site", "t0"]
    lots = records.moves[Consumed].select("operation", "item", "lot", "t0").drop_nulls("lot")
    numbers = fits.select("operation", "item", "lot", "t0").drop_nulls("operation")
    parts = [frame.join(steps, on="operation") for frame in (lots, numbers)]
    parts.append(mixed(records, exits))
    return pl.concat([part.select(names) for part in parts]).rename({"t0": "issued"})
