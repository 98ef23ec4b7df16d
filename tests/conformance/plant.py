"""One small plant that every question is asked of.

Suppliers S1 and S2 both call a delivery of flour 77. F1 goes with sugar G1 into dough D1, which is
split into D1A and D1B; F2 goes with unlotted sugar into D2. D1B and D2 are merged into D3. D1A is
baked into C1 with paper K9, of which no receipt is known; C1 is reworked into D1A again. D3 becomes
C2. W6 is still open; W7 is closed and gave nothing; of D9 from W8 no input is known. K1 got C1, K2
waits for C2, and a delivery of C2 to K3 is planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from graph_model import keys, schema
from graph_model.ledger.fold import Facts

HOUR = 3_600_000_000
DAY = 24 * HOUR

Row = dict[str, Any]


def facts(order: int = 0) -> Facts:
    """What the ledger of this plant would say; `order` other than 0 shuffles every table."""
    rows = _rows()
    tables = {
        name: schema.conform(kind, _frame(kind, rows.get(kind, [])), provenance=True)
        for name, kind in schema.KINDS.items()
    }
    if order:
        tables = {
            name: t.sample(fraction=1, shuffle=True, seed=order) for name, t in tables.items()
        }
    return Facts(batch=1, head="plant", tables=tables)


def _frame(kind: type, rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema.frame_schema(kind))


def _lot(key: str, **values: Any) -> Row:
    owner, item_code, lot_no, sublot = keys.lot_parts(key)
    item = f"P/{item_code}" if item_code else None
    return {"key": key, "owner": owner, "item_code": item_code, "lot_no": lot_no,
            "sublot": sublot, "item": item} | values  # fmt: skip


def _operation(kind: str, number: str, **values: Any) -> Row:
    return {"key": f"P/{kind}/{number}", "company": "P", "kind": kind, "number": number,
            "status": "closed"} | values  # fmt: skip


def _order(number: str, item: str, **values: Any) -> Row:
    row = _operation("produce", number, work_order_no=number, item=item, site="P/L1")
    return row | values


def _move(key: str, lot: str | None, end: str, quantity: float, when: int, **values: Any) -> Row:
    """A movement that took the hour from `when`."""
    item = f"P/{keys.lot_parts(lot)[1]}" if lot else None
    name = "shipment" if end.startswith("P/V") else "operation"
    return {"key": key, "lot": lot, name: end, "item": item, "quantity": quantity, "uom": "kg",
            "earliest": when * HOUR, "latest": (when + 1) * HOUR, "source": "scan",
            "status": "posted", "posting_method": "network",
            "lot_source": "scanned"} | values  # fmt: skip


def _rows() -> Mapping[type, list[Row]]:
    return _master() | _genealogy() | _outside() | _quality()


def _master() -> dict[type, list[Row]]:
    return {
        schema.Item: [
            {"key": f"P/{code}", "company": "P", "item_code": code, "item_name": name, "uom": "kg",
             "item_type": kind, "lot_tracked": True}
            for code, name, kind in [
                ("F", "Flour", "raw"), ("SU", "Sugar", "raw"), ("PA", "Paper", "packaging"),
                ("D", "Dough", "semi_finished"), ("C", "Cake", "finished"),
                ("BR", "Bran", "by_product"), ("A", "Almond", "raw")]
        ],
        schema.Component: [
            {"key": f"P/{parent}/{item}", "item": f"P/{item}", "parent": f"P/{parent}",
             "co_product": co_product}
            for item, parent, co_product in [
                ("F", "D", None), ("SU", "D", None), ("D", "C", False), ("PA", "C", None),
                ("BR", "D", True), ("A", "F", None)]
        ],
        schema.Supplier: [
            {"key": code, "company": code, "name": name}
            for code, name in [("S1", "North Mill"), ("S2", "South Mill")]
        ],
        schema.Customer: [
            {"key": code, "company": code, "name": name}
            for code, name in [("K1", "Corner Shop"), ("K2", "Station Kiosk"), ("K3", "School")]
        ],
        schema.Site: [
            {"key": f"P/{code}", "company": "P", "site_code": code, "name": name, "kind": kind,
             "parent": parent}
            for code, name, kind, parent in [
                ("PL", "Plant", "plant", None), ("WH", "Warehouse", "warehouse", "P/PL"),
                ("L1", "Kneader", "line", "P/PL"), ("L2", "Oven", "line", "P/PL")]
        ],
        schema.Person: [
            {"key": "p1", "pseudonym": "p1", "department": "Dough", "role": "operator"},
            {"key": "p2", "pseudonym": "p2", "department": "Bakery", "role": "operator"},
            {"key": "p3", "pseudonym": "p3", "department": "Laboratory", "role": "inspector"},
        ],
        schema.Lot: [
            _lot("S1/F/77", supplier="S1"), _lot("S2/F/77", supplier="S2"),
            _lot("P/F/F1", supplier="S1"), _lot("P/F/F2", supplier="S2"), _lot("P/SU/G1"),
            _lot("P/PA/K9"), _lot("P/D/D1"), _lot("P/D/D1A"), _lot("P/D/D1B"), _lot("P/D/D2"),
            _lot("P/D/D3"), _lot("P/C/C1", trace_code="T-C1"), _lot("P/C/C2"),
            _lot("P/D/D9"), _lot("P//PAL1", kind="container"),
        ],
    }  # fmt: skip


def _genealogy() -> dict[type, list[Row]]:
    return {
        schema.Operation: [
            _operation("receive", "R1", purchase_order_no="PO1", site="P/WH"),
            _operation("receive", "R2", purchase_order_no="PO2", site="P/WH"),
            _operation("opening", "O1"),
            _order("W1", "P/D"), _order("W2", "P/D"),
            _operation("split", "T1"), _operation("merge", "M1"),
            _order("W3", "P/C", site="P/L2"), _order("W4", "P/C", site="P/L2"),
            _order("W5", "P/D", kind="rework"), _order("W6", "P/D", status="open"),
            _operation("produce", "W7", work_order_no="W7"),
            _operation("produce", "W8", item="P/D", work_order_no="W8"),
        ],
        schema.Consumed: [
            _move("i1", "S1/F/77", "P/receive/R1", 100, 1, basis="exact"),
            _move("i2", "S2/F/77", "P/receive/R2", 100, 2, basis="exact"),
            _move("i3", "P/F/F1", "P/produce/W1", 45, 10, basis="by_order", person="p1"),
            _move("i4", "P/SU/G1", "P/produce/W1", 5, 10, basis="by_order", person="p1"),
            _move("i5", "P/F/F2", "P/produce/W2", 45, 12, basis="by_order", person="p1"),
            _move("i6", None, "P/produce/W2", 5, 12, basis="by_order", item="P/SU"),
            _move("i7", "P/D/D1", "P/split/T1", 50, 14, basis="exact"),
            _move("i8", "P/D/D1B", "P/merge/M1", 20, 16, basis="exact"),
            _move("i9", "P/D/D2", "P/merge/M1", 50, 16, basis="exact"),
            _move("i10", "P/D/D1A", "P/produce/W3", 30, 18, basis="by_order", person="p2"),
            _move("i11", "P/PA/K9", "P/produce/W3", 1, 18, basis="by_order"),
            _move("i12", "P/D/D3", "P/produce/W4", 40, 20, basis="by_order", person="p2"),
            _move("i13", "P/C/C1", "P/produce/W5", 2, 22, basis="by_order"),
            _move("i14", "P/F/F2", "P/produce/W6", 10, 24, basis="by_order", person="p1"),
            _move("i15", "P/F/F1", "P/produce/W7", 1, 26, basis="by_order"),
        ],
        schema.Produced: [
            _move("o1", "P/F/F1", "P/receive/R1", 100, 1, basis="exact", to_place="P/WH"),
            _move("o2", "P/F/F2", "P/receive/R2", 100, 2, basis="exact", to_place="P/WH"),
            _move("o3", "P/SU/G1", "P/opening/O1", 20, 0, to_place="P/WH"),
            _move("o4", "P/D/D1", "P/produce/W1", 50, 11, basis="by_order"),
            _move("o5", "P/D/D2", "P/produce/W2", 50, 13, basis="by_order"),
            _move("o6", "P/D/D1A", "P/split/T1", 30, 14, basis="exact"),
            _move("o7", "P/D/D1B", "P/split/T1", 20, 14, basis="exact"),
            _move("o8", "P/D/D3", "P/merge/M1", 70, 16, basis="exact"),
            _move("o9", "P/C/C1", "P/produce/W3", 30, 19, basis="by_order", person="p2"),
            _move("o10", "P/C/C2", "P/produce/W4", 40, 21, basis="by_order"),
            _move("o11", "P/D/D1A", "P/produce/W5", 2, 23, basis="by_order"),
            _move("o12", "P/D/D9", "P/produce/W8", 5, 27, basis="by_order"),
        ],
        schema.Returned: [_move("b1", "P/F/F1", "P/produce/W1", 3, 12, to_place="P/WH")],
    }  # fmt: skip


def _outside() -> dict[type, list[Row]]:
    return {
        schema.Shipment: [
            {"key": f"P/{no}", "company": "P", "delivery_no": no, "customer": customer,
             "kind": "delivery", "status": status, "sales_order_no": order,
             "ship_earliest": day * DAY, "ship_latest": (day + 1) * DAY}
            for no, customer, status, order, day in [
                ("V1", "K1", "delivered", "SO1", 2), ("V2", "K2", "shipped", "SO2", 3),
                ("V3", "K3", "planned", "SO3", 4), ("V4", None, "shipped", None, 5)]
        ],
        schema.Shipped: [
            _move("s1", "P/C/C1", "P/V1", 20, 48, person="p1"),
            _move("s2", "P/C/C2", "P/V2", 10, 72), _move("s3", "P/C/C2", "P/V3", 10, 96),
            _move("s4", "P/C/C1", "P/V4", 1, 120, from_place="P/WH"),
        ],
        schema.Stock: [
            {"key": f"t{n}", "lot": lot, "item": f"P/{keys.lot_parts(lot)[1]}", "site": "P/WH",
             "quantity": quantity, "uom": "kg", "quality_status": status, "as_of": 5 * DAY}
            for n, lot, quantity, status in [
                (1, "P/F/F1", 58.0, "conforming"), (2, "P/C/C2", 20.0, "hold")]
        ],
        schema.Packed: [
            {"key": "k1", "lot": "P/C/C2", "container": "P//PAL1", "quantity": 10.0, "uom": "kg"}
        ],
        schema.Event: [
            {"key": f"{name}/h", "event_id": name, "content_hash": "h", "event_type": kind,
             "event_action": action, "earliest": day * DAY, "latest": day * DAY}
            for name, kind, action, day in [
                ("e1", "TransformationEvent", None, 1), ("e2", "AggregationEvent", "ADD", 2),
                ("e3", "ObjectEvent", "OBSERVE", 3), ("e4", "AggregationEvent", "DELETE", 5),
                ("e5", "ObjectEvent", "OBSERVE", 4)]
        ],
        schema.Mentioned: [
            {"key": f"{event}/{n}", "lot": lot, "event": f"{event}/h", "event_role": role}
            for n, (event, lot, role) in enumerate([
                ("e1", "P/D/D3", "input"), ("e1", "P/C/C2", "output"),
                ("e2", "P/C/C2", "child"), ("e2", "P/C/C1", "child"), ("e2", "P//PAL1", "parent"),
                ("e3", "P//PAL1", "object"), ("e4", "P//PAL1", "parent"),
                ("e5", "P/C/C1", "object")])
        ],
    }  # fmt: skip


def _quality() -> dict[type, list[Row]]:
    return {
        schema.Inspection: [
            {"key": "P/Q1", "company": "P", "inspection_no": "Q1", "lot": "P/D/D2",
             "result": "nonconforming", "earliest": 13 * HOUR, "latest": 14 * HOUR,
             "person": "p3"},
            {"key": "P/Q2", "company": "P", "inspection_no": "Q2", "operation": "P/produce/W1",
             "result": "conforming", "earliest": 11 * HOUR, "latest": 12 * HOUR, "person": "p3"},
        ],
        schema.Complaint: [
            {"key": "P/B1", "company": "P", "complaint_no": "B1", "customer": "K1",
             "item": "P/C", "lot": "P/C/C1", "shipment": "P/V1", "printed_code": "T-C1",
             "reason": "metal"}
        ],
        schema.Incident: [
            {"key": "P/E1", "company": "P", "incident_no": "E1", "lot": "P/F/F2"}
        ],
    }  # fmt: skip
