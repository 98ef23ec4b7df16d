"""Difference of two scopes of one question: which lots came, went or changed tier, and why.

The cause is looked for in the batches between: the facts that they state, state otherwise or void,
where these touch a changed lot or the steps and lots on the way that gives it its tier, or else
decisions, recipes and the like.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from graph_model.ledger import BatchInfo
from graph_model.network import Facts
from graph_model.schema import KINDS
from queries.recall.onward import went_on
from queries.recall.scope import EXCLUDED, Scope

_GENERAL = (
    "Decision", "Evidence", "RuleSet", "LabelVersion", "Alias", "Item", "Component", "Site",
)  # fmt: skip
"""Facts that bear on lots without naming them."""
_ENDS = ("lot", "operation", "shipment", "subject", "target", "parent", "container")
"""Fields by which a fact names what it is about."""


@dataclass(frozen=True)
class Change:
    """A lot whose tier is not the same; a tier is None where the lot is not in the raw cone."""

    lot: str
    before: str | None
    after: str | None
    facts: list[str]

    @property
    def kind(self) -> str:
        """added, removed or changed: of the lots that are held."""
        was, is_ = (tier not in (None, EXCLUDED) for tier in (self.before, self.after))
        return "changed" if was == is_ else "added" if is_ else "removed"


def difference(
    old: Scope, new: Scope, stated: Mapping[int, pl.DataFrame]
) -> tuple[list[Change], pl.DataFrame]:
    """Lots of which the tier changed, by key, and the facts that changed: kind, key, batch.

    `stated`: by batch between, kind and key of what it states, states again or voids.
    """
    changed = changed_facts(old.facts, new.facts)
    batches = [
        keys.select("kind", "key", batch=pl.lit(number, pl.Int64))
        for number, keys in sorted(stated.items())
    ]
    schema = {"kind": pl.String, "key": pl.String, "batch": pl.Int64}
    known = pl.concat([pl.DataFrame(schema=schema), *batches]).unique()
    facts = changed.join(known, on=["kind", "key"], how="left").sort("batch", "kind", "key")
    before, after = _tiers(old), _tiers(new)
    moved = [
        key for key in sorted(before.keys() | after.keys()) if before.get(key) != after.get(key)
    ]
    touching = _touching(facts)
    general = facts.filter(pl.col("kind").is_in(_GENERAL))["key"].unique().sort().to_list()
    return [
        # Where nothing on its ways changed, it was a decision or the like that bears on all.
        Change(key, before.get(key), after.get(key), _causes(key, old, new, touching) or general)
        for key in moved
    ], facts.select("kind", "key", "batch")


def changed_facts(old: Facts, new: Facts) -> pl.DataFrame:
    """kind, key and `ends` (keys that the fact names) of facts that are not in both as they are."""
    found = []
    for name, kind in KINDS.items():
        before, after = old[kind], new[kind]
        fields = [field for field in after.columns if not field.startswith("_")]
        rows = pl.concat(
            [
                after.select(fields).join(before.select(fields), on=fields, how="anti",
                                          nulls_equal=True),
                before.select(fields).join(after.select(fields), on=fields, how="anti",
                                           nulls_equal=True),
            ]
        )  # fmt: skip
        ends = [pl.col("key"), *(pl.col(end) for end in _ENDS if end in fields)]
        found.append(rows.select("key", kind=pl.lit(name), ends=pl.concat_list(ends)))
    named = pl.col("ends").explode().drop_nulls().unique()
    changed: pl.DataFrame = pl.concat(found).group_by("kind", "key").agg(named)
    return changed


def _tiers(scope: Scope) -> dict[str, str]:
    keys = scope.lineage.lots["key"]
    return {keys[lot]: tier for lot, tier in scope.lots.select("lot", "tier").iter_rows()}


def _touching(facts: pl.DataFrame) -> dict[str, list[str]]:
    """Keys of the changed facts by what they name: a lot, a step or a delivery."""
    named = facts.select("key", "ends").explode("ends").unique().sort("key")
    found: dict[str, list[str]] = {}
    for key, end in named.iter_rows():
        found.setdefault(end, []).append(key)
    return found


def _causes(key: str, old: Scope, new: Scope, touching: dict[str, list[str]]) -> list[str]:
    """Changed facts on the ways to a lot, as it was and as it is; the nearest to the lot first."""
    named = [key, *_on_the_way(new, key), *_on_the_way(old, key)]
    return list(dict.fromkeys(fact for end in named for fact in touching.get(end, [])))


def _on_the_way(scope: Scope, key: str) -> list[str]:
    """Keys of the lots and steps that give a lot its tier, those nearest to it first."""
    lot = int(scope.lineage.number([key])[0])
    if lot < 0 or lot not in scope.tiers:
        return []
    cone, proof = scope.worlds.cone, scope.proof
    keys, operations = cone.lineage.lots["key"], cone.about["key"]
    at = int(cone.number(np.array([lot]))[0])
    found: list[str] = []
    if scope.tiers[lot] == EXCLUDED:
        for cut in proof.cuts(at):
            found += [operations[cut.step], keys[int(cone.lots[cut.source])]]
        return found
    for _, way in reversed(proof.witness(at)):
        found.append(operations[way.step])
        found += [keys[int(cone.lots[source])] for source in way.lots]
    return found


# ---------------------------------------------------------------------------- report


def to_dict(
    old: Scope, new: Scope, batches: Iterable[BatchInfo], stated: Mapping[int, pl.DataFrame]
) -> dict[str, Any]:
    """What was added, removed and changed, and the batches between with the facts that did it."""
    changes, facts = difference(old, new, stated)
    names = new.lineage.lots.select("key", "item_code", "lot_no")
    extra = old.lineage.lots.select("key", "item_code", "lot_no")
    about = {key: (item, no) for key, item, no in pl.concat([extra, names]).iter_rows()}
    causing = {fact for change in changes for fact in change.facts}
    told: dict[str, list[dict[str, Any]]] = {"added": [], "removed": [], "changed": []}
    for change in changes:
        item, lot_no = about[change.lot]
        told[change.kind].append(
            {
                "lot": change.lot, "item": item, "lot_no": lot_no, "before": change.before,
                "after": change.after, "facts": change.facts,
            }
        )  # fmt: skip
    return {
        "before": _state(old),
        "after": _state(new),
        **told,
        "batches": [_batch(batch, facts, causing) for batch in batches],
        "growth": [entry["lot"] for entry in told["added"]],
        "went_on": went_on(old, new),
        "untold": [entry["lot"] for rows in told.values() for entry in rows if not entry["facts"]],
    }


def _state(scope: Scope) -> dict[str, Any]:
    counts = dict(scope.lots.group_by("tier").len().iter_rows())
    return {
        "as_of": scope.facts.batch,
        "head": f"{scope.facts.batch}:{scope.facts.head}",
        "lots": {tier: counts.get(tier, 0) for tier in ("certain", "possible", "excluded")},
        "cost": round(scope.cost_of(scope.held), 2),
        "currency": scope.table.currency,
        "missing": [entry.to_dict() for entry in scope.missing],
    }


def _batch(batch: BatchInfo, facts: pl.DataFrame, causing: set[str]) -> dict[str, Any]:
    """A batch with how many facts it changed, by kind, and those that touch changed lots."""
    own = facts.filter(pl.col("batch") == batch.number)
    return {
        "batch": batch.number,
        "at": batch.at,
        "source": batch.source,
        "note": batch.note,
        "voids": batch.voids,
        "changed": dict(own.group_by("kind").len().sort("kind").iter_rows()),
        "touching": own.filter(pl.col("key").is_in(sorted(causing)))["key"].to_list(),
    }
