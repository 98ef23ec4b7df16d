"""What other records prove: an order had a lot that came back from it, though no issue names it.

A lot that one company uses without any origin, under a number that another company has for the
same item, may be that lot: a transfer between the two was not recorded.
"""

from __future__ import annotations

import polars as pl

from graph_model import derived
from graph_model.derived.records import Records
from graph_model.interval import MIN
from graph_model.schema import Consumed, Operation, Produced, Returned, Shipped

RETURNED, NUMBER = "returned_only", "same_number"


def derive(records: Records) -> derived.Derived:
    """Issues that only a return tells of, and transfers that only the number tells of."""
    return derived.Derived.merge(_issues(records), _transfers(records))


def _issues(records: Records) -> derived.Derived:
    """Lots given back by an order that no issue of the order names: part may have been used."""
    steps = records.orders.select("operation", "order")
    back = records.moves[Returned].filter(pl.col("lot").is_not_null() & ~pl.col("proposed"))
    back = back.select("operation", "lot", "item", "t1").join(steps, on="operation")
    had = records.moves[Consumed].select("operation", "lot").join(steps, on="operation")
    rows = back.join(had, on=["order", "lot"], how="anti")
    return derived.of(consumed=rows.with_columns(t0=pl.lit(MIN), rule=pl.lit(RETURNED)))


def _transfers(records: Records) -> derived.Derived:
    """Lots without origin, each out of the equal lots of other owners."""
    moves = records.moves
    network = pl.col("posting_method").eq_missing("network")
    used = pl.concat(moves[kind].filter(~network).select("lot") for kind in (Consumed, Shipped))
    arrived = pl.col("kind").is_in(["receive", "opening"])
    steps = records.facts[Operation].filter(arrived).select(operation="key")
    came = moves[Consumed].join(steps, on="operation", how="semi").select("lot")
    numbered = records.lots.filter((pl.col("lot_no") != "") & (pl.col("item_code") != ""))
    bare = numbered.join(used.drop_nulls().unique(), left_on="key", right_on="lot", how="semi")
    bare = bare.join(moves[Produced].select("lot"), left_on="key", right_on="lot", how="anti")
    bare = bare.join(came, left_on="key", right_on="lot", how="anti")
    names = ["item_code", "lot_no", "sublot"]
    pairs = bare.select(*names, "owner", "item", "key").join(
        numbered.select(*names, lot="key", other="owner"), on=names
    )
    pairs = pairs.filter(pl.col("owner") != pl.col("other")).sort("key", "lot")
    if pairs.is_empty():
        return derived.empty()
    flows = pairs.with_columns(
        operation="~number|" + pl.col("key"), rule=pl.lit(NUMBER),
        t0=pl.lit(None, pl.Int64), t1=pl.lit(None, pl.Int64),
    )  # fmt: skip
    return derived.of(
        operations=flows.select(
            "rule", key="operation", company=pl.lit("~"), kind=pl.lit("transfer"),
            number="operation", status=pl.lit("closed"),
        ),
        consumed=flows,
        produced=flows.with_columns(lot="key"),
    )  # fmt: skip
