"""What a partner may capture, and which events it sees: those of its own deliveries and its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from api.kept import Kept
from api.reports import epcis_events
from api.reports.epcis_events import Told
from graph_model.access import User
from graph_model.errors import NotAllowed
from graph_model.events import event_of
from graph_model.identifiers import EPCIS
from graph_model.ledger import Facts, Ledger
from graph_model.ledger.manifest import voided
from graph_model.plant import Plant
from graph_model.schema import (
    KINDS,
    Customer,
    Decision,
    Event,
    Item,
    Lot,
    Operation,
    Shipment,
    Shipped,
    Site,
    conform,
)
from loaders.epcis.content import interval

C = pl.col
_DESCRIBED = (Item, Lot, Site, Customer, Shipment)
_LATER = ("retracted", "retract_reason", "declared_at", "corrected_by", "recorded_at", "content")
_kept = Kept(8)


def source_of(user: User) -> str:
    """What the ledger calls the captures of this user's company."""
    return f"epcis/{user.company}" if user.company else "epcis"


def judged(user: User) -> Callable[[Plant, dict[str, pl.DataFrame]], None]:
    """What stands in the way of a partner's statements; our own people may state everything."""

    def judge(plant: Plant, tables: dict[str, pl.DataFrame]) -> None:
        if user.can("epcis.query_all"):
            return
        operations = tables.get(Operation.__name__)
        if operations is not None and operations.filter(C("company") != EPCIS).height:
            raise NotAllowed("epcis_not_yours")
        _own_errors(plant, user, tables)
        facts = plant.facts()
        for kind in _DESCRIBED:
            # A partner names things; what others said of them it does not change.
            if (frame := tables.get(kind.__name__)) is not None:
                known = facts[kind].select("key")
                tables[kind.__name__] = frame.join(known, on="key", how="anti")

    return judge


def _own_errors(plant: Plant, user: User, tables: dict[str, pl.DataFrame]) -> None:
    """Raises NotAllowed where an event of somebody else is declared an error.

    A declaration is of all events with its id, whatever they say, so all of them have to be the
    user's own; what others stated as well is not its own alone.
    """
    wrong = tables[Event.__name__].filter(C("retracted").fill_null(False))
    if wrong.is_empty():
        return
    said = conform(Event, wrong.drop(_LATER))
    known = plant.ledger.known({Event.__name__: said}, source_of(user))[Event.__name__]
    named = wrong.filter(C("event_id") != "").select("event_id").unique()
    hit = plant.facts()[Event].join(named, on="event_id", how="semi").select("key")
    hit = pl.concat([hit, wrong.select("key")])
    others = hit.join(_of_others(plant.ledger, user), on="key", how="semi")
    if wrong.join(known, on="key", how="anti").height or others.height:
        raise NotAllowed("epcis_not_yours")


def _of_others(ledger: Ledger, user: User) -> pl.DataFrame:
    """key: of the events that another source stated."""
    manifest, own = ledger.batches(), source_of(user)
    void = voided(manifest)
    stating = [
        batch.number
        for batch in manifest
        if batch.source != own and batch.voids is None and batch.number not in void
        and Event.__name__ in batch.files
    ]  # fmt: skip
    stated = [ledger.stated(number).filter(kind=Event.__name__) for number in stating]
    return pl.concat([pl.DataFrame(schema={"key": pl.String}), *(f.select("key") for f in stated)])


def visible(facts: Facts, ledger: Ledger, user: User, offset: str) -> list[Told]:
    """The events that the user sees, by time and id; computed once for a batch and company."""
    whole = user.can("epcis.query_all")
    key = (str(ledger.folder), facts.head, "" if whole else user.company, whole)

    def make() -> list[Told]:
        if whole:
            found = list(epcis_events.events(facts, None, offset))
        else:
            found = list(_of_partner(facts, ledger, user, offset))
        return sorted(found, key=lambda event: (time_of(event), str(event.get("eventID"))))

    return _kept.once(key, make)


def _of_partner(facts: Facts, ledger: Ledger, user: User, offset: str) -> Iterator[Told]:
    if not user.company:
        return
    mine = facts[Shipment].filter(C("customer") == user.company).select(shipment="key")
    lines = facts[Shipped].join(mine, on="shipment", how="semi")
    lines = lines.filter(C("status").ne_missing("cancelled"))
    told = pl.concat([lines.select(event=event_of()).drop_nulls(), _captured(facts, ledger, user)])
    rows = facts[Event].join(told.unique(), left_on="key", right_on="event", how="semi")
    for row in rows.sort("key").iter_rows(named=True):
        yield epcis_events.as_received(row)
    # Of everything else nothing is told, not even by mistake: the other tables are empty.
    tables = {name: facts[kind].clear() for name, kind in KINDS.items()}
    tables |= {
        Decision.__name__: facts[Decision],
        Shipped.__name__: lines,
        Shipment.__name__: facts[Shipment].join(
            mine, left_on="key", right_on="shipment", how="semi"
        ),
        Lot.__name__: facts[Lot].join(lines.select(key="lot"), on="key", how="semi"),
    }
    yield from epcis_events.written(Facts(facts.batch, facts.head, tables), None, offset)


def _captured(facts: Facts, ledger: Ledger, user: User) -> pl.DataFrame:
    """event: what the user's company captured itself."""
    mine = [
        batch.number
        for batch in ledger.batches()[: facts.batch]
        if batch.source == source_of(user) and batch.voids is None
    ]
    stated = [ledger.stated(number).filter(kind=Event.__name__) for number in mine]
    none = pl.DataFrame(schema={"event": pl.String})
    return pl.concat([none, *(frame.select(event="key") for frame in stated)])


def time_of(event: Told) -> int:
    """When an event happened, for sorting and asking: us UTC, 0 where it is not told."""
    return interval(event.get("eventTime"), event.get("eventTimeZoneOffset"))[0] or 0
