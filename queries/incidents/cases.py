"""Incidents: what is open, and one of them whole, as plain data for screens, routes and reports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from graph_model import cases
from graph_model.errors import NotFound
from graph_model.network import Facts
from graph_model.schema import Customer
from graph_model.settings import Settings
from queries.incidents import deadlines
from queries.incidents.asked import asked as asked
from queries.incidents.asked import deeds as deeds
from queries.incidents.asked import suspects as suspects
from queries.incidents.deadlines import Clock
from queries.recall import tables
from queries.recall.hazard import Hazard
from queries.recall.rulebook import Rulebook
from queries.recall.words import moment

OPEN, CLOSED = "open", "closed"


def now() -> int:
    """Microseconds UTC."""
    return round(datetime.now(UTC).timestamp() * 1e6)


@dataclass(frozen=True)
class Home:
    """The plant's own country and time zone."""

    country: str
    zone: str

    @staticmethod
    def of(settings: Settings) -> Home:
        """As the settings say."""
        return Home(settings.country, settings.timezone)


def find(facts: Facts, number: str) -> dict[str, Any]:
    """The incident of a number or key. Raises NotFound."""
    named = (pl.col("incident_no") == number) | (pl.col("key") == number)
    found = facts[cases.Incident].filter(named)
    if found.is_empty():
        raise NotFound("incident_not_found", number=number)
    return found.row(0, named=True)


def status(own: pl.DataFrame) -> str:
    """open or closed, by the deeds of an incident."""
    last = own.filter(pl.col("kind").is_in(["close", "reopen"])).tail(1)
    return CLOSED if len(last) and last["kind"][0] == "close" else OPEN


def hazard(row: Mapping[str, Any]) -> Hazard:
    """The hazard of an incident."""
    return Hazard(kind=row["hazard"] or "unknown", agent=row["agent"])


def rules(row: Mapping[str, Any]) -> Rulebook | None:
    """The rules kept with an incident; None where it goes by the plant's own."""
    if not row["rules"]:
        return None
    return replace(tables.read_rules(row["rules"]), origin=row["incident_no"])


# ---------------------------------------------------------------------------- clocks


def events(facts: Facts, row: Mapping[str, Any], own: pl.DataFrame) -> dict[str, int]:
    """When each trigger event and act was: as last stated, or else as it follows from deeds."""
    found = _derived(facts, row, own)
    for name, at in own.filter(pl.col("kind") == "event").select("subject", "happened_at").rows():
        found[name] = at
    return found


def _derived(facts: Facts, row: Mapping[str, Any], own: pl.DataFrame) -> dict[str, int]:
    found: dict[str, int] = {}
    frozen = facts[cases.FrozenScope].filter(pl.col("incident") == row["key"])
    held = facts[cases.Hold].filter(pl.col("incident") == row["key"])
    told = own.filter(pl.col("kind") == "sent")
    traced, held_at, told_at = frozen["at"].min(), held["at"].min(), told["at"].min()
    begun = [at for at in (held_at, told_at) if isinstance(at, int)]
    if isinstance(traced, int):
        found["traced"] = traced
    if begun and row["kind"] != cases.MOCK:
        found["started"] = min(begun)
    for name, whole in (("contained", _contained), ("notified", _notified)):
        at = whole(facts, row["key"], own)
        if at is not None:
            found[name] = at
    return found


def _contained(facts: Facts, incident: str, own: pl.DataFrame) -> int | None:
    """When the last lot of the newest scope was blocked or searched for, if all are."""
    frozen = last_frozen(facts, incident)
    lots = facts[cases.FrozenLot].filter(
        (pl.col("scope") == (frozen["key"] if frozen else ""))
        & pl.col("tier").is_in(["certain", "possible"])
    )
    held = facts[cases.Hold].filter(pl.col("incident") == incident)
    stopped = own.filter(pl.col("kind").is_in(["blocked", "found"]))
    first = stopped.group_by("subject").agg(pl.col("at").min())
    done = held.select("lot", subject="key").join(first, on="subject", how="left")
    whole = lots.select("lot").join(done, on="lot", how="left")["at"]
    last = whole.max()
    return last if isinstance(last, int) and not whole.null_count() else None


