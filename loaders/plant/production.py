"""Movements of production orders -> lines into and out of `produce` operations."""

from __future__ import annotations

import polars as pl

from graph_model.keys import join_columns
from graph_model.schema import Consumed, Operation, Produced, Returned
from loaders.plant.lines import (
    NONE,
    C,
    Context,
    dates,
    operation_of,
    order_of,
    own_lot,
    own_lots,
    shipped_to,
    suffixed,
)


def issues(rows: pl.DataFrame, ctx: Context) -> None:
    """Material into an order, at the line of the row; exact where the row names the output."""
    frame = order_of(rows, ctx).with_columns(to_place=C("line"))
    own_lots(frame, ctx)
    basis = pl.when("_paired").then(pl.lit("exact")).otherwise(pl.lit("by_order"))
    ctx.out.add(Consumed, frame, basis=basis)
    _parts(frame, ctx)


def returns(rows: pl.DataFrame, ctx: Context) -> None:
    """Material back from an order."""
    frame = order_of(rows, ctx).with_columns(from_place=C("line"))
    own_lots(frame, ctx)
    ctx.out.add(Returned, frame)
    _parts(frame, ctx)


def outputs(rows: pl.DataFrame, ctx: Context) -> None:
    """An order's outputs; each left the line that its row names."""
    frame = order_of(rows, ctx).with_columns(from_place=C("line"))
    own_lots(frame, ctx, **dates(frame))
    kind = C("output_kind").fill_null("product")
    ctx.out.add(Produced, frame, basis="by_order", output_kind=kind)


def _made_item(ctx: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Item of an output by order and number, and item of an order."""
    schema = {"company": pl.String(), "work_order_no": pl.String(), "item_code": pl.String()}
    outputs = ctx.frames.get("outputs")
    if outputs is None:
        outputs = pl.DataFrame(schema=schema | {"lot_no": pl.String()})
    by_lot = outputs.select("company", "work_order_no", output_lot_no="lot_no", _made="item_code")
    orders = ctx.frames.get("work_orders")
    if orders is None:
        orders = pl.DataFrame(schema=schema)
    by_order = orders.select("company", "work_order_no", _planned="item_code")
    keys = ["company", "work_order_no"]
    return (
        by_lot.drop_nulls().sort("_made").unique([*keys, "output_lot_no"], keep="first"),
        by_order.drop_nulls().sort("_planned").unique(keys, keep="first"),
    )


def _parts(frame: pl.DataFrame, ctx: Context) -> None:
    """The exactly paired parts of orders and their one output each.

    The part of a lot that a row names is of what was issued, never of the output.
    """
    part = frame.filter("_paired").unique("operation", maintain_order=True)
    part = part.drop("sublot", strict=False)
    if part.is_empty():
        return
    by_lot, by_order = _made_item(ctx)
    part = part.join(by_lot, on=["company", "work_order_no", "output_lot_no"], how="left")
    part = part.join(by_order, on=["company", "work_order_no"], how="left")
    part = part.with_columns(item_code=pl.coalesce("_made", "_planned"), lot_no=C("output_lot_no"))
    part = part.with_columns(
        item=join_columns(C("company"), C("item_code")),
        lot=own_lot(),
        _number_part=pl.concat_str("_number", "output_lot_no", separator="/"),
    )
    stated = part.select(
        key=C("operation"),
        company=C("company"),
        kind=pl.lit("produce"),
        number=C("_number_part"),
        order=C("_whole"),
        work_order_no=C("work_order_no"),
        item=C("item"),
        site=C("line"),
        _file=C("_file"),
        _sheet=C("_sheet"),
        _row=C("_row"),
    )
    ctx.out.add(Operation, stated)
    own_lots(part, ctx)
    plain = part.select(
        "item", "lot", "owner", "lot_no", "operation", "status", "source", "_file", "_sheet", "_row"
    )
    key = C("operation") + pl.lit("/output")
    ctx.out.add(Produced, plain, key=key, basis="exact", output_kind="product")


def scrap(rows: pl.DataFrame, ctx: Context) -> None:
    """Out of an order, or out of stock; what leaves to a company is a shipment."""
    kind = C("scrap_kind").fill_null("scrap")
    made = rows.filter(C("work_order_no").is_not_null())
    made = order_of(made.with_columns(line=NONE), ctx)
    own_lots(rows, ctx)
    ctx.out.add(Produced, made, basis="by_order", output_kind=kind)
    rest = rows.filter(C("work_order_no").is_null() & C("destination").is_null())
    rest = rest.with_columns(operation=operation_of(rest, ctx, "scrap", C("_tail")))
    ctx.out.add(Consumed, rest, basis="exact")
    gone = rows.filter(C("destination").is_not_null())
    gone = gone.with_columns(_delivery=pl.concat_str(pl.lit("scrap"), "_tail", separator="/"))
    shipped_to(gone, ctx, C("_delivery"), kind, C("destination"), C("status"), key=suffixed("gone"))
