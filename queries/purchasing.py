"""Can we go on making? What is clean, what is to come, how long it lasts, and who else delivers.

For each item of a suspect supplier, in the item's stock unit. What cannot be told apart from
suspect material does not count as clean: unlotted stock, and lots of unknown origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from graph_model import quantity
from graph_model.errors import NotFound
from graph_model.interval import MAX
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import (
    Approval,
    Component,
    Consumed,
    Item,
    Operation,
    PurchaseOrder,
    Shipped,
    Stock,
    Supplier,
)
from queries.recall.completeness import Missing, of_rows
from queries.recall.exposure import supplied_lots
from queries.recall.places import ON_HAND, holdings

DAY = 86_400_000_000
WINDOW = 28
"""Days of use, before the last movement, that daily use is the mean of."""
APPROVED, CONDITIONAL, BLOCKED, DELIVERED = "approved", "conditional", "blocked", "delivered"


@dataclass(frozen=True)
class Cover:
    """Supply of a supplier's items when some of what it delivered is suspect.

    `items`: item, uom, on_hand, suspect, unclear (may be suspect: unlotted or of unknown origin),
    clean, on_order (of others), on_order_suspect (of this supplier), next_at (us, first promised
    delivery of others), daily_use, days (clean stock lasts), short (open orders it cannot feed).
    `orders`: open purchase lines. `alternates`: item, supplier, approval, lots, last_at; and
    items of the same alternate group as `instead`. `replan`: open work orders that run short.
    """

    lineage: Lineage
    supplier: str
    suspect: Index
    items: pl.DataFrame
    orders: pl.DataFrame
    alternates: pl.DataFrame
    instead: pl.DataFrame
    replan: pl.DataFrame
    missing: list[Missing]


def ours_of(lineage: Lineage, supplier: str) -> Index:
    """Lots that a supplier delivered, under its number and ours."""
    theirs = supplied_lots(lineage).filter(pl.col("supplier") == supplier)["lot"].to_numpy()
    steps = np.unique(lineage.consumed_op[lineage.uses.at(theirs)]).astype(np.int64)
    steps = steps[(lineage.operations["kind"][steps] == "receive").to_numpy()]
    received = lineage.produced_lot[lineage.outputs.at(steps)]
    named = lineage.lots["supplier"].eq_missing(supplier).arg_true().to_numpy()
    found = np.unique(np.concatenate([theirs, received, named])).astype(np.int64)
    return found[lineage.recorded[found]]


def cover(facts: Facts, lineage: Lineage, supplier: str, suspect: Index | None = None) -> Cover:
    """How long clean stock of the supplier's items lasts. Without `suspect` (lots by number), all
    that the supplier delivered is suspect. Raises NotFound for a supplier that nobody knows.
    """
    lots = ours_of(lineage, supplier)
    if not lots.size and supplier not in facts[Supplier]["key"]:
        raise NotFound("supplier_unknown", supplier=supplier)
    suspect = lots if suspect is None else suspect
    orders = open_orders(facts, lineage)
    ordered = orders.filter(pl.col("supplier") == supplier)["item"]
    about = lineage.lots["item"][lots]
    items = pl.concat([about, ordered]).drop_nulls().unique().sort()
    rows = pl.DataFrame({"item": items}).join(
        facts[Item].select("uom", item="key").unique("item"), on="item", how="left"
    )
    parts = (
        _stock(facts, lineage, suspect, items),
        _to_come(orders, supplier),
        _daily_use(facts, lineage, items),
    )
    for part in parts:
        rows = rows.join(part, on="item", how="left", maintain_order="left")
    amounts = ("suspect", "unclear", "clean", "on_order", "on_order_suspect")
    rows = rows.with_columns(pl.col(amounts).fill_null(0.0)).with_columns(
        on_hand=pl.col("suspect") + pl.col("unclear") + pl.col("clean"),
        days=pl.when(pl.col("daily_use") > 0).then(pl.col("clean") / pl.col("daily_use")).round(1),
    )
    replan = _short(facts, lineage, rows)
    counts = replan.group_by("item").agg(short=pl.len())
    rows = rows.join(counts, on="item", how="left", maintain_order="left")
    rows = rows.with_columns(pl.col("short").fill_null(0)).sort("days", "item", nulls_last=True)
    return Cover(
        lineage, supplier, suspect,
        rows, orders.filter(pl.col("item").is_in(items.implode())),
        _alternates(facts, lineage, supplier, items), _instead(facts, items), replan,
        _missing(facts, rows),
    )  # fmt: skip


def open_orders(facts: Facts, lineage: Lineage) -> pl.DataFrame:
    """purchase_order_no, purchase_line_no, supplier, item, ordered, received, open, promised_at.

    `open` is what is still to come, in the item's unit; null where an amount cannot be told. What
    was received under the order number fills its lines of an item in the order they are promised.
    """
    lines = quantity.to_item_unit(facts[PurchaseOrder], facts[Item])
    came = _received(facts, lineage)
    rows = lines.join(came, on=["purchase_order_no", "item"], how="left")
    rows = rows.sort(
        "purchase_order_no", "item", "promised_at", "purchase_line_no", nulls_last=True
    )
    before = pl.col("amount").fill_null(0.0).cum_sum().over("purchase_order_no", "item")
    before = before - pl.col("amount").fill_null(0.0)
    got = (pl.col("received").fill_null(0.0) - before).clip(0.0, pl.col("amount").fill_null(MAX))
    rows = rows.with_columns(received=got, open=(pl.col("amount") - got).clip(0.0))
    waiting = pl.col("open").is_null() | (pl.col("open") > 1e-9)
    return rows.filter((pl.col("status") != "closed").fill_null(True) & waiting).select(
        "purchase_order_no", "purchase_line_no", "supplier", "item", "received", "open",
        "promised_at", ordered="amount",
    )  # fmt: skip


def _received(facts: Facts, lineage: Lineage) -> pl.DataFrame:
    """purchase_order_no, item, received in the item's unit."""
    named = facts[Operation].filter(pl.col("kind") == "receive")
    named = named.select("key", "purchase_order_no").drop_nulls()
    steps = lineage.operations.select("key", op=pl.int_range(pl.len(), dtype=pl.Int32))
    made = lineage.produced.filter(pl.col("rule").is_null())
    rows = made.select("op", "item", "quantity", "uom").join(steps.join(named, on="key"), on="op")
    amounts = quantity.to_item_unit(rows, facts[Item])
    return amounts.group_by("purchase_order_no", "item").agg(received=pl.col("amount").sum())


