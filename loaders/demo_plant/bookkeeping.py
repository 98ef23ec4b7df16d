"""Deviations in what is written down of it: lots, amounts, orders and documents."""

from __future__ import annotations

import numpy as np
import polars as pl

from loaders.demo_plant.book import Book, movement
from loaders.demo_plant.picking import chosen
from loaders.demo_plant.simulate import DAY, HOUR
from loaders.demo_plant.spec import DERIVED

C = pl.col
_SHOWS = 0.08
"""Less than this share of an order's need is lost in the tolerance of its recipe."""


def _alter(book: Book, sheet: str, mask: pl.Series, **values: pl.Expr | str | None) -> None:
    """Other values in the rows of a mask."""
    book.sheets[sheet] = book.sheets[sheet].with_columns(
        pl.when(mask)
        .then(value if isinstance(value, pl.Expr) else pl.lit(value))
        .otherwise(C(name))
        .alias(name)
        for name, value in values.items()
    )


_BY_HAND = {"posting_method": "manual"}


def _scanned(book: Book, sheet: str) -> pl.Series:
    return book.sheets[sheet]["posting_method"] == "scanner_clock"


_WHAT = ("_order", "_item", "_lot", "_t", "_need", "quantity")


def _issues(book: Book) -> pl.DataFrame:
    """Of all issues: what dirt in amounts goes by, with the share of its order's need.

    `_spare`: how much of the lot nobody takes before four hours have passed.
    """
    rows = book.sheets["issues"].select("_lot", "_t", "quantity").with_row_index("_at")
    rows = rows.sort("_lot", "_t", "_at").with_columns(
        _left=C("quantity").sum().over("_lot") - C("quantity").cum_sum().over("_lot"),
        _until=C("_t").shift(-1).over("_lot"),
    )
    spare = pl.when(C("_until") - C("_t") > 4 * HOUR).then("_left").otherwise(0)
    rows = rows.with_columns(_spare=spare).sort("_at")
    return book.sheets["issues"].select(
        *_WHAT,
        _spare=rows["_spare"],
        _share=C("quantity") / C("_need"),
        _free=~C("_busy") & (C("posting_method") == "scanner_clock"),
    )


def _touch(book: Book, orders: pl.Series) -> None:
    """The amounts of these orders are no longer free."""
    at = C("_order").is_in(orders.implode())
    book.sheets["issues"] = book.sheets["issues"].with_columns(_busy=C("_busy") | at)


def _one_an_order(rows: pl.DataFrame, mask: pl.Series) -> pl.Series:
    """The mask with its first row of each order only."""
    masked = rows.select("_order", _at=pl.int_range(pl.len())).filter(mask)
    first = masked.unique("_order", keep="first", maintain_order=True)["_at"]
    return _at(first, rows.height)


def _at(places: pl.Series, height: int) -> pl.Series:
    """A mask that is true at these places."""
    mask = np.zeros(height, bool)
    mask[places.to_numpy()] = True
    return pl.Series("mask", mask)


def _picked(book: Book, rows: pl.DataFrame, free: pl.Expr, rate: float) -> pl.Series:
    candidates = rows.select((free & C("_free")).fill_null(False)).to_series()
    return _one_an_order(rows, chosen(book, candidates, rate))


def _left_at_line(book: Book, issues: pl.DataFrame, until: pl.Expr) -> None:
    """Material of these issues lay at the line of its order until then."""
    line = book.line_of(C("_order"))
    book.stood(issues.select(place=line, item="_item", start="_t", end=until))


def issue_without_lot(book: Book, rate: float) -> None:
    """Nobody wrote which lot was taken."""
    mask = chosen(book, _scanned(book, "issues"), rate)
    _alter(book, "issues", mask, lot_no=None, lot_source="unknown", **_BY_HAND)


def shipment_without_lot(book: Book, rate: float) -> None:
    """Nobody wrote which lot left."""
    mask = chosen(book, _scanned(book, "shipments"), rate)
    _alter(book, "shipments", mask, lot_no=None, lot_source="unknown", **_BY_HAND)


def fifo_proposed_lot(book: Book, rate: float) -> None:
    """The system proposed the older lot, and nobody changed it to the one taken."""
    before = C("lot_no").shift(1)
    older = book.lots.select(
        "lot",
        _older=pl.when((C("item").shift(1) == C("item")) & (C("order") > DERIVED)).then(before),
    )
    rows = book.sheets["issues"].select("_lot", "lot_no")
    known = rows.join(older, left_on="_lot", right_on="lot", how="left", maintain_order="left")
    free = (known["_older"] != known["lot_no"]).fill_null(False)
    mask = chosen(book, free & _scanned(book, "issues"), rate)
    proposed = pl.lit(known["_older"])
    _alter(book, "issues", mask, lot_no=proposed, lot_source="system_proposed", **_BY_HAND)


def borrowed_between_orders(book: Book, rate: float) -> None:
    """Material issued for one order is used in another of the same item."""
    rows = _issues(book)
    need = rows.group_by("_order", "_item").agg(
        _other_need=C("_need").first(), _other_free=C("_free").all()
    )
    orders = book.orders.sort("item", "start", maintain_order=True).select(
        "order",
        _other=C("order").shift(-1).over("item"),
        _number=C("work_order_no").shift(-1).over("item"),
    )
    rows = rows.join(
        orders, left_on="_order", right_on="order", how="left", maintain_order="left"
    ).join(
        need,
        left_on=["_other", "_item"],
        right_on=["_order", "_item"],
        how="left",
        maintain_order="left",
    )
    big = (C("_share") > _SHOWS) & (C("quantity") > _SHOWS * C("_other_need")) & C("_other_free")
    mask = _picked(book, rows, big, rate)
    mask = _apart(rows, mask)
    _touch(book, pl.concat([rows.filter(mask)["_order"], rows.filter(mask)["_other"]]))
    _alter(book, "issues", mask, work_order_no=pl.lit(rows["_number"]))


