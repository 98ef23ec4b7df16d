"""Deviations in what happens: material and labels that go other ways than planned."""

from __future__ import annotations

import numpy as np
import polars as pl

from loaders.demo_plant.book import Book, movement, number, remaining
from loaders.demo_plant.picking import chosen, enough, take
from loaders.demo_plant.simulate import DAY, HOUR, MINUTE
from loaders.demo_plant.spec import BOUGHT, CONSIGNED, DERIVED

C = pl.col
_MOST_OPENING = 0.5
"""Receipts that records begin after at most; an incident needs some that are recorded."""


def two_suppliers_one_number(book: Book, rate: float) -> None:
    """Two suppliers print one number, and the plant books both under it."""
    lots = book.lots
    before = {
        name: C(name).shift(1)
        for name in ("item", "supplier_code", "supplier_lot_no", "lot_no", "_busy")
    }
    other = (
        (C("order") == BOUGHT)
        & ~C("_busy")
        & ~before["_busy"]
        & (before["item"] == C("item"))
        & (before["supplier_code"] != C("supplier_code"))
    )
    mask = chosen(book, lots.select(other.fill_null(False)).to_series(), rate)
    mask &= ~mask.shift(1, fill_value=False)
    pick = pl.lit(mask)
    book.lots = lots.with_columns(
        pl.when(pick).then(before[name]).otherwise(C(name)).alias(name)
        for name in ("supplier_lot_no", "lot_no")
    ).with_columns(_busy=C("_busy") | pick | pick.shift(-1, fill_value=False))


def _first_use(book: Book) -> pl.DataFrame:
    """Lots that are used, with the moment of their first use."""
    first = book.parts.group_by("src").agg(first=C("t").min())
    return book.lots.join(first, left_on="lot", right_on="src", maintain_order="left")


def _reroute(book: Book, moved: pl.DataFrame) -> None:
    """All uses of `lot` are of the new physical lot `to`, under the number `to_no`."""
    ways = moved.select("lot", "to", "to_no")
    parts = book.parts.join(ways, left_on="src", right_on="lot", how="left", maintain_order="left")
    book.parts = parts.with_columns(src=pl.coalesce("to", "src")).drop("to", "to_no")
    rows = book.sheets["issues"].join(
        ways, left_on="_lot", right_on="lot", how="left", maintain_order="left"
    )
    book.sheets["issues"] = rows.with_columns(
        _lot=pl.coalesce("to", "_lot"), lot_no=pl.coalesce("to_no", "lot_no")
    ).drop("to", "to_no")
    new = book.lots.join(ways, on="lot", how="inner", maintain_order="left")
    new = new.with_columns(
        lot="to",
        lot_no="to_no",
        order=pl.lit(DERIVED, pl.Int64),
        supplier=pl.lit(-1, pl.Int64),
        supplier_code=pl.lit(None, pl.String),
        supplier_lot_no=pl.lit(None, pl.String),
        _busy=pl.lit(True),
    ).drop("to", "to_no")
    taken = book.lots["lot"].is_in(moved["lot"].implode())
    lots = book.lots.with_columns(_busy=C("_busy") | taken)
    book.lots = pl.concat([lots, new.select(lots.columns)])


def _part(src: pl.Expr, dst: pl.Expr, qty: pl.Expr, t: pl.Expr) -> list[pl.Expr]:
    return [
        src.cast(pl.Int64).alias("src"),
        dst.cast(pl.Int64).alias("dst"),
        qty.cast(pl.Int64).alias("qty"),
        t.cast(pl.Int64).alias("t"),
    ]


def _add_parts(book: Book, parts: pl.DataFrame, *, hidden: bool = False) -> None:
    parts = parts.with_columns(hidden=pl.lit(hidden))
    book.parts = pl.concat([book.parts, parts.select(book.parts.columns)])


