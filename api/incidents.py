"""What is done in incidents: each deed reads the state it stands on and is written in one batch.

The lease of the ledger is held from reading to writing, so that two people cannot dispose of the
same amount. Command line and routes call these functions and decide nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from graph_model import cases
from graph_model.errors import BadInput
from graph_model.ledger import Batch, Facts
from graph_model.lineage import Lineage
from graph_model.plant import Plant
from loaders.entries import Signature, incidents, now
from queries.incidents import cases as reading
from queries.incidents import frozen, scopes
from queries.incidents.cases import Home
from queries.recall import acting as acting_on
from queries.recall import cost, tables
from queries.recall.hazard import UNKNOWN, Hazard
from queries.recall.roots import Suspects, answer, find_lots, one_lot
from queries.recall.scope import Scope, compute

SOURCE = "incidents"


@dataclass(frozen=True)
class Actor:
    """A person by name, the role they act in, and why."""

    name: str
    role: str
    reason: str

    def signed(self, plant: Plant) -> Signature:
        """As the ledger knows the person. Raises BadInput where something is empty."""
        name = self.name.strip()
        return Signature(
            plant.ledger.records.pseudonym(name) if name else "", self.role, self.reason
        )


@contextlib.contextmanager
def acting(plant: Plant, actor: Actor, note: str) -> Iterator[tuple[Batch, Facts, Signature]]:
    """A batch to write, the facts it stands on, and the signature; all of it or nothing."""
    signed = actor.signed(plant)
    with plant.ledger.batch(source=SOURCE, who=actor.name, note=note) as batch:
        yield batch, plant.facts(), signed


def home(plant: Plant) -> Home:
    """The plant's country and time zone."""
    return Home.of(plant.settings)


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What an incident is opened with; `rules` is TOML, times are microseconds UTC."""

    asked: Suspects
    title: str
    kind: str = "complaint"
    number: str | None = None
    product_kind: str | None = None
    recall_class: str | None = None
    hazard: Hazard = UNKNOWN
    rules: str | None = None
    jurisdictions: tuple[str, ...] = ()
    known_at: int | None = None


def open_incident(
    plant: Plant, actor: Actor, opening: Opening, table: cost.CostTable | None = None
) -> dict[str, Any]:
    """Opens an incident, freezes its first scope and starts its clocks; the incident whole.

    Raises NotFound where nothing matches the question: an incident without a lot is no incident;
    BadInput for a number that cannot stand in an address, or that there is already.
    """
    if opening.number and ("/" in opening.number or not opening.number.isprintable()):
        raise BadInput("incident_number", number=opening.number)
    facts, lineage = plant.facts(), plant.lineage()
    asked = lasting(lineage, opening.asked)
    roots = answer(facts, lineage, asked)
    book = tables.read_rules(opening.rules) if opening.rules else None
    scope = compute(facts, lineage, asked, table, hazard=opening.hazard, rulebook=book)
    only = lineage.lots["key"][int(roots.match[0])] if len(roots.match) == 1 else None
    with acting(plant, actor, "open") as (batch, facts, signed):
        number = opening.number or _next_number(facts, plant.settings.company)
        row = incidents.opened(
            plant.settings.company, number, asked.given(), signed, title=opening.title,
            kind=opening.kind, product_kind=opening.product_kind, lot=only,
            recall_class=opening.recall_class, hazard=opening.hazard.kind,
            agent=opening.hazard.agent, rules=opening.rules, jurisdictions=opening.jurisdictions,
        )  # fmt: skip
        key = row["key"][0]
        if key in facts[cases.Incident]["key"]:
            raise BadInput("incident_exists", number=number)
        at = now()
        known = incidents.event(key, "knowing", opening.known_at or at, signed)
        batch.add({"Incident": row, "Deed": known})
        batch.add(frozen.rows(scope, key, cause="asked", person=signed.person, at=at))
    return reading.whole(plant.facts(), key, home(plant))


def _next_number(facts: Facts, company: str) -> str:
    """The next free number of the year."""
    own = facts[cases.Incident].filter(pl.col("company") == company)["incident_no"]
    year = datetime.now(UTC).year
    taken = set(own)
    count = len(own) + 1
    while f"Q-{year}-{count:03}" in taken:
        count += 1
    return f"Q-{year}-{count:03}"


def lasting(lineage: Lineage, asked: Suspects) -> Suspects:
    """The question with each lot written whole, so that a later import cannot make it ambiguous."""
    written = []
    for text in asked.lots:
        lot = one_lot(lineage, text)
        names = lineage.lots.select("owner", "item_code", "lot_no", "sublot").row(lot)
        whole = "/".join(names[:3]) + (f"#{names[3]}" if names[3] else "")
        written.append(whole if find_lots(lineage, whole).tolist() == [lot] else text)
    return replace(asked, lots=tuple(written))


def scope_now(plant: Plant, row: Mapping[str, Any], table: cost.CostTable | None = None) -> Scope:
    """The scope of an incident on the facts of now."""
    return scopes.scope_of(plant.facts(), plant.lineage(), row, table)


def freeze(
    plant: Plant, actor: Actor, number: str, table: cost.CostTable | None = None
) -> dict[str, Any]:
    """Freezes the scope of an incident as of now; its line."""
    row = open_only(plant.facts(), number)
    scope = scope_now(plant, row, table)
    with acting(plant, actor, "freeze") as (batch, _, signed):
        made = frozen.rows(scope, row["key"], cause="asked", person=signed.person, at=now())
        batch.add(made)
    return reading.scope_line(made["FrozenScope"].row(0, named=True))


At = Callable[[int | None], tuple[Facts, Lineage]]
"""Facts and arrays as of a batch; None: of now."""


def differences(
    at: At, ledger: acting_on.Manifest, number: str, since: int | None = None
) -> dict[str, Any]:
    """What differs now from a frozen scope, and the batches and facts that did it.

    `since`: batch of a frozen scope; default: the newest of which the lots were others. Raises
    BadInput where no frozen scope stands on that batch.
    """
    facts, lineage = at(None)
    row = reading.find(facts, number)
    kept = facts[cases.FrozenScope].filter(pl.col("incident") == row["key"]).sort("as_of")
    new = scopes.scope_of(facts, lineage, row)
    digest = frozen.digest(frozen.lots_of(new), frozen.parties_of(new))
    wanted = pl.col("digest") != digest if since is None else pl.col("as_of") == since
    chosen = kept.filter(wanted)
    if chosen.is_empty() and since is None:
        chosen = kept
    if chosen.is_empty():
        raise BadInput("no_frozen_scope", batch=since)
    before = chosen.row(-1, named=True)
    old = compute(
        *at(before["as_of"]), reading.suspects(before["asked"]), new.table,
        hazard=reading.hazard(row), rulebook=reading.rules(row),
    )  # fmt: skip
    return acting_on.difference(ledger, old, new)


def open_only(facts: Facts, number: str) -> dict[str, Any]:
    """The incident of a number. Raises NotFound, and BadInput where it is closed."""
    row = reading.find(facts, number)
    if reading.status(reading.deeds(facts, row["key"])) != reading.OPEN:
        raise BadInput("incident_closed", number=row["incident_no"])
    return row


def mark(plant: Plant, actor: Actor, number: str, event: str, at: int | None = None) -> None:
    """States when a trigger event or an act of a deadline was."""
    with acting(plant, actor, f"event {event}") as (batch, facts, signed):
        row = open_only(facts, number)
        batch.add({"Deed": incidents.event(row["key"], event, at or now(), signed)})


def classify(plant: Plant, actor: Actor, number: str, **values: Any) -> None:
    """States kind of product, class or further countries of an incident."""
    with acting(plant, actor, "classify") as (batch, facts, signed):
        batch.add(incidents.classified(open_only(facts, number), signed, **values))


def suppose(
    plant: Plant, actor: Actor, number: str, name: str, asked: Suspects, *, choose: bool
) -> str:
    """Adds a hypothesis, and chooses it as the source if asked; its key."""
    asked = lasting(plant.lineage(), asked)
    answer(plant.facts(), plant.lineage(), asked)
    with acting(plant, actor, "hypothesis") as (batch, facts, signed):
        row = open_only(facts, number)
        made = incidents.hypothesis(row["key"], name, asked.given(), signed)
        batch.add({"Hypothesis": made})
        key: str = made["key"][0]
        if choose:
            batch.add({"Deed": incidents.deed(row["key"], "choose", key, signed)})
    return key


def choose(plant: Plant, actor: Actor, number: str, name: str) -> None:
    """Chooses a hypothesis by name; an empty name goes back to what the incident asked."""
    with acting(plant, actor, "choose") as (batch, facts, signed):
        row = open_only(facts, number)
        own = facts[cases.Hypothesis].filter(
            (pl.col("incident") == row["key"]) & (pl.col("name") == name)
        )
        if name and own.is_empty():
            raise BadInput("no_such_hypothesis", name=name)
        subject = own["key"][0] if name else row["key"]
        batch.add({"Deed": incidents.deed(row["key"], "choose", subject, signed)})


def close(plant: Plant, actor: Actor, number: str) -> None:
    """Closes an incident; it can be opened again, and nothing of it is deleted."""
    with acting(plant, actor, "close") as (batch, facts, signed):
        row = open_only(facts, number)
        batch.add({"Deed": incidents.deed(row["key"], "close", row["key"], signed)})


def reopen(plant: Plant, actor: Actor, number: str) -> None:
    """Opens a closed incident again."""
    with acting(plant, actor, "reopen") as (batch, facts, signed):
        row = reading.find(facts, number)
        if reading.status(reading.deeds(facts, row["key"])) == reading.OPEN:
            raise BadInput("incident_open", number=row["incident_no"])
        batch.add({"Deed": incidents.deed(row["key"], "reopen", row["key"], signed)})


def set_deadline(plant: Plant, actor: Actor, rule: str, values: Mapping[str, Any]) -> None:
    """States a time limit, or changes one that is shipped."""
    with acting(plant, actor, f"deadline {rule}") as (batch, _, signed):
        batch.add({"DeadlineRule": incidents.deadline(rule, signed, **values)})
