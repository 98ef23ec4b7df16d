"""Frozen scopes: what a scope said as of a batch, kept as facts, and what differs since."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from graph_model import cases, keys
from graph_model.network import Facts
from graph_model.schema import conform
from queries.recall import parties as consignees
from queries.recall.scope import EXCLUDED, Scope, rules_in_force
from queries.recall.totals import incomplete

HELD = ("certain", "possible")


def rows(
    scope: Scope, incident: str, *, cause: str, person: str, at: int
) -> dict[str, pl.DataFrame]:
    """The scope as facts by kind: its head, its lots, its parties."""
    facts = scope.facts
    key = keys.join("scope", incident, str(facts.batch), str(at))
    lots, parties = lots_of(scope), parties_of(scope)
    counts = dict(scope.lots.group_by("tier").len().iter_rows())
    head = {
        "key": key, "incident": incident, "as_of": facts.batch, "head": facts.head,
        "asked": json.dumps(scope.asked.given(), ensure_ascii=False, sort_keys=True),
        "rules": json.dumps(rules_in_force(scope), ensure_ascii=False, sort_keys=True, default=str),
        "digest": digest(lots, parties), "certain": counts.get("certain", 0),
        "possible": counts.get("possible", 0), "excluded": counts.get(EXCLUDED, 0),
        "customers": parties["customer"].n_unique(), "complete": not incomplete(scope),
        "cost": round(scope.cost_of(scope.held), 2), "blanket": round(scope.blanket.cost, 2),
        "currency": scope.table.currency, "cause": cause, "person": person, "at": at,
    }  # fmt: skip
    of_lot = pl.concat_str(pl.lit(f"{key}/"), pl.col("lot"))
    of_party = pl.concat_str(
        [pl.lit(f"{key}/party"), *(pl.col(c).fill_null("") for c in ("customer", "lot", "uom"))],
        separator="/",
    )
    return {
        "FrozenScope": conform(cases.FrozenScope, pl.DataFrame([head]), provenance=True),
        "FrozenLot": conform(
            cases.FrozenLot, lots.with_columns(key=of_lot, scope=pl.lit(key)), provenance=True
        ),
        "FrozenParty": conform(
            cases.FrozenParty,
            parties.with_columns(key=of_party, scope=pl.lit(key)),
            provenance=True,
        ),
    }


def lots_of(scope: Scope) -> pl.DataFrame:
    """lot (key), tier, grade, root, quantity, uom of every lot of the cone and of near roots."""
    names = scope.lineage.lots["key"]
    root = {
        names[int(lot)]: group
        for group in ("near", "cannot_rule_out", "match")
        for lot in getattr(scope.roots, group)
    }
    listed = scope.lots.select(
        "tier", "grade", "quantity", "uom", lot=names[scope.lots["lot"].to_numpy()]
    )
    roots = pl.DataFrame(
        {"lot": list(root), "root": list(root.values())},
        schema={"lot": pl.String, "root": pl.String},
    )
    return listed.join(roots, on="lot", how="full", coalesce=True).sort("lot")


def parties_of(scope: Scope) -> pl.DataFrame:
    """customer, tier, lot (null: mixed stock), quantity, uom of all that left the plant."""
    best = {one["customer"]: one["tier"] for one in consignees.customers(scope)}
    lines = consignees.received(scope)
    known = pl.col("tier").is_not_null() & (pl.col("tier") != EXCLUDED)
    found = (
        lines.with_columns(lot=pl.when(known).then("key"))
        .group_by("customer", "lot", "uom")
        .agg(pl.col("quantity").sum().round(6))
    )
    tier = pl.col("customer").replace_strict(best, default=None, return_dtype=pl.String)
    return found.with_columns(tier=tier).sort("customer", "lot", "uom")


def digest(lots: pl.DataFrame, parties: pl.DataFrame) -> str:
    """SHA-256 of lots, roots and what parties got of them: equal for equal scopes."""
    text = "\n".join(
        [
            *_lines(lots, "lot", "tier", "grade", "root"),
            "",
            *_lines(parties, "customer", "lot", "uom", "tier", "quantity"),
        ]
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _lines(frame: pl.DataFrame, *names: str) -> pl.Series:
    cells = [pl.col(name).cast(pl.String).fill_null("") for name in names]
    return frame.sort(names).select(pl.concat_str(cells, separator="\t")).to_series()


def kept_lots(facts: Facts, frozen: str) -> pl.DataFrame:
    """The lots of a frozen scope, by its key."""
    return facts[cases.FrozenLot].filter(pl.col("scope") == frozen)


@dataclass(frozen=True)
class Change:
    """What differs between a frozen scope and a later one: keys of lots, codes of parties."""

    added: list[str]
    removed: list[str]
    raised: list[str]
    lowered: list[str]
    parties: list[str]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def change(
    before: pl.DataFrame, after: pl.DataFrame, parties: tuple[set[str], set[str]] | None = None
) -> Change:
    """What came in, went out and changed tier between two tables of lots with tiers."""
    both = (
        before.select("lot", was=pl.col("tier"))
        .join(after.select("lot", now=pl.col("tier")), on="lot", how="full", coalesce=True)
        .with_columns(
            held=pl.col("was").is_in(HELD).fill_null(False),
            holds=pl.col("now").is_in(HELD).fill_null(False),
        )
        .sort("lot")
    )

    def lots(which: pl.Expr) -> list[str]:
        return both.filter(which)["lot"].to_list()

    both_held = pl.col("held") & pl.col("holds")
    old, new = parties or (set(), set())
    return Change(
        added=lots(~pl.col("held") & pl.col("holds")),
        removed=lots(pl.col("held") & ~pl.col("holds")),
        raised=lots(both_held & (pl.col("was") == "possible") & (pl.col("now") == "certain")),
        lowered=lots(both_held & (pl.col("was") == "certain") & (pl.col("now") == "possible")),
        parties=sorted(new - old),
    )
