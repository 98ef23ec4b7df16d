"""Amount gaps: what an order used beyond, or short of, what its recipe explains.

Issued beyond need and tolerance without return: the rest is at the line, for later orders. Short of
need: the missing amount came from mixed stock. Components of one alternate group count together.
Amounts that are missing or cannot be converted show no gap; they are counted as unknown instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from graph_model import quantity
from graph_model.schema import Component, Consumed, Item, Operation, Produced, Returned

OVER, UNDER, NO_INPUT = "gap_over", "gap_under", "no_input"
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Gaps:
    """`over`, `under`: operation, item, rule. `unknown`: operations whose gap cannot be judged.

    `sourceless`: operations with outputs, without inputs and without any recipe to draw on.
    """

    over: pl.DataFrame
    under: pl.DataFrame
    unknown: pl.DataFrame
    sourceless: pl.DataFrame


def find(facts: Any, moves: dict[type, pl.DataFrame]) -> Gaps:
    """Gaps of all orders with outputs."""
    items, bom = facts[Item], facts[Component]
    orders = _orders(facts[Operation])
    # Rework takes the product itself again: its recipe says nothing about what it needed.
    needs = _needs(orders.filter(kind="produce"), moves[Produced], bom, items)
    issued = _issued(orders, moves, items)
    balance = needs.join(issued, on=["order", "item"], how="left")
    balance = balance.with_columns(
        net=pl.when(pl.col("lines").is_null()).then(0.0).otherwise(pl.col("net")),
        tolerance=pl.col("tolerance").fill_null(0.0),
    )
    used = balance.group_by("order", "group", maintain_order=True).agg(
        most=(pl.col("net") / pl.col("need_least")).sum(),
        least=(pl.col("net") / pl.col("need_most")).sum(),
        unknown=pl.col("net").is_null().any() | pl.col("need_most").is_null().any(),
        bare=pl.col("lines").is_null().all() & pl.col("stated").any(),
        tolerance=pl.col("tolerance").max(),
    )
    over = used.filter(~pl.col("unknown") & (pl.col("least") > 1 + pl.col("tolerance") + _ROUNDING))
    # Nothing recorded of a needed item is short of any need, whatever the amounts are.
    short = ~pl.col("unknown") & (pl.col("most") < 1 - pl.col("tolerance") - _ROUNDING)
    under = used.filter(pl.col("bare") | short)

    def members(group: pl.DataFrame, rule: str) -> pl.DataFrame:
        rows = balance.join(group.select("order", "group"), on=["order", "group"], how="semi")
        return rows.select(pl.col("order").alias("operation"), "item", rule=pl.lit(rule)).unique(
            maintain_order=True
        )

    guessed, sourceless = _without_inputs(orders, moves, needs)
    return Gaps(
        over=members(over, OVER),
        under=pl.concat([members(under, UNDER), guessed]).unique(
            ["operation", "item"], maintain_order=True
        ),
        unknown=used.filter("unknown").select(pl.col("order").alias("operation")).unique(),
        sourceless=sourceless,
    )


def _orders(operations: pl.DataFrame) -> pl.DataFrame:
    """Operations that make things by recipe, with the whole order each belongs to."""
    made = operations.filter(pl.col("kind").is_in(["produce", "rework"]))
    return made.select(operation="key", order=pl.coalesce("order", "key"), made="item", kind="kind")


def _base(frame: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Adds `amount` in the item's own unit; null where amount or conversion is unknown."""
    return quantity.to_item_unit(frame, items)


