"""Facts as they are read from events: rows by kind, made into frames a chunk at a time."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import polars as pl

from graph_model.schema import (
    Consumed,
    Customer,
    Event,
    Item,
    Lot,
    Mentioned,
    Operation,
    Packed,
    ProcessValue,
    Produced,
    SetAside,
    Shipment,
    Shipped,
    Site,
    frame_schema,
)
from loaders.plant.tables import Tables

_MOVEMENT = (
    "lot", "owner", "item", "lot_no", "quantity", "uom", "earliest", "latest", "source",
    "posting_method", "from_place", "to_place", "step", "doc_no",
)  # fmt: skip
COLUMNS: dict[type, tuple[str, ...]] = {
    Item: ("key", "company", "item_code", "item_name"),
    Lot: (
        "key", "owner", "item_code", "lot_no", "sublot", "item", "parent", "kind", "trace_code",
        "label_date", "expiry_date",
    ),
    Site: ("key", "company", "site_code", "name"),
    Customer: ("key", "company", "name"),
    Operation: (
        "key", "company", "kind", "number", "work_order_no", "doc_no", "purchase_order_no",
        "status", "step", "site", "earliest", "latest", "source",
    ),
    Shipment: (
        "key", "company", "delivery_no", "customer", "kind", "sales_order_no", "ship_earliest",
        "ship_latest", "arrival_earliest", "arrival_latest",
    ),
    Consumed: ("key", "operation", "basis", *_MOVEMENT),
    Produced: ("key", "operation", "basis", "output_kind", *_MOVEMENT),
    Shipped: ("key", "shipment", *_MOVEMENT),
    Packed: (
        "key", "lot", "container", "quantity", "uom", "packed_at", "unpacked_at", "taken_out",
    ),
    ProcessValue: (
        "key", "operation", "lot", "process_param", "measured_value", "uom", "earliest", "latest",
        "source",
    ),
    Event: (
        "key", "event_id", "content_hash", "event_type", "event_action", "earliest", "latest",
        "biz_step", "epcis_disposition", "read_point", "biz_location", "transformation_id",
        "documents", "retracted", "retract_reason", "declared_at", "corrected_by", "recorded_at",
        "content",
    ),
    Mentioned: ("key", "lot", "event", "event_role", "quantity", "uom"),
    SetAside: ("key", "file", "sheet", "row", "rule", "text"),
}  # fmt: skip
"""What events state of each kind, in the order of the rows."""

Place = tuple[str, str, int]
"""File, sheet and number of the event."""


class Rows:
    """Rows by kind until `flush` hands them over as frames."""

    def __init__(self) -> None:
        self.out = Tables()
        self._rows: dict[type, list[tuple[Any, ...]]] = defaultdict(list)
        self._nodes: dict[type, set[tuple[Any, ...]]] = defaultdict(set)

    def add(self, kind: type, place: Place, *values: Any) -> None:
        """A row: the values of `COLUMNS[kind]` in order."""
        self._rows[kind].append((*values, *place))

    def node(self, kind: type, place: Place, *values: Any) -> None:
        """A row of what many events name: once a chunk for each statement."""
        if values not in self._nodes[kind]:
            self._nodes[kind].add(values)
            self.add(kind, place, *values)

    def flush(self) -> None:
        """Hands all rows over as frames and lets them go."""
        for kind, rows in self._rows.items():
            types = frame_schema(kind, provenance=True)
            names = (*COLUMNS[kind], "_file", "_sheet", "_row")
            schema = {name: types[name] for name in names}
            self.out.add(kind, pl.DataFrame(rows, schema=schema, orient="row"))
        self._rows.clear()
        self._nodes.clear()