def _to_come(orders: pl.DataFrame, supplier: str) -> pl.DataFrame:
    theirs = (pl.col("supplier") == supplier).fill_null(True)
    return orders.group_by("item").agg(
        on_order=pl.col("open").filter(~theirs).sum(),
        on_order_suspect=pl.col("open").filter(theirs).sum(),
        next_at=pl.col("promised_at").filter(~theirs).min(),
    )


def _stock(facts: Facts, lineage: Lineage, suspect: Index, items: pl.Series) -> pl.DataFrame:
    """item, suspect, unclear, clean: what is on hand, in the item's unit.

    What left without a lot number may have been of any lot that no stock statement covers: so much
    of the clean stock is not told apart.
    """
    held = holdings(lineage)
    rows = held.located.filter(pl.col("place") == ON_HAND)
    lots = rows["lot"].to_numpy()
    rows = rows.with_columns(
        item=lineage.lots["item"][lots],
        uom=held.amounts["uom"][lots],
        suspect=pl.Series(np.isin(lots, suspect)),
        known=pl.Series(_of_known_origin(lineage, lots)),
        stated=pl.Series(np.isin(lots, lineage.stock["lot"].to_numpy())),
    )
    loose = facts[Stock].filter(pl.col("lot").is_null()).select("item", "quantity", "uom")
    flags = ("suspect", "known", "stated")
    rows = pl.concat(
        [rows.select("item", "quantity", "uom", *flags),
         loose.with_columns(pl.lit(False).alias(flag) for flag in flags)]
    ).filter(pl.col("item").is_in(items.implode()))  # fmt: skip
    amounts = quantity.to_item_unit(rows, facts[Item])
    amount, clean = pl.col("amount"), ~pl.col("suspect") & pl.col("known")
    sums = amounts.group_by("item").agg(
        suspect=amount.filter("suspect").sum(),
        unclear=amount.filter(~pl.col("suspect") & ~pl.col("known")).sum(),
        clean=amount.filter(clean).sum(),
        booked=amount.filter(clean & ~pl.col("stated")).sum(),
    )
    sums = sums.join(_left_unlotted(facts, items), on="item", how="left")
    doubted = pl.min_horizontal("booked", pl.col("left").fill_null(0.0))
    return sums.select(
        "item", "suspect", unclear=pl.col("unclear") + doubted, clean=pl.col("clean") - doubted
    )


