"""An incident over time: what came back and what is unaccounted, and what is committed already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from graph_model import cases
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Item
from queries.incidents import figures, holds, notices, scopes
from queries.incidents.cases import Home, find
from queries.recall import cost, tables
from queries.recall.places import SHIPPED

SPENT = ("scrap", "rework", "return")
"""Dispositions that cost what acting on goods costs; used or released goods do not."""
BACK = ("found", "recovered", "destroyed", "used")


@dataclass(frozen=True)
class _Until:
    """The fold of a batch without what was done in incidents after a moment."""

    recorded: Facts
    batch: int
    head: str
    at: int

    def __getitem__(self, kind: type) -> pl.DataFrame:
        rows = self.recorded[kind]
        return rows.filter(pl.col("at") <= self.at) if kind is cases.Deed else rows


def over_time(facts: Facts, lineage: Lineage, incident: str, home: Home) -> list[dict[str, Any]]:
    """Day by day and unit: `back` (found, recovered, destroyed, used so far) and `unaccounted` at
    its end, beginning with the day on which the incident was opened.

    Unaccounted is of the newest frozen scope, with what was answered and searched up to that day.
    """
    zone = ZoneInfo(home.zone)
    opened = find(facts, incident)["opened_at"]
    rows = figures.over_time(facts, incident, home)
    first = datetime.fromtimestamp((opened or 0) / 1e6, zone).date().isoformat()
    days = sorted({first, *(row["day"] for row in rows)})
    return [one for day in days for one in _day(facts, lineage, incident, rows, day, zone)]


def _day(
    facts: Facts, lineage: Lineage, incident: str, rows: list[dict[str, Any]], day: str,
    zone: ZoneInfo,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    night = datetime.fromisoformat(day).replace(tzinfo=zone) + timedelta(days=1)
    until = _Until(facts, facts.batch, facts.head, round(night.timestamp() * 1e6) - 1)
    lost = scopes.lost(until, lineage, incident)
    so_far = {row["uom"]: row for row in rows if row["day"] <= day}
    for unit in sorted(lost.keys() | so_far.keys()):
        row = so_far.get(unit, {})
        back = sum(row.get(name, 0.0) for name in BACK)
        yield {"day": day, "unit": unit, "back": round(back, 6),
               "unaccounted": lost.get(unit, {}).get("total", 0.0)}  # fmt: skip


def committed(facts: Facts, lineage: Lineage, incident: str) -> float:
    """What acting on goods costs that were disposed of, or sent back or destroyed by customers.

    Each in proportion to its amount there; what a recall or party costs once is not in it.
    """
    lines = cost.prices(tables.costs(facts), lineage, facts[Item]).lines
    sums = lines.group_by("lot", "place").agg(pl.col("cost").sum())
    prices = {(lot, place): amount for lot, place, amount in sums.iter_rows()}
    number = {key: int(n) for key, n in _numbers(facts, lineage, incident)}
    total = 0.0
    for line in holds.lines(facts, incident):
        spent = sum(line.held.disposed.get(one, 0.0) for one in SPENT)
        if line.held.expected > 0 and spent > 0:
            share = min(1.0, spent / line.held.expected)
            spot = number.get(line.hold["lot"], -1), line.hold["place"]
            total += share * prices.get(spot, 0.0)
    shipped, back = _answered(facts, incident)
    for lot, amount in back.items():
        if shipped.get(lot):
            share = min(1.0, amount / shipped[lot])
            total += share * prices.get((number.get(lot, -1), SHIPPED), 0.0)
    return round(total, 2)


def _numbers(facts: Facts, lineage: Lineage, incident: str) -> Iterator[tuple[str, int]]:
    keys = {line.hold["lot"] for line in holds.lines(facts, incident)}
    keys |= {row["lot"] for party in notices.listing(facts, incident) for row in party["lots"]}
    named = sorted(key for key in keys if key)
    return zip(named, lineage.number(named).tolist(), strict=True)


def _answered(facts: Facts, incident: str) -> tuple[dict[str, float], dict[str, float]]:
    """By lot what was shipped, and what of it customers sent back or destroyed."""
    shipped: dict[str, float] = {}
    back: dict[str, float] = {}
    for party in notices.listing(facts, incident):
        for row in party["lots"]:
            if row["lot"]:
                shipped[row["lot"]] = shipped.get(row["lot"], 0.0) + row["shipped"]
                said = row.get("recovered", 0.0) + row.get("destroyed", 0.0)
                back[row["lot"]] = back.get(row["lot"], 0.0) + said
    return shipped, back