def lot_changed_at_transfer(book: Book, rate: float) -> None:
    """A lot gets another number when it goes from store to store."""
    lots = _first_use(book)
    free = (C("order") == BOUGHT) & ~C("_busy") & (C("first") - C("ready") > 2 * HOUR)
    mask = chosen(book, lots.select(free).to_series(), rate)
    picked = lots.filter(mask)
    moved = picked.with_columns(
        to=pl.int_range(pl.len(), dtype=pl.Int64) + book.lots.height,
        to_no=C("lot_no") + "-T",
        _t=C("ready") + (C("first") - C("ready")) // (2 * MINUTE) * MINUTE,
    )
    _reroute(book, moved)
    _add_parts(book, moved.select(_part(C("lot"), C("to"), C("qty"), C("_t"))))
    rows = moved.select(
        "item_code",
        "lot_no",
        "uom",
        "_t",
        quantity="qty",
        from_place="place",
        to_place="place",
        to_lot_no="to_no",
        _lot="lot",
    )
    book.add_rows("moves", movement(rows, "moves", "TR"))


def topped_up_lot(book: Book, rate: float) -> None:
    """A new lot is poured onto the rest of the one before and goes on under that number."""
    lots = _first_use(book)
    bulk = [i for i, item in enumerate(book.model.items) if item.uom == "kg"]
    bulk = bulk or [i for i, item in enumerate(book.model.items) if item.kind == "raw"]
    before = {name: C(name).shift(1) for name in ("item", "seq", "lot", "lot_no", "ready", "_busy")}
    free = (
        (C("order") == BOUGHT)
        & C("item").is_in(bulk)
        & ~C("_busy")
        & ~before["_busy"]
        & (before["item"] == C("item"))
        & (before["seq"] == C("seq") - 1)
        & (C("first") - C("ready") > 2 * HOUR)
        & (C("first") - before["ready"] > 2 * HOUR)
    )
    lots = lots.with_columns(
        _mask=free.fill_null(False),
        _below=before["lot"],
        to_no=before["lot_no"],
        _since=before["ready"],
        _rest=C("qty").shift(1) // 50_000 * 1000 + 1000,
    )
    mask = chosen(book, lots["_mask"], rate)
    mask &= ~mask.shift(1, fill_value=False)
    moved = lots.filter(mask).with_columns(
        to=pl.int_range(pl.len(), dtype=pl.Int64) + book.lots.height,
        _t=C("first") - 30 * MINUTE,
    )
    _reroute(book, moved)
    take(book, moved["_below"])
    book.stood(moved.select("place", "item", start="_since", end="_t"))
    _add_parts(book, moved.select(_part(C("lot"), C("to"), C("qty"), C("_t"))))
    _add_parts(book, moved.select(_part(C("_below"), C("to"), C("_rest"), C("_t"))))
    rows = moved.select(
        "item_code",
        "uom",
        "_t",
        "place",
        change_kind=pl.lit("top_up"),
        parent_lot_no="lot_no",
        child_lot_no="to_no",
        quantity="qty",
        _lot="lot",
    )
    book.add_rows("lot_changes", movement(rows, "lot_changes", "LC"))


def _heels(book: Book, rate: float) -> pl.DataFrame:
    """Tank lots that still held some of the lot before: lot, _below, below_no, _t, _heel."""
    tanks = [i for i, item in enumerate(book.model.items) if item.tank]
    lots = book.lots.filter(C("item").is_in(tanks) & (C("order") >= 0)).sort(
        "item", "ready", maintain_order=True
    )
    below = {name: C(name).shift(1).over("item") for name in ("lot", "lot_no", "ready", "qty")}
    lots = lots.with_columns(
        _below=below["lot"],
        below_no=below["lot_no"],
        _since=below["ready"],
        _t=C("ready") - 30 * MINUTE,
        _heel=below["qty"] // 100,
        _free=(~C("_busy") & (below["ready"] <= C("ready") - 30 * MINUTE)).fill_null(False),
    )
    picked = lots.filter(chosen(book, lots["_free"], rate))
    take(book, picked["lot"])
    book.stood(picked.select("place", "item", start="_since", end="ready"))
    _made_more(book, picked.select("_heel", lot="_below"))
    return picked


