"""Amounts that were counted twice, shown as zero or summed across units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graph_model import network
from graph_model.lineage import Lineage
from loaders import intake
from queries.recall.hazard import Hazard
from queries.recall.pivot import effects, pivot, to_dict
from queries.recall.roots import Suspects
from queries.recall.scope import compute
from tests.facts import fold
from tests.scenarios.test_refuted import RECEIPTS, answer, tiers
from tests.unit.contact_case import Cleaned, Order, Plant, facts_of

ISSUES = "doc_no,doc_line_no,work_order_no,item_code,lot_no,quantity,uom"
OPEN = "work_order_no,item_code,order_status\nW1,P,open\n"
ONE_LOT = f"{RECEIPTS},uom\nR1,1,V,A,S1,SL1,100,kg\n"
SENT = "doc_no,doc_line_no,delivery_no,customer_code,item_code,lot_no,quantity,uom,shipment_status"


def lot_of(found: dict[str, Any], number: str = "S1") -> dict[str, Any]:
    """What a scope says of a lot."""
    lots: list[dict[str, Any]] = found["lots"]
    return next(lot for lot in lots if lot["lot_no"] == number)


# ---------------------------------------------------------------------------- shares


@pytest.mark.parametrize(
    ("suspect", "other", "share"),
    [
        ("10,bag", "250,kg", 0.5),
        # Ten bags of 25 kg and ten of 5 kg are no halves.
        ("10,bag", "10,sack", 250 / 300),
        ("250,kg", "50,sack", 0.5),
        ("10,crate", "250,kg", None),
    ],
)
def test_packs_blend_by_what_is_in_them(
    suspect: str, other: str, share: float | None, tmp_path: Path
) -> None:
    sheets = {
        "items": "item_code,uom,pack_uom,units_per_pack\nA,kg,bag,25\nB,kg,sack,5\nP,kg,,\n",
        "receipts": f"{RECEIPTS},uom\nR1,1,V,A,S1,SL1,1000,kg\nR2,1,V,B,S2,SL2,1000,kg\n",
        "issues": f"{ISSUES}\nI1,1,W1,A,S1,{suspect}\nI2,1,W1,B,S2,{other}\n",
        "outputs": f"{ISSUES}\nF1,1,W1,P,P1,300,kg\n",
    }
    found = answer(tmp_path, sheets, lots=("A/S1",))
    assert lot_of(found, "P1")["affected_share"] == (share and pytest.approx(share, abs=1e-6))


# ---------------------------------------------------------------------------- places


def test_what_an_open_order_gave_back_is_not_in_process_too(tmp_path: Path) -> None:
    sheets = {
        "work_orders": OPEN,
        "receipts": ONE_LOT,
        "issues": f"{ISSUES}\nI1,1,W1,A,S1,60,kg\n",
        "returns": f"{ISSUES}\nT1,1,W1,A,S1,20,kg\n",
    }
    assert lot_of(answer(tmp_path, sheets, lots=("A/S1",)))["places"] == {
        "on_hand": {"": 60.0}, "in_process": 40.0,
    }  # fmt: skip


def test_a_lot_that_an_open_order_takes_and_gives_is_there_once(tmp_path: Path) -> None:
    sheets = {
        "work_orders": OPEN,
        "receipts": ONE_LOT,
        "issues": f"{ISSUES}\nI1,1,W1,A,S1,100,kg\n",
        "outputs": f"{ISSUES}\nF1,1,W1,A,S1,70,kg\n",
    }
    places = lot_of(answer(tmp_path, sheets, lots=("A/S1",)))["places"]
    assert places == {"on_hand": {"": 70.0}, "in_process": 30.0}


def test_an_unknown_amount_is_not_zero(tmp_path: Path) -> None:
    sheets = {
        "work_orders": OPEN,
        "receipts": ONE_LOT,
        "issues": f"{ISSUES}\nI1,1,W1,A,S1,,kg\n",
    }
    found = answer(tmp_path, sheets, lots=("A/S1",))
    assert lot_of(found)["places"] == {"on_hand": {"": 100.0}, "in_process": None}
    assert found["totals"]["places_unknown"] == 1


@pytest.mark.parametrize(
    ("counted", "on_hand"),
    [(100, 70.0), (70, 70.0), (90, 70.0), (120, 120.0), (30, None)],
)
def test_picked_goods_that_are_still_counted_are_there_once(
    counted: int, on_hand: float | None, tmp_path: Path
) -> None:
    """Of 100, 30 are picked: a statement of more than 70 counts some of them, unless it is odd."""
    sheets = {
        "items": "item_code,uom,unit_cost\nA,kg,2\n",
        "receipts": ONE_LOT,
        "stock": f"item_code,lot_no,warehouse,quantity,uom\nA,S1,M,{counted},kg\n",
        "shipments": f"{SENT}\nD1,1,N1,C1,A,S1,30,kg,picked\n",
    }
    found = answer(tmp_path, sheets, lots=("A/S1",))
    places = lot_of(found)["places"]
    assert list(places["picked"].values()) == [30.0]
    assert list(places["on_hand"].values()) == [on_hand or 30.0]


# ---------------------------------------------------------------------------- negative lines


@pytest.mark.parametrize(
    ("lines", "certain"),
    [
        # 30 kg less a bag of 25 kg are 5 kg; 20 kg less a bag are nothing.
        ("I1,1,W1,A,S1,30,kg\nI2,1,W1,A,S1,-1,bag\n", True),
        ("I1,1,W1,A,S1,20,kg\nI2,1,W1,A,S1,-1,bag\n", False),
        ("I1,1,W1,A,S1,2,bag\nI2,1,W1,A,S1,-30,kg\n", True),
        ("I1,1,W1,A,S1,30,kg\nI2,1,W1,A,S1,-1,crate\n", False),
    ],
)
def test_lines_taken_back_in_other_units_are_summed_in_one(
    lines: str, *, certain: bool, tmp_path: Path
) -> None:
    sheets = {
        "items": "item_code,uom,pack_uom,units_per_pack\nA,kg,bag,25\nP,kg,,\n",
        "receipts": ONE_LOT,
        "issues": f"{ISSUES}\n{lines}",
        "outputs": f"{ISSUES}\nF1,1,W1,P,P1,5,kg\n",
    }
    found = tiers(answer(tmp_path, sheets, lots=("A/S1",)))
    assert found["P1"] == ("certain" if certain else "possible")


# ---------------------------------------------------------------------------- what is not told


def test_a_pivot_tells_what_its_ways_back_do_not_know(tmp_path: Path) -> None:
    sheets = {
        "work_orders": "work_order_no,item_code,order_status\nW1,P,closed\n",
        "receipts": ONE_LOT,
        "issues": f"{ISSUES}\nI1,1,W1,A,,5,kg\n",
        "outputs": f"{ISSUES}\nF1,1,W1,P,P1,5,kg\n",
    }
    for name, content in sheets.items():
        (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
    facts = fold(intake.read(tmp_path, "plant").tables)
    told = to_dict(pivot(facts, Lineage.of(network.build(facts)), effects(lot=("P/P1",))))
    assert not told["complete"]
    assert "unlotted" in {entry["kind"] for entry in told["missing"]}


# ---------------------------------------------------------------------------- yardstick


def test_a_blanket_recall_counts_what_ran_on_the_same_lines() -> None:
    """Q10 ran on the line of A0 after a cleaning: without records nobody could tell it apart."""
    orders = [
        Order("L0", 0, 2, True, {"A0": 1}, {"P00": 2}),
        Order("L0", 8, 10, True, {"B1": 9}, {"Q10": 10}),
        Order("L1", 8, 10, True, {"B1": 9}, {"R20": 10}),
    ]
    lots = {lot for order in orders for lot in (*order.inputs, *order.outputs)}
    cleaned = [Cleaned("L0", 4, 5, False, True, True)]
    facts = facts_of([Plant(orders, cleaned, [], "A0", lots)])
    lineage = Lineage.of(network.build(facts))
    found = {
        kind: compute(facts, lineage, Suspects(lots=("X0/A/0",)), hazard=Hazard(kind=kind))
        for kind in ("dimension", "chemical")
    }
    assert {kind: len(scope.held) for kind, scope in found.items()} == dict.fromkeys(found, 2)
    assert {kind: scope.blanket.lots for kind, scope in found.items()} == {
        "dimension": 2, "chemical": 3,
    }  # fmt: skip
