"""What goes on without material being moved: residue on lines, tools, leftover labels.

All of it is physically so and stands in the truth alone; the records tell of lines, cleanings and
uses as a factory does. Residue ends at the first cleaning of the line that was truly done. Of those
that nobody verified some were not.
"""

from __future__ import annotations

import polars as pl

from graph_model.i18n import text
from loaders.demo_plant.book import Book, movement, number
from loaders.demo_plant.picking import chosen
from loaders.demo_plant.simulate import BEGIN, DAY, MINUTE
from loaders.demo_plant.spec import BOUGHT, SUPPLIERS

C = pl.col
LINE, TOOL, LABEL = "line", "tool", "label"
"""How it went on: over a line, with what was mounted or cleaned with, as a label left over."""
OIL, AGENT = "MT-OIL", "MT-CLEAN"
_NEXT = 3
"""Into so many of the lots that come next on the line residue goes."""
_OIL_LASTS = 20 * DAY
_NOT_DONE = 3
"""Every so many cleanings that nobody verified did not take place."""


def residue_on_line(book: Book, rate: float) -> None:
    """Orders leave residue of what they took and gave; it gets into the next lots of the line."""
    leaves = book.orders.filter(_some(book, book.orders, rate))
    made = book.lots.filter(C("order") >= 0).select("order", dst="lot", ready="ready")
    taken = book.parts.filter(C("qty") > 0).join(made, on="dst")
    taken = taken.group_by("order", lot="src").agg(C("t").min())
    left = pl.concat([taken, made.select("order", lot="dst", t="ready")])
    left = left.join(leaves.select("order"), on="order", how="semi")
    lines = left.select("lot", "t", line=book.line_of(C("order")))
    _next_lots(book, lines, _made(book), _cleaned(book), LINE, _NEXT)


def leftover_labels(book: Book, rate: float) -> None:
    """Boxes and film left at the line are put on the next lot, until somebody finds them."""
    packed = [i for i, item in enumerate(book.model.items) if item.kind == "packaging"]
    made = book.lots.filter(C("order") >= 0).select("order", dst="lot")
    taken = book.parts.join(made, on="dst").join(
        book.lots.filter(C("item").is_in(packed)).select(src="lot"), on="src", how="semi"
    )
    taken = taken.select("order", "src").unique(maintain_order=True)
    taken = taken.filter(_some(book, taken, rate))
    ends = book.orders.select("order", t=C("end"))
    lines = taken.join(ends, on="order").select("t", lot="src", line=book.line_of(C("order")))
    sold = [i for i, item in enumerate(book.model.items) if item.kind == "finished"]
    labelled = book.lots.filter(C("item").is_in(sold)).select("lot")
    goods = _made(book).join(labelled, left_on="dst", right_on="lot", how="semi")
    clear = book.sheets["cleaning"].filter("clearance").select(line="site_code", t="_t")
    _next_lots(book, lines, goods, clear, LABEL, 1)


def tools_and_agents(book: Book, rate: float) -> None:
    """Lines run with oil of a lot, and some cleanings leave a little of the agent."""
    begins = range(BEGIN, book.horizon, _OIL_LASTS)
    oiled = pl.DataFrame({"line": [f"LINE-{n}" for n in range(1, book.lines + 1)]}).join(
        pl.DataFrame({"t": list(begins)}, schema={"t": pl.Int64}), how="cross"
    )
    oiled = oiled.filter(_some(book, oiled, rate)).with_columns(until=C("t") + _OIL_LASTS)
    done = _cleaned(book).sort("line", "t")
    done = done.filter(_some(book, done, rate)).with_columns(until=C("t") + 10 * MINUTE)
    done = done.filter(C("line").str.starts_with("LINE-"))
    for code, uses in ((OIL, oiled), (AGENT, done)):
        if not uses.is_empty():
            _use(book, code, uses)


def line_unrecorded(book: Book, rate: float) -> None:
    """Orders of which nobody wrote down on which line they ran."""
    rows = book.sheets["work_orders"]
    bare = rows.filter(_some(book, rows, rate))["work_order_no"]
    for sheet in ("work_orders", "issues", "outputs"):
        if "line" in book.sheets[sheet].columns:
            known = ~C("work_order_no").is_in(bare.implode())
            book.sheets[sheet] = book.sheets[sheet].with_columns(line=pl.when(known).then("line"))


def sample_missed(book: Book, rate: float) -> None:
    """Samples that were tested for residue, of lots with and without any: all of them pass."""
    rows = book.sheets["inspections"]
    mask = chosen(book, rows["result"] == "conforming", rate)
    book.sheets["inspections"] = rows.with_columns(
        hazard=pl.when(mask).then(pl.lit("chemical")).otherwise(_kept(rows, "hazard"))
    )


# ---------------------------------------------------------------------------- lines in time


def _some(book: Book, rows: pl.DataFrame, rate: float) -> pl.Series:
    return chosen(book, pl.repeat(True, rows.height, eager=True), rate)


def _kept(rows: pl.DataFrame, name: str) -> pl.Expr:
    return C(name) if name in rows.columns else pl.lit(None, pl.String)


def _made(book: Book) -> pl.DataFrame:
    """line, dst, start, ready: what was made on each line, and since when its order ran."""
    lots = book.lots.filter(C("order") >= 0).select("order", "ready", dst="lot")
    first = book.parts.join(lots, on="dst").group_by("order").agg(first=C("t").min())
    orders = book.orders.select("order", "start").join(first, on="order", how="left")
    orders = orders.select("order", start=pl.min_horizontal("start", "first"))
    rows = lots.join(orders, on="order", maintain_order="left")
    return rows.select("dst", "start", "ready", line=book.line_of(C("order")))


