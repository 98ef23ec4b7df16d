"""Ordinary life of the plant, truly recorded: goods that change number, place or hands.

All of it happens before anything is written down, so that issues, outputs and deliveries name the
numbers and places that the goods truly had. Each event touches lots that no other one touched.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from loaders.demo_plant.book import Book, customer_of, movement, number
from loaders.demo_plant.picking import chosen, take
from loaders.demo_plant.simulate import DAY, HOUR, MINUTE
from loaders.demo_plant.spec import (
    BOUGHT,
    CUSTOMERS,
    DEPOT,
    DERIVED,
    FEED_MAKER,
    LABORATORY,
    OUTSIDE,
    RETURNS,
)

C = pl.col
SHARE = 0.02
"""Of the lots that each kind of event could touch."""


def live(book: Book) -> None:
    """Every kind of event, in turn."""
    uses = _uses(book)
    for event in EVENTS:
        event(book, uses)


def _uses(book: Book) -> pl.DataFrame:
    """What each order takes of each lot: lot, order, qty, t; by lot and time."""
    made = book.lots.select(dst="lot", order="order")
    taken = book.parts.join(made, on="dst", maintain_order="left")
    return (
        taken.group_by("order", lot="src", maintain_order=True)
        .agg(C("qty").sum(), C("t").min())
        .sort("lot", "t", maintain_order=True)
    )


def _free(book: Book, *kinds: str) -> pl.DataFrame:
    """Lots of items of these kinds that nothing has touched."""
    items = [i for i, item in enumerate(book.model.items) if item.kind in kinds]
    return book.lots.filter(C("item").is_in(items) & ~C("_busy") & (C("order") != DERIVED))


def _some(book: Book, rows: pl.DataFrame, share: float = SHARE) -> pl.DataFrame:
    return rows.filter(chosen(book, pl.repeat(True, rows.height, eager=True), share))


def _renumbered(book: Book, moved: pl.DataFrame) -> pl.DataFrame:
    """The rows with the number `to` of the new physical lot of each."""
    return moved.with_columns(to=pl.int_range(pl.len(), dtype=pl.Int64) + book.lots.height)


def _become(book: Book, moved: pl.DataFrame) -> None:
    """New physical lots `to` of `lot`, with `to_no`, `to_qty` and `to_place`, from `_t` on."""
    take(book, moved["lot"])
    old = moved.select("lot", "to", "to_no", "to_qty", "to_place", "_t")
    new = book.lots.join(old, on="lot", how="inner", maintain_order="right").with_columns(
        lot="to",
        lot_no="to_no",
        qty="to_qty",
        place="to_place",
        ready="_t",
        order=pl.lit(DERIVED, pl.Int64),
        supplier=pl.lit(-1, pl.Int64),
        supplier_code=pl.lit(None, pl.String),
        supplier_lot_no=pl.lit(None, pl.String),
    )
    book.lots = pl.concat([book.lots, new.select(book.lots.columns)])


def _flow(book: Book, rows: pl.DataFrame, src: str, dst: str, qty: pl.Expr) -> None:
    """So much of `src` goes into `dst` at `_t`; 0 where it had left the plant in between."""
    ways = rows.select(
        src=C(src), dst=C(dst), qty=qty.cast(pl.Int64), t=C("_t"), hidden=pl.lit(False)
    )
    book.parts = pl.concat([book.parts, ways.select(book.parts.columns)])


def _taken_from(book: Book, ways: pl.DataFrame) -> None:
    """Uses of `lot` are of `to`: all of them, or those of `order` where `ways` names it."""
    parts = book.parts
    if "order" in ways.columns:
        made = book.lots.select(dst="lot", _order="order")
        parts = parts.join(made, on="dst", how="left", maintain_order="left")
        left, right = ["src", "_order"], ["lot", "order"]
    else:
        left, right = ["src"], ["lot"]
    ways = ways.select(*right, "to")
    parts = parts.join(ways, left_on=left, right_on=right, how="left", maintain_order="left")
    book.parts = parts.with_columns(src=pl.coalesce("to", "src")).select(book.parts.columns)


def _grown(book: Book, lots: pl.Series, extra: pl.Expr) -> None:
    """These lots were larger by so much from the beginning."""
    at = C("lot").is_in(lots.implode())
    book.lots = book.lots.with_columns(qty=pl.when(at).then(C("qty") + extra).otherwise("qty"))


def split_lots(book: Book, uses: pl.DataFrame) -> None:
    """Part of a lot gets a number of its own, and its last order takes from that part."""
    last = uses.group_by("lot", maintain_order=True).agg(
        n=pl.len(), order=C("order").last(), _amount=C("qty").last(), _last=C("t").last()
    )
    lots = _free(book, "raw", "semi_finished").join(
        last.filter(C("n") > 1), on="lot", suffix="_taking", maintain_order="left"
    )
    picked = _some(book, lots.filter(C("_last") - C("ready") > 2 * HOUR))
    moved = _renumbered(book, picked).with_columns(
        to_no=C("lot_no") + "-S", to_qty="_amount", to_place="place", _t=C("_last") - HOUR
    )
    _taken_from(book, moved.select("lot", "to", order="order_taking"))
    _become(book, moved)
    _flow(book, moved, "lot", "to", C("to_qty"))
    rows = moved.select(
        "item_code",
        "uom",
        "_t",
        "place",
        change_kind=pl.lit("split"),
        parent_lot_no="lot_no",
        child_lot_no="to_no",
        quantity="to_qty",
        _lot="lot",
    )
    book.add_rows("lot_changes", movement(rows, "lot_changes", "SP"))


def merge_lots(book: Book, uses: pl.DataFrame) -> None:
    """The rest of a lot and the next lot become one lot under a new number."""
    first = uses.group_by("lot", maintain_order=True).agg(first=C("t").first(), _last=C("t").last())
    lots = _free(book, "raw").join(first, on="lot", maintain_order="left")
    below = {name: C(name).shift(1) for name in ("item", "seq", "lot", "lot_no", "ready", "qty")}
    early = C("first") - HOUR
    lots = lots.with_columns(
        _below=below["lot"],
        _below_no=below["lot_no"],
        _rest=below["qty"] // 50_000 * 1000 + 1000,
        _fits=(below["item"] == C("item"))
        & (below["seq"] == C("seq") - 1)
        & (C("ready") < early)
        & (below["ready"] < early),
    )
    mask = chosen(book, lots["_fits"], SHARE)
    picked = lots.filter(mask & ~mask.shift(1, fill_value=False))
    moved = _renumbered(book, picked).with_columns(
        to_no=C("lot_no") + "-M",
        to_qty=C("qty") + C("_rest"),
        to_place="place",
        _t=C("first") - 30 * MINUTE,
    )
    take(book, moved["_below"])
    _grown(book, moved["_below"], C("qty") // 50_000 * 1000 + 1000)
    _taken_from(book, moved.select("lot", "to"))
    _become(book, moved)
    _flow(book, moved, "lot", "to", C("qty"))
    _flow(book, moved, "_below", "to", C("_rest"))
    common = ("item_code", "uom", "_t", "place")
    merged = {"change_kind": pl.lit("merge"), "child_lot_no": C("to_no")}
    new = moved.select(*common, **merged, parent_lot_no="lot_no", quantity="qty", _lot="lot")
    old = moved.select(
        *common, **merged, parent_lot_no="_below_no", quantity="_rest", _lot="_below"
    )
    book.add_rows("lot_changes", movement(pl.concat([new, old]), "lot_changes", "MG"))
    _throw_away(book, moved.with_columns(_t=C("_last") + HOUR))


def _throw_away(book: Book, rows: pl.DataFrame) -> None:
    """The `_rest` of the lots `to`, when the last order has what it needs."""
    _leave(book, rows.select("_t", lot="to", _extra="_rest"), pl.lit(None, pl.String))
    scrap = rows.select(
        "item_code",
        "uom",
        "_t",
        lot_no="to_no",
        scrap_kind=pl.lit("scrap"),
        quantity="_rest",
        from_place="place",
        _lot="to",
    )
    book.add_rows("scrap", movement(scrap, "scrap", "TA"))


def _moved(book: Book, picked: pl.DataFrame, to_place: str, prefix: str) -> pl.DataFrame:
    """Whole lots to another place under the number they have."""
    moved = _renumbered(book, picked).with_columns(
        to_no="lot_no", to_qty="qty", to_place=pl.lit(to_place)
    )
    _taken_from(book, moved.select("lot", "to"))
    _become(book, moved)
    _flow(book, moved, "lot", "to", C("qty"))
    rows = moved.select(
        "item_code",
        "lot_no",
        "uom",
        "_t",
        "to_place",
        quantity="qty",
        from_place="place",
        _lot="lot",
    )
    book.add_rows("moves", movement(rows, "moves", prefix))
    return moved


def move_to_other_site(book: Book, uses: pl.DataFrame) -> None:
    """Bought lots go to the outside store before they are used."""
    first = uses.group_by("lot", maintain_order=True).agg(first=C("t").first())
    lots = _free(book, "raw", "packaging").join(first, on="lot", maintain_order="left")
    picked = _some(book, lots.filter(C("first") - C("ready") > 4 * HOUR))
    middle = (C("first") - C("ready")) // (2 * MINUTE) * MINUTE
    _moved(book, picked.with_columns(_t=C("ready") + middle), OUTSIDE, "ME")


def move_to_depot(book: Book, uses: pl.DataFrame) -> None:
    """Finished lots wait at the carrier's depot and leave from there."""
    sold = book.ships.group_by("lot", maintain_order=True).agg(first=C("t").min())
    lots = _free(book, "finished").join(sold, on="lot", maintain_order="left")
    picked = _some(book, lots.filter(C("first") - C("ready") > 6 * HOUR))
    moved = _moved(book, picked.with_columns(_t=C("ready") + 2 * HOUR), DEPOT, "MD")
    ships = book.ships.join(moved.select("lot", "to"), on="lot", how="left", maintain_order="left")
    book.ships = ships.with_columns(lot=pl.coalesce("to", "lot")).select(book.ships.columns)


