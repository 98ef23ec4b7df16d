"""Figures of a whole scope: lots, amounts and cost by tier, and what it saves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from graph_model.quantity import DECIMALS
from graph_model.schema import Item
from queries import balance
from queries.recall import cost, evidence, released, unaccounted
from queries.recall.completeness import Missing
from queries.recall.contact_gaps import NOT_CONSIDERED
from queries.recall.places import ACTIVE
from queries.recall.scope import CERTAIN, EXCLUDED, POSSIBLE, TIERS, Scope
from queries.recall.worlds import GRADES

C = pl.col


def incomplete(scope: Scope) -> bool:
    """Whether something is missing that may change the answer."""
    return open_gaps(scope.missing)


def open_gaps(missing: Iterable[Missing]) -> bool:
    """Whether any of these may change an answer."""
    harmless = {"data_until", "near", "unpriced", "retracted", "rules_ignored", "stock_outdated"}
    return any(
        entry.kind not in harmless and not entry.kind.startswith(NOT_CONSIDERED)
        for entry in missing
    )


def totals(scope: Scope, lost: pl.DataFrame) -> dict[str, Any]:
    """Lots, amounts and cost by tier, the balance, and what is unaccounted (`lost`)."""
    counts = dict(scope.lots.group_by("tier").len().iter_rows())
    possible = scope.lots.filter(pl.col("tier") == POSSIBLE).group_by("grade").len()
    grades = dict.fromkeys(GRADES, 0) | dict(possible.iter_rows())
    return {
        **unaccounted.totals(scope, lost),
        "balance": _balance(scope.balances),
        "places_unknown": _places_unknown(scope),
        "affected": affected(scope),
        "lots": {
            CERTAIN: counts.get(CERTAIN, 0),
            POSSIBLE: grades,
            EXCLUDED: counts.get(EXCLUDED, 0),
            "excluded_by": evidence.excluded_by(scope),
        },
        "released_on_test": released.counts(scope),
        "quantity": {name: _quantities(scope, name) for name in TIERS},
        "cost": {name: _costs(scope, name) for name in (CERTAIN, POSSIBLE)},
        **money(scope),
        "currency": scope.table.currency,
    }


def _places_unknown(scope: Scope) -> int:
    """How many held lots have a place with an unknown amount that one would act on."""
    held = C("lot").is_in(pl.Series(scope.held).implode())
    vague = C("place").is_in(ACTIVE) & (C("unknown") > 0)
    return scope.places.filter(held & vague)["lot"].n_unique()


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


def affected(scope: Scope) -> dict[str, Any]:
    """Affected amounts by unit: at most, likely, and what of it is unknown."""
    rows = pl.concat([scope.lots, scope.affected], how="horizontal")
    rows = rows.filter(C("tier") != EXCLUDED)
    vague = C("likely").is_null()
    sums = rows.group_by(C("uom").fill_null("").alias("unit")).agg(
        C("at_most", "likely").sum().round(DECIMALS),
        unknown=C("at_most").filter(vague).sum().round(DECIMALS),
        unknown_lots=vague.sum(),
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


# ---------------------------------------------------------------------------- cost


def money(scope: Scope) -> dict[str, Any]:
    """Cost as a range by tier and grade, lines with their sources, and what comes back."""
    table = scope.table
    rows = scope.costs.join(scope.lots.select("lot", "tier", "grade"), on="lot")
    rows = rows.with_columns(grade=pl.when(C("tier") == POSSIBLE).then("grade"))
    acting = _range(rows)
    fixed = table.fixed() if len(scope.held) else {}
    once = sum(fixed.values())
    back = {name: sum(table.recovered(sum_).values()) for name, sum_ in acting.items()}
    prices = cost.prices(table, scope.lineage, scope.facts[Item])
    return {
        "cost_by": {
            CERTAIN: _range(rows.filter(C("tier") == CERTAIN)),
            POSSIBLE: {
                grade: _range(rows.filter(C("tier") == POSSIBLE, C("grade") == grade))
                for grade in (*GRADES, "contact")
            },
        },
        "cost_lines": [_line(table, row) for row in _summed(rows)],
        "cost_fixed": fixed,
        "cost_recovered": _rounded(table.recovered(acting["likely"])) if len(scope.held) else {},
        "cost_total": {
            "acting": acting,
            "fixed": once,
            "net": {name: round(sum_ + once - back[name], 2) for name, sum_ in acting.items()}
            if len(scope.held)
            else acting,
        },
        "cost_unbounded": int(prices.unbounded[scope.held].sum()),
    }


def _rounded(sums: dict[str, float]) -> dict[str, float]:
    return {name: round(amount, 2) for name, amount in sums.items()}


def _range(rows: pl.DataFrame) -> dict[str, float]:
    return _rounded(
        {name: float(rows[column].sum()) for name, column in
         zip(("low", "likely", "high"), cost.RANGE, strict=True)}
    )  # fmt: skip


def _summed(rows: pl.DataFrame) -> list[dict[str, Any]]:
    keys = ["tier", "grade", "place", "cost_type"]
    sums = rows.group_by(keys).agg(C(cost.RANGE).sum().round(2), lots=C("lot").n_unique())
    return sums.filter((C("low") != 0) | (C("high") != 0)).sort(keys, nulls_last=True).to_dicts()


def _line(table: cost.CostTable, row: dict[str, Any]) -> dict[str, Any]:
    """A line of the bill with the figures that it is made of and where these are from."""
    date, source = table.source_of(row["place"], row["cost_type"])
    figures = table.figures[row["place"]][row["cost_type"]]
    likely = row.pop("cost")
    return {**row, "likely": likely, "figures": figures, "date": date, "source": source}
