"""Which lots are reached in some world, which in every world.

Records leave open which input of an operation went into which output; a *world* is one way it can
have been (DESIGN: worlds). `possible` = reached over allowed pairs. `certain` = reached in every
world, as the least fixpoint over forced pairs and needs. Both run in columns on the cone of the
roots, level by level; what the rules cut is applied to the columns first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, spans
from queries.recall import arrivals
from queries.recall.cone import Cone, Flags
from queries.recall.needs import Needs
from queries.recall.parting import Kinds, Parting, kinds
from queries.recall.rules import Case, Cut

RECORDED, MIXED, CONTACT = "recorded", "mixed_stock", "contact"
GRADES = (RECORDED, MIXED, CONTACT)
"""Best kind of way that reaches a lot, strongest first."""
ROOT, EXACT, ONLY_OUTPUT, ALL_OF_NEED = 1, 2, 3, 4
FORCED = {EXACT: "exact", ONLY_OUTPUT: "only_output", ALL_OF_NEED: "all_of_need"}
"""Names of the ways in which a lot is forced; their texts are `reason.<name>`."""


@dataclass(frozen=True)
class Worlds:
    """Tiers by number within the cone.

    What all cuts leave: `first` output of each input row, rows that are `stopped`, lots `clean`,
    lots `harmless`, and the `kinds` of input rows by the output rows that partings let them reach.
    `grade` is 0 for lots not reached, else the place in GRADES + 1; `way` the input row that
    reached the lot, -1 for none. `since` is the moment from which a lot can be affected, MIN for
    its whole time, and `passes` the first output row that each input row so brings it into, by the
    times in `clock`. `forced` is 0 for lots not certain, else how they were forced;
    `by` the input row, or for a need the need, that forced them.
    """

    cone: Cone
    clock: arrivals.Clock
    cuts: Mapping[str, Cut]
    needs: Needs
    first: Index
    stopped: Flags
    clean: Flags
    harmless: Flags
    kinds: Kinds
    grade: Index
    way: Index
    since: Index
    passes: Index
    forced: Index
    by: Index
    conflicts: Index

    @property
    def certain(self) -> Flags:
        """Lots that contain root material in every world."""
        return self.forced > 0

    @property
    def reached(self) -> Index:
        """Certain and possible lots, mixed stock included, by number in the plant."""
        return self.cone.lots[(self.grade > 0) & ~self.harmless & self.cone.material]

    @property
    def leads(self) -> Flags:
        """Input rows over which the hazard comes into their step."""
        enters = self.passes < self.cone.output_from[self.cone.inputs.step + 1]
        found: Flags = (self.grade[self.cone.inputs.lot] > 0) & ~self.stopped & enters
        return found


def explore(
    cone: Cone,
    case: Case,
    certain_roots: Index,
    possible_roots: Index,
    by_contact: Index | None = None,
) -> Worlds:
    """Tiers of everything in the cone of the roots. Only `certain_roots` make lots certain.

    `by_contact`: possible roots that nothing but contact joins to the others.
    """
    sure, maybe = cone.number(certain_roots), cone.number(possible_roots)
    cuts = {rule.name: rule.cut(cone, case) for rule in case.rules()}
    first = cone.output_from[cone.inputs.step]
    stopped, clean = np.zeros(len(first), dtype=bool), np.zeros(len(cone.lots), dtype=bool)
    harmless = np.zeros_like(clean)
    for cut in cuts.values():
        first = first if cut.first is None else np.maximum(first, cut.first)
        stopped |= False if cut.stopped is None else cut.stopped
        clean |= False if cut.clean is None else cut.clean
        harmless |= False if cut.harmless is None else cut.harmless
    partings = [cut.parted for cut in cuts.values() if cut.parted is not None]
    parted = kinds(partings, len(first), len(cone.outputs.lot))
    stopped |= clean[cone.inputs.lot]
    sure, maybe = sure[~clean[sure]], maybe[~clean[maybe]]
    conflicts = np.unique(np.concatenate([cut.withdrawn for cut in cuts.values()]))
    clock = arrivals.Clock.of(cone, conflicts, told=case.rulebook.temporal_order)
    last = cone.number(by_contact) if by_contact is not None else maybe[:0]
    found = _possible(
        clock, first, stopped, clean, parted, np.union1d(sure, maybe), last[~clean[last]]
    )
    passes, _ = clock.passes(found.since, first, np.arange(len(first), dtype=np.int64))
    needs = Needs.of(cone, case.recipe, first)
    forced, by = _Certain(cone, needs, case, first, stopped, clean, partings).fixpoint(sure)
    return Worlds(
        cone,
        clock,
        cuts,
        needs,
        first,
        stopped,
        clean,
        harmless,
        parted,
        found.grade,
        found.way,
        found.since,
        passes,
        forced,
        by,
        conflicts,
    )


# ---------------------------------------------------------------------------- possible


def _possible(
    clock: arrivals.Clock,
    first: Index,
    stopped: Flags,
    clean: Flags,
    parted: Kinds,
    roots: Index,
    by_contact: Index,
) -> arrivals.Way:
    """Best grade and way of every lot reached over allowed pairs, and since when it can be.

    Recipe and mixed stock bring the material itself: of a lot that they reach, any part.
    """
    cone = clock.cone
    inputs, outputs = cone.inputs, cone.outputs
    grade = np.zeros(len(cone.lots), dtype=np.int64)
    way = np.full(len(cone.lots), -1, dtype=np.int64)
    grade[roots] = 1
    recorded = inputs.recorded & cone.stated[inputs.step]
    enters = ~clean[outputs.lot]
    material = ~cone.contact[inputs.step]
    able = outputs.recorded & enters
    spread(cone, first, _usable(parted, recorded & ~stopped, able), grade, way, 1)
    spread(cone, first, _usable(parted, material & ~stopped, enters), grade, way, 2)
    # Roots they are all the same: taking out what leads to them does not take them out.
    grade[by_contact] = np.where(grade[by_contact] > 0, grade[by_contact], 3)
    way[by_contact] = -1
    found = arrivals.Way(grade, way, np.where(grade > 0, MIN, arrivals.NEVER))
    if cone.contact.any():
        arrivals.sweep(clock, first, _usable(parted, ~stopped, enters), found, 3)
    return found


def further(worlds: Worlds, stopped: Flags) -> Index:
    """Grade of every lot where other input rows are stopped, by which only contact gains."""
    found = arrivals.Way(worlds.grade.copy(), worlds.way.copy(), worlds.since.copy())
    enters = ~worlds.clean[worlds.cone.outputs.lot]
    usable = _usable(worlds.kinds, ~stopped, enters)
    arrivals.sweep(worlds.clock, worlds.first, usable, found, 3)
    return found.grade


def _usable(parted: Kinds, into: Flags, out: Flags) -> Kinds:
    return [(rows & into, outputs & out) for rows, outputs in parted]


def spread(cone: Cone, first: Index, usable: Kinds, grade: Index, way: Index, level: int) -> None:
    """Gives `level` to every lot that graded lots reach over usable input and output rows."""
    # Each kind of input reaches other outputs, so it has its own mark.
    marks = [cone.output_from[1:].copy() for _ in usable]
    frontier = np.flatnonzero(grade)
    while frontier.size:
        rows = cone.uses.at(frontier)
        found = []
        for (into, enters), reached in zip(usable, marks, strict=True):
            positions, rows_of = _further(cone, first, rows[into[rows]], reached)
            fresh = enters[positions] & (grade[cone.outputs.lot[positions]] == 0)
            lots = cone.outputs.lot[positions[fresh]]
            way[lots] = rows_of[fresh]
            grade[lots] = level
            found.append(lots)
        frontier = np.unique(np.concatenate(found))


def _further(cone: Cone, first: Index, rows: Index, reached: Index) -> tuple[Index, Index]:
    """Output rows that these input rows reach anew, each with the row that does; moves the mark.

    Outputs from `reached` to the end of their step's stretch are reached already.
    """
    step = cone.inputs.step
    rows = rows[first[rows] < reached[step[rows]]]
    # The last one written stays: of each step the input that reaches furthest.
    rows = rows[np.argsort(-first[rows], kind="stable")]
    best = np.empty(len(cone.steps), dtype=np.int64)
    best[step[rows]] = rows
    steps = np.unique(step[rows])
    positions, owner = spans(first[best[steps]], reached[steps])
    reached[steps] = first[best[steps]]
    return positions, best[steps][owner]


# ---------------------------------------------------------------------------- certain


class _Certain:
    """Least fixpoint: lots that contain root material in every world, and those wholly affected.

    Nothing is forced from an open step, over a doubtful row, through an unexplained amount, out of
    a partly affected lot whose parts are not alike, or by what was taken from a lot of several
    makers before the affected material had surely come to it.
    """

    def __init__(
        self,
        cone: Cone,
        needs: Needs,
        case: Case,
        first: Index,
        stopped: Flags,
        clean: Flags,
        partings: list[Parting],
    ) -> None:
        inputs, outputs, step = cone.inputs, cone.outputs, cone.inputs.step
        self._cone, self._needs, self._clean, self._partings = cone, needs, clean, partings
        alike = cone.item_keys.is_in(case.recipe.homogeneous.implode()).fill_null(False)
        self._alike: Flags = alike.to_numpy()
        sound = ~inputs.doubtful & ~inputs.returned & ~cone.derived[step] & ~stopped
        self._exact = sound & cone.exact[step]
        for parting in partings:
            self._exact &= ~parting.bound
        self._usable = ~inputs.doubtful & ~stopped
        last = cone.output_from[step + 1] - 1
        alone = sound & inputs.recorded & ~inputs.excess & cone.closed[step] & ~cone.exact[step]
        self._only = alone & (first == last)
        self._only[self._only] &= ~outputs.doubtful[last[self._only]]
        for parting in partings:
            self._only[self._only] &= (parting.rank[last] <= parting.most)[self._only]
        self._last = last
        self._forced = np.zeros(len(cone.lots), dtype=np.int64)
        self._by = np.full(len(cone.lots), -1, dtype=np.int64)
        self._whole = np.zeros(len(cone.lots), dtype=bool)
        self._strange = _brings_other(cone)
        self._merges: Flags = cone.about["kind"].eq_missing("merge").to_numpy()
        self._pure = np.zeros(len(outputs.lot), dtype=bool)
        """Output rows of steps that brought nothing but wholly affected lots to their lot."""
        self._came = np.full(len(cone.lots), MAX, dtype=np.int64)
        """By when affected material had surely come to a lot."""

    def fixpoint(self, roots: Index) -> tuple[Index, Index]:
        """How each lot was forced, and by which row or need."""
        self._forced[roots], self._whole[roots] = ROOT, True
        changed = roots
        while changed.size:
            rows = self._cone.uses.at(changed)
            rows = rows[self._brings(rows)]
            found = [
                self._over_exact(rows[self._exact[rows]]),
                self._over_only(rows[self._only[rows]]),
                self._over_needs(changed),
            ]
            changed = np.unique(np.concatenate(found))
        return self._forced, self._by

    def _brings(self, rows: Index) -> Flags:
        """Input rows that surely bring root material into their step."""
        lots = self._cone.inputs.lot[rows]
        after = self._cone.inputs.begin[rows] >= self._came[lots]
        alike = self._alike[lots] & (after | (self._cone.makers[lots] == 1))
        brings: Flags = (self._forced[lots] > 0) & (self._whole[lots] | alike)
        return brings

    def _spreads(self, lots: Index) -> Flags:
        """Lots any part of which contains root material, whenever it was taken."""
        alike = self._alike[lots] & (self._cone.makers[lots] == 1)
        spreads: Flags = (self._forced[lots] > 0) & (self._whole[lots] | alike)
        return spreads

    def _over_exact(self, rows: Index) -> Index:
        """Everything surely made by a step that keeps lots apart or pairs them by record."""
        cone = self._cone
        steps, at = np.unique(cone.inputs.step[rows], return_index=True)
        positions, owner = spans(cone.output_from[steps], cone.output_from[steps + 1])
        sure = ~cone.outputs.doubtful[positions]
        positions, owner = positions[sure], owner[sure]
        self._pure[positions[self._entire_steps(steps)[owner] & self._strange[positions]]] = True
        pure = np.bincount(cone.outputs.lot[self._pure], minlength=len(cone.lots))
        entire = (pure == cone.makers)[cone.outputs.lot[positions]]
        return self._mark(positions, EXACT, rows[at][owner], entire & self._pure[positions])

    def _entire_steps(self, steps: Index) -> Flags:
        """Steps that add nothing to their lots, of which all inputs are wholly affected."""
        cone = self._cone
        positions, owner = spans(cone.input_from[steps], cone.input_from[steps + 1])
        entire = cone.identity[steps] | self._merges[steps]
        entire[owner[~self._whole[cone.inputs.lot[positions]]]] = False
        return entire

    def _over_only(self, rows: Index) -> Index:
        """An input with one allowed output went there."""
        return self._mark(self._last[rows], ONLY_OUTPUT, rows, np.zeros(len(rows), dtype=bool))

    def _over_needs(self, changed: Index) -> Index:
        """Outputs for which every allowed lot of an item they need contains root material."""
        touched = self._needs.of_lots(changed)
        if not touched.size:
            return touched
        rows, extras = self._needs.rows(touched), self._needs.extra_lot
        need, outputs = self._needs.met(
            touched, self._brings(rows) & self._usable[rows], self._spreads(extras), self._partings
        )
        found = self._mark(outputs, ALL_OF_NEED, need, np.zeros(len(need), dtype=bool))
        lots = self._cone.inputs.lot[rows]
        need, outputs = self._needs.met(
            touched, self._whole[lots] & self._usable[rows], self._whole[extras], self._partings
        )
        single = self._cone.makers[self._cone.outputs.lot[outputs]] == 1
        return np.concatenate([found, self._mark(outputs, ALL_OF_NEED, need, single)])

    def _mark(self, outputs: Index, how: int, by: Index, entire: Flags) -> Index:
        """Records what is new about these output rows' lots and gives the lots it is new of."""
        able = ~self._clean[self._cone.outputs.lot[outputs]]
        outputs, by, entire = outputs[able], by[able], entire[able]
        lots, ends = self._cone.outputs.lot[outputs], self._cone.outputs.end[outputs]
        fresh = self._forced[lots] == 0
        self._forced[lots[fresh]], self._by[lots[fresh]] = how, by[fresh]
        grown = entire & ~self._whole[lots]
        self._whole[lots[grown]] = True
        earlier = ends < self._came[lots]
        np.minimum.at(self._came, lots, ends)
        news: Index = lots[fresh | grown | earlier]
        return news


def _brings_other(cone: Cone) -> Flags:
    """Output rows whose step took in another lot than it gave: it did not merely move it."""
    inputs, outputs = cone.inputs, cone.outputs
    width = np.int64(len(cone.lots) + 1)
    itself = np.isin(outputs.step * width + outputs.lot, inputs.step * width + inputs.lot)
    others: Flags = np.diff(cone.input_from)[outputs.step] > itself
    return others
