"""Which missing records cost a scope the most lots: what would narrow it, ranked.

An order that names no line may have run on any of its company, and a line without a verified
cleaning carries residue on without end. Each of these is taken away in turn, at best: as if the
order had run where nothing else did, or the line had been clean after everything that ran there.
What the records then say may keep more; it can never be less than what leaves here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from graph_model import keys
from graph_model.i18n import text
from graph_model.lineage import Index
from queries.recall import contact, contact_gaps
from queries.recall.cone import Cone
from queries.recall.contact import Supposed
from queries.recall.scope import Scope, judge

LINE_UNKNOWN, LINE_NOT_CLEANED = "line_unknown", "line_not_cleaned"
MOST = 20
"""Gaps that are weighed each by itself; orders beyond are taken together, by item and then all."""


@dataclass(frozen=True)
class Gap:
    """Records that are missing: the line of these orders, or cleanings of this line.

    `alone`: lots of the scope that hang on this gap alone, once all others were closed. `leaving`:
    lots that leave when it is closed together with all gaps ranked before it.
    """

    kind: str
    records: tuple[str, ...]
    alone: int
    leaving: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON, with what to do in words."""
        names = ", ".join(keys.parts(record)[-1] for record in self.records)
        told = text(f"narrow.{self.kind}", names=names, count=len(self.records))
        return {
            "kind": self.kind, "records": list(self.records), "alone": self.alone,
            "leaving": self.leaving, "text": told,
        }  # fmt: skip


@dataclass(frozen=True)
class Narrowing:
    """Lots of the scope, how many are left at best when all gaps are closed, and the gaps."""

    lots: int
    least: int
    gaps: list[Gap]


def narrowing(
    scope: Scope, most: int = MOST, tell: Callable[[int, int], None] | None = None
) -> Narrowing:
    """The gaps of contact behind a scope, the costliest first. Each takes two more scopes.

    `tell` hears how many of them were made, of how many.
    """
    found = _candidates(scope, most)
    total, done = 1 + 2 * len(found), 0

    def count(closed: Iterable[_Candidate]) -> int:
        nonlocal done
        left = len(_held(scope, closed))
        done += 1
        if tell is not None:
            tell(done, total)
        return left

    least = count(found)
    alone = [count(other for other in found if other != one) - least for one in found]
    order = sorted(range(len(found)), key=lambda at: (-alone[at], found[at]))
    ranked = [found[at] for at in order]
    gaps = [
        Gap(*found[at], alone[at], len(scope.held) - count(ranked[: place + 1]))
        for place, at in enumerate(order)
    ]
    return Narrowing(len(scope.held), least, gaps)


_Candidate = tuple[str, tuple[str, ...]]


def _candidates(scope: Scope, most: int) -> list[_Candidate]:
    """Touched lines, and orders of the scope that name no line."""
    worlds = scope.worlds
    lines = sorted(contact_gaps.touched(worlds))
    single = [(LINE_NOT_CLEANED, (line,)) for line in lines]
    return [*single, *((LINE_UNKNOWN, group) for group in _orders(scope, most))]


def _orders(scope: Scope, most: int) -> list[tuple[str, ...]]:
    """Orders that suspect material, or its residue, is in, and that name no line: in groups."""
    lineage = scope.worlds.cone.lineage
    made = contact_gaps.makers(lineage, scope.held)
    bare = contact_gaps.without_line(lineage, [made, _entered(scope)])
    about = scope.lineage.operations.select("key", "item")
    about = about.filter(pl.col("key").is_in(bare.implode()))
    if len(about) <= most:
        return [(key,) for key in sorted(about["key"])]
    by_item = about.group_by("item").agg(pl.col("key").sort(), pl.len())
    groups = by_item.sort("len", "item", descending=[True, False])["key"].to_list()
    rest = sorted(key for group in groups[most - 1 :] for key in group)
    return [*map(tuple, groups[: most - 1]), *([tuple(rest)] if rest else [])]


def _entered(scope: Scope) -> Index:
    """Operations, by number in the plant with its contact, that suspect material enters."""
    cone = scope.worlds.cone
    found: Index = cone.steps[np.unique(cone.inputs.step[scope.worlds.leads])]
    return found


def _held(scope: Scope, closed: Iterable[_Candidate]) -> Index:
    """Lots, by number in the plant, of the scope with these gaps closed."""
    by_kind: dict[str, set[str]] = {LINE_UNKNOWN: set(), LINE_NOT_CLEANED: set()}
    for kind, records in closed:
        by_kind[kind].update(records)
    apart, cleaned = (frozenset(by_kind[kind]) for kind in (LINE_UNKNOWN, LINE_NOT_CLEANED))
    return held(scope, Supposed(apart=apart, cleaned=cleaned))


def held(scope: Scope, supposed: Supposed) -> Index:
    """Lots, by number in the plant, that the scope holds if contact were as supposed."""
    case, start = scope.case, scope.start
    arrays = contact.extended(scope.facts, scope.lineage, case.hazard, case.rulebook, supposed)
    cone = Cone.of(arrays, np.union1d(start.match, start.cannot_rule_out))
    worlds, _, _ = judge(cone, case, start)
    lots: Index = cone.lots[(worlds.grade > 0) & ~worlds.harmless & cone.recorded]
    return lots


def to_dict(found: Narrowing) -> dict[str, Any]:
    """As JSON."""
    return {
        "lots": found.lots, "least": found.least, "gaps": [gap.to_dict() for gap in found.gaps],
    }  # fmt: skip
