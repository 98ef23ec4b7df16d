"""Outputs of an order that only exact pairs name: what is not paired may have gone there too.

An issue that names its output is a part of the order, an operation of its own. Where no receipt
names that output, the order as a whole made it nevertheless.
"""

from __future__ import annotations

import polars as pl

from graph_model import derived
from graph_model.derived.records import Records
from graph_model.schema import Produced

RULE = "order_output"


def derive(records: Records) -> derived.Derived:
    """A flow from the whole order to each output that only its parts name."""
    parts = records.orders.filter(pl.col("operation") != pl.col("order"))
    if parts.is_empty():
        return derived.empty()
    made = records.moves[Produced].drop_nulls("lot")
    paired = made.join(parts.select("operation", "order"), on="operation")
    paired = paired.select("lot", "item", "t0", "t1", operation="order", rule=pl.lit(RULE))
    return derived.of(
        produced=paired.join(made.select("operation", "lot"), on=["operation", "lot"], how="anti")
    )
