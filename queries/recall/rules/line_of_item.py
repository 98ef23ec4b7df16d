"""Line of an item: a named person confirmed on which lines it can run.

Contact on other lines, with orders of the item that name none, is excluded by judgement.
"""

from __future__ import annotations

import numpy as np

from queries.recall.cone import Cone
from queries.recall.contact import homes
from queries.recall.rules import Case, Cut, Piece, Rule


def cut(cone: Cone, case: Case) -> Cut:
    """Stops the hazard on contact over lines that an order cannot have run on."""
    steps, keys = cone.keyed(homes.ELSEWHERE)
    if not steps.size:
        return Cut()
    off = steps[[key not in case.without for key in keys]]
    used = [
        Piece(home.key, RULE.name, RULE.name, (home.rule.by,), (home.item, *home.lines))
        for home in homes.find(case.facts, case.rulebook)
        if home.key in set(keys) and home.key not in case.without
    ]
    return Cut(stopped=np.isin(cone.inputs.step, off), used=tuple(used))


RULE = Rule("line_of_item", "judgement", cut)
