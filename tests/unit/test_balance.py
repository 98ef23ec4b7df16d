"""Mass balances of lots and what of a scope is unaccounted, against sums made row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graph_model import network
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from graph_model.schema import KINDS, Consumed, Produced, Returned, Shipped, frame_schema
from loaders.intake import read
from queries import balance
from queries.recall import report
from queries.recall.roots import Suspects
from queries.recall.scope import Scope, compute
from queries.recall.unaccounted import ANSWERS, unaccounted
from tests.fixtures import fixture_dir
from tests.unit.plant_case import Row, loaded
from tests.unit.scopes_case import demo_scope

ITEMS = {
    "items": [
        {"item_code": "R", "uom": "kg", "tolerance": "0.02"},
        {"item_code": "P", "uom": "kg", "pack_uom": "箱", "units_per_pack": "5"},
    ]
}
RECEIPT = {"doc_no": "G1", "supplier_code": "S", "item_code": "R", "supplier_lot_no": "S1",
           "lot_no": "R1", "quantity": "100", "uom": "kg"}  # fmt: skip


def folded(tables: Mapping[str, pl.DataFrame]) -> Facts:
    whole = {
        name: tables.get(name, pl.DataFrame(schema=frame_schema(kind, provenance=True)))
        for name, kind in KINDS.items()
    }
    return Facts(1, "", whole)


def scope_of(folder: Path, sheets: Mapping[str, list[Row]], **asked: Any) -> Scope:
    facts = folded(loaded(folder, {**ITEMS, **sheets}, chinese=False).tables)
    return compute(facts, Lineage.of(network.build(facts)), Suspects(**asked))


def of(scope: Scope, lot_no: str) -> dict[str, Any]:
    """The balance of a lot by its number."""
    numbers = scope.lineage.lots["lot_no"]
    found = report.balances(scope)
    return next(row for lot, row in found.items() if numbers[lot] == lot_no)


def amounts(row: Mapping[str, Any]) -> dict[str, float]:
    return {part: row[part] for part in balance.PARTS if row[part]}


def test_every_way_out_of_a_lot_is_told_apart(tmp_path: Path) -> None:
    move = {"item_code": "R", "lot_no": "R1", "uom": "kg"}
    scope = scope_of(
        tmp_path,
        {
            "receipts": [RECEIPT],
            "work_orders": [
                {"work_order_no": "W1", "item_code": "P", "order_status": "closed"},
                {"work_order_no": "W2", "item_code": "P", "order_status": "open"},
            ],
            "issues": [
                {**move, "doc_no": "I1", "work_order_no": "W1", "quantity": "30"},
                {**move, "doc_no": "I2", "work_order_no": "W2", "quantity": "20"},
            ],
            "returns": [{**move, "doc_no": "B1", "work_order_no": "W1", "quantity": "5"}],
            "moves": [{**move, "doc_no": "M1", "quantity": "40", "to_place": "WH2"}],
            "scrap": [
                {**move, "doc_no": "X1", "quantity": "3"},
                {**move, "doc_no": "X2", "work_order_no": "W1", "quantity": "2"},
                {**move, "doc_no": "X3", "quantity": "1", "destination": "LAB",
                 "scrap_kind": "sample"},
            ],
            "shipments": [
                {**move, "delivery_no": "D1", "customer_code": "K1", "quantity": "25"},
            ],
            "open_deliveries": [
                {**move, "delivery_no": "D2", "customer_code": "K2", "quantity": "4"},
            ],
            "customer_returns": [{**move, "doc_no": "C1", "quantity": "10"}],
            "stock": [{"item_code": "R", "lot_no": "R1", "quantity": "36", "uom": "kg",
                       "place": "WH", "as_of": "2026-01-09"}],
        },
        lots=("R1",),
    )  # fmt: skip
    row = of(scope, "R1")
    assert amounts(row) == {
        "come": 100, "returned": 10, "consumed": 23, "in_process": 20, "shipped": 25,
        "scrapped": 5, "samples": 1, "on_hand": 36,
    }  # fmt: skip
    assert (row["unit"], row["state"], row["off"], row["explanation"]) == (
        "kg", "balanced", False, [],
    )  # fmt: skip
    lost = unaccounted(scope).filter(pl.col("total") > 0).to_dicts()
    assert [(row["shipped_without_answer"], row["total"]) for row in lost] == [(15, 15)]


def test_more_than_came_is_off_and_explained(tmp_path: Path) -> None:
    sent = {"item_code": "R", "lot_no": "R1", "uom": "kg", "customer_code": "K1"}
    scope = scope_of(
        tmp_path,
        {
            "receipts": [RECEIPT],
            "stock": [{"item_code": "R", "lot_no": "R1", "quantity": "50", "uom": "kg",
                       "place": "WH", "as_of": "2026-01-01"}],
            "shipments": [{**sent, "delivery_no": "D1", "quantity": "60",
                           "event_time": "2026-01-05 10:00"}],
        },
        lots=("R1",),
    )  # fmt: skip
    row = of(scope, "R1")
    assert (row["unexplained"], row["share"], row["off"]) == (-10, -0.1, True)
    assert ["older" in note for note in row["explanation"]] == [True]
    totals = report.to_dict(scope)["totals"]
    assert (totals["balance"]["kg"]["over"], totals["balance"]["kg"]["off_over"]) == (10, 1)
    # What is too much of one lot never makes up for what is missing of another.
    assert totals["unaccounted"] == {"kg": 60}


def test_answers_and_failed_searches_change_what_is_unaccounted(tmp_path: Path) -> None:
    sent = {"item_code": "R", "lot_no": "R1", "uom": "kg", "customer_code": "K1"}
    scope = scope_of(
        tmp_path,
        {"receipts": [RECEIPT], "shipments": [{**sent, "delivery_no": "D1", "quantity": "60"}]},
        lots=("R1",),
    )
    key = scope.lineage.lots["key"][int(scope.roots.match[0])]
    rows = [(key, "answered", 45_000.0, "g"), (key, "missing", 4.0, "kg")]
    told = pl.DataFrame(rows, schema=ANSWERS, orient="row")
    (row,) = unaccounted(scope, told).filter(pl.col("total") > 0).to_dicts()
    assert (row["shipped_without_answer"], row["searched_not_found"], row["total"]) == (15, 4, 19)
    assert row["known"]
    odd = pl.DataFrame([(key, "answered", 3.0, "箱")], schema=ANSWERS, orient="row")
    (row,) = unaccounted(scope, odd).filter(pl.col("total") > 0).to_dicts()
    assert (row["total"], row["known"]) == (60, False)


def test_an_amount_that_cannot_be_told_is_counted_never_guessed(tmp_path: Path) -> None:
    sent = {"item_code": "R", "lot_no": "R1", "customer_code": "K1"}
    scope = scope_of(
        tmp_path,
        {
            "receipts": [RECEIPT],
            "shipments": [{**sent, "delivery_no": "D1", "quantity": "6", "uom": "m"}],
        },
        lots=("R1",),
    )
    row = of(scope, "R1")
    assert (row["state"], row["unexplained"], row["share"]) == ("unknown", None, None)
    assert report.to_dict(scope)["totals"]["unaccounted_unknown"] == 1


@pytest.mark.parametrize("seed", range(6))
def test_balances_of_a_plant_are_the_sums_of_its_rows(seed: int) -> None:
    scope = demo_scope(seed)
    whole = balance.balances(scope.facts, scope.lineage)
    expected = by_hand(scope)
    seen = 0
    for row in whole.filter(state=balance.BALANCED).to_dicts():
        # An item's own unit is the unit of all of its rows in a demo plant.
        left = expected[scope.lineage.lots["key"][row["lot"]]]
        gone = sum(row[p] for p in ("consumed", "in_process", "shipped", "scrapped", "samples"))
        assert row["come"] + row["returned"] - gone == pytest.approx(left, abs=1e-4)
        assert left - row["on_hand"] == pytest.approx(row["unexplained"], abs=1e-4)
        seen += 1
    assert seen > 100
    some = balance.balances(scope.facts, scope.lineage, scope.held)
    same = whole.filter(pl.col("lot").is_in(pl.Series(scope.held).implode()))
    told = some.filter(pl.col("lot").is_in(same["lot"].implode()))
    assert told.equals(same)


def by_hand(scope: Scope) -> dict[str, float]:
    """What is left of each lot: every row that stands, with its sign. A customer's return adds."""
    judged = network.records(scope.facts)
    kinds = dict(scope.lineage.operations.select("key", "kind").iter_rows())
    heads = dict(scope.lineage.shipments.select("key", "status").iter_rows())
    taken_away = {key.removesuffix("/gone") for key in judged.recorded[Shipped]["key"]}
    left: dict[str, float] = defaultdict(float)
    for kind, sign in ((Consumed, -1), (Produced, 1), (Returned, 1), (Shipped, -1)):
        for row in judged.recorded[kind].to_dicts():
            if row["lot"] is None or row["quantity"] is None:
                continue
            if kind is Shipped and heads[row["shipment"]] in ("planned", "picked"):
                continue
            left[row["lot"]] += sign * row["quantity"]
            if kind is Consumed and kinds[row["operation"]] == "return":
                left[row["lot"]] += row["quantity"]
            ended = row.get("output_kind") in ("scrap", "sample")
            if kind is Produced and ended and row["key"] not in taken_away:
                left[row["lot"]] -= row["quantity"]
    return left


