"""Movement sheets -> operations, shipments and the lines into and out of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from graph_model.keys import join_columns, lot_key_column
from graph_model.schema import (
    Consumed,
    Count,
    Customer,
    Item,
    Operation,
    Packed,
    Produced,
    Returned,
    Shipment,
    Shipped,
    Site,
    Supplier,
)
from loaders.plant.tables import Tables

Frames = dict[str, pl.DataFrame]
C = pl.col
_NONE = pl.lit(None, dtype=pl.String)


@dataclass
class Context:
    """What is the same for all sheets: the tables filled, and all typed frames by sheet name."""

    out: Tables
    frames: Frames = field(default_factory=dict)


def own_lot(lot_no: str = "lot_no", item_code: str = "item_code") -> pl.Expr:
    """Key of the company's own lot."""
    return lot_key_column(C("company"), C(item_code), C(lot_no))


def place(name: str) -> pl.Expr:
    """Key of a place."""
    return join_columns(C("company"), C(name))


def prepared(frame: pl.DataFrame, sheet: str) -> pl.DataFrame:
    """The columns all movements share, from the columns of the sheet."""
    have = set(frame.columns)

    def text(name: str) -> pl.Expr:
        return C(name) if name in have else _NONE

    def time(name: str) -> pl.Expr:
        return C(name) if name in have else pl.lit(None, dtype=pl.Int64)

    return frame.with_columns(
        item=join_columns(C("company"), text("item_code")),
        owner=C("company"),
        lot=lot_key_column(C("company"), text("item_code"), text("lot_no")),
        earliest=pl.coalesce(time("event_time"), time("business_date")),
        latest=pl.coalesce(time("event_time__latest"), time("business_date__latest")),
        entered_at=time("entered_at__latest"),
        audited_at=time("audited_at__latest"),
        source=text("source").fill_null(sheet),
        status=text("doc_status").fill_null("posted"),
        lot_source=text("lot_source").fill_null("unknown"),
        step=text("operation"),
        from_place=join_columns(C("company"), text("from_place")),
        to_place=join_columns(C("company"), text("to_place")),
        place=join_columns(C("company"), text("place")),
        line=join_columns(C("company"), text("line")),
        person=text("operator"),
    ).drop("operation", strict=False)


def stubs(frame: pl.DataFrame, out: Tables) -> None:
    """Items, places and parties that the rows of a sheet name (before `prepared`)."""
    for name in ("item_code", "parent_item_code", "to_item_code"):
        if name in frame.columns:
            out.node(Item, _named(frame, name), C("company"), C(name))
    places = ["line", "tank", "site_code", "place", "to_place", "from_place", "parent_site"]
    for name in (name for name in places if name in frame.columns):
        out.node(Site, _named(frame, name), C("company"), C(name))
    for name, kind in (("supplier_code", Supplier), ("customer_code", Customer)):
        if name in frame.columns:
            out.node(kind, _named(frame, name), C(name))


