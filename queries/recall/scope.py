"""The minimal recall scope: tiers with reasons and ways, amounts, places, cost, completeness.

Reached over recorded and derived flows, cut by what the records disprove (see `worlds`), compared
with plain reachability and with a blanket recall. An effect (complaint, shipment, customer) names
no source: then everything that shares an input, line or shift is possible, and nothing is saved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from graph_model.interval import in_force
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import Component, Decision, Item
from queries.recall import amounts, completeness, cost, places, roots, yardstick
from queries.recall.completeness import Missing
from queries.recall.roots import Roots, Suspects
from queries.recall.worlds import Recipe, Via, Worlds, explore

CERTAIN, POSSIBLE, EXCLUDED = "certain", "possible", "excluded"


@dataclass(frozen=True)
class ScopeLot:
    """A lot of the raw cone with its tier and why it has it."""

    number: int
    tier: str
    grade: str | None
    via: Via | None
    quantity: float | None
    uom: str | None
    share: float | None


@dataclass(frozen=True)
class Scope:
    """The whole answer; `report` turns it into JSON and words."""

    facts: Facts
    lineage: Lineage
    asked: Suspects
    roots: Roots
    worlds: Worlds
    lots: dict[int, ScopeLot]
    places: pl.DataFrame
    costs: pl.DataFrame
    table: cost.CostTable
    reachable: tuple[int, float]
    blanket: yardstick.Blanket
    missing: list[Missing] = field(default_factory=list)

    def tier(self, name: str) -> list[int]:
        """Lots of a tier."""
        return [number for number, lot in self.lots.items() if lot.tier == name]

    def cost_of(self, lots: Iterable[int]) -> float:
        """Cost of acting on these lots."""
        chosen = pl.Series(list(lots), dtype=pl.Int64)
        return float(self.costs.filter(pl.col("lot").is_in(chosen.implode()))["cost"].sum())


def compute(
    facts: Facts, lineage: Lineage, asked: Suspects, table: cost.CostTable | None = None
) -> Scope:
    """The scope of what is suspected, on the facts and arrays of one batch."""
    table = table or cost.load()
    found = roots.answer(facts, lineage, asked)
    start, recipe = found, Recipe.of(facts[Component], facts[Item])
    if found.effect:
        everything = roots.siblings(lineage, found.match)
        start = Roots(found.match[:0], everything, found.near, True)
    worlds = explore(lineage, recipe, start.match, start.cannot_rule_out)
    listed = _recorded(lineage, np.array(sorted(worlds.depth), dtype=np.int64))
    quantities = places.amounts(lineage, listed)
    shares = amounts.shares(lineage, worlds, (start.match.tolist()))
    lots = {
        number: ScopeLot(
            number,
            _tier(number, worlds),
            worlds.grade.get(number),
            worlds.certain.get(number) or worlds.via.get(number),
            amount,
            uom,
            shares.get(number),
        )
        for number, amount, uom in quantities.iter_rows()
    }
    located = places.find(lineage, listed)
    costs = cost.price(table, located, lineage, facts[Item])
    held = [number for number, lot in lots.items() if lot.tier != EXCLUDED]
    blanket = yardstick.blanket(facts, lineage, found, held, table)
    scope = Scope(
        facts, lineage, asked, found, worlds, lots, located, costs, table,
        (len(lots), float(costs["cost"].sum())), blanket,
    )  # fmt: skip
    scope.missing.extend(_missing(scope))
    return scope


def _recorded(lineage: Lineage, lots: Index) -> Index:
    return lots[lineage.lots["rule"][lots].is_null().to_numpy()] if lots.size else lots


def _tier(number: int, worlds: Worlds) -> str:
    if number in worlds.certain:
        return CERTAIN
    return POSSIBLE if number in worlds.grade else EXCLUDED


def _missing(scope: Scope) -> list[Missing]:
    lineage, worlds = scope.lineage, scope.worlds
    cone = np.array(sorted(worlds.depth), dtype=np.int64)
    operations = np.array(sorted(worlds.steps), dtype=np.int64)
    conflicts = lineage.operations["key"][worlds.conflicts].to_list() if worlds.conflicts else []
    entries = completeness.of_lots("cannot_rule_out", lineage, scope.roots.cannot_rule_out.tolist())
    entries += completeness.of_lots("near", lineage, scope.roots.near.tolist())
    entries += completeness.of_rows("time_conflict", conflicts)
    entries += completeness.of_cone(scope.facts, lineage, cone, operations)
    entries += completeness.of_rows(
        "unpriced", cost.unpriced(scope.places, lineage, scope.facts[Item])
    )
    entries += completeness.of_lots("mixed_stock", lineage, _mixed_stock(scope))
    if scope.roots.effect:
        entries.append(Missing("source_undetermined"))
    entries.append(Missing("contact_not_considered"))
    return entries


def _mixed_stock(scope: Scope) -> list[int]:
    """Mixed stock that suspect material may lie in: it has no lot number to list."""
    kinds = scope.lineage.lots["kind"]
    return [lot for lot in scope.worlds.grade if kinds[lot] == "pool"]


# ---------------------------------------------------------------------------- why


@dataclass(frozen=True)
class Cut:
    """Why an input did not bring the hazard into an excluded lot."""

    rule: str
    source: int
    operation: int
    lot: int
    begin: int
    end: int


def cuts(scope: Scope, lot: int) -> list[Cut]:
    """What separates an excluded lot: per input of each step that made it, the cut or its own."""
    worlds, found = scope.worlds, []
    for number in worlds.makers.get(lot, ()):
        step = worlds.steps[number]
        for source, row in step.inputs.items():
            if source not in worlds.depth:
                continue
            reached = source in worlds.grade
            rule = "time" if reached else "excluded_before"
            found.append(Cut(rule, source, number, lot, row.begin, step.outputs[lot].end))
    return found


def witness(scope: Scope, lot: int) -> list[tuple[int, Via]]:
    """The way from a root to the lot, root side first; each lot with how it was reached."""
    worlds, way, seen = scope.worlds, [], set()
    roots_ = set(scope.roots.match.tolist()) | set(scope.roots.cannot_rule_out.tolist())
    chosen: Mapping[int, Via] = worlds.certain if lot in worlds.certain else worlds.via
    while lot not in roots_ and lot in chosen and lot not in seen:
        seen.add(lot)
        via = chosen[lot]
        way.append((lot, via))
        if not via.lots:
            break
        lot = via.lots[0]
    return way[::-1]


def real_sources(scope: Scope, via: Via) -> list[int]:
    """The recorded lots behind a step, through mixed stock and parts that only rules made."""
    lineage, worlds = scope.lineage, scope.worlds
    rules = lineage.lots["rule"]
    found, seen, queue = [], set(via.lots), list(via.lots)
    while queue:
        lot = queue.pop(0)
        if rules[lot] is None:
            found.append(lot)
            continue
        before = worlds.via.get(lot)
        new = [other for other in (before.lots if before else ()) if other not in seen]
        seen.update(new)
        queue.extend(new)
    return found


def rules_in_force(scope: Scope) -> dict[str, Any]:
    """Which decisions the scope stands on, so that it can be repeated."""
    kept = in_force(scope.facts[Decision])
    return {
        "cuts": ["time"],
        "decisions": kept.select("key", "kind", "subject", "late", "early", "reason").to_dicts(),
    }
