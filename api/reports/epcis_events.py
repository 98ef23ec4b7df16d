"""Recorded movements as EPCIS 2.0 events, for partners who read the standard.

Lots that events brought in go out as these events. All others are told anew: an operation is a
transformation under its own id, a delivery line a despatch, packing an aggregation. Times are as
sure as the records' source is: a foreign reader sees the recorded moment, a Lotgraph reads between
which moments it can have been, so that no reader cuts a flow that the writer could not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl

from graph_model import interval, keys, network
from graph_model.events import EPCIS
from graph_model.identifiers import RESOLVER, digital_link, own
from graph_model.keys import GS1
from graph_model.network import Facts
from graph_model.quantity import unece_code
from graph_model.schema import (
    Consumed,
    Event,
    Lot,
    Mentioned,
    Operation,
    Packed,
    Produced,
    Shipment,
    Shipped,
)
from loaders.epcis.content import KNOWN, name_of, word
from loaders.epcis.documents import PREFIXES

Told = dict[str, Any]
C = pl.col
PREFIX = {"lotgraph": "urn:lotgraph:epcis:"}
_STEPS = {
    "receive": "receiving", "produce": "commissioning", "merge": "repackaging", "split":
    "repackaging", "rename": "repackaging", "pack": "packing", "unpack": "unpacking", "fill":
    "commissioning", "rework": "commissioning", "scrap": "decommissioning", "return": "receiving",
}  # fmt: skip
"""Business step of the vocabulary for each kind of operation; others have none."""
_WORDS = ("bizStep", "disposition", "type", "set", "unset", "reason")
_STANDARD = ("urn:epcglobal:cbv:", "https://ref.gs1.org/cbv/", "https://ns.gs1.org/cbv/", "gs1:")
_AMOUNT = ("quantity", "uom")
_LINE = ("key", "lot", "item", *_AMOUNT, "earliest", "latest", "t0", "t1", "from_place", "to_place")
NOT_YET = ("planned", "picked", "cancelled")
"""Deliveries that have not happened: no event tells of them."""


def events(facts: Facts, lots: pl.Series | None, offset: str) -> Iterator[Told]:
    """Events of lots (keys), all of the plant's without them, in an order that the content fixes.

    `offset`: of the plant's clock from UTC, such as `+08:00`.
    """
    yield from received(facts, lots)
    yield from written(facts, lots, offset)


def written(facts: Facts, lots: pl.Series | None, offset: str) -> Iterator[Told]:
    """What other files than events recorded, told as events."""
    writer = _Writer(facts, lots, offset)
    for part in (writer.operations(), writer.deliveries(), writer.packings()):
        for event in part:
            yield _named(event)


def received(facts: Facts, lots: pl.Series | None) -> Iterator[Told]:
    """Events as they came, of these lots or all; errors as their declaration."""
    rows = facts[Event]
    if lots is not None:
        named = facts[Mentioned].filter(C("lot").is_in(lots.implode()))
        rows = rows.join(named.select(key="event").unique(), on="key", how="semi")
    for row in rows.sort("key").iter_rows(named=True):
        yield as_received(row)


def as_received(row: Told) -> Told:
    """One event from its row, with the error that it was declared to be and its time of record."""
    event: Told = _plain(json.loads(row["content"] or "{}"))
    if event["type"] == "ObjectEvent" and "quantityList" not in event:
        event.setdefault("epcList", [])
    if row["recorded_at"] is not None:
        event["recordTime"] = _time(row["recorded_at"])
    if row["retracted"]:
        error: Told = {"declarationTime": _time(row["declared_at"] or row["latest"] or 0)}
        if row["retract_reason"]:
            error["reason"] = row["retract_reason"]
        if row["corrected_by"]:
            error["correctiveEventIDs"] = row["corrected_by"].split(" ")
        event["errorDeclaration"] = error
    return event


def _plain(value: Any, name: str = "") -> Any:
    """Words of the vocabularies as bare words, as JSON has them; EPCIS 1.2 and XML spell them out.

    Words of other vocabularies stay as they are.
    """
    if isinstance(value, dict):
        return {key: _plain(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, name) for item in value]
    if name in _WORDS and isinstance(value, str) and value.startswith(_STANDARD):
        return word(value)
    return value


class _Writer:
    """What other files recorded of some lots, as events."""

    def __init__(self, facts: Facts, chosen: pl.Series | None, offset: str) -> None:
        self.facts, self.offset, self.chosen = facts, offset, chosen
        self.moves = network.standing_movements(facts)
        self.lots = facts[Lot].select("key", "kind", "label_date", "expiry_date")
        self.kinds = dict(self.lots.drop_nulls("kind").select("key", "kind").iter_rows())

    # ------------------------------------------------------------------ what is told

    def _lines(self, kind: type, end: str) -> pl.DataFrame:
        """Standing rows of files other than events; without lot where their operation is told."""
        rows = self.moves[kind].filter(~C("key").str.starts_with(EPCIS))
        rows = rows.filter(C("lot").is_not_null() | C("item").is_not_null())
        if self.chosen is not None:
            mine = C("lot").is_in(self.chosen.implode())
            ends = rows.filter(mine)[end].unique()
            rows = rows.filter(mine | (C("lot").is_null() & C(end).is_in(ends.implode())))
        return rows.select(*_LINE, end)

    def operations(self) -> Iterator[Told]:
        """A transformation for each moment of an operation at which goods went in or came out.

        Goods that an operation took and gave alike only moved: no transformation.
        """
        heads = self.facts[Operation].select("kind", operation="key")
        rows = pl.concat(
            self._lines(kind, "operation").with_columns(side=pl.lit(side))
            for kind, side in ((Consumed, "in"), (Produced, "out"))
        )
        rows = rows.join(heads, on="operation", how="left")
        moved = rows.drop_nulls("lot").group_by("operation", "lot").agg(n=C("side").n_unique())
        rows = rows.join(moved.filter(C("n") > 1), on=["operation", "lot"], how="anti")
        group = ["operation", "kind", "earliest", "latest", "t0", "t1"]
        rows = rows.sort("operation", "t0", "t1", "earliest", "latest", "side", "key")
        for values, lines in rows.group_by(group, maintain_order=True):
            yield self._transformation(dict(zip(group, values, strict=True)), lines)

    def _transformation(self, head: Told, lines: pl.DataFrame) -> Told:
        event = self._event("TransformationEvent", head)
        event["transformationID"] = own("operation", *keys.parts(head["operation"]))
        if head["kind"] in _STEPS:
            event["bizStep"] = _STEPS[head["kind"]]
        for side, name in (("in", "input"), ("out", "output")):
            event |= self._goods(lines.filter(side=side), f"{name}EPCList", f"{name}QuantityList")
        places = pl.concat([lines["to_place"], lines["from_place"]]).drop_nulls().unique().sort()
        if len(places):
            event["bizLocation"] = {"id": _place(places[0])}
        made = lines.filter(side="out")["lot"].drop_nulls().unique()
        if len(made) == 1:
            event |= self._about(made[0])
        return event

    def deliveries(self) -> Iterator[Told]:
        """A despatch for each delivery and moment."""
        heads = self.facts[Shipment].select(
            "company", "delivery_no", "customer", "status", shipment="key"
        )
        rows = self._lines(Shipped, "shipment").join(heads, on="shipment", how="left")
        rows = rows.filter(~C("status").is_in(NOT_YET).fill_null(False))
        group = ["shipment", "customer", "earliest", "latest", "t0", "t1"]
        rows = rows.sort("shipment", "t0", "t1", "earliest", "latest", "key")
        for values, lines in rows.group_by(group, maintain_order=True):
            head = dict(zip(group, values, strict=True))
            event = self._event("ObjectEvent", head)
            event |= {"action": "OBSERVE", "bizStep": "shipping", "disposition": "in_transit"}
            event |= self._goods(lines, "epcList", "quantityList")
            number = own("delivery", *keys.parts(head["shipment"]))
            event["bizTransactionList"] = [{"type": "desadv", "bizTransaction": number}]
            if head["customer"]:
                who = own("party", keys.parts(head["customer"])[0])
                event["destinationList"] = [{"type": "owning_party", "destination": who}]
            places = lines["from_place"].drop_nulls().unique().sort()
            if len(places):
                event["readPoint"] = {"id": _place(places[0])}
            yield event

    def packings(self) -> Iterator[Told]:
        """Goods that went into containers and came out of them."""
        rows = self.facts[Packed].filter(
            ~C("key").str.starts_with(EPCIS), C("status").ne_missing("cancelled")
        )
        if self.chosen is not None:
            rows = rows.filter(C("lot").is_in(self.chosen.implode()))
        rows = rows.with_columns(
            out=C("taken_out").fill_null(False), earliest=pl.coalesce("packed_at", "unpacked_at")
        ).with_columns(item=pl.lit(None, pl.String))
        group = ["container", "out", "earliest"]
        rows = rows.sort(*group, "lot", "key")
        for (container, out, at), lines in rows.group_by(group, maintain_order=True):
            head = {"earliest": at, "latest": at, "t0": at, "t1": at}
            event = self._event("AggregationEvent", head)
            event |= {"action": "DELETE" if out else "ADD", "parentID": self._id(str(container))}
            event["bizStep"] = "unpacking" if out else "packing"
            event |= self._goods(lines, "childEPCs", "childQuantityList")
            yield event

    # ------------------------------------------------------------------ how it is written

    def _event(self, kind: str, head: Told) -> Told:
        shown = next((head[n] for n in ("latest", "earliest") if head[n] is not None), 0)
        bounds = {"earliest": head["t0"], "latest": head["t1"]}
        known = {
            name: _time(value)
            for name, value in bounds.items()
            if value is not None and interval.MIN < value < interval.MAX
        }
        return {
            "type": kind, "eventTime": _time(shown), "eventTimeZoneOffset": self.offset,
            KNOWN: known,
        }  # fmt: skip

    def _goods(self, lines: pl.DataFrame, numbers: str, amounts: str) -> Told:
        """Containers and pieces by number, everything else by amount."""
        single: list[str] = []
        several: list[Told] = []
        for lot, item, quantity, uom in lines.select("lot", "item", *_AMOUNT).iter_rows():
            if lot is None:
                several.append(
                    {"epcClass": own("item", *keys.parts(item))} | _amount(quantity, uom)
                )
            elif self.kinds.get(lot) in ("container", "serial") and quantity in (None, 1):
                single.append(self._id(lot))
            else:
                several.append({"epcClass": self._id(lot)} | _amount(quantity, uom))
        told: Told = {}
        if single:
            told[numbers] = sorted(set(single))
        if several:
            told[amounts] = several
        return told

    def _id(self, lot: str) -> str:
        owner, item_code, lot_no, sublot = keys.lot_parts(lot)
        if owner == GS1:
            return _gs1(item_code, lot_no, sublot)
        if self.kinds.get(lot) == "container" and not item_code:
            return own("container", owner, lot_no)
        return own("lot", owner, item_code, lot_no, *([sublot] if sublot else []))

    def _about(self, lot: str) -> Told:
        """Dates on the goods, as master data of the lot."""
        row = self.lots.row(by_predicate=C("key") == lot, named=True)
        dates = {"productionDate": row["label_date"], "itemExpirationDate": row["expiry_date"]}
        told = {f"cbvmda:{name}": _time(day) for name, day in dates.items() if day is not None}
        return {"ilmd": told} if told else {}


def _named(event: Told) -> Told:
    """The event with an id made from what it says: written again, it has the same."""
    name = name_of(event, PREFIXES | PREFIX)
    return event | {"eventID": own("event", name.content)}


def _gs1(gtin: str, lot_no: str, sublot: str) -> str:
    if gtin:
        return digital_link({"01": gtin, "21": sublot} if sublot else {"01": gtin, "10": lot_no})
    if lot_no.startswith("("):
        ai, _, value = lot_no[1:].partition(")")
        return digital_link({ai: value})
    return f"{RESOLVER}/00/{lot_no}"


def _place(key: str) -> str:
    return own("place", *keys.parts(key))


def _amount(quantity: float | None, uom: str | None) -> Told:
    """An amount with its code; one of an unknown unit cannot be told."""
    code = unece_code(uom)
    if quantity is None or (uom is not None and code is None):
        return {}
    return {"quantity": quantity} | ({"uom": code} if code else {})


def _time(us: int) -> str:
    moment = datetime.fromtimestamp(us / 1_000_000, UTC)
    return moment.isoformat(timespec="microseconds" if us % 1_000_000 else "seconds")
