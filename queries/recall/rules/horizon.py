"""Horizon: a named person decided how long residue counts on a line, for a hazard.

What this keeps out is excluded by judgement, with the decision as its record.
"""

from __future__ import annotations

from queries.recall.cone import Cone
from queries.recall.contact import PAST_HORIZON
from queries.recall.rules import Case, Cut, Piece, Rule


def cut(cone: Cone, case: Case) -> Cut:
    """Stops the hazard on contact over a line after its horizon."""
    past = cone.about["rule"].eq_missing(PAST_HORIZON).to_numpy()
    if RULE.name in case.without or not past.any():
        return Cut()
    piece = Piece(RULE.name, "decision", RULE.name)
    return Cut(stopped=past[cone.inputs.step], used=(piece,))


RULE = Rule("horizon", "judgement", cut)
