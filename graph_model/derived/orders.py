"""Orders with exact pairs: what pairs leave open between the order and its parts.

An issue that names its output is a part of the order, an operation of its own. Where no receipt
names that output, the order as a whole made it nevertheless. And what no pair names (scrap, a
by-product, a product of an order without other issues) may be of anything the parts took.
"""

from __future__ import annotations

import polars as pl

from graph_model import derived
from graph_model.derived.needs import GOODS
from graph_model.derived.records import Records
from graph_model.schema import Consumed, Produced

RULE = "order_output"
REST = "~rest|"
"""How the derived operation is called that gives what no pair of an order names."""


def derive(records: Records, taken: pl.DataFrame) -> derived.Derived:
    """Flows between orders and the outputs of their parts. `taken`: derived consumption."""
    parts = _parts(records)
    if parts.is_empty():
        return derived.empty()
    made = records.moves[Produced].drop_nulls("lot")
    paired = made.join(parts, on="operation")
    paired = paired.select("lot", "item", "t0", "t1", operation="order")
    paired = paired.join(made.select("operation", "lot"), on=["operation", "lot"], how="anti")
    rest = unpaired(records)
    steps = rest.select(order="operation").unique().with_columns(key=REST + pl.col("order"))
    names = ["lot", "operation", "item", "t0", "t1"]
    both = pl.concat([records.moves[Consumed].select(names), taken.select(names)])
    used = both.drop_nulls("lot").join(parts, on="operation").join(steps, on="order")
    rule = pl.lit(RULE)
    out = rest.with_columns(operation=REST + pl.col("operation")).drop_nulls("lot").select(names)
    return derived.of(
        operations=steps.select(
            "key",
            rule=rule,
            company=pl.lit("~"),
            kind=pl.lit("produce"),
            number="key",
            status=pl.lit("closed"),
        ),
        consumed=used.with_columns(operation="key", rule=rule),
        produced=pl.concat([paired.select(names), out]).with_columns(rule=rule),
    )


def unpaired(records: Records) -> pl.DataFrame:
    """Outputs of orders with parts that no part names: operation (the order), lot, item, t0, t1."""
    parts = _parts(records)
    made = records.recorded[Produced]
    scrap = pl.when(pl.col("output_kind").is_in(["scrap", "sample"]))
    lot = pl.coalesce("lot", scrap.then(pl.lit("~scrap|") + pl.col("operation")))
    made = made.select("operation", "item", "output_kind", "t0", "t1", lot=lot)
    paired = made.join(parts, on="operation").select("lot", operation="order")
    rows = made.join(parts.select(operation="order"), on="operation", how="semi")
    rows = rows.join(paired, on=["operation", "lot"], how="anti")
    fed = records.moves[Consumed].select("operation").unique().with_columns(fed=pl.lit(True))
    rows = rows.join(fed, on="operation", how="left")
    product = pl.col("output_kind").fill_null(GOODS[0]) == GOODS[0]
    return rows.filter(~product | pl.col("fed").is_null())


def _parts(records: Records) -> pl.DataFrame:
    """operation, order of exactly paired parts."""
    parts = records.orders.filter(pl.col("operation") != pl.col("order"))
    return parts.select("operation", "order")
