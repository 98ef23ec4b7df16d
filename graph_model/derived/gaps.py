"""Amount gaps: what an order used beyond, or short of, what its recipe explains.

Issued beyond need and tolerance without return: the rest is at the line, for later orders. Short of
need: the missing amount came from mixed stock. Components of one alternate group count together.
Amounts that are missing or cannot be converted show no gap; they are counted as unknown instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from graph_model.derived import ends, needs
from graph_model.derived.codes import Codes, aliases
from graph_model.derived.facts import Facts
from graph_model.schema import Consumed, Item, Operation, Produced, Returned

OVER, UNDER, NO_INPUT = "gap_over", "gap_under", "no_input"
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Gaps:
    """`over`, `under`: operation, item, rule. `unknown`: operations whose gap cannot be judged.

    `sourceless`: operations with outputs, without inputs and without any recipe to draw on.
    Items are under their usual code.
    """

    over: pl.DataFrame
    under: pl.DataFrame
    unknown: pl.DataFrame
    sourceless: pl.DataFrame


def find(facts: Facts, moves: Mapping[type, pl.DataFrame]) -> Gaps:
    """Gaps of all orders with outputs. `moves`: standing movements with `t0` and `t1`."""
    codes = Codes.of(aliases(facts), facts[Item])
    produced = moves[Produced].filter(~ends.is_end())
    orders = _orders(facts[Operation], codes)
    # Rework takes the product itself again: its recipe says nothing about what it needed.
    planned = orders.filter(kind="produce")
    needed = needs.of_orders(planned, produced, facts, codes)
    lines = _lines(orders, moves, facts, codes)
    told = lines.join(_untold(orders, produced), on="operation", how="anti")
    balance = needed.join(_issued(told), on=["order", "item"], how="left", maintain_order="left")
    over, under, unknown = _judged(balance)
    guessed, sourceless = _without_inputs(orders, produced, lines, needed, codes)
    idle = _idle(facts[Operation], _issued(lines), produced, orders)
    return Gaps(
        over=pl.concat([_members(balance, over, OVER), idle]).unique(
            ["operation", "item"], maintain_order=True
        ),
        under=pl.concat([_members(balance, under, UNDER), guessed]).unique(
            ["operation", "item"], maintain_order=True
        ),
        unknown=unknown.select(operation="order").unique(),
        sourceless=sourceless,
    )


def _orders(operations: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """Operations that make things by recipe, with the whole order each belongs to."""
    made = operations.filter(pl.col("kind").is_in(["produce", "rework"]))
    each = made.select("kind", operation="key", order=pl.coalesce("order", "key"), made="item")
    return codes.under_usual(each, "made")


def _lines(
    orders: pl.DataFrame, moves: Mapping[type, pl.DataFrame], facts: Facts, codes: Codes
) -> pl.DataFrame:
    """operation, order, made, item, amount (negative where it came back), taken."""
    names = ("operation", "item", "quantity", "uom")
    both = pl.concat(
        [
            moves[Consumed].select(*names, taken=pl.lit(True)),
            moves[Returned].select(*names, taken=pl.lit(False)),
        ]
    )
    lines = codes.amounts(both, facts[Item]).join(orders, on="operation", how="inner")
    signed = pl.when("taken").then("amount").otherwise(-pl.col("amount"))
    return lines.select("operation", "order", "made", "item", "taken", amount=signed)


def _untold(orders: pl.DataFrame, produced: pl.DataFrame) -> pl.DataFrame:
    """Exactly paired parts of orders whose output no receipt counts: it has no need to meet."""
    made = produced.select("operation", "lot", counted=needs.is_receipt()).join(
        orders, on="operation"
    )
    counted = made.filter("counted").select("order", "lot")
    paired = made.filter(~pl.col("counted") & (pl.col("operation") != pl.col("order")))
    return paired.join(counted, on=["order", "lot"], how="anti").select("operation").unique()


def _issued(lines: pl.DataFrame) -> pl.DataFrame:
    """order, item, net issued in the item's unit, number of lines."""
    known = ~pl.col("amount").is_null().any()
    return lines.group_by("order", "item").agg(
        net=pl.when(known).then(pl.col("amount").sum()), lines=pl.len()
    )