def _apart(rows: pl.DataFrame, mask: pl.Series) -> pl.Series:
    """The mask without rows whose other order lends itself."""
    lends = rows["_other"].is_in(rows.filter(mask)["_order"].implode()).fill_null(False)
    some = mask & ~lends
    return some if some.any() or not mask.any() else mask & (mask.cast(pl.Int32).cum_sum() == 1)


def whole_reel_leftover(book: Book, rate: float) -> None:
    """The whole reel is booked on the first order; the next one uses its rest."""
    rows = _issues(book).with_row_index("_at")
    following = {
        "_other": C("_order").shift(-1),
        "_next": C("_at").shift(-1),
        "_rest": C("quantity").shift(-1),
        "_next_share": C("_share").shift(-1),
        "_until": C("_t").shift(-1),
        "_next_free": C("_free").shift(-1),
        "_same": C("_lot").shift(-1) == C("_lot"),
    }
    rows = rows.sort("_lot", "_t", "_at").with_columns(**following).sort("_at")
    big = (
        C("_same")
        & (C("_other") != C("_order"))
        & (C("_next_share") > _SHOWS)
        & (C("_rest") > _SHOWS * C("_need"))
        & C("_next_free")
    )
    mask = _apart(rows, _picked(book, rows, big, rate))
    picked = rows.filter(mask).unique("_other", keep="first", maintain_order=True)
    mask = _at(picked["_at"], rows.height)
    _touch(book, pl.concat([picked["_order"], picked["_other"]]))
    _alter(book, "issues", mask, quantity=C("quantity") + pl.lit(rows["_rest"]))
    _left_at_line(book, picked, C("_until"))
    gone = _at(picked["_next"], rows.height)
    book.sheets["issues"] = book.sheets["issues"].filter(~gone)


def unposted_return(book: Book, rate: float) -> None:
    """More is issued than used; the rest goes back to the store without a record."""
    rows = _issues(book)
    there = C("_spare") >= C("quantity") // 4
    mask = _picked(book, rows, (C("_share") > 0.3) & there, rate)
    _touch(book, rows.filter(mask)["_order"])
    _left_at_line(book, rows.filter(mask), C("_t") + 4 * HOUR)
    _alter(book, "issues", mask, quantity=C("quantity") * 5 // 4)


def opened_bag_returned(book: Book, rate: float) -> None:
    """An opened bag goes back to the store under its number, with a record."""
    rows = _issues(book)
    there = C("_spare") >= C("quantity") // 4
    mask = _picked(book, rows, (C("quantity") >= 4000) & there, rate)
    _touch(book, rows.filter(mask)["_order"])
    _left_at_line(book, rows.filter(mask), C("_t") + 2 * HOUR)
    extra = C("quantity") // 4000 * 1000
    back = (
        book.sheets["issues"]
        .filter(mask)
        .select(
            "work_order_no",
            "item_code",
            "lot_no",
            "uom",
            "line",
            quantity=extra,
            to_place="from_place",
            _t=C("_t") + 2 * HOUR,
            _lot="_lot",
        )
    )
    book.add_rows("returns", movement(back, "returns", "RT"))
    _alter(book, "issues", mask, quantity=C("quantity") + extra)


def book_zero_stock(book: Book, rate: float) -> None:
    """Stock that the books have written off is used after all, without an issue."""
    rows = _issues(book)
    mask = _picked(book, rows, C("_share") > _SHOWS, rate)
    gone = book.sheets["issues"].filter(mask)
    _touch(book, gone["_order"])
    ready = book.lots.select("lot", "ready")
    lost = gone.join(ready, left_on="_lot", right_on="lot", maintain_order="left").select(
        "item_code",
        "lot_no",
        "uom",
        "quantity",
        "from_place",
        "_lot",
        scrap_kind=pl.lit("scrap"),
        _t=pl.max_horizontal(C("ready"), C("_t") - DAY),
    )
    book.add_rows("scrap", movement(lost, "scrap", "SC"))
    book.sheets["issues"] = book.sheets["issues"].filter(~mask)


def partial_scanning(book: Book, rate: float) -> None:
    """Some of what an order took was never scanned."""
    rows = _issues(book)
    mask = _picked(book, rows, C("_share") > _SHOWS, rate)
    _touch(book, rows.filter(mask)["_order"])
    book.sheets["issues"] = book.sheets["issues"].filter(~mask)


def first_piece_scrap(book: Book, rate: float) -> None:
    """The first pieces of an order are thrown away."""
    rows = book.sheets["outputs"].unique("_order", keep="first", maintain_order=True)
    rows = rows.filter(chosen(book, rows["quantity"] >= 100_000, rate))
    scrapped = rows.select(
        "work_order_no",
        "item_code",
        "uom",
        quantity=C("quantity") // 100_000 * 1000,
        scrap_kind=pl.lit("scrap"),
        _t="_t",
        _lot="_lot",
    )
    if not scrapped.is_empty():
        book.add_rows("scrap", movement(scrapped, "first_piece", "FP"))


def draft_documents(book: Book, rate: float) -> None:
    """Documents that were never audited, of things that did happen."""
    for sheet in ("issues", "shipments"):
        mask = chosen(book, _scanned(book, sheet), rate)
        _alter(book, sheet, mask, doc_status="draft")
