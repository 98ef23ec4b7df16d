"""Each rule on the smallest plant that breaks it; none on a clean one."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from graph_model.i18n import LANGUAGES, catalogue, text
from graph_model.ledger.fold import Facts
from graph_model.schema import KINDS, conform
from loaders.checks import RULES, run
from loaders.findings import Finding

HOUR = 3_600_000_000
DAY = 24 * HOUR
T0 = 1_709_265_600_000_000
"""2024-03-01 12:00 in Shanghai, µs UTC."""
NOW = T0 + 30 * DAY
Row = dict[str, Any]
Tables = dict[str, list[Row]]


def at(day: float) -> dict[str, int]:
    """A stamp so many days after T0."""
    moment = T0 + round(day * DAY)
    return {"earliest": moment, "latest": moment}


def move(key: str, item: str, lot: str | None, quantity: float, day: float, **more: Any) -> Row:
    """A movement of the plant's own lot."""
    number = more.pop("row", sum(map(ord, key)))
    sheet = key.partition("/")[0]
    return {
        "key": f"PLANT/{key}",
        "lot": None if lot is None else f"PLANT/{item}/{lot}",
        "owner": "PLANT",
        "item": f"PLANT/{item}",
        "lot_no": lot,
        "quantity": quantity,
        "uom": "kg",
        "source": sheet,
        "status": "posted",
        "person": "p1",
        **at(day),
        "_file": f"{sheet}.csv",
        "_sheet": sheet,
        "_row": number,
        **more,
    }


def clean() -> Tables:
    """Flour received, half of it baked into bread, some of that shipped."""
    item = {"company": "PLANT", "uom": "kg", "tolerance": 0.02}
    wo = "PLANT/produce/W1"
    lots = [("PLANT", "FLOUR", "F1"), ("S1", "FLOUR", "X1"), ("PLANT", "BREAD", "B1")]
    basis = {"basis": "by_order", "operation": wo}
    receipt = {"operation": "PLANT/receive/R1/1", "basis": "exact"}
    return {
        "Item": [
            {"key": f"PLANT/{code}", "item_code": code, "item_name": code, **item}
            for code in ("FLOUR", "BREAD", "SALT")
        ],
        "Lot": [
            {"key": "/".join(lot), "owner": lot[0], "item_code": lot[1], "lot_no": lot[2]}
            | {"item": f"PLANT/{lot[1]}"}
            for lot in lots
        ],
        "Operation": [
            {"key": "PLANT/receive/R1/1", "company": "PLANT", "kind": "receive", "number": "R1/1"},
            {"key": wo, "company": "PLANT", "kind": "produce", "number": "W1", "status": "closed"}
            | {"work_order_no": "W1", "item": "PLANT/BREAD", "source": "work_orders"}
            | {"_file": "work_orders.csv", "_sheet": "work_orders", "_row": 2},
        ],
        "Component": [
            {"key": "c1", "item": "PLANT/FLOUR", "parent": "PLANT/BREAD", "bom_no": "1"}
            | {"quantity": 0.5, "uom": "kg", "per_quantity": 1.0},
        ],
        "Consumed": [
            move("receipts/R1/1/supplier", "FLOUR", "X1", 100, 0, **receipt)
            | {"owner": "S1", "lot": "S1/FLOUR/X1"},
            move("issues/I1/1", "FLOUR", "F1", 50, 1, **basis),
        ],
        "Produced": [
            move("receipts/R1/1", "FLOUR", "F1", 100, 0, **receipt),
            move("outputs/O1/1", "BREAD", "B1", 100, 2, output_kind="product", **basis),
        ],
        "Shipment": [
            {"key": "PLANT/D1", "company": "PLANT", "delivery_no": "D1", "status": "shipped"}
        ],
        "Shipped": [move("shipments/D1/1", "BREAD", "B1", 20, 3, shipment="PLANT/D1")],
    }


def facts(tables: Tables, conflicts: pl.DataFrame | None = None) -> Facts:
    """Facts of these rows; all other kinds empty."""
    frames = {
        name: conform(
            kind, pl.DataFrame(tables.get(name, []), infer_schema_length=None), provenance=True
        ).sort("key")
        for name, kind in KINDS.items()
    }
    return Facts(1, "", frames) if conflicts is None else Facts(1, "", frames, conflicts)


def check(tables: Tables) -> list[Finding]:
    """The findings of these rows on a fixed day."""
    return run(facts(tables), now=NOW)


def only(tables: Tables, rule: str) -> Finding:
    """The one finding of a rule, whose texts can be told in both languages."""
    found = [finding for finding in check(tables) if finding.rule == rule]
    assert len(found) == 1, found
    for lang in LANGUAGES:
        for part in ("text", "repair"):
            params = {"value": found[0].value, **found[0].params}
            assert "{" not in text(f"finding.{rule}.{part}", lang, **params)
    return found[0]


@pytest.fixture
def plant() -> Tables:
    """A clean plant to break."""
    return clean()


def change(tables: Tables, kind: str, key: str, **values: Any) -> None:
    """Changes one record."""
    row = next(row for row in tables[kind] if row["key"] == key)
    row.update(values)


def lot(tables: Tables, owner: str, item: str, number: str) -> None:
    """Adds a lot."""
    tables["Lot"].append(
        {"key": f"{owner}/{item}/{number}", "owner": owner, "item_code": item, "lot_no": number}
        | {"item": f"PLANT/{item}"}
    )


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
    assert found.params == {"lot": "PLANT/BREAD/B1", "come": 100.0, "gone": 120.0}


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
