"""Open incidents are looked at again at every import: whoever appends facts calls `rerun`."""

from __future__ import annotations

import contextlib
from typing import Any

import polars as pl

from api.incidents import SOURCE, Actor, acting, scope_now
from graph_model import cases
from graph_model.errors import BadInput, Locked, LotgraphError
from graph_model.ledger import Facts
from graph_model.live import LivePlant
from graph_model.plant import Plant
from loaders.entries import incidents, now
from queries.incidents import alerts, frozen
from queries.incidents import cases as reading

SYSTEM = "lotgraph"


def rerun(plant: Plant) -> list[dict[str, Any]]:
    """Computes the scope of every open incident again; gives and keeps the alerts that are new.

    A scope that differs from the last frozen one is frozen. Doing it again changes nothing.
    """
    facts = plant.facts()
    if facts[cases.Incident].is_empty():
        return []
    batches = plant.ledger.batches()
    person = batches[-1].who
    made = incidents.together(
        *(
            _look(plant, facts, row, person)
            for row in facts[cases.Incident].iter_rows(named=True)
            if reading.status(reading.deeds(facts, row["key"])) == reading.OPEN
        )
    )
    made = {kind: frame for kind, frame in made.items() if len(frame)}
    if made:
        with plant.ledger.batch(source=SOURCE, who=SYSTEM, note="rerun") as batch:
            batch.add(made)
    fresh = set(made["Alert"]["key"]) if "Alert" in made else set()
    return [one for one in alerts.listing(plant.facts()) if one["alert"] in fresh]


def look_again(live: LivePlant) -> None:
    """Looks at open incidents after the service wrote facts; whoever imports now does it after."""
    with contextlib.suppress(Locked), live.writing() as writer:
        rerun(writer)


def _look(plant: Plant, facts: Facts, row: dict[str, Any], person: str) -> dict[str, pl.DataFrame]:
    """New facts about one incident."""
    key, at, as_of = row["key"], now(), facts.batch
    try:
        scope = scope_now(plant, row)
    except LotgraphError as error:
        told = {"kind": "unanswered", "record": f"{as_of}:{error.code}"}
        last = facts[cases.Alert].filter(pl.col("incident") == key).sort("at")["kind"].tail(1)
        found = [] if last.to_list() == ["unanswered"] else [told]
        return {"Alert": alerts.rows(facts, key, found, as_of, at)}
    made = frozen.rows(scope, key, cause="import", person=person, at=at)
    found = alerts.breaches(facts, plant.lineage(), key, _since_hold(plant, facts, key))
    found += alerts.reached_again(scope, key, made["FrozenLot"])
    before = reading.last_frozen(facts, key)
    if before is not None and before["digest"] == made["FrozenScope"]["digest"][0]:
        return {"Alert": alerts.rows(facts, key, found, as_of, at)}
    found += alerts.of_scope(scope, key, made)
    return {**made, "Alert": alerts.rows(facts, key, found, as_of, at)}


def _since_hold(plant: Plant, facts: Facts, incident: str) -> pl.DataFrame:
    """kind, key and batch of every new statement since the first hold."""
    schema = {"kind": pl.String, "key": pl.String, "batch": pl.Int64}
    first = facts[cases.Hold].filter(pl.col("incident") == incident)["as_of"].min()
    later = plant.ledger.batches()[first:] if isinstance(first, int) else []
    found = [pl.DataFrame(schema=schema)]
    for batch in later:
        if batch.source != SOURCE and batch.files:
            keys = plant.ledger.stated(batch.number, again=False)
            found.append(keys.with_columns(batch=pl.lit(batch.number, pl.Int64)).select(*schema))
    return pl.concat(found)


def see(plant: Plant, actor: Actor, alert: str) -> None:
    """States that somebody saw an alert and what is done about it; it stays in the ledger."""
    with acting(plant, actor, "seen") as (batch, facts, signed):
        own = facts[cases.Alert].filter(pl.col("key") == alert)
        if own.is_empty():
            raise BadInput("no_such_alert", alert=alert)
        row = own.row(0, named=True)
        made = incidents.deed(row["incident"], "seen", alert, signed, lot=row["lot"])
        batch.add({"Deed": made})
