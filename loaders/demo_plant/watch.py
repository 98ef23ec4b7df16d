"""What is noted without moving anything: shifts, uses of reels, process values, cleaning, counts.

All of it is true. A line is found clear, a tank empty and a count zero only when nothing lay there,
also nothing that the other records do not tell of.
"""

from __future__ import annotations

import polars as pl

from graph_model.i18n import text
from loaders.demo_plant.book import PEOPLE, Book, movement, number
from loaders.demo_plant.picking import chosen
from loaders.demo_plant.simulate import BEGIN, DAY, HOUR, MINUTE
from loaders.demo_plant.spec import SHIFTS

C = pl.col
HEATED = {"SF-BASE": 85.0, "FG-WAFER": 170.0, "FG-COOKIE": 180.0, "SF-BOARD": 245.0}
"""Items whose making has a heat step, and its set value in degrees Celsius."""
_IDLE = HOUR
"""A line or place that stands empty for less is not looked at."""
_UNVERIFIED = 20
"""Every so many cleanings nobody else looked whether the line was clean."""
_EMPTY = 2
"""Every so many of the moments at which an item was all gone from a store, it was counted."""


def watch(book: Book) -> None:
    """All notes, of what truly happened in the end."""
    book.sheets["shifts"] = _shifts()
    if reels := [i for i, item in enumerate(book.model.items) if item.reel]:
        book.sheets["equipment_use"] = _uses(book, reels)
    book.sheets["process_values"] = _process_values(book)
    book.sheets["cleaning"] = _cleaning(book)
    out = _departures(book)
    empty = _empty(book, out)
    tanks = _tanks(book)
    levels = empty.filter(C("place").is_in(tanks))
    if not levels.is_empty():
        book.sheets["tank_levels"] = _levels(levels)
        book.add_rows("cleaning", _cleaned(levels))
    _counts(book, empty.filter(~C("place").is_in(tanks)), out)


def _tanks(book: Book) -> list[str]:
    return [item.tank for item in book.model.items if item.tank]


def _shifts() -> pl.DataFrame:
    begins = [hour for _, hour in SHIFTS]
    clock = [f"{hour:02d}:00" for hour in begins]
    return pl.DataFrame(
        {
            "site_code": ["PLANT-1"] * len(SHIFTS),
            "shift": [name for name, _ in SHIFTS],
            "starts": clock,
            "ends": [*clock[1:], clock[0]],
        }
    )


def _uses(book: Book, reels: list[int]) -> pl.DataFrame:
    """Reels on a line, from their issue to the end of the order."""
    made = book.lots.filter(C("order") >= 0).select("order", dst="lot")
    taken = book.parts.join(book.lots.filter(C("item").is_in(reels)), left_on="src", right_on="lot")
    taken = taken.select("dst", "t", "item_code", "lot_no", "src")
    drawn = (
        taken.join(made, on="dst")
        .group_by("order", "src")
        .agg(C("t").min(), C("item_code").first(), C("lot_no").first())
    )
    orders = book.orders.select("order", "work_order_no", "end")
    rows = drawn.join(orders, on="order").sort("t", "order", "src")
    return rows.select(
        "item_code",
        "lot_no",
        "work_order_no",
        site_code=book.line_of(C("order")),
        mounted_at="t",
        removed_at="end",
        source=pl.lit("equipment_use"),
    )


def _process_values(book: Book) -> pl.DataFrame:
    """Set and measured temperature of each order with a heat step."""
    codes = [item.code for item in book.model.items]
    steps = {codes.index(code): value for code, value in HEATED.items() if code in codes}
    orders = book.orders.filter(C("item").is_in(list(steps)))
    spread = pl.Series("spread", book.rng.normal(0.0, 0.8, orders.height))
    value = C("item").replace_strict(steps, return_dtype=pl.Float64)
    return orders.select(
        "work_order_no",
        operation=pl.lit("10"),
        process_param=pl.lit(text("demo.process.temperature")),
        set_value=value.cast(pl.String),
        measured_value=(value + spread).round(1).cast(pl.String),
        uom=pl.lit("CEL"),
        event_time=C("start") + HOUR,
        source=pl.lit("process_values"),
    )


# ---------------------------------------------------------------------------- idle lines


def _gaps(busy: pl.DataFrame, group: str) -> pl.DataFrame:
    """Times between the last end of all that began before and the next start: group, from_, to."""
    rows = busy.sort(group, "start", maintain_order=True)
    rows = rows.with_columns(from_=C("end").cum_max().over(group))
    rows = rows.with_columns(to=C("start").shift(-1).over(group))
    return rows.filter(C("to") - C("from_") > _IDLE).select(group, "from_", "to")


def _cleaning(book: Book) -> pl.DataFrame:
    """Lines are cleaned between orders where they stand idle; it is mostly verified."""
    made = book.lots.filter(C("order") >= 0).select("order", dst="lot")
    first = book.parts.join(made, on="dst").group_by("order").agg(C("t").min())
    orders = book.orders.select("order", "start", "end").join(first, on="order")
    lines = orders.select(
        site_code=book.line_of(C("order")), start=pl.min_horizontal("start", "t"), end="end"
    )
    left = book.standing.filter(C("place").str.starts_with("LINE-"))
    busy = pl.concat([lines, left.select("start", "end", site_code="place").select(lines.columns)])
    middle = (C("from_") + C("to")) // (2 * MINUTE) * MINUTE
    idle = _gaps(busy, "site_code").select("site_code", _t=middle)
    return _records(idle.with_row_index("_n"), C("_n") % _UNVERIFIED > 0)


