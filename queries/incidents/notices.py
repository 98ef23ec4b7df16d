"""Who was told, who answered, and what of the goods that left is accounted for.

Per customer and unit: shipped = recovered + destroyed on site + used + unaccounted. What a customer
answers beyond what it got is shown as surplus and makes nobody else's amount smaller.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import polars as pl

from graph_model import cases
from graph_model.errors import NotFound
from graph_model.network import Facts
from queries.incidents.cases import deeds, last_frozen, parties
from queries.recall.words import moment

Amounts = dict[str, dict[str, float]]
"""By unit: shipped, recovered, destroyed, used, unaccounted, surplus."""
SUMS = ("shipped", *cases.OUTCOMES, "unaccounted", "surplus")


def find(facts: Facts, incident: str, customer: str) -> dict[str, Any]:
    """The notice of a customer. Raises NotFound."""
    named = (pl.col("customer") == customer) | (pl.col("key") == customer)
    own = facts[cases.Notice].filter((pl.col("incident") == incident) & named)
    if own.is_empty():
        raise NotFound("no_such_notice", customer=customer)
    return own.row(0, named=True)


def untold(facts: Facts, incident: str) -> pl.DataFrame:
    """Parties of the newest frozen scope without a notice: customer, language, contact."""
    reached = parties(facts, last_frozen(facts, incident))
    own = facts[cases.Notice].filter(pl.col("incident") == incident).select("customer")
    return reached.join(own, on="customer", how="anti").select("customer", "language", "contact")


def listing(facts: Facts, incident: str) -> list[dict[str, Any]]:
    """Every party of the incident with its notice, state and amounts; also who is not told yet."""
    done = deeds(facts, incident)
    own = facts[cases.Notice].filter(pl.col("incident") == incident)
    by_customer = {row["customer"]: row for row in own.iter_rows(named=True)}
    reached = parties(facts, last_frozen(facts, incident))
    tiers = dict(reached.select("customer", "tier").iter_rows())
    names = dict(reached.select("customer", "name").iter_rows())
    shipped = _shipped(facts, incident)
    found = []
    for customer in sorted(by_customer.keys() | tiers.keys()):
        notice = by_customer.get(customer)
        told = done.filter(pl.col("subject") == (notice["key"] if notice else ""))
        lots = _by_lot(shipped.get(customer, {}), told)
        found.append(
            {
                "customer": customer, "name": names.get(customer), "tier": tiers.get(customer),
                **_about(facts, notice, told), "amounts": _sums(lots), "lots": lots,
            }
        )  # fmt: skip
    return found


def _shipped(facts: Facts, incident: str) -> dict[str, dict[tuple[str, str], float]]:
    """By customer, what it got of each lot ("" out of mixed stock) in each unit."""
    frozen = last_frozen(facts, incident)
    own = facts[cases.FrozenParty].filter(pl.col("scope") == (frozen["key"] if frozen else ""))
    found: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    for row in own.iter_rows(named=True):
        found[row["customer"]][row["lot"] or "", row["uom"] or ""] = row["quantity"] or 0.0
    return found


def _about(facts: Facts, notice: Mapping[str, Any] | None, told: pl.DataFrame) -> dict[str, Any]:
    """State of a notice, and how far it reached below the customer."""
    if notice is None:
        return {"notice": None, "state": "not_told", "depth": None, "level": None, "share": None,
                "language": None, "contact": None, "sent": None, "confirmed": None,
                "answered": None, "consignees": 0, "checked": 0, "reached": 0,
                "share_checked": None}  # fmt: skip
    sub = facts[cases.SubConsignee].filter(pl.col("notice") == notice["key"])
    whom = sub.group_by("consignee").agg(pl.col("checked").any(), pl.col("reached").any())
    checked = int(whom["checked"].fill_null(False).sum())
    times = {
        name: _first(told, kind)
        for name, kind in (("sent", "sent"), ("confirmed", "confirmed"), ("answered", "answer"))
    }
    state = next((n for n in ("answered", "confirmed", "sent") if times[n]), "prepared")
    kept = ("depth", "level", "share", "language", "contact")
    return {
        "notice": notice["key"], "state": state, **{name: notice[name] for name in kept},
        **times, "consignees": len(whom), "checked": checked,
        "reached": int(whom["reached"].fill_null(False).sum()),
        "share_checked": round(checked / len(whom), 4) if len(whom) else None,
    }  # fmt: skip


def _first(told: pl.DataFrame, kind: str) -> str | None:
    at = told.filter(pl.col("kind") == kind).select(pl.coalesce("happened_at", "at")).to_series()
    first = at.min()
    return moment(first) if isinstance(first, int) else None


def _by_lot(shipped: Mapping[tuple[str, str], float], told: pl.DataFrame) -> list[dict[str, Any]]:
    """Amounts of each lot and unit; what is answered without a lot stands on a line of its own."""
    answered = told.filter(pl.col("kind") == "answer")
    sums: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for lot, uom, outcome, amount in answered.select(
        "lot", "uom", "disposition", "quantity"
    ).iter_rows():
        into = sums[lot or "", uom or ""]
        into[outcome] = into.get(outcome, 0.0) + (amount or 0.0)
    found = []
    for lot, uom in sorted(shipped.keys() | sums.keys()):
        sent, said = shipped.get((lot, uom), 0.0), sums.get((lot, uom), {})
        total = sum(said.values())
        found.append(
            {
                "lot": lot or None, "uom": uom, "shipped": round(sent, 6),
                **{name: round(said.get(name, 0.0), 6) for name in cases.OUTCOMES},
                "unaccounted": round(max(sent - total, 0.0), 6),
                "surplus": round(max(total - sent, 0.0), 6),
            }
        )  # fmt: skip
    return found


def _sums(lots: list[dict[str, Any]]) -> Amounts:
    """Sums by unit. An answer without a lot counts against what no lot answers for.

    What is answered of a lot beyond what was got of it makes no other lot's amount smaller.
    """
    found: Amounts = {}
    for row in lots:
        into = found.setdefault(row["uom"], dict.fromkeys(SUMS, 0.0))
        for name in SUMS[:-2]:
            into[name] = round(into[name] + row[name], 6)
    for unit, into in found.items():
        rows = [row for row in lots if row["uom"] == unit]
        loose = sum(row["surplus"] for row in rows if row["lot"] is None)
        missing = max(sum(row["unaccounted"] for row in rows) - loose, 0.0)
        said = sum(into[name] for name in cases.OUTCOMES)
        into["unaccounted"] = round(missing, 6)
        into["surplus"] = round(said + missing - into["shipped"], 6)
    return found


def totals(listed: list[dict[str, Any]]) -> dict[str, Any]:
    """Share told, confirmed and answered, and amounts of all parties by unit."""
    amounts: Amounts = {}
    for one in listed:
        for unit, sums in one["amounts"].items():
            into = amounts.setdefault(unit, dict.fromkeys(SUMS, 0.0))
            for name, amount in sums.items():
                into[name] = round(into[name] + amount, 6)
    count = len(listed)

    def share(*states: str) -> float | None:
        hits = sum(one["state"] in states for one in listed)
        return round(hits / count, 4) if count else None

    return {
        "parties": count,
        "told": share("sent", "confirmed", "answered"),
        "confirmed": share("confirmed", "answered"),
        "answered": share("answered"),
        "amounts": amounts,
    }
