"""Mass balance of each lot: what came, where it went, what is there, and what nothing explains.

    come + returned = consumed + in_process + shipped + scrapped + samples + on_hand + unexplained

An amount that only moved or was given back is netted within its operation. What a recipient is
recorded to have used of a delivery counts as consumed, no longer as shipped.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from graph_model import quantity
from graph_model.derived import ends, links
from graph_model.derived.tolerances import tolerances
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import Item

ROUNDING = 1e-6
PARTS = (
    "come", "returned", "consumed", "in_process", "shipped", "scrapped", "samples", "on_hand",
    "unexplained",
)  # fmt: skip
BALANCED, UNKNOWN, NO_ORIGIN, NOT_OURS = "balanced", "unknown", "no_origin", "not_ours"
"""Whether a lot is balanced, or why not: an amount or unit is missing; nothing records its coming;
it is a supplier's, who may have given others of it."""
NOTES = ("stock_older", "doubtful", "converted")
"""What in the records may explain a difference: the stock statement is older than a movement; a
movement is a draft, may be reversed, or its lot was proposed; amounts were converted."""

_NETWORK = "network"
C = pl.col


def balances(facts: Facts, lineage: Lineage, lots: Index | None = None) -> pl.DataFrame:
    """lot (number), item, unit, PARTS, share, tolerance, state, NOTES; one row a lot, in lot order.

    In the item's stock unit, else in the one unit that all rows of the lot have. `come` is what was
    received, made or opened, `shipped` what recipients got and are not recorded to have used. Where
    no stock is stated, what is left is taken to be there, and only what is overdrawn is
    unexplained. `unexplained` and `share` (of what came) are null unless the lot is balanced. A lot
    that has movements of its own is balanced with its parts; these then have no row. `lots`: only
    these, also those that no record tells an amount of; without it such lots have no row.
    """
    rows = _folded(lineage, _rows(lineage, lots), lots)
    rows = _in_one_unit(rows, lineage, facts[Item])
    kinds = lineage.operations.select("kind", "status", op=pl.int_range(pl.len(), dtype=pl.Int64))
    moved = rows.filter(C("op").is_not_null()).join(kinds, on="op", how="left")
    parts = [
        _by_operation(moved),
        moved.filter(C("kind") == "return", C("what") == "out").select(
            "lot", part=pl.lit("returned"), amount=-C("amount")
        ),
        moved.filter("ended").select("lot", part=_ended(), amount="amount"),
        _sent(rows, moved, lineage),
        rows.filter(C("what") == "stock").select("lot", part=pl.lit("stock"), amount="amount"),
    ]
    sums = pl.concat(parts).group_by("lot", "part").agg(C("amount").sum())
    found = sums.pivot("part", index="lot", values="amount")
    about = rows.group_by("lot").agg(
        C("unit").first(),
        known=C("amount").is_not_null().all(),
        stock_older=_stock_older(),
        doubtful=C("doubtful").any(),
        converted=C("uom").n_unique() > 1,
    )
    about = pl.concat([about, _untold(lineage, about["lot"], lots)], how="diagonal")
    return _unexplained(about.join(found, on="lot", how="left"), facts, lineage).sort("lot")


# ---------------------------------------------------------------------------- rows


