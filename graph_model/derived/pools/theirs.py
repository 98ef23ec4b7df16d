"""Goods of ours that another company holds, and what it can have made of them.

They were moved to it, lie at a place that it holds, or were sold to it. What it delivers or makes
may be made of them where a recipe says so. Where no recipe is known, anything that was moved to it
may be in what it delivers: nobody sends goods to another company for nothing.
"""

from __future__ import annotations

import polars as pl

from graph_model.derived import gaps, links
from graph_model.derived.pools.events import (
    AT_PLACE,
    ENTRY,
    EXIT,
    OWN,
    PROCESSED,
    UNCLEAR,
    UNLOTTED,
    holder,
    shaped,
)
from graph_model.derived.records import Records
from graph_model.interval import MAX, MIN
from graph_model.schema import (
    Consumed,
    Item,
    Operation,
    Produced,
    Shipment,
    Shipped,
    Site,
    Supplier,
)

_DEEPEST = 16
"""Levels of places and of recipes that are followed; cycles end here too."""
_MADE = ["product", "holder", "t1", "orphan", "operation", "used"]
_BOUGHT = ("raw", "packaging")
"""Item types that a company delivers of its own."""


def goods(records: Records) -> pl.DataFrame:
    """item, holder, place, lot, operation (of unnumbered ones), t0, t1, lent (not sold)."""
    moves = records.moves
    came = moves[Produced].filter(_of_plant())
    came = came.select("item", "lot", "operation", "t0", "t1", "lot_no", "owner", place="to_place")
    came = _opened(records, came).drop_nulls("item").with_columns(
        owner=holder(pl.col("owner"), pl.col("item"), records.codes.companies)
    )  # fmt: skip
    sites = _holders(records)
    placed = came.join(sites, on="place").with_columns(owner="holder").drop("holder")
    moved = came.filter(~pl.col("owner").is_in([OWN, UNCLEAR])).with_columns(lent=True)
    heads = records.facts[Shipment].select("customer", shipment="key").drop_nulls()
    sold = moves[Shipped].filter(_of_plant()).join(heads, on="shipment")
    none = pl.lit(None, pl.String)
    sold = sold.select(
        "item", "lot", "t0", "t1", "lot_no", operation=none, place=none,
        owner=records.codes.company("customer"),
    ).select(came.columns)  # fmt: skip
    sold = _opened(records, sold).drop_nulls(["item", "lot"])
    found = pl.concat([moved, placed, sold.with_columns(lent=False)])
    unnumbered = pl.when(pl.col("lot").is_null()).then("operation")
    found = found.with_columns(operation=unnumbered).rename({"owner": "holder"}).drop("lot_no")
    return found.join(_makers(records), on="holder", how="semi").unique(maintain_order=True)


def entries(goods: pl.DataFrame) -> pl.DataFrame:
    """What the holders have of ours, as mixed stock of theirs."""
    rule = pl.when(pl.col("lot").is_null()).then(pl.lit(UNLOTTED)).otherwise(pl.lit(AT_PLACE))
    return shaped(goods.with_columns(rule=rule), ENTRY)


def own_codes(goods: pl.DataFrame) -> pl.DataFrame:
    """other (the item under the same code in the holder's numbering), item, holder."""
    code = pl.col("item").str.split("/").list.last()
    return goods.select(
        "item", "holder", other=pl.concat_str(pl.col("holder").str.replace_all("/", "%2F"),
        code, separator="/"),
    ).unique()  # fmt: skip


def also(exits: pl.DataFrame, goods: pl.DataFrame) -> pl.DataFrame:
    """What holders took of an item under their own company code, as taken from ours too."""
    named = own_codes(goods).rename({"item": "ours", "holder": "_holder"})
    taken = exits.filter(pl.col("holder") == OWN)
    rows = taken.join(named, left_on="item", right_on="other")
    return rows.with_columns(item="ours", holder="_holder", place=None).select(exits.columns)


