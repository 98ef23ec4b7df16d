"""The records of a demo plant before they are written: rows that still know what truly happened.

Times are microseconds UTC, amounts thousandths. A movement row has beside its fields `_t` (when it
truly happened) and `_lot` (row number of the physical lot); both go when the sheets are rendered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from graph_model.i18n import text
from graph_model.keys import lot_key_column
from loaders.demo_plant.lines import laid_out
from loaders.demo_plant.simulate import DAY, HOUR, MINUTE, World
from loaders.demo_plant.spec import BOUGHT, CUSTOMERS, SHIFTS, SUPPLIERS, Item, Model

C = pl.col
ZONE = 8 * HOUR
"""Shanghai's time before UTC; it has no summer time."""
STAMPS = (
    "event_time",
    "entered_at",
    "released_at",
    "started_at",
    "finished_at",
    "mounted_at",
    "removed_at",
)
DATES = ("business_date", "ship_date", "expiry_date", "as_of", "promised_date")
MILLI = (
    "quantity",
    "planned_qty",
    "reported_qty",
    "heel_qty",
    "level_qty",
    "counted_qty",
    "book_qty",
)
GONE = {"lot": pl.Int64, "qty": pl.Int64, "t": pl.Int64, "party": pl.String}
RESIDUE = {"src": pl.Int64, "dst": pl.Int64, "kind": pl.String}
STANDING = {"place": pl.String, "item": pl.Int64, "start": pl.Int64, "end": pl.Int64}
PEOPLE = 12


@dataclass
class Book:
    """Sheets in the making, with the physical side that dirt may still change.

    `lots`: the world's lots with `item_code`, `lot_no`, `supplier_code`, `supplier_lot_no`.
    `parts` has `hidden` for what no record shows; `hidden`: kind and lot of each such deviation.
    `gone`: lot, qty, t, party: what left otherwise than by a delivery, and to which company.
    `standing`: place, item, start, end: material that lay there though no lot's own times say so.
    `residue`: src, dst, kind: what went into a lot of another one without being moved there.
    `_busy` marks lots, and all issues of orders, that a deviation has touched.
    """

    model: Model
    rng: np.random.Generator
    horizon: int
    lots: pl.DataFrame
    orders: pl.DataFrame
    parts: pl.DataFrame
    ships: pl.DataFrame
    exact: float
    sheets: dict[str, pl.DataFrame] = field(default_factory=dict)
    hidden: list[tuple[str, int]] = field(default_factory=list)
    gone: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=GONE))
    standing: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=STANDING))
    residue: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RESIDUE))

    def add_rows(self, sheet: str, rows: pl.DataFrame) -> None:
        """More rows of a sheet; new columns are empty in the rows before."""
        have = self.sheets.get(sheet)
        self.sheets[sheet] = (
            rows if have is None else pl.concat([have, rows], how="diagonal_relaxed")
        )

    def line_of(self, order: pl.Expr) -> pl.Expr:
        """The line on which an order runs."""
        numbers = dict(self.orders.select("order", pl.col("line").cast(pl.String)).iter_rows())
        return pl.lit("LINE-") + order.replace_strict(numbers, return_dtype=pl.String)

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return int(self.orders["line"].n_unique())

    def left_behind(self, rows: pl.DataFrame) -> None:
        """Residue, tools or labels of `src` that got into `dst`; `kind` says how."""
        self.residue = pl.concat([self.residue, rows.select(list(RESIDUE))]).unique(
            maintain_order=True
        )

    def stood(self, rows: pl.DataFrame) -> None:
        """Material that lay at places for a time: place, item, start, end."""
        self.standing = pl.concat([self.standing, rows.select(list(STANDING))])


def place_of(item: Item) -> str:
    """Where an item is kept."""
    stores = {"finished": "WH-FG", "semi_finished": "WH-SF"}
    return item.tank or stores.get(item.kind, "WH-RM")


def labelled(world: World, rng: np.random.Generator, exact: float = 0.0) -> Book:
    """Lots and orders under their numbers, nothing written down yet."""
    return Book(
        model=world.model,
        rng=rng,
        horizon=world.horizon,
        lots=_named(world).with_columns(_busy=pl.lit(False)),
        orders=world.orders.with_columns(
            laid_out(world.orders, world.model), work_order_no=number("WO", C("order") + 1, 7)
        ),
        parts=world.parts.with_columns(hidden=pl.lit(False)),
        ships=world.ships,
        exact=exact,
    )


def write_down(book: Book) -> None:
    """True records of everything that happened."""
    book.sheets |= {
        "receipts": _receipts(book),
        "work_orders": _work_orders(book),
        "issues": _issues(book),
        "outputs": _outputs(book),
        "shipments": _shipments(book),
        "inspections": _inspections(book),
        "complaints": _complaints(book),
    }


