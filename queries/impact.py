"""Who received what was made from a lot, and who stands behind what was received."""

from __future__ import annotations

from dataclasses import dataclass

from graph_model.engines.base import Query, Reader
from queries import lookup, trace
from queries.catalogue import question


@dataclass(frozen=True)
class ShippedLot:
    """One shipment line; times in us UTC, null = unbounded; no customer: not recorded."""

    customer: str | None
    customer_name: str | None
    shipment: str
    delivery_no: str
    status: str | None
    lot: str
    item_code: str
    lot_no: str
    quantity: float | None
    uom: str | None
    ship_earliest: int | None
    ship_latest: int | None


@dataclass(frozen=True)
class SuppliedLot:
    """A lot and who supplied it; `owner` tells the supplier's own record from ours."""

    supplier: str
    supplier_name: str | None
    lot: str
    owner: str
    item_code: str
    lot_no: str
    sublot: str


SHIPMENTS = Query("impact/shipments.cypher", ShippedLot)
SUPPLIERS = Query("impact/suppliers_of_lots.cypher", SuppliedLot)


@question
def shipments(graph: Reader, lots: list[str]) -> list[ShippedLot]:
    """Shipment lines of exactly these lots."""
    return graph.read(SHIPMENTS, lots=lots)


@question
def shipments_from_lots(graph: Reader, lots: list[str]) -> list[ShippedLot]:
    """Shipment lines of these lots and of everything made from them."""
    return shipments(graph, sorted({*lots, *(row.key for row in trace.forward(graph, lots))}))


@question
def customers_of_supplier_lot(graph: Reader, supplier: str, lot_no: str) -> list[ShippedLot]:
    """Who received product containing the supplier's lot, with amounts, shipments and dates."""
    roots = [row.key for row in lookup.lots_of_supplier(graph, supplier, lot_no)]
    return shipments_from_lots(graph, roots)


@question
def lots_behind_shipment(graph: Reader, shipment: str) -> list[trace.TracedLot]:
    """The lots of a shipment (steps 0) and everything that went into them."""
    carried = sorted({row.key for row in lookup.lots_of_shipment(graph, shipment)})
    rows = trace.known_lots(graph, carried)
    return rows + [row for row in trace.backward(graph, carried) if row.key not in carried]


@question
def suppliers_behind_shipment(graph: Reader, shipment: str) -> list[SuppliedLot]:
    """Who supplied the lots of a shipment or anything in them, with these lots."""
    lots = sorted({row.key for row in lots_behind_shipment(graph, shipment)})
    rows = graph.read(SUPPLIERS, lots=lots) if lots else []
    return sorted(rows, key=lambda row: (row.supplier, row.lot))
