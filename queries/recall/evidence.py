"""What each piece of evidence took out of a scope: the scope with it against the scope without it.

Two pieces that each suffice take nothing out alone: what comes back is what would if that one piece
were revoked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from graph_model.lineage import Index
from graph_model.schema import RuleSet
from queries.recall import places
from queries.recall.inspections import Inspected
from queries.recall.rules import Case, Piece, rules
from queries.recall.scope import EXCLUDED, Scope, judge

INVALIDATION = "invalidation"
"""Stands for a rule: an inspection that two persons declared void."""
_OF_RULES = ("kill_step", "carry_over_limit")
"""Rules of a scope that a rules file sets."""
_MOST = 200_000_000
"""Rows that all scopes without one piece may take together; beyond, differences stay unknown."""


def used(scope: Scope) -> list[dict[str, Any]]:
    """Evidence that acts in a scope, each with what would come back without it.

    key, kind, rule, by, persons, records, lots, quantity {unit: amount}, cost; the last three null
    where there is too much evidence to tell each apart.
    """
    found = list(pieces(scope))
    few = len(found) * len(scope.worlds.cone.inputs.lot) <= _MOST
    return [_told(scope, piece, few=few) for piece in found]


def pieces(scope: Scope) -> Iterator[Piece]:
    """The evidence that acts."""
    for cut in scope.worlds.cuts.values():
        yield from (_signed(scope, piece) for piece in cut.used)
    yield from _invalidations(scope)


def excluded_by(scope: Scope) -> dict[str, int]:
    """How many lots are excluded by records alone, and how many only by what persons judged."""
    judged = len(judged_out(scope))
    return {"records": len(scope.tier(EXCLUDED)) - judged, "judgement": judged}


def judged_out(scope: Scope) -> Index:
    """Lots, by number in the plant, that are excluded only by what persons judged."""
    if all(carried_by(piece.rule) == "records" for piece in pieces(scope)):
        return np.empty(0, dtype=np.int64)
    return _back(scope, replace(scope.case, records_only=True))


@cache
def _by() -> dict[str, str]:
    return {rule.name: rule.by for rule in rules()} | {INVALIDATION: "judgement"}


def carried_by(rule: str) -> str:
    """What a rule stands on: `records` or `judgement`."""
    return _by()[rule]


def _signed(scope: Scope, piece: Piece) -> Piece:
    """Rules that the ledger has were set by a person."""
    if piece.persons or piece.rule not in _OF_RULES:
        return piece
    setter = scope.facts[RuleSet].filter(pl.col("key") == scope.case.rulebook.origin)["person"]
    return replace(piece, persons=tuple(setter.drop_nulls()))


def _invalidations(scope: Scope) -> Iterator[Piece]:
    """Invalidations of what would otherwise have been a failed result about this scope."""
    told = scope.case.accepted(INVALIDATION)
    if told.is_empty():
        return
    every = Inspected.of(scope.facts, scope.case.hazard, told.clear(), told.clear())
    told = told.filter(pl.col("subject").is_in(every.failed["key"].implode()))
    for row in told.iter_rows(named=True):
        persons = (row["person"], row["by"])
        yield Piece(row["key"], INVALIDATION, INVALIDATION, persons, (row["subject"],))


def _told(scope: Scope, piece: Piece, *, few: bool) -> dict[str, Any]:
    about: dict[str, Any] = {
        "key": piece.key, "kind": piece.kind, "rule": piece.rule, "by": carried_by(piece.rule),
        "persons": list(piece.persons), "records": list(piece.records),
        "lots": None, "quantity": None, "cost": None,
    }  # fmt: skip
    if not few:
        return about
    back = _back(scope, replace(scope.case, without=scope.case.without | {piece.key}))
    more = scope.cost_of(np.union1d(scope.held, back)) - scope.cost_of(scope.held)
    amounts = _quantities(scope, back)
    return about | {"lots": len(back), "quantity": amounts, "cost": round(more, 2)}


def _back(scope: Scope, case: Case) -> Index:
    """Lots that a case holds and the scope does not."""
    cone = scope.worlds.cone
    worlds, _, _ = judge(cone, case, scope.start)
    listed = np.isin(cone.lots, scope.lots["lot"].to_numpy())
    held = cone.lots[(worlds.grade > 0) & ~worlds.harmless & listed]
    return np.setdiff1d(held, scope.held)


def _quantities(scope: Scope, lots: Iterable[int]) -> dict[str, float]:
    chosen = np.fromiter(lots, dtype=np.int64)
    rows = places.holdings(scope.lineage).amounts[chosen].drop_nulls("quantity")
    sums = rows.group_by(pl.col("uom").fill_null("")).agg(pl.col("quantity").sum().round(6))
    return dict(sums.sort("uom").select("uom", "quantity").iter_rows())
