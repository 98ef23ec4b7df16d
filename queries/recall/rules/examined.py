"""Examined: a lot of which every unit was examined and found clean does not carry the hazard.

Only a full examination by a method able to see the hazard counts, as the person who accepted it
vouches; never a sample, and never a lot that failed. It tells of the hazard, not of how material
moved: no pair is forced by it, and no lot becomes certain.
"""

from __future__ import annotations

import numpy as np

from queries.recall.cone import Cone
from queries.recall.inspections import clean_lots
from queries.recall.rules import Case, Cut, Piece, Rule


def cut(cone: Cone, case: Case) -> Cut:
    """The lots of the cone that were found clean, or are taken to be for a what-if question."""
    supposed = np.fromiter(case.clean, dtype=np.int64)
    if not supposed.size and case.inspected.examined.is_empty():
        return Cut()
    failed = np.concatenate(case.inspected.failing(cone.lineage))
    clean = np.isin(cone.lots, np.setdiff1d(supposed, failed))
    found = clean_lots(cone, case.inspected)
    clean[found["at"].to_numpy()] = True
    used = tuple(
        Piece(key, "inspection", RULE.name, tuple(persons), (record,))
        for key, persons, record in found.select("evidence", "persons", "key").iter_rows()
    )
    return Cut(clean=clean, used=used)


RULE = Rule("examined", "records", cut)
