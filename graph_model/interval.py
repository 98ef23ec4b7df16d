"""Time as intervals [t0, t1] in int64 microseconds UTC, and what a record's clock is worth.

Posting time is not event time: each source has two bounds, `late` (keyed in after the event) and
`early` (dated before it). A recorded interval [e, l] becomes [e - late, l + early]. Networks state
event times; a scanner with its own clock is good to 15 minutes; everything else is unbounded until
a named person confirms figures. A row beyond a confirmed figure widens it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

MIN = -(2**62)
MAX = 2**62
"""Unbounded ends; far enough from int64's limits that sums do not overflow."""

SCANNER_CLOCK = 15 * 60 * 1_000_000
"""What a scan that carries the scanner's own clock may be off by, either way."""


@dataclass(frozen=True)
class Bounds:
    """Confirmed posting delays of one source in microseconds."""

    source: str
    late: int
    early: int
    decision: str


def in_force(decisions: pl.DataFrame) -> pl.DataFrame:
    """Decisions that no later decision revoked, oldest first."""
    revoked = decisions.filter(pl.col("kind") == "revoke")["subject"]
    kept = decisions.filter((pl.col("kind") != "revoke") & ~pl.col("key").is_in(revoked.implode()))
    return kept.sort("decided_at", "key", nulls_last=False)


def confirmed_bounds(decisions: pl.DataFrame) -> dict[str, Bounds]:
    """The bounds in force by source; the latest decision about a source counts."""
    delays = in_force(decisions).filter(pl.col("kind") == "delay")
    return {
        row["subject"]: Bounds(row["subject"], row["late"] or 0, row["early"] or 0, row["key"])
        for row in delays.iter_rows(named=True)
    }


def trusted_sources(decisions: pl.DataFrame) -> list[str]:
    """Sources whose system-proposed lots a named person trusts."""
    return in_force(decisions).filter(pl.col("kind") == "trust_source")["subject"].to_list()


def measured_delays(movements: pl.DataFrame) -> pl.DataFrame:
    """Largest difference seen per source: `source`, `late`, `early` in microseconds (>= 0)."""
    if "entered_at" not in movements.columns:
        movements = movements.with_columns(entered_at=pl.lit(None, pl.Int64))
    seen = movements.filter(pl.col("entered_at").is_not_null())
    return seen.group_by("source").agg(
        late=(pl.col("entered_at") - pl.col("latest")).max().fill_null(0).clip(lower_bound=0),
        early=(pl.col("earliest") - pl.col("entered_at")).max().fill_null(0).clip(lower_bound=0),
    )


def delays(decisions: pl.DataFrame, movements: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """What each confirmed source's clock is worth: `source`, `late`, `early` in microseconds.

    A row beyond a confirmed figure widens it, whatever kind of movement it is.
    """
    bounds = confirmed_bounds(decisions)
    schema = {"source": pl.String, "late": pl.Int64, "early": pl.Int64}
    rows = [(bound.source, bound.late, bound.early) for bound in bounds.values()]
    confirmed = pl.DataFrame(rows, schema=schema, orient="row")
    if confirmed.is_empty():
        return confirmed
    seen = [
        measured_delays(frame.join(confirmed, on="source", how="semi"))
        for frame in movements
        if "entered_at" in frame.columns
    ]
    widest = pl.concat([confirmed, *seen]).group_by("source", maintain_order=True)
    return widest.agg(pl.col("late").max(), pl.col("early").max())


def effective(movements: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Adds `t0` and `t1`: when the movement can have happened, from its record and its source.

    `known` are the `delays`. The entry time stands in for an event time that is missing, once the
    source's delay is known: where one is recorded, nothing says that the row was not keyed in
    before the event. Of what is recorded to have ended before it began, neither is known.
    """
    stamps = _stamps(movements, known)
    told = (pl.col("earliest") <= pl.col("latest")).fill_null(True)
    found = stamps.select(
        t0=pl.when(told).then(pl.col("earliest") - pl.col("late")).fill_null(MIN),
        t1=pl.when(told).then(pl.col("latest") + pl.col("early")).fill_null(MAX),
    )
    return movements.with_columns(found.get_columns())


def not_before(movements: pl.DataFrame, floor: pl.Series, known: pl.DataFrame) -> pl.DataFrame:
    """The movements (with `t0`, `t1`), not earlier than what must have come before, row by row.

    The floor is a stamp of the same kind as the movement's own and counts once the delay of the
    movement's source is known. One that contradicts the record itself is not believed.
    """
    late = _stamps(movements, known)["late"]
    rows = movements.with_columns(_floor=floor, _late=late)
    raised = pl.when((pl.col("_floor") <= pl.col("t1")) & pl.col("_late").is_not_null())
    t0 = raised.then(pl.max_horizontal("t0", "_floor")).otherwise("t0")
    return rows.with_columns(t0=t0).drop("_floor", "_late")


def _stamps(movements: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """earliest, latest, late, early of each row; the last two null where nobody knows them."""
    nothing = pl.DataFrame(schema={"entered_at": pl.Int64, "posting_method": pl.String})
    absent = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in nothing.schema.items()
        if name not in movements.columns
    ]
    rows = movements.with_columns(absent)
    # An entry before the event's earliest moment contradicts it and is not believed either.
    entered = pl.when(pl.col("entered_at") >= pl.col("earliest").fill_null(MIN)).then("entered_at")
    method = pl.col("posting_method")

    def bound(name: str) -> pl.Expr:
        figure = pl.col("source").replace_strict(
            known["source"], known[name], default=None, return_dtype=pl.Int64
        )
        clock = pl.when(method == "network").then(0).when(method == "scanner_clock")
        return clock.then(SCANNER_CLOCK).otherwise(figure).alias(name)

    return rows.select("earliest", pl.coalesce("latest", entered), bound("late"), bound("early"))
