"""All other sheets: master data, orders, counts, stock, uses, checks and complaints."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from graph_model.keys import join_columns, lot_key_column
from graph_model.schema import (
    Alias,
    Approval,
    CarriesOver,
    Cleaning,
    Complaint,
    Component,
    Count,
    Customer,
    Inspection,
    Item,
    LabelVersion,
    Operation,
    Person,
    ProcessValue,
    PurchaseOrder,
    Shift,
    Shipment,
    Site,
    Stock,
    Supplier,
    Use,
    columns,
)
from loaders.plant.lines import C, Context, dates, own_lot, own_lots, place, stated


def _stated(frame: pl.DataFrame, kind: type) -> dict[str, pl.Expr]:
    """The fields of a node that the sheet has under the same name."""
    names = {column.name for column in columns(kind)} - set(kind.KEY)  # type: ignore[attr-defined]
    return {name: C(name) for name in frame.columns if name in names}


def items(rows: pl.DataFrame, ctx: Context) -> None:
    """Item master."""
    stated = _stated(rows.drop("item"), Item)
    ctx.out.node(Item, rows, C("company"), C("item_code"), **stated)


def bom(rows: pl.DataFrame, ctx: Context) -> None:
    """Recipe lines."""
    rows = ctx.kept("bom", rows, stated("item_code", "parent_item_code"))
    rows = rows.with_columns(parent=join_columns(C("company"), C("parent_item_code")))
    ctx.out.add(Component, rows, valid_to=C("valid_to__latest"))


def suppliers(rows: pl.DataFrame, ctx: Context) -> None:
    """Supplier master."""
    _party(rows, ctx, Supplier, "supplier")


def customers(rows: pl.DataFrame, ctx: Context) -> None:
    """Customer master."""
    _party(rows, ctx, Customer, "customer")


def _party(rows: pl.DataFrame, ctx: Context, kind: type, role: str) -> None:
    stated = {name: C(name) for name in ("country", "language", "address")}
    stated["contact"] = C("contact_phone")
    ctx.out.node(
        kind, rows, C(f"{role}_code"), name=C(f"{role}_name"), kind=C("party_kind"), **stated
    )


def sites(rows: pl.DataFrame, ctx: Context) -> None:
    """Places."""
    ctx.out.node(
        Site,
        rows,
        C("company"),
        C("site_code"),
        name=C("site_name"),
        kind=C("site_kind"),
        parent=place("parent_site"),
        holder=C("holder"),
        holder_kind=C("holder_kind"),
        timezone=C("timezone"),
        day_start=_clock("day_start"),
    )


def people(rows: pl.DataFrame, ctx: Context) -> None:
    """Persons by pseudonym; codes and names were replaced before."""
    ctx.out.node(Person, rows, C("person_code"), department=C("department"), role=C("role"))


def aliases(rows: pl.DataFrame, ctx: Context) -> None:
    """Other numbers for items, companies and lots."""
    item = {"alias": ("alias", "alias_item_code"), "target": ("code", "item_code")}
    key = {}
    for side, (plain, code) in item.items():
        owner, lot_no = ("alias_owner", "alias_lot_no") if side == "alias" else ("owner", "lot_no")
        lot = lot_key_column(
            C(owner).fill_null(C("company")), C(code), pl.coalesce(C(lot_no), C(plain))
        )
        item_owner = C(owner).fill_null(C("company"))
        key[side] = (
            pl.when(C("alias_kind") == "lot")
            .then(lot)
            .when(C("alias_kind") == "item")
            .then(join_columns(item_owner, pl.coalesce(C(plain), C(code))))
            .otherwise(join_columns(C(plain)))
        )
    complete = key["alias"].is_not_null() & key["target"].is_not_null()
    found = ctx.kept("aliases", rows, complete).with_columns(
        kind=C("alias_kind").fill_null("company"), alias=key["alias"], target=key["target"]
    )
    ctx.out.add(Alias, found, key=join_columns("alias", C("kind"), C("alias"), C("target")))


def purchase_orders(rows: pl.DataFrame, ctx: Context) -> None:
    """What was ordered, a line each. Without line numbers an item is ordered once an order."""
    rows = ctx.kept("purchase_orders", rows, stated("purchase_order_no", "item_code"))
    line = pl.coalesce("purchase_line_no", "item_code")
    ctx.out.add(
        PurchaseOrder,
        rows,
        key=join_columns("purchase_order", C("company"), C("purchase_order_no"), line),
        supplier=join_columns(C("supplier_code")),
        ordered_at=C("business_date"),
        promised_at=C("promised_date__latest"),
        status=C("purchase_status"),
    )


def approved_suppliers(rows: pl.DataFrame, ctx: Context) -> None:
    """Who may deliver what."""
    rows = ctx.kept("approved_suppliers", rows, stated("supplier_code", "item_code"))
    ctx.out.add(
        Approval,
        rows.with_columns(supplier=join_columns(C("supplier_code"))),
        key=join_columns("approval", C("supplier_code"), C("item")),
        approval=C("approval").fill_null("approved"),
        valid_to=C("valid_to__latest"),
    )


def shifts(rows: pl.DataFrame, ctx: Context) -> None:
    """Working periods."""
    rows = rows.with_columns(starts=_clock("starts"), ends=_clock("ends"))
    rows = ctx.kept("shifts", rows, stated("shift", "starts", "ends"))
    ctx.out.add(Shift, rows, site=place("site_code"))


def _clock(name: str) -> pl.Expr:
    """A time of day as HH:MM; spreadsheets add seconds and leave out the leading zero."""
    time = C(name).str.extract(r"^(\d{1,2}[:时]\d{2})", 1).str.replace(r"[:时]", ":")
    return time.str.zfill(5)


def work_orders(rows: pl.DataFrame, ctx: Context) -> None:
    """Order heads; rework has its kind in the column, not in the key."""
    rows = ctx.kept("work_orders", rows, stated("work_order_no"))
    kind = pl.when(C("order_kind") == "rework").then(pl.lit("rework")).otherwise(pl.lit("produce"))
    key = join_columns(C("company"), "produce", C("work_order_no"))
    frame = rows.select(
        key=key,
        company=C("company"),
        kind=kind,
        number=C("work_order_no"),
        work_order_no=C("work_order_no"),
        item=C("item"),
        status=C("order_status"),
        planned_qty=C("planned_qty"),
        reported_qty=C("reported_qty"),
        uom=C("uom"),
        site=C("line"),
        shift=C("shift"),
        released_at=C("released_at"),
        earliest=C("started_at"),
        latest=C("finished_at__latest"),
        source=C("source"),
        _file=C("_file"),
        _sheet=C("_sheet"),
        _row=C("_row"),
    )
    ctx.out.add(Operation, frame)


def _lots(rows: pl.DataFrame, ctx: Context) -> None:
    own_lots(rows.filter(C("lot").is_not_null()), ctx)


def lots(rows: pl.DataFrame, ctx: Context) -> None:
    """Lot master: lots and the dates printed on them; it says nothing of how they came about."""
    rows = ctx.kept("lots", rows, stated("item_code", "lot_no"))
    own_lots(
        rows, ctx, supplier=join_columns(C("supplier_code")), manufacturer=C("manufacturer"),
        **dates(rows),
    )  # fmt: skip


def slices(rows: pl.DataFrame, ctx: Context) -> None:
    """Parts of lots by what is printed on the goods: times, serial, carton or pallet numbers."""
    rows = ctx.kept("slices", rows, stated("item_code", "lot_no", "sublot"))
    rows = rows.with_columns(printed_to=C("printed_to__latest"))
    own_lots(rows, ctx)
    names = (
        "printed_from",
        "printed_to",
        "range_kind",
        "range_from",
        "range_to",
        "quantity",
        "uom",
    )
    stated_ = {name: C(name) for name in names}
    ctx.out.lots(
        rows, C("company"), C("item_code"), C("lot_no"), sublot=C("sublot"),
        item=C("item"), parent=own_lot(), **stated_,
    )  # fmt: skip


def tank_levels(rows: pl.DataFrame, ctx: Context) -> None:
    """Levels and empty marks of tanks."""
    ctx.out.add(Count, rows, site=place("tank"), lot=None, quantity=C("level_qty"))


def counts(rows: pl.DataFrame, ctx: Context) -> None:
    """Stock counts."""
    _lots(rows, ctx)
    ctx.out.add(Count, rows, site=C("place"), quantity=C("counted_qty"))


def stock(rows: pl.DataFrame, ctx: Context) -> None:
    """Stock as of a moment; a mark of being blocked stands for the status."""
    _lots(rows, ctx)
    held = pl.when(C("hold_flag")).then(pl.lit("hold"))
    rows = rows.with_columns(quality_status=pl.coalesce(held, "quality_status"))
    ctx.out.add(Stock, rows, site=C("place"), as_of=C("as_of__latest"))


def equipment_use(rows: pl.DataFrame, ctx: Context) -> None:
    """Lots and tools mounted on a line."""
    _lots(rows, ctx)
    ctx.out.add(
        Use,
        rows,
        site=place("site_code"),
        operation=_order(rows, ctx),
        earliest=C("mounted_at"),
        latest=C("removed_at__latest"),
    )


def carry_over(rows: pl.DataFrame, ctx: Context) -> None:
    """What was left of one order and went into another; of which lot, where the row names it."""
    rows = ctx.kept("carry_over", rows, stated("work_order_no", "next_work_order_no"))
    _lots(rows, ctx)
    ctx.out.add(
        CarriesOver,
        rows,
        operation=_order(rows, ctx),
        next_operation=_order(rows, ctx, "next_work_order_no"),
    )


def _order(rows: pl.DataFrame, ctx: Context, name: str = "work_order_no") -> pl.Expr:
    named = rows.filter(C(name).is_not_null())
    number = C(name)
    ctx.out.node(Operation, named, C("company"), "produce", number, work_order_no=number)
    return join_columns(C("company"), "produce", number)


def cleaning(rows: pl.DataFrame, ctx: Context) -> None:
    """Cleanings and line clearances."""
    ctx.out.add(Cleaning, rows, site=place("site_code"))


def process_values(rows: pl.DataFrame, ctx: Context) -> None:
    """Set and measured values."""
    _lots(rows, ctx)
    ctx.out.add(ProcessValue, rows, operation=_order(rows, ctx))


def labels(rows: pl.DataFrame, ctx: Context) -> None:
    """Versions of labels and what they declare."""
    rows = ctx.kept("labels", rows, stated("item_code"))
    market = C("market").str.to_uppercase()
    ctx.out.add(LabelVersion, rows, market=market, valid_to=C("valid_to__latest"))


def inspections(rows: pl.DataFrame, ctx: Context) -> None:
    """Checks of lots and orders."""
    _lots(rows, ctx)
    ctx.out.node(
        Inspection,
        rows.drop("place").rename({"_place": "place"}),
        C("company"),
        pl.coalesce("inspection_no", "_tail"),
        lot=C("lot"),
        operation=_order(rows, ctx),
        person=C("inspector"),
        **{
            name: C(name)
            for name in [
                "inspection_item",
                "hazard",
                "agent",
                "method",
                "detection_limit",
                "sample_size",
                "acceptance",
                "unit_size",
                "uom",
                "composite",
                "full_examination",
                "result",
                "measured_value",
                "spec_limit",
                "reject_reason",
                "place",
                "earliest",
                "latest",
                "reported_at",
                "laboratory",
            ]
        },
    )


def complaints(rows: pl.DataFrame, ctx: Context) -> None:
    """Reports of customers."""
    _lots(rows, ctx)
    named = rows.filter(C("delivery_no").is_not_null())
    ctx.out.node(Shipment, named, C("company"), C("delivery_no"))
    ctx.out.node(
        Complaint,
        rows,
        C("company"),
        pl.coalesce("complaint_no", "_tail"),
        customer=join_columns(C("customer_code")),
        shipment=join_columns(C("company"), C("delivery_no")),
        # A number without its item is what was read from the pack.
        printed_code=pl.coalesce("printed_code", pl.when(C("lot").is_null()).then("lot_no")),
        **{name: C(name) for name in ["item", "lot", "reason", "earliest", "latest"]},
    )


RECORDS: dict[str, Callable[[pl.DataFrame, Context], None]] = {
    mapper.__name__: mapper
    for mapper in (
        items,
        bom,
        suppliers,
        customers,
        sites,
        people,
        aliases,
        purchase_orders,
        approved_suppliers,
        shifts,
        work_orders,
        lots,
        slices,
        tank_levels,
        counts,
        stock,
        equipment_use,
        cleaning,
        carry_over,
        process_values,
        labels,
        inspections,
        complaints,
    )
}
