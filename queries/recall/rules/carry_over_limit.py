"""Carry-over limit: a chain of heels ends where the suspect share is under what was validated.

The share of a filling is what its inputs bring, each with its own share, and the heel with the
largest share of any filling that it can be the rest of, over all that went in. It is at most so
large: the suspect lots are wholly affected, and whatever was made of a reached lot otherwise than
by mere handling counts as wholly affected too. Where an amount is unknown nothing ends.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph_model.derived.pools.events import UNLOTTED
from graph_model.lineage import Index
from queries.recall import residue
from queries.recall.cone import Cone, Flags
from queries.recall.contact import tanks
from queries.recall.contact.tanks import PAST_LIMIT, Tank
from queries.recall.rulebook import CarryOverLimit
from queries.recall.rules import Case, Cut, Piece, Rule

Numbers = npt.NDArray[np.float64]
_ROUNDS = 50
"""Shares only fall from round to round; what is left early is wider, never smaller."""
_ROUNDING = 1 + 1e-9
"""A share that only rounding brings under the limit is not under it."""


def cut(cone: Cone, case: Case) -> Cut:
    """Stops the hazard on heels, on contact over their tanks, and on residue, under the limit."""
    if not tanks.named(case.facts, case.hazard, case.rulebook):
        return Cut()
    found = tanks.find(case.facts, cone.lineage, case.hazard, case.rulebook)
    found = [tank for tank in found if _piece(tank.key, tank.limit).key not in case.without]
    shares = _Shares(cone, case, found)
    shares.settle()
    stopped = np.zeros(len(cone.inputs.lot), dtype=bool)
    used = []
    for filled in shares.tanks:
        rows = shares.under(filled)
        stopped |= rows
        if rows.any():
            used.append(_piece(filled.tank.key, filled.tank.limit))
    for place, limit in residue.limits(case.facts, case.hazard, case.rulebook).items():
        piece = _piece(place, limit)
        under = residue.under(case.facts, cone, place, limit)
        if piece.key not in case.without and under.size:
            stopped[under] = True
            used.append(piece)
    return Cut(stopped=stopped, used=tuple(used))


RULE = Rule("carry_over_limit", "judgement", cut)


def _piece(place: str, limit: CarryOverLimit) -> Piece:
    """The limit of a place among the evidence of a scope."""
    key = f"{RULE.name}/{place}/{limit.validation}"
    return Piece(key, RULE.name, RULE.name, records=(limit.validation,))


class _Shares:
    """The largest share of suspect material in every lot of a cone, and in every filling."""

    def __init__(self, cone: Cone, case: Case, found: list[Tank]) -> None:
        self.cone = cone
        reached = cone.depth >= 0
        failing = np.concatenate(case.inspected.failing(cone.lineage))
        self.roots: Flags = (cone.depth == 0) | (np.isin(cone.lots, failing) & reached)
        self.lot: Numbers = reached.astype(np.float64)
        self.handled: Flags = (cone.identity | cone.derived) & ~cone.contact
        self.lines = cone.lineage.operations["site"][cone.steps]
        acting = self.lines.is_in([tank.line for tank in found if tank.line]).fill_null(False)
        barred = cone.about["rule"].eq_missing(PAST_LIMIT)
        self.barred: Flags = (barred & acting).to_numpy()
        self.tanks = [_Filled(tank, cone) for tank in found]

    def settle(self) -> None:
        """Lets shares fall until none does."""
        for _ in range(_ROUNDS):
            before = self.lot, [tank.share.copy() for tank in self.tanks]
            steps = self._steps()
            for tank in self.tanks:
                tank.fill(self.lot, self._given(np.where(tank.steps, 0.0, steps)), steps)
            for tank in self.tanks:
                steps[tank.at[tank.at >= 0]] = tank.share[tank.at >= 0]
            self.lot = self._given(steps)
            shares = zip(before[1], (tank.share for tank in self.tanks), strict=True)
            if np.array_equal(before[0], self.lot) and all(
                np.array_equal(*pair) for pair in shares
            ):
                return

    def _steps(self) -> Numbers:
        """The largest share of what each step gives, were it no filling."""
        inputs = self.cone.inputs
        steps = np.zeros(len(self.cone.steps))
        np.maximum.at(steps, inputs.step, self.lot[inputs.lot])
        steps[~self.handled & (steps > 0)] = 1.0
        # What residue brings into the contents of a tank is part of the heel.
        steps[self.barred] = 0.0
        return steps

    def _given(self, steps: Numbers) -> Numbers:
        """The largest share that any of these steps gives each lot."""
        lots, outputs = np.zeros(len(self.cone.lots)), self.cone.outputs
        np.maximum.at(lots, outputs.lot, steps[outputs.step])
        lots[self.roots] = 1.0
        return np.where(self.cone.depth >= 0, lots, 0.0)

    def under(self, tank: _Filled) -> Flags:
        """Input rows over which nothing passes: the share of the filling is under the limit."""
        cone, limit = self.cone, tank.tank.limit.share
        stopped = np.zeros(len(cone.inputs.lot), dtype=bool)
        for at in np.flatnonzero(tank.known & (tank.share * _ROUNDING < limit)):
            stopped[tank.heels[at]] = True
        ended = (self.lines == tank.tank.line).fill_null(False).to_numpy() & self.barred
        over = self.lot[cone.outputs.lot] * _ROUNDING >= limit
        # Another tank of the line has a limit of its own.
        over |= ~np.isin(cone.lots[cone.outputs.lot], tank.tank.contents)
        ended[cone.outputs.step[over]] = False
        return stopped | ended[cone.inputs.step]


class _Filled:
    """The share of each filling of a tank, in their order. All numbers are those of the cone."""

    def __init__(self, tank: Tank, cone: Cone) -> None:
        self.tank, self.share = tank, np.ones(len(tank.fillings))
        number = {lot: at for at, lot in enumerate(cone.lots.tolist())}
        step = {op: at for at, op in enumerate(cone.steps.tolist())}
        self.known = np.array([one.heel is not None for one in tank.fillings], dtype=bool)
        self.at = np.array([step.get(one.op, -1) for one in tank.fillings], dtype=np.int64)
        self.steps: Flags = np.isin(np.arange(len(cone.steps)), self.at[self.known])
        self.order = sorted(range(len(self.at)), key=lambda at: tank.fillings[at].start)
        self.taken = [
            {number[lot]: mass for lot, mass in one.taken.items() if lot in number}
            for one in tank.fillings
        ]
        lineage = cone.lineage
        self.gives = [
            [number[lot] for lot in lineage.produced_lot[lineage.outputs.at(np.array([one.op]))]
             if lot in number] for one in tank.fillings
        ]  # fmt: skip
        unlotted = cone.inputs.rule.eq_missing(UNLOTTED).to_numpy()
        self.heels = [
            rows[unlotted[rows]] for rows in (
                np.arange(cone.input_from[at], cone.input_from[at + 1]) if at >= 0
                else np.empty(0, dtype=np.int64) for at in self.at
            )
        ]  # fmt: skip
        self.strange = self._strange(cone)

    def _strange(self, cone: Cone) -> Index:
        """Lots that may lie in the tank by the records, though no filling of it had them."""
        heels = np.unique(cone.inputs.lot[np.concatenate([*self.heels, np.empty(0, np.int64)])])
        makes = cone.outputs.step[np.isin(cone.outputs.lot, heels)]
        sites = cone.lineage.operations["site"][cone.steps]
        here = sites.is_in(sites[makes].drop_nulls().unique().implode()).fill_null(False)
        rows = (here.to_numpy() & cone.derived & ~cone.contact)[cone.inputs.step]
        lots = np.unique(cone.inputs.lot[rows])
        own = [
            *(lot for one in self.taken for lot in one),
            *(lot for one in self.gives for lot in one),
        ]
        found: Index = np.setdiff1d(lots[cone.recorded[lots]], np.array(own, dtype=np.int64))
        return found

    def fill(self, lots: Numbers, others: Numbers, steps: Numbers) -> None:
        """Goes through the fillings; `others`: what lots have otherwise than by being filled."""
        strange = float(lots[self.strange].max(initial=0.0))
        for at in self.order:
            one = self.tank.fillings[at]
            own = float(others[self.gives[at]].max(initial=0.0))
            if one.heel is None:
                step = self.at[at]
                self.share[at] = max(own, float(steps[step]) if step >= 0 else 0.0)
                continue
            before = self.tank.before[at]
            # A heel of which no filling is recorded may be of anything.
            left = float(self.share[before].max()) if before else float(self.heels[at].size > 0)
            left = max(left, strange)
            brought = sum(mass * float(lots[lot]) for lot, mass in self.taken[at].items())
            total = sum(one.taken.values()) + one.heel
            self.share[at] = max(own, (brought + one.heel * left) / total)
