"""Sheets of moving, packing, scrapping and shipping become their facts, in both languages."""

from pathlib import Path

import pytest

from tests.unit.plant_case import DAY, NOON, Case, check, loaded, when

CASES = [
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


def test_rows_in_any_order_say_the_same_of_a_lot(tmp_path: Path) -> None:
    """A lot that two suppliers delivered names one of them, whichever row comes first."""
    rows = [
        {"doc_no": doc, "supplier_code": supplier, "item_code": "A", "lot_no": "L1",
         "expiry_date": expiry}
        for doc, supplier, expiry in (("1", "S2", ""), ("2", "S1", "2026-05-01"), ("3", "S3", ""))
    ]  # fmt: skip
    said = []
    for turn in range(3):
        folder = tmp_path / str(turn)
        folder.mkdir()
        lots = loaded(folder, {"receipts": rows[turn:] + rows[:turn]}, chinese=False).tables["Lot"]
        said.append(lots.select(name for name in lots.columns if not name.startswith("_")))
    assert said[0].equals(said[1])
    assert said[0].equals(said[2])
    assert said[0].filter(lot_no="L1").item(0, "expiry_date") is not None