def customer_returns(book: Book, uses: pl.DataFrame) -> None:
    """Half a delivery comes back under a new number; every second one is sold again."""
    shipped = book.ships.with_row_index("_ship").rename({"qty": "_sent", "t": "_left"})
    shipped = shipped.unique("lot", keep="first", maintain_order=True)
    lots = _free(book, "finished").join(shipped, on="lot", maintain_order="left")
    picked = _some(book, lots.filter(C("_sent") > 2000))
    moved = _renumbered(book, picked).with_columns(
        to_no=C("lot_no") + "-R",
        to_qty=C("_sent") // 2000 * 1000,
        to_place=pl.lit(RETURNS),
        _t=C("_left") + 2 * DAY,
    )
    _become(book, moved)
    _flow(book, moved, "lot", "to", pl.lit(0))
    rows = moved.select(
        "item_code",
        "lot_no",
        "uom",
        "_t",
        customer_code=customer_of("customer"),
        delivery_no=number("DN", C("_ship") + 1, 7),
        to_lot_no="to_no",
        quantity="to_qty",
        to_place="to_place",
        _lot="lot",
    )
    book.add_rows("customer_returns", movement(rows, "customer_returns", "CR"))
    again = moved.gather_every(2).select(
        lot="to",
        qty="to_qty",
        t=C("_t") + 2 * DAY,
        customer=(C("customer") + 5) % len(CUSTOMERS),
    )
    book.ships = pl.concat([book.ships, again.select(book.ships.columns)])
    book.horizon = max(book.horizon, int(np.max(moved["_t"].to_numpy(), initial=0)) + 3 * DAY)


