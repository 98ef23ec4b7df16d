"""Line clearance: what was last issued before one is not in what the order gave only after it.

A verified clearance says that nothing of before was left on the line, work in process included. It
parts the lots of one order where that order surely went on with fresh material: each item that it
took was issued again after the clearance, so that no rest of before was brought back. The last
issue of the input must surely lie before it, and the first receipt of the output after it.
It acts in closed orders that ran on that one line only, and never forces another pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from graph_model import interval
from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, Lineage, spans
from graph_model.schema import MOVEMENTS, Decision, Site
from queries.recall.cone import Cone, Flags
from queries.recall.contact import breaks, runs
from queries.recall.contact.breaks import Breaks
from queries.recall.lines import MADE
from queries.recall.parting import Parting
from queries.recall.rules import Case, Cut, Piece, Rule
from queries.recall.rules.time import allowed

_kept: WeakKeyDictionary[Lineage, pl.DataFrame] = WeakKeyDictionary()
_cleared: WeakKeyDictionary[Lineage, dict[frozenset[str], dict[str, Breaks]]] = WeakKeyDictionary()


def cut(cone: Cone, case: Case) -> Cut:
    """Parts inputs before a clearance of their order's line from outputs after it.

    Where an input would have nowhere to go, the clearance or a time is wrong: nothing is cut.
    """
    if not case.rulebook.temporal_order:
        return Cut()
    cleared = _clearances(cone.lineage, case)
    if not cleared:
        return Cut()
    into, out = cone.inputs, cone.outputs
    able = into.recorded & ~into.doubtful & ~into.returned
    until = np.where(able, into.until, MAX)
    first, wrong = allowed(cone, case.recipe, into.begin)
    most = np.full(len(into.step), MAX)
    rank = np.zeros(len(out.step), dtype=np.int64)
    used = set[str]()
    for line, steps in _alone(cone, case, list(cleared), ~wrong).items():
        known = cleared[line]
        for step, anew in _spanning(cone, known, until, steps):
            rows = slice(cone.input_from[step], cone.input_from[step + 1])
            ends = slice(cone.output_from[step], cone.output_from[step + 1])
            # The first clearance that surely came after each input, and how many before an output.
            after = np.searchsorted(known.c0, until[rows], side="right")
            before = np.searchsorted(known.c1, np.minimum(out.begin[ends], anew), side="left")
            base, top = int(after.min()), int(before.max())
            ranks = np.maximum(before - base, 0)
            if top > base and not _stranded(
                first[rows] - ends.start, after - base, ranks, able[rows]
            ):
                most[rows], rank[ends] = after - base, ranks
                used.update(known.keys[base:top])
    if not used:
        return Cut()
    free = int(rank.max())
    pieces = (Piece(key, "cleaning", RULE.name, records=(key,)) for key in sorted(used))
    return Cut(parted=Parting(np.minimum(most, free), rank, free), used=tuple(pieces))


RULE = Rule("line_clearance", "records", cut)


def _clearances(lineage: Lineage, case: Case) -> dict[str, Breaks]:
    """The line clearances that act, by line; found once for the arrays."""
    kept = _cleared.setdefault(lineage, {})
    without = frozenset(case.without)
    if without not in kept:
        facts = case.facts
        delays = interval.delays(facts[Decision], [facts[kind] for kind in MOVEMENTS])
        tops = runs.lines(facts[Site])
        kept[without] = breaks.find(facts, delays, tops, clearances_only=True, without=without)
    return kept[without]


def _alone(cone: Cone, case: Case, lines: list[str], sound: Flags) -> dict[str, Index]:
    """Sound steps of closed orders that ran on one of these lines, and had to do with no other."""
    lineage = cone.lineage
    if lineage not in _kept:
        ran = runs.Runs.of(case.facts, lineage)
        tanks = runs.tanks(ran.tops)
        only = ran.every().group_by("op").agg(pl.col("line").first(), one=pl.len() == 1)
        only = only.filter(pl.col("one") & ~pl.col("line").is_in(tanks.implode()))
        _kept[lineage] = only.select(pl.col("op").cast(pl.Int64), "line")
    kinds = cone.about["kind"].is_in(MADE).to_numpy()
    judged: Flags = cone.closed & ~cone.exact & sound & kinds
    found = pl.DataFrame({"op": cone.steps, "step": np.arange(len(cone.steps))})
    found = found.filter(pl.Series(judged)).join(_kept[lineage], on="op")
    found = found.filter(pl.col("line").is_in(lines)).sort("step")
    parts = found.partition_by("line", as_dict=True)
    return {str(line): part["step"].to_numpy() for (line,), part in parts.items()}


def _spanning(cone: Cone, known: Breaks, until: Index, steps: Index) -> Iterator[tuple[int, int]]:
    """Those of the steps of a line that a clearance can lie within, and when each went on anew."""
    rows, of_row = spans(cone.input_from[steps], cone.input_from[steps + 1])
    ends, of_end = spans(cone.output_from[steps], cone.output_from[steps + 1])
    base, top = np.full(len(steps), MAX), np.full(len(steps), MIN)
    np.minimum.at(base, of_row, until[rows])
    np.maximum.at(top, of_end, cone.outputs.begin[ends])
    after = np.searchsorted(known.c0, base, side="right")
    within = steps[np.searchsorted(known.c1, top, side="left") > after]
    yield from zip(within.tolist(), _anew(cone, within).tolist(), strict=True)


def _stranded(first: Index, most: Index, rank: Index, judged: Flags) -> bool:
    """Whether an input, of one step, is kept from all outputs that its time allows."""
    least = np.minimum.accumulate(rank[::-1])[::-1]
    return bool((least[np.minimum(first, len(rank) - 1)] > most)[judged].any())


def _anew(cone: Cone, steps: Index) -> Index:
    """Up to when each item that an order took was surely issued once more, by order."""
    lineage = cone.lineage
    rows = lineage.consumed.select("op", "item", "t0", "quantity", "rule", "doubtful")
    rows = rows[lineage.inputs.at(cone.steps[steps])]
    rows = rows.filter((pl.col("quantity") > 0).fill_null(True))
    sure = pl.when(pl.col("rule").is_null() & ~pl.col("doubtful")).then("t0").otherwise(MIN)
    last = rows.group_by("op", "item").agg(last=sure.max()).group_by("op").agg(pl.col("last").min())
    order = pl.DataFrame({"op": cone.steps[steps]}, schema={"op": pl.Int32})
    return (
        order.join(last, on="op", how="left", maintain_order="left")["last"]
        .fill_null(MIN)
        .to_numpy()
    )
