"""Orders, counts, stock, uses, checks and complaints become their facts, in both languages."""

from pathlib import Path

import pytest

from loaders.plant.movements import MAPPERS
from loaders.plant.records import RECORDS
from loaders.plant.sheets import SHEETS
from tests.unit import test_plant_master, test_plant_movements, test_plant_production
from tests.unit.plant_case import DAY, NOON, Case, check, loaded, when

MOMENT = when((NOON, NOON))

CASES = [
    Case(
        "work_orders",
        [
            {
                "work_order_no": "W1",
                "item_code": "B",
                "order_status": "已完工",
                "planned_qty": "100",
                "reported_qty": "98",
                "uom": "kg",
                "line": "L1",
                "released_at": "2024-03-01 12:00:00",
                "started_at": "2024-03-01 12:00:00",
                "finished_at": "2024-03-01 12:00:00",
                "shift": "night",
            },
            {"work_order_no": "W2", "order_kind": "返工"},
        ],
        [
            (
                "Operation",
                {
                    "key": "PLANT/produce/W1",
                    "kind": "produce",
                    "item": "PLANT/B",
                    "status": "closed",
                    "planned_qty": 100.0,
                    "reported_qty": 98.0,
                    "site": "PLANT/L1",
                    "released_at": NOON,
                    "shift": "night",
                    "source": "work_orders",
                    **MOMENT,
                },
            ),
            ("Operation", {"key": "PLANT/produce/W2", "kind": "rework", "status": None}),
        ],
    ),
    Case(
        "purchase_orders",
        [
            {
                "purchase_order_no": "PO1",
                "purchase_line_no": "10",
                "supplier_code": "V1",
                "item_code": "M",
                "quantity": "500",
                "uom": "kg",
                "business_date": "2024-03-01",
                "promised_date": "2024-03-01",
            },
            {"purchase_order_no": "PO2", "item_code": "M"},
        ],
        [
            (
                "PurchaseOrder",
                {
                    "key": "purchase_order/PLANT/PO1/10",
                    "supplier": "V1",
                    "item": "PLANT/M",
                    "quantity": 500.0,
                    "ordered_at": DAY[0],
                    "promised_at": DAY[1],
                },
            ),
            ("PurchaseOrder", {"key": "purchase_order/PLANT/PO2/M", "supplier": None}),
        ],
    ),
    Case(
        "approved_suppliers",
        [
            {"supplier_code": "V1", "item_code": "M", "valid_to": "2024-03-01"},
        ],
        [
            (
                "Approval",
                {
                    "supplier": "V1",
                    "item": "PLANT/M",
                    "approval": "approved",
                    "valid_from": None,
                    "valid_to": DAY[1],
                },
            ),
        ],
    ),
    Case(
        "slices",
        [
            {
                "item_code": "M",
                "lot_no": "M1",
                "sublot": "A",
                "printed_from": "2024-03-01 12:00:00",
                "printed_to": "2024-03-01 12:00:00",
                "range_kind": "托盘",
                "range_from": "P-1",
                "range_to": "P-9",
                "quantity": "5",
                "uom": "kg",
            },
        ],
        [
            (
                "Lot",
                {
                    "key": "PLANT/M/M1#A",
                    "parent": "PLANT/M/M1",
                    "item": "PLANT/M",
                    "sublot": "A",
                    "printed_from": NOON,
                    "printed_to": NOON,
                    "range_kind": "pallet",
                    "range_from": "P-1",
                    "range_to": "P-9",
                    "quantity": 5.0,
                    "uom": "kg",
                },
            ),
            ("Lot", {"key": "PLANT/M/M1", "parent": None}),
        ],
    ),
    Case(
        "tank_levels",
        [
            {
                "event_time": "2024-03-01 12:00:00",
                "tank": "T1",
                "item_code": "M",
                "level_qty": "0",
                "verified_empty": "是",
                "operator": "Li",
            },
            {"event_time": "2024-03-01 12:00:00", "tank": "T2", "level_qty": "5"},
        ],
        [
            (
                "Count",
                {
                    "site": "PLANT/T1",
                    "item": "PLANT/M",
                    "lot": None,
                    "quantity": 0.0,
                    "verified_empty": True,
                    "person": "p-Li",
                    **MOMENT,
                },
            ),
            ("Count", {"site": "PLANT/T2", "item": None, "quantity": 5.0}),
        ],
    ),
    Case(
        "counts",
        [
            {
                "business_date": "2024-03-01",
                "place": "W1",
                "item_code": "F",
                "lot_no": "F1",
                "counted_qty": "4",
                "book_qty": "5",
                "doc_status": "草稿",
            }
        ],
        [
            (
                "Count",
                {
                    "site": "PLANT/W1",
                    "lot": "PLANT/F/F1",
                    "quantity": 4.0,
                    "book_qty": 5.0,
                    "status": "draft",
                    **when(DAY),
                },
            ),
            ("Lot", {"key": "PLANT/F/F1"}),
        ],
    ),
    Case(
        "stock",
        [
            {
                "place": "W1",
                "item_code": "F",
                "lot_no": "F1",
                "quantity": "4",
                "uom": "kg",
                "quality_status": "冻结",
                "as_of": "2024-03-01",
            },
            {"place": "W1", "item_code": "G"},
        ],
        [
            (
                "Stock",
                {
                    "lot": "PLANT/F/F1",
                    "site": "PLANT/W1",
                    "quantity": 4.0,
                    "quality_status": "hold",
                    "as_of": DAY[1],
                },
            ),
            ("Stock", {"lot": None, "item": "PLANT/G"}),
        ],
    ),
    Case(
        "equipment_use",
        [
            {
                "site_code": "L1",
                "item_code": "R",
                "lot_no": "R1",
                "work_order_no": "W1",
                "mounted_at": "2024-03-01 12:00:00",
            }
        ],
        [
            (
                "Use",
                {
                    "site": "PLANT/L1",
                    "lot": "PLANT/R/R1",
                    "operation": "PLANT/produce/W1",
                    "earliest": NOON,
                    "latest": None,
                },
            ),
            ("Operation", {"key": "PLANT/produce/W1"}),
        ],
    ),
    Case(
        "carry_over",
        [
            {
                "work_order_no": "W1",
                "next_work_order_no": "W2",
                "item_code": "P",
                "lot_no": "P1",
                "quantity": "2",
                "uom": "kg",
                "event_time": "2024-03-01 12:00:00",
            },
            {"work_order_no": "W1", "next_work_order_no": "W3"},
        ],
        [
            (
                "CarriesOver",
                {
                    "operation": "PLANT/produce/W1",
                    "next_operation": "PLANT/produce/W2",
                    "lot": "PLANT/P/P1",
                    "quantity": 2.0,
                    "uom": "kg",
                    "status": "posted",
                    **MOMENT,
                },
            ),
            ("CarriesOver", {"next_operation": "PLANT/produce/W3", "lot": None, "quantity": None}),
            *(("Operation", {"key": f"PLANT/produce/W{number}"}) for number in (1, 2, 3)),
            ("Lot", {"key": "PLANT/P/P1"}),
        ],
    ),
    Case(
        "cleaning",
        [
            {
                "site_code": "L1",
                "event_time": "2024-03-01 12:00:00",
                "method": "CIP",
                "result": "合格",
                "verified": "是",
                "clearance": "yes",
                "operator": "Li",
            }
        ],
        [
            (
                "Cleaning",
                {
                    "site": "PLANT/L1",
                    "method": "CIP",
                    "result": "conforming",
                    "verified": True,
                    "clearance": True,
                    "person": "p-Li",
                    "source": "cleaning",
                    **MOMENT,
                },
            )
        ],
    ),
    Case(
        "process_values",
        [
            {
                "work_order_no": "W1",
                "operation": "bake",
                "item_code": "P",
                "lot_no": "P1",
                "process_param": "temperature",
                "set_value": "80",
                "measured_value": "79",
                "uom": "CEL",
                "event_time": "2024-03-01 12:00:00",
            }
        ],
        [
            (
                "ProcessValue",
                {
                    "operation": "PLANT/produce/W1",
                    "lot": "PLANT/P/P1",
                    "step": "bake",
                    "process_param": "temperature",
                    "set_value": "80",
                    "measured_value": "79",
                    **MOMENT,
                },
            ),
            ("Operation", {"key": "PLANT/produce/W1"}),
        ],
    ),
    Case(
        "labels",
        [
            {
                "item_code": "F",
                "market": "cn",
                "version": "3",
                "contains": "milk;egg",
                "valid_from": "2024-03-01",
                "valid_to": "2024-03-01",
            }
        ],
        [
            (
                "LabelVersion",
                {
                    "item": "PLANT/F",
                    "market": "CN",
                    "version": "3",
                    "contains": "milk;egg",
                    "valid_from": DAY[0],
                    "valid_to": DAY[1],
                },
            )
        ],
    ),
    Case(
        "inspections",
        [
            {
                "inspection_no": "Q1",
                "item_code": "F",
                "lot_no": "F1",
                "inspection_item": "Salmonella",
                "sample_size": "5",
                "acceptance": "0",
                "result": "不合格",
                "measured_value": "< 3",
                "reject_reason": "count",
                "place": "Lab",
                "business_date": "2024-03-01",
                "inspector": "Li",
            },
            {"inspection_no": "Q2", "work_order_no": "W1", "result": "concession"},
            {
                "inspection_no": "Q3",
                "item_code": "F",
                "lot_no": "F1",
                "hazard": "微生物",
                "agent": "Salmonella",
                "method": "GB 4789.4",
                "detection_limit": "1/25 g",
                "sample_size": "60",
                "acceptance": "0",
                "unit_size": "25",
                "uom": "g",
                "composite": "15",
                "full_examination": "否",
                "result": "pass",
                "reported_at": "2024-03-01 12:00:00",
                "laboratory": "QA",
            },
        ],
        [
            (
                "Inspection",
                {
                    "key": "PLANT/Q1",
                    "lot": "PLANT/F/F1",
                    "operation": None,
                    "inspection_item": "Salmonella",
                    "sample_size": 5.0,
                    "acceptance": 0.0,
                    "result": "nonconforming",
                    "measured_value": "< 3",
                    "reject_reason": "count",
                    "place": "Lab",
                    "person": "p-Li",
                    **when(DAY),
                },
            ),
            ("Inspection", {"key": "PLANT/Q2", "operation": "PLANT/produce/W1", "lot": None}),
            (
                "Inspection",
                {
                    "key": "PLANT/Q3",
                    "lot": "PLANT/F/F1",
                    "hazard": "microbial",
                    "agent": "Salmonella",
                    "method": "GB 4789.4",
                    "detection_limit": "1/25 g",
                    "sample_size": 60.0,
                    "unit_size": 25.0,
                    "uom": "g",
                    "composite": 15.0,
                    "full_examination": False,
                    "result": "conforming",
                    "reported_at": NOON,
                    "laboratory": "QA",
                },
            ),
        ],
    ),
    Case(
        "complaints",
        [
            {
                "complaint_no": "K1",
                "customer_code": "C1",
                "item_code": "B",
                "lot_no": "B1",
                "delivery_no": "D1",
                "printed_code": "B1 12:30",
                "reason": "glass",
                "event_time": "2024-03-01 12:00:00",
            }
        ],
        [
            (
                "Complaint",
                {
                    "key": "PLANT/K1",
                    "customer": "C1",
                    "item": "PLANT/B",
                    "lot": "PLANT/B/B1",
                    "shipment": "PLANT/D1",
                    "printed_code": "B1 12:30",
                    "reason": "glass",
                    **MOMENT,
                },
            ),
            ("Shipment", {"key": "PLANT/D1"}),
            ("Customer", {"key": "C1"}),
        ],
    ),
    Case(
        "lots",
        [{"item_code": "B", "lot_no": "B1", "supplier_code": "S1", "manufacturer": "Maker"}],
        [("Lot", {"key": "PLANT/B/B1", "supplier": "S1", "manufacturer": "Maker"})],
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


def test_every_sheet_has_a_mapper_and_a_case() -> None:
    others = (test_plant_master, test_plant_movements, test_plant_production)
    cases = [*CASES, *(case for module in others for case in module.CASES)]
    names = {sheet.name for sheet in SHEETS}
    assert {case.sheet for case in cases} == names == set(RECORDS) | set(MAPPERS)
