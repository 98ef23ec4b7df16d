"""A scope as JSON and in words; the shape is documented in docs/cli.md and stable."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from graph_model.i18n import text
from graph_model.lineage import Index
from queries import balance
from queries.recall import completeness, evidence, places, released, slices
from queries.recall.actions import actions
from queries.recall.bounds import Bound
from queries.recall.parties import customers, leaving
from queries.recall.proof import BEFORE, Cut
from queries.recall.scope import CERTAIN, EXCLUDED, POSSIBLE, TIERS, Scope, rules_in_force
from queries.recall.totals import incomplete, saved, totals
from queries.recall.unaccounted import unaccounted
from queries.recall.words import Words, deciding, moment
from queries.recall.worlds import GRADES


def to_dict(scope: Scope, answers: pl.DataFrame | None = None) -> dict[str, Any]:
    """The whole scope as JSON-ready data. `answers`: see `unaccounted`."""
    keys = scope.lineage.lots["key"]
    lost = unaccounted(scope, answers)
    return {
        "roots": {
            name: keys[getattr(scope.roots, name)].to_list()
            for name in ("match", "cannot_rule_out", "near")
        }
        | {"failed": keys[scope.failed].to_list()},
        "source": "undetermined" if scope.roots.effect else "given",
        "rules": rules_in_force(scope),
        "evidence": evidence.used(scope),
        "as_of": scope.facts.batch,
        "head": f"{scope.facts.batch}:{scope.facts.head}",
        "complete": not incomplete(scope),
        "missing": [entry.to_dict() for entry in scope.missing],
        "lots": _lots(scope, lost),
        "orders": orders(scope),
        "leaving": leaving(scope),
        "at_most": [_bound(scope, bound) for bound in scope.bounds],
        "actions": actions(scope),
        "data_until": data_until(scope),
        "customers": customers(scope),
        "totals": totals(scope, lost),
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


def _ordered(scope: Scope) -> pl.DataFrame:
    """Lots by tier, strongest grade and distance from the roots, with what identifies them."""
    rank = pl.col("tier").replace_strict(TIERS, range(len(TIERS)))
    rows = pl.concat([scope.lots, scope.affected], how="horizontal")
    grade = pl.col("grade").replace_strict(GRADES, range(len(GRADES)), default=0)
    rows = rows.sort(rank, grade, "depth", "lot")
    names = scope.lineage.lots.select("key", "item_code", "lot_no", "owner", "sublot")
    return pl.concat([rows, names[rows["lot"]]], how="horizontal")


def _lots(scope: Scope, lost: pl.DataFrame) -> list[dict[str, Any]]:
    """Every lot of the raw cone with its tier, why it has it, and where it is."""
    words, located = Words(scope), _places(scope)
    marked = slices.shown(scope.facts)
    balanced, missed = balances(scope), _by_lot(lost)
    excluded = scope.lots.filter(pl.col("tier") == EXCLUDED)["at"].to_list()
    records = scope.proof.records(excluded) if excluded else {}
    tests = released.tests(scope)
    found = []
    for row in _ordered(scope).iter_rows(named=True):
        share = row["share"]
        lot = {
            "key": row["key"],
            "item": row["item_code"],
            "lot_no": row["lot_no"],
            "owner": row["owner"],
            "sublot": row["sublot"],
            "slice": _slice(marked.get(row["key"])),
            "tier": row["tier"],
            **_proof(scope, words, row["at"], row["tier"]),
            "quantity": row["quantity"],
            "unit": row["uom"],
            "affected_at_most": row["at_most"],
            "affected_likely": row["likely"],
            "affected_share": None if share is None else round(share, 6),
            "affected_since": moment(int(scope.worlds.since[row["at"]])),
            "places": located.get(row["lot"], {}),
            "grade": row["grade"],
            "balance": balanced.get(row["lot"]),
            "unaccounted": missed.get(row["lot"]),
            "state": released.STATE if row["lot"] in tests else None,
            "tests": tests.get(row["lot"], []),
        }
        if row["tier"] == EXCLUDED:
            lot["affected_share"] = 0.0
            lot["cuts"] = [_cut(words, cut, records) for cut in scope.proof.cuts(row["at"])]
        found.append(lot)
    return found


def _bound(scope: Scope, bound: Bound) -> dict[str, Any]:
    return {
        "item": bound.item,
        "unit": bound.unit,
        "pieces": bound.pieces,
        "of": bound.of,
        "lots": bound.lots,
        "lots_of": len(bound.numbers),
        "keys": scope.lineage.lots["key"][bound.numbers].to_list(),
    }


def data_until(scope: Scope) -> dict[str, str | None]:
    """The latest moment that each source tells of."""
    return {
        source: moment(end) for source, end in completeness.data_until(scope.facts, scope.lineage)
    }


def balances(scope: Scope) -> dict[int, dict[str, Any]]:
    """Mass balance by lot (number in the plant), with what may explain a difference, in words."""
    found = {}
    rows = scope.balances.with_columns(off=balance.is_off()).drop("item")
    for row in rows.iter_rows(named=True):
        notes = [note for note in balance.NOTES if row.pop(note)]
        # A lot that is as it should be needs no explanation.
        notes = (notes or ["nothing"]) if row["off"] else []
        row["unit"] = row["unit"] or ""
        row["explanation"] = [text(f"balance.note.{note}") for note in notes]
        found[row.pop("lot")] = row
    return found


def _by_lot(rows: pl.DataFrame) -> dict[int, dict[str, Any]]:
    return {row.pop("lot"): row for row in rows.to_dicts()}


def _slice(marks: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the goods of a part show, times as text."""
    if marks is None:
        return None
    times = {name: marks[name] for name in ("printed_from", "printed_to") if marks[name]}
    return marks | {name: moment(stamp) for name, stamp in times.items()}


