"""Issues and outputs that name no order: they may be of any order of their company.

What was issued to an order that nobody knows lies in mixed stock of its own, from which every
order may have taken; what came of such an order may be of any that made its item.
"""

from __future__ import annotations

from functools import reduce

import polars as pl

from graph_model.derived.pools.events import ENTRY, EXIT, ORDERLESS, OWN, UNKNOWN_ORDER, shaped
from graph_model.derived.records import Records
from graph_model.interval import MAX
from graph_model.keys import UNNUMBERED
from graph_model.schema import Consumed, Operation, Produced


def events(records: Records, ends: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What comes into mixed stock of unknown orders, and goes out of it."""
    steps = _steps(records, ends)
    # An event, or a step of a delivery network, is a step of its own without being of an order.
    made_up = pl.col("number").str.starts_with(UNNUMBERED).fill_null(False)
    nameless = steps.filter(pl.col("work_order_no").is_null() & made_up)
    issued = nameless.filter(~pl.col("gives"))
    received = nameless.filter(~pl.col("takes"))
    used = records.moves[Consumed].select("operation", "item").drop_nulls().unique()
    made = records.moves[Produced].select("operation", "item").drop_nulls().unique()
    issued, received = issued.join(used, on="operation"), received.join(made, on="operation")
    # One stock of all goods: each order may have taken of any, whichever it was.
    issued = issued.with_columns(item=pl.col("company") + "/")
    takers = steps.filter("gives").join(issued.select("company", "item").unique(), on="company")
    # An order that does not tell its product may have made any of these.
    told = pl.col("made").is_null() | (pl.col("made") == pl.col("item"))
    makers = steps.filter("takes").join(received.select("company", "item").unique(), on="company")
    makers = makers.filter(told)
    same = {"place": ORDERLESS, "holder": OWN, "rule": UNKNOWN_ORDER}
    came = [shaped(rows, ENTRY, **same, t1=MAX) for rows in (issued, makers)]
    left = [shaped(rows, EXIT, **same) for rows in (takers, received)]
    return pl.concat(came), pl.concat(left)


def _steps(records: Records, ends: pl.DataFrame) -> pl.DataFrame:
    """operation, company, number, work_order_no, made, t0 of its inputs, t1 of its outputs."""
    about = records.facts[Operation].select("company", "number", "work_order_no", operation="key")
    began = (
        records.moves[Consumed].group_by("operation").agg(pl.col("t0").min(), takes=pl.lit(True))
    )
    gave = records.moves[Produced].select("operation").unique().with_columns(gives=pl.lit(True))
    orders = records.orders.filter(pl.col("kind").is_in(["produce", "rework"]))
    parts = [orders.select("operation", "made"), about, began, gave, ends]
    joined = reduce(lambda left, right: left.join(right, on="operation", how="left"), parts)
    return joined.with_columns(pl.col("takes", "gives").fill_null(False))
