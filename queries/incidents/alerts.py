"""What an import shows about an open incident: growth, breaches of a hold, released lots reached.

A movement of a held lot is a breach as far as no disposition covers it. It is *sure* where it is
recorded as after the hold; a source whose posting delay nobody confirmed may have keyed in
something older, so its later rows are breaches that may have been before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from graph_model import cases, keys
from graph_model.interval import MAX
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Consumed, Operation, Shipment, Shipped, conform
from queries.incidents import frozen, holds
from queries.incidents.cases import deeds, last_frozen
from queries.incidents.frozen import HELD, kept_lots
from queries.recall.scope import Scope
from queries.recall.words import moment

ISSUED = ("produce", "rework", "merge", "fill", "use")
COVERS = {"scrapped": ("scrap",), "issued": ("rework", "use"), "shipped": ("return",)}
"""Dispositions that a movement of a kind carries out; a release covers any."""
BREACHES = ("shipped", "issued", "moved", "scrapped", "picked", "unlotted")
_ROW = ("key", "lot", "item", "quantity", "uom", "earliest", "latest", "entered_at", "status")


def of_scope(scope: Scope, incident: str, made: Mapping[str, pl.DataFrame]) -> list[dict[str, Any]]:
    """What the new scope has that the last frozen one had not, and the reverse.

    `made`: the new scope as it is about to be frozen.
    """
    before = last_frozen(scope.facts, incident)
    if before is None:
        return []
    key = made["FrozenScope"]["key"][0]
    facts = scope.facts
    was = set(facts[cases.FrozenParty].filter(pl.col("scope") == before["key"])["customer"])
    now = set(made["FrozenParty"]["customer"])
    change = frozen.change(kept_lots(facts, before["key"]), made["FrozenLot"], (was, now))
    found = []
    for kind, count in (
        ("grown", len(change.added) + len(change.raised)),
        ("shrunk", len(change.removed) + len(change.lowered)),
    ):
        if count:
            found.append({"kind": kind, "record": key, "count": count})
    return found + [{"kind": "party", "record": keys.join(key, one)} for one in change.parties]


def reached_again(scope: Scope, incident: str, lots: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Released lots that the scope holds otherwise than when they were released."""
    facts = scope.facts
    now = dict(lots.filter(pl.col("tier").is_in(HELD)).select("lot", "tier").iter_rows())
    scopes = facts[cases.FrozenScope].filter(pl.col("incident") == incident).sort("at")
    approved = deeds(facts, incident).filter(pl.col("kind") == "approve")
    for deed in approved.iter_rows(named=True):
        tier = now.get(deed["lot"])
        if tier is None:
            continue
        then = scopes.filter(pl.col("at") <= deed["at"])["key"].tail(1).to_list()
        was = kept_lots(facts, then[0]).filter(pl.col("lot") == deed["lot"]) if then else None
        old = was["tier"][0] if was is not None and len(was) else None
        if old not in HELD or (old, tier) == ("possible", "certain"):
            yield {"kind": "released_reached", "lot": deed["lot"], "record": deed["key"],
                   "quantity": deed["quantity"], "uom": deed["uom"]}  # fmt: skip


def breaches(
    facts: Facts, lineage: Lineage, incident: str, stated: pl.DataFrame
) -> list[dict[str, Any]]:
    """Movements of held lots stated since the hold, which no disposition covers.

    `stated`: kind, key and batch of every statement since the first hold of the incident.
    """
    own = facts[cases.Hold].filter(pl.col("incident") == incident)
    if own.is_empty():
        return []
    held = own.group_by("lot").agg(pl.col("at").min().alias("since"), pl.col("as_of").min())
    rows = _movements(facts, lineage, stated)
    known = rows.filter(pl.col("lot").is_not_null()).join(held, on="lot")
    items = lineage.lots.select("item", lot="key").join(held, on="lot")
    loose = _unlotted(rows.filter(pl.col("lot").is_null()), items)
    found = pl.concat([known, loose], how="diagonal_relaxed")
    found = found.filter((pl.col("batch") > pl.col("as_of")) & (pl.col("t1") >= pl.col("since")))
    found = found.with_columns(
        sure=(pl.col("earliest") >= pl.col("since")).fill_null(False)
        & pl.col("status").ne_missing("draft")
        & (pl.col("kind") != "unlotted")
    ).sort("earliest", "key", nulls_last=True)
    return [*_uncovered(found.iter_rows(named=True), _budgets(facts, incident))]


