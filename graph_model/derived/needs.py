"""What orders need by recipe, in the stock unit of each item."""

from __future__ import annotations

import polars as pl

from graph_model.derived.codes import Codes
from graph_model.derived.facts import Facts
from graph_model.derived.tolerances import tolerances
from graph_model.schema import Component, Item

GOODS = ("product", "co_product")


def of_orders(
    orders: pl.DataFrame, produced: pl.DataFrame, facts: Facts, codes: Codes
) -> pl.DataFrame:
    """order, item, group, stated, tolerance, need_least, need_most.

    Components of one alternate group stand for one another. Of several recipes for one product any
    may have been used: what one of them explains is no gap.
    """
    made = _made(orders, produced, facts, codes)
    lines = made.join(recipes(facts, codes), on="product", how="inner")
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("t1"))
    lasting = pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col("t0"))
    lines = lines.filter(begun & lasting)
    known = pl.when(~pl.col("unknown"))
    each = lines.group_by("order", "product", "item", "group", maintain_order=True).agg(
        need_least=known.then(pl.col("least") * pl.col("rate_least")).min(),
        need_most=known.then(pl.col("most") * pl.col("rate_most") * (1 + pl.col("loss"))).max(),
        stated=pl.col("stated").any(),
    )
    total = each.group_by("order", "item", "group", maintain_order=True).agg(
        pl.col("stated").any(), *(_sum_if_known(name) for name in ("need_least", "need_most"))
    )
    return total.filter(pl.col("need_most").fill_null(1.0) > 0).join(
        tolerances(facts), on="item", how="left", maintain_order="left"
    )


def recipes(facts: Facts, codes: Codes) -> pl.DataFrame:
    """product, item, group, rates (stock units a stock unit of the product), loss, validity."""
    bom = facts[Component].filter(~pl.col("co_product").fill_null(False))
    bom = bom.with_columns(group=pl.coalesce("alternate_group", "item"))
    if codes.items:
        bom = bom.with_columns(group=codes.item("group"), per_quantity=_per(bom, facts, codes))
    bom = codes.under_usual(codes.amounts(bom, facts[Item]), "parent").select(
        "item",
        "group",
        "valid_from",
        "valid_to",
        "step",
        product="parent",
        bom_no=pl.col("bom_no").fill_null(""),
        rate=pl.col("amount") / pl.col("per_quantity").fill_null(1.0),
        loss=pl.col("scrap_rate").fill_null(0.0),
        stated=pl.col("quantity").is_not_null(),
    )
    recipe = ["product", "bom_no", "item", "group", "valid_from", "valid_to"]
    if not bom.select(recipe).is_duplicated().any():
        return bom.with_columns(rate_least="rate", rate_most="rate")
    # Lines of one component add up where they are of different steps; else one may be a repetition.
    apart = (pl.col("step").n_unique() == pl.len()) & ~pl.col("step").has_nulls()
    known = ~pl.col("rate").is_null().any()
    return bom.group_by(recipe, maintain_order=True).agg(
        pl.col("loss").max(),
        pl.col("stated").any(),
        rate_least=pl.when(known).then(
            pl.when(apart).then(pl.col("rate").sum()).otherwise(pl.col("rate").min())
        ),
        rate_most=pl.when(known).then(pl.col("rate").sum()),
    )


def is_receipt() -> pl.Expr:
    """Rows of outputs; an exact pair names its output without an amount and counts none."""
    return pl.col("quantity").is_not_null() | pl.col("basis").ne_missing("exact")


def _per(bom: pl.DataFrame, facts: Facts, codes: Codes) -> pl.Series:
    """`per_quantity` in the stock unit of the product's usual code."""
    one = pl.col("per_quantity").fill_null(1.0)
    parents = bom.select(
        row=pl.int_range(pl.len()), item="parent", quantity=one, uom=pl.lit(None, pl.String)
    )
    restated = codes.amounts(parents, facts[Item]).sort("row")
    # A product without a stock unit is counted in whatever its rows say: as under one code.
    plain = ~bom["parent"].is_in(list(codes.items))
    return restated["amount"].zip_with(~plain, parents["quantity"])


def _made(orders: pl.DataFrame, produced: pl.DataFrame, facts: Facts, codes: Codes) -> pl.DataFrame:
    """order, product, least (good), most (with scrap and samples), unknown, t0, t1."""
    told = produced.filter(is_receipt()).select(
        "operation", "item", "quantity", "uom", "output_kind", "t0", "t1"
    )
    told = codes.amounts(told.join(orders, on="operation", how="inner"), facts[Item])
    told = told.with_columns(
        good=pl.col("output_kind").fill_null("product").is_in(GOODS),
        product=pl.coalesce("item", "made"),
    )
    made = told.group_by("order", "product", maintain_order=True).agg(
        unknown=pl.col("amount").is_null().filter("good").any(),
        least=pl.col("amount").filter("good").sum(),
        most=pl.col("amount").sum(),
        good=pl.col("good").any(),
        t0=pl.col("t0").min(),
        t1=pl.col("t1").max(),
    )
    return made.filter("good").drop("good")


def _sum_if_known(name: str) -> pl.Expr:
    known = ~pl.col(name).is_null().any()
    return pl.when(known).then(pl.col(name).sum()).alias(name)
