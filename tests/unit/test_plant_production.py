"""Sheets of receiving and making become operations and their lines, in both languages."""

from pathlib import Path

import pytest

from tests.unit.plant_case import DAY, NOON, Case, check, lineage, loaded, when

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
        "tank_fillings",
        [
            {
                "event_time": "2024-03-01 12:00:00",
                "doc_no": "1",
                "doc_line_no": "1",
                "tank": "T1",
                "item_code": "M",
                "lot_no": "M1",
                "content_lot_no": "K1",
                "quantity": "90",
                "heel_qty": "0",
                "from_place": "W1",
            },
            {
                "doc_no": "1",
                "doc_line_no": "2",
                "tank": "T1",
                "item_code": "M",
                "lot_no": "M2",
                "content_lot_no": "K2",
                "heel_qty": "7",
            },
            {"doc_no": "1", "doc_line_no": "3", "tank": "T1", "item_code": "M", "lot_no": "M3"},
        ],
        [
            ("Operation", {"key": "PLANT/fill/1%2F1", "kind": "fill", "site": "PLANT/T1"}),
            ("Operation", {"key": "PLANT/fill/1%2F2", "site": "PLANT/T1"}),
            ("Operation", {"key": "PLANT/fill/1%2F3", "site": "PLANT/T1"}),
            ("Consumed", {"lot": "PLANT/M/M1", "from_place": "PLANT/W1", "basis": "exact"}),
            ("Consumed", {"lot": "PLANT/M/M2", "operation": "PLANT/fill/1%2F2"}),
            ("Consumed", {"lot": "PLANT/M/M3", "operation": "PLANT/fill/1%2F3"}),
            (
                "Consumed",
                {
                    "key": "PLANT/tank_fillings/1/2/heel",
                    "lot": None,
                    "lot_no": None,
                    "item": "PLANT/M",
                    "operation": "PLANT/fill/1%2F2",
                    "from_place": "PLANT/T1",
                    "lot_source": "unknown",
                    "quantity": 7.0,
                    "rule": None,
                },
            ),
            ("Produced", {"lot": "PLANT/M/K1", "to_place": "PLANT/T1", "quantity": 90.0}),
            ("Produced", {"lot": "PLANT/M/K2", "to_place": "PLANT/T1"}),
            ("Produced", {"lot": None, "item": "PLANT/M", "to_place": "PLANT/T1"}),
            ("Count", {"site": "PLANT/T1", "quantity": 0.0, "lot": None, **when((NOON, NOON))}),
            ("Count", {"site": "PLANT/T1", "quantity": 7.0}),
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


@pytest.mark.parametrize(("heel", "linked"), [("7", True), ("", True), ("0", False)])
def test_what_was_left_in_a_tank_is_part_of_its_next_contents(
    heel: str, linked: bool, tmp_path: Path
) -> None:
    first = {"tank": "T1", "item_code": "M", "lot_no": "M1", "content_lot_no": "K1"}
    first |= {"event_time": "2024-03-01 08:00:00", "heel_qty": "0"}
    second = first | {"lot_no": "M2", "content_lot_no": "K2", "heel_qty": heel}
    second |= {"event_time": "2024-03-01 12:00:00"}
    received = [{"item_code": "M", "lot_no": number} for number in ("M1", "M2")]
    sheets = {"receipts": received, "tank_fillings": [first, second]}
    found = lineage(loaded(tmp_path, sheets, False).tables)
    behind = found.lots["key"][found.backward(found.number(["PLANT/M/K2"])).lots].to_list()
    assert ("PLANT/M/K1" in behind, "PLANT/M/M1" in behind) == (linked, linked)
    assert "PLANT/M/M2" in behind


@pytest.mark.parametrize("unnamed", ["first", "second", "both"])
def test_a_tank_without_a_name_can_be_the_one_that_held_the_lot_before(
    unnamed: str, tmp_path: Path
) -> None:
    tanks = [{"tank": "" if unnamed in (which, "both") else "T1"} for which in ("first", "second")]
    first = {"item_code": "M", "lot_no": "M1", "content_lot_no": "K1", "heel_qty": "0"}
    second = {"item_code": "M", "lot_no": "M2", "content_lot_no": "K2", "heel_qty": "7"}
    other = {"item_code": "N", "lot_no": "N1", "content_lot_no": "K3", "heel_qty": "0"}
    received = [{"item_code": row["item_code"], "lot_no": row["lot_no"]} for row in (first, other)]
    fillings = [first | tanks[0], other | tanks[0], second | tanks[1]]
    found = lineage(
        loaded(tmp_path, {"receipts": received, "tank_fillings": fillings}, False).tables
    )
    behind = found.lots["key"][found.backward(found.number(["PLANT/M/K2"])).lots].to_list()
    assert {"PLANT/M/K1", "PLANT/N/K3"} <= set(behind)


def test_the_part_of_an_issued_lot_is_no_part_of_what_was_made_of_it(tmp_path: Path) -> None:
    issue = {"work_order_no": "W1", "item_code": "F", "lot_no": "F1", "output_lot_no": "B1"}
    sheets = {
        "issues": [issue | {"sublot": "REEL-1"}, issue | {"sublot": "REEL-2"}],
        "outputs": [{"work_order_no": "W1", "item_code": "B", "lot_no": "B1"}],
    }
    lots = loaded(tmp_path, sheets, False).tables["Lot"]
    assert lots["key"].sort().to_list() == [
        "PLANT/B/B1",
        "PLANT/F/F1",
        "PLANT/F/F1#REEL-1",
        "PLANT/F/F1#REEL-2",
    ]


def test_paired_output_takes_its_item_from_the_outputs_or_the_order(tmp_path: Path) -> None:
    issue = {"work_order_no": "W1", "item_code": "F", "lot_no": "F1"}
    sheets = {
        "work_orders": [{"work_order_no": "W1", "item_code": "B"}],
        "issues": [issue | {"output_lot_no": "B1"}, issue | {"output_lot_no": "C1"}],
        "outputs": [{"work_order_no": "W1", "item_code": "C", "lot_no": "C1"}],
    }
    intake = loaded(tmp_path, sheets, False)
    exact = intake.tables["Produced"].filter(basis="exact")
    assert exact.select("operation", "lot").sort("lot").rows() == [
        ("PLANT/produce/W1/B1", "PLANT/B/B1"),
        ("PLANT/produce/W1/C1", "PLANT/C/C1"),
    ]