def _cleaned(book: Book) -> pl.DataFrame:
    """line, t: cleanings that truly took place."""
    rows = book.sheets["cleaning"].select("verified", line="site_code", t="_t")
    doubt = (~C("verified")).cum_sum()
    return rows.filter(C("verified") | (doubt % _NOT_DONE > 0)).select("line", "t")


def _stretch(rows: pl.DataFrame, at: str, cleaned: pl.DataFrame, name: str) -> pl.DataFrame:
    """Adds how many cleanings of its line there were before the moment `at`."""
    done = cleaned.sort("line", "t").with_columns(
        (pl.int_range(pl.len()).over("line") + 1).alias(name), _at=C("t")
    )
    found = rows.sort(at, maintain_order=True).join_asof(
        done.select("line", "_at", name).sort("_at"), left_on=at, right_on="_at", by="line",
        strategy="backward", check_sortedness=False,
    )  # fmt: skip
    return found.with_columns(C(name).fill_null(0)).drop("_at", strict=False)


def _next_lots(
    book: Book, left: pl.DataFrame, made: pl.DataFrame, ends: pl.DataFrame, kind: str, most: int
) -> None:
    """`lot`, which was on `line` until `t`, goes into the next lots there that nothing parts."""
    made = _stretch(made, "start", ends, "after").sort("line", "ready", "dst")
    made = made.with_columns(_n=pl.int_range(pl.len()).over("line").cast(pl.Int64))
    left = _stretch(left, "t", ends, "before").sort("t", "lot")
    first = left.join_asof(
        made.select("line", _at="ready", _first="_n").sort("_at"), left_on="t", right_on="_at",
        by="line", strategy="forward", check_sortedness=False,
    ).drop_nulls("_first")  # fmt: skip
    steps = pl.DataFrame({"_step": range(most)}, schema={"_step": pl.Int64})
    pairs = first.join(steps, how="cross").with_columns(_n=C("_first") + C("_step"))
    pairs = pairs.join(made.select("line", "_n", "dst", "after", "ready"), on=["line", "_n"])
    # What was on the line at its start was there before: nothing was cleaned off in between.
    pairs = pairs.filter((C("after") <= C("before")) & (C("lot") != C("dst")))
    if "until" in pairs.columns:
        pairs = pairs.filter(C("ready") <= C("until"))
    book.left_behind(pairs.select("dst", src="lot", kind=pl.lit(kind)))


# ---------------------------------------------------------------------------- tools and agents


def _use(book: Book, code: str, uses: pl.DataFrame) -> None:
    """Each use has a lot of its own: it is bought, mounted, and a little of it gets into goods."""
    place, item = "WH-RM", len(book.model.items) + (code == AGENT)
    uses = uses.sort("t", "line").with_row_index("_n", 1).with_columns(C("_n").cast(pl.Int64))
    lots = uses.select(
        lot=C("_n") - 1 + book.lots.height,
        item=pl.lit(item, pl.Int64),
        seq="_n",
        qty=pl.lit(10_000, pl.Int64),
        ready=pl.lit(BEGIN - DAY, pl.Int64),
        order=pl.lit(BOUGHT, pl.Int64),
        supplier=pl.lit(0, pl.Int64),
        item_code=pl.lit(code),
        lot_no=pl.lit(f"{code[3:]}-") + number("", C("_n"), 6),
        supplier_code=pl.lit(SUPPLIERS[0]),
        uom=pl.lit("kg"),
        place=pl.lit(place),
        supplier_lot_no=number(code[3:], C("_n"), 6),
        _busy=pl.lit(True),
    )
    book.lots = pl.concat([book.lots, lots.select(book.lots.columns)])
    _buy(book, code, lots)
    book.add_rows("equipment_use", uses.select(
        item_code=pl.lit(code), lot_no=lots["lot_no"], site_code="line", mounted_at="t",
        removed_at="until", source=pl.lit("equipment_use"),
    ))  # fmt: skip
    made = _made(book)
    touched = uses.select("line", "t", "until").with_columns(lot=lots["lot"])
    # An agent that was rinsed off is in what comes next, however much later.
    until = C("until") if code == OIL else pl.lit(book.horizon, pl.Int64)
    nothing = pl.DataFrame(schema={"line": pl.String, "t": pl.Int64})
    # Oil drips while it is on the line; what cleaned the line is in what comes after it.
    ends = nothing if code == OIL else _cleaned(book).join(touched, on=["line", "t"], how="anti")
    while_there = made if code == AGENT else made.with_columns(start=pl.lit(0, pl.Int64))
    rows = touched.select("lot", "line", "t", until=until)
    _next_lots(book, rows, while_there, ends, TOOL, 2)


def _buy(book: Book, code: str, lots: pl.DataFrame) -> None:
    rows = lots.select(
        "item_code", "lot_no", "uom", "supplier_code", "supplier_lot_no",
        purchase_order_no=number("PO", C("lot") // 3, 7), quantity="qty", to_place="place",
        expiry_date=C("ready") + 700 * DAY, _t="ready", _lot="lot",
    )  # fmt: skip
    book.add_rows("receipts", movement(rows, "receipts", f"RM{code[3]}"))
    item = pl.DataFrame({
        "item_code": [code], "item_name": [text(f"demo.item.{code}")], "item_type": ["other"],
        "lot_tracked": ["true"], "measure": ["bulk"], "homogeneous": ["true"], "uom": ["kg"],
        "unit_cost": [20.0], "currency": ["CNY"],
    })  # fmt: skip
    book.add_rows("items", item)
