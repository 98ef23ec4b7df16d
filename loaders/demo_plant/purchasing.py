"""What the demo plant ordered of its suppliers, what is still to come, and who may deliver what."""

from __future__ import annotations

import polars as pl

from loaders.demo_plant.book import Book, number
from loaders.demo_plant.simulate import DAY
from loaders.demo_plant.spec import BOUGHT

C = pl.col
_NOTICE = 10
"""Days from an order to the day promised."""
_LATE = 7
"""One receipt in so many comes two days after the day promised."""


def add_purchasing(book: Book) -> None:
    """One order line a received lot, one open line an item, and the suppliers of each item."""
    bought = book.lots.filter(C("order") == BOUGHT).select(
        "item_code", "supplier_code", "uom", "ready", quantity="qty", lot="lot"
    )
    due = C("ready") // DAY * DAY - pl.when(C("lot") % _LATE == 0).then(2 * DAY).otherwise(0)
    done = bought.select(
        "item_code", "supplier_code", "uom", "quantity",
        purchase_order_no=number("PO", C("lot") // 3, 7),
        purchase_line_no=(C("lot") % 3 + 1).cast(pl.String),
        business_date=due - _NOTICE * DAY,
        promised_date=due,
        purchase_status=pl.lit("closed"),
    )  # fmt: skip
    last = bought.sort("ready", "lot").unique("item_code", keep="last", maintain_order=True)
    ahead = last.with_row_index("_n", 1).select(
        "item_code", "supplier_code", "uom", "quantity",
        purchase_order_no=number("POX", C("_n"), 5),
        purchase_line_no=pl.lit("1"),
        business_date=pl.lit(book.horizon - 3 * DAY, pl.Int64),
        promised_date=book.horizon + (C("_n").cast(pl.Int64) % 5 + 2) * DAY,
        purchase_status=pl.lit("open"),
    )  # fmt: skip
    book.sheets["purchase_orders"] = pl.concat([done, ahead], how="vertical_relaxed")
    pairs = bought.select("supplier_code", "item_code").unique().sort("item_code", "supplier_code")
    book.sheets["approved_suppliers"] = pairs.with_columns(approval=pl.lit("approved"))
