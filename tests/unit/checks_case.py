"""A small clean plant, to be broken in one place for each rule."""

from __future__ import annotations

from typing import Any

import polars as pl

from graph_model.i18n import LANGUAGES, text
from graph_model.ledger.fold import Facts
from graph_model.schema import KINDS, conform
from loaders.checks import run
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
