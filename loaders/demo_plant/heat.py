"""Heat steps that kill, what was added after them, samples that miss, and labels.

What entered an order of a heated item before its step is free of germs where the heat was enough.
Some of it is added later, and some records do not say at which step. All samples pass, also of lots
that carry the germ: a sample of five units sees little.
"""

from __future__ import annotations

import polars as pl

from loaders.demo_plant.book import Book
from loaders.demo_plant.watch import HEATED

C = pl.col
STEP, LATER = "10", "20"
LIMIT = 84.5
"""Least degrees Celsius that kill; some orders of one heated item stay below."""
AGENT = "Salmonella"
_LATE = 0.3
_SILENT = 0.2


def heat(book: Book) -> None:
    """Adds steps to issues, `killed` to the physical side, hazards to samples, and labels."""
    entered = _entered(book)
    rows = book.sheets["issues"].join(
        entered.select("step", _lot="src", _order="order"),
        on=["_lot", "_order"], how="left", maintain_order="left",
    )  # fmt: skip
    book.sheets["issues"] = rows.with_columns(operation="step").drop("step")
    book.parts = _killed(book, entered)
    passed = C("result") == "conforming"
    book.sheets["inspections"] = book.sheets["inspections"].with_columns(
        hazard=pl.when(passed).then(pl.lit("microbial")),
        agent=pl.when(passed).then(pl.lit(AGENT)),
    )
    sold = [item.code for item in book.model.items if item.kind == "finished"]
    book.sheets["labels"] = pl.DataFrame({"item_code": sold}).with_columns(
        version=pl.lit("1"), contains=pl.lit("milk")
    )


def _entered(book: Book) -> pl.DataFrame:
    """src, order, early, step: when each lot truly entered an order, and what is written of it."""
    made = book.lots.select(dst="lot", order="order")
    pairs = book.parts.join(made, on="dst").filter((C("order") >= 0) & ~C("hidden"))
    pairs = pairs.select("src", "order").unique(maintain_order=True)
    draw = book.rng.random((2, pairs.height))
    early = pl.Series("early", draw[0] >= _LATE)
    step = pl.when(C("early")).then(pl.lit(STEP)).otherwise(pl.lit(LATER))
    silent = pl.Series(draw[1] < _SILENT)
    return pairs.with_columns(early).with_columns(step=pl.when(~silent).then(step))


def _killed(book: Book, entered: pl.DataFrame) -> pl.DataFrame:
    """The parts with `killed`: what entered early in an order whose heat was enough."""
    codes = [item.code for item in book.model.items]
    heated = [codes.index(code) for code in HEATED if code in codes]
    values = book.sheets["process_values"].select(
        "work_order_no", hot=C("measured_value").cast(pl.Float64) >= LIMIT
    )
    orders = book.orders.filter(C("item").is_in(heated)).join(values, on="work_order_no")
    made = book.lots.select(dst="lot", order="order")
    about = entered.select("src", "order", "early").join(orders.select("order", "hot"), on="order")
    parts = book.parts.join(made, on="dst", how="left", maintain_order="left")
    parts = parts.join(about, on=["src", "order"], how="left", maintain_order="left")
    killed = C("early") & C("hot") & ~C("hidden")
    return parts.with_columns(killed=killed.fill_null(False)).select(*book.parts.columns, "killed")