def _notified(facts: Facts, incident: str, own: pl.DataFrame) -> int | None:
    """When the last party of the newest scope was told, if all are."""
    told = own.filter(pl.col("kind") == "sent").select(
        pl.coalesce("happened_at", "at").alias("at"), notice="subject"
    )
    of = facts[cases.Notice].select("customer", notice="key")
    first = told.join(of, on="notice").group_by("customer").agg(pl.col("at").min())
    reached = parties(facts, last_frozen(facts, incident)).select("customer")
    whole = reached.join(first, on="customer", how="left")["at"]
    last = whole.max()
    return last if isinstance(last, int) and not whole.null_count() else None


def last_frozen(facts: Facts, incident: str) -> dict[str, Any] | None:
    """The newest frozen scope of an incident."""
    own = facts[cases.FrozenScope].filter(pl.col("incident") == incident).sort("as_of", "at")
    return own.row(-1, named=True) if len(own) else None


def open_lots(facts: Facts) -> dict[str, tuple[str, str, str | None]]:
    """Lots that open incidents hold: by key the incident's number, tier and grade, surest first."""
    found: dict[str, tuple[str, str, str | None]] = {}
    for row in facts[cases.Incident].sort("opened_at", "key").iter_rows(named=True):
        frozen = last_frozen(facts, row["key"])
        if frozen is None or status(deeds(facts, row["key"])) != OPEN:
            continue
        own = facts[cases.FrozenLot].filter(
            (pl.col("scope") == frozen["key"]) & pl.col("tier").is_in(["certain", "possible"])
        )
        for lot, tier, grade in own.select("lot", "tier", "grade").iter_rows():
            if lot not in found or found[lot][1] != "certain":
                found[lot] = (row["incident_no"], tier, grade)
    return found


def parties(facts: Facts, frozen: Mapping[str, Any] | None) -> pl.DataFrame:
    """customer, tier, country, language, name and contact of the parties of a frozen scope."""
    key = frozen["key"] if frozen else ""
    own = facts[cases.FrozenParty].filter(pl.col("scope") == key)
    own = own.select("customer", "tier").unique("customer")
    countries = facts[Customer].select("country", "language", "name", "contact", customer="key")
    return own.join(countries, on="customer", how="left", maintain_order="left").sort("customer")


def about(facts: Facts, row: Mapping[str, Any], own: pl.DataFrame, home: Home) -> deadlines.About:
    """What decides which deadlines apply to an incident."""
    reached = parties(facts, last_frozen(facts, row["key"]))
    places: dict[str, list[str]] = {home.country: [home.country]}
    for country in (row["jurisdictions"] or "").split(";"):
        if country:
            places.setdefault(country, []).append(country)
    for customer, country in reached.select("customer", "country").iter_rows():
        if country:
            places.setdefault(country.upper(), []).append(customer)
    return deadlines.About(
        product_kind=row["product_kind"],
        recall_class=row["recall_class"],
        places=places,
        unknown=reached.filter(pl.col("country").is_null())["customer"].to_list(),
        customers=frozenset(reached["customer"]),
        events=events(facts, row, own),
        zone=home.zone,
    )


def clocks(facts: Facts, row: Mapping[str, Any], home: Home, at: int | None = None) -> list[Clock]:
    """The clocks of an incident, most urgent first."""
    own = deeds(facts, row["key"])
    known = deadlines.rules(facts).values()
    return deadlines.clocks(known, about(facts, row, own, home), now() if at is None else at)


# ---------------------------------------------------------------------------- answers


def listing(
    facts: Facts, home: Home, *, closed: bool = True, at: int | None = None
) -> list[dict[str, Any]]:
    """All incidents, open ones first and newest first, each with its most urgent clock."""
    found = [brief(facts, row, home, at) for row in facts[cases.Incident].iter_rows(named=True)]
    found = [one for one in found if closed or one["status"] == OPEN]
    found.sort(key=lambda one: one["opened_at"] or "", reverse=True)
    return sorted(found, key=lambda one: one["status"] != OPEN)


