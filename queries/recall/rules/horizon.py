"""Horizon: a named person decided how long residue counts on a line, for a hazard.

What this keeps out is excluded by judgement, with the decision as its record.
"""

from __future__ import annotations

import polars as pl

from queries.recall.cone import Cone
from queries.recall.contact import PAST_HORIZON, horizons
from queries.recall.rules import Case, Cut, Piece, Rule


def cut(cone: Cone, case: Case) -> Cut:
    """Stops the hazard on contact over a line after its horizon."""
    past = cone.about["rule"] == PAST_HORIZON
    if not past.any():
        return Cut()
    until = horizons.find(case.facts, case.hazard)
    kept = {line: one for line, one in until.items() if one.decision not in case.without}
    lines = cone.lineage.operations["site"][cone.steps]
    stops = (past & lines.is_in(list(kept))).fill_null(False).to_numpy()
    here = set(lines.filter(pl.Series(stops)))
    return Cut(
        stopped=stops[cone.inputs.step],
        used=tuple(
            Piece(one.decision, "decision", RULE.name, records=(one.decision,))
            for line, one in sorted(kept.items())
            if line in here
        ),
    )


RULE = Rule("horizon", "judgement", cut)
