"""Figures of a whole scope: lots, amounts and cost by tier, and what it saves."""

from __future__ import annotations

from typing import Any

import polars as pl

from queries.recall.scope import CERTAIN, EXCLUDED, POSSIBLE, TIERS, Scope
from queries.recall.worlds import GRADES


def incomplete(scope: Scope) -> bool:
    """Whether something is missing that may change the answer."""
    harmless = {"data_until", "contact_not_considered", "near", "unpriced"}
    return any(entry.kind not in harmless for entry in scope.missing)


def totals(scope: Scope) -> dict[str, Any]:
    """Lots, amounts and cost by tier; possible lots by grade."""
    counts = dict(scope.lots.group_by("tier").len().iter_rows())
    possible = scope.lots.filter(pl.col("tier") == POSSIBLE).group_by("grade").len()
    grades = dict.fromkeys([*GRADES, "contact"], 0) | dict(possible.iter_rows())
    return {
        "lots": {
            CERTAIN: counts.get(CERTAIN, 0),
            POSSIBLE: grades,
            EXCLUDED: counts.get(EXCLUDED, 0),
        },
        "quantity": {name: _quantities(scope, name) for name in TIERS},
        "cost": {name: _costs(scope, name) for name in (CERTAIN, POSSIBLE)},
        "currency": scope.table.currency,
    }


def _quantities(scope: Scope, tier: str) -> dict[str, float]:
    known = scope.lots.filter((pl.col("tier") == tier) & pl.col("quantity").is_not_null())
    sums = known.group_by(pl.col("uom").fill_null("")).agg(pl.col("quantity").sum().round(6))
    return dict(sums.sort("uom").iter_rows())


def _costs(scope: Scope, tier: str) -> dict[str, dict[str, float]]:
    chosen = pl.Series(scope.tier(tier), dtype=pl.Int64)
    rows = scope.costs.filter(pl.col("lot").is_in(chosen.implode()))
    sums = rows.group_by("place", "cost_type").agg(pl.col("cost").sum()).sort("place", "cost_type")
    found: dict[str, dict[str, float]] = {}
    for place, cost_type, amount in sums.iter_rows():
        if amount:
            found.setdefault(place, {})[cost_type] = round(amount, 2)
    return found


def saved(scope: Scope) -> dict[str, Any]:
    """1 - cost(scope) / cost(yardstick) for both yardsticks; None where nothing can be said."""
    own = scope.cost_of(scope.held)

    def against(yardstick: float) -> float | None:
        if scope.roots.effect or yardstick <= 0:
            return None
        return round(1 - own / yardstick, 4)

    return {
        "blanket": against(scope.blanket.cost),
        "reachable": against(scope.reachable[1]),
        "at_best": incomplete(scope),
    }
