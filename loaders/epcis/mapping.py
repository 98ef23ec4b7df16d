"""One event -> facts: the event itself, the goods it names, and what it says of them."""

from __future__ import annotations

from typing import Any

from graph_model.identifiers import OWN, Thing, place
from graph_model.keys import join, lot_key
from graph_model.schema import Event, Item, Lot, Mentioned, Site
from loaders.epcis import movements
from loaders.epcis.content import as_json, interval, stated, word
from loaders.epcis.reading import Read, documents, listed
from loaders.epcis.rows import Rows

_EXPIRY = ("itemExpirationDate", "bestBeforeDate", "sellByDate")
_APART = ("errorDeclaration", "recordTime", "@context")
"""What an event says about itself later, or in words of its document: kept in fields, or anew."""
_EMPTY: tuple[Any, ...] = (None, "", [], {})
_MADE = ("productionDate", "packagingDate", "harvestDate")


def map_event(read: Read, rows: Rows) -> None:
    """All facts of the event. What is declared an error is stated too; the fold takes it out."""
    read_point, location = _site(read, rows, "readPoint"), _site(read, rows, "bizLocation")
    _event(read, rows, read_point, location)
    _goods(read, rows)
    at = location or read_point
    operation = movements.operation(read, rows, at)
    movements.packing(read, rows)
    movements.delivery(read, rows, at)
    movements.sensors(read, rows, operation)


def _site(read: Read, rows: Rows, name: str) -> str | None:
    """Key of the place, which becomes known."""
    told = read.event.get(name)
    text = stated(told.get("id") if isinstance(told, dict) else told)
    if text is None:
        return None
    company, code = place(text)
    key = join(company, code)
    rows.node(Site, read.place, key, company, code, None)
    return key


def _event(read: Read, rows: Rows, read_point: str | None, location: str | None) -> None:
    event, name = read.event, read.name
    error = event.get("errorDeclaration")
    declared = error if isinstance(error, dict) else {}
    kept = {k: v for k, v in event.items() if k not in _APART and v not in _EMPTY}
    if read.context:
        kept["@context"] = [read.context]
    rows.add(
        Event, read.place, name.key, name.event_id or "", name.content, read.type,
        read.action, read.earliest, read.latest, read.step,
        word(event.get("disposition")), read_point, location,
        stated(event.get("transformationID")),
        ";".join(f"{kind}={number}" for kind, number in documents(event)) or None,
        True if error is not None else None, word(declared.get("reason")),
        interval(declared.get("declarationTime"))[0],
        " ".join(map(str, listed(declared.get("correctiveEventIDs")))) or None,
        interval(event.get("recordTime"))[0],
        as_json(kept),
    )  # fmt: skip
    for n, line in enumerate(read.goods):
        if line.thing.lot:
            rows.add(
                Mentioned, read.place, read.key(f"mention/{n}"), line.thing.lot, name.key,
                line.role, line.quantity, line.uom,
            )  # fmt: skip


def _goods(read: Read, rows: Rows) -> None:
    """Items and lots that the event names, with what it says of those that it creates."""
    created = read.type == "TransformationEvent" or read.action == "ADD"
    ilmd = _ilmd(read.event) if created else {}
    made = next((interval(ilmd[key])[0] for key in _MADE if key in ilmd), None)
    expiry = next((interval(ilmd[key])[1] for key in _EXPIRY if key in ilmd), None)
    for line in read.goods:
        one = line.thing
        if one.item:
            rows.node(Item, read.place, one.item, one.owner, one.item_code, None)
        if not one.lot:
            continue
        new = line.role in ("object", "output")
        parent = _whole(read, rows, one, ilmd.get("lotNumber") if new else None)
        code = None if one.code.startswith(OWN) else one.code
        dates = (made, expiry) if new else (None, None)
        rows.node(
            Lot, read.place, one.lot, one.owner, one.item_code, one.lot_no, one.sublot, one.item,
            parent, one.kind, code, *dates,
        )  # fmt: skip


def _whole(read: Read, rows: Rows, one: Thing, told: Any) -> str | None:
    """Key of the lot that a piece is part of, where the piece or the event names it."""
    lot_no = one.parent or stated(told)
    if one.kind != "serial" or not one.item or not lot_no:
        return None
    key = lot_key(one.owner, one.item_code, lot_no)
    nothing = (None,) * 5
    rows.node(Lot, read.place, key, one.owner, one.item_code, lot_no, "", one.item, *nothing)
    return key


def _ilmd(event: dict[str, Any]) -> dict[str, Any]:
    """Master data of the lots by the bare name of the field."""
    told = event.get("ilmd")
    if not isinstance(told, dict):
        return {}
    return {key.rpartition(":")[2]: value for key, value in told.items()}