def supplier_returns(book: Book, uses: pl.DataFrame) -> None:
    """More came than was ordered; the rest goes back to the supplier."""
    lots = _free(book, "raw", "packaging").filter(C("order") == BOUGHT)
    extra = C("qty") // 20_000 * 1000 + 1000
    picked = _some(book, lots).with_columns(_extra=extra, _t=C("ready") + 4 * HOUR)
    _grown(book, picked["lot"], extra)
    take(book, picked["lot"])
    _leave(book, picked, C("supplier_code"))
    rows = picked.select(
        "item_code",
        "lot_no",
        "uom",
        "supplier_code",
        "_t",
        quantity="_extra",
        from_place="place",
        _lot="lot",
    )
    book.add_rows("supplier_returns", movement(rows, "supplier_returns", "SR"))


def _leave(book: Book, rows: pl.DataFrame, party: pl.Expr) -> None:
    """`_extra` of the lots is no longer there, and where it went if to a company."""
    gone = rows.select("lot", qty="_extra", t="_t", party=party)
    book.gone = pl.concat([book.gone, gone])


def samples(book: Book, uses: pl.DataFrame) -> None:
    """One piece or kilogram: kept, or sent to a laboratory."""
    lots = _free(book, "finished", "raw").with_row_index("_n")
    one = pl.lit(1000, pl.Int64)
    picked = _some(book, lots).with_columns(_extra=one, _t=C("ready") + HOUR)
    sent = pl.when(C("_n") % 2 == 0).then(pl.lit(LABORATORY))
    _grown(book, picked["lot"], one)
    take(book, picked["lot"])
    _leave(book, picked, sent)
    rows = picked.select(
        "item_code",
        "lot_no",
        "uom",
        "_t",
        scrap_kind=pl.lit("sample"),
        quantity="_extra",
        from_place="place",
        destination=sent,
        _lot="lot",
    )
    book.add_rows("scrap", movement(rows, "scrap", "SA"))


