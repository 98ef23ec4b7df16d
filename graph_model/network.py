"""The plant's network: recorded movements that stand, and the flows derived from them by rule.

`build` drops cancelled and reversed rows, applies posting bounds and adds what missing data makes
possible: mixed stock (pools), amount gaps, parts of lots, two numbers for one lot. Nothing is
removed because data are missing. Graph and arrays are both made from the result.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from graph_model import evidence, interval
from graph_model.derived import (
    Derived,
    carried,
    contents,
    ends,
    implied,
    links,
    orders,
    pools,
    retracted,
    sublots,
)
from graph_model.derived.codes import Codes, aliases
from graph_model.derived.facts import Facts
from graph_model.derived.records import Records
from graph_model.schema import (
    MOVEMENTS,
    CarriesOver,
    Cleaning,
    Consumed,
    Count,
    Decision,
    Item,
    Lot,
    Operation,
    Produced,
    Returned,
    Shipment,
    Shipped,
    Stock,
)

__all__ = ["Facts", "Network", "build", "records", "standing_movements"]


@dataclass(frozen=True)
class Network:
    """Recorded and derived lots, operations and movements.

    Movement frames have the schema's columns plus `t0`, `t1` (when it can have happened, int64 us)
    and `doubtful` (it may not have happened, or with another lot). Every row has both ends.
    `unresolved` lists movements by what had to stand in for a lot; `sourceless` operations with
    outputs whose material is unknown; `gap_unknown` operations whose amounts cannot be judged;
    `gap_over` orders and items of which more was issued than the recipe explains;
    `maybe_returned` operations and lots of which a return without lot number may have been;
    `retracted` lots that only cancelled or reversed rows name; `units` those of items (key,
    uom, pack_uom, units_per_pack).
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
    retracted: pl.DataFrame
    units: pl.DataFrame


_SPENT = ("entered_at", "audited_at", "reversed_doc_no", "_file", "_sheet", "_row")
"""Columns that only judging a movement needs."""


def build(facts: Facts, judged: Records | None = None) -> Network:
    """The network of a fold; `judged` saves judging it again (see `records`)."""
    judged = judged or records(facts)
    moves, gap = judged.recorded, judged.gaps
    lots, operations = facts[Lot], facts[Operation]
    decisions = interval.in_force(facts[Decision])
    mixed = pools.derive(judged)
    held, left = links.held(facts), contents.amounts(facts, moves)
    spans = links.spans(facts)
    derived = Derived.merge(
        ends.derive(moves[Produced], moves[Shipped]),
        mixed,
        orders.derive(judged, mixed.consumed),
        implied.derive(judged),
        carried.derive(judged),
        links.derive(lots, aliases(facts), decisions, judged.codes),
        links.packed(held, spans, left, _with_lot(moves[Consumed]), mixed.consumed),
        links.packed(held, spans, left, _with_lot(moves[Shipped]), mixed.shipped),
    )
    consumed, shipped = (
        _join(_with_lot(moves[kind]), rows)
        for kind, rows in ((Consumed, derived.consumed), (Shipped, derived.shipped))
    )
    # Whatever took a lot, by record or by rule, may have taken any part of it.
    parts = sublots.derive(lots, consumed, shipped)
    made = moves[Produced].filter(~ends.is_end())
    return Network(
        batch=facts.batch,
        head=facts.head,
        lots=_join(lots, derived.lots, parts.lots),
        operations=_join(operations, derived.operations, parts.operations),
        consumed=_join(consumed, parts.consumed),
        produced=_join(_with_lot(made), derived.produced, parts.produced),
        returned=_with_lot(moves[Returned]),
        maybe_returned=_maybe_returned(judged),
        shipped=_join(shipped, parts.shipped),
        unresolved=pools.unresolved({**moves, Produced: made}),
        stock=facts[Stock],
        shipments=facts[Shipment],
        sourceless=gap.sourceless,
        gap_unknown=gap.unknown,
        gap_over=judged.codes.under_all(gap.over, "item"),
        retracted=judged.retracted.to_frame("lot"),
        units=facts[Item].select("key", "uom", "pack_uom", "units_per_pack"),
    )


def records(facts: Facts) -> Records:
    """What stands of a fold, with times and gaps: computed once for checks and network."""
    decisions = facts[Decision]
    live = {kind: _live(facts[kind]) for kind in MOVEMENTS}
    delays = interval.delays(decisions, live.values())
    trusted = interval.trusted_sources(decisions)
    moves = _timed(live, facts[Operation], delays)
    return Records(
        facts,
        {kind: _judge(frame, trusted).drop(_SPENT, strict=False) for kind, frame in moves.items()},
        counts=interval.effective(_live(evidence.acting(facts, Count)), delays),
        cleanings=interval.effective(evidence.acting(facts, Cleaning), delays),
        carried=interval.effective(_between_orders(_live(facts[CarriesOver])), delays),
        codes=Codes.of(aliases(facts), facts[Item]),
        retracted=retracted.lots(facts, live),
    )