def _needs(
    orders: pl.DataFrame, produced: pl.DataFrame, bom: pl.DataFrame, items: pl.DataFrame
) -> pl.DataFrame:
    """order, item, group, tolerance, need_least, need_most in the item's unit."""
    kinds = ["product", "co_product"]
    made = produced.filter(pl.col("quantity").is_not_null() | pl.col("basis").ne("exact"))
    made = made.join(orders, on="operation", how="inner")
    made = _base(made, items).with_columns(
        good=pl.col("output_kind").fill_null("product").is_in(kinds),
        product=pl.coalesce("item", "made"),
    )
    per_order = made.group_by("order", "product", maintain_order=True).agg(
        unknown=pl.col("amount").is_null().any(),
        least=pl.col("amount").filter("good").sum(),
        most=pl.col("amount").sum(),
        good=pl.col("good").any(),
        t0=pl.col("t0").min(),
        t1=pl.col("t1").max(),
    )
    recipe = bom.filter(~pl.col("co_product").fill_null(False))
    recipe = _base(recipe, items).select(
        pl.col("parent").alias("product"),
        "item",
        "valid_from",
        "valid_to",
        bom_no=pl.col("bom_no").fill_null(""),
        group=pl.coalesce("alternate_group", "item"),
        rate=pl.col("amount") / pl.col("per_quantity").fill_null(1.0),
        loss=pl.col("scrap_rate").fill_null(0.0),
        stated=pl.col("quantity").is_not_null(),
    )
    lines = per_order.filter("good").join(recipe, on="product", how="inner")
    lines = lines.filter(
        (pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("t1")))
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col("t0")))
    )
    known = ~pl.col("unknown")
    lines = lines.with_columns(
        need_least=pl.when(known).then(pl.col("least") * pl.col("rate")),
        need_most=pl.when(known).then(pl.col("most") * pl.col("rate") * (1 + pl.col("loss"))),
    )
    # Outputs of one order add up; of several recipes for one product any may have been used.
    each = lines.group_by("order", "product", "item", "group", maintain_order=True).agg(
        pl.col("need_least").min(),
        pl.col("need_most").max(),
        stated=pl.col("stated").any(),
    )
    total = each.group_by("order", "item", "group", maintain_order=True).agg(
        pl.col("stated").any(),
        pl.when(pl.col("need_least").is_null().any())
        .then(None)
        .otherwise(pl.col("need_least").sum())
        .alias("need_least"),
        pl.when(pl.col("need_most").is_null().any())
        .then(None)
        .otherwise(pl.col("need_most").sum())
        .alias("need_most"),
    )
    return total.filter(pl.col("need_most").fill_null(1.0) > 0).join(
        items.select(pl.col("key").alias("item"), "tolerance"), on="item", how="left"
    )


def _issued(
    orders: pl.DataFrame, moves: dict[type, pl.DataFrame], items: pl.DataFrame
) -> pl.DataFrame:
    """order, item, net issued in the item's unit, number of lines."""
    taken = _base(moves[Consumed], items).select("operation", "item", "amount")
    back = _base(moves[Returned], items).select("operation", "item", amount=-pl.col("amount"))
    lines = pl.concat([taken, back]).join(orders, on="operation", how="inner")
    return lines.group_by("order", "item", maintain_order=True).agg(
        net=pl.when(pl.col("amount").is_null().any()).then(None).otherwise(pl.col("amount").sum()),
        lines=pl.len(),
    )


def _without_inputs(
    orders: pl.DataFrame, moves: dict[type, pl.DataFrame], needs: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders without inputs or recipe: what other orders of their item used, or nothing."""
    fed = moves[Consumed].join(orders, on="operation", how="inner").select("order", "made", "item")
    made = moves[Produced].join(orders, on="operation", how="inner")
    bare = made.select("order", product=pl.coalesce("item", "made")).unique(maintain_order=True)
    named = fed.drop_nulls("item").select("order").unique()
    bare = bare.join(named, on="order", how="anti")
    bare = bare.join(needs.select("order").unique(), on="order", how="anti")
    usual = fed.select(product="made", item="item").drop_nulls().unique(maintain_order=True)
    guessed = bare.join(usual, on="product", how="inner").select(
        pl.col("order").alias("operation"), "item", rule=pl.lit(NO_INPUT)
    )
    sourceless = bare.join(usual, on="product", how="anti").select(
        pl.col("order").alias("operation")
    )
    return guessed.unique(maintain_order=True), sourceless.unique(maintain_order=True)
