"""Lots by a number or by where they came from."""

from __future__ import annotations

from dataclasses import dataclass

from graph_model import interval, keys
from graph_model.engines.base import Query, Reader
from queries import scans
from queries.catalogue import question


@dataclass(frozen=True)
class LotKey:
    """A lot."""

    key: str


@dataclass(frozen=True)
class NumberedLot:
    """A candidate for a number typed."""

    key: str
    owner: str
    item_code: str
    lot_no: str
    sublot: str


@dataclass(frozen=True)
class MovedLot:
    """A movement of a lot, or its stock at a place; times in us UTC as recorded.

    `action` is consumed, produced, returned, shipped or stored; `subject` the key of the operation,
    shipment or place.
    """

    movement: str
    key: str
    owner: str
    item_code: str
    lot_no: str
    sublot: str
    action: str
    subject: str
    quantity: float | None
    uom: str | None
    earliest: int | None
    latest: int | None
    person: str | None


@dataclass(frozen=True)
class CarriedLot:
    """A line of a shipment."""

    key: str
    item: str | None
    item_code: str
    lot_no: str
    owner: str
    sublot: str
    quantity: float | None
    uom: str | None
    shipment: str


@dataclass(frozen=True)
class CustomersLot:
    """A lot and the shipment that carried, or is to carry, it to a customer."""

    key: str
    owner: str
    item_code: str
    lot_no: str
    sublot: str
    shipment: str
    status: str | None
    quantity: float | None
    uom: str | None


@dataclass(frozen=True)
class Place:
    """A place and what it is part of."""

    key: str
    site_code: str
    parent: str | None


@dataclass(frozen=True)
class Found:
    """A candidate of any kind for a number typed; `label.<kind>` names the kind."""

    kind: str
    key: str
    number: str | None
    name: str | None
    owner: str | None


LOTS_OF_SUPPLIER = Query("lookup/lots_of_supplier.cypher", LotKey)
LOTS_BY_NUMBER = Query("lookup/lots_by_number.cypher", NumberedLot)
LOTS_OF_ITEM = Query("lookup/lots_of_item.cypher", NumberedLot)
LOTS_OF_WORK_ORDER = Query("lookup/lots_of_work_order.cypher", MovedLot)
LOTS_AT_SITES = Query("lookup/lots_at_sites.cypher", MovedLot)
LOTS_OF_OPERATOR = Query("lookup/lots_of_operator.cypher", MovedLot)
LOTS_OF_SHIPMENT = Query("lookup/lots_of_shipment.cypher", CarriedLot)
LOTS_OF_CUSTOMER = Query("lookup/lots_of_customer.cypher", CustomersLot)
SITES = Query("lookup/sites.cypher", Place)
FIND = Query("lookup/find.cypher", Found)


@question
def lots_of_supplier(graph: Reader, supplier: str, lot_no: str) -> list[LotKey]:
    """The supplier's lots under this number, as it and as we recorded them."""
    return graph.read(LOTS_OF_SUPPLIER, supplier=supplier, lot_no=lot_no)


@question
def lots_by_number(graph: Reader, number: str) -> list[NumberedLot]:
    """All lots that carry the number."""
    return graph.read(LOTS_BY_NUMBER, number=number)


@question
def lots_of_item(graph: Reader, item: str) -> list[NumberedLot]:
    """All recorded lots of an item, by its key or number."""
    return sorted(graph.read(LOTS_OF_ITEM, item=item), key=lambda lot: lot.key)


@question
def lots_of_work_order(graph: Reader, work_order: str) -> list[MovedLot]:
    """What went into an order, came out of it and was given back."""
    return _in_order(graph.read(LOTS_OF_WORK_ORDER, work_order=work_order))


@question
def lots_at_site(
    graph: Reader, site: str, start: int | None = None, finish: int | None = None
) -> list[MovedLot]:
    """What was done, came, left or lay at a place or its parts; us UTC, None = unbounded.

    A movement counts when its recorded time allows it; without any time it always does.
    """
    sites = _with_parts(graph, site)
    if not sites:
        return []
    return _in_order(graph.read(LOTS_AT_SITES, sites=sites, **_window(start, finish)))


@question
def lots_of_operator(
    graph: Reader, person: str, start: int | None = None, finish: int | None = None
) -> list[MovedLot]:
    """What a person (pseudonym) moved or shipped; times in us UTC, None = unbounded."""
    return _in_order(graph.read(LOTS_OF_OPERATOR, person=person, **_window(start, finish)))


@question
def lots_of_shipment(graph: Reader, shipment: str) -> list[CarriedLot]:
    """The lines of a shipment, by its key or delivery note."""
    return graph.read(LOTS_OF_SHIPMENT, shipment=shipment)


@question
def lots_of_customer(graph: Reader, customer: str) -> list[CustomersLot]:
    """Lots shipped, or to be shipped, to a customer."""
    return graph.read(LOTS_OF_CUSTOMER, customer=customer)


@question
def find(graph: Reader, number: str) -> list[Found]:
    """All that carries the number typed or scanned, of any kind; more than one is ambiguous.

    A GS1 code is read where nothing carries it as it stands: its lot, else the numbers in it.
    """
    rows = graph.read(FIND, number=keys.plain(number))
    scan = scans.read(number)
    if not rows and scan.key:
        rows = graph.read(FIND, number=scan.key)
    for found in scan.numbers if not rows else ():
        rows += graph.read(FIND, number=found)
    return sorted(set(rows), key=lambda row: (row.kind, row.key))


def _with_parts(graph: Reader, site: str) -> list[str]:
    """The places of this key or number and, at any depth, their parts."""
    places = graph.read(SITES)
    found = {place.key for place in places if site in (place.key, place.site_code)}
    while parts := {p.key for p in places if p.parent in found and p.key not in found}:
        found |= parts
    return sorted(found)


def _window(start: int | None, finish: int | None) -> dict[str, int]:
    return {
        "start": interval.MIN if start is None else start,
        "finish": interval.MAX if finish is None else finish,
    }


def _in_order(rows: list[MovedLot]) -> list[MovedLot]:
    """Each movement once, in order of time."""
    return sorted(set(rows), key=lambda row: (row.earliest or interval.MIN, row.movement))