def _judged(balance: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Groups of components of which too much, too little, or nobody knows how much was issued."""
    net = pl.when(pl.col("lines").is_null()).then(0.0).otherwise(pl.col("net"))
    used = balance.with_columns(net=net, tolerance=pl.col("tolerance").fill_null(0.0))
    used = used.group_by("order", "group", maintain_order=True).agg(
        most=(pl.col("net") / pl.col("need_least")).sum(),
        least=(pl.col("net") / pl.col("need_most")).sum(),
        unknown=pl.col("net").is_null().any() | pl.col("need_most").is_null().any(),
        bare=pl.col("lines").is_null().all() & pl.col("stated").any(),
        tolerance=pl.col("tolerance").max(),
    )
    known = ~pl.col("unknown")
    over = known & (pl.col("least") > 1 + pl.col("tolerance") + _ROUNDING)
    short = known & (pl.col("most") < 1 - pl.col("tolerance") - _ROUNDING)
    # Nothing recorded of a needed item is short of any need, whatever the amounts are.
    return used.filter(over), used.filter(pl.col("bare") | short), used.filter("unknown")


def _members(balance: pl.DataFrame, groups: pl.DataFrame, rule: str) -> pl.DataFrame:
    """operation, item, rule of every component in the groups."""
    keys = ["order", "group"]
    rows = balance.join(groups.select(keys), on=keys, how="semi", maintain_order="left")
    rows = rows.select("item", operation="order", rule=pl.lit(rule))
    return rows.select("operation", "item", "rule").unique(maintain_order=True)


def _idle(
    operations: pl.DataFrame, issued: pl.DataFrame, produced: pl.DataFrame, orders: pl.DataFrame
) -> pl.DataFrame:
    """Closed orders that made nothing needed nothing: what was issued and not returned is left."""
    closed = operations.filter(pl.col("status") == "closed").select(order="key")
    made = produced.select("operation").unique().join(orders, on="operation").select("order")
    rows = issued.join(closed, on="order", how="semi").join(made, on="order", how="anti")
    rows = rows.filter(pl.col("net").fill_null(1.0) > _ROUNDING).drop_nulls("item")
    rows = rows.select(pl.col("order").alias("operation"), "item", rule=pl.lit(OVER))
    return rows.sort("operation", "item")


def _without_inputs(
    orders: pl.DataFrame,
    produced: pl.DataFrame,
    lines: pl.DataFrame,
    needed: pl.DataFrame,
    codes: Codes,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders without inputs or recipe: what other orders of their item used, or nothing."""
    made = produced.select("operation", "item").unique().join(orders, on="operation")
    made = codes.under_usual(made, "item")
    bare = made.select("order", product=pl.coalesce("item", "made")).unique()
    fed = lines.filter("taken").drop_nulls("item")
    bare = bare.join(fed.select("order").unique(), on="order", how="anti")
    bare = bare.join(needed.select("order").unique(), on="order", how="anti")
    bare = bare.sort("order", "product", nulls_last=False)
    usual = fed.select("item", product="made").drop_nulls().unique()
    guessed = bare.join(usual, on="product").select(
        "item", operation="order", rule=pl.lit(NO_INPUT)
    )
    guessed = guessed.select("operation", "item", "rule").unique().sort("operation", "item")
    sourceless = bare.join(usual, on="product", how="anti").select(operation="order").unique()
    return guessed, sourceless.sort("operation")


def usual_inputs(facts: Facts, consumed: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """product, item: by recipe, or where there is none by what orders of the product used."""
    planned = needs.recipes(facts, codes).select("product", "item").unique()
    orders = _orders(facts[Operation], codes)
    used = consumed.select("operation", "item").join(orders, on="operation")
    used = used.select("item", product="made").drop_nulls().unique()
    return pl.concat(
        [planned, used.join(planned, on="product", how="anti").select("product", "item")]
    )
