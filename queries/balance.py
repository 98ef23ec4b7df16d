"""Mass balance of each lot: what came, what went, what is on hand, and what nothing explains."""

from __future__ import annotations

import polars as pl

from graph_model import quantity
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Item

ROUNDING = 1e-6


def balances(facts: Facts, lineage: Lineage) -> pl.DataFrame:
    """lot (number), item, come, gone, stock, unexplained, share, tolerance; in the item's unit.

    `unexplained` = come - gone - stock. Where no stock is stated, what is left is taken to be
    there, and only what is overdrawn is unexplained. Null where an amount is missing or cannot be
    converted, and for lots that nothing records the coming of. `share` is of what came.
    """
    status = lineage.shipments.select("status", shipment="key")
    sent = lineage.shipped.join(status, on="shipment", how="left", maintain_order="left")
    sent = sent.filter(~pl.col("status_right").is_in(["planned", "picked"]).fill_null(False))
    moved = pl.concat(
        [
            _lines(lineage.produced, 1).with_columns(op=lineage.produced["op"]),
            _lines(lineage.returned, 1).with_columns(op=pl.lit(None, pl.Int32)),
            _lines(lineage.consumed, -1).with_columns(op=lineage.consumed["op"]),
            _lines(sent, -1).with_columns(op=pl.lit(None, pl.Int32)),
        ]
    ).filter("recorded")
    items = lineage.lots["item"]
    lines = quantity.to_item_unit(moved.with_columns(item=items[moved["lot"]]), facts[Item])
    signed = lines.with_columns(amount=pl.col("amount") * pl.col("side"))
    # What an operation both takes and gives of a lot was only moved.
    apart = pl.when(pl.col("op").is_null()).then(pl.int_range(pl.len()) + 1).otherwise(0)
    net = (
        signed.with_columns(row=apart)
        .group_by("lot", "op", "row")
        .agg(pl.col("amount").sum(), known=pl.col("amount").is_not_null().all())
    )
    lots = net.group_by("lot").agg(
        come=pl.col("amount").filter(pl.col("amount") > 0).sum(),
        gone=-pl.col("amount").filter(pl.col("amount") < 0).sum(),
        known=pl.col("known").all(),
    )
    return _unexplained(lots, _stock(facts, lineage), facts, items)


def _lines(frame: pl.DataFrame, side: int) -> pl.DataFrame:
    recorded = pl.col("rule").is_null() if "rule" in frame.columns else pl.lit(True)
    return frame.select("lot", "quantity", "uom", recorded=recorded, side=pl.lit(side))


def _stock(facts: Facts, lineage: Lineage) -> pl.DataFrame:
    stock = lineage.stock.select("lot", "quantity", "uom")
    stock = stock.with_columns(item=lineage.lots["item"][stock["lot"]])
    rows = quantity.to_item_unit(stock, facts[Item])
    return rows.group_by("lot").agg(
        stock=pl.col("amount").sum(), counted=pl.col("amount").is_not_null().all()
    )


def _unexplained(
    lots: pl.DataFrame, stock: pl.DataFrame, facts: Facts, items: pl.Series
) -> pl.DataFrame:
    rows = lots.with_columns(pl.col("lot").cast(pl.Int64), item=items[lots["lot"]]).join(
        stock.with_columns(pl.col("lot").cast(pl.Int64)), on="lot", how="left"
    )
    about = facts[Item].select("tolerance", item="key").unique("item")
    rows = rows.join(about, on="item", how="left")
    left = pl.col("come") - pl.col("gone")
    stated = pl.when(pl.col("stock").is_null()).then(pl.min_horizontal(left, pl.lit(0.0)))
    judged = pl.col("known") & pl.col("counted").fill_null(True) & (pl.col("come") > 0)
    unexplained = pl.when(judged).then(stated.otherwise(left - pl.col("stock")))
    rows = rows.with_columns(unexplained=unexplained, tolerance=pl.col("tolerance").fill_null(0.0))
    share = (pl.col("unexplained") / pl.col("come")).round(6)
    return rows.select(
        "lot", "item", "come", "gone", "stock", "unexplained", "tolerance", share=share
    ).sort("lot")


def is_off() -> pl.Expr:
    """More is unexplained than the item's tolerance allows."""
    return (pl.col("share").abs() > pl.col("tolerance") + ROUNDING).fill_null(False)