def _between_orders(carried: pl.DataFrame) -> pl.DataFrame:
    return carried.filter(pl.col("operation") != pl.col("next_operation"))


def standing_movements(facts: Facts) -> dict[type, pl.DataFrame]:
    """Movements that were neither cancelled nor reversed, with `t0` and `t1`."""
    live = {kind: _live(facts[kind]).drop("unsure", strict=False) for kind in MOVEMENTS}
    return _timed(live, facts[Operation], interval.delays(facts[Decision], live.values()))


def _timed(
    moves: dict[type, pl.DataFrame], operations: pl.DataFrame, delays: pl.DataFrame
) -> dict[type, pl.DataFrame]:
    """The movements with `t0`, `t1`. Nothing of an order, or a part of it, was before its release.

    A release that came after something of its order was keyed in late, and is not believed.
    """
    timed = {kind: interval.effective(frame, delays) for kind, frame in moves.items()}
    whole = operations.select(operation="key", order=pl.coalesce("order", "key"))
    timed[Produced] = _as_received(timed[Produced], whole)
    released = operations.select("released_at", "source", order="key")
    released = released.drop_nulls("released_at").join(delays, on="source", how="left")
    released = released.select("order", floor=pl.col("released_at") - pl.col("late").fill_null(0))
    if released.is_empty():
        return timed
    released = released.join(whole, on="order")
    lines = [kind for kind, frame in timed.items() if "operation" in frame.columns]
    for kind in lines:
        rows = timed[kind].select("operation", "t1").join(released, on="operation")
        before = rows.filter(pl.col("t1") < pl.col("floor")).select("order")
        released = released.join(before, on="order", how="anti")
    for kind in lines:
        rows = timed[kind].select("operation")
        rows = rows.join(released, on="operation", how="left", maintain_order="left")
        timed[kind] = interval.not_before(timed[kind], rows["floor"], delays)
    return timed


