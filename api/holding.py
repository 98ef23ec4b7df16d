"""Holding the goods of an incident: all in one act, then block, count, dispose, release."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

import polars as pl

from api.incidents import Actor, acting, open_only, scope_now
from graph_model import cases, holding
from graph_model.errors import BadInput
from graph_model.plant import Plant
from loaders.entries import incidents, now
from queries.incidents import frozen, holds
from queries.incidents.cases import deeds, last_frozen
from queries.incidents.holds import Line
from queries.recall import cost
from queries.recall.roots import find_lots


def hold_all(
    plant: Plant, actor: Actor, number: str, table: cost.CostTable | None = None
) -> dict[str, int]:
    """Holds every lot of the scope wherever it can be stopped; says how many are new.

    The scope is frozen with it where it differs from the last one. Doing it again adds what is new.
    Raises BadInput for a mock recall, which holds nothing.
    """
    row = open_only(plant.facts(), number)
    if row["kind"] == cases.MOCK:
        raise BadInput("mock_holds_nothing", number=row["incident_no"])
    scope = scope_now(plant, row, table)
    wanted = holds.wanted(scope, row["key"])
    with acting(plant, actor, "hold") as (batch, facts, signed):
        made = frozen.rows(scope, row["key"], cause="asked", person=signed.person, at=now())
        before = last_frozen(facts, row["key"])
        if before is None or before["digest"] != made["FrozenScope"]["digest"][0]:
            batch.add(made)
        batch.add({"Hold": incidents.holds(row["key"], wanted, scope.facts.batch, signed)})
    lots = wanted["lot"].n_unique()
    return {"lots": lots, "places": len(wanted), "held": len(scope.held)}


def _do(plant: Plant, actor: Actor, number: str, kind: str, line: Line, **values: Any) -> str:
    """One deed on a hold, checked against the state it is done in; its key."""
    with acting(plant, actor, kind) as (batch, facts, signed):
        row = open_only(facts, number)
        key = line.hold["key"]
        deed = incidents.deed(
            row["key"], kind, key, signed, lot=line.hold["lot"], uom=line.hold["uom"], **values
        )
        late = values.get("happened_at")
        if late is None or not holds.counted_later(facts, row["key"], key, late):
            holding.check(holds.states(facts, row["key"])[key], deed.row(0, named=True))
        batch.add({"Deed": deed})
    made: str = deed["key"][0]
    return made


def line_of(plant: Plant, number: str, lot: str, site: str | None = None) -> Line:
    """The hold of a lot as people write it, or of a hold's key. Raises NotFound, Ambiguous."""
    facts, lineage = plant.facts(), plant.lineage()
    row = open_only(facts, number)
    for line in holds.lines(facts, row["key"]):
        if line.hold["key"] == lot:
            return line
    named = lineage.lots["key"][find_lots(lineage, lot)].to_list()
    return holds.one(facts, row["key"], named or [lot], site)


def labelled(plant: Plant, number: str, hold: str, code: str) -> Line:
    """A hold by its key, confirmed by the label that lies there. Raises BadInput for another."""
    line = line_of(plant, number, hold)
    if not holds.says(line, plant.lineage(), code):
        raise BadInput("other_label", label=code, lot=line.lot_no)
    return line


def block(plant: Plant, actor: Actor, number: str, document: str, keys: Iterable[str] = ()) -> int:
    """States that the system blocked holds (all of them, unless some are named); how many."""
    if not document.strip():
        raise BadInput("document_missing")
    named = set(keys)
    with acting(plant, actor, "blocked") as (batch, facts, signed):
        row = open_only(facts, number)
        own = facts[cases.Hold].filter(pl.col("incident") == row["key"])["key"].to_list()
        if unknown := named - set(own):
            raise BadInput("no_such_hold", hold=", ".join(sorted(unknown)))
        chosen = [key for key in own if not named or key in named]
        made = [
            incidents.deed(row["key"], "blocked", key, signed, document=document) for key in chosen
        ]
        if made:
            batch.add({"Deed": pl.concat(made)})
    return len(chosen)


