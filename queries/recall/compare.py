"""Hypotheses side by side: what each would hold, and what one holds that another does not.

The whole supplier's batch, one day, one machine, one pallet: each is a scope of its own on the same
facts. A hypothesis is no finding: until one is chosen, the union of all of them is in question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from graph_model.errors import NotFound
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from queries.recall import cost, totals, unaccounted
from queries.recall.parties import customers
from queries.recall.roots import Suspects
from queries.recall.scope import CERTAIN, DEFAULTS, POSSIBLE, Premises, Scope, compute
from queries.recall.words import moment


@dataclass(frozen=True)
class Hypothesis:
    """A named guess and its scope; None where nothing in the records matches the guess."""

    name: str
    asked: Suspects
    scope: Scope | None

    @property
    def held(self) -> Index:
        """Its certain and possible lots, by number in the plant."""
        return np.empty(0, dtype=np.int64) if self.scope is None else self.scope.held


def compare(
    facts: Facts,
    lineage: Lineage,
    guesses: Mapping[str, Suspects],
    table: cost.CostTable | None = None,
    premises: Mapping[str, Premises] | None = None,
) -> list[Hypothesis]:
    """The scope of each guess, by name. A guess that matches nothing stays, without a scope.

    `premises`: hazard and rules by name; without them, those of a scope that is told neither.
    """
    told = premises or {}
    return [
        Hypothesis(name, asked, _scope(facts, lineage, asked, table, told.get(name, DEFAULTS)))
        for name, asked in guesses.items()
    ]


def _scope(
    facts: Facts,
    lineage: Lineage,
    asked: Suspects,
    table: cost.CostTable | None,
    by: Premises,
) -> Scope | None:
    try:
        return compute(facts, lineage, asked, table, **by)
    except NotFound as error:
        # A number that nothing carries is a slip of the pen; that nothing matches is an answer.
        if error.code != "nothing_matches":
            raise
        return None


def to_dict(found: list[Hypothesis]) -> dict[str, Any]:
    """Hypotheses with lots, customers, amounts and cost; what all share; differences of pairs."""
    scopes = [one.scope for one in found if one.scope is not None]
    told = {
        "hypotheses": [_told(one) for one in found],
        "shared": [],
        "complete": not any(totals.incomplete(scope) for scope in scopes),
        "missing": _missing(scopes),
        "differences": [
            _difference(one, other)
            for one in found
            for other in found
            if one is not other and one.scope is not None
        ],
    }
    if len(scopes) == len(found) and scopes:
        shared = scopes[0].held
        for scope in scopes[1:]:
            shared = np.intersect1d(shared, scope.held)
        told["shared"] = scopes[0].lineage.lots["key"][shared].to_list()
    return told


def _missing(scopes: list[Scope]) -> list[dict[str, object]]:
    """What is missing behind any of them, each entry once."""
    found = [entry.to_dict() for scope in scopes for entry in scope.missing]
    return [entry for at, entry in enumerate(found) if entry not in found[:at]]


def _told(one: Hypothesis) -> dict[str, Any]:
    head = {"name": one.name, "asked": _asked(one.asked), "matches": one.scope is not None}
    if one.scope is None:
        return head | {
            "lots": {CERTAIN: 0, POSSIBLE: 0}, "customers": [], "quantity": {}, "cost": 0.0,
            "currency": "", "affected": {}, "unaccounted": {}, "cost_total": {},
            "hazard": "", "rules": "",
        }  # fmt: skip
    scope = one.scope
    return head | {
        "hazard": str(scope.case.hazard),
        "rules": scope.case.rulebook.origin,
        "lots": {tier: len(scope.tier(tier)) for tier in (CERTAIN, POSSIBLE)},
        "customers": [customer["customer"] for customer in customers(scope)],
        "quantity": _quantities(scope, scope.held),
        "cost": round(scope.cost_of(scope.held), 2),
        "currency": scope.table.currency,
        "affected": totals.affected(scope),
        "unaccounted": unaccounted.totals(scope, unaccounted.unaccounted(scope))["unaccounted"],
        "cost_total": totals.money(scope)["cost_total"],
    }


def _asked(asked: Suspects) -> dict[str, Any]:
    times = {"start", "end", "printed_from", "printed_to"}
    return {
        name: moment(value) if name in times and isinstance(value, int) else value
        for name, value in asked.given().items()
    }


def _quantities(scope: Scope, lots: Index) -> dict[str, float]:
    """Amounts of these lots by unit."""
    rows = scope.lots.filter(pl.col("lot").is_in(pl.Series(lots).implode()))
    known = rows.filter(pl.col("quantity").is_not_null())
    sums = known.group_by(pl.col("uom").fill_null("")).agg(pl.col("quantity").sum().round(6))
    return dict(sums.sort("uom").iter_rows())


def _difference(one: Hypothesis, other: Hypothesis) -> dict[str, Any]:
    """What one holds that the other does not."""
    scope = one.scope
    assert scope is not None
    lots = np.setdiff1d(one.held, other.held)
    theirs = set() if other.scope is None else _customers(other.scope)
    return {
        "of": one.name,
        "against": other.name,
        "lots": scope.lineage.lots["key"][lots].to_list(),
        "customers": sorted(_customers(scope) - theirs),
        "quantity": _quantities(scope, lots),
        "cost": round(scope.cost_of(one.held) - scope.cost_of(np.setdiff1d(one.held, lots)), 2),
    }


def _customers(scope: Scope) -> set[str]:
    return {customer["customer"] for customer in customers(scope)}
