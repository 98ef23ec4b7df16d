"""Every movement sheet becomes its operations, lots and lines, in both languages."""

from pathlib import Path

import pytest

from loaders.plant.movements import MAPPERS
from tests.unit.plant_case import DAY, NOON, Case, check, loaded, when

CASES = [
    Case(
        "receipts",
        [
            {
                "event_time": "2024-03-01 12:00:00",
                "doc_no": "R1",
                "doc_line_no": "1",
                "supplier_code": "S1",
                "item_code": "F",
                "lot_no": "F1",
                "supplier_lot_no": "X9",
                "manufacturer": "Mill",
                "purchase_order_no": "PO1",
                "quantity": "10",
                "uom": "kg",
                "to_place": "W1",
                "expiry_date": "2024-03-01",
                "operator": "Li",
            },
            {"doc_no": "R2", "doc_line_no": "1", "item_code": "F", "quantity": "3"},
        ],
        [
            ("Operation", {"key": "PLANT/receive/R1%2F1", "kind": "receive", "site": "PLANT/W1"}),
            ("Operation", {"key": "PLANT/receive/R2%2F1", "purchase_order_no": None}),
            ("Supplier", {"key": "S1"}),
            ("Lot", {"key": "S1/F/X9", "supplier": "S1", "manufacturer": "Mill"}),
            ("Lot", {"key": "PLANT/F/F1", "supplier": "S1", "expiry_date": DAY[0]}),
            ("Lot", {"key": "?/F/#R2%2F1", "lot_no": "", "item": "PLANT/F"}),
            (
                "Consumed",
                {
                    "key": "PLANT/receipts/R1/1/supplier",
                    "lot": "S1/F/X9",
                    "operation": "PLANT/receive/R1%2F1",
                    "to_place": None,
                    "basis": "exact",
                    **when((NOON, NOON)),
                },
            ),
            ("Consumed", {"lot": "?/F/#R2%2F1", "earliest": None, "latest": None}),
            (
                "Produced",
                {
                    "key": "PLANT/receipts/R1/1",
                    "lot": "PLANT/F/F1",
                    "operation": "PLANT/receive/R1%2F1",
                    "to_place": "PLANT/W1",
                    "person": "p-Li",
                    "source": "receipts",
                    "quantity": 10.0,
                    "uom": "kg",
                    "basis": "exact",
                },
            ),
            ("Produced", {"lot": None, "item": "PLANT/F", "quantity": 3.0, "basis": "exact"}),
        ],
    ),
    Case(
        "opening_stock",
        [
            {"item_code": "F", "lot_no": "F1", "quantity": "5", "place": "W1"},
            {
                "item_code": "G",
                "lot_no": "G1",
                "business_date": "2024-03-01",
                "supplier_code": "S1",
                "supplier_lot_no": "X9",
            },
        ],
        [
            ("Produced", {"lot": "PLANT/F/F1", "to_place": "PLANT/W1", "quantity": 5.0}),
            ("Produced", {"lot": "PLANT/G/G1", **when(DAY)}),
            ("Consumed", {"lot": "S1/G/X9", "basis": "exact"}),
            ("Operation", {"kind": "opening", "item": "PLANT/F"}),
            ("Operation", {"kind": "opening", "item": "PLANT/G"}),
            ("Lot", {"key": "PLANT/F/F1"}),
            ("Lot", {"key": "PLANT/G/G1"}),
            ("Lot", {"key": "S1/G/X9"}),
        ],
    ),
    Case(
        "issues",
        [
            {
                "business_date": "2024-03-01",
                "doc_no": "I1",
                "doc_line_no": "1",
                "work_order_no": "W1",
                "item_code": "F",
                "lot_no": "F1",
                "quantity": "5",
                "from_place": "L1",
                "operation": "mix",
            },
            {
                "doc_no": "I1",
                "doc_line_no": "2",
                "work_order_no": "W1",
                "item_code": "G",
                "lot_no": "G1",
                "output_lot_no": "B1",
                "doc_status": "作废",
            },
            {"doc_no": "I2", "doc_line_no": "1", "item_code": "F"},
        ],
        [
            (
                "Consumed",
                {
                    "key": "PLANT/issues/I1/1",
                    "lot": "PLANT/F/F1",
                    "operation": "PLANT/produce/W1",
                    "basis": "by_order",
                    "from_place": "PLANT/L1",
                    "step": "mix",
                    "status": "posted",
                    **when(DAY),
                },
            ),
            (
                "Consumed",
                {
                    "lot": "PLANT/G/G1",
                    "operation": "PLANT/produce/W1/B1",
                    "basis": "exact",
                    "status": "cancelled",
                },
            ),
            ("Consumed", {"lot": None, "operation": "PLANT/produce/?%2FI2%2F1"}),
            ("Produced", {"operation": "PLANT/produce/W1/B1", "lot": None, "lot_no": "B1"}),
            ("Operation", {"key": "PLANT/produce/W1", "work_order_no": "W1", "order": None}),
            ("Operation", {"key": "PLANT/produce/W1/B1", "order": "PLANT/produce/W1"}),
            ("Operation", {"key": "PLANT/produce/?%2FI2%2F1", "work_order_no": None}),
        ],
    ),
    Case(
        "returns",
        [{"work_order_no": "W1", "item_code": "F", "lot_no": "F1", "to_place": "W9"}],
        [
            (
                "Returned",
                {
                    "lot": "PLANT/F/F1",
                    "operation": "PLANT/produce/W1",
                    "to_place": "PLANT/W9",
                    "source": "returns",
                },
            ),
            ("Operation", {"key": "PLANT/produce/W1"}),
        ],
    ),
    Case(
        "outputs",
        [
            {
                "work_order_no": "W1",
                "item_code": "B",
                "lot_no": "B1",
                "quantity": "1,200",
                "to_place": "W1",
                "line": "L1",
                "label_date": "2024-03-01",
            },
            {"work_order_no": "W1", "item_code": "C", "lot_no": "C1", "output_kind": "副产品"},
        ],
        [
            (
                "Produced",
                {
                    "lot": "PLANT/B/B1",
                    "operation": "PLANT/produce/W1",
                    "basis": "by_order",
                    "output_kind": "product",
                    "quantity": 1200.0,
                },
            ),
            ("Produced", {"lot": "PLANT/C/C1", "output_kind": "by_product"}),
            ("Operation", {"key": "PLANT/produce/W1", "site": "PLANT/L1"}),
            ("Lot", {"key": "PLANT/B/B1", "label_date": DAY[0], "item": "PLANT/B"}),
            ("Lot", {"key": "PLANT/C/C1"}),
        ],
    ),
    Case(
        "lot_changes",
        [
            {
                "change_kind": "拆分",
                "doc_no": "C1",
                "doc_line_no": "1",
                "item_code": "B",
                "parent_lot_no": "B1",
                "child_lot_no": "B1-A",
                "quantity": "4",
                "place": "W1",
            },
            {
                "change_kind": "top_up",
                "doc_no": "C1",
                "doc_line_no": "2",
                "item_code": "B",
                "parent_lot_no": "B2",
                "to_item_code": "D",
                "child_lot_no": "D1",
                "from_owner": "X",
                "to_owner": "Y",
            },
        ],
        [
            ("Operation", {"key": "PLANT/split/C1%2F1", "kind": "split", "site": "PLANT/W1"}),
            ("Operation", {"key": "PLANT/merge/C1%2F2", "kind": "merge"}),
            ("Consumed", {"lot": "PLANT/B/B1", "operation": "PLANT/split/C1%2F1"}),
            ("Consumed", {"lot": "X/B/B2", "operation": "PLANT/merge/C1%2F2"}),
            ("Produced", {"lot": "PLANT/B/B1-A", "basis": "exact", "quantity": 4.0}),
            ("Produced", {"lot": "Y/D/D1", "item": "PLANT/D", "basis": "exact"}),
            ("Lot", {"key": "PLANT/B/B1"}),
            ("Lot", {"key": "PLANT/B/B1-A"}),
            ("Lot", {"key": "X/B/B2"}),
            ("Lot", {"key": "Y/D/D1"}),
        ],
    ),
    Case(
        "moves",
        [
            {
                "doc_no": "T1",
                "doc_line_no": "1",
                "item_code": "B",
                "lot_no": "B1",
                "from_place": "W1",
                "to_place": "W2",
            },
            {
                "doc_no": "T1",
                "doc_line_no": "2",
                "item_code": "B",
                "lot_no": "B2",
                "to_lot_no": "B2x",
                "to_owner": "Sub",
            },
        ],
        [
            ("Operation", {"key": "PLANT/transfer/T1%2F1", "kind": "transfer"}),
            ("Operation", {"key": "PLANT/transfer/T1%2F2"}),
            ("Consumed", {"lot": "PLANT/B/B1", "from_place": "PLANT/W1", "to_place": None}),
            ("Consumed", {"lot": "PLANT/B/B2"}),
            ("Produced", {"lot": "PLANT/B/B1", "to_place": "PLANT/W2", "from_place": None}),
            ("Produced", {"lot": "Sub/B/B2x", "basis": "exact"}),
        ],
    ),
    Case(
        "packing",
        [
            {
                "event_time": "2024-03-01 12:00:00",
                "container_no": "P1",
                "item_code": "B",
                "lot_no": "B1",
                "quantity": "4",
            },
            {
                "event_time": "2024-03-01 12:00:00",
                "container_no": "P1",
                "item_code": "B",
                "lot_no": "B2",
                "action": "拆箱",
            },
        ],
        [
            ("Packed", {"lot": "PLANT/B/B1", "container": "PLANT//P1", "packed_at": NOON}),
            ("Packed", {"lot": "PLANT/B/B2", "packed_at": None, "unpacked_at": NOON}),
            ("Lot", {"key": "PLANT//P1", "kind": "container", "item_code": ""}),
            ("Lot", {"key": "PLANT/B/B1"}),
            ("Lot", {"key": "PLANT/B/B2"}),
        ],
    ),
    Case(
        "scrap",
        [
            {"doc_no": "1", "doc_line_no": "1", "work_order_no": "W1", "item_code": "B"},
            {"doc_no": "1", "doc_line_no": "2", "item_code": "B", "lot_no": "B1"},
            {
                "doc_no": "1",
                "doc_line_no": "3",
                "scrap_kind": "留样",
                "item_code": "B",
                "lot_no": "B2",
                "destination": "Lab",
            },
        ],
        [
            ("Produced", {"lot": None, "output_kind": "scrap", "operation": "PLANT/produce/W1"}),
            ("Operation", {"key": "PLANT/produce/W1"}),
            ("Operation", {"key": "PLANT/scrap/1%2F2", "kind": "scrap"}),
            ("Consumed", {"lot": "PLANT/B/B1", "operation": "PLANT/scrap/1%2F2"}),
            ("Shipment", {"key": "PLANT/scrap%2F1%2F3", "kind": "sample", "customer": "Lab"}),
            ("Shipped", {"lot": "PLANT/B/B2", "shipment": "PLANT/scrap%2F1%2F3"}),
            ("Customer", {"key": "Lab"}),
        ],
    ),
    Case(
        "shipments",
        [
            {
                "delivery_no": "D1",
                "doc_no": "D1",
                "doc_line_no": "1",
                "customer_code": "C1",
                "ship_date": "2024-03-01",
                "arrival_date": "2024-03-01",
                "item_code": "B",
                "lot_no": "B1",
                "quantity": "4",
                "uom": "kg",
                "from_place": "W1",
                "sales_order_no": "SO1",
            },
            {"delivery_no": "D1", "customer_code": "C1", "container_no": "P1"},
        ],
        [
            (
                "Shipment",
                {
                    "key": "PLANT/D1",
                    "customer": "C1",
                    "kind": "delivery",
                    "status": "shipped",
                    "sales_order_no": "SO1",
                    "ship_earliest": DAY[0],
                    "arrival_latest": DAY[1],
                },
            ),
            ("Shipped", {"lot": "PLANT/B/B1", "from_place": "PLANT/W1", **when(DAY)}),
            ("Shipped", {"lot": "PLANT//P1", "lot_no": "P1", "shipment": "PLANT/D1"}),
            ("Customer", {"key": "C1"}),
            ("Lot", {"key": "PLANT/B/B1"}),
            ("Lot", {"key": "PLANT//P1", "kind": "container"}),
        ],
    ),
    Case(
        "open_deliveries",
        [
            {"delivery_no": "D1", "customer_code": "C1", "item_code": "B", "lot_no": "B1"},
            {"delivery_no": "D2", "customer_code": "C1", "shipment_status": "已拣货"},
        ],
        [
            ("Shipment", {"key": "PLANT/D1", "status": "planned"}),
            ("Shipment", {"key": "PLANT/D2", "status": "picked"}),
            ("Shipped", {"lot": "PLANT/B/B1", "shipment": "PLANT/D1"}),
            ("Shipped", {"lot": None, "shipment": "PLANT/D2"}),
        ],
    ),
    Case(
        "customer_returns",
        [
            {
                "doc_no": "1",
                "doc_line_no": "1",
                "customer_code": "C1",
                "delivery_no": "D1",
                "item_code": "B",
                "lot_no": "B1",
                "to_place": "W9",
            },
            {
                "doc_no": "1",
                "doc_line_no": "2",
                "item_code": "B",
                "lot_no": "B2",
                "to_lot_no": "B2r",
            },
        ],
        [
            ("Operation", {"key": "PLANT/return/1%2F1", "kind": "return", "site": "PLANT/W9"}),
            ("Operation", {"key": "PLANT/return/1%2F2"}),
            ("Consumed", {"lot": "PLANT/B/B1", "to_place": None}),
            ("Consumed", {"lot": "PLANT/B/B2"}),
            ("Produced", {"lot": "PLANT/B/B1", "to_place": "PLANT/W9", "basis": "exact"}),
            ("Produced", {"lot": "PLANT/B/B2r"}),
        ],
    ),
    Case(
        "supplier_returns",
        [
            {
                "doc_no": "1",
                "doc_line_no": "1",
                "supplier_code": "S1",
                "item_code": "F",
                "lot_no": "F1",
            }
        ],
        [
            (
                "Shipment",
                {
                    "key": "PLANT/supplier_return%2F1%2F1",
                    "kind": "supplier_return",
                    "customer": "S1",
                    "status": "shipped",
                },
            ),
            ("Shipped", {"lot": "PLANT/F/F1", "shipment": "PLANT/supplier_return%2F1%2F1"}),
            ("Customer", {"key": "S1"}),
            ("Supplier", {"key": "S1"}),
        ],
    ),
]


@pytest.mark.parametrize("chinese", [False, True], ids=["en", "zh"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sheet)
def test_sheet_becomes_its_facts(case: Case, chinese: bool, tmp_path: Path) -> None:
    intake = loaded(tmp_path, {case.sheet: case.rows}, chinese)
    check(intake, case.facts)
    counts = intake.counts[case.sheet]
    assert (counts.read, counts.loaded) == (len(case.rows), len(case.rows))
    assert not intake.findings


def test_every_movement_sheet_is_tested() -> None:
    assert {case.sheet for case in CASES} | {"tank_fillings"} == set(MAPPERS)
