"""What may have the same cause as some lots: all that shares an input, a line or a shift."""

from __future__ import annotations

import numpy as np
import polars as pl

from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, Lineage
from queries.recall.cone import IDENTITY


def siblings(lineage: Lineage, lots: Index) -> Index:
    """Everything that shares an input, a line or a shift in its window with the lots."""
    ops = _makers(lineage, lots)
    behind = lineage.backward(lots).lots
    shared = lineage.forward(behind).lots
    about = lineage.operations
    window = about[ops].filter(pl.col("kind").is_in(["produce", "rework"]))
    if window.is_empty():
        return np.union1d(shared, lots)
    low = window["earliest"].min() if not window["earliest"].has_nulls() else MIN
    high = window["latest"].max() if not window["latest"].has_nulls() else MAX
    overlaps = (pl.col("earliest").fill_null(MIN) <= high) & (
        pl.col("latest").fill_null(MAX) >= low
    )
    lines, shifts = window["site"].drop_nulls(), window["shift"].drop_nulls()
    same = pl.col("site").is_in(lines.implode()) | pl.col("shift").is_in(shifts.implode())
    # A line that is not recorded may be the same one.
    same = same.fill_null(False) | pl.col("site").is_null() | pl.lit(window["site"].has_nulls())
    steps = about.with_row_index("n").filter(
        overlaps & same & pl.col("kind").is_in(["produce", "rework"])
    )["n"]
    made = lineage.produced_lot[lineage.outputs.at(steps.to_numpy().astype(np.int64))]
    return np.union1d(np.union1d(shared, lots), lineage.forward(np.unique(made)).lots)


def _makers(lineage: Lineage, lots: Index) -> Index:
    """The operations that made the lots, behind those that only moved or renumbered them."""
    found, seen = lots[:0], lots[:0]
    while lots.size:
        seen = np.union1d(seen, lots)
        steps = np.unique(lineage.produced_op[lineage.origins.at(lots)]).astype(np.int64)
        found = np.union1d(found, steps)
        moved = steps[lineage.operations["kind"][steps].is_in(IDENTITY).to_numpy()]
        before = np.unique(lineage.consumed_lot[lineage.inputs.at(moved)]).astype(np.int64)
        lots = np.setdiff1d(before, seen)
    return found
