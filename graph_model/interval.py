"""Time as intervals [t0, t1] in int64 microseconds UTC, and what a record's clock is worth.

Posting time is not event time: each source has two bounds, `late` (keyed in after the event) and
`early` (dated before it). A recorded interval [e, l] becomes [e - late, l + early]. Networks state
event times; a scanner with its own clock is good to 15 minutes; everything else is unbounded until
a named person confirms figures. A row beyond a confirmed figure widens it.
"""

from __future__ import annotations

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


def effective(
    movements: pl.DataFrame, bounds: dict[str, Bounds], floor: pl.Expr | None = None
) -> pl.DataFrame:
    """Adds `t0` and `t1`: when the movement can have happened, from its record and its source.

    `floor` is a column or expression with a moment that must have come before (release, shipping).
    """
    measured = measured_delays(movements)
    figures = pl.DataFrame(
        {
            "source": list(bounds),
            "_late": [bound.late for bound in bounds.values()],
            "_early": [bound.early for bound in bounds.values()],
        },
        schema={"source": pl.String, "_late": pl.Int64, "_early": pl.Int64},
    ).join(measured, on="source", how="left")
    figures = figures.select(
        "source",
        pl.max_horizontal("_late", pl.col("late").fill_null(0)).alias("_late"),
        pl.max_horizontal("_early", pl.col("early").fill_null(0)).alias("_early"),
    )
    method = pl.col("posting_method") if "posting_method" in movements.columns else pl.lit("")

    def bound(name: str) -> pl.Expr:
        return (
            pl.when(method == "network")
            .then(0)
            .when(method == "scanner_clock")
            .then(SCANNER_CLOCK)
            .otherwise(pl.col(name))
            .alias(name)
        )

    widened = movements.join(figures, on="source", how="left", maintain_order="left")
    widened = widened.with_columns(bound("_late"), bound("_early")).with_columns(
        t0=(pl.col("earliest") - pl.col("_late")).fill_null(MIN),
        t1=(pl.col("latest") + pl.col("_early")).fill_null(MAX),
    )
    entered = pl.col("entered_at") if "entered_at" in movements.columns else pl.lit(None, pl.Int64)
    # A ceiling or floor that contradicts the record itself is not believed: the interval stays.
    capped = pl.when(entered >= pl.col("t0")).then(pl.min_horizontal("t1", entered))
    widened = widened.with_columns(t1=capped.otherwise(pl.col("t1")))
    if floor is not None:
        # The floor is a stamp of the same kind: it counts once the source's delay is known.
        raised = pl.when((floor <= pl.col("t1")) & pl.col("_late").is_not_null()).then(
            pl.max_horizontal("t0", floor)
        )
        widened = widened.with_columns(t0=raised.otherwise(pl.col("t0")))
    return widened.drop("_late", "_early")
