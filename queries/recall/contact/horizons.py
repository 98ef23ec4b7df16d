"""Horizons: how long a named person has decided that residue counts on a line, for a hazard.

What touched the line meets a lot where their times overlap: the touch from its beginning to the
horizon after its end, the lot from its start to its end. Time is cut into cells as long as the
horizon, so a touch spans two cells at least: in its first one it meets what was finished after it
began, in its last one what was started before it ended, between them everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from graph_model.interval import MAX, MIN, in_force
from graph_model.lineage import spans
from graph_model.network import Facts
from graph_model.schema import Decision
from queries.recall.contact.breaks import ANY, LASTING, MOST_STRETCHES
from queries.recall.hazard import Hazard


@dataclass(frozen=True)
class Horizon:
    """Microseconds after the end of a touch, and the key of the decision."""

    length: int
    decision: str


def find(facts: Facts, hazard: Hazard) -> dict[str, Horizon]:
    """The horizon of each line for this hazard; the latest decision about a line counts.

    A decision names its hazard as `target`, or none for every hazard, an unknown one among them.
    """
    rows = in_force(facts[Decision]).filter(
        (pl.col("kind") == "horizon") & (pl.col("late") > 0).fill_null(False)
    )
    meant = pl.col("target").fill_null("").is_in(["", hazard.kind])
    return {
        row["subject"]: Horizon(row["late"], row["key"])
        for row in rows.filter(meant).iter_rows(named=True)
    }


def touch_cells(rows: pl.DataFrame, length: int) -> pl.DataFrame:
    """Touches by `cell` and by the moment `at` from which they meet what is in it."""
    begin, end = rows["begin"].to_numpy(), rows["end"].to_numpy()
    bounded = (begin > MIN) & (end < MAX)
    until = np.where(bounded, np.maximum(begin, end) + length, begin)
    first, last = begin // length, until // length
    narrow = bounded & (last - first < MOST_STRETCHES)
    kept = np.flatnonzero(narrow)
    inner, owner = spans(first[kept] + 1, last[kept])
    whole = rows[kept[owner]].with_columns(cell=pl.Series(2 * inner), at=pl.lit(MIN, pl.Int64))
    known, lasting = rows.filter(pl.Series(narrow)), rows.filter(pl.Series(~narrow))
    ends = pl.Series(-until[kept])
    return pl.concat(
        [
            known.with_columns(cell=pl.Series(2 * first[kept]), at="begin"),
            known.with_columns(cell=pl.Series(2 * last[kept] + 1), at=ends),
            whole,
            _special(lasting, LASTING, "begin"),
            _special(rows, ANY, "begin"),
        ]
    )


def made_cells(rows: pl.DataFrame, length: int) -> pl.DataFrame:
    """Lots by `cell` and by the moment `at` until which they meet what is in it."""
    start, end = rows["start"].to_numpy(), rows["end"].to_numpy()
    bounded = (start > MIN) & (end < MAX)
    first, last = np.where(bounded, start, 0) // length, np.where(bounded, end, 0) // length
    narrow = bounded & (last - first < MOST_STRETCHES)
    kept = np.flatnonzero(narrow)
    cell, owner = spans(first[kept], last[kept] + 1)
    inside = rows[kept[owner]]
    return pl.concat(
        [
            inside.with_columns(cell=pl.Series(2 * cell), at="end"),
            inside.with_columns(cell=pl.Series(2 * cell + 1), at=-pl.col("start")),
            _special(rows.filter(pl.Series(narrow)), LASTING, "end"),
            _special(rows.filter(pl.Series(~narrow)), ANY, "end"),
        ]
    )


def _special(rows: pl.DataFrame, cell: int, at: str) -> pl.DataFrame:
    return rows.with_columns(cell=pl.lit(cell, pl.Int64), at=at)
