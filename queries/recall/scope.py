"""The minimal recall scope: tiers with reasons and ways, amounts, places, cost, completeness.

Reached over recorded and derived flows, cut by what the records disprove (see `worlds`), compared
with plain reachability and with a blanket recall. An effect (complaint, shipment, customer) names
no source: then everything that shares an input, line or shift is possible, and nothing is saved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypedDict

import numpy as np
import polars as pl

from graph_model.interval import in_force as decisions_in_force
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import Decision, Item
from queries import balance
from queries.recall import (
    amounts,
    bounds,
    completeness,
    contact,
    contact_gaps,
    cost,
    places,
    roots,
    rule_gaps,
    tables,
    yardstick,
)
from queries.recall.completeness import Missing
from queries.recall.cone import Cone
from queries.recall.hazard import UNKNOWN, Hazard
from queries.recall.inspections import PREVALENCE
from queries.recall.proof import Proof
from queries.recall.recipe import Recipe
from queries.recall.roots import Roots, Suspects
from queries.recall.rulebook import Rulebook
from queries.recall.rules import Case, rules
from queries.recall.siblings import siblings
from queries.recall.worlds import CONTACT, GRADES, Worlds, explore

CERTAIN, POSSIBLE, EXCLUDED = "certain", "possible", "excluded"
TIERS = (CERTAIN, POSSIBLE, EXCLUDED)


class Premises(TypedDict):
    """What a scope is judged by, besides what is suspected: arguments of `compute`."""

    hazard: Hazard
    rulebook: Rulebook | None


DEFAULTS = Premises(hazard=UNKNOWN, rulebook=None)


@dataclass(frozen=True)
class Scope:
    """The whole answer; `report` turns it into JSON and words.

    `lots` has a row for each recorded lot of the raw cone: lot (number in the plant), at (number in
    the cone), tier, grade, depth, quantity, uom, share (affected part, null if unknown).
    """

    facts: Facts
    lineage: Lineage
    asked: Suspects
    roots: Roots
    worlds: Worlds
    lots: pl.DataFrame
    places: pl.DataFrame
    costs: pl.DataFrame
    table: cost.CostTable
    reachable: tuple[int, float]
    blanket: yardstick.Blanket
    case: Case
    start: Roots
    """Where the search began: of an effect, what it stands for."""
    failed: Index
    """Lots of the raw cone, by number in the plant, that failed: roots of their own."""
    prevalence: float = PREVALENCE
    missing: list[Missing] = field(default_factory=list)

    def tier(self, *names: str) -> list[int]:
        """Lots of these tiers, by number in the plant."""
        return self.lots.filter(pl.col("tier").is_in(names))["lot"].to_list()

    @cached_property
    def held(self) -> Index:
        """Certain and possible lots, by number in the plant."""
        return np.array(self.tier(CERTAIN, POSSIBLE), dtype=np.int64)

    @cached_property
    def mixed_stock(self) -> Index:
        """Mixed stock that suspect material may lie in: it has no lot number to list."""
        reached = self.worlds.reached
        pools: Index = reached[self.lineage.lots["kind"][reached].eq_missing("pool").to_numpy()]
        return pools

    @cached_property
    def proof(self) -> Proof:
        """Why each lot has its tier."""
        return Proof(self.worlds)

    @cached_property
    def tiers(self) -> dict[int, str]:
        """Tier by number in the plant."""
        return dict(self.lots.select("lot", "tier").iter_rows())

    @cached_property
    def balances(self) -> pl.DataFrame:
        """Mass balance of the certain and possible lots (see `queries.balance`)."""
        return balance.balances(self.facts, self.lineage, self.held)

    @cached_property
    def _pieces(self) -> bounds.Pieces:
        return bounds.pieces(
            self.facts, self.worlds, places.holdings(self.lineage).amounts, self.balances
        )

    @cached_property
    def affected(self) -> pl.DataFrame:
        """at_most, likely: affected amount of each row of `lots`, in its unit."""
        return bounds.affected(self.lots, self._pieces, self.case.hazard)

    @cached_property
    def bounds(self) -> list[bounds.Bound]:
        """Where at most so many of the lots or pieces of an item can be affected."""
        rows = self.balances
        # What customers sent back is on hand again, and was shipped.
        there = pl.col("on_hand") + pl.col("in_process") + pl.col("shipped") - pl.col("returned")
        known = pl.col("state") == balance.BALANCED
        here = rows.filter(pl.col("state") != balance.NOT_OURS).select(
            "lot", "item", amount=pl.when(known).then(there)
        )
        return bounds.bounds(self.facts, self.worlds, self.case.hazard, self._pieces, here)

    def cost_of(self, lots: Iterable[int]) -> float:
        """Cost of acting on these lots alone."""
        chosen = np.fromiter(lots, dtype=np.int64)
        return cost.prices(self.table, self.lineage, self.facts[Item]).total(chosen)


def compute(
    facts: Facts,
    lineage: Lineage,
    asked: Suspects,
    table: cost.CostTable | None = None,
    clean: frozenset[int] = frozenset(),
    *,
    hazard: Hazard = UNKNOWN,
    rulebook: Rulebook | None = None,
    prevalence: float = PREVALENCE,
) -> Scope:
    """The scope of what is suspected, on the facts and arrays of one batch.

    `clean` are lots, by number in the plant, of which every unit was examined and found clean.
    `hazard` and `rulebook` decide which rules apply. Costs and rules that are not given are the
    plant's own, else the shipped ones. `prevalence` is the share of bad units for which the
    chance of samples to miss them is stated.
    """
    table = table or tables.costs(facts)
    found = start = roots.answer(facts, lineage, asked)
    if found.effect:
        everything = siblings(lineage, found.match)
        start = Roots(found.match[:0], everything, found.near, True)
    rules_ = rulebook or tables.rules(facts)
    reached = contact.extended(facts, lineage, hazard, rules_)
    cone = Cone.of(reached, np.union1d(start.match, start.cannot_rule_out))
    case = Case(facts, Recipe.of(facts), clean, hazard, rules_)
    worlds, failed, perhaps = judge(cone, case, start)
    sure = cone.number(np.union1d(start.match, failed))
    unsure = cone.number(np.union1d(start.cannot_rule_out, perhaps))
    sure, unsure = sure[~worlds.clean[sure]], unsure[~worlds.clean[unsure]]
    lots = _lots(lineage, worlds, amounts.shares(cone, worlds.grade, sure, unsure))
    listed = lots["lot"].to_numpy()
    holdings = places.holdings(lineage)
    located = holdings.located[holdings.rows(listed)]
    prices = cost.prices(table, lineage, facts[Item])
    held = lots.filter(pl.col("tier") != EXCLUDED)["lot"].to_numpy()
    sure_first = np.argsort(~worlds.certain[cone.number(held)], kind="stable")
    # What a party costs once must not hang on a lot that is excluded, or that is less sure.
    costs = prices.costs(held[sure_first])
    blanket = yardstick.blanket(facts, lineage, reached, found, held, table)
    scope = Scope(
        facts, lineage, asked, found, worlds, lots, located, costs, table,
        (len(lots), prices.total(listed)), blanket, case, start, np.union1d(failed, perhaps),
        prevalence,
    )  # fmt: skip
    scope.missing.extend(_missing(scope))
    return scope


def judge(cone: Cone, case: Case, start: Roots) -> tuple[Worlds, Index, Index]:
    """The tiers, and the lots of the raw cone that certainly and possibly failed: roots too."""
    failed, perhaps = (_reached(cone, lots) for lots in case.inspected.failing(cone.lineage))
    match = np.union1d(start.match, failed)
    # What failed for an unknown reason tells of this hazard where its material may be at all.
    near = perhaps[cone.by_material[cone.number(perhaps)]]
    worlds = explore(
        cone, case, match, np.union1d(start.cannot_rule_out, near), np.setdiff1d(perhaps, near)
    )
    return worlds, failed, perhaps


def _reached(cone: Cone, lots: Index) -> Index:
    """Those of the lots that are in the raw cone."""
    at = np.flatnonzero((cone.depth >= 0) & np.isin(cone.lots, lots))
    reached: Index = cone.lots[at]
    return reached


def _lots(lineage: Lineage, worlds: Worlds, shares: amounts.Numbers) -> pl.DataFrame:
    """Recorded lots of the raw cone with tier, grade, amount and share."""
    cone = worlds.cone
    at = np.flatnonzero(cone.recorded & (cone.depth >= 0))
    tier = np.where(worlds.certain, 0, np.where(worlds.grade > 0, 1, 2))
    tier = np.where(worlds.harmless, 2, tier)[at]
    grade = np.where(worlds.harmless, 0, worlds.grade)[at]
    names = pl.Series([None, *GRADES], dtype=pl.String)
    # Residue has no share of what it gets into.
    shares = np.where(worlds.grade == GRADES.index(CONTACT) + 1, np.nan, shares)
    rows = pl.DataFrame(
        {
            "lot": cone.lots[at],
            "at": at,
            "tier": pl.Series(TIERS)[tier],
            "grade": names[grade],
            "depth": cone.depth[at],
            "share": pl.Series(shares[at]).fill_nan(None),
        }
    )
    amounts_ = places.holdings(lineage).amounts[cone.lots[at]]
    return pl.concat([rows, amounts_], how="horizontal")


def _missing(scope: Scope) -> list[Missing]:
    lineage, worlds, cone = scope.lineage, scope.worlds, scope.worlds.cone
    reached = cone.lots[(cone.depth >= 0) & cone.material]
    conflicts = lineage.operations["key"][cone.steps[worlds.conflicts]].to_list()
    entries = completeness.of_lots("cannot_rule_out", lineage, scope.roots.cannot_rule_out)
    entries += completeness.of_lots("near", lineage, scope.roots.near)
    entries += completeness.of_lots("slice_unclear", lineage, scope.roots.unclear)
    entries += completeness.of_rows("time_conflict", conflicts)
    entries += completeness.of_cone(scope.facts, lineage, reached, cone.steps[~cone.contact])
    entries += completeness.of_rows(
        "unpriced", cost.unpriced(scope.places, lineage, scope.facts[Item])
    )
    entries += completeness.of_lots("mixed_stock", lineage, scope.mixed_stock)
    elsewhere = np.setdiff1d(scope.case.inspected.failing(lineage)[0], reached)
    entries += completeness.of_lots("failed_elsewhere", lineage, elsewhere.tolist())
    entries += rule_gaps.gaps(scope.facts, lineage, scope.case.hazard, scope.case.rulebook)
    if scope.roots.effect:
        entries.append(Missing("source_undetermined"))
    return entries + contact_gaps.gaps(scope.facts, worlds, scope.case.hazard, scope.case.rulebook)


def rules_in_force(scope: Scope) -> dict[str, Any]:
    """Which rules and decisions the scope stands on, so that it can be repeated."""
    kept = decisions_in_force(scope.facts[Decision])
    return {
        "hazard": str(scope.case.hazard),
        "cuts": [rule.name for rule in rules()],
        "origin": scope.case.rulebook.origin,
        "rulebook": scope.case.rulebook.to_dict(),
        "prevalence": scope.prevalence,
        "decisions": kept.select(
            "key", "kind", "subject", "target", "late", "early", "reason"
        ).to_dicts(),
    }