def _named(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.filter(C(name).is_not_null()).unique(["company", name], maintain_order=True)


def _operation(frame: pl.DataFrame, ctx: Context, kind: str | pl.Expr, number: pl.Expr) -> pl.Expr:
    """One operation a row; returns its key."""
    ctx.out.node(
        Operation,
        frame,
        C("company"),
        kind,
        number,
        doc_no=C("doc_no") if "doc_no" in frame.columns else None,
        purchase_order_no=C("purchase_order_no") if "purchase_order_no" in frame.columns else None,
        site=pl.coalesce("to_place", "place", "from_place", "line"),
        earliest=C("earliest"),
        latest=C("latest"),
        source=C("source"),
        item=C("item"),
    )
    return join_columns(C("company"), kind, number)


def _suffixed(name: str) -> pl.Expr:
    return C("key") + pl.lit(f"/{name}")


def receipts(rows: pl.DataFrame, ctx: Context) -> None:
    """The supplier's lot becomes ours, also when the number is the same."""
    unknown = C("supplier_lot_no").is_null()
    theirs = {
        "owner": C("supplier_code").fill_null("?"),
        "lot_no": C("supplier_lot_no").fill_null(""),
        "sublot": pl.when(unknown).then(C("_tail")).otherwise(pl.lit("")),
    }
    supplier = join_columns(C("supplier_code"))
    frame = rows.with_columns(operation=_operation(rows, ctx, "receive", C("_tail")))
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
    _own_lots(frame, ctx, supplier=supplier, manufacturer=C("manufacturer"), **_dates(frame))
    taken = frame.with_columns(
        key=_suffixed("supplier"),
        lot=lot_key_column(theirs["owner"], C("item_code"), theirs["lot_no"], theirs["sublot"]),
        owner=theirs["owner"],
        lot_no=theirs["lot_no"],
        to_place=_NONE,
    )
    ctx.out.add(Consumed, taken.filter(C("item").is_not_null()), basis="exact")
    ctx.out.add(Produced, frame, basis="exact", output_kind="product")


def _dates(frame: pl.DataFrame) -> dict[str, pl.Expr]:
    return {name: C(name) for name in ("label_date", "expiry_date") if name in frame.columns}


def _own_lots(frame: pl.DataFrame, ctx: Context, number: str = "lot_no", **more: object) -> None:
    ctx.out.lots(frame, C("company"), C("item_code"), C(number), item=C("item"), **more)


def opening_stock(rows: pl.DataFrame, ctx: Context) -> None:
    """What was there before the records begin; its supplier's lot only where it is stated."""
    rows = rows.with_columns(to_place=C("place"))
    frame = rows.with_columns(operation=_operation(rows, ctx, "opening", C("_tail")))
    supplier = join_columns(C("supplier_code"))
    _own_lots(frame, ctx, supplier=supplier)
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
        key=_suffixed("supplier"),
        lot=theirs,
        owner=owner,
        lot_no=C("supplier_lot_no"),
        to_place=None,
        basis="exact",
    )