def _rows(lineage: Lineage, lots: Index | None) -> pl.DataFrame:
    """lot, op, what, amount before conversion, and what judges it; outgoing amounts are negative.

    `ended`: scrap or samples of an order that no shipment took away.
    """

    def taken(frame: pl.DataFrame, rows: Index | None) -> pl.DataFrame:
        found = frame if rows is None else frame[rows]
        if "rule" not in found.columns:
            return found
        # What a container held left with it.
        return found.filter(C("rule").is_null() | (C("rule") == links.PACKED))

    at = None if lots is None else lineage.with_parts(lots)
    used = taken(lineage.consumed, None if at is None else lineage.uses.at(at))
    made = taken(lineage.produced, None if at is None else lineage.origins.at(at))
    back = taken(lineage.returned, None if at is None else lineage.given_back.at(at))
    sent = taken(lineage.shipped, None if at is None else lineage.sent.at(at))
    stock = taken(lineage.stock, None if at is None else lineage.stocked.at(at))
    heads = lineage.shipments.select("customer", shipment="key", head="status", sent_as="kind")
    sent = sent.join(heads, on="shipment", how="left", maintain_order="left")
    sent = sent.filter(~C("head").is_in(["planned", "picked"]).fill_null(False))
    columns = ["lot", "op", "quantity", "uom", "doubtful", "latest", "source"]
    rows = pl.concat(
        [
            used.select(*columns, what=pl.lit("out")).with_columns(quantity=-C("quantity")),
            made.select(
                *columns,
                "output_kind",
                what=pl.lit("in"),
                ended=ends.ended(sent["key"]),
            ),
            back.select(*columns, what=pl.lit("back")),
            sent.select(*(set(columns) - {"op"}), "customer", "sent_as", what=pl.lit("sent")),
            stock.select("lot", "quantity", "uom", what=pl.lit("stock"), latest="as_of"),
        ],
        how="diagonal_relaxed",
    )
    flags = C("ended", "doubtful").fill_null(False)
    rows = rows.with_columns(C("lot", "op").cast(pl.Int64), flags)
    return _once_each(rows)


def _once_each(rows: pl.DataFrame) -> pl.DataFrame:
    """A network states the whole amount of a delivery on each relation of it: counted once."""
    whole = (C("source") == _NETWORK).fill_null(False) & C("op").is_not_null()
    if not rows.select(whole.any()).item():
        return rows
    return pl.concat([rows.filter(~whole), rows.filter(whole).unique(["lot", "what"], keep="any")])


def _folded(lineage: Lineage, rows: pl.DataFrame, lots: Index | None) -> pl.DataFrame:
    """Parts of lots that have movements of their own are counted with these."""
    parts = lineage.lots.select(
        key="parent", part=pl.int_range(pl.len(), dtype=pl.Int64)
    ).drop_nulls("key")
    if len(parts):
        parts = parts.with_columns(whole=lineage.number(parts["key"].to_list())).drop("key")
        moved = rows.select(whole="lot").unique()
        rows = rows.join(
            parts.join(moved, on="whole", how="semi"), left_on="lot", right_on="part", how="left"
        ).with_columns(lot=pl.coalesce("whole", "lot"))
    return rows if lots is None else rows.filter(C("lot").is_in(pl.Series(lots).implode()))


def _untold(lineage: Lineage, told: pl.Series, lots: Index | None) -> pl.DataFrame:
    """Lots of these without any amount on record, parts of a lot that is balanced aside."""
    if lots is None:
        return pl.DataFrame(schema={"lot": pl.Int64})
    silent = np.setdiff1d(lots, told.to_numpy())
    whole = lineage.number(lineage.lots["parent"][silent].fill_null("").to_list())
    silent = silent[~np.isin(whole, told.to_numpy())]
    flags = {"known": False, **dict.fromkeys(NOTES, False)}
    return pl.DataFrame({"lot": silent}, schema={"lot": pl.Int64}).with_columns(
        pl.lit(value).alias(name) for name, value in flags.items()
    )


def _in_one_unit(rows: pl.DataFrame, lineage: Lineage, items: pl.DataFrame) -> pl.DataFrame:
    """Adds `item`, `unit` and `amount`, which is null where an amount cannot be told."""
    rows = rows.with_columns(item=lineage.lots["item"][rows["lot"]])
    base = items.select("uom", item="key").unique("item").rename({"uom": "unit"})
    rows = quantity.to_item_unit(rows, items).join(base, on="item", how="left")
    alike = C("unit").is_null() & (C("uom").n_unique().over("lot") == 1)
    amount = pl.when(alike).then("quantity").otherwise("amount")
    return rows.with_columns(amount=amount, unit=pl.coalesce("unit", "uom"))


# ---------------------------------------------------------------------------- parts