def stop(plant: Plant, actor: Actor, number: str, document: str, keys: Iterable[str] = ()) -> int:
    """States that open orders were stopped (all of them, unless some are named by key or number);
    how many. What they took and made is held apart from them."""
    if not document.strip():
        raise BadInput("document_missing")
    named = set(keys)
    with acting(plant, actor, "stopped") as (batch, facts, signed):
        row = open_only(facts, number)
        found = holds.orders(facts, plant.lineage(), row["key"])
        known = {name for one in found for name in (one["order"], one["document"])}
        if unknown := named - known:
            raise BadInput("no_open_order", order=", ".join(sorted(unknown)))
        chosen = [one for one in found if not named or named & {one["order"], one["document"]}]
        made = [
            incidents.deed(row["key"], "blocked", one["order"], signed, document=document)
            for one in chosen
        ]
        if made:
            batch.add({"Deed": pl.concat(made)})
    return len(chosen)


def count(
    plant: Plant, actor: Actor, number: str, line: Line, quantity: float, *,
    scanned: bool = False, recount: bool = False, ago: float = 0,
) -> str:  # fmt: skip
    """States what was found of a hold; counts add up unless it is a recount.

    `ago`: seconds that it waited before it could be stated; a newer count goes before it.
    """
    happened = now() - round(ago * 1e6) if ago else None
    return _do(plant, actor, number, "found", line, quantity=quantity, scanned=scanned,
               recount=recount, happened_at=happened)  # fmt: skip


def dispose(
    plant: Plant, actor: Actor, number: str, line: Line, quantity: float, disposition: str,
    document: str | None = None,
) -> str:  # fmt: skip
    """Scraps, reworks, returns or uses an amount that was found."""
    return _do(plant, actor, number, "dispose", line, quantity=quantity, disposition=disposition,
               document=document)  # fmt: skip


def release(plant: Plant, actor: Actor, number: str, line: Line, quantity: float) -> str:
    """Asks for the release of an amount of one lot; it stays held until a second person agrees.

    What was made of the lot is not released by it.
    """
    return _do(plant, actor, number, "release", line, quantity=quantity)


def judge(plant: Plant, actor: Actor, number: str, release_key: str, *, approve: bool) -> str:
    """A second, different person approves or refuses a release."""
    kind = "approve" if approve else "refuse"
    with acting(plant, actor, kind) as (batch, facts, signed):
        row = open_only(facts, number)
        own = deeds(facts, row["key"]).filter(
            (pl.col("key") == release_key) & (pl.col("kind") == holding.RELEASE)
        )
        if own.is_empty():
            raise BadInput("no_such_release", release=release_key)
        asked = own.row(0, named=True)
        _different(plant, actor, asked["person"])
        deed = incidents.deed(
            row["key"], kind, release_key, signed, lot=asked["lot"], quantity=asked["quantity"],
            uom=asked["uom"],
        )  # fmt: skip
        held = holds.states(facts, row["key"])[asked["subject"]]
        holding.check(held, deed.row(0, named=True))
        batch.add({"Deed": deed})
    made: str = deed["key"][0]
    return made


def _different(plant: Plant, actor: Actor, asker: str) -> None:
    different(plant.ledger.records.names([asker]).get(asker, ""), actor.name)


def different(first: str, second: str) -> None:
    """Raises BadInput where two names are of one person, also in other letters."""
    if same(first, second):
        raise BadInput("second_person_same")


def same(first: str, second: str) -> bool:
    """Whether two names are of one person, also in other letters."""
    return _plain(first) == _plain(second)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def withdraw(plant: Plant, actor: Actor, number: str, deed_key: str) -> None:
    """Takes back a count or a block that was wrong; what was disposed of must still be covered."""
    with acting(plant, actor, "withdraw") as (batch, facts, signed):
        row = open_only(facts, number)
        own = deeds(facts, row["key"]).filter(pl.col("key") == deed_key)
        if own.is_empty() or own["kind"][0] not in ("found", "blocked"):
            raise BadInput("no_such_deed", deed=deed_key)
        made = incidents.deed(row["key"], "withdraw", deed_key, signed)
        left = holds.states(facts, row["key"], without=deed_key)[own["subject"][0]]
        if left.free < 0:
            raise BadInput("counted_below_disposed", amount=f"{left.found:g}",
                           least=f"{left.found - left.free:g}")  # fmt: skip
        batch.add({"Deed": made})
