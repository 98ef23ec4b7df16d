"""Numbers that are missing, unknown or lead nowhere."""

from __future__ import annotations

import polars as pl

from graph_model.derived import kin
from graph_model.schema import Consumed, Item, Lot, Operation, Produced, Returned
from loaders.checks.records import (
    NAMELESS,
    ORIGINS,
    WHERE,
    C,
    Records,
    all_of,
    lot_field,
    moved,
    place,
    sheet_of,
)
from loaders.checks.registry import rule

_UNNUMBERED = ("scrap", "sample", "by_product")


@rule("missing_lot_number", "warning")
def missing_lot_number(records: Records) -> pl.DataFrame:
    """Movements of lot-tracked items without lot number.

    Scrap, samples, the contents of tanks and what stayed in them need none.
    """
    untracked = records.facts[Item].filter(~C("lot_tracked").fill_null(True)).select(item="key")
    found = []
    for kind, frame in moved(records):
        bare = frame.filter(C("item").is_not_null() & C("lot").is_null())
        bare = bare.filter(C("lot_no").fill_null("") == "")
        if kind is Produced:
            named = ~C("output_kind").fill_null("product").is_in(list(_UNNUMBERED))
            bare = bare.filter(named & (sheet_of().fill_null("") != "tank_fillings"))
        if kind is Consumed:
            bare = bare.filter(C("basis").ne_missing("inferred"))
        bare = bare.join(untracked, on="item", how="anti", maintain_order="left")
        found.append(place(bare, lot_field(kind), pl.lit(""), "item"))
    return all_of(found)


@rule("missing_item_code", "warning")
def missing_item_code(records: Records) -> pl.DataFrame:
    """Movements with a lot number but without item: the number alone identifies nothing."""
    found = []
    for _, frame in moved(records):
        bare = frame.filter(C("item").is_null() & C("lot").is_null())
        bare = bare.filter(C("lot_no").fill_null("") != "")
        found.append(place(bare, "item_code", pl.lit(""), "lot_no"))
    return all_of(found)


@rule("missing_work_order", "warning")
def missing_work_order(records: Records) -> pl.DataFrame:
    """Issues, returns and outputs that name no work order: each is an order of its own."""
    alone = records.facts[Operation].filter(C("number").str.starts_with(NAMELESS))
    alone = alone.select(operation="key")
    found = []
    for _, frame in moved(records, Consumed, Produced, Returned):
        rows = frame.join(alone, on="operation", how="semi", maintain_order="left")
        found.append(place(rows, "work_order_no", pl.lit("")))
    return all_of(found)


@rule("unknown_reference", "warning")
def unknown_reference(records: Records) -> pl.DataFrame:
    """Items and work orders that no row of their own sheet states, where it has any rows."""
    return all_of([_unknown_items(records), _unknown_orders(records)])


def _unknown_items(records: Records) -> pl.DataFrame:
    items = records.facts[Item]
    own = ("key", "company", "item_code", *WHERE)
    stated = pl.any_horizontal(C(name).is_not_null() for name in items.columns if name not in own)
    named = items.filter(stated).select("key", "company")
    missing = items.join(named, on="key", how="anti").join(named, on="company", how="semi")
    missing = missing.select("item_code", item="key")
    found = [
        place(_first(frame.join(missing, on="item"), "item"), "item_code", "item_code")
        for _, frame in moved(records)
    ]
    return all_of(found)


def _unknown_orders(records: Records) -> pl.DataFrame:
    orders = records.facts[Operation].filter(
        C("kind").is_in(["produce", "rework"])
        & C("order").is_null()
        & C("work_order_no").is_not_null()
    )
    stated = pl.any_horizontal(
        C(name).is_not_null() for name in ("source", "status", "item", "released_at", "planned_qty")
    )
    known = orders.filter(stated).select("key", "company")
    missing = orders.join(known, on="key", how="anti").join(known, on="company", how="semi")
    missing = missing.select("work_order_no", order="key")
    found = []
    for kind in (Consumed, Produced, Returned):
        rows = records.lines[kind].join(missing, on="order")
        found.append(place(_first(rows, "order"), "work_order_no", "work_order_no"))
    return all_of(found)


def _first(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The first row of each number and file: one repair settles all of them."""
    return rows.sort(*WHERE).unique([name, "_file", "_sheet"], keep="first", maintain_order=True)


@rule("broken_chain", "error")
def broken_chain(records: Records) -> pl.DataFrame:
    """Own lots used or shipped that nothing received or made, where their item's lots have that."""
    origins, lots = records.origins, records.own_lots
    # A transfer or a change of number is recorded where no receipts are.
    first = records.facts[Operation].filter(C("kind").is_in(list(ORIGINS)))
    first = origins.join(first.select(operation="key"), on="operation", how="semi")
    begun = lots.join(first, on="lot", how="semi").select("owner", "item").unique()
    same = kin.of(records.facts[Lot]).join(origins, left_on="other", right_on="lot", how="semi")
    lost = lots.join(origins, on="lot", how="anti").join(same, on="lot", how="anti")
    lost = lost.join(begun, on=["owner", "item"], how="semi")
    uses = records.uses.join(lost.select("lot"), on="lot", how="semi")
    rows = uses.sort("t0", *WHERE).unique("lot", keep="first", maintain_order=True)
    return place(rows, C("field"), "lot_no", "lot")