def brief(
    facts: Facts, row: Mapping[str, Any], home: Home, at: int | None = None
) -> dict[str, Any]:
    """One incident in a line."""
    ticking = clocks(facts, row, home, at)
    urgent = [clock for clock in ticking if clock.left is not None]
    frozen = last_frozen(facts, row["key"])
    return {
        "incident": row["key"],
        "number": row["incident_no"],
        "title": row["title"],
        "kind": row["kind"],
        "status": status(deeds(facts, row["key"])),
        "opened_at": None if row["opened_at"] is None else moment(row["opened_at"]),
        "clock": urgent[0].to_dict() if urgent else None,
        "overdue": sum(clock.state == "overdue" for clock in ticking),
        "scope": None if frozen is None else scope_line(frozen),
    }


def with_names(
    whole: dict[str, Any], names: Callable[[Iterable[str]], dict[str, str]]
) -> dict[str, Any]:
    """An answer with names, by `names`, in the place of the pseudonyms of persons."""
    found = names(set(_persons(whole)))
    told: dict[str, Any] = _named(whole, found)
    return told


def _persons(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("person"), str):
            yield value["person"]
        for part in value.values():
            yield from _persons(part)
    elif isinstance(value, list):
        for part in value:
            yield from _persons(part)


def _named(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            name: names.get(part, part)
            if name == "person" and isinstance(part, str)
            else _named(part, names)
            for name, part in value.items()
        }
    return [_named(part, names) for part in value] if isinstance(value, list) else value


def scope_line(frozen: Mapping[str, Any]) -> dict[str, Any]:
    """A frozen scope in a line."""
    kept = ("key", "as_of", "digest", "certain", "possible", "excluded", "customers", "complete",
            "cost", "blanket", "currency", "cause", "person")  # fmt: skip
    return {name: frozen[name] for name in kept} | {
        "head": f"{frozen['as_of']}:{frozen['head']}",
        "at": None if frozen["at"] is None else moment(frozen["at"]),
    }


def timeline(own: pl.DataFrame) -> list[dict[str, Any]]:
    """Deeds as JSON, without empty fields."""
    return [
        {
            name: moment(value) if name in ("at", "happened_at") else value
            for name, value in row.items()
            if value is not None and not name.startswith("_") and name != "incident"
        }
        for row in own.iter_rows(named=True)
    ]


def whole(facts: Facts, number: str, home: Home, at: int | None = None) -> dict[str, Any]:
    """One incident with its question, hypotheses, clocks, frozen scopes and deeds."""
    row = find(facts, number)
    own = deeds(facts, row["key"])
    frozen = facts[cases.FrozenScope].filter(pl.col("incident") == row["key"]).sort("as_of", "at")
    others = facts[cases.Hypothesis].filter(pl.col("incident") == row["key"]).sort("at", "key")
    chosen = own.filter(pl.col("kind") == "choose")["subject"].to_list()
    return brief(facts, row, home, at) | {
        "product_kind": row["product_kind"],
        "recall_class": row["recall_class"],
        "hazard": row["hazard"],
        "agent": row["agent"],
        "asked": asked(facts, row, own).given(),
        "rules": row["rules"],
        "jurisdictions": sorted(about(facts, row, own, home).places),
        "person": row["person"],
        "role": row["role"],
        "reason": row["reason"],
        "events": {name: moment(when) for name, when in events(facts, row, own).items()},
        "hypotheses": [
            {
                "key": one["key"], "name": one["name"], "asked": json.loads(one["asked"]),
                "chosen": bool(chosen) and chosen[-1] == one["key"], "person": one["person"],
                "reason": one["reason"],
            }
            for one in others.iter_rows(named=True)
        ],
        "clocks": [clock.to_dict() for clock in clocks(facts, row, home, at)],
        "scopes": [scope_line(one) for one in frozen.iter_rows(named=True)],
        "deeds": timeline(own),
    }  # fmt: skip
