"""What reports read of a scope: one place that knows its fields by name.

A field that a scope does not have is None here, and a report leaves its line out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from api.reports import figures
from api.reports.document import MARKS, mark
from api.reports.names import Names
from graph_model.i18n import text
from graph_model.interval import in_force
from graph_model.schema import Decision
from queries.recall import places, report
from queries.recall.scope import EXCLUDED, Scope

Lot = Mapping[str, Any]
HOLDABLE = (places.ON_HAND, places.IN_PROCESS, places.PICKED, places.RETURNED, places.SEARCH)
"""Places where goods of a scope can be stopped, found or looked for."""
UNDER_WAY = ("planned", "picked")


@dataclass(frozen=True)
class Delivery:
    """One shipment line of a scope. `lot` is None for what was taken from mixed stock."""

    customer: str | None
    delivery_no: str | None
    when: int | None
    lot: str | None
    shown: str
    quantity: float | None
    uom: str | None
    mark: str
    sent: bool


class ScopeFields:
    """A scope with everything in words, and the sums that reports print."""

    def __init__(
        self, scope: Scope, names: Names | None = None, answers: pl.DataFrame | None = None
    ) -> None:
        self.scope = scope
        self.whole: dict[str, Any] = report.to_dict(scope, answers)
        self.names = names or Names.of(scope.facts)
        self.lots: list[Lot] = self.whole["lots"]
        self.held = [lot for lot in self.lots if lot["tier"] != EXCLUDED]
        self.excluded = [lot for lot in self.lots if lot["tier"] == EXCLUDED]

    # ------------------------------------------------------------------ single values

    @property
    def hazard(self) -> str:
        """The hazard, in words."""
        given = self.scope.case.hazard
        words = figures.word("report.hazard", given.kind)
        return f"{words}: {given.agent}" if given.agent else words

    @property
    def unaccounted(self) -> dict[str, float] | None:
        """Amounts that nothing explains, by unit."""
        found: dict[str, float] = self.whole["totals"]["unaccounted"]
        return found or None

    @property
    def evidence(self) -> Sequence[Mapping[str, Any]]:
        """Evidence that the scope used, each with what it took out."""
        found = self.whole.get("evidence") or []
        return list(found) if isinstance(found, list) else list(found.get("used", []))

    @property
    def decisions(self) -> Sequence[Mapping[str, Any]]:
        """Decisions of named persons in force, oldest first."""
        return in_force(self.scope.facts[Decision]).to_dicts()

    @property
    def state(self) -> str:
        """The completeness line."""
        if self.whole["complete"]:
            return text("report.complete")
        kinds = sum(1 for entry in self.whole["missing"] if entry["kind"] != "data_until")
        return text("report.incomplete", kinds=kinds)

    @property
    def currency(self) -> str:
        """Currency of all costs."""
        return str(self.whole["totals"]["currency"])

    # ------------------------------------------------------------------ sums

    def mark_of(self, lot: Lot) -> str:
        """How a lot is judged."""
        return mark(lot["tier"], lot["grade"])

    def counts(self) -> dict[str, int]:
        """Lots by how they are judged."""
        found = dict.fromkeys(MARKS, 0)
        for lot in self.lots:
            found[self.mark_of(lot)] = found.get(self.mark_of(lot), 0) + 1
        return found

    def quantities(self, lots: Iterable[Lot]) -> dict[str, float]:
        """Amounts of lots by unit."""
        sums: dict[str, float] = defaultdict(float)
        for lot in lots:
            if lot["quantity"] is not None:
                sums[lot["unit"] or ""] += lot["quantity"]
        return dict(sorted(sums.items()))

    @cached_property
    def costs(self) -> dict[str, float]:
        """Cost by how the lots are judged."""
        marks = pl.DataFrame(
            {"lot": self.scope.lots["lot"], "mark": [self._marks[lot] for lot in self._numbers]}
        )
        rows = self.scope.costs.join(marks, on="lot", how="inner")
        return dict(rows.group_by("mark").agg(pl.col("cost").sum()).iter_rows())

    @cached_property
    def _numbers(self) -> list[int]:
        return self.scope.lots["lot"].to_list()

    @cached_property
    def _marks(self) -> dict[int, str]:
        rows = self.scope.lots.select("lot", "tier", "grade").iter_rows()
        return {lot: mark(tier, grade) for lot, tier, grade in rows}

    @cached_property
    def by_place(self) -> dict[str, dict[str, tuple[int, dict[str, float]]]]:
        """place -> mark -> (lots, amounts by unit) of held lots."""
        units = dict(self.scope.lots.select("lot", "uom").iter_rows())
        lots: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        sums: dict[str, dict[str, dict[str, float]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(float))
        )
        for lot, place, _, quantity in self._located:
            judged = self._marks[lot]
            lots[place][judged].add(lot)
            sums[place][judged][units[lot] or ""] += quantity
        return {
            place: {judged: (len(found), dict(sums[place][judged])) for judged, found in of.items()}
            for place, of in lots.items()
        }

    @property
    def _located(self) -> list[tuple[int, str, str, float]]:
        rows = self.scope.places.select("lot", "place", "at", "quantity").iter_rows()
        return [row for row in rows if self._marks[row[0]] != EXCLUDED]

    # ------------------------------------------------------------------ lists

    def hold_list(self) -> list[dict[str, Any]]:
        """What to stop or look for: warehouse, bin, place, lot, amount, mark; in walking order."""
        about = self.scope.lineage.lots.select("key", "item", "item_code", "lot_no", "sublot")
        units = dict(self.scope.lots.select("lot", "uom").iter_rows())
        found = []
        for lot, place, at, quantity in self._located:
            if place not in HOLDABLE:
                continue
            row = about.row(lot, named=True)
            here = place == places.ON_HAND and bool(at)
            warehouse, bin_ = self.names.warehouse(at) if here else (text(f"place.{place}"), "–")
            found.append(
                {
                    "warehouse": warehouse, "bin": bin_, "place": place,
                    "key": row["key"], "item": self.names.item(row["item"], row["item_code"]),
                    "lot_no": row["lot_no"], "sublot": row["sublot"],
                    "quantity": quantity, "uom": units[lot], "mark": self._marks[lot],
                }
            )  # fmt: skip
        rank = {place: at for at, place in enumerate(HOLDABLE)}
        return sorted(
            found,
            key=lambda row: (rank[row["place"]], row["warehouse"], row["bin"], row["item"],
                             row["lot_no"], row["sublot"]),
        )  # fmt: skip

    @cached_property
    def deliveries(self) -> list[Delivery]:
        """Shipment lines of the scope, also those from its mixed stock, by customer and date."""
        lineage = self.scope.lineage
        lines = places.shipped_lines(lineage, self.scope.worlds.reached)
        keys = lineage.lots["key"]
        found = []
        for row in lines.iter_rows(named=True):
            judged = self._marks.get(row["lot"])
            key = keys[row["lot"]] if judged else None
            # Nobody surely has what only a draft, a proposal or a rule says they have.
            if judged is None or (judged == "certain" and row["doubtful"]):
                judged = "mixed_stock" if judged is None else "recorded"
            found.append(
                Delivery(
                    row["customer"], row["delivery_no"], row["ship_earliest"], key,
                    figures.lot(keys[row["lot"]]), row["quantity"], row["uom"], judged,
                    row["status"] not in UNDER_WAY,
                )
            )  # fmt: skip
        return sorted(
            found,
            key=lambda one: (one.customer or "", one.when or 0, one.delivery_no or "", one.shown),
        )

    def delivered(self) -> dict[str | None, dict[str, float]]:
        """Amounts sent by customer and unit."""
        sums: dict[str | None, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for line in self.deliveries:
            if line.sent and line.quantity is not None:
                sums[line.customer][line.uom or ""] += line.quantity
        return {customer: dict(units) for customer, units in sums.items()}