def _movements(facts: Facts, lineage: Lineage, stated: pl.DataFrame) -> pl.DataFrame:
    """New rows by which goods move: as recorded, with what they are and until when they can be."""
    operations = facts[Operation].select("kind", operation="key")
    used = _new(facts, Consumed, stated).join(operations, on="operation", how="left")
    did = pl.col("kind")
    used = used.with_columns(
        kind=pl.when(did.is_in(ISSUED)).then(pl.lit("issued"))
        .when(did == "scrap").then(pl.lit("scrapped")).otherwise(pl.lit("moved"))
    )  # fmt: skip
    heads = facts[Shipment].select("delivery_no", state="status", shipment="key", goes="kind")
    sent = _new(facts, Shipped, stated).join(heads, on="shipment", how="left")
    waits = pl.col("state").is_in(["planned", "picked"]).fill_null(False)
    gone = pl.col("goes").is_in(["scrap", "sample"]).fill_null(False)
    sent = sent.with_columns(
        kind=pl.when(waits).then(pl.lit("picked")).when(gone).then(pl.lit("scrapped"))
        .otherwise(pl.lit("shipped"))
    )  # fmt: skip
    columns = [*_ROW, "kind", "batch"]
    rows = pl.concat([used.select(columns), sent.select(columns)])
    rows = rows.filter(pl.col("status").ne_missing("cancelled"))
    ends = pl.concat([lineage.consumed.select("key", "t1"), lineage.shipped.select("key", "t1")])
    rows = rows.join(ends.unique("key"), on="key", how="left")
    return rows.with_columns(pl.col("t1").fill_null(MAX))


def _new(facts: Facts, kind: type, stated: pl.DataFrame) -> pl.DataFrame:
    own = stated.filter(pl.col("kind") == kind.__name__)
    return facts[kind].join(own.group_by("key").agg(pl.col("batch").max()), on="key")


def _unlotted(rows: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Movements without a lot, of an item of which lots are held (or of an unknown one)."""
    since = items.group_by("item").agg(pl.col("since").min(), pl.col("as_of").min())
    first = items.select(pl.col("since").min(), pl.col("as_of").min())
    named = rows.filter(pl.col("item").is_not_null()).join(since, on="item")
    bare = rows.filter(pl.col("item").is_null()).join(first, how="cross")
    return pl.concat([named, bare], how="diagonal_relaxed").with_columns(kind=pl.lit("unlotted"))


def _budgets(facts: Facts, incident: str) -> dict[str, dict[str, float]]:
    """What was disposed of by lot and disposition."""
    lots = dict(facts[cases.Hold].select("key", "lot").iter_rows())
    found: dict[str, dict[str, float]] = {}
    for key, held in holds.states(facts, incident).items():
        into = found.setdefault(lots[key], {})
        for name, amount in held.disposed.items():
            into[name] = into.get(name, 0.0) + amount
    return found


def _uncovered(
    rows: Iterable[Mapping[str, Any]], budgets: dict[str, dict[str, float]]
) -> Iterator[dict[str, Any]]:
    """The rows that dispositions do not cover, oldest first; a move uses nothing up."""
    for row in rows:
        left, amount = budgets.get(row["lot"] or "", {}), row["quantity"]
        names = (*COVERS.get(row["kind"], ()), "release")
        if amount is not None and row["lot"]:
            if row["kind"] == "moved" and left.get("release", 0.0) >= amount:
                continue
            if row["kind"] != "moved" and sum(left.get(name, 0.0) for name in names) >= amount:
                _take(left, names, amount)
                continue
        yield {
            "kind": row["kind"], "lot": row["lot"], "record": row["key"],
            "quantity": row["quantity"], "uom": row["uom"], "sure": row["sure"],
            "happened_at": row["earliest"],
        }  # fmt: skip


def _take(left: dict[str, float], names: Iterable[str], amount: float) -> None:
    for name in names:
        taken = min(left.get(name, 0.0), amount)
        left[name] = left.get(name, 0.0) - taken
        amount -= taken


def rows(
    facts: Facts, incident: str, found: Iterable[Mapping[str, Any]], as_of: int, at: int
) -> pl.DataFrame:
    """Alerts as facts, without those that are there already."""
    made = [
        {
            "key": keys.join("alert", incident, one["kind"], one.get("lot") or "", one["record"]),
            "incident": incident, "as_of": as_of, "at": at, **one,
        }
        for one in found
    ]  # fmt: skip
    if not made:
        return conform(cases.Alert, pl.DataFrame(schema={"key": pl.String}), provenance=True)
    frame = conform(cases.Alert, pl.DataFrame(made, infer_schema_length=None), provenance=True)
    return frame.join(facts[cases.Alert].select("key"), on="key", how="anti")


def listing(
    facts: Facts, incident: str | None = None, *, seen: bool = False
) -> list[dict[str, Any]]:
    """Alerts, newest first, of one incident or all; with `seen` also those that somebody saw."""
    own = facts[cases.Alert]
    if incident is not None:
        own = own.filter(pl.col("incident") == incident)
    marked = facts[cases.Deed].filter(pl.col("kind") == "seen")
    who = dict(marked.select("subject", "person").iter_rows())
    numbers = dict(facts[cases.Incident].select("key", "incident_no").iter_rows())
    rows = own.sort("at", "key", descending=[True, False]).iter_rows(named=True)
    return [
        _told(row, numbers.get(row["incident"]), who.get(row["key"]), row["key"] in who)
        for row in rows
        if seen or row["key"] not in who
    ]


def _told(
    row: Mapping[str, Any], number: str | None, person: str | None, marked: bool
) -> dict[str, Any]:
    kept = ("incident", "kind", "lot", "record", "quantity", "uom", "count", "sure", "as_of")
    return {
        "alert": row["key"], "number": number, **{name: row[name] for name in kept},
        "happened_at": None if row["happened_at"] is None else moment(row["happened_at"]),
        "at": moment(row["at"]), "seen": marked, "seen_by": person,
    }  # fmt: skip
