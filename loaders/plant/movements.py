"""Movement sheets -> operations, shipments and the lines into and out of them."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from graph_model.keys import join_columns, lot_key_column
from graph_model.schema import Consumed, Count, Packed, Produced
from loaders.plant.lines import (
    NONE,
    C,
    Context,
    dates,
    line_of,
    operation_of,
    own_lots,
    place,
    shipped_to,
    stated,
    suffixed,
)
from loaders.plant.production import issues, outputs, returns, scrap


def receipts(rows: pl.DataFrame, ctx: Context) -> None:
    """The supplier's lot becomes ours, also when the number is the same."""
    unknown = C("supplier_lot_no").is_null()
    theirs = {
        "owner": C("supplier_code").fill_null("?"),
        "lot_no": C("supplier_lot_no").fill_null(""),
        "sublot": pl.when(unknown).then(C("_tail")).otherwise(pl.lit("")),
    }
    supplier = join_columns(C("supplier_code"))
    frame = rows.with_columns(operation=operation_of(rows, ctx, "receive", C("_tail")))
    ctx.out.lots(
        frame,
        theirs["owner"],
        C("item_code"),
        theirs["lot_no"],
        sublot=theirs["sublot"],
        item=C("item"),
        supplier=supplier,
        manufacturer=C("manufacturer"),
    )
    own_lots(frame, ctx, supplier=supplier, manufacturer=C("manufacturer"), **dates(frame))
    taken = frame.with_columns(
        key=suffixed("supplier"),
        lot=lot_key_column(theirs["owner"], C("item_code"), theirs["lot_no"], theirs["sublot"]),
        owner=theirs["owner"],
        lot_no=theirs["lot_no"],
        to_place=NONE,
    )
    ctx.out.add(Consumed, taken.filter(C("item").is_not_null()), basis="exact")
    ctx.out.add(Produced, frame, basis="exact", output_kind="product")


def opening_stock(rows: pl.DataFrame, ctx: Context) -> None:
    """What was there before the records begin; its supplier's lot only where it is stated."""
    rows = rows.with_columns(to_place=C("place"))
    frame = rows.with_columns(operation=operation_of(rows, ctx, "opening", C("_tail")))
    supplier = join_columns(C("supplier_code"))
    own_lots(frame, ctx, supplier=supplier)
    ctx.out.add(Produced, frame, basis="exact", output_kind="product")
    known = frame.filter(C("supplier_lot_no").is_not_null())
    owner = C("supplier_code").fill_null("?")
    ctx.out.lots(
        known, owner, C("item_code"), C("supplier_lot_no"), item=C("item"), supplier=supplier
    )
    theirs = lot_key_column(owner, C("item_code"), C("supplier_lot_no"))
    ctx.out.add(
        Consumed,
        known,
        key=suffixed("supplier"),
        lot=theirs,
        owner=owner,
        lot_no=C("supplier_lot_no"),
        to_place=None,
        basis="exact",
    )


def lot_changes(rows: pl.DataFrame, ctx: Context) -> None:
    """Split, merge, rename, top-up: one operation a row, from the lot before to the lot after.

    Where a part is named, it is of the lot before.
    """
    kind = C("change_kind").replace({"top_up": "merge", "repack": "rename"}).fill_null("rename")
    rows = rows.with_columns(
        _from=C("from_owner").fill_null(C("company")),
        _to=pl.coalesce("to_owner", "from_owner", "company"),
        _item=pl.coalesce("to_item_code", "item_code"),
        _kind=kind,
    )
    frame = rows.with_columns(operation=operation_of(rows, ctx, C("_kind"), C("_tail")))
    line_of(
        frame, ctx, Consumed, C("_from"), C("item_code"), C("parent_lot_no"), "from", C("sublot")
    )
    line_of(frame, ctx, Produced, C("_to"), C("_item"), C("child_lot_no"), "to")


def tank_fillings(rows: pl.DataFrame, ctx: Context) -> None:
    """What goes into a tank; a stated heel is a count of the tank (0 proves it empty).

    Unless the tank was empty, new contents take in what was left there: mixed stock of the tank,
    of every place where the tank is not named.
    """
    rows = rows.with_columns(to_place=place("tank"))
    frame = rows.with_columns(operation=operation_of(rows, ctx, "fill", C("_tail")))
    line_of(frame, ctx, Consumed, C("company"), C("item_code"), C("lot_no"), "from")
    line_of(frame, ctx, Produced, C("company"), C("item_code"), C("content_lot_no"), "to")
    left = (C("heel_qty") != 0).fill_null(True)
    named = C("content_lot_no").is_not_null() & C("item").is_not_null()
    heel = frame.filter(left & named).with_columns(
        key=suffixed("heel"),
        lot=NONE,
        lot_no=NONE,
        lot_source=pl.lit("unknown"),
        quantity=C("heel_qty"),
        from_place=C("to_place"),
        to_place=NONE,
    )
    ctx.out.add(Consumed, heel, basis="inferred")
    stated = frame.filter(C("heel_qty").is_not_null() & C("tank").is_not_null())
    ctx.out.add(
        Count, stated, key=suffixed("heel"), site=C("to_place"), lot=None, quantity=C("heel_qty")
    )


