"""Released on test: lots of a scope of which a sample passed. They stay in the scope.

A sample never takes a lot out; it says with which chance it would have missed the hazard.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from queries.recall.inspections import released
from queries.recall.scope import EXCLUDED, TIERS, Scope

STATE = "released_on_test"


def tests(scope: Scope) -> dict[int, list[dict[str, Any]]]:
    """The passed samples of certain and possible lots, by number in the plant, surest first."""
    held = scope.lots.filter(pl.col("tier") != EXCLUDED)
    rows = released(scope.case.inspected, scope.facts, scope.lineage, held, scope.prevalence).sort(
        "missed", "key", nulls_last=True
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows.iter_rows(named=True):
        found.setdefault(row["lot"], []).append(_told(row, scope.prevalence))
    return found


def _told(row: dict[str, Any], prevalence: float) -> dict[str, Any]:
    chance = row["missed"]
    return {
        "inspection": row["key"], "agent": row["agent"], "n": row["sample_size"],
        "c": row["acceptance"], "composite": row["composite"], "unit_size": row["unit_size"],
        "unit": row["uom"], "method": row["method"], "detection_limit": row["detection_limit"],
        "place": row["place"], "laboratory": row["laboratory"], "prevalence": prevalence,
        "chance_missed": None if chance is None else round(chance, 6),
    }  # fmt: skip


def counts(scope: Scope) -> dict[str, int]:
    """How many certain and possible lots are released on test."""
    lots = pl.Series(list(tests(scope)), dtype=pl.Int64)
    rows = scope.lots.filter(pl.col("lot").is_in(lots.implode()))
    found = dict(rows.group_by("tier").len().iter_rows())
    return {tier: found.get(tier, 0) for tier in TIERS if tier != EXCLUDED}
