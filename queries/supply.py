"""What items and lots are used for, and where lots are now."""

from __future__ import annotations

from dataclasses import dataclass

from graph_model.engines.base import Query, Reader
from queries.catalogue import question


@dataclass(frozen=True)
class PlannedUse:
    """An item made with another by recipe, `steps` recipes away."""

    item: str
    item_code: str
    item_name: str | None
    steps: int


@dataclass(frozen=True)
class ActualUse:
    """An item that was really made with another, one step forward."""

    item: str
    item_code: str
    item_name: str | None
    operations: int
    input_lots: int
    output_lots: int


@dataclass(frozen=True)
class Whereabouts:
    """An amount of a lot at one place.

    `state` is stock, in_process, planned (to leave), in_transit or shipped; `place` the key of the
    site, operation or shipment; `party` who holds or gets it (null: own); `as_of` in us UTC.
    """

    lot: str
    state: str
    place: str
    place_name: str | None
    party: str | None
    quantity: float | None
    uom: str | None
    status: str | None
    as_of: int | None


WHERE_USED_PLANNED = Query("supply/where_used_planned.cypher", PlannedUse)
WHERE_USED_ACTUAL = Query("supply/where_used_actual.cypher", ActualUse)
STOCK = Query("supply/stock_of_lots.cypher", Whereabouts)
IN_PROCESS = Query("supply/lots_in_process.cypher", Whereabouts)
SHIPPED = Query("supply/lots_shipped.cypher", Whereabouts)


@question
def where_used_planned(graph: Reader, item: str) -> list[PlannedUse]:
    """Items made with this item (its key) by recipe, at any depth, co-products left out."""
    return graph.read(WHERE_USED_PLANNED, item=item)


@question
def where_used_actual(graph: Reader, item: str) -> list[ActualUse]:
    """Items that lots of this item (its key) really went into, one step forward."""
    return graph.read(WHERE_USED_ACTUAL, item=item)


@question
def where_are_lots(graph: Reader, lots: list[str]) -> list[Whereabouts]:
    """Where these lots are or went, as recorded; an amount that nothing records is not shown."""
    if not lots:
        return []
    rows = [row for query in (STOCK, IN_PROCESS, SHIPPED) for row in graph.read(query, lots=lots)]
    return sorted(rows, key=lambda row: (row.lot, row.state, row.place))