def _made_more(book: Book, heels: pl.DataFrame) -> None:
    """What stayed in the tank had been made with the rest of its lot."""

    def raised(rows: pl.DataFrame, lot: str, qty: str) -> pl.DataFrame:
        more = rows.join(heels, left_on=lot, right_on="lot", how="left", maintain_order="left")
        return more.with_columns(C(qty) + C("_heel").fill_null(0)).drop("_heel")

    book.lots = raised(book.lots, "lot", "qty")
    book.sheets["outputs"] = raised(book.sheets["outputs"], "_lot", "quantity")


def heel_recorded(book: Book, rate: float) -> None:
    """The rest in a tank goes into the next lot, and the filling says so."""
    picked = _heels(book, rate)
    if picked.is_empty():
        return
    _add_parts(book, picked.select(_part(C("_below"), C("lot"), C("_heel"), C("_t"))))
    rows = picked.select(
        "item_code",
        "uom",
        "_t",
        tank="place",
        lot_no="below_no",
        content_lot_no="lot_no",
        quantity="_heel",
        heel_qty="_heel",
        _lot="_below",
    )
    book.add_rows("tank_fillings", movement(rows, "tank_fillings", "TF"))


def heel_unrecorded(book: Book, rate: float) -> None:
    """The rest in a tank goes into the next lot, and nothing says so."""
    picked = _heels(book, rate)
    ways = picked.select(_part(C("_below"), C("lot"), C("_heel"), C("_t")))
    _add_parts(book, ways, hidden=True)
    book.hidden += [("heel_unrecorded", lot) for lot in picked["lot"]]


def _next_orders(book: Book) -> pl.DataFrame:
    """Finished lots left over, each with the next order of the same item within three days."""
    left = remaining(book)
    finished = [i for i, item in enumerate(book.model.items) if item.kind == "finished"]
    old = left.filter(C("item").is_in(finished) & ~C("_busy")).sort("ready", "lot")
    orders = book.orders.select("order", "item", "work_order_no", starts=C("start")).sort("starts")
    pairs = old.with_columns(_after=C("ready") + HOUR).join_asof(
        orders,
        left_on="_after",
        right_on="starts",
        by="item",
        strategy="forward",
        check_sortedness=False,  # sorted above; it cannot be checked within groups
    )
    return pairs.filter(C("order_right").is_not_null() & (C("starts") - C("ready") < 3 * DAY))


