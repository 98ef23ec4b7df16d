"""What a scope costs and what is to be done with it, against sums made row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graph_model.errors import BadInput
from queries.recall import cost, report
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.scope import Scope, compute
from tests.unit.plant_case import Row
from tests.unit.scopes_case import demo_scope
from tests.unit.test_balance import RECEIPT, scope_of

TABLE = """
currency = "EUR"
date = "2026-01-01"
source = "controlling"
[on_hand]
scrap = { per_unit = 2.0, source = "contract 7", date = "2026-02-02" }
salvage = { per_unit = -0.5 }
[shipped]
credit = { per_unit = 3.0 }
notify = { per_party = 100.0 }
[fixed]
hotline = { amount = 1000.0 }
[recovered]
insurance = { cost_share = 0.5 }
supplier = { amount = 10.0 }
"""


def table(folder: Path, content: str = TABLE) -> cost.CostTable:
    path = folder / "own.toml"
    path.write_text(content, encoding="utf-8")
    return cost.load(path)


def again(scope: Scope, own: cost.CostTable, hazard: str = "unknown") -> dict[str, Any]:
    found = compute(scope.facts, scope.lineage, scope.asked, own, hazard=Hazard(kind=hazard))
    return report.to_dict(found)


def sold(folder: Path, *quantities: str, lot_amount: str = "100") -> Scope:
    sent = {"item_code": "R", "lot_no": "R1", "uom": "kg", "customer_code": "K1"}
    lines = [
        {**sent, "delivery_no": f"D{n}", "quantity": amount} for n, amount in enumerate(quantities)
    ]
    other = {**RECEIPT, "doc_no": "G2", "lot_no": "R2", "supplier_lot_no": "S2", "quantity": "60"}
    receipts = [{**RECEIPT, "quantity": lot_amount}, other]
    sheets: dict[str, list[Row]] = {"receipts": [*receipts], "shipments": [*lines]}
    return scope_of(folder, sheets, lots=("R1",))


def test_the_bill_is_figures_times_amounts_with_their_sources(tmp_path: Path) -> None:
    totals = again(sold(tmp_path, "30", "10"), table(tmp_path))["totals"]
    acting = 60 * 2 - 60 * 0.5 + 40 * 3 + 100
    assert totals["cost_total"]["acting"] == dict.fromkeys(("low", "likely", "high"), acting)
    assert totals["cost_fixed"] == {"hotline": 1000}
    assert totals["cost_recovered"] == {"insurance": acting / 2, "supplier": 10}
    assert totals["cost_total"]["net"]["likely"] == acting / 2 + 1000 - 10
    lines = {line["cost_type"]: line for line in totals["cost_lines"]}
    assert (lines["scrap"]["date"], lines["scrap"]["source"]) == ("2026-02-02", "contract 7")
    assert (lines["credit"]["date"], lines["credit"]["source"]) == ("2026-01-01", "controlling")
    assert lines["credit"]["figures"] == {"per_unit": 3.0}


def test_an_unknown_amount_is_a_range(tmp_path: Path) -> None:
    # Of 100, 30 were sent and 10 and an unknown amount more, up to 60; the rest is here.
    totals = again(sold(tmp_path, "30", "10", ""), table(tmp_path))["totals"]
    lines = {line["cost_type"]: line for line in totals["cost_lines"]}
    found = {name: [lines[name][end] for end in ("low", "likely", "high")] for name in lines}
    assert found["credit"] == [40 * 3, 70 * 3, 100 * 3]
    assert found["scrap"] == [0, 30 * 2, 60 * 2]
    assert found["salvage"] == [-60 * 0.5, -30 * 0.5, 0]
    assert totals["cost_unbounded"] == 0


def test_a_lot_of_unknown_amount_is_taken_as_its_likes(tmp_path: Path) -> None:
    totals = again(sold(tmp_path, "", lot_amount=""), table(tmp_path))["totals"]
    shipped = next(line for line in totals["cost_lines"] if line["cost_type"] == "credit")
    # The only other lot of the item has 60.
    assert (shipped["low"], shipped["likely"], shipped["high"]) == (0, 180, 180)


@pytest.mark.parametrize(
    "content",
    ["[moon]\nscrap = { share = 1.0 }", "[shipped]\nscrap = 3", "[fixed]\nx = { share = 1.0 }",
     "[shipped]\nscrap = { share = nan }", "[recovered]\nx = { cost_share = 2.0 }",
     "[shipped]\nscrap = { share = 'a' }"],
)  # fmt: skip
def test_a_table_that_cannot_be_meant_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(BadInput, match=r"own\.toml"):
        table(tmp_path, content)


def test_each_line_of_a_csv_table_keeps_its_source(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        "place,cost_type,way,figure,currency,date,source\n"
        "on_hand,scrap,per_unit,2,EUR,2026-01-01,A\non_hand,sorting,per_unit,1,EUR,2026-03-01,B\n",
        encoding="utf-8",
    )
    own = cost.load(path)
    assert own.source_of("on_hand", "scrap") == ("2026-01-01", "A")
    assert own.source_of("on_hand", "sorting") == ("2026-03-01", "B")


@pytest.mark.parametrize("seed", range(4))
def test_tiers_and_grades_sum_to_the_bill(seed: int) -> None:
    scope = demo_scope(seed)
    totals = report.to_dict(scope)["totals"]
    for name in ("low", "likely", "high"):
        by = totals["cost_by"]
        parts = [by["certain"], *by["possible"].values()]
        acting = totals["cost_total"]["acting"]
        assert sum(part[name] for part in parts) == pytest.approx(acting[name], abs=0.05)
        lines = sum(line[name] for line in totals["cost_lines"])
        assert lines == pytest.approx(acting[name], abs=0.01 * len(totals["cost_lines"]))
    assert acting["low"] <= acting["likely"] <= acting["high"]
    assert acting["likely"] == pytest.approx(scope.cost_of(scope.held), abs=0.05)
    flat = [amount for places in totals["cost"].values() for types in places.values()
            for amount in types.values()]  # fmt: skip
    assert sum(flat) == pytest.approx(acting["likely"], abs=0.01 * len(flat) + 0.05)


@pytest.mark.parametrize("seed", range(4))
def test_every_held_amount_has_an_action(seed: int) -> None:
    scope = demo_scope(seed)
    whole = report.to_dict(scope)
    acts = whole["actions"]
    for place, action in (("on_hand", "block"), ("picked", "pull"), ("shipped", "call_back"),
                          ("in_process", "stop_order"), ("search", "search")):  # fmt: skip
        lots = {lot["key"] for lot in whole["lots"] if place in lot["places"]
                and lot["tier"] != "excluded"}  # fmt: skip
        assert lots <= {act["lot"] for act in acts if act["action"] == action}, place
    told = {act["place"] for act in acts if act["action"] == "notify"}
    assert {row["customer"] for row in whole["customers"]} <= told
    assert all(act["tier"] in ("certain", "possible") for act in acts)
    rank = [act["action"] for act in acts]
    assert rank == sorted(rank, key=["pull", "stop_order", "block", "call_back", "notify",
                                     "search", "scrap", "rework"].index)  # fmt: skip


def test_a_wrong_label_is_reworked_and_poison_is_not(tmp_path: Path) -> None:
    scope = sold(tmp_path, "30")
    assert scope.asked == Suspects(lots=("R1",))
    for hazard, expected in (("label", "rework"), ("chemical", "scrap")):
        acts = {act["action"] for act in again(scope, table(tmp_path), hazard)["actions"]}
        assert acts >= {"block", "call_back", "notify", expected}
        assert not acts & ({"scrap", "rework"} - {expected})
