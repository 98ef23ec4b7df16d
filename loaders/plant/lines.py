"""What the mappers of movement sheets share: columns, stubs, operations, orders and lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from graph_model.derived.kin import PIECE
from graph_model.keys import UNNUMBERED, join_columns, lot_key_column
from graph_model.schema import Customer, Item, Operation, Shipment, Shipped, Site, Supplier
from loaders.plant.aside import Aside
from loaders.plant.tables import Tables

C = pl.col
NONE = pl.lit(None, dtype=pl.String)


class Others(Protocol):
    """Typed frames by name of the sheet."""

    def get(self, name: str) -> pl.DataFrame | None: ...


@dataclass
class Context:
    """What is the same for all sheets: tables filled, rows set aside, frames of other sheets."""

    out: Tables
    aside: Aside
    frames: Others

    def kept(self, sheet: str, rows: pl.DataFrame, complete: pl.Expr) -> pl.DataFrame:
        """Rows that name all that their fact needs; the others are set aside."""
        complete = complete.fill_null(False)
        self.aside.add(sheet, rows.filter(~complete), "incomplete")
        return rows.filter(complete)


def stated(*names: str) -> pl.Expr:
    """Whether a row has all these fields."""
    return pl.all_horizontal(C(name).is_not_null() for name in names)


def own_lot(part: pl.Expr | None = None) -> pl.Expr:
    """Key of the company's own lot, or of a part of it."""
    return lot_key_column(C("company"), C("item_code"), C("lot_no"), part)


def place(name: str) -> pl.Expr:
    """Key of a place."""
    return join_columns(C("company"), C(name))


def prepared(frame: pl.DataFrame, sheet: str) -> pl.DataFrame:
    """The columns all movements share, from the columns of the sheet."""
    frame = _numbered(frame)
    have = {name for name in frame.columns if frame[name].null_count() < frame.height}

    def text(name: str) -> pl.Expr:
        return C(name) if name in have else NONE

    def time(name: str) -> pl.Expr:
        return C(name) if name in have else pl.lit(None, dtype=pl.Int64)

    def key(name: str) -> pl.Expr:
        # Most sheets name few of the places; keys of none cost as much as keys of all.
        return join_columns(C("company"), C(name)) if name in have else NONE

    return frame.with_columns(
        item=key("item_code"),
        owner=C("company"),
        lot=own_lot(C("sublot") if "sublot" in have else None)
        if {"item_code", "lot_no"} <= have
        else NONE,
        earliest=pl.coalesce(time("event_time"), time("business_date")),
        latest=pl.coalesce(time("event_time__latest"), time("business_date__latest")),
        entered_at=time("entered_at__latest"),
        audited_at=time("audited_at__latest"),
        source=text("source").fill_null(sheet),
        status=text("doc_status").fill_null("posted"),
        lot_source=text("lot_source").fill_null("unknown"),
        step=text("operation"),
        from_place=key("from_place"),
        to_place=key("to_place"),
        place=key("place"),
        line=key("line"),
        person=text("operator"),
    ).drop("operation", strict=False)


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """A piece that is named by its own number only is a lot of that number."""
    if not {"lot_no", "sublot"} <= set(frame.columns):
        return frame
    alone = C("lot_no").is_null() & C("sublot").is_not_null()
    if not frame.select(alone.any()).item():
        return frame
    return frame.with_columns(
        lot_no=pl.coalesce("lot_no", "sublot"),
        sublot=pl.when(~alone).then("sublot"),
        _piece=pl.when(alone).then(pl.lit(PIECE)),
    )


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


def operation_of(
    frame: pl.DataFrame, ctx: Context, kind: str | pl.Expr, number: pl.Expr
) -> pl.Expr:
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


def suffixed(name: str) -> pl.Expr:
    """Key of a further fact of the same row."""
    return C("key") + pl.lit(f"/{name}")


def own_lots(frame: pl.DataFrame, ctx: Context, **more: Any) -> None:
    """The company's own lots that rows name, and the parts of them."""
    if not more:
        frame = frame.unique("lot", keep="first", maintain_order=True)
    identity = (C("company"), C("item_code"), C("lot_no"))
    more |= {"kind": C("_piece")} if "_piece" in frame.columns else {}
    ctx.out.lots(frame, *identity, item=C("item"), **more)
    if "sublot" in frame.columns and frame["sublot"].null_count() < frame.height:
        parts = frame.filter(C("sublot").is_not_null())
        more |= {"item": C("item"), "parent": own_lot()}
        ctx.out.lots(parts, *identity, sublot=C("sublot"), **more)


def dates(frame: pl.DataFrame) -> dict[str, pl.Expr]:
    """The dates printed on the goods, where the sheet has them."""
    return {name: C(name) for name in ("label_date", "expiry_date") if name in frame.columns}


def order_of(rows: pl.DataFrame, ctx: Context) -> pl.DataFrame:
    """`operation` of each row: its work order, or a part of it where the output is named.

    A row without work order is an operation of its own, so that it stays a movement.
    """
    number, whole = C("work_order_no"), pl.col("_whole")
    if rows["work_order_no"].null_count():
        number = pl.coalesce(number, pl.lit(UNNUMBERED) + pl.col("_tail"))
    frame = rows.with_columns(_number=number, _paired=pl.lit(False))
    frame = frame.with_columns(_whole=join_columns(C("company"), "produce", C("_number")))
    if "output_lot_no" in rows.columns and rows["output_lot_no"].null_count() < rows.height:
        paired = C("output_lot_no").is_not_null()
        part = join_columns(C("company"), "produce", C("_number"), C("output_lot_no"))
        whole = pl.when(paired).then(part).otherwise(whole)
        frame = frame.with_columns(_paired=paired)
    frame = frame.with_columns(operation=whole)
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


def line_of(
    frame: pl.DataFrame,
    ctx: Context,
    kind: type,
    owner: pl.Expr,
    item_code: pl.Expr,
    lot_no: pl.Expr,
    side: str,
    part: pl.Expr | None = None,
) -> None:
    """One side of an operation whose pairing is recorded; of a part of the lot, where named."""
    item = join_columns(C("company"), item_code)
    whole = lot_key_column(owner, item_code, lot_no)
    lot = whole if part is None else lot_key_column(owner, item_code, lot_no, part)
    piece = {"kind": C("_piece")} if "_piece" in frame.columns else {}
    ctx.out.lots(frame, owner, item_code, lot_no, item=item, **piece)
    if part is not None and frame["sublot"].null_count() < frame.height:
        parts = frame.filter(part.is_not_null())
        ctx.out.lots(parts, owner, item_code, lot_no, sublot=part, item=item, parent=whole)
    clear = {"from": "to_place", "to": "from_place"}[side]
    ctx.out.add(
        kind,
        frame.with_columns(
            NONE.alias(clear),
            key=suffixed(side),
            lot=lot,
            owner=owner,
            item=item,
            lot_no=lot_no,
            basis=pl.lit("exact"),
            output_kind=pl.lit("product"),
        ),
    )


def shipped_to(
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