def rework_tomorrow(book: Book, rate: float) -> None:
    """Finished goods left over go into the next order of the same item."""
    pairs = _next_orders(book)
    picked = pairs.filter(chosen(book, pl.repeat(True, pairs.height, eager=True), rate))
    if picked.is_empty():
        return
    # Rework goes into every output of the order from its first on.
    outputs = book.lots.select("order", dst="lot", _made="ready")
    into = picked.select("lot", "left", order="order_right").join(
        outputs, on="order", maintain_order="left"
    )
    share = (C("left") // (4 * pl.len().over("lot", "order"))).clip(1)
    first = C("_made").min().over("lot", "order") - 35 * MINUTE
    ways = into.with_columns(_share=share, _t=first)
    _add_parts(book, ways.select(_part(C("lot"), C("dst"), C("_share"), C("_t"))))
    drawn = ways.group_by("lot", "order", maintain_order=True).agg(C("_share").sum(), C("_t").min())
    rows = drawn.join(
        picked.select("lot", "item_code", "lot_no", "uom", "place", "work_order_no"),
        on="lot",
        maintain_order="left",
    ).select(
        "work_order_no",
        "item_code",
        "lot_no",
        "uom",
        "_t",
        quantity="_share",
        from_place="place",
        line=book.line_of(C("order")),
        _lot="lot",
        _order="order",
    )
    rows = movement(rows, "issues", "RW")
    book.add_rows("issues", rows)
    touched = C("_order").is_in(picked["order_right"].implode())
    book.sheets["issues"] = book.sheets["issues"].with_columns(
        _busy=C("_busy").fill_null(True) | touched
    )
    take(book, picked["lot"])


def mixed_pallet(book: Book, rate: float) -> None:
    """Two lots of an item leave on one pallet: the delivery names the pallet only."""
    rows = book.sheets["shipments"].sort("item_code", "_t", maintain_order=True)
    same = (
        (C("item_code") == C("item_code").shift(1))
        & (C("_lot") != C("_lot").shift(1))
        & (C("_t") - C("_t").shift(1) < 2 * DAY)
    )
    mask = chosen(book, rows.select(same.fill_null(False)).to_series(), rate)
    mask &= ~mask.shift(1, fill_value=False)
    first = pl.lit(mask.shift(-1, fill_value=False))
    rows = rows.with_columns(
        pl.when(first).then(C(name).shift(-1)).otherwise(C(name)).alias(name)
        for name in ("_t", "event_time", "ship_date", "delivery_no", "customer_code")
    )
    on = first | pl.lit(mask)
    pallet = number("PAL", pl.lit(mask.cast(pl.Int64).cum_sum()) + first.cast(pl.Int64), 6)
    rows = rows.with_columns(container_no=pl.when(on).then(pallet))
    packed = rows.filter(on).select(
        "container_no",
        "item_code",
        "lot_no",
        "uom",
        "quantity",
        "_lot",
        action=pl.lit("pack"),
        _t=C("_t") - HOUR,
    )
    book.add_rows("packing", movement(packed, "packing", "PK"))
    manual = {"lot_source": "unknown", "posting_method": "manual"}
    book.sheets["shipments"] = rows.with_columns(
        lot_no=pl.when(~on).then(C("lot_no")),
        **{name: pl.when(on).then(pl.lit(v)).otherwise(C(name)) for name, v in manual.items()},
    ).sort("doc_no")


def opening_stock(book: Book, rate: float) -> None:
    """The oldest lots were there before the records began: no receipt, no supplier's number."""
    rows = book.sheets["receipts"]
    free = rows.join(book.lots.select("lot", "_busy"), left_on="_lot", right_on="lot", how="left")
    count = max(1, round(rows.height * min(rate, _MOST_OPENING)))
    oldest = free.filter(~C("_busy")).sort("_t", maintain_order=True).head(count)
    if rate <= 0 or oldest.is_empty():
        return
    begin = int(np.min(oldest["_t"].to_numpy())) // DAY * DAY - DAY
    book.add_rows(
        "opening_stock",
        oldest.select(
            "item_code",
            "lot_no",
            "quantity",
            "uom",
            place="to_place",
            supplier_code="supplier_code",
            business_date=pl.lit(begin, pl.Int64),
            source=pl.lit("opening_stock"),
        ),
    )
    book.sheets["receipts"] = rows.join(
        oldest.select("_lot"), on="_lot", how="anti", maintain_order="left"
    )
    take(book, oldest["_lot"])
    book.hidden += [("opening_stock", lot) for lot in oldest["_lot"]]


def consignment_draw(book: Book, rate: float) -> None:
    """The supplier's stock in the plant: ours from the draw on, which is told a day later."""
    lots = _first_use(book)
    there = set(book.sheets["receipts"]["_lot"])
    free = (C("order") == BOUGHT) & ~C("_busy") & (C("first") - C("ready") > 2 * HOUR)
    known = lots["lot"].is_in(list(there))
    picked = lots.filter(chosen(book, lots.select(free).to_series() & known, rate))
    if picked.is_empty():
        return
    take(book, picked["lot"])
    at = C("_lot").is_in(picked["lot"].implode())
    book.sheets["receipts"] = book.sheets["receipts"].with_columns(
        to_place=pl.when(at).then(pl.lit(CONSIGNED)).otherwise(C("to_place"))
    )
    rows = picked.select(
        "item_code",
        "lot_no",
        "uom",
        quantity="qty",
        from_place=pl.lit(CONSIGNED),
        to_place="place",
        _t=C("first") - HOUR,
        _lot="lot",
    )
    told = enough(C("_t"), DAY)
    rows = movement(rows, "consignment", "CD").with_columns(
        event_time=told, entered_at=told, posting_method=pl.lit("manual")
    )
    book.add_rows("moves", rows)
