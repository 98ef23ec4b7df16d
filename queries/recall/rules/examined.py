"""Examined: a lot of which every unit was examined and found clean does not carry the hazard.

Only a full examination by a method able to see the hazard counts, never a sample. It tells of the
hazard, not of how material moved: no pair is forced by it, and no lot becomes certain.
"""

from __future__ import annotations

import numpy as np

from queries.recall.cone import Cone
from queries.recall.rules import Case, Cut, Rule


def cut(cone: Cone, case: Case) -> Cut:
    """The lots of the cone that were found clean."""
    if not case.clean:
        return Cut()
    return Cut(clean=np.isin(cone.lots, np.fromiter(case.clean, dtype=np.int64)))


RULE = Rule("examined", "records", cut)
