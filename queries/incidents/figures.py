"""Incidents in figures: what waits for a decision, what is unaccounted, what it costs and took."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from graph_model import cases
from graph_model.interval import in_force
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Decision
from queries.incidents import alerts, claims, holds, notices, scopes
from queries.incidents.cases import (
    OPEN,
    Home,
    clocks,
    deeds,
    events,
    find,
    last_frozen,
    status,
    whole,
)
from queries.incidents.frozen import kept_lots


def waiting(facts: Facts, incident: str | None = None) -> list[dict[str, Any]]:
    """What waits for a named person in open incidents, oldest first.

    `root`: a lot that cannot be ruled out as a root; `release`: asked for, no second person yet;
    `source`: only effects are known and no hypothesis is chosen; `alert`: nobody saw it.
    """
    found: list[dict[str, Any]] = []
    for row in facts[cases.Incident].sort("opened_at", "key").iter_rows(named=True):
        own = deeds(facts, row["key"])
        if status(own) == OPEN and incident in (None, row["key"]):
            about = {"incident": row["key"], "number": row["incident_no"]}
            found += [about | one for one in _waiting(facts, row, own)]
    return found


def _waiting(facts: Facts, row: dict[str, Any], own: pl.DataFrame) -> list[dict[str, Any]]:
    frozen = last_frozen(facts, row["key"])
    lots = kept_lots(facts, frozen["key"] if frozen else "")
    ruled = in_force(facts[Decision]).filter(pl.col("kind") == "rule_out_root")["subject"]
    roots = lots.filter(
        (pl.col("root") == "cannot_rule_out") & ~pl.col("lot").is_in(ruled.implode())
    )
    found: list[dict[str, Any]] = [{"kind": "root", "subject": lot} for lot in roots["lot"]]
    lot_of = dict(facts[cases.Hold].select("key", "lot").iter_rows())
    for key, held in holds.states(facts, row["key"]).items():
        found += [
            {"kind": "release", "subject": release, "lot": lot_of[key], "quantity": amount}
            for release, (amount, _) in held.waiting.items()
        ]
    if frozen and not frozen["certain"] and _effect(frozen) and not _chosen(own):
        found.append({"kind": "source", "subject": row["key"]})
    unseen = alerts.listing(facts, row["key"])
    return found + [{"kind": "alert", "subject": one["alert"]} for one in unseen]


def _effect(frozen: dict[str, Any]) -> bool:
    return any(f'"{name}"' in frozen["asked"] for name in ("shipment", "customer", "complaint"))


def _chosen(own: pl.DataFrame) -> bool:
    return not own.filter(pl.col("kind") == "choose").is_empty()


def of_incident(facts: Facts, lineage: Lineage, row: dict[str, Any]) -> dict[str, Any]:
    """One incident in figures; times in seconds from knowing, None where it is not done."""
    own = deeds(facts, row["key"])
    when, frozen = events(facts, row, own), last_frozen(facts, row["key"])
    knowing = when.get("knowing", row["opened_at"])
    cost, blanket = (frozen[name] if frozen else None for name in ("cost", "blanket"))

    def since(name: str) -> float | None:
        return None if name not in when or knowing is None else (when[name] - knowing) / 1e6

    owed = claims.listing(facts, row["key"])
    return {
        "incident": row["key"], "number": row["incident_no"], "title": row["title"],
        "kind": row["kind"], "status": status(own),
        "to_scope_seconds": since("traced"), "to_containment_seconds": since("contained"),
        "to_notice_seconds": since("notified"), "to_finish_seconds": since("finished"),
        "cost": cost, "blanket": blanket, "currency": frozen["currency"] if frozen else None,
        "saved": round(1 - cost / blanket, 4) if blanket and cost is not None else None,
        "complete": frozen["complete"] if frozen else None,
        "claimed": sum(one["amount"] or 0.0 for one in owed),
        "recovered_money": sum(one["recovered"] for one in owed),
        "unaccounted": scopes.lost(facts, lineage, row["key"]),
    }  # fmt: skip


def management(facts: Facts, lineage: Lineage) -> dict[str, Any]:
    """All incidents in figures, and what open and closed ones cost by currency."""
    rows = facts[cases.Incident].sort("opened_at", "key").iter_rows(named=True)
    found = [of_incident(facts, lineage, row) for row in rows]
    real = [one for one in found if one["kind"] != cases.MOCK]

    def cost(state: str) -> dict[str, float]:
        sums: dict[str, float] = {}
        for one in real:
            if one["status"] == state and one["cost"] is not None:
                unit = one["currency"] or ""
                sums[unit] = round(sums.get(unit, 0.0) + one["cost"], 2)
        return sums

    return {
        "incidents": found,
        "cost_open": cost("open"),
        "cost_closed": cost("closed"),
        "waiting": len(waiting(facts)),
    }


def over_time(facts: Facts, incident: str, home: Home) -> list[dict[str, Any]]:
    """Day by day and unit: amounts found, recovered, destroyed and used so far.

    Days are those of the plant; a day without a deed has no row. Withdrawn deeds do not count, a
    recount replaces what was counted before it.
    """
    own = deeds(facts, incident).filter(pl.col("kind").is_in(["found", "answer"]))
    zone = ZoneInfo(home.zone)
    found: list[dict[str, Any]] = []
    counts: dict[str, dict[str, float]] = {}
    sums: dict[str, dict[str, float]] = {}
    days: dict[str, None] = {}
    for deed in own.sort("at", "key").iter_rows(named=True):
        day = datetime.fromtimestamp(deed["at"] / 1e6, UTC).astimezone(zone).date().isoformat()
        unit, amount = deed["uom"] or "", deed["quantity"] or 0.0
        into = sums.setdefault(unit, dict.fromkeys(("found", *cases.OUTCOMES), 0.0))
        if deed["kind"] == "found":
            of_hold = counts.setdefault(deed["subject"], {})
            gone = sum(of_hold.values()) if deed["recount"] else 0.0
            counts[deed["subject"]] = {**({} if deed["recount"] else of_hold), deed["key"]: amount}
            into["found"] += amount - gone
        else:
            into[deed["disposition"]] += amount
        if day in days:
            found = [one for one in found if one["day"] != day]
        days[day] = None
        found += [
            {"day": day, "uom": name} | {key: round(value, 6) for key, value in one.items()}
            for name, one in sums.items()
        ]
    return found


def closing(
    facts: Facts, lineage: Lineage, number: str, home: Home, at: int | None = None
) -> dict[str, Any]:
    """What a closing report says of an incident: all that was asked, done, told and found.

    `at`: microseconds UTC at which clocks are read; default: now.
    """
    row = find(facts, number)
    key = row["key"]
    told = notices.listing(facts, key)
    own = holds.lines(facts, key)
    return {
        "incident": whole(facts, number, home, at),
        "figures": of_incident(facts, lineage, row),
        "clocks": [clock.to_dict() for clock in clocks(facts, row, home, at)],
        "holds": {"sums": holds.sums(own), "lots": len({line.hold["lot"] for line in own}),
                  "unheld": holds.unheld(facts, key)},
        "notices": {**notices.totals(told), "parties": told},
        "claims": claims.listing(facts, key, at),
        "alerts": alerts.listing(facts, key, seen=True),
        "waiting": waiting(facts, key),
        "over_time": over_time(facts, key, home),
    }  # fmt: skip