def _as_received(made: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """What exactly paired parts of orders made, with the times at which the order received it.

    An issue that names its output says nothing of when that was finished; the receipts do.
    """
    parts = whole.filter(pl.col("operation") != pl.col("order"))
    if parts.is_empty():
        return made
    of_orders = made.join(parts, on="operation", how="anti").drop_nulls("lot")
    received = of_orders.group_by(order="operation", lot="lot").agg(
        _t0=pl.col("t0").min(), _t1=pl.col("t1").max()
    )
    rows = made.select("operation", "lot", "earliest", "latest")
    rows = rows.join(parts, on="operation", how="left", maintain_order="left")
    rows = rows.join(received, on=["order", "lot"], how="left", maintain_order="left")
    bare = rows.select(pl.col("earliest").is_null() & pl.col("latest").is_null()).to_series()
    told = made.with_columns(rows.select("_t0", "_t1").get_columns())
    return told.with_columns(
        t0=pl.when(bare).then(pl.coalesce("_t0", "t0")).otherwise("t0"),
        t1=pl.when(bare).then(pl.coalesce("_t1", "t1")).otherwise("t1"),
    ).drop("_t0", "_t1")


def _maybe_returned(judged: Records) -> pl.DataFrame:
    """operation, lot: a return that names no lot may be of any lot of its item in that order."""
    steps = judged.orders.select("operation", "order")
    guessed = pl.col("lot").is_null() | pl.col("proposed")
    back = judged.moves[Returned].filter(guessed).select("operation", "item")
    back = back.join(steps, on="operation").select("order", "item").unique()
    of_order = back.join(steps, on="order").select("operation", "item")
    had = judged.moves[Consumed].select("operation", "item", "lot").drop_nulls("lot")
    nameless = of_order.filter(pl.col("item").is_null())
    pairs = pl.concat(
        [
            had.join(of_order, on=["operation", "item"], how="semi"),
            had.join(nameless, on="operation", how="semi"),
        ]
    )
    return pairs.select("operation", "lot").unique().sort("operation", "lot")


def _live(frame: pl.DataFrame) -> pl.DataFrame:
    # Most frames are whole: a filter would copy every column of them.
    cancelled = (frame["status"] == "cancelled").fill_null(False)
    live = frame.filter(~cancelled) if cancelled.any() else frame
    if "reversed_doc_no" not in frame.columns:
        return live
    reversing = pl.col("reversed_doc_no").is_not_null()
    if live.filter(reversing).is_empty():
        return live
    return _without_reversed(live, reversing)


def _without_reversed(live: pl.DataFrame, reversing: pl.Expr) -> pl.DataFrame:
    """Rows that no posted reversal of the same company, sheet, item and lot covers in full.

    A reversal that was itself reversed has no effect. What is reversed in part stays; what a
    reversal may mean but does not name in full stays as `unsure`.
    """
    scope = ["source", "_company", "_kind", "doc_no"]
    parts = pl.col("key").str.split("/")
    rows = live.with_columns(_company=parts.list.get(0), _kind=parts.list.get(1, null_on_oob=True))
    posted = pl.col("status").fill_null("posted") == "posted"
    reversals = rows.filter(reversing)
    undone = reversals.filter(posted).select(*scope[:3], doc_no="reversed_doc_no").unique()
    reversals = reversals.join(undone, on=scope, how="anti", nulls_equal=True)
    reversals = reversals.with_columns(doc_no="reversed_doc_no")
    rows = rows.filter(~reversing)
    rows = rows.join(
        _whole_documents(rows, reversals.filter(posted), scope), on="key", how="anti",
        maintain_order="left",
    )  # fmt: skip
    on = [*scope, "item", "lot"]
    back = (
        reversals.filter(posted)
        .group_by(on)
        .agg(_back=pl.col("quantity").abs().sum(), _unknown=pl.col("quantity").is_null().any())
    )
    kept = rows.join(back, on=on, how="left", nulls_equal=True, maintain_order="left")
    whole = pl.col("quantity").sum().over(on)
    unknown = pl.col("quantity").is_null().any().over(on)
    covered = (
        pl.when(pl.col("_unknown")).then(unknown).otherwise(~unknown & (pl.col("_back") >= whole))
    )
    kept = kept.filter(~covered.fill_null(False))
    unsure = _perhaps_reversed(kept, reversals, scope)
    return kept.select(*live.columns, unsure=pl.col("key").is_in(unsure.implode()))


def _nameless() -> pl.Expr:
    """Reversals that name no goods: they are of the whole document."""
    return pl.all_horizontal(pl.col(name).is_null() for name in ("item", "lot", "lot_no"))


def _whole_documents(rows: pl.DataFrame, posted: pl.DataFrame, scope: list[str]) -> pl.DataFrame:
    """key of rows whose document was reversed as a whole.

    A document number may be used again: where the reversal names an order that the document has
    lines for, it is of these lines.
    """
    whole = posted.filter(_nameless())
    end = "operation" if "operation" in rows.columns else "shipment"
    hit = rows.select("key", *scope, end).join(
        whole.select(*scope, _end=end).unique(), on=scope, nulls_equal=True
    )
    same = pl.col(end).eq_missing(pl.col("_end"))
    named = same.any().over([*scope, "_end"])
    return hit.filter(same | ~named).select("key").unique()


def _perhaps_reversed(kept: pl.DataFrame, reversals: pl.DataFrame, scope: list[str]) -> pl.Series:
    """key of rows that a draft, a reversal without lot or amount, or one of a document may mean."""
    draft = pl.col("status").eq_missing("draft")
    vague = reversals.filter(draft | pl.col("lot").is_null() | pl.col("quantity").is_null())
    vague = vague.select(*scope, _item="item", _lot="lot").unique()
    pairs = kept.select("key", "item", "lot", *scope).join(vague, on=scope, nulls_equal=True)
    meant = [
        pl.col(f"_{name}").is_null() | pl.col(f"_{name}").eq_missing(pl.col(name))
        for name in ("item", "lot")
    ]
    return pairs.filter(pl.all_horizontal(meant))["key"].unique()


def _judge(frame: pl.DataFrame, trusted: list[str]) -> pl.DataFrame:
    """Marks proposed lots and rows that may not have happened as recorded."""
    proposed = (pl.col("lot_source") == "system_proposed") | (
        pl.col("posting_method") == "backflush"
    )
    proposed = proposed.fill_null(False) & ~pl.col("source").is_in(trusted).fill_null(False)
    doubtful = proposed | (pl.col("status") == "draft").fill_null(False)
    if "unsure" in frame.columns:
        doubtful |= pl.col("unsure")
    return frame.with_columns(proposed=proposed, doubtful=doubtful).drop("unsure", strict=False)


def _with_lot(frame: pl.DataFrame) -> pl.DataFrame:
    named = frame.filter(pl.col("lot").is_not_null()) if frame["lot"].null_count() else frame
    return named.drop("proposed")


def _join(*frames: pl.DataFrame) -> pl.DataFrame:
    first, *others = frames
    rows = [frame for frame in others if len(frame)]
    return pl.concat([first, *rows], how="diagonal_relaxed") if rows else first
