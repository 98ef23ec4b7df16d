"""What events say happened to goods: made, ended, packed, delivered, measured."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from graph_model.identifiers import EPCIS, own_parts, party
from graph_model.keys import join
from graph_model.schema import (
    Consumed,
    Customer,
    Operation,
    Packed,
    ProcessValue,
    Produced,
    Shipment,
    Shipped,
)
from loaders.epcis.content import interval, stated, word
from loaders.epcis.reading import Goods, Read, documents, listed
from loaders.epcis.rows import Rows

SOURCE = "epcis"
CLOCK = "network"
"""Partners state event times, not times of entry: nothing is added to them."""
RECEIVED = "received"
"""First part of the keys of delivery lines that only a receipt tells of."""
_SHIPPING = frozenset(("shipping", "departing", "dispatching"))
_RECEIVING = frozenset(("receiving", "arriving", "accepting"))
_PACKING = ("AggregationEvent", "AssociationEvent")
_LIFE = ("ADD", "DELETE")
_DELIVERY = ("desadv", "bol")
"""Documents that number one delivery; the first that is there counts."""
_PARTIES = ("owning_party", "possessing_party", "location")
_READINGS = {
    "value": "", "stringValue": "", "booleanValue": "", "hexBinaryValue": "", "uriValue": "",
    "minValue": " min", "maxValue": " max", "meanValue": " mean",
}  # fmt: skip
_DETAILS = ("component", "chemicalSubstance", "microorganism")


def operation(read: Read, rows: Rows, at: str | None) -> str | None:
    """Key of what made or ended the goods; an observation did neither."""
    if read.type == "TransformationEvent":
        shared = stated(read.event.get("transformationID"))
        key = _operation(read, rows, "produce", at, shared)
        # All inputs may be in all outputs: more than that no transformation says.
        _lines(read, rows, Consumed, "input", key, "by_order", at)
        _lines(read, rows, Produced, "output", key, "by_order", at)
        return key
    if read.type == "ObjectEvent" and read.action == "ADD":
        key = _operation(read, rows, "receive", at, None)
        _lines(read, rows, Produced, "object", key, "exact", at)
        return key
    if read.type == "ObjectEvent" and read.action == "DELETE":
        key = _operation(read, rows, "scrap", at, None)
        _lines(read, rows, Consumed, "object", key, "exact", at)
        return key
    return None


def _operation(read: Read, rows: Rows, kind: str, at: str | None, shared: str | None) -> str:
    """`shared`: its number, where several events tell of it; none of them knows all its times."""
    named = own_parts(shared, "operation")
    identity = (EPCIS, kind, shared or read.name.number)
    if named and len(named) == 3:
        identity = (named[0], named[1], named[2])
    papers = dict(reversed(documents(read.event)))
    own = (None,) * 3 if shared else ("closed", read.step, at)
    times = (None, None) if shared else (read.earliest, read.latest)
    key = join(*identity)
    rows.node(
        Operation, read.place, key, *identity,
        None if shared else papers.get("prodorder"), shared or read.name.event_id,
        None if shared else papers.get("po"), *own, *times, SOURCE,
    )  # fmt: skip
    return key


def _lines(
    read: Read, rows: Rows, kind: type, role: str, key: str, basis: str, at: str | None
) -> None:
    of = (key, basis) if kind is Consumed else (key, basis, "product")
    places = (at, None) if kind is Consumed else (None, at)
    for n, line in read.of(role):
        rows.add(kind, read.place, read.key(f"{role}/{n}"), *of, *_movement(read, line, places))


def _movement(read: Read, line: Goods, places: tuple[str | None, str | None]) -> tuple[Any, ...]:
    one = line.thing
    return (
        one.lot, one.owner, one.item, one.lot_no or None, line.quantity, line.uom, read.earliest,
        read.latest, SOURCE, CLOCK, *places, read.step, read.name.event_id,
    )  # fmt: skip


def packing(read: Read, rows: Rows) -> None:
    """Children go into their parent, come out of it, or are seen in it."""
    if read.type not in _PACKING:
        return
    container = next((line.thing.lot for _, line in read.of("parent")), None)
    if not container:
        return
    out = read.action == "DELETE"
    times = (None, read.latest, True) if out else (read.earliest, None, None)
    children = [(n, line) for n, line in read.of("child") if line.thing.lot]
    for n, line in children:
        rows.add(
            Packed, read.place, read.key(f"child/{n}"), line.thing.lot, container, line.quantity,
            line.uom, *times,
        )  # fmt: skip
    if out and not any(True for _ in read.of("child")):
        rows.add(Packed, read.place, read.key("all"), None, container, None, None, *times)


def delivery(read: Read, rows: Rows, at: str | None) -> None:
    """A despatch, or a receipt. A receipt repeats a despatch, but may be all that is known."""
    # An object that begins or ends here goes nowhere; papers and containers come and go by steps.
    if read.type == "TransformationEvent":
        return
    moves = read.type in ("TransactionEvent", *_PACKING) or read.action not in _LIFE
    sent, got = read.step in _SHIPPING, read.step in _RECEIVING
    if not moves or not (sent or got):
        return
    papers = dict(reversed(documents(read.event)))
    shared = next((papers[kind] for kind in _DELIVERY if kind in papers), None)
    named = own_parts(shared, "delivery")
    company, number = EPCIS, shared or read.name.number
    if named and len(named) == 2:
        company, number = named
    customer = _customer(read, rows, at if got else None)
    key = join(company, number)
    moment = (read.earliest, read.latest)
    none = (None, None)
    times = (*none, *none) if shared else (*moment, *none) if sent else (*none, *moment)
    rows.node(
        Shipment, read.place, key, company, number, customer, "delivery", papers.get("po"), *times
    )
    role = "shipped" if sent else RECEIVED
    for n, line in _carried(read):
        movement = _movement(read, line, (at if sent else None, at if got else None))
        rows.add(Shipped, read.place, read.key(f"{role}/{n}"), key, *movement)


def _carried(read: Read) -> list[tuple[int, Goods]]:
    """What goes: the container where there is one, for what is in it goes with it."""
    if read.type in _PACKING:
        return list(read.of("parent")) or list(read.of("child"))
    return list(read.of("object", "parent"))


def _customer(read: Read, rows: Rows, at: str | None) -> str | None:
    """Key of who gets the goods: by the event's own words, else the place that received them."""
    told = {
        word(line.get("type")): line.get("destination")
        for line in listed(read.event.get("destinationList"))
        if isinstance(line, dict)
    }
    named = [told.get(kind) for kind in _PARTIES]
    if at is not None:
        named[2:2] = [value for key, value in read.event.items() if key.endswith(":productOwner")]
        location = read.event.get("bizLocation")
        named.append(location.get("id") if isinstance(location, dict) else location)
    text = next((text for text in map(stated, named) if text), None)
    if text is None:
        return None
    code = party(text)
    key = join(code)
    rows.node(Customer, read.place, key, code, None)
    return key


