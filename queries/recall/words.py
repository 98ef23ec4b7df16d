"""Lots, steps, ways and cuts of a scope in words, in the language in force."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from graph_model.derived.carried import RESIDUE
from graph_model.i18n import text, time_text
from graph_model.interval import MAX, MIN
from queries.recall.contact import tanks
from queries.recall.contact.chains import LAST
from queries.recall.proof import BEFORE, Cut, Way
from queries.recall.roots import label
from queries.recall.rules import carry_over_limit
from queries.recall.scope import EXCLUDED, Scope


def moment(stamp: int) -> str | None:
    """ISO time of microseconds UTC; None when unbounded."""
    if stamp <= MIN or stamp >= MAX:
        return None
    return datetime.fromtimestamp(stamp / 1e6, UTC).isoformat(timespec="seconds")


def shown(stamp: int) -> str:
    """A moment as people read it."""
    if stamp <= MIN or stamp >= MAX:
        return "-"
    return time_text(stamp)


class Words:
    """Lots, steps, ways and cuts of a scope as people read them, by number in the cone."""

    def __init__(self, scope: Scope) -> None:
        cone, lineage = scope.worlds.cone, scope.worlds.cone.lineage
        self._scope = scope
        names = lineage.lots.select("key", "item_code", "lot_no", "sublot")[cone.lots]
        self.keys: list[str] = names["key"].to_list()
        self.items: list[str] = names["item_code"].to_list()
        self.lots = [label(*row) for row in names.drop("key").iter_rows()]
        self.operations: list[str] = cone.about["key"].str.strip_prefix(LAST).to_list()
        steps = lineage.operations.select("kind", number=pl.coalesce("work_order_no", "doc_no"))
        kinds = {kind: text(f"operation.{kind}") for kind in cone.about["kind"].unique()}
        self._numbers = [number or "" for number in steps["number"][cone.steps]]
        self.steps = [
            f"{kinds[kind]} {number or ''}".strip()
            for kind, number in steps[cone.steps].iter_rows()
        ]
        self._match = set(cone.number(scope.roots.match).tolist())
        self._failed = set(cone.number(scope.failed).tolist()) - self._match

    def reason(self, at: int, tier: str) -> str:
        """Why the lot has its tier."""
        proof = self._scope.proof
        if tier == EXCLUDED:
            if (rule := proof.own(at)) is not None:
                return text(f"reason.{rule}")
            apart = proof.cuts(at)
            return self.cut(deciding(apart)) if apart else text("reason.excluded")
        way = proof.way(at)
        return self._root(at) if way is None else self.way(way)

    def root(self, at: int) -> str:
        """What makes a lot a root: `failed` where only an inspection does."""
        return "failed" if at in self._failed else "root"

    def _root(self, at: int) -> str:
        if at in self._failed:
            lot = int(self._scope.worlds.cone.lots[at])
            found = self._scope.case.inspected.about(self._scope.lineage, lot)
            return text("reason.failed", inspections=", ".join(found["key"]))
        return text("reason.root" if at in self._match else "reason.cannot_rule_out")

    def way(self, way: Way) -> str:
        """How a lot was reached."""
        sources = ", ".join(self.lots[lot] for lot in self._scope.proof.sources(way))
        step = {"operation": self.steps[way.step], "number": self._numbers[way.step]}
        return text(f"reason.{way.rule}", lots=sources, **step)

    def since(self, at: int) -> str:
        """From when a lot can carry it, where that is not its whole time."""
        since = int(self._scope.worlds.since[at])
        return text("reason.since", moment=shown(since)) if MIN < since < MAX else ""

    def cut(self, cut: Cut) -> str:
        """Why an input did not bring the hazard into the lot."""
        return text(
            f"cut.{cut.rule}",
            source=self.lots[cut.source],
            lot=self.lots[cut.lot],
            begin=shown(cut.begin),
            end=shown(cut.end),
            validation=self._validation(cut) if cut.rule == carry_over_limit.RULE.name else "",
        )

    def _validation(self, cut: Cut) -> str:
        """What validated the limits of the tank that a step is of."""
        scope = self._scope
        limits = tanks.named(scope.facts, scope.case.hazard, scope.case.rulebook)
        site = scope.worlds.cone.lineage.operations["site"][int(scope.worlds.cone.steps[cut.step])]
        here = [limit for place, limit in limits.items() if place == site] or limits.values()
        return ", ".join(sorted({limit.validation for limit in here}))


def deciding(apart: list[Cut]) -> Cut:
    """Of what keeps a lot out, a cut of its own before inputs that are themselves excluded."""
    return next((cut for cut in apart if cut.rule != BEFORE), apart[0])


def why(scope: Scope, lot: int) -> list[str]:
    """The whole witness of a lot, by number in the plant, or its cuts, a line each."""
    tier = scope.tiers[lot]
    at = int(scope.worlds.cone.number(np.array([lot]))[0])
    words = Words(scope)
    if tier == EXCLUDED:
        return [words.cut(cut) for cut in scope.proof.cuts(at)]
    lines = []
    cone = scope.worlds.cone
    for reached, way in scope.proof.witness(at):
        if cone.recorded[reached]:
            lines.append(f"{words.lots[reached]}: {words.way(way)}{words.since(reached)}")
        elif cone.material[reached]:
            lines.append(_through(cone.lineage.lots.row(int(cone.lots[reached]), named=True)))
    return lines or [words.reason(at, tier)]


def _through(derived: dict[str, Any]) -> str:
    """A lot that only rules know, on the way to a recorded one."""
    if derived["kind"] == RESIDUE:
        return text("reason.through_residue", order=derived["lot_no"])
    if not derived["item_code"]:
        return text("reason.through_unknown_orders")
    return text("reason.through_mixed_stock", item=derived["item_code"])
