"""Each rule about recipes, people, owners and sources on the smallest plant that breaks it."""

from __future__ import annotations

import polars as pl
import pytest

from loaders.checks import run
from tests.unit.checks_case import (
    DAY,
    HOUR,
    NOW,
    T0,
    Tables,
    at,
    change,
    check,
    clean,
    facts,
    lot,
    move,
    only,
)


@pytest.fixture
def plant() -> Tables:
    """A clean plant to break."""
    return clean()


def rules(tables: Tables) -> set[str]:
    """The rules that found something."""
    return {finding.rule for finding in check(tables)}


def salted(tables: Tables) -> None:
    """Salt comes in, and the recipe of bread needs some."""
    receipt = {"operation": "PLANT/receive/R2/1", "basis": "exact"}
    lot(tables, "PLANT", "SALT", "N1")
    tables["Produced"].append(move("receipts/R2/1", "SALT", "N1", 10, 0, **receipt))
    operation = {"company": "PLANT", "kind": "receive", "number": "R2/1"}
    tables["Operation"].append({"key": "PLANT/receive/R2/1", **operation})


def issue_salt(tables: Tables) -> None:
    """Salt goes into the order."""
    order = {"operation": "PLANT/produce/W1", "basis": "by_order"}
    tables["Consumed"].append(move("issues/I2/1", "SALT", "N1", 1, 1, **order))


def test_mass_balance_over_and_under(plant: Tables) -> None:
    change(plant, "Consumed", "PLANT/issues/I1/1", quantity=60.0)
    found = only(plant, "mass_balance")
    assert (found.sheet, found.value) == ("issues", "60.0")
    change(plant, "Consumed", "PLANT/issues/I1/1", quantity=40.0)
    assert only(plant, "mass_balance").value == "40.0"
    change(plant, "Operation", "PLANT/produce/W1", status="open")
    assert "mass_balance" not in rules(plant)


def test_unit_not_convertible(plant: Tables) -> None:
    change(plant, "Consumed", "PLANT/issues/I1/1", uom="m")
    found = only(plant, "unit_not_convertible")
    assert (found.column, found.value, found.params["base"]) == ("uom", "m", "kg")


def test_bom_item_never_consumed(plant: Tables) -> None:
    salted(plant)
    salt = {"item": "PLANT/SALT", "parent": "PLANT/BREAD", "bom_no": "1"}
    amount = {"quantity": 0.01, "uom": "kg", "per_quantity": 1.0}
    plant["Component"].append({"key": "c2", **salt, **amount})
    assert only(plant, "bom_item_never_consumed").params["items"] == "SALT"
    issue_salt(plant)
    assert check(plant) == []


def test_of_two_recipes_either_may_be_used(plant: Tables) -> None:
    plant["Component"].append(dict(plant["Component"][0], key="c2", bom_no="2"))
    salt = {"item": "PLANT/SALT", "parent": "PLANT/BREAD", "bom_no": "2"}
    plant["Component"].append({"key": "c3", **salt, "quantity": 0.01, "per_quantity": 1.0})
    assert "bom_item_never_consumed" not in rules(plant)


def test_item_not_in_bom(plant: Tables) -> None:
    salted(plant)
    issue_salt(plant)
    found = only(plant, "item_not_in_bom")
    assert (found.sheet, found.column, found.value) == ("issues", "item_code", "SALT")
    plant["Alias"] = [{"key": "a", "kind": "item", "alias": "PLANT/SALT", "target": "PLANT/FLOUR"}]
    assert "item_not_in_bom" not in rules(plant)


def test_missing_operator(plant: Tables) -> None:
    change(plant, "Consumed", "PLANT/issues/I1/1", person=None)
    assert only(plant, "missing_operator").column == "operator"


def test_where_nobody_is_named_nobody_is_missing(plant: Tables) -> None:
    for kind in ("Consumed", "Produced", "Shipped"):
        for row in plant[kind]:
            row["person"] = None
    assert check(plant) == []


def test_an_account_around_the_clock(plant: Tables) -> None:
    for day in range(4):
        for hour in range(24):
            key = f"shipments/D1/{day}-{hour}"
            when = 3 + day + hour / 24
            row = move(key, "BREAD", "B1", 0.1, when, shipment="PLANT/D1", person="p2")
            plant["Shipped"].append(row)
    found = only(plant, "shared_account")
    assert found.value == "p2"
    assert float(str(found.params["hours"])) > 16


def test_an_account_at_four_places_at_once(plant: Tables) -> None:
    for number in range(4):
        row = move(f"shipments/D1/{number + 2}", "BREAD", "B1", 1, 4, shipment="PLANT/D1")
        plant["Shipped"].append(row | {"person": "p3", "from_place": f"PLANT/L{number}"})
    assert only(plant, "shared_account").params["places"] == 4


def test_negative_stock_on_the_books(plant: Tables) -> None:
    plant["Stock"] = [
        {"key": "s", "item": "PLANT/FLOUR", "site": "PLANT/WH", "quantity": -3.0, "uom": "kg"}
        | {"_file": "stock.csv", "_sheet": "stock", "_row": 2}
    ]
    found = only(plant, "negative_stock")
    assert (found.sheet, found.row, found.value) == ("stock", 2, "-3.0")


def test_negative_stock_for_a_while(plant: Tables) -> None:
    order = {"operation": "PLANT/produce/W1", "basis": "by_order"}
    change(plant, "Produced", "PLANT/outputs/O1/1", quantity=10.0)
    plant["Produced"].append(move("outputs/O1/2", "BREAD", "B1", 90, 4, **order))
    found = only(plant, "negative_stock")
    assert (found.sheet, found.value) == ("shipments", "-10.0")