def sensors(read: Read, rows: Rows, of: str | None) -> None:
    """Readings as measured values, of the operation or else of each lot that was there."""
    lots = [] if of else dict.fromkeys(line.thing.lot for line in read.goods if line.thing.lot)
    subjects: list[tuple[str | None, str | None]] = [(None, lot) for lot in lots]
    subjects = [(of, None)] if of else subjects
    elements = [one for one in listed(read.event.get("sensorElementList")) if isinstance(one, dict)]
    # Lists have no order: the numbers in the keys must not depend on the file's.
    for n, element in enumerate(sorted(elements, key=_text)):
        meta = element.get("sensorMetadata")
        meta = meta if isinstance(meta, dict) else {}
        for m, report in enumerate(sorted(listed(element.get("sensorReport")), key=_text)):
            if not isinstance(report, dict):
                continue
            first, last = _measured(read, meta, report)
            for name, value in _readings(report):
                for s, (operation, lot) in enumerate(subjects):
                    rows.add(
                        ProcessValue, read.place, read.key(f"sensor/{n}/{m}/{name}/{s}"),
                        operation, lot, name, value, stated(report.get("uom")), first, last, SOURCE,
                    )  # fmt: skip


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _measured(
    read: Read, meta: dict[str, Any], report: dict[str, Any]
) -> tuple[int | None, int | None]:
    at = report.get("time") or meta.get("time")
    if at:
        return interval(at)
    if meta.get("startTime") or meta.get("endTime"):
        return interval(meta.get("startTime"))[0], interval(meta.get("endTime"))[1]
    return read.earliest, read.latest


def _readings(report: dict[str, Any]) -> list[tuple[str, str]]:
    """(what was measured, value as text)."""
    subject = word(report.get("type")) or word(report.get("exception")) or "?"
    detail = next((report[name] for name in _DETAILS if report.get(name)), None)
    name = f"{subject} {word(detail)}" if detail else subject
    return [
        (f"{name}{suffix}", f"{value:g}" if isinstance(value, float | Decimal) else str(value))
        for field, suffix in _READINGS.items()
        if (value := report.get(field)) not in (None, "")
    ]