def _order(rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
    """`operation` of each row: its work order, or a part of it where the output is named.

    A row without work order is an operation of its own, so that it stays a movement.
    """
    paired = C("output_lot_no").is_not_null() if "output_lot_no" in rows.columns else pl.lit(False)
    number = pl.coalesce("work_order_no", pl.concat_str(pl.lit("?"), "_tail", separator="/"))
    whole = join_columns(C("company"), "produce", number)
    part = C("output_lot_no") if "output_lot_no" in rows.columns else _NONE
    frame = rows.with_columns(
        _number=number,
        _whole=whole,
        _paired=paired,
        operation=pl.when(paired)
        .then(join_columns(C("company"), "produce", number, part))
        .otherwise(whole),
    )
    heads = frame.unique(["company", "_number"], maintain_order=True)
    ctx.out.node(
        Operation,
        heads,
        C("company"),
        "produce",
        C("_number"),
        work_order_no=C("work_order_no"),
        site=C("line"),
    )
    return frame


def issues(rows: pl.DataFrame, ctx: Context) -> None:
    """Material into an order; exact where the row names the output."""
    frame = _order(rows, ctx)
    _own_lots(frame, ctx)
    basis = pl.when("_paired").then(pl.lit("exact")).otherwise(pl.lit("by_order"))
    ctx.out.add(Consumed, frame, basis=basis)
    _parts(frame, ctx)


def returns(rows: pl.DataFrame, ctx: Context) -> None:
    """Material back from an order."""
    frame = _order(rows, ctx)
    _own_lots(frame, ctx)
    ctx.out.add(Returned, frame)
    _parts(frame, ctx)


def _made_item(ctx: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Item of an output by order and number, and item of an order."""
    schema = {"company": pl.String(), "work_order_no": pl.String(), "item_code": pl.String()}
    outputs = ctx.frames.get("outputs", pl.DataFrame(schema=schema | {"lot_no": pl.String()}))
    by_lot = outputs.select("company", "work_order_no", output_lot_no="lot_no", _made="item_code")
    orders = ctx.frames.get("work_orders", pl.DataFrame(schema=schema))
    by_order = orders.select("company", "work_order_no", _planned="item_code")
    keys = ["company", "work_order_no"]
    return (
        by_lot.drop_nulls().sort("_made").unique([*keys, "output_lot_no"], keep="first"),
        by_order.drop_nulls().sort("_planned").unique(keys, keep="first"),
    )


def _parts(frame: pl.DataFrame, ctx: Context) -> None:
    """The exactly paired parts of orders and their one output each."""
    part = frame.filter("_paired").unique("operation", maintain_order=True)
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
    _own_lots(part, ctx)
    plain = part.select(
        "item", "lot", "owner", "lot_no", "operation", "status", "source", "_file", "_sheet", "_row"
    )
    key = C("operation") + pl.lit("/output")
    ctx.out.add(Produced, plain, key=key, basis="exact", output_kind="product")


def outputs(rows: pl.DataFrame, ctx: Context) -> None:
    """An order's outputs."""
    frame = _order(rows, ctx)
    _own_lots(frame, ctx, **_dates(frame))
    kind = C("output_kind").fill_null("product")
    ctx.out.add(Produced, frame, basis="by_order", output_kind=kind)


def lot_changes(rows: pl.DataFrame, ctx: Context) -> None:
    """Split, merge, rename, top-up: one operation a row, from the lot before to the lot after."""
    kind = C("change_kind").replace({"top_up": "merge", "repack": "rename"}).fill_null("rename")
    rows = rows.with_columns(
        _from=C("from_owner").fill_null(C("company")),
        _to=pl.coalesce("to_owner", "from_owner", "company"),
        _item=pl.coalesce("to_item_code", "item_code"),
        _kind=kind,
    )
    frame = rows.with_columns(operation=_operation(rows, ctx, C("_kind"), C("_tail")))
    _line(frame, ctx, Consumed, C("_from"), C("item_code"), C("parent_lot_no"), "from")
    _line(frame, ctx, Produced, C("_to"), C("_item"), C("child_lot_no"), "to")


def _line(
    frame: pl.DataFrame,
    ctx: Context,
    kind: type,
    owner: pl.Expr,
    item_code: pl.Expr,
    lot_no: pl.Expr,
    side: str,
) -> None:
    """One side of an operation whose pairing is recorded."""
    item = join_columns(C("company"), item_code)
    lot = lot_key_column(owner, item_code, lot_no)
    ctx.out.lots(frame, owner, item_code, lot_no, item=item)
    clear = {"from": "to_place", "to": "from_place"}[side]
    ctx.out.add(
        kind,
        frame.with_columns(
            _NONE.alias(clear),
            key=_suffixed(side),
            lot=lot,
            owner=owner,
            item=item,
            lot_no=lot_no,
            basis=pl.lit("exact"),
            output_kind=pl.lit("product"),
        ),
    )


def tank_fillings(rows: pl.DataFrame, ctx: Context) -> None:
    """What goes into a tank; a stated heel is a count of the tank (0 proves it empty)."""
    rows = rows.with_columns(to_place=place("tank"))
    frame = rows.with_columns(operation=_operation(rows, ctx, "fill", C("_tail")))
    _line(frame, ctx, Consumed, C("company"), C("item_code"), C("lot_no"), "from")
    _line(frame, ctx, Produced, C("company"), C("item_code"), C("content_lot_no"), "to")
    heel = frame.filter(C("heel_qty").is_not_null())
    ctx.out.add(
        Count, heel, key=_suffixed("heel"), site=C("to_place"), lot=None, quantity=C("heel_qty")
    )


def moves(rows: pl.DataFrame, ctx: Context) -> None:
    """From place to place, also to another holder or number."""
    frame = rows.with_columns(operation=_operation(rows, ctx, "transfer", C("_tail")))
    there = C("to_owner").fill_null(C("company"))
    _line(frame, ctx, Consumed, C("company"), C("item_code"), C("lot_no"), "from")
    _line(frame, ctx, Produced, there, C("item_code"), pl.coalesce("to_lot_no", "lot_no"), "to")


def packing(rows: pl.DataFrame, ctx: Context) -> None:
    """Lots in containers; a container is a lot without item."""
    container = lot_key_column(C("company"), pl.lit(""), C("container_no"))
    ctx.out.lots(rows, C("company"), pl.lit(""), C("container_no"), kind="container")
    _own_lots(rows, ctx)
    out = C("action") == "unpack"
    ctx.out.add(
        Packed,
        rows.filter(C("lot").is_not_null() & C("container_no").is_not_null()),
        container=container,
        packed_at=pl.when(~out.fill_null(False)).then("earliest"),
        unpacked_at=pl.when(out).then("latest"),
    )


def scrap(rows: pl.DataFrame, ctx: Context) -> None:
    """Out of an order, or out of stock; what leaves to a company is a shipment."""
    kind = C("scrap_kind").fill_null("scrap")
    made = rows.filter(C("work_order_no").is_not_null())
    made = _order(made.with_columns(line=_NONE), ctx)
    _own_lots(rows, ctx)
    ctx.out.add(Produced, made, basis="by_order", output_kind=kind)
    rest = rows.filter(C("work_order_no").is_null() & C("destination").is_null())
    rest = rest.with_columns(operation=_operation(rest, ctx, "scrap", C("_tail")))
    ctx.out.add(Consumed, rest, basis="exact")
    gone = rows.filter(C("destination").is_not_null())
    gone = gone.with_columns(_delivery=pl.concat_str(pl.lit("scrap"), "_tail", separator="/"))
    _shipped(gone, ctx, C("_delivery"), kind, C("destination"), C("status"), key=_suffixed("gone"))


def _shipped(
    frame: pl.DataFrame,
    ctx: Context,
    number: pl.Expr,
    kind: str | pl.Expr,
    party: pl.Expr,
    status: pl.Expr,
    *,
    key: pl.Expr | None = None,
) -> None:
    """A shipment and its line for each row."""
    have = frame.columns
    ship = "ship_date" if "ship_date" in have else "earliest"
    ship_to = "ship_date__latest" if "ship_date" in have else "latest"
    arrival = {
        "arrival_earliest": C("arrival_date"),
        "arrival_latest": C("arrival_date__latest"),
    }
    ctx.out.node(Customer, frame.filter(party.is_not_null()), party)
    state = pl.when(C("status") == "cancelled").then(pl.lit("cancelled"))
    ctx.out.node(
        Shipment,
        frame,
        C("company"),
        number,
        customer=join_columns(party),
        kind=kind,
        status=state.otherwise(status),
        sales_order_no=C("sales_order_no") if "sales_order_no" in have else None,
        ship_earliest=pl.coalesce(ship, "earliest"),
        ship_latest=pl.coalesce(ship_to, "latest"),
        **(arrival if "arrival_date" in have else {}),
    )
    times = {"earliest": pl.coalesce("earliest", ship), "latest": pl.coalesce("latest", ship_to)}
    shipment = join_columns(C("company"), number)
    ctx.out.add(
        Shipped, frame, key=key if key is not None else C("key"), shipment=shipment, **times
    )


def shipments(rows: pl.DataFrame, ctx: Context) -> None:
    """Goods that left, or are to leave, for customers. A container goes as the lot it is."""
    _own_lots(rows, ctx)
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
    _shipped(rows, ctx, C("_delivery"), "delivery", C("customer_code"), status)


def open_deliveries(rows: pl.DataFrame, ctx: Context) -> None:
    """Planned or picked, not yet shipped."""
    shipments(rows.with_columns(shipment_status=C("shipment_status").fill_null("planned")), ctx)


def customer_returns(rows: pl.DataFrame, ctx: Context) -> None:
    """Goods that came back."""
    frame = rows.with_columns(operation=_operation(rows, ctx, "return", C("_tail")))
    _line(frame, ctx, Consumed, C("company"), C("item_code"), C("lot_no"), "from")
    number = pl.coalesce("to_lot_no", "lot_no")
    _line(frame, ctx, Produced, C("company"), C("item_code"), number, "to")


def supplier_returns(rows: pl.DataFrame, ctx: Context) -> None:
    """Goods sent back to a supplier, who becomes a party that received them."""
    _own_lots(rows, ctx)
    number = pl.concat_str(pl.lit("supplier_return"), "_tail", separator="/")
    rows = rows.with_columns(_delivery=number)
    shipped = pl.lit("shipped")
    _shipped(rows, ctx, C("_delivery"), "supplier_return", C("supplier_code"), shipped)


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