def _by_operation(moved: pl.DataFrame) -> pl.DataFrame:
    """What each operation gave or took of a lot, net: what it both takes and gives only moved."""
    net = moved.group_by("lot", "op").agg(C("amount").sum(), C("kind").first(), C("status").first())
    order = C("kind").is_in(["produce", "rework"])
    part = (
        pl.when(C("amount") > 0)
        .then(pl.lit("come"))
        .when(C("kind") == "scrap")
        .then(pl.lit("scrapped"))
        .when(order & C("status").ne_missing("closed"))
        .then(pl.lit("in_process"))
        .otherwise(pl.lit("consumed"))
    )
    return net.select("lot", part=part, amount=C("amount").abs())


def _ended() -> pl.Expr:
    return pl.when(C("output_kind") == "sample").then(pl.lit("samples")).otherwise(
        pl.lit("scrapped")
    )  # fmt: skip


def _sent(rows: pl.DataFrame, moved: pl.DataFrame, lineage: Lineage) -> pl.DataFrame:
    """What left, less what its recipient is recorded to have used of it."""
    sent = rows.filter(C("what") == "sent").group_by("lot", "customer", "sent_as").agg(
        C("amount").sum()
    )  # fmt: skip
    used = moved.filter(C("what") == "out").join(sent.select("lot").unique(), on="lot", how="semi")
    company = lineage.operations["key"][used["op"]].str.split("/").list.first()
    used = used.with_columns(customer=company).group_by("lot", "customer").agg(
        used=-C("amount").sum()
    )  # fmt: skip
    left = C("amount") - pl.min_horizontal("amount", C("used").fill_null(0.0))
    part = C("sent_as").replace_strict(
        {"scrap": "scrapped", "sample": "samples"}, default="shipped", return_dtype=pl.String
    )
    return sent.join(used, on=["lot", "customer"], how="left").select("lot", part=part, amount=left)


def _stock_older() -> pl.Expr:
    stated = C("what") == "stock"
    return (C("latest").filter(stated).min() < C("latest").filter(~stated).max()).fill_null(False)


def _unexplained(rows: pl.DataFrame, facts: Facts, lineage: Lineage) -> pl.DataFrame:
    absent = [name for name in (*PARTS[:-2], "stock") if name not in rows.columns]
    rows = rows.with_columns(pl.lit(None, pl.Float64).alias(name) for name in absent)
    rows = rows.with_columns(
        C(PARTS[:-2]).fill_null(0.0).round(quantity.DECIMALS),
        item=lineage.lots["item"][rows["lot"]],
    )
    rows = rows.join(tolerances(facts), on="item", how="left")
    rows = rows.with_columns(C("tolerance").fill_null(0.0))
    gone = pl.sum_horizontal("consumed", "in_process", "shipped", "scrapped", "samples")
    left = C("come") + C("returned") - gone
    theirs = lineage.births["received"][rows["lot"]] & ~lineage.births["made"][rows["lot"]]
    state = (
        pl.when((C("come") <= 0) & pl.Series(theirs))
        .then(pl.lit(NOT_OURS))
        .when(~C("known"))
        .then(pl.lit(UNKNOWN))
        .when(C("come") <= 0)
        .then(pl.lit(NO_ORIGIN))
        .otherwise(pl.lit(BALANCED))
    )
    rows = rows.with_columns(state=state, left=left)
    balanced = C("state") == BALANCED
    rest = pl.when(balanced).then(pl.max_horizontal("left", pl.lit(0.0)))
    rows = rows.with_columns(on_hand=pl.coalesce("stock", rest))
    rows = rows.with_columns(
        unexplained=pl.when(balanced).then((C("left") - C("on_hand")).round(quantity.DECIMALS))
    )
    share = (C("unexplained") / C("come")).round(6)
    return rows.select("lot", "item", "unit", *PARTS, "tolerance", "state", *NOTES, share=share)


def is_off() -> pl.Expr:
    """More is unexplained than the item's tolerance allows."""
    return (C("share").abs() > C("tolerance") + ROUNDING).fill_null(False)