@pytest.mark.parametrize("seed", range(6))
def test_unaccounted_is_what_is_in_scope_less_what_is_explained(seed: int) -> None:
    scope = demo_scope(seed)
    rows = unaccounted(scope).filter("known").join(scope.balances, on="lot")
    explained = pl.sum_horizontal("on_hand", "in_process", "scrapped", "samples")
    rest = rows.select(pl.col("in_scope") - explained - pl.col("total")).to_series()
    assert (rest.abs() < 1e-6).all()
    whole = report.to_dict(scope)
    sums: dict[str, float] = defaultdict(float)
    for lot in whole["lots"]:
        if lot["unaccounted"]:
            sums[lot["unaccounted"]["unit"]] += lot["unaccounted"]["total"]
    totals = whole["totals"]
    assert totals["unaccounted"] == pytest.approx(dict(sums))
    for unit, parts in totals["unaccounted_parts"].items():
        split = [parts[p] for p in ("shipped_without_answer", "searched_not_found", "unexplained")]
        assert sum(split) == pytest.approx(totals["unaccounted"][unit])
        by = totals["unaccounted_by"]
        tiers = [by["certain"], *by["possible"].values()]
        assert sum(tier.get(unit, 0) for tier in tiers) == pytest.approx(sum(split))


def test_what_a_recipient_used_is_no_longer_shipped() -> None:
    found = read(fixture_dir("fcl_cake_tutorial"), pseudonym=str).tables
    facts = folded(found)
    arrays = Lineage.of(network.build(facts))
    rows = balance.balances(facts, arrays)
    used = {row["lot"] for row in found["Consumed"].to_dicts()}
    sent = {row["lot"]: row["quantity"] for row in found["Shipped"].to_dicts()}
    assert len(used) > 5
    assert len(sent) > len(used)
    # The steps of this network have no status, so that what they took counts as in process.
    for lot, shipped, taken in rows.select("lot", "shipped", "in_process").iter_rows():
        key = arrays.lots["key"][lot]
        whole = sent[key] or 0.0
        assert (shipped, taken) == ((0.0, whole) if key in used else (whole, 0.0))