def _cleaned(levels: pl.DataFrame) -> pl.DataFrame:
    """Tanks that were found empty are cleaned at once, and looked into again."""
    empty = levels.sort("t", "place").select(site_code="place", _t=C("t") + 30 * MINUTE)
    return _records(empty.with_row_index("_n"), pl.lit(True))


def _records(moments: pl.DataFrame, sure: pl.Expr) -> pl.DataFrame:
    """Rows of the sheet from `site_code`, `_t`, `_n`; a line found clean is found clear."""
    return moments.select(
        "site_code",
        "_t",
        event_time="_t",
        method=pl.lit(text("demo.cleaning.method")),
        result=pl.lit("conforming"),
        verified=sure,
        clearance=sure,
        posting_method=pl.lit("scanner_clock"),
        operator=number("P", C("_n") % PEOPLE + 1, 3),
        source=pl.lit("cleaning"),
    )


# ---------------------------------------------------------------------------- what is all gone


def _departures(book: Book) -> pl.DataFrame:
    """What left the place of its lot, when it was issued or sent: lot, t, qty."""
    made = book.lots.select(dst="lot", order="order")
    used = book.parts.join(made, on="dst", maintain_order="left")
    issued = (
        used.filter(C("order") >= 0).group_by("order", lot="src").agg(C("t").min(), C("qty").sum())
    )
    became = used.filter(C("order") < 0).select("t", "qty", lot="src")
    names = ["lot", "t", "qty"]
    parts = [issued, became, book.ships, book.gone]
    return pl.concat([part.select(names) for part in parts])


def _empty(book: Book, out: pl.DataFrame) -> pl.DataFrame:
    """Moments at which nothing of an item lay at its place: place, item, t."""
    about = book.lots.select("lot", "place", "item")
    left = out.join(about, on="lot").with_columns(qty=-C("qty"))
    names = ["place", "item", "t", "qty"]
    came = book.lots.select("place", "item", "qty", t="ready").select(names)
    events = pl.concat([came, left.select(names)])
    events = events.group_by(names[:3]).agg(C("qty").sum()).sort(names[:3])
    events = events.with_columns(
        there=C("qty").cum_sum().over("place", "item"), to=C("t").shift(-1).over("place", "item")
    )
    none = events.filter((C("there") == 0) & (C("to") - C("t") > _IDLE))
    none = none.select("place", "item", t=C("t") + 30 * MINUTE).with_row_index("_n")
    none = none.filter((C("_n") % _EMPTY == 0) | C("place").is_in(_tanks(book)))
    hidden = book.standing.join(none, on=["place", "item"]).filter(
        C("t").is_between(C("start") - HOUR, C("end") + HOUR)
    )
    none = none.join(hidden.select("_n"), on="_n", how="anti", maintain_order="left").drop("_n")
    items = book.lots.select("item", "item_code", "uom").unique("item")
    return none.join(items, on="item", maintain_order="left")


def _levels(levels: pl.DataFrame) -> pl.DataFrame:
    """Tanks that were looked into and found empty."""
    return (
        levels.sort("t", "place")
        .with_row_index("_n")
        .select(
            "item_code",
            "uom",
            event_time="t",
            _t="t",
            tank="place",
            level_qty=pl.lit(0, pl.Int64),
            verified_empty=pl.lit(True),
            operator=number("P", C("_n") % PEOPLE + 1, 3),
            source=pl.lit("tank_levels"),
        )
    )


def _counts(book: Book, empty: pl.DataFrame, out: pl.DataFrame) -> None:
    """Zero counts, and once a month what lay there of each lot."""
    zero = empty.select(
        "item_code",
        "uom",
        "place",
        counted_qty=pl.lit(0, pl.Int64),
        book_qty=pl.lit(0, pl.Int64),
        verified_empty=pl.lit(True),
        _t="t",
        _lot=pl.lit(None, pl.Int64),
    )
    rows = pl.concat([zero, *_stocktakes(book, out)], how="diagonal")
    if not rows.is_empty():
        book.sheets["counts"] = movement(rows, "counts", "CT")


def _stocktakes(book: Book, out: pl.DataFrame) -> list[pl.DataFrame]:
    """Every fortieth lot that lay there at the end of each month."""
    stops = range(BEGIN + 30 * DAY, book.horizon, 30 * DAY)
    found = []
    for stop in stops:
        lots = book.lots.filter((C("ready") < stop) & ~C("_busy")).gather_every(40)
        off = out.filter(C("t") < stop).join(lots.select("lot"), on="lot", how="semi")
        rows = lots.join(off.group_by("lot").agg(off=C("qty").sum()), on="lot", how="left")
        rows = rows.with_columns(counted_qty=C("qty") - C("off").fill_null(0))
        found.append(
            rows.filter(C("counted_qty") > 0).select(
                "item_code",
                "lot_no",
                "uom",
                "place",
                "counted_qty",
                book_qty="counted_qty",
                _t=pl.lit(stop),
                _lot="lot",
            )
        )
    return found


def count_difference(book: Book, rate: float) -> None:
    """Books that say more than was counted: some was spilled, and nobody wrote it down."""
    rows = book.sheets.get("counts")
    if rows is None:
        return
    mask = chosen(book, rows["_lot"].is_not_null(), rate)
    more = C("book_qty") + C("book_qty") // 20_000 * 1000 + 1000
    book.sheets["counts"] = rows.with_columns(
        book_qty=pl.when(mask).then(more).otherwise("book_qty")
    )
