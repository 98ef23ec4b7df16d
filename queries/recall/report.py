"""A scope as JSON and in words; the shape is documented in docs/cli.md and stable."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from graph_model.i18n import text
from graph_model.interval import MAX, MIN
from graph_model.lineage import Index
from graph_model.schema import Site
from queries.recall import places
from queries.recall.proof import BEFORE, Cut, Way
from queries.recall.roots import label
from queries.recall.rules.examined import RULE as EXAMINED
from queries.recall.scope import CERTAIN, EXCLUDED, POSSIBLE, TIERS, Scope, rules_in_force
from queries.recall.worlds import GRADES


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
    return {
        "roots": {
            name: keys[getattr(scope.roots, name)].to_list()
            for name in ("match", "cannot_rule_out", "near")
        },
        "source": "undetermined" if scope.roots.effect else "given",
        "rules": rules_in_force(scope),
        "as_of": scope.facts.batch,
        "head": f"{scope.facts.batch}:{scope.facts.head}",
        "complete": not incomplete(scope),
        "missing": [entry.to_dict() for entry in scope.missing],
        "lots": _lots(scope),
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


def incomplete(scope: Scope) -> bool:
    """Whether something is missing that may change the answer."""
    harmless = {"data_until", "contact_not_considered", "near", "unpriced"}
    return any(entry.kind not in harmless for entry in scope.missing)


def _ordered(scope: Scope) -> pl.DataFrame:
    """Lots by tier and distance from the roots, with what identifies them."""
    rank = pl.col("tier").replace_strict(TIERS, range(len(TIERS)))
    rows = scope.lots.sort(rank, "depth", "lot")
    names = scope.lineage.lots.select("key", "item_code", "lot_no", "owner", "sublot")
    return pl.concat([rows, names[rows["lot"]]], how="horizontal")


def _lots(scope: Scope) -> list[dict[str, Any]]:
    """Every lot of the raw cone with its tier, why it has it, and where it is."""
    words, located = Words(scope), _places(scope)
    excluded = scope.lots.filter(pl.col("tier") == EXCLUDED)["at"].to_list()
    records = scope.proof.records(excluded) if excluded else {}
    found = []
    for row in _ordered(scope).iter_rows(named=True):
        share = row["share"]
        lot = {
            "key": row["key"],
            "item": row["item_code"],
            "lot_no": row["lot_no"],
            "owner": row["owner"],
            "sublot": row["sublot"],
            "tier": row["tier"],
            **_proof(scope, words, row["at"], row["tier"]),
            "quantity": row["quantity"],
            "unit": row["uom"],
            "affected_at_most": row["quantity"],
            "affected_share": None if share is None else round(share, 6),
            "places": located.get(row["lot"], {}),
            "grade": row["grade"],
        }
        if row["tier"] == EXCLUDED:
            lot |= {"affected_at_most": 0.0, "affected_share": 0.0}
            lot["cuts"] = [_cut(words, cut, records) for cut in scope.proof.cuts(row["at"])]
        found.append(lot)
    return found


def _proof(scope: Scope, words: Words, at: int, tier: str) -> dict[str, Any]:
    if tier == EXCLUDED:
        apart = scope.proof.cuts(at)
        rule = _deciding(apart).rule if apart else BEFORE
        rule = EXAMINED.name if scope.worlds.clean[at] else rule
        return {"rule": rule, "reason": words.reason(at, tier), "via": []}
    way = scope.proof.way(at)
    via = [words.keys[lot] for lot in scope.proof.sources(way)] if way else []
    return {"rule": way.rule if way else "root", "reason": words.reason(at, tier), "via": via}


def _deciding(apart: list[Cut]) -> Cut:
    """Of what keeps a lot out, a cut of its own before inputs that are themselves excluded."""
    return next((cut for cut in apart if cut.rule != BEFORE), apart[0])


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


class Words:
    """Lots, steps, ways and cuts of a scope as people read them, by number in the cone."""

    def __init__(self, scope: Scope) -> None:
        cone, lineage = scope.worlds.cone, scope.lineage
        self._scope = scope
        names = lineage.lots.select("key", "item_code", "lot_no", "sublot")[cone.lots]
        self.keys: list[str] = names["key"].to_list()
        self.items: list[str] = names["item_code"].to_list()
        self.lots = [label(*row) for row in names.drop("key").iter_rows()]
        self.operations: list[str] = cone.about["key"].to_list()
        steps = lineage.operations.select("kind", number=pl.coalesce("work_order_no", "doc_no"))
        kinds = {kind: text(f"operation.{kind}") for kind in cone.about["kind"].unique()}
        self.steps = [
            f"{kinds[kind]} {number or ''}".strip()
            for kind, number in steps[cone.steps].iter_rows()
        ]
        self._match = set(cone.number(scope.roots.match).tolist())

    def reason(self, at: int, tier: str) -> str:
        """Why the lot has its tier."""
        proof = self._scope.proof
        if tier == EXCLUDED:
            if self._scope.worlds.clean[at]:
                return text("reason.examined")
            apart = proof.cuts(at)
            return self.cut(_deciding(apart)) if apart else text("reason.excluded")
        way = proof.way(at)
        if way is None:
            return text("reason.root" if at in self._match else "reason.cannot_rule_out")
        return self.way(way)

    def way(self, way: Way) -> str:
        """How a lot was reached."""
        sources = ", ".join(self.lots[lot] for lot in self._scope.proof.sources(way))
        return text(f"reason.{way.rule}", lots=sources, operation=self.steps[way.step])

    def cut(self, cut: Cut) -> str:
        """Why an input did not bring the hazard into the lot."""
        return text(
            f"cut.{cut.rule}",
            source=self.lots[cut.source],
            lot=self.lots[cut.lot],
            begin=_shown(cut.begin),
            end=_shown(cut.end),
        )


def why(scope: Scope, lot: int) -> list[str]:
    """The whole witness of a lot, by number in the plant, or its cuts, a line each."""
    tier = scope.tiers[lot]
    at = int(scope.worlds.cone.number(np.array([lot]))[0])
    words = Words(scope)
    if tier == EXCLUDED:
        return [words.cut(cut) for cut in scope.proof.cuts(at)]
    lines = []
    recorded = scope.lineage.recorded[scope.worlds.cone.lots]
    for reached, way in scope.proof.witness(at):
        if recorded[reached]:
            lines.append(f"{words.lots[reached]}: {words.way(way)}")
        else:
            lines.append(text("reason.through_mixed_stock", item=words.items[reached]))
    return lines or [words.reason(at, tier)]


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
    lineage, worlds, cone = scope.lineage, scope.worlds, scope.worlds.cone
    step, lot = cone.inputs.step, cone.inputs.lot
    used = np.unique(step[worlds.grade[lot] > 0])
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


def leaving(scope: Scope) -> list[dict[str, Any]]:
    """Lots of the scope that are planned or picked, soonest first."""
    lines = places.shipped_lines(scope.lineage, scope.held)
    lines = lines.filter(pl.col("status").is_in(["planned", "picked"]).fill_null(False))
    keys = scope.lineage.lots["key"]
    return [
        {
            "lot": keys[row["lot"]],
            "tier": scope.tiers[row["lot"]],
            "quantity": row["quantity"],
            "document": row["delivery_no"],
            "when": moment(row["ship_earliest"]) if row["ship_earliest"] is not None else None,
        }
        for row in lines.sort("ship_earliest", "delivery_no", nulls_last=True).iter_rows(named=True)
    ]


def customers(scope: Scope) -> list[dict[str, Any]]:
    """Who received or holds lots of the scope: the best tier, lots, amount and documents.

    Nobody surely has a lot that only a draft, a proposal or a rule says they have.
    """
    lines = _all_lines(scope).filter(
        ~pl.col("status").is_in(["planned", "picked"]).fill_null(False)
        & pl.col("customer").is_not_null()
    )
    tiers = scope.lots.select("lot", "tier")
    lines = pl.concat([lines, _held_elsewhere(scope)], how="diagonal_relaxed")
    lines = lines.with_columns(
        pl.col("lot").cast(pl.Int64), key=scope.lineage.lots["key"][lines["lot"]]
    ).join(tiers, on="lot", how="left", maintain_order="left")
    certain = ((pl.col("tier") == CERTAIN) & ~pl.col("doubtful")).any()
    listed = pl.col("key").filter(pl.col("tier").is_not_null()).unique().sort()
    grouped = lines.group_by("customer").agg(
        tier=pl.when(certain).then(pl.lit(CERTAIN)).otherwise(pl.lit(POSSIBLE)),
        lots=listed,
        quantity=pl.col("quantity").sum(),
        shipments=pl.col("delivery_no").drop_nulls().unique().sort(),
    )
    return grouped.sort("customer").to_dicts()


def _all_lines(scope: Scope) -> pl.DataFrame:
    """Shipment lines of the scope, also those that took from its mixed stock."""
    worlds = scope.worlds
    return places.shipped_lines(scope.lineage, worlds.cone.lots[worlds.grade > 0])


def _held_elsewhere(scope: Scope) -> pl.DataFrame:
    """What came to places that another party holds: consignment, subcontractors, carriers."""
    theirs = pl.col("holder").is_not_null() & pl.col("holder_kind").ne_missing("own")
    sites = scope.facts[Site].filter(theirs).select(to_place="key", customer="holder")
    lineage = scope.lineage
    columns = ["lot", "to_place", "quantity", "doubtful", "rule", "doc_no"]
    rows = lineage.produced.select(columns)[lineage.origins.at(scope.held)]
    rows = rows.filter(pl.col("rule").is_null()).join(sites, on="to_place")
    return rows.rename({"doc_no": "delivery_no"}).drop("to_place", "rule")


def totals(scope: Scope) -> dict[str, Any]:
    """Lots, amounts and cost by tier; possible lots by grade."""
    counts = dict(scope.lots.group_by("tier").len().iter_rows())
    possible = scope.lots.filter(pl.col("tier") == POSSIBLE).group_by("grade").len()
    grades = dict.fromkeys([*GRADES, "contact"], 0) | dict(possible.iter_rows())
    return {
        "lots": {
            CERTAIN: counts.get(CERTAIN, 0),
            POSSIBLE: grades,
            EXCLUDED: counts.get(EXCLUDED, 0),
        },
        "quantity": {name: _quantities(scope, name) for name in TIERS},
        "cost": {name: _costs(scope, name) for name in (CERTAIN, POSSIBLE)},
        "currency": scope.table.currency,
    }


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
