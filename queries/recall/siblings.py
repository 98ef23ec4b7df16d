"""What may have the same cause as some lots: all that shares an input, a line or a shift."""

from __future__ import annotations

import numpy as np
import polars as pl

from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, Lineage
from queries.recall.cone import IDENTITY
from queries.recall.lines import MADE, lines


def siblings(lineage: Lineage, lots: Index) -> Index:
    """Everything that shares an input, a line or a shift in its window with the lots."""
    ops = _makers(lineage, lots)
    behind = lineage.backward(lots).lots
    shared = lineage.forward(behind).lots
    about = lineage.operations.with_row_index("n").filter(pl.col("kind").is_in(MADE))
    window = about.filter(pl.col("n").is_in(ops))
    if window.is_empty():
        return np.union1d(shared, lots)
    low = window["earliest"].min() if not window["earliest"].has_nulls() else MIN
    high = window["latest"].max() if not window["latest"].has_nulls() else MAX
    overlaps = (pl.col("earliest").fill_null(MIN) <= high) & (
        pl.col("latest").fill_null(MAX) >= low
    )
    ran = lines(lineage)
    at = ran.filter(pl.col("op").is_in(window["n"].implode()))
    there = ran.filter(pl.col("site").is_in(at["site"].implode()))["op"]
    same = pl.col("n").is_in(there.implode())
    same |= pl.col("shift").is_in(window["shift"].drop_nulls().implode()).fill_null(False)
    # A line that is not recorded may be the same one.
    lost = bool((~window["n"].is_in(at["op"].implode())).any())
    same |= ~pl.col("n").is_in(ran["op"].implode()) | pl.lit(lost)
    steps = about.filter(overlaps & same)["n"]
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
