"""A scope at a glance: figures by tier, where it is by tier, and each lot with place and cost.

Possible lots are told apart by grade. Amounts stay apart by unit: different units are never added.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from queries.recall import evidence, places
from queries.recall.parties import leaving
from queries.recall.scope import CERTAIN, EXCLUDED, POSSIBLE, Scope
from queries.recall.worlds import GRADES

TIERS = (CERTAIN, *GRADES, *(() if "contact" in GRADES else ("contact",)))
"""Tiers of what is held: certain, and possible by grade."""
RECORDS, JUDGEMENT = "records", "judgement"


@dataclass
class Figures:
    """Lots, amounts by unit and cost of a tier; `unknown`: lots without a known amount."""

    lots: int = 0
    amounts: dict[str, float] = field(default_factory=dict)
    unknown: int = 0
    cost: float = 0.0


@dataclass(frozen=True)
class Overview:
    """`tiers`: what is held, by tier; `total` of them; `excluded`: by records and by judgement.

    `places`: by place and tier, amounts by unit. `units`: all units, the dearest first.
    """

    tiers: dict[str, Figures]
    total: Figures
    excluded: dict[str, Figures]
    places: dict[str, dict[str, dict[str, float]]]
    units: list[str]
    currency: str


def tier_column() -> pl.Expr:
    """Certain, the grade of a possible lot, or excluded."""
    return pl.when(pl.col("tier") == POSSIBLE).then("grade").otherwise("tier")


def overview(scope: Scope) -> Overview:
    """The figures of a scope. What a party costs once counts with the first of its lots."""
    rows = scope.lots.with_columns(drawn=tier_column())
    costs = scope.costs.group_by("lot").agg(pl.col("cost").sum())
    held = rows.filter(pl.col("tier") != EXCLUDED).join(costs, on="lot", how="left")
    tiers = {tier: _figures(held.filter(pl.col("drawn") == tier)) for tier in TIERS}
    total = _figures(held)
    return Overview(
        tiers,
        total,
        _excluded(scope, rows.filter(pl.col("tier") == EXCLUDED)),
        _places(scope, held),
        _units(held),
        scope.table.currency,
    )


def _figures(rows: pl.DataFrame) -> Figures:
    known = rows.filter(pl.col("quantity").is_not_null())
    sums = known.group_by(pl.col("uom").fill_null("")).agg(pl.col("quantity").sum().round(6))
    spent = float(rows["cost"].sum() or 0.0)
    amounts = dict(sums.sort("uom").iter_rows())
    return Figures(rows.height, amounts, rows.height - known.height, spent)


def _units(held: pl.DataFrame) -> list[str]:
    spent = held.group_by(pl.col("uom").fill_null("")).agg(pl.col("cost").sum(), pl.len())
    return spent.sort("cost", "len", "uom", descending=[True, True, False])["uom"].to_list()


def _excluded(scope: Scope, rows: pl.DataFrame) -> dict[str, Figures]:
    """Excluded lots apart: by judgement those that records alone would not keep out."""
    by = pl.col("lot").is_in(pl.Series(evidence.judged_out(scope)).implode())
    found = {}
    for name, part in ((RECORDS, rows.filter(~by)), (JUDGEMENT, rows.filter(by))):
        figures = _figures(part.with_columns(cost=pl.lit(0.0)))
        figures.cost = scope.cost_of(part["lot"].to_list())
        found[name] = figures
    return found


def _places(scope: Scope, held: pl.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    drawn = held.select("lot", "drawn", pl.col("uom").fill_null(""))
    # What was consumed lives on in its outputs and is counted there.
    located = scope.places.filter(pl.col("place") != places.CONSUMED).join(drawn, on="lot")
    sums = located.group_by("place", "drawn", "uom").agg(pl.col("quantity").sum().round(6))
    found: dict[str, dict[str, dict[str, float]]] = {}
    for place, tier, unit, amount in sums.sort("place", "drawn", "uom").iter_rows():
        found.setdefault(place, {}).setdefault(tier, {})[unit] = amount
    return found


def located(scope: Scope, *wanted: str) -> int:
    """How many held lots are, at least in part, at one of these places."""
    held = pl.Series(scope.held, dtype=pl.Int64).implode()
    here = pl.col("place").is_in(list(wanted)) & pl.col("lot").is_in(held)
    return scope.places.filter(here)["lot"].n_unique()


def costs_by_lot(scope: Scope) -> dict[str, float]:
    """What acting on each held lot costs, by key."""
    rows = scope.costs.group_by("lot").agg(pl.col("cost").sum())
    keys = scope.lineage.lots["key"][rows["lot"]]
    return dict(zip(keys.to_list(), rows["cost"].to_list(), strict=True))


def leaving_next(scope: Scope) -> tuple[dict[str, float], int, dict[str, dict[str, object]]]:
    """Amounts by unit about to leave, how many documents carry them, the first line by lot."""
    lines = leaving(scope)
    keys = scope.lineage.lots["key"][scope.lots["lot"]].to_list()
    units = dict(zip(keys, scope.lots["uom"].to_list(), strict=True))
    amounts: Counter[str] = Counter()
    first: dict[str, dict[str, object]] = {}
    for line in lines:
        amounts[units.get(line["lot"]) or ""] += line["quantity"] or 0
        first.setdefault(line["lot"], line)
    return dict(amounts), len({line["document"] for line in lines}), first
