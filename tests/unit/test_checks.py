"""Each rule on the smallest plant that breaks it; none on a clean one."""

from __future__ import annotations

import pytest

from graph_model.i18n import LANGUAGES, catalogue
from loaders.checks import RULES
from tests.unit.checks_case import DAY, T0, Tables, at, change, check, clean, lot, move, only


@pytest.fixture
def plant() -> Tables:
    """A clean plant to break."""
    return clean()


def test_a_clean_plant_has_no_findings() -> None:
    assert check(clean()) == []


def test_no_facts_have_no_findings() -> None:
    assert check({}) == []


def test_every_rule_has_both_texts_in_both_languages() -> None:
    for name in RULES:
        for lang in LANGUAGES:
            assert catalogue(lang)[f"finding.{name}.text"]
            assert catalogue(lang)[f"finding.{name}.repair"]


def test_missing_lot_number(plant: Tables) -> None:
    change(plant, "Consumed", "PLANT/issues/I1/1", lot=None, lot_no=None)
    found = only(plant, "missing_lot_number")
    assert (found.file, found.sheet, found.column) == ("issues.csv", "issues", "lot_no")


def test_an_item_without_lots_needs_no_number(plant: Tables) -> None:
    change(plant, "Consumed", "PLANT/issues/I1/1", lot=None, lot_no=None)
    change(plant, "Item", "PLANT/FLOUR", lot_tracked=False)
    assert check(plant) == []


def test_missing_item_code(plant: Tables) -> None:
    change(plant, "Shipped", "PLANT/shipments/D1/1", lot=None, item=None)
    assert only(plant, "missing_item_code").params == {"lot_no": "B1"}


def test_missing_work_order(plant: Tables) -> None:
    operation = {"company": "PLANT", "kind": "produce", "number": "?/O9/1"}
    plant["Operation"].append({"key": "PLANT/produce/?%2FO9%2F1", **operation})
    alone = {"operation": "PLANT/produce/?%2FO9%2F1", "basis": "by_order"}
    plant["Produced"].append(move("outputs/O9/1", "BREAD", "B1", 1, 2, **alone))
    assert only(plant, "missing_work_order").sheet == "outputs"
    assert len(check(plant)) == 1


def test_unknown_item(plant: Tables) -> None:
    plant["Item"][0] = {"key": "PLANT/FLOUR", "company": "PLANT", "item_code": "FLOUR"}
    found = [f for f in check(plant) if f.rule == "unknown_reference"]
    assert {(f.sheet, f.column, f.value) for f in found} == {
        ("issues", "item_code", "FLOUR"),
        ("receipts", "item_code", "FLOUR"),
    }


def test_unknown_work_order(plant: Tables) -> None:
    operation = {"company": "PLANT", "kind": "produce", "number": "W9", "work_order_no": "W9"}
    plant["Operation"].append({"key": "PLANT/produce/W9", **operation})
    plant["Consumed"].append(move("issues/I9/1", "FLOUR", "F1", 1, 1, operation="PLANT/produce/W9"))
    found = only(plant, "unknown_reference")
    assert (found.column, found.value) == ("work_order_no", "W9")


def test_broken_chain(plant: Tables) -> None:
    lot(plant, "PLANT", "FLOUR", "F2")
    change(plant, "Consumed", "PLANT/issues/I1/1", lot="PLANT/FLOUR/F2", lot_no="F2")
    assert only(plant, "broken_chain").value == "F2"


def test_a_chain_that_nobody_records_is_not_broken(plant: Tables) -> None:
    plant["Produced"] = [row for row in plant["Produced"] if row["item"] != "PLANT/FLOUR"]
    assert "broken_chain" not in {finding.rule for finding in check(plant)}


def test_consumed_more_than_exists(plant: Tables) -> None:
    change(plant, "Shipped", "PLANT/shipments/D1/1", quantity=120.0)
    found = only(plant, "consumed_more_than_exists")
    assert found.params == {"lot": "BREAD B1", "come": 100.0, "gone": 120.0}


def test_goods_that_come_back_may_leave_again(plant: Tables) -> None:
    change(plant, "Shipped", "PLANT/shipments/D1/1", quantity=100.0)
    back = {"operation": "PLANT/return/C1", "basis": "exact"}
    plant["Operation"].append(
        {"key": "PLANT/return/C1", "company": "PLANT", "kind": "return", "number": "C1"}
    )
    plant["Consumed"].append(move("customer_returns/C1/from", "BREAD", "B1", 5, 4, **back))
    plant["Produced"].append(move("customer_returns/C1/to", "BREAD", "B1", 5, 4, **back))
    plant["Shipped"].append(move("shipments/D1/2", "BREAD", "B1", 5, 5, shipment="PLANT/D1"))
    assert check(plant) == []


def test_output_without_inputs(plant: Tables) -> None:
    plant["Consumed"].pop()
    assert only(plant, "output_without_inputs").value == "W1"


def test_inputs_without_output(plant: Tables) -> None:
    plant["Produced"].pop()
    assert only(plant, "inputs_without_output").value == "W1"
    change(plant, "Operation", "PLANT/produce/W1", status="open")
    assert "inputs_without_output" not in {finding.rule for finding in check(plant)}


def test_time_inversion(plant: Tables) -> None:
    change(plant, "Shipped", "PLANT/shipments/D1/1", **at(1.5))
    found = only(plant, "time_inversion")
    assert found.params["time"] == "2024-03-03 00:00"
    assert found.params["first"] == "2024-03-03 12:00"


def test_a_confirmed_delay_explains_an_inversion(plant: Tables) -> None:
    change(plant, "Shipped", "PLANT/shipments/D1/1", **at(1.5))
    plant["Decision"] = [
        {"key": "d1", "kind": "delay", "subject": "outputs", "late": DAY, "early": 0}
    ]
    assert "time_inversion" not in {finding.rule for finding in check(plant)}


def test_before_release_and_before_departure(plant: Tables) -> None:
    change(plant, "Operation", "PLANT/produce/W1", released_at=T0 + round(1.5 * DAY))
    found = only(plant, "time_inversion")
    assert found.sheet == "issues"


def test_future_date(plant: Tables) -> None:
    change(plant, "Shipped", "PLANT/shipments/D1/1", **at(40))
    found = only(plant, "future_date")
    assert (found.column, found.value) == ("event_time", "2024-04-10 12:00")
    change(plant, "Shipment", "PLANT/D1", status="planned")
    assert check(plant) == []
