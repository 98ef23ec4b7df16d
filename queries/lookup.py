"""Lots by a number or by where they came from."""

from __future__ import annotations

from dataclasses import dataclass

from graph_model.engines.base import Query, Reader
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


LOTS_OF_SUPPLIER = Query("lookup/lots_of_supplier.cypher", LotKey)
LOTS_BY_NUMBER = Query("lookup/lots_by_number.cypher", NumberedLot)


@question
def lots_of_supplier(graph: Reader, supplier: str, lot_no: str) -> list[LotKey]:
    """The supplier's lots under this number, as it and as we recorded them."""
    return graph.read(LOTS_OF_SUPPLIER, supplier=supplier, lot_no=lot_no)


@question
def lots_by_number(graph: Reader, number: str) -> list[NumberedLot]:
    """All lots that carry the number."""
    return graph.read(LOTS_BY_NUMBER, number=number)
