"""The lots of a scope as rows: what leaves first stands first, each with place, cost and reason."""

from __future__ import annotations

from typing import Any

from dashboard import words
from dashboard.components.parts import tier_of
from dashboard.url import State
from dashboard.visit import Judged, Visit
from dashboard.workbench.question import Question
from graph_model.i18n import text
from queries.names import Names
from queries.recall import overview, places

TABS = ("scope", "excluded", "all")
_RANK = {"certain": 0, "recorded": 1, "mixed": 2, "contact": 3, "excluded": 4}
_ORDER = (places.ON_HAND, places.IN_PROCESS, places.IN_TRANSIT, places.SHIPPED, places.RETURNED,
          places.SCRAPPED, places.CONSUMED, places.SEARCH)  # fmt: skip


def rows(visit: Visit, question: Question, state: State) -> list[dict[str, Any]]:
    """The rows of the chosen tab, leaving next first, then by tier."""
    tab = state.one("tab", "scope")
    recorded = question.recorded
    found = recorded.once(
        ("rows", words.language()), lambda _scope: _rows(visit, recorded, state.whole("as_of"))
    )
    gone = _leaving_with(question)
    priced = visit.can("price.see")
    return [
        row | {"leaves": row["key"] in gone, "cost": row["cost"] if priced else None}
        for row in found
        if tab not in TABS[:2] or (row["tier"] == "excluded") == (tab == "excluded")
    ]


def _leaving_with(question: Question) -> set[str]:
    """Keys of lots that the what-if takes out."""
    if question.what_if is None:
        return set()
    # What is tried out may have derived the flows again: keys are the same, numbers are not.
    before, after = (
        set(scope.lineage.lots["key"][scope.held].to_list())
        for scope in (question.recorded.scope, question.what_if.scope)
    )
    return before - after


def _rows(visit: Visit, judged: Judged, as_of: int | None) -> list[dict[str, Any]]:
    names = visit.names(as_of)
    costs = judged.once("costs", overview.costs_by_lot)
    _, _, leaving = judged.once("leaving", overview.leaving_next)
    made = [
        _row(visit, lot, names, costs.get(lot["key"]), leaving.get(lot["key"]))
        for lot in judged.told["lots"]
    ]
    return sorted(made, key=lambda row: (row["when"] or "~", _RANK[row["tier"]]))


def _row(
    visit: Visit,
    lot: dict[str, Any],
    names: Names,
    cost: float | None,
    line: dict[str, Any] | None,
) -> dict[str, Any]:
    tier = tier_of(lot["tier"], lot["grade"])
    held = lot["tier"] != "excluded"
    return {
        "key": lot["key"],
        "tier": tier,
        "tier_name": text(f"screen.tier.{tier}"),
        "lot_no": lot["lot_no"] or words.unknown(),
        "sublot": lot["sublot"],
        "owner": names.company(lot["owner"]),
        "item": names.item(None, lot["item"]),
        "at_most": lot["affected_at_most"] if held else lot["quantity"],
        "unit": words.unit(lot["unit"]),
        "where": where(visit, lot["places"], names, line),
        "urgent": line is not None,
        "when": str(line["when"] or "") if line else "",
        "cost": cost if held else None,
        "why": lot["reason"],
    }


def where(visit: Visit, located: dict[str, Any], names: Names, line: dict[str, Any] | None) -> str:
    """Where a lot is, what is about to leave first."""
    if line is not None:
        when = line["when"]
        if when is None:
            return text("screen.where.leaves_undated", document=line["document"])
        shown = words.brief(words.stamp(str(when)), visit.zone)
        return text("screen.where.leaves", when=shown, document=line["document"])
    parts = [_place(place, located[place], names) for place in _ORDER if place in located]
    return text("screen.comma").join(parts[:3]) or words.unknown()


def _place(place: str, amount: Any, names: Names) -> str:
    label = text(f"screen.place.{place}")
    if not isinstance(amount, dict):
        shown = words.unknown() if amount is None else words.number(amount)
        return label if amount == 0 else f"{label} {shown}"
    if place in (places.SHIPPED, places.IN_TRANSIT) and len(amount) > 1:
        return text("screen.where.customers", place=label, count=len(amount))
    at = [key for key in amount if key]
    if place in (places.SHIPPED, places.IN_TRANSIT) and at:
        return f"{label}{text('screen.comma')}{names.company(at[0].rpartition('/')[2])}"
    if at:
        return f"{label}{text('screen.comma')}{names.site(at[0])}"
    unknown = None in amount.values()
    return f"{label} {words.unknown() if unknown else words.number(sum(amount.values()))}"