def moves(rows: pl.DataFrame, ctx: Context) -> None:
    """From place to place, also to another holder or number."""
    frame = rows.with_columns(operation=operation_of(rows, ctx, "transfer", C("_tail")))
    there = C("to_owner").fill_null(C("company"))
    number, part = pl.coalesce("to_lot_no", "lot_no"), C("sublot")
    line_of(frame, ctx, Consumed, C("company"), C("item_code"), C("lot_no"), "from", part)
    line_of(frame, ctx, Produced, there, C("item_code"), number, "to", _same_part())


def packing(rows: pl.DataFrame, ctx: Context) -> None:
    """Lots in containers; a container is a lot without item, and may be in another.

    What is packed without an item is a container, or any lot of that number (the fold tells).
    """
    container = lot_key_column(C("company"), pl.lit(""), C("container_no"))
    inner = lot_key_column(C("company"), pl.lit(""), C("lot_no"))
    ctx.out.lots(rows, C("company"), pl.lit(""), C("container_no"), kind="container")
    own_lots(rows, ctx)
    bare = rows.filter(C("item_code").is_null())
    ctx.out.lots(bare, C("company"), pl.lit(""), C("lot_no"), kind="container")
    rows = rows.with_columns(lot=pl.when(C("item_code").is_null()).then(inner).otherwise("lot"))
    rows = ctx.kept("packing", rows, stated("lot", "container_no"))
    out = C("action") == "unpack"
    ctx.out.add(
        Packed,
        rows,
        container=container,
        packed_at=pl.when(~out.fill_null(False)).then("earliest"),
        unpacked_at=pl.when(out).then("latest"),
        taken_out=out,
    )


def shipments(rows: pl.DataFrame, ctx: Context) -> None:
    """Goods that left, or are to leave, for customers. A container goes as the lot it is."""
    own_lots(rows, ctx)
    if "container_no" in rows.columns:
        boxed = C("lot").is_null() & C("item_code").is_null() & C("container_no").is_not_null()
        ctx.out.lots(rows, C("company"), pl.lit(""), C("container_no"), kind="container")
        container = lot_key_column(C("company"), pl.lit(""), C("container_no"))
        rows = rows.with_columns(
            lot=pl.when(boxed).then(container).otherwise("lot"),
            lot_no=pl.when(boxed).then("container_no").otherwise("lot_no"),
        )
    number = pl.coalesce("delivery_no", *(["doc_no"] if "doc_no" in rows.columns else []), "_tail")
    status = C("shipment_status").fill_null("shipped")
    rows = rows.with_columns(_delivery=number)
    shipped_to(rows, ctx, C("_delivery"), "delivery", C("customer_code"), status)


def open_deliveries(rows: pl.DataFrame, ctx: Context) -> None:
    """Planned or picked, not yet shipped."""
    shipments(rows.with_columns(shipment_status=C("shipment_status").fill_null("planned")), ctx)


def customer_returns(rows: pl.DataFrame, ctx: Context) -> None:
    """Goods that came back."""
    frame = rows.with_columns(operation=operation_of(rows, ctx, "return", C("_tail")))
    number, part = pl.coalesce("to_lot_no", "lot_no"), C("sublot")
    line_of(frame, ctx, Consumed, C("company"), C("item_code"), C("lot_no"), "from", part)
    line_of(frame, ctx, Produced, C("company"), C("item_code"), number, "to", _same_part())


def _same_part() -> pl.Expr:
    """The part that the row names, unless it goes on under another number."""
    return pl.when(C("to_lot_no").is_null()).then("sublot")


def supplier_returns(rows: pl.DataFrame, ctx: Context) -> None:
    """Goods sent back to a supplier, who becomes a party that received them."""
    own_lots(rows, ctx)
    number = pl.concat_str(pl.lit("supplier_return"), "_tail", separator="/")
    rows = rows.with_columns(_delivery=number)
    shipped = pl.lit("shipped")
    shipped_to(rows, ctx, C("_delivery"), "supplier_return", C("supplier_code"), shipped)


MAPPERS: dict[str, Callable[[pl.DataFrame, Context], None]] = {
    mapper.__name__: mapper
    for mapper in (
        receipts,
        opening_stock,
        issues,
        returns,
        outputs,
        lot_changes,
        tank_fillings,
        moves,
        packing,
        scrap,
        shipments,
        open_deliveries,
        customer_returns,
        supplier_returns,
    )
}
