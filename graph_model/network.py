"""The plant's network: recorded movements that stand, and the flows derived from them by rule.

`build` drops cancelled and reversed rows, applies posting bounds and adds what missing data makes
possible: mixed stock (pools), amount gaps, parts of lots, two numbers for one lot. Nothing is
removed because data are missing. Graph and arrays are both made from the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import polars as pl

from graph_model import interval
from graph_model.derived import Derived, ends, gaps, links, pools, sublots
from graph_model.schema import (
    MOVEMENTS,
    Alias,
    Cleaning,
    Consumed,
    Count,
    Decision,
    Lot,
    Operation,
    Packed,
    Produced,
    Returned,
    Shipment,
    Shipped,
    Stock,
)


class Facts(Protocol):
    """What `Ledger.fold` gives: one frame a kind, one row a key."""

    @property
    def batch(self) -> int: ...

    @property
    def head(self) -> str: ...

    def __getitem__(self, kind: type) -> pl.DataFrame: ...


@dataclass(frozen=True)
class Network:
    """Recorded and derived lots, operations and movements.

    Movement frames have the schema's columns plus `t0`, `t1` (when it can have happened, int64 us)
    and `doubtful` (it may not have happened, or with another lot). Every row has both ends.
    `unresolved` lists movements by what had to stand in for a lot; `sourceless` operations with
    outputs whose material is unknown; `gap_unknown` operations whose amounts cannot be judged;
    `gap_over` orders and items of which more was issued than the recipe explains;
    `maybe_returned` operations and lots of which a return without lot number may have been.
    """

    batch: int
    head: str
    lots: pl.DataFrame
    operations: pl.DataFrame
    consumed: pl.DataFrame
    produced: pl.DataFrame
    returned: pl.DataFrame
    shipped: pl.DataFrame
    unresolved: pl.DataFrame
    stock: pl.DataFrame
    shipments: pl.DataFrame
    sourceless: pl.DataFrame
    gap_unknown: pl.DataFrame
    gap_over: pl.DataFrame
    maybe_returned: pl.DataFrame


def build(facts: Facts) -> Network:
    """The network of a fold."""
    decisions = facts[Decision]
    moves = standing_movements(facts)
    trusted = interval.trusted_sources(decisions)
    moves = {kind: _judge(frame, trusted) for kind, frame in moves.items()}
    lots, operations = facts[Lot], facts[Operation]
    bounds = interval.confirmed_bounds(decisions)
    counts = interval.effective(_live(facts[Count]), bounds)
    cleanings = interval.effective(facts[Cleaning], bounds)

    scrapped = ends.derive(moves[Produced])
    moves[Produced] = moves[Produced].filter(~ends.is_end(moves[Produced]))
    gap = gaps.find(facts, moves)
    derived = Derived.merge(
        scrapped,
        pools.derive(facts, moves, gap, counts, cleanings),
        sublots.derive(lots, moves),
        links.derive(lots, facts[Alias], interval.in_force(decisions)),
        links.packed(facts[Packed], moves[Shipped]),
    )
    return Network(
        batch=facts.batch,
        head=facts.head,
        lots=_join(lots, derived.lots),
        operations=_join(operations, derived.operations),
        consumed=_join(_with_lot(moves[Consumed]), derived.consumed),
        produced=_join(_with_lot(moves[Produced]), derived.produced),
        returned=_with_lot(moves[Returned]),
        maybe_returned=_maybe_returned(moves, operations),
        shipped=_join(_with_lot(moves[Shipped]), derived.shipped),
        unresolved=pools.unresolved(moves),
        stock=facts[Stock],
        shipments=facts[Shipment],
        sourceless=gap.sourceless,
        gap_unknown=gap.unknown,
        gap_over=gap.over,
    )


def standing_movements(facts: Facts) -> dict[type, pl.DataFrame]:
    """Movements that were neither cancelled nor reversed, with `t0` and `t1`."""
    bounds = interval.confirmed_bounds(facts[Decision])
    released = facts[Operation].select(
        pl.col("key").alias("operation"), pl.col("released_at").alias("_floor")
    )
    standing: dict[type, pl.DataFrame] = {}
    for kind in MOVEMENTS:
        frame = _live(facts[kind])
        if "operation" in frame.columns:
            frame = frame.join(released, on="operation", how="left", maintain_order="left")
            frame = interval.effective(frame, bounds, pl.col("_floor")).drop("_floor")
        else:
            frame = interval.effective(frame, bounds)
        standing[kind] = frame
    return standing


def _maybe_returned(moves: dict[type, pl.DataFrame], operations: pl.DataFrame) -> pl.DataFrame:
    """operation, lot: a return that names no lot may be of any lot of its item in that order."""
    orders = operations.select(operation="key", order=pl.coalesce("order", "key"))
    back = moves[Returned].filter(pl.col("lot").is_null()).join(orders, on="operation")
    had = _with_lot(moves[Consumed]).join(orders, on="operation")
    pairs = had.join(back.select("order", "item").unique(), on=["order", "item"], how="semi")
    return pairs.select("operation", "lot").unique().sort("operation", "lot")


def _live(frame: pl.DataFrame) -> pl.DataFrame:
    live = frame.filter(pl.col("status").fill_null("posted") != "cancelled")
    if "reversed_doc_no" not in frame.columns:
        return live
    reversing = pl.col("reversed_doc_no").is_not_null()
    if live.filter(reversing).is_empty():
        return live
    return _without_reversed(live, reversing)


def _without_reversed(live: pl.DataFrame, reversing: pl.Expr) -> pl.DataFrame:
    """Rows that no posted reversal of the same company, sheet, item and lot covers in full.

    A reversal that was itself reversed has no effect. What is reversed in part stays.
    """
    scope = ["source", "_company", "_kind"]
    parts = pl.col("key").str.split("/")
    rows = live.with_columns(_company=parts.list.get(0), _kind=parts.list.get(1, null_on_oob=True))
    posted = pl.col("status").fill_null("posted") == "posted"
    reversals = rows.filter(reversing & posted)
    undone = reversals.select(*scope, doc_no="reversed_doc_no").unique()
    reversals = reversals.join(undone, on=[*scope, "doc_no"], how="anti", nulls_equal=True)
    # A reversal that names no goods is of the whole document.
    nameless = pl.all_horizontal(pl.col(name).is_null() for name in ("item", "lot", "lot_no"))
    whole_docs = reversals.filter(nameless).select(*scope, doc_no="reversed_doc_no").unique()
    rows = rows.join(
        whole_docs, on=[*scope, "doc_no"], how="anti", nulls_equal=True, maintain_order="left"
    )
    on = [*scope, "doc_no", "item", "lot"]
    back = reversals.group_by(*scope, "item", "lot", doc_no="reversed_doc_no").agg(
        _back=pl.col("quantity").abs().sum(), _unknown=pl.col("quantity").is_null().any()
    )
    kept = rows.filter(~reversing).join(
        back, on=on, how="left", nulls_equal=True, maintain_order="left"
    )
    whole = pl.col("quantity").sum().over(on)
    unknown = pl.col("quantity").is_null().any().over(on)
    covered = (
        pl.when(pl.col("_unknown")).then(unknown).otherwise(~unknown & (pl.col("_back") >= whole))
    )
    return kept.filter(~covered.fill_null(False)).select(live.columns)


def _judge(frame: pl.DataFrame, trusted: list[str]) -> pl.DataFrame:
    """Marks proposed lots and rows that may not have happened as recorded."""
    proposed = (pl.col("lot_source") == "system_proposed") | (
        pl.col("posting_method") == "backflush"
    )
    proposed = proposed.fill_null(False) & ~pl.col("source").is_in(trusted).fill_null(False)
    return frame.with_columns(
        proposed=proposed,
        doubtful=proposed | (pl.col("status") == "draft").fill_null(False),
    )


def _with_lot(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("lot").is_not_null()).drop("proposed")


def _join(recorded: pl.DataFrame, derived: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([recorded, derived], how="diagonal_relaxed") if len(derived) else recorded