def by_products(book: Book, uses: pl.DataFrame) -> None:
    """What an order gives beside its product goes to a maker of feed or a recycler."""
    orders = _some(book, book.orders)
    amounts = _free(book, "finished", "semi_finished").unique("order", keep="first")
    picked = orders.join(
        amounts.select("lot", "order", "item_code", "lot_no", "uom", "place", "qty"),
        on="order",
        maintain_order="left",
    )
    moved = _renumbered(book, picked).with_columns(
        to_no=C("lot_no") + "-B",
        to_qty=C("qty") // 50_000 * 1000 + 1000,
        to_place="place",
        _t=C("end") + HOUR,
    )
    _become(book, moved)
    into = book.parts.join(book.lots.select("order", dst="lot"), on="dst").select("src", "order")
    ways = into.unique(maintain_order=True).join(
        moved.select("order", "to", "_t"), on="order", maintain_order="left"
    )
    _flow(book, ways, "src", "to", pl.lit(0))
    _leave(book, moved.select(lot="to", _extra="to_qty", _t=C("_t") + HOUR), pl.lit(FEED_MAKER))
    rows = moved.select(
        "work_order_no",
        "item_code",
        "uom",
        "_t",
        lot_no="to_no",
        scrap_kind=pl.lit("by_product"),
        quantity="to_qty",
        from_place="place",
        destination=pl.lit(FEED_MAKER),
        _lot="to",
    )
    book.add_rows("scrap", movement(rows, "scrap", "BY"))


EVENTS: tuple[Callable[[Book, pl.DataFrame], None], ...] = (
    split_lots,
    merge_lots,
    move_to_other_site,
    move_to_depot,
    customer_returns,
    supplier_returns,
    samples,
    by_products,
)