def test_two_owners_without_transfer(plant: Tables) -> None:
    lot(plant, "DEPOT", "BREAD", "B1")
    found = only(plant, "two_owners_without_transfer")
    assert found.params["owners"] == "DEPOT, PLANT"
    transfer = {"operation": "PLANT/transfer/T1", "basis": "exact"}
    operation = {"company": "PLANT", "kind": "transfer", "number": "T1"}
    plant["Operation"].append({"key": "PLANT/transfer/T1", **operation})
    plant["Consumed"].append(move("moves/T1/from", "BREAD", "B1", 5, 3, **transfer))
    there = {"owner": "DEPOT", "lot": "DEPOT/BREAD/B1"}
    plant["Produced"].append(move("moves/T1/to", "BREAD", "B1", 5, 3, **transfer) | there)
    assert check(plant) == []


def test_a_supplier_may_use_our_number(plant: Tables) -> None:
    lot(plant, "S1", "FLOUR", "F9")
    change(plant, "Consumed", "PLANT/receipts/R1/1/supplier", lot="S1/FLOUR/F9", lot_no="F9")
    lot(plant, "PLANT", "FLOUR", "F9")
    assert check(plant) == []


def test_duplicate_lot_number(plant: Tables) -> None:
    receipt = {"operation": "PLANT/receive/R2/1", "basis": "exact"}
    operation = {"company": "PLANT", "kind": "receive", "number": "R2/1"}
    plant["Operation"].append({"key": "PLANT/receive/R2/1", **operation})
    theirs = {"owner": "S2", "lot": "S2/FLOUR/Y1", "_row": 3}
    key = "receipts/R2/1/supplier"
    plant["Consumed"].append(move(key, "FLOUR", "Y1", 100, 0, **receipt) | theirs)
    plant["Produced"].append(move("receipts/R2/1", "FLOUR", "F1", 100, 0, **receipt))
    found = [f for f in check(plant) if f.rule == "duplicate_lot_number"]
    assert [f.params["suppliers"] for f in found] == ["S1, S2"] * 2


def test_number_used_again(plant: Tables) -> None:
    order = {"operation": "PLANT/produce/W1", "basis": "by_order"}
    plant["Produced"].append(move("outputs/O2/1", "BREAD", "B1", 1, -320, **order))
    found = only(plant, "number_used_again")
    assert found.params["before"] == "2023-04-16 12:00"


def test_a_posting_delay_is_proposed(plant: Tables) -> None:
    change(plant, "Consumed", "PLANT/issues/I1/1", entered_at=T0 + DAY + 30 * HOUR)
    found = only(plant, "posting_delay")
    assert found.severity == "info"
    assert found.params == {"source": "issues", "rows": 1, "late": 30.0, "early": 0.0}


def test_a_delay_that_cannot_be_seen(plant: Tables) -> None:
    change(plant, "Consumed", "PLANT/issues/I1/1", entered_at=T0 + DAY)
    assert only(plant, "posting_delay_hidden").params == {"source": "issues", "rows": 1}
    assert "posting_delay" not in rules(plant)


def test_a_row_beyond_the_confirmed_delay(plant: Tables) -> None:
    change(plant, "Consumed", "PLANT/issues/I1/1", entered_at=T0 + DAY + 30 * HOUR)
    confirmed = {"key": "d1", "kind": "delay", "subject": "issues", "late": 24 * HOUR}
    plant["Decision"] = [confirmed]
    assert only(plant, "posting_delay_beyond").value == "2024-03-03 18:00"
    plant["Decision"] = [confirmed | {"late": 30 * HOUR}]
    assert check(plant) == []


def test_conflict(plant: Tables) -> None:
    times = f"{T0} | {T0 + HOUR}"
    told = [("PLANT/issues/I1/1", "Consumed", "earliest", times)]
    told += [("PLANT/shipments/D1/1", "Shipped", "quantity", "20 kg | 21 kg")]
    conflicts = pl.DataFrame(told, schema=["key", "kind", "column", "values"], orient="row")
    found = run(facts(plant, conflicts), now=NOW)
    assert [(f.rule, f.sheet, f.column, f.value) for f in found] == [
        ("conflict", "issues", "event_time", "2024-03-01 12:00 | 2024-03-01 13:00"),
        ("conflict", "shipments", "quantity", "20 kg | 21 kg"),
    ]


def test_what_the_floor_and_a_system_both_record_is_told_once_for_each(plant: Tables) -> None:
    order = {"operation": "PLANT/produce/W1", "basis": "by_order", "source": "floor.issues"}
    change(plant, "Consumed", "PLANT/issues/I1/1", quantity=25.0, doc_no="I1")
    again = dict(plant["Consumed"][-1], key="PLANT/issues/I1/2", doc_no="I1", _row=99)
    plant["Consumed"].append(again)  # two bags by the system, one of them on the floor
    scan = move("issues/K7-1/1", "FLOUR", "F1", 25, 1.4, doc_no="K7-1", **order)
    plant["Consumed"].append(scan)
    found = only(plant, "recorded_twice")
    assert (found.value, found.params["entry"]) == ("I1", "K7-1")
    for other in ({"quantity": 24.0}, {"lot": None}, at(9), {"operation": "PLANT/produce/W2"}):
        plant["Consumed"][-1] = scan | other
        assert "recorded_twice" not in rules(plant), other
