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
from queries.recall import cleanings, places
from queries.recall.cleanings import Cleanings
from queries.recall.cone import Cone
from queries.recall.inspections import Inspected
from queries.recall.rules import Case, Piece, clean_break, line_clearance, rules
from queries.recall.scope import EXCLUDED, Scope, judge
from queries.recall.worlds import Worlds

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
    found, whole = list(pieces(scope)), scope.worlds.cone
    most = _MOST // max(len(whole.inputs.lot), 1)
    few = len(found) <= most
    back = {piece: _without(scope, whole, piece) if few else None for piece in found}
    if any(piece.key == clean_break.RULE.name for piece in found) and (
        cleanings.per_line(scope) <= most
    ):
        each = Cleanings.of(scope)
        if len(each.pieces) <= most:
            back |= _apart(scope, each, found)
    return [_told(scope, piece, lots) for piece, lots in back.items()]


def _apart(scope: Scope, each: Cleanings, found: list[Piece]) -> dict[Piece, Index]:
    """What would come back without each cleaning.

    A clearance that parts material within an order too is one piece with what it does here.
    """
    parting = {piece.key: piece for piece in found if piece.rule == line_clearance.RULE.name}
    back = {piece: _without(scope, each.worlds.cone, piece) for piece in parting.values()}
    for piece in each.pieces:
        if piece.key not in parting:
            back[piece] = _more(scope, each.worlds, each.without(piece.key))
    return back


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
    return _back(scope, scope.worlds.cone, replace(scope.case, records_only=True))


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


def _told(scope: Scope, piece: Piece, back: Index | None) -> dict[str, Any]:
    """A piece, and what the lots that would come back without it come to."""
    about: dict[str, Any] = {
        "key": piece.key, "kind": piece.kind, "rule": piece.rule, "by": carried_by(piece.rule),
        "persons": list(piece.persons), "records": list(piece.records),
        "lots": None, "quantity": None, "cost": None,
    }  # fmt: skip
    if back is None:
        return about
    more = scope.cost_of(np.union1d(scope.held, back)) - scope.cost_of(scope.held)
    amounts = _quantities(scope, back)
    return about | {"lots": len(back), "quantity": amounts, "cost": round(more, 2)}


def _without(scope: Scope, cone: Cone, piece: Piece) -> Index:
    """Lots that would come back without a piece."""
    return _back(scope, cone, replace(scope.case, without=scope.case.without | {piece.key}))


def _back(scope: Scope, cone: Cone, case: Case) -> Index:
    """Lots that a case holds and the scope does not."""
    worlds, _, _ = judge(cone, case, scope.start)
    return _more(scope, worlds, worlds.grade)


def _more(scope: Scope, worlds: Worlds, grade: Index) -> Index:
    """Lots of these grades that the scope does not hold."""
    cone = worlds.cone
    listed = np.isin(cone.lots, scope.lots["lot"].to_numpy())
    held = cone.lots[(grade > 0) & ~worlds.harmless & listed]
    return np.setdiff1d(held, scope.held)


def _quantities(scope: Scope, lots: Iterable[int]) -> dict[str, float]:
    chosen = np.fromiter(lots, dtype=np.int64)
    rows = places.holdings(scope.lineage).amounts[chosen].drop_nulls("quantity")
    sums = rows.group_by(pl.col("uom").fill_null("")).agg(pl.col("quantity").sum().round(6))
    return dict(sums.sort("uom").select("uom", "quantity").iter_rows())
