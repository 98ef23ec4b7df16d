"""A trace as an EPCIS 2.0 document in JSON-LD, and what of the records it cannot say."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from api.reports import epcis_events
from api.reports.edition import Edition
from api.reports.epcis_events import NOT_YET, PREFIX, Told
from graph_model import keys
from graph_model.events import EPCIS
from graph_model.identifiers import digital_link, own
from graph_model.keys import GS1
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.quantity import unece_code
from graph_model.schema import (
    MOVEMENTS,
    Complaint,
    Component,
    Consumed,
    Customer,
    Inspection,
    Item,
    Produced,
    Returned,
    Shipment,
    Site,
    Stock,
)
from loaders.epcis.content import as_json
from queries import given
from queries.traces import DIRECTIONS

C = pl.col
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
"""GS1's context of EPCIS 2.0; a reader knows it, nothing is fetched here."""
_NAME = "urn:epcglobal:cbv:mda#{}"


@dataclass(frozen=True)
class Written:
    """What a document holds: number of events, SHA-256, and rows by reason that it cannot say."""

    events: int
    digest: str
    left_out: dict[str, int]


def write(facts: Facts, lots: pl.Series | None, edition: Edition, target: IO[str]) -> Written:
    """Writes the events of these lots (keys), or of the whole plant; the same facts, same bytes."""
    digest, count = hashlib.sha256(), 0

    def put(text: str) -> None:
        digest.update(text.encode())
        target.write(text)

    put(_head(facts, lots, edition))
    for event in epcis_events.events(facts, lots, offset_of(edition)):
        put(("\n" if count == 0 else ",\n") + as_json(event))
        count += 1
    put("\n]}}\n")
    return Written(count, digest.hexdigest(), left_out(facts, lots))


def traced(lineage: Lineage, words: list[str], ways: Sequence[str] = ()) -> pl.Series:
    """Keys of the lots named and of their trace; `ways`: forward, backward, none means both."""
    roots = given.lots(lineage, words)
    found = roots
    for way in ways or DIRECTIONS:
        reach = lineage.forward(roots) if way == "forward" else lineage.backward(roots)
        found = np.union1d(found, reach.lots)
    return lineage.lots["key"][found]


def offset_of(edition: Edition) -> str:
    """Offset of the plant's clock from UTC at the batch that the document stands on."""
    text = datetime.astimezone(edition.sealed, ZoneInfo(edition.zone.key)).strftime("%z")
    return f"{text[:3]}:{text[3:5]}"


def head(sealed: datetime) -> Told:
    """The fields of a document before its events."""
    return {
        "@context": [CONTEXT, PREFIX],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": sealed.isoformat(timespec="milliseconds"),
    }


def _head(facts: Facts, lots: pl.Series | None, edition: Edition) -> str:
    told = head(edition.sealed)
    vocabularies = list(_vocabularies(facts, lots))
    if vocabularies:
        told["epcisHeader"] = {"epcisMasterData": {"vocabularyList": vocabularies}}
    return as_json(told)[:-1] + ',"epcisBody":{"eventList":['


def _vocabularies(facts: Facts, lots: pl.Series | None) -> Iterator[Told]:
    """Names of items, and of places and companies where the whole plant is told."""
    items = facts[Item].drop_nulls("item_name").select("key", "item_name")
    if lots is not None:
        codes = {keys.join(*keys.lot_parts(lot)[:2]) for lot in lots}
        items = items.filter(C("key").is_in(sorted(codes)))
    yield from _vocabulary("epcclass", "descriptionShort", items, _item)
    if lots is None:
        sites = facts[Site].drop_nulls("name").select("key", "name")
        yield from _vocabulary("location", "name", sites, lambda k: own("place", *keys.parts(k)))
        parties = facts[Customer].drop_nulls("name").select("key", "name")
        yield from _vocabulary("party", "name", parties, lambda k: own("party", *keys.parts(k)))


def _item(key: str) -> str:
    owner, code = keys.parts(key)
    return digital_link({"01": code}) if owner == GS1 else own("item", owner, code)


def _vocabulary(
    kind: str, attribute: str, names: pl.DataFrame, id_of: Callable[[str], str]
) -> Iterator[Told]:
    elements = [
        {
            "id": id_of(key),
            "attributes": [{"id": _NAME.format(attribute), "attribute": name}],
        }
        for key, name in names.iter_rows()
    ]
    if elements:
        yield {
            "type": f"urn:epcglobal:epcis:vtype:{kind}",
            "vocabularyElementList": elements,
        }


def left_out(facts: Facts, lots: pl.Series | None) -> dict[str, int]:
    """Rows that EPCIS has no words for, by reason: texts under `epcis.left_out`; of these lots."""

    def mine(frame: pl.DataFrame) -> pl.DataFrame:
        rows = frame if lots is None else frame.filter(C("lot").is_in(lots.implode()))
        return rows.filter(~C("key").str.starts_with(EPCIS))

    heads = facts[Shipment].select("status", shipment="key")
    moves = {kind: mine(facts[kind]) for kind in MOVEMENTS}
    sent = moves[MOVEMENTS[3]].drop("status").join(heads, on="shipment", how="left")
    lines = pl.concat(frame.select("person", *_TOLD) for frame in moves.values())
    codes = {uom: unece_code(uom) for uom in lines["uom"].drop_nulls().unique()}
    strange = [uom for uom, code in codes.items() if code is None]
    both = moves[Consumed].select("operation", "lot").drop_nulls().join(
        moves[Produced].select("operation", "lot"), on=["operation", "lot"]
    )  # fmt: skip
    found = {
        "not_shipped": sent.filter(C("status").is_in(NOT_YET)).height,
        "moved": both.unique().height,
        "given_back": moves[Returned].height,
        "persons": lines["person"].drop_nulls().len(),
        "drafts": lines.filter(C("status") == "draft").height,
        "lot_source": lines["lot_source"].drop_nulls().len(),
        "units": lines.filter(C("uom").is_in(strange)).height,
        "stock": mine(facts[Stock]).height,
        "inspections": mine(facts[Inspection]).height,
        "complaints": mine(facts[Complaint]).height,
        "recipes": facts[Component].height if lots is None else 0,
    }
    return {name: number for name, number in found.items() if number}


_TOLD = ("uom", "status", "lot_source")
