"""A scope as JSON and in words; the shape is documented in docs/cli.md and stable."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from graph_model.i18n import text
from graph_model.interval import MAX, MIN
from queries.recall import places
from queries.recall.roots import lot_label
from queries.recall.scope import (
    CERTAIN,
    EXCLUDED,
    POSSIBLE,
    Cut,
    Scope,
    ScopeLot,
    cuts,
    real_sources,
    rules_in_force,
    witness,
)
from queries.recall.worlds import GRADES, Step, Via


def moment(stamp: int) -> str | None:
    """ISO time of microseconds UTC; None when unbounded."""
    if stamp <= MIN or stamp >= MAX:
        return None
    return datetime.fromtimestamp(stamp / 1e6, UTC).isoformat(timespec="seconds")


def _shown(stamp: int) -> str:
    """A moment as people read it."""
    if stamp <= MIN or stamp >= MAX:
        return "-"
    return datetime.fromtimestamp(stamp / 1e6, UTC).strftime("%Y-%m-%d %H:%M UTC")


def to_dict(scope: Scope) -> dict[str, Any]:
    """The whole scope as JSON-ready data."""
    keys = scope.lineage.lots["key"]
    located = _places(scope)
    return {
        "roots": {
            name: keys[getattr(scope.roots, name)].to_list()
            for name in ("match", "cannot_rule_out", "near")
        },
        "source": "undetermined" if scope.roots.effect else "given",
        "rules": rules_in_force(scope),
        "as_of": scope.facts.batch,
        "complete": not _incomplete(scope),
        "missing": [entry.to_dict() for entry in scope.missing],
        "lots": [_lot(scope, lot, located) for lot in _ordered(scope)],
        "orders": orders(scope),
        "leaving": leaving(scope),
        "customers": customers(scope),
        "totals": totals(scope),
        "blanket": {
            "lots": scope.blanket.lots,
            "cost": round(scope.blanket.cost, 2),
            "window": [
                moment(scope.blanket.start) if scope.blanket.start is not None else None,
                None,
            ],
        },
        "reachable": {"lots": scope.reachable[0], "cost": round(scope.reachable[1], 2)},
        "saved": saved(scope),
    }


def _incomplete(scope: Scope) -> bool:
    harmless = {"data_until", "contact_not_considered", "near", "unpriced"}
    return any(entry.kind not in harmless for entry in scope.missing)


def _ordered(scope: Scope) -> list[ScopeLot]:
    rank = {CERTAIN: 0, POSSIBLE: 1, EXCLUDED: 2}
    depth = scope.worlds.depth
    return sorted(
        scope.lots.values(), key=lambda lot: (rank[lot.tier], depth[lot.number], lot.number)
    )


def _lot(scope: Scope, lot: ScopeLot, located: dict[int, dict[str, Any]]) -> dict[str, Any]:
    row = scope.lineage.lots.row(lot.number, named=True)
    keys = scope.lineage.lots["key"]
    found = {
        "key": row["key"],
        "item": row["item_code"],
        "lot_no": row["lot_no"],
        "owner": row["owner"],
        "sublot": row["sublot"],
        "tier": lot.tier,
        "rule": lot.via.rule if lot.via else "root",
        "reason": reason(scope, lot),
        "via": keys[real_sources(scope, lot.via)].to_list() if lot.via and lot.via.lots else [],
        "quantity": lot.quantity,
        "unit": lot.uom,
        "affected_at_most": lot.quantity if lot.tier != EXCLUDED else 0.0,
        "affected_share": None if lot.share is None else round(lot.share, 6),
        "places": located.get(lot.number, {}),
        "grade": lot.grade,
    }
    if lot.tier == EXCLUDED:
        found["rule"] = "time"
        found["via"] = []
        found["affected_share"] = 0.0
        found["cuts"] = [_cut(scope, cut) for cut in cuts(scope, lot.number)]
    return found


def _cut(scope: Scope, cut: Cut) -> dict[str, Any]:
    lineage = scope.lineage
    into = lineage.consumed[lineage.inputs.at(np.array([cut.operation]))]
    out = lineage.produced[lineage.outputs.at(np.array([cut.operation]))]
    records = into.filter(pl.col("lot") == cut.source)["key"].to_list()
    records += out.filter(pl.col("lot") == cut.lot)["key"].to_list()
    return {
        "rule": cut.rule,
        "from": lineage.lots["key"][cut.source],
        "operation": lineage.operations["key"][cut.operation],
        "to": lineage.lots["key"][cut.lot],
        "reason": _cut_text(scope, cut),
        "records": records,
        "by": "records",
    }


def _cut_text(scope: Scope, cut: Cut) -> str:
    source = lot_label(scope.lineage, cut.source)
    target = lot_label(scope.lineage, cut.lot)
    return text(
        f"cut.{cut.rule}",
        source=source,
        lot=target,
        begin=_shown(cut.begin),
        end=_shown(cut.end),
    )


def reason(scope: Scope, lot: ScopeLot) -> str:
    """Why the lot has its tier, in words."""
    if lot.tier == EXCLUDED:
        found = cuts(scope, lot.number)
        first = next((cut for cut in found if cut.rule == "time"), found[0] if found else None)
        return _cut_text(scope, first) if first else text("reason.excluded")
    if lot.via is None or not lot.via.lots:
        in_match = lot.number in set(scope.roots.match.tolist())
        return text("reason.root" if in_match else "reason.cannot_rule_out")
    return _step_text(scope, lot.via)


def _step_text(scope: Scope, via: Via) -> str:
    labels = [lot_label(scope.lineage, lot) for lot in real_sources(scope, via)]
    step = scope.worlds.steps[via.operation]
    return text(
        f"reason.{via.rule}",
        lots=", ".join(labels),
        operation=operation_label(scope, via.operation, step),
    )


def operation_label(scope: Scope, number: int, step: Step) -> str:
    """How an operation is written for people: kind and order or document number."""
    row = scope.lineage.operations.row(number, named=True)
    name = row["work_order_no"] or row["doc_no"] or ""
    return f"{text(f'operation.{step.kind}')} {name}".strip()


def why(scope: Scope, number: int) -> list[str]:
    """The whole witness of a lot, or its cuts, a line each."""
    lot = scope.lots[number]
    if lot.tier == EXCLUDED:
        return [_cut_text(scope, cut) for cut in cuts(scope, number)]
    lines = []
    for reached, via in witness(scope, number):
        label = lot_label(scope.lineage, reached)
        if scope.lineage.lots["rule"][reached] is None:
            lines.append(f"{label}: {_step_text(scope, via) if via.lots else text('reason.root')}")
        else:
            lines.append(text("reason.through_mixed_stock", item=label.split("/")[0]))
    return lines or [reason(scope, lot)]


def _places(scope: Scope) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for lot, place, at, amount in scope.places.iter_rows():
        here = found.setdefault(lot, {})
        amount = round(amount, 6)
        if place in (places.ON_HAND, places.SHIPPED, places.PICKED, places.IN_TRANSIT):
            here.setdefault(place, {})[at] = amount
        else:
            here[place] = amount
    return found


def orders(scope: Scope) -> list[dict[str, Any]]:
    """Production orders that used something of the scope."""
    lineage, worlds, found = scope.lineage, scope.worlds, []
    for number, step in sorted(worlds.steps.items()):
        if step.kind not in ("produce", "rework") or step.rule is not None:
            continue
        reached = [lot for lot in step.inputs if lot in worlds.grade]
        if not reached:
            continue
        row = lineage.operations.row(number, named=True)
        ids = np.array([number])
        found.append(
            {
                "operation": row["key"],
                "tier": CERTAIN if any(lot in worlds.certain for lot in reached) else POSSIBLE,
                "open": step.open,
                "issued": float(lineage.consumed["quantity"][lineage.inputs.at(ids)].sum()),
                "reported": float(lineage.produced["quantity"][lineage.outputs.at(ids)].sum()),
            }
        )
    return found


def _held(scope: Scope) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(
        sorted(number for number, lot in scope.lots.items() if lot.tier != EXCLUDED), dtype=np.int64
    )


def leaving(scope: Scope) -> list[dict[str, Any]]:
    """Lots of the scope that are planned or picked, soonest first."""
    lines = places.shipped_lines(scope.lineage, _held(scope))
    lines = lines.filter(pl.col("status").is_in(["planned", "picked"]).fill_null(False))
    keys = scope.lineage.lots["key"]
    return [
        {
            "lot": keys[row["lot"]],
            "tier": scope.lots[row["lot"]].tier,
            "quantity": row["quantity"],
            "document": row["delivery_no"],
            "when": moment(row["ship_earliest"]) if row["ship_earliest"] is not None else None,
        }
        for row in lines.sort("ship_earliest", "delivery_no", nulls_last=True).iter_rows(named=True)
    ]


def customers(scope: Scope) -> list[dict[str, Any]]:
    """Who received lots of the scope, with the best tier, lots, amount and shipments."""
    lines = _all_lines(scope).filter(
        ~pl.col("status").is_in(["planned", "picked"]).fill_null(False)
        & pl.col("customer").is_not_null()
    )
    keys = scope.lineage.lots["key"]
    found = []
    for (customer,), rows in sorted(lines.partition_by("customer", as_dict=True).items()):
        lots = rows["lot"].unique().sort().to_list()
        certain = any(scope.worlds.certain.get(lot) for lot in lots)
        real = [lot for lot in lots if lot in scope.lots]
        found.append(
            {
                "customer": customer,
                "tier": CERTAIN if certain else POSSIBLE,
                "lots": keys[real].to_list() if real else [],
                "quantity": float(rows["quantity"].sum()),
                "shipments": rows["delivery_no"].unique().sort().to_list(),
            }
        )
    return found


def _all_lines(scope: Scope) -> pl.DataFrame:
    """Shipment lines of the scope, also those that took from its mixed stock."""
    reached = np.array(sorted(scope.worlds.grade), dtype=np.int64)
    return places.shipped_lines(scope.lineage, reached)


def totals(scope: Scope) -> dict[str, Any]:
    """Lots, amounts and cost by tier; possible lots by grade."""
    grades = {
        grade: sum(lot.tier == POSSIBLE and lot.grade == grade for lot in scope.lots.values())
        for grade in GRADES
    }
    return {
        "lots": {
            CERTAIN: len(scope.tier(CERTAIN)),
            POSSIBLE: {**grades, "contact": 0},
            EXCLUDED: len(scope.tier(EXCLUDED)),
        },
        "quantity": {name: _quantities(scope, name) for name in (CERTAIN, POSSIBLE, EXCLUDED)},
        "cost": {name: _costs(scope, name) for name in (CERTAIN, POSSIBLE)},
        "currency": scope.table.currency,
    }


def _quantities(scope: Scope, tier: str) -> dict[str, float]:
    sums: dict[str, float] = {}
    for lot in scope.lots.values():
        if lot.tier == tier and lot.quantity is not None:
            sums[lot.uom or ""] = round(sums.get(lot.uom or "", 0.0) + lot.quantity, 6)
    return dict(sorted(sums.items()))


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
    own = scope.cost_of([*scope.tier(CERTAIN), *scope.tier(POSSIBLE)])

    def against(yardstick: float) -> float | None:
        if scope.roots.effect or yardstick <= 0:
            return None
        return round(1 - own / yardstick, 4)

    return {
        "blanket": against(scope.blanket.cost),
        "reachable": against(scope.reachable[1]),
        "at_best": _incomplete(scope),
    }
