"""Blocks of a table: filtered and sorted as asked, and together every row."""

from __future__ import annotations

import random
from typing import Any

import pytest

from dashboard.grids import block

ROWS = [{"key": f"k{n}", "lot_no": f"L-{n:03}", "at_most": n * 1.5 if n % 5 else None,
         "item": ("Nut bar", "Wafer", "")[n % 3]} for n in range(500)]  # fmt: skip


def keys(**asked: Any) -> list[str]:
    """Keys of all rows that an ask gives, fetched block by block."""
    found: list[str] = []
    while True:
        answer = block(ROWS, {"startRow": len(found), "endRow": len(found) + 37} | asked)
        found += [row["key"] for row in answer["rowData"]]
        if len(found) >= answer["rowCount"]:
            assert len(found) == answer["rowCount"]
            return found


def test_blocks_together_are_every_row_in_order() -> None:
    assert keys() == [row["key"] for row in ROWS]


@pytest.mark.parametrize(
    ("column", "wanted", "fits"),
    [
        ("item", {"filterType": "text", "type": "contains", "filter": "NUT"},
         lambda row: "nut" in row["item"].lower()),
        ("item", {"filterType": "text", "type": "notContains", "filter": "a"},
         lambda row: "a" not in row["item"].lower()),
        ("item", {"filterType": "text", "type": "blank"}, lambda row: not row["item"]),
        ("lot_no", {"filterType": "text", "type": "endsWith", "filter": "7"},
         lambda row: row["lot_no"].endswith("7")),
        ("at_most", {"filterType": "number", "type": "greaterThan", "filter": 300},
         lambda row: row["at_most"] is not None and row["at_most"] > 300),
        ("at_most", {"filterType": "number", "type": "inRange", "filter": 10, "filterTo": 20},
         lambda row: row["at_most"] is not None and 10 <= row["at_most"] <= 20),
        ("at_most", {"filterType": "number", "operator": "OR", "conditions": [
            {"filterType": "number", "type": "lessThan", "filter": 3},
            {"filterType": "number", "type": "blank"}]},
         lambda row: row["at_most"] is None or row["at_most"] < 3),
        ("item", {"filterType": "text", "type": "unheard of", "filter": "x"}, lambda row: True),
    ],
)  # fmt: skip
def test_filters_keep_what_fits(column: str, wanted: dict[str, Any], fits: Any) -> None:
    assert keys(filterModel={column: wanted}) == [row["key"] for row in ROWS if fits(row)]


@pytest.mark.parametrize("way", ["asc", "desc"])
def test_sorting_puts_what_is_unknown_last(way: str) -> None:
    mixed = random.Random(3).sample(ROWS, len(ROWS))
    answer = block(mixed, {"sortModel": [{"colId": "at_most", "sort": way}], "endRow": 500})
    amounts = [row["at_most"] for row in answer["rowData"]]
    known = [one for one in amounts if one is not None]
    assert amounts == sorted(known, reverse=way == "desc") + [None] * (500 - len(known))


def test_an_empty_table_has_an_empty_block() -> None:
    assert block([], {}) == {"rowData": [], "rowCount": 0}
