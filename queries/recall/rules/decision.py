"""Decision: what two named persons, each with role and reason, judged of a lot.

Of the hazard: the lot does not carry it, or did not bring it into an operation; this acts after
worlds are weighed and forces nothing. Of movement: the lot was not used in an operation before a
moment; this says what is allowed, as a record of that time would. What would leave an operation
without a world is not believed. A lot that failed keeps the hazard whatever was decided.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from graph_model.lineage import Index
from queries.recall.cone import Cone, Flags
from queries.recall.rules import Case, Cut, Piece, Rule
from queries.recall.rules.time import allowed


def cut(cone: Cone, case: Case) -> Cut:
    """What decisions take out: lots, input rows, or outputs before a moment."""
    told = case.accepted("decision")
    if told.is_empty():
        return Cut()
    told = told.with_columns(lot=pl.Series(_in_cone(cone, told["subject"])))
    told = told.filter(pl.col("lot") >= 0)
    moved = told.filter(pl.col("not_before").is_not_null() & pl.col("operation").is_not_null())
    hazard = told.filter(pl.col("not_before").is_null() & case.hazard.ruled_out_by())
    failed = np.isin(cone.lots, np.concatenate(case.inspected.failing(cone.lineage)))
    hazard = hazard.filter(~pl.Series(failed[hazard["lot"].to_numpy()]))
    clean = np.zeros(len(cone.lots), dtype=bool)
    clean[hazard.filter(pl.col("operation").is_null())["lot"].to_numpy()] = True
    first, withdrawn = _moved(cone, case, moved)
    used = tuple(
        Piece(row["key"], "decision", RULE.name, (row["person"], row["by"]), (row["subject"],))
        for row in pl.concat([hazard, moved]).iter_rows(named=True)
    )
    return Cut(
        first=first, stopped=_stopped(cone, hazard), clean=clean, used=used, withdrawn=withdrawn
    )


RULE = Rule("decision", "judgement", cut)


def _in_cone(cone: Cone, keys: pl.Series) -> Index:
    """Numbers in the cone of lots, -1 for those that are not in it."""
    numbers = cone.lineage.number(keys.to_list())
    at = np.minimum(cone.number(numbers), max(len(cone.lots) - 1, 0))
    found = cone.lots[at] == numbers if len(cone.lots) else np.zeros(len(at), dtype=bool)
    return np.where(found, at, -1)


def _rows(cone: Cone, lot: int, operation: str) -> Index:
    """Input rows of a lot in an operation, or in the exactly paired parts of an order."""
    rows = cone.uses.at(np.array([lot]))
    about = cone.about.select("key", "order")[cone.inputs.step[rows]]
    hit = (about["key"] == operation) | about["order"].eq_missing(operation)
    found: Index = rows[hit.to_numpy()]
    return found


def _stopped(cone: Cone, hazard: pl.DataFrame) -> Flags:
    stopped = np.zeros(len(cone.inputs.lot), dtype=bool)
    of_step = hazard.filter(pl.col("operation").is_not_null()).select("lot", "operation")
    for lot, operation in of_step.iter_rows():
        stopped[_rows(cone, lot, operation)] = True
    return stopped


def _moved(cone: Cone, case: Case, moved: pl.DataFrame) -> tuple[Index | None, Index]:
    """First allowed outputs by decided times; steps that these would leave without a world."""
    begin, touched = cone.inputs.begin.copy(), np.zeros(len(cone.inputs.lot), dtype=bool)
    for lot, operation, moment in moved.select("lot", "operation", "not_before").iter_rows():
        rows = _rows(cone, lot, operation)
        begin[rows] = np.maximum(begin[rows], moment)
        touched[rows] = True
    if not touched.any():
        return None, np.empty(0, dtype=np.int64)
    first, wrong = allowed(cone, case.recipe, begin)
    step = cone.inputs.step
    steps = np.unique(step[touched & wrong[step]])
    return np.where(touched & ~wrong[step], first, cone.output_from[step]), steps
