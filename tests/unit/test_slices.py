"""Parts of a lot by printed time or number: read, suspected, cut by time; never less than asked."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graph_model.errors import BadInput
from queries.given import moment
from queries.recall import report
from queries.recall.roots import Suspects
from queries.recall.scope import Scope
from queries.recall.slices import Stretch, _covers, _judge
from tests.unit.plant_case import Row, check, loaded
from tests.unit.test_balance import RECEIPT, scope_of

ZONE = "Asia/Shanghai"
PART = {"item_code": "P", "lot_no": "P1", "range_kind": "carton", "uom": "kg"}
SLICES: list[Row] = [
    {**PART, "sublot": "A", "printed_from": "2024-03-01 08:00", "printed_to": "2024-03-01 09:59",
     "range_from": "C-0001", "range_to": "C-0100"},
    {**PART, "sublot": "B", "printed_from": "2024-03-01 10:00", "printed_to": "2024-03-01 11:59",
     "range_from": "C-0101", "range_to": "C-0200"},
    {**PART, "sublot": "C", "printed_from": "2024-03-01 12:00", "printed_to": "2024-03-01 13:59",
     "range_from": "C-0201", "range_to": "C-0300"},
]  # fmt: skip


def sheets(slices: list[Row]) -> dict[str, list[Row]]:
    """An order made P1 in three parts; two lots of R went in, the second at eleven."""
    scan = {"posting_method": "scanner_clock", "lot_source": "scanned"}
    issue = {**scan, "work_order_no": "W1", "item_code": "R", "quantity": "50", "uom": "kg"}
    other = {**RECEIPT, "doc_no": "G2", "lot_no": "R2", "supplier_lot_no": "S2"}
    made: list[Row] = [
        {**scan, "doc_no": f"O{part}", "work_order_no": "W1", "item_code": "P", "lot_no": "P1",
         "sublot": part, "quantity": "30", "uom": "kg", "event_time": f"2024-03-01 {hour}"}
        for part, hour in (("A", "10:00:00"), ("B", "12:00:00"), ("C", "14:00:00"))
    ]  # fmt: skip
    sent: list[Row] = [
        {**scan, "delivery_no": f"D{part}", "customer_code": f"K{part}", "item_code": "P",
         "lot_no": "P1", "sublot": part, "quantity": "30", "uom": "kg",
         "event_time": "2024-03-02 08:00:00"}
        for part in "AB"
    ]  # fmt: skip
    return {
        "receipts": [RECEIPT, other],
        "bom": [{"parent_item_code": "P", "item_code": "R", "quantity": "1", "uom": "kg",
                 "per_quantity": "1"}],
        "work_orders": [{"work_order_no": "W1", "item_code": "P", "order_status": "closed"}],
        "issues": [
            {**issue, "doc_no": "I1", "lot_no": "R1", "event_time": "2024-03-01 08:00:00"},
            {**issue, "doc_no": "I2", "lot_no": "R2", "event_time": "2024-03-01 11:00:00"},
        ],
        "outputs": made,
        "slices": slices,
        "shipments": sent,
    }  # fmt: skip


def tiers(scope: Scope) -> dict[str, str]:
    """Tier by part of P1; the whole lot under its number."""
    return {
        lot["sublot"] or lot["lot_no"]: lot["tier"]
        for lot in report.to_dict(scope)["lots"]
        if lot["item"] == "P"
    }


@pytest.mark.parametrize("chinese", [False, True])
def test_parts_are_read_with_what_is_printed_on_them(tmp_path: Path, chinese: bool) -> None:
    found = loaded(tmp_path, {"slices": SLICES[:1]}, chinese)
    first, last = "2024-03-01T08:00", "2024-03-01T09:59:59.999999"
    part = {"key": "PLANT/P/P1#A", "parent": "PLANT/P/P1", "sublot": "A", "range_kind": "carton",
            "range_from": "C-0001", "range_to": "C-0100",
            "printed_from": moment(first, ZONE, end=False),
            "printed_to": moment(last, ZONE, end=False)}  # fmt: skip
    check(found, [("Lot", part), ("Lot", {"key": "PLANT/P/P1", "parent": None})])


def test_material_is_only_in_parts_made_after_it_was_issued(tmp_path: Path) -> None:
    scope = scope_of(tmp_path, sheets(SLICES), lots=("R2",))
    assert tiers(scope) == {"A": "excluded", "B": "possible", "C": "possible"}
    told = report.to_dict(scope)
    assert [row["customer"] for row in told["customers"]] == ["KB"]
    (part,) = (lot for lot in told["lots"] if lot["sublot"] == "B")
    assert part["slice"]["range_from"] == "C-0101"
    assert part["slice"]["printed_from"] == "2024-03-01T02:00:00+00:00"
    named = {(act["action"], act["slice"]) for act in told["actions"] if "#" in act["lot"]}
    assert ("call_back", "B") in named
    assert all(part in "BC" for _, part in named)


@pytest.mark.parametrize(
    ("asked", "match", "unknown"),
    [
        ({"printed_from": "2024-03-01T10:30", "printed_to": "2024-03-01T11:00"}, "B", ""),
        ({"printed_from": "2024-03-01T09:30", "printed_to": "2024-03-01T10:30"}, "AB", ""),
        ({"serial_from": "C-150", "serial_to": "C-250"}, "BC", ""),
        # Goods printed later than any recorded part may be anywhere in the lot.
        ({"printed_from": "2024-03-01T13:00", "printed_to": "2024-03-01T15:00"}, "C", "AB1"),
        ({"serial_from": "C-290"}, "C", "AB1"),
        # Numbers of another row cannot be compared with those of the parts.
        ({"serial_from": "X-1", "serial_to": "X-2"}, "", "ABC1"),
    ],
)
def test_a_stretch_means_the_parts_it_touches(
    tmp_path: Path, asked: Mapping[str, str], match: str, unknown: str
) -> None:
    typed: dict[str, Any] = {
        name: moment(content, ZONE, end=False) if name.startswith("printed") else content
        for name, content in asked.items()
    }
    scope = scope_of(tmp_path, sheets(SLICES), lots=("P1",), **typed)
    keys = scope.lineage.lots["key"]
    groups = [
        "".join(sorted(key[-1] for key in keys[lots]))
        for lots in (scope.roots.match, scope.roots.cannot_rule_out)
    ]
    assert groups == ["".join(sorted(match)), "".join(sorted(unknown))]
    unclear = [entry.kind for entry in scope.missing if entry.kind == "slice_unclear"]
    assert bool(unclear) == bool(unknown)


def test_a_lot_without_recorded_parts_is_meant_as_a_whole(tmp_path: Path) -> None:
    scope = scope_of(tmp_path, sheets(SLICES), lots=("R1",), serial_from="1", serial_to="2")
    assert scope.lineage.lots["lot_no"][scope.roots.match].to_list() == ["R1"]
    assert "slice_unclear" in [entry.kind for entry in scope.missing]


def test_a_stretch_needs_its_lot(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--lot"):
        scope_of(tmp_path, sheets(SLICES), item="P", serial_from="1")


def test_no_good_of_a_stretch_is_ever_left_out() -> None:
    """Goods by number, in random parts of which some ends are missing, against every stretch."""
    rng = random.Random(7)
    for _ in range(300):
        rows: list[dict[str, Any]]
        goods = range(1, 13)
        ends = sorted(rng.sample(goods, 4))
        parts = [(ends[0], ends[1]), (ends[1] + 1, ends[2]), (ends[2] + rng.randint(1, 2), ends[3])]
        rows = [
            {"range_from": f"C{low:03}" if rng.random() < 0.8 else None,
             "range_to": f"C{high}" if rng.random() < 0.8 else None,
             "printed_from": None, "printed_to": None, "own": (low, high)}
            for low, high in parts if low <= high
        ]  # fmt: skip
        low = rng.choice(goods)
        high = rng.randint(low, 12)
        stretch = Stretch(serial_from=f"C{low}", serial_to=f"C{high}")
        verdicts = [_judge(row, stretch) for row in rows]
        for good in range(low, high + 1):
            inside = [n for n, row in enumerate(rows) if row["own"][0] <= good <= row["own"][1]]
            assert all(verdicts[n] > 0 for n in inside)
            assert inside or not _covers(_frame(rows), stretch)
        for row, verdict in zip(rows, verdicts, strict=True):
            touched = row["own"][0] <= high and row["own"][1] >= low
            assert touched or verdict < 2


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    names = ("range_from", "range_to", "printed_from", "printed_to")
    schema = dict.fromkeys(names[:2], pl.String) | dict.fromkeys(names[2:], pl.Int64)
    return pl.DataFrame([{name: row[name] for name in names} for row in rows], schema=schema)


def test_suspects_tell_the_stretch_that_was_asked() -> None:
    asked = Suspects(lots=("P1",), serial_from="1")
    assert asked.given() == {"lots": ("P1",), "serial_from": "1"}
