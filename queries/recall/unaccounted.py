"""What of a scope nobody can lay hands on: the first figure a recall shows.

Unaccounted = shipped without an answer + searched and not found + unexplained by the mass balance.
A scope alone knows what the records say; what was found, missed or answered since is told to it.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from graph_model import quantity
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Item
from queries import balance
from queries.recall.scope import CERTAIN, POSSIBLE, Scope
from queries.recall.worlds import GRADES

ANSWERED, MISSING = "answered", "missing"
"""What an answer tells of: goods a recipient accounted for (held, used, sent back, destroyed), or
goods that were searched for at home and not found."""
ANSWERS = {"lot": pl.String, "kind": pl.String, "quantity": pl.Float64, "uom": pl.String}
PARTS = ("shipped_without_answer", "searched_not_found", "unexplained")
C = pl.col


def unaccounted(scope: Scope, answers: pl.DataFrame | None = None) -> pl.DataFrame:
    """`lost` of the lots that a scope holds."""
    return lost(scope.facts, scope.lineage, scope.balances, answers)


def lost(
    facts: Facts, lineage: Lineage, balances: pl.DataFrame, answers: pl.DataFrame | None = None
) -> pl.DataFrame:
    """lot (number), unit, PARTS, total, in_scope, known: a row for each balanced lot that is ours.

    `answers`: columns ANSWERS, any number of rows a lot. Goods that came back by record are
    answered too; a confirmation and a return of one delivery are told once, by the larger amount.
    `in_scope` is what did not become other lots. Where an amount is missing or cannot be converted
    `known` is false and the figures are those of the amounts that are known.
    """
    rows = balances.filter(C("state") != balance.NOT_OURS)
    told = _told(facts, lineage, rows, answers)
    rows = rows.join(told, on="lot", how="left").with_columns(
        C(ANSWERED, MISSING).fill_null(0.0), C("convertible").fill_null(True)
    )
    back = pl.max_horizontal("returned", ANSWERED)
    zero = pl.lit(0.0)
    rows = rows.with_columns(
        shipped_without_answer=pl.max_horizontal(C("shipped") - back, zero),
        searched_not_found=pl.max_horizontal(C(MISSING), zero),
        unexplained=pl.max_horizontal(C("unexplained").fill_null(0.0), zero),
    )
    here = C("on_hand").fill_null(0.0) + C("in_process") + C("scrapped") + C("samples")
    gone = pl.max_horizontal(C("shipped") - C("returned"), zero)
    return rows.select(
        "lot", C("unit").fill_null(""), *(C(part).round(quantity.DECIMALS) for part in PARTS),
        total=pl.sum_horizontal(PARTS).round(quantity.DECIMALS),
        in_scope=(here + gone + C("unexplained")).round(quantity.DECIMALS),
        known=(C("state") == balance.BALANCED) & C("convertible"),
    )  # fmt: skip


def _told(
    facts: Facts, lineage: Lineage, rows: pl.DataFrame, answers: pl.DataFrame | None
) -> pl.DataFrame:
    """lot, answered, missing in the unit of the lot's balance; whether all could be converted."""
    if answers is None:
        answers = pl.DataFrame(schema=ANSWERS)
    numbers = pl.Series("number", lineage.number(answers["lot"].to_list()), pl.Int64)
    told = answers.with_columns(lot=numbers).join(rows.select("lot", "item", "unit"), on="lot")
    told = quantity.to_item_unit(told, facts[Item])
    same = C("uom").eq_missing(C("unit")) | C("uom").is_null()
    told = told.with_columns(amount=pl.when(same).then("quantity").otherwise("amount"))
    return told.group_by("lot").agg(
        *(C("amount").filter(C("kind") == kind).sum().alias(kind) for kind in (ANSWERED, MISSING)),
        convertible=C("amount").is_not_null().all(),
    )


def by_unit(rows: pl.DataFrame) -> dict[str, dict[str, float]]:
    """By unit: total, PARTS and in_scope of the rows of `lost`."""
    sums = rows.group_by("unit").agg(C("total", *PARTS, "in_scope").sum().round(6)).sort("unit")
    return {row.pop("unit"): row for row in sums.to_dicts()}


def totals(scope: Scope, rows: pl.DataFrame) -> dict[str, Any]:
    """Unaccounted amounts by unit, their parts, by tier, and how many lots cannot be told."""
    sums = by_unit(rows)
    tiers = rows.join(scope.lots.select("lot", "tier", "grade"), on="lot")
    sure = tiers.filter(C("tier") == CERTAIN)
    return {
        "unaccounted": {unit: parts["total"] for unit, parts in sums.items()},
        "unaccounted_parts": sums,
        "unaccounted_by": {
            CERTAIN: _total(sure),
            POSSIBLE: {
                grade: _total(tiers.filter(C("tier") == POSSIBLE, C("grade") == grade))
                for grade in (*GRADES, "contact")
            },
        },
        "unaccounted_unknown": int((~rows["known"]).sum()),
    }


def _total(rows: pl.DataFrame) -> dict[str, float]:
    return dict(rows.group_by("unit").agg(C("total").sum().round(6)).sort("unit").iter_rows())
