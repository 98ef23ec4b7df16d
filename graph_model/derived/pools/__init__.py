"""Mixed stock: what a place holds of an item when its lots cannot be told apart.

A pool is a chain of contents in time, like a tank (`chains`). It exists only for items with a
movement that needs it: one that takes from mixed stock (`leaving`) or adds to it without a number
(`entering`). What orders did not use up lies in it too (`leftovers`), and what other
companies hold of ours (`theirs`), and what orders that nobody knows took or gave (`orderless`).
A movement without a known place belongs to every pool of its item that holds stock of the same
owner (`places`).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from graph_model import derived
from graph_model.derived.pools import (
    chains,
    entering,
    flows,
    leaving,
    leftovers,
    orderless,
    theirs,
)
from graph_model.derived.pools.events import AMBIGUOUS, PROPOSED, UNLOTTED
from graph_model.derived.records import Records
from graph_model.schema import Consumed, Produced, Shipped

_ENDS = {Consumed: "operation", Produced: "operation", Shipped: "shipment"}


def derive(records: Records) -> derived.Derived:
    """Pools of every item that needs one, and candidate lots of numbers that fit several."""
    fits = _fits(records)
    candidates = derived.of(
        consumed=fits.filter(pl.col("of") == Consumed.__name__),
        produced=fits.filter(pl.col("of") == Produced.__name__),
        shipped=fits.filter(pl.col("of") == Shipped.__name__),
    )
    taken = fits.filter(pl.col("of") == Consumed.__name__)
    goods = theirs.goods(records)
    exits = leaving.exits(records, fits, goods)
    entries = entering.entries(records, exits, taken, goods)
    mixed = leftovers.mixed(records, exits)
    came, left = orderless.events(records, leaving.ends(records))
    entries, exits = pl.concat([entries, came]), pl.concat([exits, left])
    if exits.is_empty() and entries.is_empty():
        return candidates
    return derived.Derived.merge(candidates, flows.of(chains.build(records, entries, exits), mixed))


def unresolved(moves: Mapping[type, pl.DataFrame]) -> pl.DataFrame:
    """Movements for which a pool or candidates stand in: kind, rule, item, operation, key."""
    parts = []
    for kind, end in _ENDS.items():
        rows = moves[kind].filter(pl.col("lot").is_null() | pl.col("proposed"))
        rule = (
            pl.when(pl.col("lot").is_null() & pl.col("lot_no").is_not_null())
            .then(pl.lit(AMBIGUOUS))
            .when(pl.col("lot").is_null())
            .then(pl.lit(UNLOTTED))
            .otherwise(pl.lit(PROPOSED))
        )
        parts.append(
            rows.select("key", "item", end=pl.col(end), rule=rule, kind=pl.lit(kind.__name__))
        )
    return pl.concat(parts)


def _fits(records: Records) -> pl.DataFrame:
    """A number without an item may be any lot that carries it: lot, item, lot_no, and its row."""
    parts = [
        records.moves[kind]
        .filter(pl.col("lot").is_null() & pl.col("lot_no").is_not_null())
        .select(end, "lot_no", "t0", "t1", of=pl.lit(kind.__name__), rule=pl.lit(AMBIGUOUS))
        for kind, end in _ENDS.items()
    ]
    rows = pl.concat(parts, how="diagonal")
    if rows.is_empty():
        return rows.with_columns(lot=pl.lit(None, pl.String), item=pl.lit(None, pl.String))
    lots = records.lots.filter(pl.col("lot_no") != "")
    return rows.join(lots.select("lot_no", "item", lot="key"), on="lot_no")
