"""Why each lot of a scope has its tier: the way that reached it, or the cuts that keep it out.

All numbers are those within the cone. What is asked of every lot is kept as plain lists.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from graph_model.lineage import Rows
from queries.recall.rules import rules
from queries.recall.worlds import ALL_OF_NEED, FORCED, RECORDED, ROOT, Worlds, spread

_Plain = tuple[str, list[int] | None, list[bool] | None, list[bool] | None, list[bool] | None]
"""Name of a rule and its cut: first, stopped, clean, harmless."""
BEFORE = "excluded_before"
"""Name for an input that is itself excluded."""
LATER = "met_later"
"""Name for an input that met the hazard only after what went on of it was taken or finished."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a lot was reached: the step and the lots that lead there, and by which rule."""

    step: int
    lots: tuple[int, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Why an input (`source`) of a step did not bring the hazard into a lot."""

    rule: str
    by: str
    source: int
    step: int
    lot: int
    begin: int
    end: int


class Proof:
    """Ways, witnesses and cuts of the lots of one scope."""

    def __init__(self, worlds: Worlds) -> None:
        self._worlds, self._cone = worlds, worlds.cone
        self._forced = worlds.forced.tolist()
        self._by = worlds.by.tolist()
        self._way = worlds.way.tolist()
        self._reached = (worlds.grade > 0).tolist()
        self._depth = worlds.cone.depth.tolist()
        self._sources: dict[int, tuple[int, ...]] = {}
        self._touched: dict[int, int] = {}
        self._contact: list[bool] = worlds.cone.contact.tolist()

    @cached_property
    def _input_step(self) -> list[int]:
        steps: list[int] = self._cone.inputs.step.tolist()
        return steps

    @cached_property
    def _input_lot(self) -> list[int]:
        lots: list[int] = self._cone.inputs.lot.tolist()
        return lots

    @cached_property
    def _input_rule(self) -> list[str]:
        """The rule that derived each input row or its step; `recorded` for neither."""
        steps = self._cone.about["rule"].to_list()
        own = self._cone.inputs.rule.to_list()
        return [
            rule or steps[step] or RECORDED
            for rule, step in zip(own, self._input_step, strict=True)
        ]

    @cached_property
    def _recorded(self) -> list[bool]:
        recorded: list[bool] = self._cone.recorded.tolist()
        return recorded

    @cached_property
    def _state(self) -> list[bool]:
        """Lots that are no goods but the state a line was in."""
        states: list[bool] = (~self._cone.material).tolist()
        return states

    # ------------------------------------------------------------------ ways

    def way(self, lot: int) -> Way | None:
        """How a lot was reached, as certain if it is, else its best possible way; roots: None."""
        how, by = self._forced[lot], self._by[lot]
        if how == ALL_OF_NEED:
            needs = self._worlds.needs
            return Way(int(needs.step[by]), tuple(needs.able(by, lot).tolist()), FORCED[how])
        if how in FORCED:
            return Way(self._input_step[by], (self._input_lot[by],), FORCED[how])
        row = self._way[lot]
        if how == ROOT or row < 0:
            return None
        return Way(
            self._input_step[row], (self._input_lot[row],), self._input_rule[self._touching(row)]
        )

    def _touching(self, row: int) -> int:
        """The row itself; where the state of a line goes in, the row that brought it there."""
        trail: list[int] = []
        while self._state[lot := self._input_lot[row]]:
            if lot in self._touched:
                row = self._touched[lot]
                break
            trail.append(lot)
            row = self._way[lot] if self._reached[lot] else self._raw_way[lot]
        self._touched.update(dict.fromkeys(trail, row))
        return row

    def witness(self, lot: int) -> list[tuple[int, Way]]:
        """The way from a root to the lot, root side first; each lot with how it was reached."""
        found: list[tuple[int, Way]] = []
        seen: set[int] = set()
        while lot not in seen and (way := self.way(lot)) is not None:
            seen.add(lot)
            found.append((lot, way))
            lot = way.lots[0]
        return found[::-1]

    def sources(self, way: Way) -> list[int]:
        """The recorded lots behind a way, through mixed stock and parts that only rules made."""
        return list(dict.fromkeys(lot for made in way.lots for lot in self._real(made)))

    def _real(self, lot: int) -> tuple[int, ...]:
        """The recorded lots that a lot stands for: itself, or those behind a derived one."""
        trail: list[int] = []
        while not self._recorded[lot] and lot not in self._sources and lot not in trail:
            trail.append(lot)
            if self._state[lot]:
                lot = self._toucher(lot)
                continue
            way = self.way(lot)
            if way is None or len(way.lots) != 1:
                lots = way.lots if way else ()
                self._sources[lot] = tuple(other for other in lots if self._recorded[other])
                break
            lot = way.lots[0]
        found = (lot,) if self._recorded[lot] else self._sources.get(lot, ())
        self._sources.update(dict.fromkeys(trail, found))
        return found

    def _toucher(self, state: int) -> int:
        """The lot that brought a line into this state."""
        row = self._way[state] if self._reached[state] else self._raw_way[state]
        return self._input_lot[self._touching(row)]

    # ------------------------------------------------------------------ cuts

    @cached_property
    def _raw_way(self) -> list[int]:
        """The input row that leads to each lot when nothing is cut."""
        cone = self._cone
        grade = np.where(cone.depth == 0, 1, 0)
        way = np.full(len(grade), -1, dtype=np.int64)
        every, into = np.ones(len(cone.outputs.lot), bool), np.ones(len(cone.inputs.lot), bool)
        spread(cone, cone.output_from[cone.inputs.step], [(into, every)], grade, way, 1)
        ways: list[int] = way.tolist()
        return ways

    @cached_property
    def _outputs(self) -> Rows:
        """Output rows by lot."""
        return Rows.of(self._cone.outputs.lot, len(self._cone.lots))

    @cached_property
    def _first(self) -> list[_Plain]:
        return [
            (
                name,
                None if cut.first is None else cut.first.tolist(),
                None if cut.stopped is None else cut.stopped.tolist(),
                None if cut.clean is None else cut.clean.tolist(),
                None if cut.harmless is None else cut.harmless.tolist(),
            )
            for name, cut in self._worlds.cuts.items()
        ]

    def cuts(self, lot: int) -> list[Cut]:
        """What keeps a lot out: per input of each step that made it, its cut or that it is out."""
        cone, found = self._cone, []
        carried = {rule.name: rule.by for rule in rules()} | {BEFORE: "records", LATER: "records"}
        for output in self._outputs.at(np.array([lot])).tolist():
            step = int(cone.outputs.step[output])
            for row in range(cone.input_from[step], cone.input_from[step + 1]):
                source = self._input_lot[row]
                if self._depth[source] < 0:
                    continue
                end = int(cone.outputs.end[output])
                # A lot that was found clean is out by that, wherever its inputs stand.
                own = self._worlds.clean[lot] or self._worlds.harmless[lot]
                judged = self._reached[source] or bool(own)
                rule = self._cutting(row, output) if judged else BEFORE
                begin = int(cone.inputs.begin[row])
                if rule == LATER:
                    begin = int(self._worlds.since[source])
                    end = min(end, int(self._worlds.clock.until[row]))
                if self._state[source]:
                    source = self._toucher(source)
                found.append(Cut(rule, carried[rule], source, step, lot, begin, end))
        return found

    def _cutting(self, row: int, output: int) -> str:
        """The rule that cuts a pair of input and output row, or makes nothing of it."""
        made = int(self._cone.outputs.lot[output])
        if (rule := self.own(made)) is not None:
            return rule
        for name, cut in self._worlds.cuts.items():
            if cut.parted and cut.parted.keeps(row, output):
                return name
        for name, first, stopped, _, _ in self._first:
            if (first and output < first[row]) or (stopped and stopped[row]):
                return name
        return LATER if self._late(row, output) else BEFORE

    def _late(self, row: int, output: int) -> bool:
        """Whether the input was reached, but too late for what the output row gives."""
        worlds = self._worlds
        reached = worlds.grade[worlds.cone.inputs.lot[row]] > 0
        return bool(reached and worlds.first[row] <= output < worlds.passes[row])

    def own(self, lot: int) -> str | None:
        """The rule that takes a lot out by itself, wherever its inputs stand; None for none."""
        for name, _, _, clean, harmless in self._first:
            if (clean and clean[lot]) or (harmless and harmless[lot]):
                return name
        return None

    def records(self, lots: list[int]) -> dict[tuple[int, int, int], list[str]]:
        """Keys of the movement rows that carry the cuts of excluded lots, by step, source, lot."""
        cone, lineage = self._cone, self._cone.lineage
        rows = self._outputs.at(np.array(lots, dtype=np.int64))
        steps = np.unique(cone.steps[cone.outputs.step[rows]])
        into: dict[tuple[int, int], list[str]] = defaultdict(list)
        found = lineage.consumed.select("op", "lot", "key")[lineage.inputs.at(steps)]
        # What contact joined has no row of its own.
        for op, lot, key in found.drop_nulls("key").iter_rows():
            into[op, lot].append(key)
        out: dict[tuple[int, int], list[str]] = defaultdict(list)
        found = lineage.produced.select("op", "lot", "key")[lineage.outputs.at(steps)]
        for op, lot, key in found.drop_nulls("key").iter_rows():
            out[op, lot].append(key)
        numbers, operations = cone.lots.tolist(), cone.steps.tolist()
        return {
            (cut.step, cut.source, cut.lot): into[operations[cut.step], numbers[cut.source]]
            + out[operations[cut.step], numbers[cut.lot]]
            for lot in lots
            for cut in self.cuts(lot)
        }
