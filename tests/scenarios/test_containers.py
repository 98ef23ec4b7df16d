"""Where the amounts went that left in containers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.test_refuted import ISSUE, OUTPUT, answer

PACK = "doc_no,doc_line_no,container_no,item_code,lot_no,quantity,action"
TIMED = f"{PACK},event_time"
SHIP = "doc_no,doc_line_no,delivery_no,customer_code,container_no"

Case = tuple[dict[str, str], dict[str, Any]]
CASES: dict[str, Case] = {
    "some was taken out before": (
        {
            "packing": f"{PACK}\nK1,1,PAL,P,P1,40,pack\nK2,1,PAL,P,P1,15,unpack\n",
            "shipments": f"{SHIP}\nD1,1,D1,C1,PAL\n",
        },
        {"on_hand": {"": 75.0}, "shipped": {"C1": 25.0}},
    ),
    "all was taken out, no amount said": (
        {
            "packing": f"{PACK}\nK1,1,PAL,P,P1,40,pack\nK2,1,PAL,P,P1,,unpack\n",
            "shipments": f"{SHIP}\nD1,1,D1,C1,PAL\n",
        },
        {"on_hand": {"": 100.0}, "shipped": {"C1": 0.0}},
    ),
    "three levels, two boxes of one carton": (
        {
            "packing": f"{PACK}\nK1,1,BOX1,P,P1,10,pack\nK2,1,BOX2,P,P1,20,pack\n"
            "K3,1,CARTON,,BOX1,1,pack\nK4,1,CARTON,,BOX2,1,pack\nK5,1,PAL,,CARTON,1,pack\n",
            "shipments": f"{SHIP}\nD1,1,D1,C1,PAL\n",
        },
        {"on_hand": {"": 70.0}, "shipped": {"C1": 30.0}},
    ),
    "a box was taken off its pallet and went to somebody else": (
        {
            "packing": f"{TIMED}\nK1,1,BOX1,P,P1,10,pack,2024-01-01 08:00\n"
            "K2,1,BOX2,P,P1,20,pack,2024-01-01 08:30\n"
            "K3,1,PAL,,BOX1,1,pack,2024-01-01 09:00\nK4,1,PAL,,BOX2,1,pack,2024-01-01 09:00\n"
            "K5,1,PAL,,BOX1,1,unpack,2024-01-01 10:00\n",
            "shipments": f"{SHIP},event_time\nD1,1,D1,C1,PAL,2024-01-01 12:00\n"
            "D2,1,D2,C2,BOX1,2024-01-02 12:00\n",
        },
        {"on_hand": {"": 70.0}, "shipped": {"C1": 20.0, "C2": 10.0}},
    ),
    "a pallet that was used again": (
        {
            "packing": f"{TIMED}\nK1,1,PAL,P,P1,40,pack,2024-01-01 08:00\n"
            "K2,1,PAL,P,P1,15,pack,2024-01-05 08:00\nK3,1,PAL,P,P1,5,pack,2024-01-09 08:00\n",
            "shipments": f"{SHIP},event_time\nD1,1,D1,C1,PAL,2024-01-02 12:00\n"
            "D2,1,D2,C2,PAL,2024-01-06 12:00\n",
        },
        {"on_hand": {"": 45.0}, "shipped": {"C1": 40.0, "C2": 15.0}},
    ),
    "a pallet that was used again, at times nobody wrote": (
        {
            "packing": f"{PACK}\nK1,1,PAL,P,P1,40,pack\n",
            "shipments": f"{SHIP}\nD1,1,D1,C1,PAL\nD2,1,D2,C2,PAL\n",
        },
        {"on_hand": {"": 100.0}, "shipped": {"C1": None, "C2": None}},
    ),
    "packed and shipped on one day": (
        {
            "packing": f"{PACK},business_date\nK1,1,PAL,P,P1,40,pack,2024-01-01\n",
            "shipments": f"{SHIP},business_date\nD1,1,D1,C1,PAL,2024-01-01\n",
        },
        {"on_hand": {"": 60.0}, "shipped": {"C1": 40.0}},
    ),
    "packed by number only": (
        {
            "packing": f"{PACK}\nK1,1,PAL,,P1,40,pack\n",
            "shipments": f"{SHIP}\nD1,1,D1,C1,PAL\n",
        },
        {"on_hand": {"": 60.0}, "shipped": {"C1": 40.0}},
    ),
    "packed twice, once cancelled": (
        {
            "packing": f"{PACK},doc_status\nK1,1,PAL,P,P1,40,pack,posted\n"
            "K2,1,PAL,P,P1,40,pack,cancelled\n",
            "shipments": f"{SHIP}\nD1,1,D1,C1,PAL\n",
        },
        {"on_hand": {"": 60.0}, "shipped": {"C1": 40.0}},
    ),
    "the delivery lists the lot and its pallet": (
        {
            "packing": f"{PACK}\nK1,1,PAL,P,P1,40,pack\n",
            "shipments": f"{SHIP},item_code,lot_no,quantity\nD1,1,D1,C1,,P,P1,40\n"
            "D1,2,D1,C1,PAL,,,\n",
        },
        {"on_hand": {"": 60.0}, "shipped": {"C1": 40.0}},
    ),
    "used up by an order": (
        {
            "packing": f"{PACK}\nK1,1,PAL,P,P1,40,pack\n",
            "issues": f"{ISSUE}I5,1,W2,,PAL,1\n",
        },
        {"on_hand": {"": 60.0}, "consumed": 40.0},
    ),
    "planned to leave": (
        {
            "packing": f"{PACK}\nK1,1,PAL,P,P1,40,pack\n",
            "open_deliveries": "delivery_no,customer_code,lot_no,quantity\nD1,C1,PAL,1\n",
        },
        {"on_hand": {"": 60.0}, "picked": {"C1": 40.0}},
    ),
    "a container that holds itself": (
        {
            "packing": f"{PACK}\nK1,1,A1,P,P1,40,pack\nK2,1,B1,,A1,1,pack\nK3,1,A1,,B1,1,pack\n",
            "shipments": f"{SHIP}\nD1,1,D1,C1,X9\n",
        },
        {"on_hand": {"": 100.0}},
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("turned", [False, True], ids=["as written", "rows turned"])
def test_amounts_go_where_their_container_went(case: str, turned: bool, tmp_path: Path) -> None:
    sheets, expected = CASES[case]
    sheets = {"issues": ISSUE, "outputs": OUTPUT, **sheets}
    if turned:
        sheets = {name: _turned(rows) for name, rows in sheets.items()}
    scope = answer(tmp_path, sheets, lots=("A/S1",))
    (lot,) = [lot for lot in scope["lots"] if lot["lot_no"] == "P1"]
    assert lot["places"] == expected


def _turned(rows: str) -> str:
    head, *lines = rows.splitlines()
    return "\n".join([head, *reversed(lines)]) + "\n"


def test_what_left_in_a_container_is_priced_there(tmp_path: Path) -> None:
    sheets = {
        "items": "item_code,unit_cost,sales_price\nP,2,10\n",
        "issues": ISSUE,
        "outputs": OUTPUT,
        "packing": f"{PACK}\nK1,1,PAL,P,P1,40,pack\n",
        "shipments": f"{SHIP}\nD1,1,D1,C1,PAL\n",
    }
    scope = answer(tmp_path, sheets, lots=("A/S1",))
    (party,) = [row for row in scope["customers"] if row["customer"] == "C1"]
    assert party["quantity"] == 40.0
    costs = scope["totals"]["cost"]
    assert costs["certain"]["shipped"] or costs["possible"]["shipped"]
