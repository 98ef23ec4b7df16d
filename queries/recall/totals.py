"""Figures of a whole scope: lots, amounts and cost by tier, and what it saves."""

from __future__ import annotations

from typing import Any

import polars as pl

from graph_model.quantity import DECIMALS
from queries import balance
from queries.recall import released, unaccounted
from queries.recall.scope import CERTAIN, EXCLUDED, POSSIBLE, TIERS, Scope
from queries.recall.worlds import GRADES

C = pl.col


def incomplete(scope: Scope) -> bool:
    """Whether something is missing that may change the answer."""
    harmless = {"data_until", "contact_not_considered", "near", "unpriced", "retracted"}
    return any(entry.kind not in harmless for entry in scope.missing)


def totals(scope: Scope, lost: pl.DataFrame) -> dict[str, Any]:
    """Lots, amounts and cost by tier, the balance, and what is unaccounted (`lost`)."""
    counts = dict(scope.lots.group_by("tier").len().iter_rows())
    possible = scope.lots.filter(pl.col("tier") == POSSIBLE).group_by("grade").len()
    grades = dict.fromkeys([*GRADES, "contact"], 0) | dict(possible.iter_rows())
    return {
        **unaccounted.totals(scope, lost),
        "balance": _balance(scope.balances),
        "lots": {
            CERTAIN: counts.get(CERTAIN, 0),
            POSSIBLE: grades,
            EXCLUDED: counts.get(EXCLUDED, 0),
        },
        "released_on_test": released.counts(scope),
        "quantity": {name: _quantities(scope, name) for name in TIERS},
        "cost": {name: _costs(scope, name) for name in (CERTAIN, POSSIBLE)},
        "currency": scope.table.currency,
    }


def _balance(rows: pl.DataFrame) -> dict[str, Any]:
    """Mass balance of all lots by unit, what is missing and what is too much apart."""
    own = rows.filter(C("state") != balance.NOT_OURS)
    sums = own.group_by(C("unit").fill_null("")).agg(
        C(balance.PARTS[:-1]).sum().round(DECIMALS),
        unexplained=C("unexplained").filter(C("unexplained") > 0).sum().round(DECIMALS),
        over=C("unexplained").filter(C("unexplained") < 0).sum().abs().round(DECIMALS),
        lots=pl.len(),
        unknown=(C("state") != balance.BALANCED).sum(),
        off=balance.is_off().sum(),
        off_over=(balance.is_off() & (C("unexplained") < 0)).sum(),
    )
    return {row.pop("unit"): row for row in sums.sort("unit").to_dicts()}


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
