"""Amounts that cannot be."""

from __future__ import annotations

import polars as pl

from graph_model import quantity
from graph_model.schema import Component, Count, Item, Stock
from loaders.checks.records import WHERE, C, Records, all_of, number_of, place
from loaders.checks.registry import rule

ROUNDING = 1e-6


def balances(records: Records) -> pl.DataFrame:
    """`lot`, `come`, `gone` in the item's unit, for lots that came from somewhere.

    Lots with an amount that is missing or cannot be converted are left out. `crossed`: some of it
    left before all of it had come, in as early and out as late as can be.
    """
    come, gone = C("side") == 1, (C("side") == -1) & C("sure")
    per_lot = records.flows.group_by("lot").agg(
        come=C("amount").filter(come).sum(),
        gone=C("amount").filter(gone).sum(),
        known=C("amount").filter(come | C("sure")).is_not_null().all(),
        origins=come.sum(),
        crossed=C("t0").filter(come).max() > C("t1").filter(gone).min(),
    )
    known = per_lot.filter("known", C("origins") > 0)
    return known.select("lot", "come", "gone", C("crossed").fill_null(False))


@rule("consumed_more_than_exists", "warning")
def consumed_more_than_exists(records: Records) -> pl.DataFrame:
    """Lots of which more was used and shipped than was received and made."""
    over = records.once(balances)
    over = over.filter(C("gone") > C("come") * (1 + ROUNDING) + ROUNDING)
    last = records.flows.filter((C("side") == -1) & C("sure")).join(over, on="lot", how="inner")
    rows = last.sort("t1", *WHERE).unique("lot", keep="last", maintain_order=True)
    return place(
        rows, "quantity", "amount", "lot", come=C("come").round(6), gone=C("gone").round(6)
    )


@rule("unit_not_convertible", "warning")
def unit_not_convertible(records: Records) -> pl.DataFrame:
    """Amounts in a unit that neither physics nor the item's pack turns into its stock unit."""
    items = records.facts[Item]
    frames = list(records.moves.values())
    frames += [quantity.to_item_unit(records.facts[kind], items) for kind in (Stock, Count)]
    frames.append(quantity.to_item_unit(records.facts[Component], items))
    based = items.filter(C("uom").is_not_null()).select(item="key", base="uom")
    found = []
    for frame in frames:
        lost = frame.filter(C("quantity").is_not_null() & C("amount").is_null())
        lost = lost.filter(C("uom").is_not_null())
        rows = lost.join(based, on="item", how="inner", maintain_order="left")
        found.append(place(rows, "uom", "uom", "item", "base"))
    return all_of(found)


@rule("negative_stock", "warning")
def negative_stock(records: Records) -> pl.DataFrame:
    """Less than nothing: on the books, in a count, or of a lot at some moment."""
    stock, counts = records.facts[Stock], records.facts[Count]
    site = number_of("site").fill_null("")
    below = [
        place(stock.filter(C("quantity") < 0), "quantity", "quantity", where=site),
        place(counts.filter(C("quantity") < 0), "quantity", "quantity", where=site),
        place(counts.filter(C("book_qty") < 0), "book_qty", "book_qty", where=site),
    ]
    return all_of([*below, _below_zero(records)])


def _below_zero(records: Records) -> pl.DataFrame:
    """The movement after which a lot had surely been overdrawn: in as early, out as late as can be.

    Lots that are overdrawn for good, or used before they are there, are other rules' findings.
    """
    fits = C("gone") <= C("come") * (1 + ROUNDING) + ROUNDING
    lots = records.once(balances).filter(fits & C("crossed")).select("lot")
    flows = records.flows.join(lots, on="lot", how="semi")
    flows = flows.filter((C("side") == 1) | C("sure"))
    flows = flows.with_columns(moment=pl.when(C("side") == 1).then("t0").otherwise("t1"))
    flows = flows.sort("lot", "moment", -C("side"), *WHERE)
    flows = flows.with_columns(
        left=(C("amount") * C("side")).cum_sum().over("lot"),
        begun=(C("side") == 1).cum_sum().over("lot") > 0,
    )
    under = flows.filter((C("left") < -ROUNDING) & C("begun") & (C("side") == -1))
    first = under.unique("lot", keep="first", maintain_order=True)
    return place(first, "quantity", C("left").round(6), where=number_of("lot", 2))