def processed(records: Records, goods: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Lots that holders delivered, and orders of theirs, that may have taken goods of ours.

    `ends`: when each order's last output was finished (operation, t1).
    """
    if goods.is_empty():
        return shaped(goods, EXIT)
    usual = gaps.usual_inputs(records.facts, records.moves[Consumed], records.codes)
    holding = goods.select("item", "holder", "lent").unique()
    parts = [
        _drawn(_delivered(records, holding), holding, usual, records),
        _drawn(_ordered(records, holding, ends), holding, usual, records),
    ]
    return shaped(pl.concat(parts), EXIT, t0=MIN, rule=PROCESSED)


def _opened(records: Records, moves: pl.DataFrame) -> pl.DataFrame:
    """The moves, and those of containers as moves of what was in them; since when is open."""
    inside = records.codes.under_usual(links.unpacked(records.facts, moves), "item")
    return pl.concat([moves, inside.with_columns(t1=pl.lit(MAX))])


def _makers(records: Records) -> pl.DataFrame:
    """holder: companies that deliver, or have operations of their own, under their usual code."""
    company = records.codes.company("company")
    named = [records.facts[kind].select(holder=company).unique() for kind in (Supplier, Operation)]
    return pl.concat(named).unique()


def _of_plant() -> pl.Expr:
    """Networks record who delivered to whom and what was made of it; nothing is guessed there."""
    return pl.col("posting_method").ne_missing("network")


def _holders(records: Records) -> pl.DataFrame:
    """place, holder, lent: places that another company holds, with all that is part of them."""
    sites = records.facts[Site]
    others = pl.col("holder_kind").ne_missing("own") & (pl.col("holder") != pl.col("company"))
    # A customer's consignment and a carrier's load are not sent to be worked on.
    lent = ~pl.col("holder_kind").is_in(["consignment", "carrier"]).fill_null(False)
    whose = records.codes.company("holder")
    found = fresh = sites.filter(others).select(place="key", holder=whose, lent=lent)
    below = sites.select("parent", place="key").join(found.select("place"), on="place", how="anti")
    for _ in range(_DEEPEST):
        fresh = below.join(fresh, left_on="parent", right_on="place").select(found.columns)
        if fresh.is_empty():
            break
        found = pl.concat([found, fresh])
    return found.unique()


def _delivered(records: Records, holding: pl.DataFrame) -> pl.DataFrame:
    """Lots that holders delivered, and whose making is not recorded."""
    arrived = pl.col("kind").is_in(["receive", "opening"])
    steps = records.facts[Operation].filter(arrived).select(operation="key")
    came = records.moves[Consumed].filter(_of_plant()).join(steps, on="operation", how="semi")
    came = came.select("lot", "t1", product="item", holder=records.codes.company("owner"))
    came = came.drop_nulls(["lot", "product"]).join(holding, on="holder", how="semi")
    came = came.join(records.moves[Produced].select("lot"), on="lot", how="anti")
    none = {"operation": pl.lit(None, pl.String), "used": pl.lit(None, pl.List(pl.String))}
    return came.with_columns(orphan="lot", **none).select(_MADE)


def _ordered(records: Records, holding: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """The same for orders under the company code of a holder; `used`: item codes they took."""
    company = records.codes.company("company")
    steps = records.facts[Operation].select(operation="key", holder=company)
    orders = records.orders.filter(pl.col("operation") == pl.col("order"))
    orders = orders.filter(pl.col("kind").is_in(["produce", "rework"])).join(steps, on="operation")
    orders = orders.join(holding, on="holder", how="semi")
    if orders.is_empty():
        return _delivered(records, holding).clear()
    every = records.orders.select("operation", "order")
    made = records.moves[Produced].select("operation", "item").join(every, on="operation")
    made = made.select("order", "item").unique()
    code = pl.col("item").str.split("/").list.last()
    took = records.moves[Consumed].select("operation", "item").join(every, on="operation")
    took = took.group_by("order").agg(used=code.drop_nulls().unique())
    rows = orders.join(made, on="order").join(took, on="order", how="left")
    rows = rows.with_columns(product=pl.coalesce("item", "made")).drop_nulls("product")
    # The same code in the numbering of the company that the goods are of.
    owners = holding.select("holder", _of=pl.col("item").str.split("/").list.first()).unique()
    other = rows.join(owners, on="holder").with_columns(
        product=pl.concat_str("_of", pl.col("product").str.split("/").list.last(), separator="/")
    )
    rows = pl.concat([rows, other.select(rows.columns)]).join(ends, on="operation", how="left")
    rows = rows.with_columns(orphan=pl.lit(None, pl.String)).select(_MADE)
    return rows.unique(["operation", "product"], maintain_order=True)


def _drawn(
    made: pl.DataFrame, holding: pl.DataFrame, usual: pl.DataFrame, records: Records
) -> pl.DataFrame:
    """One row for each item of ours that may have gone into what a holder made."""
    needed = made.join(_levels(made.select("product").unique(), usual), on="product")
    needed = needed.join(holding.select("item", "holder").unique(), on=["item", "holder"])
    lent = holding.filter("lent").select("item", "holder").unique()
    back = made.join(lent, on="holder").filter(pl.col("item") == pl.col("product"))
    known = usual.select("product").unique()
    bought = records.facts[Item].filter(pl.col("item_type").is_in(_BOUGHT)).select(product="key")
    untold = made.join(known, on="product", how="anti").join(bought, on="product", how="anti")
    # Orders say what they took, unless they say nothing at all.
    untold = untold.filter(pl.col("used").is_null()).join(lent, on="holder")
    rows = pl.concat([part.select(*made.columns, "item") for part in (needed, back, untold)])
    told = pl.col("used").list.contains(pl.col("item").str.split("/").list.last())
    return rows.filter(~told.fill_null(False)).unique(maintain_order=True).drop("used")


def _levels(products: pl.DataFrame, usual: pl.DataFrame) -> pl.DataFrame:
    """product, item: everything that can be in these products, at any level."""
    found = fresh = products.join(usual, on="product").select("product", "item").unique()
    below = usual.select(item="product", deeper="item")
    for _ in range(_DEEPEST):
        fresh = fresh.join(below, on="item").select("product", item="deeper").unique()
        fresh = fresh.join(found, on=["product", "item"], how="anti")
        found = pl.concat([found, fresh])
    return found