def _proof(scope: Scope, words: Words, at: int, tier: str) -> dict[str, Any]:
    if tier == EXCLUDED:
        apart = scope.proof.cuts(at)
        rule = deciding(apart).rule if apart else BEFORE
        rule = scope.proof.own(at) or rule
        return {"rule": rule, "reason": words.reason(at, tier), "via": []}
    way = scope.proof.way(at)
    via = [words.keys[lot] for lot in scope.proof.sources(way)] if way else []
    root = words.root(at)
    return {"rule": way.rule if way else root, "reason": words.reason(at, tier), "via": via}


def _cut(words: Words, cut: Cut, records: dict[tuple[int, int, int], list[str]]) -> dict[str, Any]:
    return {
        "rule": cut.rule,
        "from": words.keys[cut.source],
        "operation": words.operations[cut.step],
        "to": words.keys[cut.lot],
        "reason": words.cut(cut),
        "records": records[cut.step, cut.source, cut.lot],
        "by": cut.by,
    }


def _places(scope: Scope) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for lot, place, at, known, unknown in scope.places.iter_rows():
        here = found.setdefault(lot, {})
        # Nothing known is not nothing there. `actions` tell where only a part is known.
        amount = None if unknown and not known else round(known, 6)
        if place in (places.ON_HAND, places.SHIPPED, places.PICKED, places.IN_TRANSIT):
            here.setdefault(place, {})[at] = amount
        else:
            here[place] = amount
    return found


def orders(scope: Scope) -> list[dict[str, Any]]:
    """Production orders that used something of the scope."""
    lineage, worlds, cone = scope.lineage, scope.worlds, scope.worlds.cone
    step, lot = cone.inputs.step, cone.inputs.lot
    late = worlds.since[lot] > worlds.clock.until
    used = np.unique(step[(worlds.grade[lot] > 0) & ~late])
    sure = np.unique(step[worlds.certain[lot]])
    rows = pl.DataFrame(
        {"op": cone.steps[used], "certain": np.isin(used, sure), "open": ~cone.closed[used]}
    )
    about = cone.about.select("key", "kind", "rule")[used]
    rows = pl.concat([rows, about], how="horizontal").filter(
        pl.col("kind").is_in(["produce", "rework"]) & pl.col("rule").is_null()
    )
    ids = rows["op"].to_numpy()
    issued = _sums(lineage.consumed, lineage.inputs.at(ids), "issued")
    reported = _sums(lineage.produced, lineage.outputs.at(ids), "reported")
    rows = rows.join(issued, on="op", how="left", maintain_order="left")
    rows = rows.join(reported, on="op", how="left", maintain_order="left")
    tier = pl.when("certain").then(pl.lit(CERTAIN)).otherwise(pl.lit(POSSIBLE))
    return rows.select(
        "open", pl.col("issued", "reported").fill_null(0.0), operation="key", tier=tier
    ).to_dicts()


def _sums(flows: pl.DataFrame, rows: Index, name: str) -> pl.DataFrame:
    found = flows.select("op", "quantity")[rows]
    return found.group_by(pl.col("op").cast(pl.Int64)).agg(pl.col("quantity").sum().alias(name))
