"""Clean break: residue on a line ends at the first cleaning or clearance that was verified.

It must lie, by confirmed times, between the end of what touched the line and the start of what came
after. Contact past such a break is derived, so that what it keeps out is listed with its record.
"""

from __future__ import annotations

import numpy as np

from graph_model.lineage import Index
from queries.recall.cone import Cone
from queries.recall.contact import PAST_BREAK, PAST_ONE
from queries.recall.rules import Case, Cut, Piece, Rule


def cut(cone: Cone, case: Case) -> Cut:
    """Stops the hazard on contact over a line that was clean in between."""
    past = cone.about["rule"].eq_missing(PAST_BREAK).to_numpy()
    if RULE.name in case.without or not past.any():
        return Cut()
    steps, keys = breaks_of(cone)
    past[steps] = [key not in case.without for key in keys]
    piece = Piece(RULE.name, "cleaning", RULE.name)
    return Cut(stopped=past[cone.inputs.step], used=(piece,))


RULE = Rule("clean_break", "records", cut)


def breaks_of(cone: Cone) -> tuple[Index, list[str]]:
    """Steps of a cone that a break alone keeps something from (see `contact.each_break`), and its
    key."""
    lineage = cone.lineage
    steps = np.flatnonzero(cone.about["rule"].eq_missing(PAST_ONE).to_numpy())
    rows = lineage.outputs.at(cone.steps[steps])
    keys = lineage.produced.select("op", "key")[rows].unique("op", maintain_order=True)["key"]
    return steps, keys.to_list()
