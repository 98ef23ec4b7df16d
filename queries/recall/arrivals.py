"""Since when a lot can carry what only contact brings to it: its earliest moment, in columns.

A lot is one thing in the records, but residue that meets it late is in none of what was taken from
it before. So each lot has the earliest moment from which it can be affected: always, where recipe
or mixed stock leads to it. It passes on to what was taken from it at that moment or later, at the
latest its times allow, and what that went into is affected no earlier than both. The sweep corrects
moments downward until none falls further (Dijkstra's labels, many at a time): a lot that is reached
earlier reaches all that it would reach later, so the least moment of each lot decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, spans
from queries.recall.cone import Cone, Flags
from queries.recall.contact import CONTACT
from queries.recall.contact.places import NETWORK
from queries.recall.contact.stays import USE
from queries.recall.parting import Kinds

NEVER = 2 * MAX - 1
"""Moment of what nothing reaches."""


@dataclass(frozen=True)
class Clock:
    """The times of a cone's rows as far as they can be relied on; else as wide as can be.

    Input rows were taken from `begin` to `until`, output rows received from `came` to `end`.
    """

    cone: Cone
    begin: Index
    until: Index
    came: Index
    end: Index
    disputed: Flags
    """Input rows whose lot has its moment by times that the row contradicts: always, then."""

    @staticmethod
    def of(cone: Cone, wrong: Index, *, told: bool) -> Clock:
        """`wrong`: steps whose times leave no way; `told`: times are judged at all."""
        inputs, outputs = cone.inputs, cone.outputs
        doubted = np.zeros(len(cone.steps), dtype=bool)
        doubted[wrong] = True
        # Exact records stand against their times.
        latest = np.full(len(cone.steps), MIN)
        np.maximum.at(latest, inputs.step, inputs.begin)
        earliest = np.full(len(cone.steps), MAX)
        np.minimum.at(earliest, outputs.step, outputs.end)
        doubted |= cone.exact & ~cone.contact & (latest > earliest)
        into, out = doubted[inputs.step] | (not told), doubted[outputs.step] | (not told)
        # By its dates it was used before it left: in it then is what was in it when it left.
        into |= (inputs.until < _left(cone)[inputs.lot]) & ~cone.contact[inputs.step]
        early = _used_before_it_came(cone)
        into |= early
        until = np.maximum(np.maximum(inputs.until, inputs.begin), _drawn_until(cone))
        # When a lot was last seen in mixed stock is not when it was last there.
        until[(cone.derived & ~cone.contact)[inputs.step]] = MAX
        return Clock(
            cone,
            np.where(into, MIN, inputs.begin),
            np.where(into, MAX, until),
            np.where(out, MIN, np.minimum(outputs.begin, outputs.end)),
            np.where(out, MAX, outputs.end),
            early | (doubted[inputs.step] & ~cone.contact[inputs.step]),
        )

    def passes(self, since: Index, first: Index, rows: Index) -> tuple[Index, Index]:
        """First output row that each input row can bring it into, and from when it brings it.

        `since`: moment of each lot. A row that was taken before leads past the end of its step.
        """
        inputs = self.cone.inputs
        step, lot = inputs.step[rows], inputs.lot[rows]
        moment = np.where(self.disputed[rows], MIN, since[lot])
        label = np.maximum(moment, self.begin[rows])
        place = step * self._width + np.searchsorted(self._moments, label)
        fits = np.maximum(first[rows], np.searchsorted(self._places, place))
        late = moment > self.until[rows]
        return np.where(late, self.cone.output_from[step + 1], fits), label

    @cached_property
    def _moments(self) -> Index:
        return np.unique(self.end)

    @cached_property
    def _width(self) -> np.int64:
        return np.int64(len(self._moments) + 1)

    @cached_property
    def _places(self) -> Index:
        """Output rows by step and end: ascending, as they stand."""
        ends = np.searchsorted(self._moments, self.end)
        return self.cone.outputs.step * self._width + ends


def _left(cone: Cone) -> Index:
    """When each lot of a delivery network left, at the earliest; a lot there is one delivery."""
    sent = cone.lineage.shipped.filter(pl.col("source") == NETWORK).select("lot", "t0")
    numbers = sent["lot"].to_numpy().astype(np.int64)
    at = np.minimum(cone.number(numbers), max(len(cone.lots) - 1, 0))
    here = cone.lots[at] == numbers if len(cone.lots) else np.zeros(len(at), dtype=bool)
    left = np.full(len(cone.lots), MIN)
    np.maximum.at(left, at[here], sent["t0"].to_numpy()[here])
    return left


def _used_before_it_came(cone: Cone) -> Flags:
    """Input rows of lots that were made or received only after all that the row went into.

    Production is often posted after what was drawn from it: then the lot was there before.
    """
    inputs, outputs, lineage = cone.inputs, cone.outputs, cone.lineage
    rows, owner = spans(lineage.origins.first[cone.lots], lineage.origins.first[cone.lots + 1])
    origins = lineage.produced.select("op", "t0")[lineage.origins.rows[rows]]
    goods = lineage.operations["kind"].ne_missing(CONTACT).to_numpy()[origins["op"].to_numpy()]
    came = np.full(len(cone.lots), MAX)
    np.minimum.at(came, owner[goods], origins["t0"].to_numpy()[goods])
    came[came == MAX] = MIN  # no origin
    last = np.full(len(cone.steps), MIN)
    np.maximum.at(last, outputs.step, outputs.end)
    last[cone.output_from[1:] == cone.output_from[:-1]] = MAX
    used = np.minimum(inputs.until, last[inputs.step])
    early: Flags = (used < came[inputs.lot]) & ~cone.contact[inputs.step]
    return early


def _drawn_until(cone: Cone) -> Index:
    """Until when more was drawn of what is mounted on a line: to the end of its order."""
    inputs, outputs = cone.inputs, cone.outputs
    mounted = np.zeros(len(cone.lots), dtype=bool)
    mounted[inputs.lot[(inputs.rule == USE).fill_null(False).to_numpy()]] = True
    last = np.full(len(cone.steps), MIN)
    np.maximum.at(last, outputs.step, outputs.end)
    last[~cone.closed] = MAX
    return np.where(mounted[inputs.lot] & ~cone.contact[inputs.step], last[inputs.step], MIN)


@dataclass(frozen=True)
class Way:
    """What a sweep corrects, by lot: grade, input row that reached it, moment since when."""

    grade: Index
    way: Index
    since: Index


def sweep(
    clock: Clock,
    first: Index,
    usable: Kinds,
    found: Way,
    level: int,
) -> None:
    """Gives `level` to all that graded lots reach over usable rows, and the moments of it.

    `found` says what is reached already, and since when.
    """
    cone, lines = clock.cone, _Lines.of(clock.cone)
    into = np.logical_or.reduce([rows for rows, _ in usable])
    frontier = np.flatnonzero(found.grade)
    while frontier.size:
        rows = cone.uses.at(frontier)
        rows = rows[into[rows]]
        place, label = clock.passes(found.since, first, rows)
        changed = []
        for of_kind, enters in usable:
            kind = of_kind[rows]
            positions, at = _best(cone, rows[kind], place[kind], label[kind])
            moment = np.maximum(label[kind][at], clock.came[positions])
            kept = enters[positions]
            lots = cone.outputs.lot[positions[kept]]
            changed.append(_correct(found, lots, rows[kind][at[kept]], moment[kept], level))
        changed.append(lines.follow(found, level))
        frontier = np.unique(np.concatenate(changed))


def _best(cone: Cone, rows: Index, place: Index, label: Index) -> tuple[Index, Index]:
    """Output rows that these input rows lead to, each with the number of the earliest row.

    Row i leads to all outputs of its step from `place[i]` on, since `label[i]`.
    """
    step = cone.inputs.step[rows]
    leads = place < cone.output_from[step + 1]
    chosen = np.flatnonzero(leads)
    order = chosen[np.lexsort((rows[chosen], label[chosen]))]
    if not order.size:
        return order, order
    begin = np.full(len(cone.steps), len(cone.outputs.lot), dtype=np.int64)
    np.minimum.at(begin, step[order], place[order])
    steps = np.unique(step[order])
    positions, owner = spans(begin[steps], cone.output_from[steps + 1])
    start = np.searchsorted(owner, np.arange(len(steps)))
    at = start[np.searchsorted(steps, step[order])] + place[order] - begin[step[order]]
    count = len(order)
    best = np.full(len(positions), count, dtype=np.int64)
    best[at[::-1]] = np.arange(count)[::-1]  # the last one written stays: the earliest row
    best = least_so_far(best, owner)
    hit = best < count
    return positions[hit], order[best[hit]]


def least_so_far(values: Index, group: Index) -> Index:
    """The least of all values (not negative) up to each, within its group; groups ascend."""
    width = np.int64(values.max(initial=0) + 1)
    least: Index = np.minimum.accumulate(values - group * width) + group * width
    return least


def _correct(found: Way, lots: Index, rows: Index, moment: Index, level: int) -> Index:
    """Records what came earlier than was known, and gives the lots of which it did."""
    better = moment < found.since[lots]
    lots, rows, moment = lots[better], rows[better], moment[better]
    # The last one written stays: of each lot the earliest moment, then the first row.
    order = np.lexsort((-rows, -moment))
    lots, rows, moment = lots[order], rows[order], moment[order]
    found.since[lots], found.way[lots] = moment, rows
    fresh = lots[found.grade[lots] == 0]
    found.grade[fresh] = level
    return np.unique(lots)


@dataclass(frozen=True)
class _Lines:
    """States of lines in order of time: each goes over into the next one of its lane.

    `state`: lots, `chain` the number of the lane of each; `row`: the input row by which the state
    before goes over into it, -1 for none. What they are followed for is speed: a step at a time
    would take as many rounds as a line had states.
    """

    state: Index
    chain: Index
    row: Index

    @staticmethod
    def of(cone: Cone) -> _Lines:
        """The states of a cone."""
        inputs, outputs = cone.inputs, cone.outputs
        state = np.flatnonzero(~cone.material)
        made = np.flatnonzero(~cone.material[outputs.lot])
        step_of = np.full(len(cone.lots) + 1, -1, dtype=np.int64)
        step_of[outputs.lot[made]] = outputs.step[made]
        after = np.append(np.where(cone.material, -1, 1)[1:], -1)  # the next lot is a state too
        follows = (after > 0) & ~cone.material
        along = follows[inputs.lot] & (step_of[inputs.lot + 1] == inputs.step)
        row = np.full(len(cone.lots) + 1, -1, dtype=np.int64)
        row[inputs.lot[along] + 1] = np.flatnonzero(along)
        own = row[state]
        return _Lines(state, np.cumsum(own < 0), own)

    def follow(self, found: Way, level: int) -> Index:
        """Carries what came to a state on to all later ones of its lane; gives those."""
        since = found.since[self.state]
        moments, ranks = np.unique(since, return_inverse=True)
        least = moments[least_so_far(ranks, self.chain)] if len(since) else since
        moved = np.flatnonzero(least < since)
        lots = self.state[moved]
        found.since[lots], found.way[lots] = least[moved], self.row[moved]
        found.grade[lots] = np.where(found.grade[lots] == 0, level, found.grade[lots])
        return lots
