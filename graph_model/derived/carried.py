"""Recorded residue: goods of one order that were left on the line and went into a later one.

Where the row names the lot, that lot went in. Else it was any goods of the order: of what went into
it, or of what it made, since a lot can be suspect by itself. Of a lot that other orders made too
the records do not tell whose part it was.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from graph_model import derived
from graph_model.derived.records import Records
from graph_model.keys import lot_key_column
from graph_model.schema import Produced

RULE = "carried_over"
"""Rule of these flows. A record states them, so that they are worth what recorded ones are."""
RESIDUE = "residue"
"""Kind of the lots and operations that stand for residue of which no lot is named."""
_FLOW = ("lot", "operation", "item", "rule", "t0", "t1", "quantity", "uom")


def stated() -> pl.Expr:
    """Steps and flows that a record states: in a sheet of their own, or as carried over."""
    return pl.col("rule").is_null() | (pl.col("rule") == RULE)


def derive(records: Records) -> derived.Derived:
    """Flows out of the earlier order and into the later one."""
    rows = records.carried
    if rows.is_empty():
        return derived.empty()
    rows = rows.with_columns(
        named=pl.col("lot").is_not_null(),
        lot=pl.coalesce("lot", lot_key_column(*_identity())),
        item=pl.lit(None, pl.String),
        rule=pl.lit(RULE),
    )
    rows = _summed(rows)
    bare = rows.filter(~pl.col("named"))
    steps = records.orders.select(part="operation", operation="order")
    parts = bare.join(steps, on="operation").with_columns(operation="part")
    made = records.moves[Produced].select("operation", made="lot").drop_nulls().unique()
    goods = bare.join(made, on="operation").with_columns(operation="~carried|" + pl.col("lot"))
    owner, code, number, part = _identity()
    taken = [rows.with_columns(operation="next_operation"), goods.with_columns(lot="made")]
    found = derived.of(
        lots=bare.select(
            "rule", key="lot", owner=owner, item_code=code, lot_no=number, sublot=part,
            kind=pl.lit(RESIDUE),
        ),
        operations=goods.select(
            "rule", key="operation", company=pl.lit("~"), kind=pl.lit(RESIDUE),
            number="operation", status=pl.lit("closed"),
        ),
        consumed=pl.concat([part.select(_FLOW) for part in taken]),
        produced=pl.concat([part.select(_FLOW) for part in (parts, goods)]),
    )  # fmt: skip
    drafts = rows.filter("draft").select("lot", operation="next_operation")
    return replace(
        found,
        consumed=_doubted(found.consumed, drafts, ["lot", "operation"]),
        produced=_doubted(found.produced, drafts, ["lot"]),
    )


def _identity() -> tuple[pl.Expr, ...]:
    """owner, item_code, lot_no, sublot of residue: that of an order in the one it went into."""
    order, after = (pl.col(name).str.split("/") for name in ("operation", "next_operation"))
    part = pl.lit(f"{RESIDUE}>") + after.list.last()
    return order.list.first(), pl.lit(""), order.list.last(), part


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a pair of orders and lot; its amount is known where all are, in one unit."""
    known = pl.col("quantity").is_not_null().all() & (pl.col("uom").n_unique() == 1)
    return rows.group_by(
        "operation", "next_operation", "lot", "named", "item", "rule", maintain_order=True
    ).agg(
        pl.col("t0").min(),
        pl.col("t1").max(),
        pl.when(known).then(pl.col("quantity").sum()).alias("quantity"),
        pl.col("uom").first(),
        draft=(pl.col("status") == "draft").fill_null(False).all(),
    )


def _doubted(flows: pl.DataFrame, drafts: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """The flows, those of drafts alone doubtful."""
    pairs = drafts.select(on).unique().with_columns(_draft=pl.lit(True))
    rows = flows.join(pairs, on=on, how="left", maintain_order="left")
    return rows.with_columns(doubtful=pl.col("_draft").fill_null(False)).drop("_draft")