def number(prefix: str, value: pl.Expr, width: int) -> pl.Expr:
    """Document numbers."""
    return pl.lit(prefix) + value.cast(pl.String).str.zfill(width)


def _lookup(model: Model, values: list[str]) -> pl.Expr:
    return C("item").replace_strict(list(range(len(model.items))), values, return_dtype=pl.String)


def _named(world: World) -> pl.DataFrame:
    """Lots under their numbers; a supplier's lot comes in one or two deliveries."""
    model = world.model
    codes = [item.code for item in model.items]
    batch = number("", (C("seq") - 1) // 4 + 1, 6)
    supplier = C("supplier").replace_strict(
        list(range(-1, len(SUPPLIERS))), ["", *SUPPLIERS], return_dtype=pl.String
    )
    return world.lots.with_columns(
        item_code=_lookup(model, codes),
        lot_no=_lookup(model, [code.partition("-")[2][:6] + "-" for code in codes])
        + number("", C("seq"), 6),
        supplier_code=pl.when(C("order") < 0).then(supplier),
        uom=_lookup(model, [item.uom for item in model.items]),
        place=_lookup(model, [place_of(item) for item in model.items]),
    ).with_columns(
        supplier_lot_no=pl.when(C("order") < 0).then(
            C("supplier_code").str.slice(3)
            + _lookup(model, [code.partition("-")[2][:2] for code in codes])
            + batch
        )
    )


def movement(frame: pl.DataFrame, sheet: str, prefix: str) -> pl.DataFrame:
    """The columns that all movements share, from `_t`; numbered in the order of time."""
    frame = frame.sort("_t", "_lot", maintain_order=True).with_row_index("_n", 1)
    return frame.with_columns(
        event_time=C("_t"),
        business_date=pl.lit(None, pl.Int64),
        entered_at=pl.lit(None, pl.Int64),
        doc_status=pl.lit("posted"),
        doc_no=number(prefix, C("_n"), 7),
        doc_line_no=pl.lit("1"),
        lot_source=pl.lit("scanned"),
        posting_method=pl.lit("scanner_clock"),
        operator=number("P", C("_n") % PEOPLE + 1, 3),
        source=pl.lit(sheet),
    ).drop("_n")


_LOT = ("item_code", "lot_no", "uom")


def _receipts(book: Book) -> pl.DataFrame:
    rows = book.lots.filter(C("order") == BOUGHT).select(
        *_LOT,
        "supplier_code",
        "supplier_lot_no",
        purchase_order_no=number("PO", C("lot") // 3, 7),
        quantity="qty",
        to_place="place",
        expiry_date=C("ready") // DAY * DAY + 270 * DAY,
        _t="ready",
        _lot="lot",
    )
    return movement(rows, "receipts", "RC")


def shift_of(moment: str) -> pl.Expr:
    """The shift in which a moment lies."""
    hour = (C(moment) + ZONE) // HOUR % 24
    (early, begin), (late, middle), (night, end) = SHIFTS
    daytime = pl.when(hour < middle).then(pl.lit(early)).otherwise(pl.lit(late))
    return pl.when((hour < begin) | (hour >= end)).then(pl.lit(night)).otherwise(daytime)


def _work_orders(book: Book) -> pl.DataFrame:
    amounts = book.lots.filter(C("order") >= 0).group_by("order").agg(C("qty").sum())
    orders = book.orders.join(amounts, on="order", how="left", maintain_order="left")
    return orders.select(
        "work_order_no",
        item_code=_lookup(book.model, [item.code for item in book.model.items]),
        order_kind=pl.lit("produce"),
        order_status=pl.lit("closed"),
        planned_qty="qty",
        reported_qty="qty",
        uom=_lookup(book.model, [item.uom for item in book.model.items]),
        line=book.line_of(C("order")),
        released_at=C("start") - HOUR,
        started_at="start",
        finished_at="end",
        shift=shift_of("start"),
        source=pl.lit("work_orders"),
    )


def _drawn(book: Book) -> pl.DataFrame:
    """What is drawn: once for all outputs of an order that take it, before the first.

    Orders with exact records draw for each output, and say for which (`output_lot_no`).
    """
    made = book.lots.filter(C("order") >= 0).select("order", dst="lot", output_lot_no="lot_no")
    taken = book.parts.join(made, on="dst", maintain_order="left")
    paired = C("order") * 37 % 100 < round(book.exact * 100)
    each = taken.filter(paired).select("order", "src", "qty", "t", "output_lot_no")
    whole = (
        taken.filter(~paired)
        .group_by("order", "src", maintain_order=True)
        .agg(C("qty").sum(), C("t").min())
    )
    return pl.concat([whole, each], how="diagonal")


def _issues(book: Book) -> pl.DataFrame:
    drawn = _drawn(book)
    source = book.lots.select("lot", "item", *_LOT, "place")
    rows = drawn.join(source, left_on="src", right_on="lot", maintain_order="left").join(
        book.orders.select("order", "work_order_no"), on="order", maintain_order="left"
    )
    rows = rows.select(
        "work_order_no",
        *_LOT,
        quantity="qty",
        from_place="place",
        line=book.line_of(C("order")),
        _t="t",
        _lot="src",
        _order="order",
        _item="item",
        _need=C("qty").sum().over(C("order") * len(book.model.items) + C("item")),
        _busy=C("output_lot_no").is_not_null(),
        output_lot_no="output_lot_no",
    )
    return movement(rows, "issues", "IS")


def _outputs(book: Book) -> pl.DataFrame:
    rows = book.lots.filter(C("order") >= 0).join(
        book.orders.select("order", "work_order_no"), on="order", maintain_order="left"
    )
    rows = rows.select(
        "work_order_no",
        *_LOT,
        quantity="qty",
        to_place="place",
        line=book.line_of(C("order")),
        output_kind=pl.lit("product"),
        expiry_date=C("ready") // DAY * DAY + 180 * DAY,
        _t="ready",
        _lot="lot",
        _order="order",
    )
    return movement(rows, "outputs", "FI")


def customer_of(column: str) -> pl.Expr:
    """Code of a customer by number."""
    return C(column).replace_strict(dict(enumerate(CUSTOMERS)), return_dtype=pl.String)


def _shipments(book: Book) -> pl.DataFrame:
    rows = book.ships.with_row_index("_n", 1).join(
        book.lots.select("lot", *_LOT, "place"), on="lot", maintain_order="left"
    )
    rows = rows.select(
        delivery_no=number("DN", C("_n"), 7),
        customer_code=customer_of("customer"),
        item_code="item_code",
        lot_no="lot_no",
        uom="uom",
        quantity="qty",
        from_place="place",
        sales_order_no=number("SO", C("_n") // 2, 7),
        shipment_status=pl.when(C("t") < book.horizon - 5 * DAY)
        .then(pl.lit("delivered"))
        .otherwise(pl.lit("shipped")),
        ship_date=C("t"),
        _t="t",
        _lot="lot",
    )
    return movement(rows, "shipments", "SH")


def _inspections(book: Book) -> pl.DataFrame:
    """Every fifth lot is sampled; one in forty of these fails in part and is used by concession."""
    checked = book.lots.gather_every(5).with_row_index("_n", 1)
    failed = C("_n") % 40 == 0
    return checked.select(
        "item_code",
        "lot_no",
        inspection_no=number("QC", C("_n"), 7),
        inspection_item=pl.lit(text("demo.inspection.item")),
        method=pl.lit(text("demo.inspection.method")),
        sample_size=pl.lit(5.0),
        acceptance=pl.lit(0.0),
        result=pl.when(failed).then(pl.lit("concession")).otherwise(pl.lit("conforming")),
        reject_reason=pl.when(failed).then(pl.lit(text("demo.inspection.reason"))),
        place="place",
        event_time=C("ready") + 30 * MINUTE,
        inspector=number("P", C("_n") % PEOPLE + 1, 3),
    )


def _complaints(book: Book) -> pl.DataFrame:
    named = book.ships.with_row_index("_ship").gather_every(90, 7).with_row_index("_n", 1)
    named = named.join(book.lots.select("lot", *_LOT), on="lot", maintain_order="left")
    return named.select(
        "item_code",
        "lot_no",
        complaint_no=number("CP", C("_n"), 5),
        customer_code=customer_of("customer"),
        delivery_no=number("DN", C("_ship") + 1, 7),
        printed_code="lot_no",
        reason=pl.lit(text("demo.complaint.reason")),
        event_time=C("t") + 6 * DAY,
    )


def remaining(book: Book) -> pl.DataFrame:
    """What is left of each physical lot at the horizon: lot, left (only where above zero)."""
    used = (
        pl.concat(
            [
                book.parts.select(lot="src", qty="qty"),
                book.ships.select("lot", "qty"),
                book.gone.select("lot", "qty"),
            ]
        )
        .group_by("lot")
        .agg(C("qty").sum().alias("used"))
    )
    left = book.lots.join(used, on="lot", how="left", maintain_order="left")
    left = left.with_columns(left=C("qty") - C("used").fill_null(0))
    return left.filter(C("left") > 0)


def supplier_lots(lots: pl.DataFrame) -> pl.DataFrame:
    """Bought lots with the key of the supplier's own lot: lot, key."""
    bought = lots.filter(C("supplier_lot_no").is_not_null())
    key = lot_key_column(C("supplier_code"), C("item_code"), C("supplier_lot_no"))
    return bought.select("lot", "supplier_code", "item_code", "supplier_lot_no", key=key)