def _left_unlotted(facts: Facts, items: pl.Series) -> pl.DataFrame:
    """item, left: what was issued or shipped without a lot; without end where an amount is unknown.

    A movement that names no item either may have been of any.
    """
    columns = ("item", "quantity", "uom", "status")
    gone = pl.concat(
        facts[kind].filter(pl.col("lot").is_null()).select(columns) for kind in (Consumed, Shipped)
    ).filter(pl.col("status").ne_missing("cancelled"))
    anything = gone["item"].has_nulls()
    rows = quantity.to_item_unit(gone.drop_nulls("item"), facts[Item])
    left = pl.col("amount")
    sums = rows.group_by("item").agg(
        left=pl.when(left.has_nulls()).then(float("inf")).otherwise(left.sum())
    )
    if anything:
        return pl.DataFrame(
            {"item": items, "left": pl.repeat(float("inf"), len(items), eager=True)}
        )
    return sums


def _of_known_origin(lineage: Lineage, lots: Index) -> Any:
    """Lots that were received or made: what is of unknown origin may be suspect."""
    born = lineage.births.select("made", "received")[lots]
    return (born["made"] | born["received"]).to_numpy() & (
        lineage.origins.first[lots + 1] > lineage.origins.first[lots]
    )


def _daily_use(facts: Facts, lineage: Lineage, items: pl.Series) -> pl.DataFrame:
    """item, daily_use: mean of the last days before the last recorded movement in production.

    Records that are younger than the window are averaged over their own length.
    """
    moved = pl.concat(
        flows.filter(pl.col("rule").is_null()).select("earliest", "latest")
        for flows in (lineage.consumed, lineage.produced)
    )
    first, last = moved["earliest"].min(), moved["latest"].max()
    if not isinstance(first, int) or not isinstance(last, int):
        return pl.DataFrame(schema={"item": pl.String, "daily_use": pl.Float64})
    span = min(WINDOW, max((last - first) / DAY, 1.0))
    wanted = pl.col("item").is_in(items.implode()) & (pl.col("latest") > last - span * DAY)
    columns = ("op", "item", "quantity", "uom")
    used = lineage.consumed.filter(wanted, pl.col("rule").is_null()).select(columns)
    used = used.filter(lineage.operations["kind"][used["op"]].is_in(["produce", "rework", "fill"]))
    back = lineage.returned.filter(wanted).select(columns).with_columns(-pl.col("quantity"))
    rows = quantity.to_item_unit(pl.concat([used, back]), facts[Item])
    return rows.group_by("item").agg(daily_use=(pl.col("amount").sum() / span).round(6))


def _alternates(facts: Facts, lineage: Lineage, supplier: str, items: pl.Series) -> pl.DataFrame:
    """item, supplier, approval, lots, last_at: who else is approved for, or has delivered, it."""
    stated = (
        facts[Approval]
        .select("item", "supplier", "approval")
        .filter(pl.col("item").is_in(items.implode()))
    )
    births = lineage.births["received_earliest"]
    lots = supplied_lots(lineage)
    came = lots.with_columns(at=births[lots["lot"]]).filter(pl.col("item").is_in(items.implode()))
    came = came.group_by("item", "supplier").agg(lots=pl.len(), last_at=pl.col("at").max())
    rows = stated.join(came, on=["item", "supplier"], how="full", coalesce=True)
    order = [APPROVED, CONDITIONAL, DELIVERED, BLOCKED]
    return (
        rows.filter(pl.col("supplier") != supplier)
        .with_columns(pl.col("approval").fill_null(DELIVERED), pl.col("lots").fill_null(0))
        .sort(
            "item",
            pl.col("approval").replace_strict(order, range(4), default=2),
            -pl.col("lots").cast(pl.Int64),
            "supplier",
        )
    )


