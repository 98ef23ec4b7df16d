"""Answers about a scope that are put together from several computations, for every door."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import polars as pl

from graph_model.errors import NotFound
from graph_model.ledger import BatchInfo
from queries.recall import difference as differing
from queries.recall import narrowing, next_test, words
from queries.recall.roots import one_lot
from queries.recall.scope import Scope
from queries.recall.totals import incomplete


class Manifest(Protocol):
    """What a ledger says of its batches."""

    def batches(self) -> list[BatchInfo]:
        """All batches in order."""
        ...

    def stated(self, number: int) -> pl.DataFrame:
        """kind and key of what a batch states."""
        ...


def why(scope: Scope, reference: str) -> dict[str, Any]:
    """Tier of a lot and its whole witness, or its cuts, in words. Raises NotFound outside."""
    number = one_lot(scope.lineage, reference)
    key = scope.lineage.lots["key"][number]
    if number not in scope.tiers:
        raise NotFound("lot_not_reached", lot=key)
    return {"lot": key, "tier": scope.tiers[number], "why": words.why(scope, number)}


def ready_at(turnaround: int) -> int:
    """When a test begun now has its result; both in microseconds."""
    return round(time.time() * 1e6) + turnaround


def next_tests(
    scope: Scope,
    *,
    count: int = 1,
    method: str = "",
    ready: int,
    deadline: int | None = None,
    probability: float | None = None,
) -> dict[str, Any]:
    """Which lots to test next, and for several at once the plan, as JSON-ready data."""
    plan = next_test.plan(scope, count) if count > 1 else None
    keys = scope.lineage.lots["key"]
    return {
        "method": method, "ready": words.moment(ready),
        "in_time": None if deadline is None else ready <= deadline,
        "candidates": next_test.to_dict(scope, next_test.predict(scope, probability)),
        "plan": None if plan is None else {
            "tests": keys[plan.lots].to_list(), "lots": keys[plan.leaving].to_list(),
            "cost": round(plan.cost, 2), "cost_bound": round(plan.bound, 2),
        },
        "currency": scope.table.currency, "hold_list": len(scope.held),
        "complete": not incomplete(scope),
        "as_of": scope.facts.batch, "head": f"{scope.facts.batch}:{scope.facts.head}",
        "missing": [entry.to_dict() for entry in scope.missing],
    }  # fmt: skip


def narrowed(scope: Scope, tell: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """Which missing records cost the scope the most lots, as JSON-ready data."""
    return narrowing.to_dict(narrowing.narrowing(scope, tell=tell)) | {
        "hold_list": len(scope.held), "complete": not incomplete(scope),
        "as_of": scope.facts.batch, "head": f"{scope.facts.batch}:{scope.facts.head}",
        "missing": [entry.to_dict() for entry in scope.missing],
    }  # fmt: skip


def difference(ledger: Manifest, old: Scope, new: Scope) -> dict[str, Any]:
    """What came, went or changed tier between two batches, and the batches that did it."""
    between = ledger.batches()[old.facts.batch : new.facts.batch]
    stated = {batch.number: ledger.stated(batch.number) for batch in between}
    return differing.to_dict(old, new, between, stated)
