"""Horizon: a named person decided how long residue counts on a line, for a hazard.

What this keeps out is excluded by judgement, with the decision as its record.
"""

from __future__ import annotations

from queries.recall.cone import Cone
from queries.recall.contact import PAST_HORIZON
from queries.recall.rules import Case, Cut, Rule


def cut(cone: Cone, case: Case) -> Cut:
    """Stops the hazard on contact over a line after its horizon."""
    past = cone.about["rule"].eq_missing(PAST_HORIZON).to_numpy()
    return Cut(stopped=past[cone.inputs.step]) if past.any() else Cut()


RULE = Rule("horizon", "judgement", cut)