def _instead(facts: Facts, items: pl.Series) -> pl.DataFrame:
    """item, alternate, parent: items that recipes allow in place of one of these."""
    lines = facts[Component].filter(pl.col("alternate_group").is_not_null())
    lines = lines.select("parent", "bom_no", "alternate_group", "item")
    pairs = lines.join(
        lines.rename({"item": "alternate"}), on=["parent", "bom_no", "alternate_group"],
        nulls_equal=True,
    )  # fmt: skip
    wanted = pl.col("item").is_in(items.implode()) & (pl.col("item") != pl.col("alternate"))
    return (
        pairs.filter(wanted)
        .select("item", "alternate", "parent")
        .unique()
        .sort("item", "alternate", "parent")
    )


def _short(facts: Facts, lineage: Lineage, rows: pl.DataFrame) -> pl.DataFrame:
    """work_order, product, item, need, left: open orders that clean stock does not feed.

    Orders take in the order of their release; `left` is what the ones before leave of clean stock.
    """
    orders = facts[Operation].filter(
        pl.col("kind").is_in(["produce", "rework"])
        & (pl.col("status") == "open")
        & pl.col("planned_qty").is_not_null()
    )
    orders = orders.select(
        "key", "work_order_no", "released_at", parent="item", quantity="planned_qty", uom="uom",
        done="reported_qty", item="item",
    )  # fmt: skip
    planned = quantity.to_item_unit(orders, facts[Item]).rename({"amount": "planned"})
    made = pl.col("planned") * (pl.col("done") / pl.col("quantity")).fill_null(0.0).clip(0.0, 1.0)
    planned = planned.with_columns(to_make=pl.col("planned") - made).drop("item", "uom", "quantity")
    lines = quantity.to_item_unit(
        facts[Component].filter(~pl.col("co_product").fill_null(False)), facts[Item]
    )
    rate = pl.col("amount") / pl.col("per_quantity").fill_null(1.0)
    need = planned.join(lines.select("item", "parent", rate=rate), on="parent").join(
        rows.select("item", "clean"), on="item"
    )
    need = need.with_columns(need=pl.col("to_make") * pl.col("rate")).filter(pl.col("need") > 1e-9)
    need = need.sort("item", "released_at", "key", nulls_last=False)
    before = pl.col("need").cum_sum().over("item") - pl.col("need")
    need = need.with_columns(left=(pl.col("clean") - before).clip(0.0))
    return need.filter(pl.col("left") + 1e-9 < pl.col("need")).select(
        "item", "need", "left", work_order="work_order_no", product="parent", operation="key"
    )


def _missing(facts: Facts, rows: pl.DataFrame) -> list[Missing]:
    entries = of_rows("stock_unclear", rows.filter(pl.col("unclear") > 0)["item"].to_list())
    entries += of_rows("no_use", rows.filter(pl.col("daily_use").is_null())["item"].to_list())
    if facts[PurchaseOrder].is_empty():
        entries.append(Missing("no_purchase_orders"))
    if facts[Approval].is_empty():
        entries.append(Missing("no_approvals"))
    return entries


def to_dict(found: Cover) -> dict[str, Any]:
    """As JSON; the shape is documented in docs/cli.md."""
    lineage = found.lineage
    return {
        "as_of": lineage.batch,
        "head": f"{lineage.batch}:{lineage.head}",
        "supplier": found.supplier,
        "suspect_lots": lineage.lots["key"][found.suspect].to_list(),
        "complete": not found.missing,
        "missing": [entry.to_dict() for entry in found.missing],
        **{
            name: getattr(found, name).to_dicts()
            for name in ("items", "orders", "alternates", "instead", "replan")
        },
    }
