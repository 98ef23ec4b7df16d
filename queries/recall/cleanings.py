"""Each verified cleaning as evidence of its own: what it alone keeps out of a scope by contact.

Without one cleaning a line is parted by the others. The flows of that exist in arrays of their own,
which are made only to tell cleanings apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph_model import interval
from graph_model.lineage import Index, spans
from graph_model.schema import MOVEMENTS, Decision, Site
from queries.recall import contact
from queries.recall.cone import Cone
from queries.recall.contact import PAST_ONE, breaks, runs
from queries.recall.rules import Piece, clean_break
from queries.recall.scope import Scope, judge
from queries.recall.worlds import Worlds, further


@dataclass(frozen=True)
class Cleanings:
    """The tiers of a scope in a cone in which cleanings can be left out one by one.

    `pieces`: those that keep out something that no other one keeps out.
    """

    worlds: Worlds
    pieces: list[Piece]

    @staticmethod
    def of(scope: Scope) -> Cleanings:
        """Those of a scope."""
        case, start = scope.case, scope.start
        arrays = contact.extended(
            scope.facts, scope.lineage, case.hazard, case.rulebook,
            singly=scope.worlds.cone.lots[scope.worlds.grade > 0],
        )  # fmt: skip
        cone = Cone.of(arrays, np.union1d(start.match, start.cannot_rule_out))
        worlds, _, _ = judge(cone, case, start)
        rule = clean_break.RULE.name
        return Cleanings(
            worlds, [Piece(key, "cleaning", rule, records=(key,)) for key in sorted(_alone(worlds))]
        )

    def without(self, key: str) -> Index:
        """Grade of each lot, by number in the cone, without a cleaning."""
        steps, keys = self.worlds.cone.keyed(PAST_ONE)
        opened = steps[[own == key for own in keys]]
        closed = ~np.isin(self.worlds.cone.inputs.step, opened)
        return further(self.worlds, self.worlds.stopped & closed)


def per_line(scope: Scope) -> float:
    """How many cleanings a parted line has on average: each is held against its own line only."""
    facts, tops = scope.facts, runs.lines(scope.facts[Site])
    delays = interval.delays(facts[Decision], [facts[kind] for kind in MOVEMENTS])
    label = scope.case.hazard.kind == "label"
    known = breaks.find(facts, delays, tops, clearances_only=label)
    lines = _parted(scope.worlds) & known.keys()
    return sum(len(known[line].keys) for line in lines) / max(len(lines), 1)


def _parted(worlds: Worlds) -> set[str]:
    """Lines on which a break keeps suspect material or its residue from something."""
    cone = worlds.cone
    past = cone.about["rule"].eq_missing(contact.PAST_BREAK).to_numpy()[cone.inputs.step]
    steps = np.unique(cone.inputs.step[past & (worlds.grade[cone.inputs.lot] > 0)])
    return set(cone.lineage.operations["site"][cone.steps[steps]])


def _alone(worlds: Worlds) -> set[str]:
    """Keys of the breaks without which something would be reached, or be reached earlier."""
    cone, (steps, keys) = worlds.cone, worlds.cone.keyed(PAST_ONE)
    inputs, outputs = cone.inputs, cone.outputs
    rows = np.flatnonzero(np.isin(inputs.step, steps) & (worlds.grade[inputs.lot] > 0))
    place, since = worlds.clock.passes(worlds.since, worlds.first, rows)
    at, owner = spans(place, cone.output_from[inputs.step[rows] + 1])
    lots = outputs.lot[at]
    better = np.maximum(since[owner], worlds.clock.came[at]) < worlds.since[lots]
    better &= ~worlds.clean[lots]
    found = np.unique(inputs.step[rows[owner[better]]])
    return {keys[at] for at in np.searchsorted(steps, found).tolist()}
