"""Orders of production whose inputs, outputs and recipe do not fit."""

from __future__ import annotations

import polars as pl

from graph_model.derived import gaps
from graph_model.derived.codes import aliases
from graph_model.schema import Component, Consumed, Item, Operation, Produced, Returned
from loaders.checks.records import WHERE, C, Records, number_of, place
from loaders.checks.registry import rule


def order_number() -> pl.Expr:
    """The number of a whole order, from its key `company/produce/number`."""
    return number_of("order")


def _one_each(rows: pl.DataFrame) -> pl.DataFrame:
    """The first row of each order, with the order's number for the text."""
    first = rows.sort(*WHERE).unique("order", keep="first", maintain_order=True)
    return first.with_columns(number=order_number())


@rule("output_without_inputs", "warning")
def output_without_inputs(records: Records) -> pl.DataFrame:
    """Orders that gave something out of nothing."""
    fed = records.lines[Consumed].select("order").unique()
    bare = records.lines[Produced].join(fed, on="order", how="anti", maintain_order="left")
    return place(_one_each(bare), "work_order_no", "number")


@rule("inputs_without_output", "warning")
def inputs_without_output(records: Records) -> pl.DataFrame:
    """Closed orders that took something and gave nothing."""
    made = records.lines[Produced].select("order").unique()
    idle = records.lines[Consumed].join(made, on="order", how="anti", maintain_order="left")
    idle = idle.join(records.closed, on="order", how="semi", maintain_order="left")
    return place(_one_each(idle), "work_order_no", "number")


def _settled(rows: pl.DataFrame, records: Records) -> pl.DataFrame:
    """Without orders that are known to be open: the rest of their lines may still come."""
    opened = records.facts[Operation].filter(C("status") == "open").select(order="key")
    return rows.join(opened, on="order", how="anti", maintain_order="left")


def _judged(records: Records) -> dict[type, pl.DataFrame]:
    """The columns of movements by which gaps are found."""
    names = ["operation", "item", "lot", "quantity", "uom", "t0", "t1"]
    made = records.moves[Produced].select(*names, "basis", "output_kind")
    return {
        Consumed: records.moves[Consumed].select(names),
        Produced: made,
        Returned: records.moves[Returned].select(names),
    }


@rule("mass_balance", "warning")
def mass_balance(records: Records) -> pl.DataFrame:
    """Materials of which an order used more or less than recipe, outputs and tolerance explain."""
    gap = gaps.find(records.facts, _judged(records))
    pairs = pl.concat([gap.over, gap.under]).filter(C("rule") != gaps.NO_INPUT)
    pairs = pairs.select("item", order="operation").unique()
    pairs = _settled(pairs, records)
    names = ["order", "item"]
    taken, back = (
        records.lines[kind].join(pairs, on=names, how="semi", maintain_order="left")
        for kind in (Consumed, Returned)
    )
    signed = [taken.select(*names, "amount"), back.select(*names, amount=-C("amount"))]
    net = pl.concat(signed).group_by(names).agg(net=C("amount").sum().round(6))
    units = records.facts[Item].select(item="key", base=C("uom").fill_null(""))
    rows = taken.sort(*WHERE).unique(names, keep="first", maintain_order=True)
    rows = rows.join(net, on=names, maintain_order="left").join(units, on="item")
    return place(rows, "quantity", "net", "item", "base", number=order_number())


def recipes(records: Records) -> pl.DataFrame:
    """What each order should use by any recipe of what it made: `order`, `product`, `bom`, `item`.

    `group`: components of which one stands for all. Rework has no recipe.
    """
    made = records.lines[Produced].filter(C("order_kind") == "produce")
    made = made.with_columns(product=pl.coalesce("item", "made"))
    made = made.filter(C("output_kind").fill_null("product").is_in(["product", "co_product"]))
    made = made.group_by("order", "product").agg(C("t0").min(), C("t1").max())
    bom = records.facts[Component].filter(~C("co_product").fill_null(False))
    bom = bom.select(
        "item",
        "valid_from",
        "valid_to",
        product="parent",
        bom=C("bom_no").fill_null(""),
        group=pl.coalesce("alternate_group", "item"),
    )
    rows = made.join(bom, on="product", how="inner")
    begun = C("valid_from").is_null() | (C("valid_from") <= C("t1"))
    lasting = C("valid_to").is_null() | (C("valid_to") >= C("t0"))
    return rows.filter(begun & lasting).select("order", "product", "bom", "group", "item")


def _used(records: Records) -> pl.DataFrame:
    """`order`, `item` of what orders took, under the item's usual number."""
    alias = aliases(records.facts).filter(C("kind") == "item")
    alias = alias.select(item="alias", target="target").unique("item")
    taken = records.lines[Consumed].filter(C("item").is_not_null())
    taken = taken.join(alias, on="item", how="left", maintain_order="left")
    return taken.with_columns(component=pl.coalesce("target", "item"))


@rule("bom_item_never_consumed", "warning")
def bom_item_never_consumed(records: Records) -> pl.DataFrame:
    """Orders with inputs that lack a component which every recipe of the product has."""
    used = records.once(_used).select("order", item="component").unique()
    needs = records.once(recipes).join(used.select("order").unique(), on="order", how="semi")
    group = ["order", "product", "group"]
    met = needs.join(used, on=["order", "item"], how="semi").select(*group, "bom")
    idle = needs.join(met, on=[*group, "bom"], how="anti")
    boms = needs.join(idle.select("order").unique(), on="order", how="semi")
    boms = boms.group_by("order", "product").agg(boms=C("bom").n_unique())
    unused = idle.group_by(group).agg(
        missing=C("bom").n_unique(),
        names=number_of("item").unique().sort().str.join(" / "),
    )
    unused = unused.join(boms, on=["order", "product"]).filter(C("missing") == C("boms"))
    per_order = unused.group_by("order").agg(items=C("names").unique().sort().str.join(", "))
    rows = records.lines[Produced].join(per_order, on="order", how="inner")
    rows = _one_each(_settled(rows, records))
    return place(rows, "work_order_no", "number", "items")


@rule("item_not_in_bom", "warning")
def item_not_in_bom(records: Records) -> pl.DataFrame:
    """Materials that no recipe of what the order made has."""
    planned = records.once(recipes)
    used = records.once(_used).join(planned.select("order").unique(), on="order", how="semi")
    used = used.join(
        planned.select("order", component="item"), on=["order", "component"], how="anti"
    )
    used = used.join(
        planned.select("order", component="product"), on=["order", "component"], how="anti"
    )
    first = used.sort(*WHERE).unique(["order", "item"], keep="first", maintain_order=True)
    return place(first, "item_code", number_of("item"), number=order_number())
