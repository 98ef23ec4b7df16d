"""Master data become their facts, in both languages; names of persons are in no table."""

from pathlib import Path

import pytest

from tests.unit.plant_case import DAY, Case, check, loaded

CASES = [
    Case(
        "items",
        [
            {
                "item_code": "00123",
                "item_name": "面粉",
                "item_spec": "25 kg",
                "item_type": "原料",
                "lot_tracked": "是",
                "measure": "散装",
                "homogeneous": "no",
                "uom": "kg",
                "pack_uom": "BG",
                "units_per_pack": "25",
                "shelf_life_days": "180",
                "tolerance": "2%",
                "contains": "gluten",
                "unit_cost": "3.5",
                "currency": "CNY",
            },
            {"item_code": "B", "org": "P2"},
        ],
        [
            (
                "Item",
                {
                    "key": "PLANT/00123",
                    "item_name": "面粉",
                    "item_type": "raw",
                    "lot_tracked": True,
                    "measure": "bulk",
                    "homogeneous": False,
                    "units_per_pack": 25.0,
                    "tolerance": 0.02,
                    "contains": "gluten",
                    "unit_cost": 3.5,
                },
            ),
            ("Item", {"key": "P2/B", "company": "P2", "lot_tracked": None}),
        ],
    ),
    Case(
        "bom",
        [
            {
                "bom_no": "V1",
                "parent_item_code": "B",
                "item_code": "F",
                "quantity": "2",
                "uom": "kg",
                "per_quantity": "10",
                "alternate_group": "g",
                "scrap_rate": "5%",
                "operation": "mix",
                "backflush": "是",
                "co_product": "否",
                "valid_from": "2024-03-01",
                "valid_to": "2024-03-01",
            },
            {"parent_item_code": "B", "item_code": "W"},
        ],
        [
            (
                "Component",
                {
                    "item": "PLANT/F",
                    "parent": "PLANT/B",
                    "bom_no": "V1",
                    "quantity": 2.0,
                    "per_quantity": 10.0,
                    "alternate_group": "g",
                    "scrap_rate": 0.05,
                    "step": "mix",
                    "backflush": True,
                    "co_product": False,
                    "valid_from": DAY[0],
                    "valid_to": DAY[1],
                },
            ),
            ("Component", {"item": "PLANT/W", "valid_to": None}),
            ("Item", {"key": "PLANT/B"}),
            ("Item", {"key": "PLANT/F"}),
            ("Item", {"key": "PLANT/W"}),
        ],
    ),
    Case(
        "suppliers",
        [{"supplier_code": "S1", "supplier_name": "Mill", "country": "DE", "party_kind": "Farm"}],
        [("Supplier", {"key": "S1", "name": "Mill", "country": "DE", "kind": "Farm"})],
    ),
    Case(
        "customers",
        [
            {"customer_code": "C1", "customer_name": "Shop", "language": "zh", "address": "A 1"},
            {"customer_code": "C2", "customer_name": "王五", "party_kind": "个人"},
        ],
        [
            ("Customer", {"key": "C1", "name": "Shop", "language": "zh", "address": "A 1"}),
            ("Customer", {"key": "C2", "name": "p-王五"}),
        ],
    ),
    Case(
        "sites",
        [
            {
                "site_code": "L1",
                "site_name": "Line 1",
                "site_kind": "产线",
                "parent_site": "W1",
                "holder": "Sub",
                "holder_kind": "subcontractor",
                "timezone": "Europe/Berlin",
                "day_start": "06:00",
            }
        ],
        [
            (
                "Site",
                {
                    "key": "PLANT/L1",
                    "name": "Line 1",
                    "kind": "line",
                    "parent": "PLANT/W1",
                    "holder": "Sub",
                    "holder_kind": "subcontractor",
                    "timezone": "Europe/Berlin",
                    "day_start": "06:00",
                },
            ),
            ("Site", {"key": "PLANT/W1", "name": None}),
        ],
    ),
    Case(
        "people",
        [{"person_code": "007", "person_name": "李四", "department": "QA", "role": "lead"}],
        [("Person", {"key": "p-007", "department": "QA", "role": "lead"})],
    ),
    Case(
        "aliases",
        [
            {"alias_kind": "物料", "alias": "F-old", "code": "F"},
            {"alias_kind": "company", "alias": "Mill", "code": "S1"},
            {
                "alias_kind": "lot",
                "alias_owner": "S1",
                "alias_item_code": "F",
                "alias_lot_no": "X9",
                "item_code": "F",
                "lot_no": "F1",
            },
        ],
        [
            ("Alias", {"kind": "item", "alias": "PLANT/F-old", "target": "PLANT/F"}),
            ("Alias", {"kind": "company", "alias": "Mill", "target": "S1"}),
            ("Alias", {"kind": "lot", "alias": "S1/F/X9", "target": "PLANT/F/F1"}),
        ],
    ),
    Case(
        "shifts",
        [{"site_code": "L1", "shift": "night", "starts": "22:00", "ends": "06:00"}],
        [
            (
                "Shift",
                {"site": "PLANT/L1", "shift": "night", "starts": "22:00", "ends": "06:00"},
            )
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


def test_names_of_persons_are_in_no_table(tmp_path: Path) -> None:
    sheets = {
        "people": [{"person_code": "007", "person_name": "李四"}],
        "customers": [{"customer_code": "C2", "customer_name": "王五", "party_kind": "个人"}],
        "cleaning": [{"site_code": "L1", "operator": "李四"}],
    }
    intake = loaded(tmp_path, sheets, True)
    assert intake.tables["Cleaning"]["person"].to_list() == ["p-007"]
    assert intake.names == {"p-007": "李四", "p-王五": "王五"}


@pytest.mark.parametrize(
    ("sheet", "row"),
    [
        ("bom", {"item_code": "F"}),
        ("shifts", {"site_code": "L1", "shift": "night", "starts": "late"}),
        ("work_orders", {"item_code": "B"}),
        ("aliases", {"alias_kind": "lot", "alias": "X9", "code": "F1"}),
        ("items", {"item_name": "flour"}),
    ],
)
def test_row_that_becomes_no_fact_is_set_aside(
    sheet: str, row: dict[str, str], tmp_path: Path
) -> None:
    intake = loaded(tmp_path, {sheet: [row]}, False)
    counts = intake.counts[sheet]
    assert (counts.read, counts.loaded, counts.set_aside) == (1, 0, 1)
    assert len(intake.findings) == 1
    assert intake.tables["SetAside"]["row"].to_list() == [2]


def test_times_of_day_are_hours_and_minutes(tmp_path: Path) -> None:
    sheets = {
        "shifts": [{"shift": "early", "starts": "6:00:00", "ends": "14:00"}],
        "sites": [{"site_code": "L1", "day_start": "6:00"}],
    }
    tables = loaded(tmp_path, sheets, False).tables
    assert tables["Shift"].select("starts", "ends").row(0) == ("06:00", "14:00")
    assert tables["Site"]["day_start"].to_list() == ["06:00"]
