"""Clean break: residue on a line ends at the first cleaning or clearance that was verified.

It must lie, by confirmed times, between the end of what touched the line and the start of what came
after. Contact past such a break is derived, so that what it keeps out is listed with its record.
"""

from __future__ import annotations

from queries.recall.cone import Cone
from queries.recall.contact import PAST_BREAK, PAST_ONE
from queries.recall.rules import Case, Cut, Piece, Rule


def cut(cone: Cone, case: Case) -> Cut:
    """Stops the hazard on contact over a line that was clean in between."""
    past = cone.about["rule"].eq_missing(PAST_BREAK).to_numpy()
    if RULE.name in case.without or not past.any():
        return Cut()
    steps, keys = cone.keyed(PAST_ONE)
    past[steps] = [key not in case.without for key in keys]
    piece = Piece(RULE.name, "cleaning", RULE.name)
    return Cut(stopped=past[cone.inputs.step], used=(piece,))


RULE = Rule("clean_break", "records", cut)
