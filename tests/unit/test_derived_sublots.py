"""A part of a lot is wherever its lot is named without a part: in movements and in mixed stock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from graph_model import network
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from graph_model.schema import (
    KINDS,
    Consumed,
    Lot,
    Operation,
    Packed,
    Produced,
    Shipped,
    conform,
    frame_schema,
)
from tests.facts import stated

Rows = Mapping[type, list[dict[str, Any]]]


def reached(rows: Rows, root: str) -> set[str]:
    """Keys of recorded lots that can contain material of the root."""
    lineage = Lineage.of(network.build(stated(rows)))
    found = lineage.lots[lineage.forward(lineage.number([root])).lots]
    return set(found.filter(pl.col("rule").is_null())["key"])


def lot(key: str, parent: str | None = None) -> dict[str, Any]:
    """A lot `X/ITEM/NUMBER`."""
    owner, item, number = key.partition("#")[0].split("/")
    return {"key": key, "owner": owner, "item_code": item, "item": f"X/{item}", "lot_no": number,
            "sublot": key.partition("#")[2], "parent": parent}  # fmt: skip


LOTS = [lot("X/A/1"), lot("X/A/1#a", "X/A/1"), lot("X/A/1#b", "X/A/1"), lot("X/P/1")]
ORDER = {"key": "X/produce/1", "company": "X", "kind": "produce", "number": "1", "item": "X/P"}
MADE = {"key": "o", "lot": "X/P/1", "item": "X/P", "operation": "X/produce/1", "status": "posted"}


@pytest.mark.parametrize(
    ("used", "root", "inside"),
    [
        ("X/A/1", "X/A/1#a", True),
        ("X/A/1#a", "X/A/1", True),
        ("X/A/1#a", "X/A/1#b", False),
        (None, "X/A/1#a", True),
    ],
)
def test_a_movement_of_a_lot_may_be_of_any_part(used: str | None, root: str, inside: bool) -> None:
    taken = {"key": "i", "lot": used, "item": "X/A", "operation": "X/produce/1", "status": "posted"}
    rows = {Lot: LOTS, Operation: [ORDER], Consumed: [taken], Produced: [MADE]}
    assert ("X/P/1" in reached(rows, root)) == inside


def test_parts_of_parts_are_parts_of_the_whole() -> None:
    lots = [*LOTS, lot("X/A/1#a1", "X/A/1#a")]
    taken = {"key": "i", "lot": "X/A/1", "item": "X/A", "operation": "X/produce/1"}
    rows = {Lot: lots, Operation: [ORDER], Consumed: [taken], Produced: [MADE]}
    assert "X/P/1" in reached(rows, "X/A/1#a1")


def test_what_is_packed_in_a_box_on_a_pallet_leaves_with_the_pallet() -> None:
    rows: Rows = {
        Lot: [lot("X/A/1"), lot("X//BOX"), lot("X//PALLET")],
        Packed: [
            {"key": "1", "lot": "X/A/1", "container": "X//BOX"},
            {"key": "2", "lot": "X//BOX", "container": "X//PALLET"},
        ],
        Shipped: [{"key": "s", "lot": "X//PALLET", "shipment": "X/D1", "status": "posted"}],
    }
    tables = {
        name: conform(kind, pl.DataFrame(rows[kind]), provenance=True)
        if kind in rows
        else pl.DataFrame(schema=frame_schema(kind, provenance=True))
        for name, kind in KINDS.items()
    }
    shipped = network.build(Facts(1, "", tables)).shipped
    assert set(shipped["lot"]) == {"X/A/1", "X//BOX", "X//PALLET"}
