"""Situations of real factories in which a scope once left something out, or was too sure.

Each case is a plant that names as little as the point needs; every order is closed unless said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.trials import MATERIAL
from graph_model import network
from graph_model.lineage import Lineage
from loaders import intake
from queries import given
from queries.recall import report, roots
from queries.recall.roots import Suspects
from queries.recall.scope import compute
from tests.facts import fold

LINE = "doc_no,doc_line_no,work_order_no,item_code,lot_no,quantity"
RECEIPTS = "doc_no,doc_line_no,supplier_code,item_code,lot_no,supplier_lot_no,quantity"
SHIPMENTS = "doc_no,doc_line_no,delivery_no,customer_code,item_code,lot_no,quantity"
PACKING = "doc_no,doc_line_no,container_no,item_code,lot_no,quantity,action"
TANK = "doc_no,doc_line_no,tank,item_code,lot_no,quantity,content_lot_no,heel_qty,event_time"
MOVES = "doc_no,doc_line_no,item_code,lot_no,quantity,from_place,to_place"
ORDERS = "work_order_no,item_code,order_status\nW1,P,closed\nW2,P,closed\n"
TWO_LOTS = f"{RECEIPTS}\nR1,1,V,A,S1,SL1,60\nR2,1,V,A,S2,SL2,60\n"
TWO_PLACES = f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,WH\nR2,1,V,A,S2,SL2,60,WB\n"
ISSUE = f"{LINE}\nI1,1,W1,A,S1,60\n"
TWO_ISSUES = f"{ISSUE}I2,1,W2,A,S2,60\n"
OUTPUT = f"{LINE}\nF1,1,W1,P,P1,100\n"
TWO_OUTPUTS = f"{OUTPUT}F2,1,W2,P,P2,100\n"


def answer(folder: Path, sheets: dict[str, str], **asked: Any) -> dict[str, Any]:
    """The scope as JSON."""
    for name, content in {"work_orders": ORDERS, **sheets}.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    facts = fold(intake.read(folder, "plant").tables)
    lineage = Lineage.of(network.build(facts))
    return report.to_dict(compute(facts, lineage, Suspects(**asked), hazard=MATERIAL))


def tiers(scope: dict[str, Any]) -> dict[str, str]:
    """Lot number -> tier."""
    return {lot["lot_no"]: lot["tier"] for lot in scope["lots"]}


Case = tuple[dict[str, str], dict[str, Any], str]
HELD: dict[str, Case] = {
    "an order gave back a lot that no issue names": (
        {
            "receipts": TWO_LOTS,
            "issues": ISSUE,
            "returns": f"{LINE}\nT1,1,W1,A,S2,20\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S2",)},
        "P1",
    ),
    "a subcontractor uses our number and no transfer is recorded": (
        {
            "work_orders": "work_order_no,item_code,order_status,org\nW1,P,closed,SUB\n",
            "receipts": TWO_LOTS,
            "issues": f"{LINE},org\nI1,1,W1,A,S1,60,SUB\n",
            "outputs": f"{LINE},org\nF1,1,W1,P,P1,100,SUB\n",
        },
        {"lots": ("V/A/SL1",)},
        "P1",
    ),
    "the heel of a tank is of another item": (
        {
            "sites": "site_code,site_kind\nT1,tank\n",
            "tank_fillings": f"{TANK}\nG1,1,T1,A,S1,50,C1,,2024-01-01 08:00\n"
            "G2,1,T1,B,S2,50,C2,,2024-01-02 08:00\n",
        },
        {"lots": ("A/S1",)},
        "C2",
    ),
    "a lot without origin may be what an order made without a receipt": (
        {
            "receipts": TWO_LOTS,
            "issues": TWO_ISSUES,
            "outputs": f"{LINE}\nF2,1,W2,P,P2,100\n",
            "shipments": f"{SHIPMENTS}\nD1,1,D1,C1,P,P1,50\n",
        },
        {"lots": ("A/S1",)},
        "P1",
    ),
    "a lot was counted at another place": (
        {
            "receipts": TWO_PLACES,
            "counts": "doc_no,doc_line_no,place,item_code,lot_no,counted_qty\nC1,1,WB,A,S1,15\n",
            "issues": f"{LINE},from_place\nI1,1,W1,A,,60,WB\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
        "P1",
    ),
    "a pallet was moved by its number": (
        {
            "receipts": TWO_PLACES,
            "packing": f"{PACKING}\nK1,1,PAL1,A,S1,60,pack\n",
            "moves": f"{MOVES}\nM1,1,,PAL1,1,WH,WB\n",
            "issues": f"{LINE},from_place\nI1,1,W1,A,,60,WB\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
        "P1",
    ),
    "a pallet was issued by its number": (
        {
            "receipts": TWO_LOTS,
            "packing": f"{PACKING}\nK1,1,PAL1,A,S1,60,pack\n",
            "issues": f"{LINE}\nI1,1,W1,,PAL1,60\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
        "P1",
    ),
    "a document number is used again and its reversal names the order only": (
        {
            "issues": f"{LINE},reversed_doc_no,business_date\n1,1,W1,A,S1,60,,2023-01-05\n"
            "1,1,W2,A,S1,60,,2024-01-05\n9,1,W1,,,,1,2023-01-06\n",
            "outputs": TWO_OUTPUTS,
        },
        {"lots": ("A/S1",)},
        "P2",
    ),
}
ASKED: dict[str, Case] = {
    "the item has lots under an older code": (
        {
            "aliases": "alias_kind,alias,code\nitem,A-old,A\n",
            "receipts": f"{RECEIPTS}\nR1,1,V,A-old,S1,SL1,60\nR2,1,V,A,S2,SL2,60\n",
            "issues": f"{LINE}\nI1,1,W1,A-old,S1,60\nI2,1,W2,A,S2,60\n",
            "outputs": TWO_OUTPUTS,
        },
        {"item": "A"},
        "P1",
    ),
    "the code asked for is an older one": (
        {
            "aliases": "alias_kind,alias,code\nitem,A-old,A\n",
            "receipts": f"{RECEIPTS}\nR1,1,V,A-old,S1,SL1,60\nR2,1,V,A,S2,SL2,60\n",
            "issues": f"{LINE}\nI1,1,W1,A-old,S1,60\nI2,1,W2,A,S2,60\n",
            "outputs": TWO_OUTPUTS,
        },
        {"item": "A-old"},
        "P2",
    ),
    "the output was received after the window in which the line ran": (
        {
            "sites": "site_code,site_kind\nL1,line\n",
            "work_orders": "work_order_no,item_code,order_status,line\nW1,P,closed,L1\n",
            "issues": f"{LINE},event_time,posting_method\n"
            "I1,1,W1,A,S1,60,2024-03-01T10:00+08:00,scanner_clock\n",
            "outputs": f"{LINE},event_time,posting_method\n"
            "F1,1,W1,P,P1,100,2024-03-01T14:00+08:00,scanner_clock\n",
        },
        {"machine": "L1", "start": 1709262000_000000, "end": 1709265600_000000},
        "P1",
    ),
    "a pallet is suspect": (
        {
            "receipts": TWO_LOTS,
            "packing": f"{PACKING}\nK1,1,PAL1,A,S1,60,pack\n",
            "issues": ISSUE,
            "outputs": OUTPUT,
        },
        {"lots": ("PAL1",)},
        "P1",
    ),
    "a complaint names customer and item only": (
        {
            "issues": ISSUE,
            "outputs": OUTPUT,
            "shipments": f"{SHIPMENTS}\nD1,1,D1,C1,P,P1,50\n",
            "complaints": "complaint_no,customer_code,item_code\nX1,C1,P\n",
        },
        {"complaint": "X1"},
        "P1",
    ),
    "a complaint names a number without its item": (
        {
            "issues": ISSUE,
            "outputs": OUTPUT,
            "complaints": "complaint_no,customer_code,lot_no\nX1,C1,P1\n",
        },
        {"complaint": "X1"},
        "P1",
    ),
    "the lot complained of was renumbered; another was made on its line": (
        {
            "work_orders": "work_order_no,item_code,order_status,line\n"
            "W1,P,closed,L1\nW2,P,closed,L1\n",
            "issues": TWO_ISSUES,
            "outputs": f"{LINE}\nF1,1,W1,P,P0,100\nF2,1,W2,P,P2,100\n",
            "lot_changes": "doc_no,doc_line_no,change_kind,item_code,parent_lot_no,child_lot_no\n"
            "N1,1,rename,P,P0,P1\n",
            "complaints": "complaint_no,customer_code,item_code,lot_no\nX1,C1,P,P1\n",
        },
        {"complaint": "X1"},
        "P2",
    ),
    "the line of the lot complained of is not recorded": (
        {
            "work_orders": "work_order_no,item_code,order_status,line\n"
            "W1,P,closed,\nW2,P,closed,L1\n",
            "issues": TWO_ISSUES,
            "outputs": TWO_OUTPUTS,
            "complaints": "complaint_no,customer_code,item_code,lot_no\nX1,C1,P,P1\n",
        },
        {"complaint": "X1"},
        "P2",
    ),
}
REVERSED = f"{LINE},reversed_doc_no,doc_status\nI1,1,W1,A,S1,60,,posted\nI2,1,W1,A,S2,60,,posted\n"
UNSURE: dict[str, Case] = {
    "a reversal names no amount": (
        {"issues": f"{REVERSED}I9,1,W1,A,S1,,I1,posted\n", "outputs": OUTPUT},
        {"lots": ("A/S1",)},
        "P1",
    ),
    "a reversal names no lot": (
        {"issues": f"{REVERSED}I9,1,W1,A,,60,I1,posted\n", "outputs": OUTPUT},
        {"lots": ("A/S1",)},
        "P1",
    ),
    "a reversal is a draft": (
        {"issues": f"{REVERSED}I9,1,W1,A,S1,60,I1,draft\n", "outputs": OUTPUT},
        {"lots": ("A/S1",)},
        "P1",
    ),
    "rework needs nothing by recipe": (
        {
            "work_orders": "work_order_no,item_code,order_kind,order_status\nW1,P,rework,closed\n",
            "bom": "parent_item_code,item_code,quantity\nP,A,1\n",
            "issues": f"{LINE}\nI1,1,W1,P,P0,200\nI1,2,W1,A,S1,5\n",
            "outputs": f"{OUTPUT}F1,2,W1,P,P2,100\n",
        },
        {"lots": ("A/S1",)},
        "P2",
    ),
}


@pytest.mark.parametrize("case", HELD)
def test_a_lot_that_can_have_it_is_held(case: str, tmp_path: Path) -> None:
    sheets, asked, lot = HELD[case]
    assert tiers(answer(tmp_path, sheets, **asked))[lot] in ("possible", "certain")


@pytest.mark.parametrize("case", ASKED)
def test_a_question_finds_all_that_it_can_mean(case: str, tmp_path: Path) -> None:
    sheets, asked, lot = ASKED[case]
    assert tiers(answer(tmp_path, sheets, **asked))[lot] in ("possible", "certain")


def test_opening_stock_of_a_stated_supplier_lot_is_known(tmp_path: Path) -> None:
    sheets = {
        "opening_stock": "item_code,lot_no,quantity,supplier_code,supplier_lot_no\n"
        "A,S1,50,V,SL1\nA,S2,50,V,SL2\n",
        "issues": TWO_ISSUES,
        "outputs": TWO_OUTPUTS,
    }
    found = tiers(answer(tmp_path, sheets, supplier_lot="SL1"))
    assert found["P1"] == "certain"
    assert "P2" not in found


@pytest.mark.parametrize("case", UNSURE)
def test_what_may_not_have_happened_makes_nothing_certain(case: str, tmp_path: Path) -> None:
    sheets, asked, lot = UNSURE[case]
    assert tiers(answer(tmp_path, sheets, **asked))[lot] == "possible"


def test_what_an_order_made_without_a_receipt_reaches_no_lot_of_known_origin(
    tmp_path: Path,
) -> None:
    sheets, asked, _ = HELD["a lot without origin may be what an order made without a receipt"]
    assert "P2" not in tiers(answer(tmp_path, sheets, **asked))


GONE: dict[str, tuple[dict[str, str], str]] = {
    "in a box on a pallet": (
        {
            "packing": f"{PACKING}\nK1,1,BOX1,P,P1,40,pack\nK2,1,PAL1,,BOX1,1,pack\n",
            "shipments": "doc_no,doc_line_no,delivery_no,customer_code,container_no\n"
            "D1,1,D1,C1,PAL1\n",
        },
        "C1",
    ),
    "on a pallet that is written as a lot number": (
        {
            "packing": f"{PACKING}\nK1,1,PAL1,P,P1,40,pack\n",
            "shipments": f"{SHIPMENTS}\nD1,1,D1,C1,,PAL1,1\n",
        },
        "C1",
    ),
    "as scrap without a number": (
        {
            "scrap": "doc_no,doc_line_no,scrap_kind,work_order_no,item_code,lot_no,quantity,"
            "destination\nB1,1,scrap,W1,SC,,5,DEALER\n"
        },
        "DEALER",
    ),
}


@pytest.mark.parametrize("case", GONE)
def test_who_got_goods_is_named(case: str, tmp_path: Path) -> None:
    sheets, party = GONE[case]
    scope = answer(tmp_path, {"issues": ISSUE, "outputs": OUTPUT, **sheets}, lots=("A/S1",))
    assert party in [row["customer"] for row in scope["customers"]]


@pytest.mark.parametrize(
    "shipments",
    [
        f"{SHIPMENTS},doc_status\nD1,1,D1,C1,P,P1,50,draft\n",
        f"{SHIPMENTS},lot_source\nD1,1,D1,C1,P,P1,50,system_proposed\n",
    ],
    ids=["draft", "proposed lot"],
)
def test_nobody_surely_got_what_may_not_have_left(shipments: str, tmp_path: Path) -> None:
    sheets = {"issues": ISSUE, "outputs": OUTPUT, "shipments": shipments}
    scope = answer(tmp_path, sheets, lots=("A/S1",))
    assert [(row["customer"], row["tier"]) for row in scope["customers"]] == [("C1", "possible")]


def test_who_holds_goods_on_consignment_is_named(tmp_path: Path) -> None:
    sheets = {
        "sites": "site_code,site_kind,holder,holder_kind\nK1,warehouse,C9,consignment\n",
        "issues": ISSUE,
        "outputs": OUTPUT,
        "moves": f"{MOVES}\nM1,1,P,P1,40,,K1\n",
    }
    (party,) = answer(tmp_path, sheets, lots=("A/S1",))["customers"]
    assert (party["customer"], party["tier"], party["quantity"]) == ("C9", "certain", 40.0)


def test_a_shipment_without_any_number_is_missing_from_every_scope(tmp_path: Path) -> None:
    sheets = {
        "issues": ISSUE,
        "outputs": OUTPUT,
        "shipments": f"{SHIPMENTS}\nD1,1,D1,C1,,,50\n",
    }
    missing = answer(tmp_path, sheets, lots=("A/S1",))["missing"]
    assert any("PLANT/shipments/D1/1" in entry["rows"] for entry in missing)


def test_goods_shipped_in_a_container_are_not_on_hand(tmp_path: Path) -> None:
    sheets = {"issues": ISSUE, "outputs": OUTPUT, **GONE["in a box on a pallet"][0]}
    scope = answer(tmp_path, sheets, lots=("A/S1",))
    (lot,) = [lot for lot in scope["lots"] if lot["lot_no"] == "P1"]
    assert lot["places"] == {"on_hand": {"": 60.0}, "shipped": {"C1": 40.0}}


def test_an_output_received_at_another_line_is_found_there(tmp_path: Path) -> None:
    sheets = {
        "sites": "site_code,site_kind\nL1,line\nL2,line\n",
        "work_orders": "work_order_no,item_code,order_status,line\nW1,P,closed,L1\n"
        "W2,P,closed,L2\n",
        "issues": TWO_ISSUES,
        "outputs": f"{LINE},line\nF1,1,W1,P,P1,100,L2\nF2,1,W2,P,P2,100,L2\n",
    }
    assert "P1" in tiers(answer(tmp_path, sheets, machine="L2"))


def test_a_subcontractor_uses_our_item_without_a_number(tmp_path: Path) -> None:
    sheets = {
        "work_orders": "work_order_no,item_code,order_status,org\nW1,P,closed,SUB\n",
        "receipts": TWO_LOTS,
        "moves": f"{MOVES},to_owner\nM1,1,A,S1,60,WH,SB,SUB\n",
        "issues": f"{LINE},org\nI1,1,W1,A,,60,SUB\n",
        "outputs": f"{LINE},org\nF1,1,W1,P,P1,100,SUB\n",
    }
    assert "P1" in tiers(answer(tmp_path, sheets, lots=("PLANT/A/S1",)))


def test_a_subcontractor_delivers_what_it_made_of_our_goods(tmp_path: Path) -> None:
    sheets = {
        "bom": "parent_item_code,item_code,quantity\nP,A,1\n",
        "moves": f"{MOVES},to_owner\nM1,1,A,S1,60,WH,SB,SUB\n",
        "receipts": f"{RECEIPTS}\nR9,1,SUB,P,P1,SP1,100\n",
    }
    assert "P1" in tiers(answer(tmp_path, sheets, lots=("PLANT/A/S1",)))


def test_a_lot_that_only_a_cancelled_row_names_is_not_held(tmp_path: Path) -> None:
    sheets = {
        "issues": ISSUE,
        "outputs": f"{LINE},doc_status\nF1,1,W1,P,P1,100,cancelled\nF2,1,W1,P,P2,100,posted\n",
    }
    assert "P1" not in tiers(answer(tmp_path, sheets, lots=("A/S1",)))


AT_LINES = {
    "sites": "site_code,site_kind\nL1,line\nL2,line\nL3,line\nWH,warehouse\n",
    "work_orders": "work_order_no,item_code,order_status,line\nW1,P,closed,L1\nW2,P,closed,L3\n",
    "issues": f"{LINE},line\nI1,1,W1,A,S1,60,L1\nI2,1,W2,A,S2,60,L2\n",
    "outputs": f"{LINE},line,to_place\nF1,1,W1,P,P1,100,L2,WH\nF2,1,W2,P,P2,100,,\n",
}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        # Its own row says L2; the head of its order L1: it may have been on both.
        ({"machine": "L2"}, {"P1": "certain", "P2": "possible"}),
        ({"machine": "L1"}, {"P1": "possible"}),
        ({"machine": "L3"}, {"P2": "certain"}),
        ({"site": "WH"}, {"P1": "certain"}),
    ],
    ids=["receipt", "head", "head only", "warehouse"],
)
def test_lines_of_rows_count_before_the_line_of_the_order(
    asked: dict[str, str], expected: dict[str, str], tmp_path: Path
) -> None:
    found = tiers(answer(tmp_path, AT_LINES, **asked))
    assert {lot: tier for lot, tier in found.items() if lot.startswith("P")} == expected


def test_a_complaint_reaches_what_ran_on_the_line_of_a_receipt(tmp_path: Path) -> None:
    sheets = {
        **AT_LINES,
        "outputs": f"{LINE},line\nF1,1,W1,P,P1,100,L2\nF2,1,W2,P,P2,100,L2\n",
        "complaints": "complaint_no,customer_code,item_code,lot_no\nX1,C1,P,P1\n",
    }
    assert tiers(answer(tmp_path, sheets, complaint="X1"))["P2"] == "possible"


STATUS = f"{LINE},doc_status"
WITHDRAWN: dict[str, dict[str, str]] = {
    "cancelled": {"outputs": f"{STATUS}\nF1,1,W1,P,P1,100,cancelled\nF2,1,W1,P,P2,100,posted\n"},
    "reversed in full": {
        "outputs": f"{LINE},reversed_doc_no\nF1,1,W1,P,P1,100,\nF3,1,W1,P,P1,100,F1\n"
        "F2,1,W1,P,P2,100,\n"
    },
    "shipped by a cancelled line": {
        "outputs": OUTPUT.replace("P,P1", "P,P2"),
        "shipments": f"{SHIPMENTS},doc_status\nD1,1,D1,C1,P,P1,50,cancelled\n",
    },
    "received and cancelled": {
        "outputs": OUTPUT.replace("P,P1", "P,P2"),
        "receipts": f"{RECEIPTS},doc_status\nR1,1,V,P,P1,X,9,cancelled\n",
    },
}
STANDING: dict[str, dict[str, str]] = {
    "part of it was cancelled": {
        "outputs": f"{STATUS}\nF1,1,W1,P,P1,100,cancelled\nF2,1,W1,P,P1,90,posted\n"
    },
    "its receipt was cancelled, and it was shipped": {
        **WITHDRAWN["cancelled"],
        "shipments": f"{SHIPMENTS}\nD1,1,D1,C1,P,P1,50\n",
    },
    "its receipt was cancelled, and it is on the books": {
        **WITHDRAWN["cancelled"],
        "stock": "item_code,lot_no,quantity,place\nP,P1,50,WH\n",
        "issues": f"{ISSUE}I5,1,W2,P,,5\n",
    },
    "its receipt was cancelled, and it was packed": {
        **WITHDRAWN["cancelled"],
        "packing": f"{PACKING}\nK1,1,PAL,P,P1,40,pack\n",
        "shipments": f"{SHIPMENTS}\nD1,1,D1,C1,P,,50\n",
    },
}


@pytest.mark.parametrize("case", WITHDRAWN)
def test_a_number_that_no_standing_row_names_is_told_of_and_not_held(
    case: str, tmp_path: Path
) -> None:
    sheets = {"issues": f"{ISSUE}I5,1,W2,P,,5\n", **WITHDRAWN[case]}
    scope = answer(tmp_path, sheets, lots=("A/S1",))
    assert "P1" not in tiers(scope)
    told = [entry for entry in scope["missing"] if entry["kind"] == "retracted"]
    assert "PLANT/P/P1" in told[0]["lots"]
    assert "P1" not in tiers(answer(tmp_path, sheets, item="P"))


@pytest.mark.parametrize("case", STANDING)
def test_a_number_that_a_standing_row_names_is_held(case: str, tmp_path: Path) -> None:
    scope = answer(tmp_path, {"issues": ISSUE, **STANDING[case]}, lots=("A/S1",))
    assert "retracted" not in [entry["kind"] for entry in scope["missing"]]
    assert "P1" in tiers(answer(tmp_path, {"issues": ISSUE, **STANDING[case]}, item="P"))


MERGED = "doc_no,doc_line_no,change_kind,item_code,parent_lot_no,child_lot_no"
MERGES: dict[str, tuple[str, str]] = {
    "of two bad lots": ("N1,1,merge,A,S1,M\nN1,2,merge,A,S2,M\nN2,1,rename,A,M,R\n", "certain"),
    "of one bad lot": ("N1,1,merge,A,S1,M\nN1,2,merge,A,S3,M\nN2,1,rename,A,M,R\n", "possible"),
    "a bad lot topped up": ("N1,1,top_up,A,S2,S1\nN2,1,rename,A,S1,R\n", "certain"),
    "a bad lot topped up with a good one": (
        "N1,1,top_up,A,S3,S1\nN2,1,rename,A,S1,R\n",
        "possible",
    ),
    "of merged lots": (
        "N1,1,merge,A,S1,M\nN1,2,merge,A,S2,M\nN2,1,merge,A,M,M2\nN2,2,merge,A,S1,M2\n"
        "N3,1,rename,A,M2,R\n",
        "certain",
    ),
}


@pytest.mark.parametrize("case", MERGES)
def test_a_lot_merged_of_bad_ones_only_is_bad_as_a_whole(case: str, tmp_path: Path) -> None:
    changes, tier = MERGES[case]
    receipts = f"{TWO_LOTS}R3,1,V,A,S3,SL3,60\n"
    sheets = {"receipts": receipts, "lot_changes": f"{MERGED}\n{changes}"}
    found = tiers(answer(tmp_path, sheets, lots=("V/A/SL1", "V/A/SL2")))
    assert found["R"] == tier


def test_a_place_where_a_lot_was_sampled_is_a_place_where_it_was(tmp_path: Path) -> None:
    sheets = {
        "receipts": TWO_PLACES,
        "inspections": "inspection_no,item_code,lot_no,place,result\nQ1,A,S1,WB,conforming\n",
        "issues": f"{LINE},from_place\nI1,1,W1,A,,60,WB\n",
        "outputs": OUTPUT,
    }
    assert tiers(answer(tmp_path, sheets, lots=("A/S1",)))["P1"] == "possible"


SCANS = "event_time,posting_method"


def test_an_order_released_after_it_ran_was_keyed_in_late(tmp_path: Path) -> None:
    sheets = {
        "work_orders": "work_order_no,item_code,order_status,released_at\n"
        "W1,P,closed,2024-03-01 15:00\n",
        "issues": f"{LINE},{SCANS}\nI1,1,W1,A,S1,60,2024-03-01 14:50,scanner_clock\n"
        "I2,1,W1,A,S2,60,2024-03-01 08:00,scanner_clock\n",
        "outputs": f"{LINE},{SCANS}\nF1,1,W1,P,P1,100,2024-03-01 14:55,scanner_clock\n",
    }
    assert tiers(answer(tmp_path, sheets, lots=("A/S1",)))["P1"] in ("possible", "certain")


def test_nothing_of_an_order_happened_before_its_release(tmp_path: Path) -> None:
    sheets = {
        "work_orders": "work_order_no,item_code,order_status,released_at\n"
        "W1,P,closed,2024-03-01 10:00\n",
        "issues": f"{LINE},{SCANS}\nI1,1,W1,A,S1,60,2024-03-01 10:05,scanner_clock\n"
        "I2,1,W1,A,S2,60,2024-03-01 10:00,scanner_clock\n",
        "outputs": f"{LINE},{SCANS}\nF1,1,W1,P,P1,100,2024-03-01 12:00,scanner_clock\n",
    }
    for name, content in {"work_orders": ORDERS, **sheets}.items():
        (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
    built = network.build(fold(intake.read(tmp_path, "plant").tables))
    released = 1709258400_000000  # 10:00 in Shanghai
    assert built.consumed["t0"].min() == released


def kinds(scope: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is missing, by kind."""
    return {entry["kind"]: entry for entry in scope["missing"]}


@pytest.mark.parametrize(("as_of", "told"), [("2024-03-01", True), ("2024-03-09", False)])
def test_stock_that_was_stated_before_a_movement_is_told_of(
    as_of: str, told: bool, tmp_path: Path
) -> None:
    sheets = {
        "issues": ISSUE,
        "outputs": OUTPUT,
        "stock": f"item_code,lot_no,quantity,place,as_of\nP,P1,100,WH,{as_of}\n",
        "shipments": f"{SHIPMENTS},event_time\nD1,1,D1,C1,P,P1,50,2024-03-05 08:00\n",
    }
    missing = kinds(answer(tmp_path, sheets, lots=("A/S1",)))
    assert ("stock_outdated" in missing) == told
    if told:
        assert missing["stock_outdated"]["lots"] == ["PLANT/P/P1"]


@pytest.mark.parametrize(("second", "told"), [("T1", True), ("T2", False)])
def test_tanks_in_which_a_heel_can_have_been_are_named(
    second: str, told: bool, tmp_path: Path
) -> None:
    sheets = {
        "sites": "site_code,site_kind\nT1,tank\nT2,tank\n",
        "receipts": TWO_LOTS,
        "issues": TWO_ISSUES,
        "outputs": f"{LINE},to_place\nF1,1,W1,P,P1,100,T1\nF2,1,W2,P,P2,100,{second}\n",
    }
    missing = kinds(answer(tmp_path, sheets, lots=("A/S1",)))
    assert missing.get("tank_heel", {}).get("rows") == (["PLANT/T1"] if told else None)


BOM_B = "parent_item_code,item_code,quantity\nP,B,1\n"


@pytest.mark.parametrize("recipe", [{}, {"bom": BOM_B}])
@pytest.mark.parametrize("unnamed", ["issue", "output"])
def test_a_row_without_an_order_may_be_of_any(
    unnamed: str, recipe: dict[str, str], tmp_path: Path
) -> None:
    orders = {"issue": "W1", "output": "W1", unnamed: ""}
    sheets = {
        **recipe,
        "receipts": f"{TWO_LOTS}R3,1,V,B,T1,X1,200\n",
        "issues": f"{LINE}\nI1,1,{orders['issue']},A,S1,10\nI1,2,W1,B,T1,100\nI2,1,W2,B,T1,100\n",
        "outputs": f"{LINE}\nF1,1,{orders['output']},P,P1,100\nF2,1,W2,P,P2,100\n",
    }
    found = answer(tmp_path, sheets, lots=("A/S1",))
    held = {lot["lot_no"]: lot["tier"] for lot in found["lots"]}
    assert held["P1"] == "possible"
    row = {"issue": "I1%2F1", "output": "F1%2F1"}[unnamed]
    if unnamed == "issue" or recipe:
        assert kinds(found)["unknown_order"]["rows"] == [f"PLANT/produce/?%2F{row}"]


def test_what_no_order_is_named_for_takes_nothing_from_other_stock(tmp_path: Path) -> None:
    """Every order may have taken of the issue without an order, and of nothing else by it."""
    timed = f"{LINE},event_time,posting_method"
    sheets = {
        "receipts": "doc_no,doc_line_no,supplier_code,item_code,lot_no,supplier_lot_no,quantity,"
        "to_place\nR1,1,V,A,S1,X1,100,WH\nR2,1,V,A,,X2,100,WH2\nR3,1,V,B,T1,X3,200,WH\n",
        "issues": f"{timed}\nI1,1,,A,S1,10,2024-03-05 08:00,scanner_clock\n"
        "I1,2,W1,B,T1,100,2024-03-01 08:00,scanner_clock\n",
        "outputs": f"{timed}\nF1,1,W1,P,P1,100,2024-03-01 12:00,scanner_clock\n",
    }
    found = answer(tmp_path, sheets, supplier_lot="X2")
    assert [lot["lot_no"] for lot in found["lots"] if lot["lot_no"] == "P1"] == []


def test_an_issue_without_an_order_was_not_used_before_it_was_issued(tmp_path: Path) -> None:
    timed = f"{LINE},event_time,posting_method"
    sheets = {
        "receipts": f"{TWO_LOTS}R3,1,V,B,T1,X1,200\n",
        "issues": f"{timed}\nI1,1,,A,S1,10,2024-03-05 08:00,scanner_clock\n"
        "I1,2,W1,B,T1,100,2024-03-01 08:00,scanner_clock\n"
        "I2,1,W2,B,T1,100,2024-03-06 08:00,scanner_clock\n",
        "outputs": f"{timed}\nF1,1,W1,P,P1,100,2024-03-01 12:00,scanner_clock\n"
        "F2,1,W2,P,P2,100,2024-03-06 12:00,scanner_clock\n",
    }
    found = answer(tmp_path, sheets, lots=("A/S1",))
    assert {lot["lot_no"] for lot in found["lots"] if lot["tier"] != "excluded"} == {"S1", "P2"}


@pytest.mark.parametrize(("status", "told"), [("closed", None), ("", ["PLANT/produce/W1"])])
def test_an_exact_part_has_the_status_of_its_order(
    status: str, told: list[str] | None, tmp_path: Path
) -> None:
    sheets = {
        "work_orders": f"work_order_no,item_code,order_status\nW1,P,{status}\n",
        "issues": f"{LINE},output_lot_no\nI1,1,W1,A,S1,60,P1\nI1,2,W1,A,S1,60,P2\n",
        "outputs": f"{OUTPUT}F1,2,W1,P,P2,100\n",
    }
    missing = kinds(answer(tmp_path, sheets, lots=("A/S1",)))
    assert missing.get("order_status", {}).get("rows") == told


@pytest.mark.parametrize("text", ["料（A）/批-１", "料(A)/批-1", " 料（A）/批-１", "批-１\u200b"])
def test_a_number_is_found_as_it_is_printed_and_as_it_is_kept(text: str, tmp_path: Path) -> None:
    found = answer(
        tmp_path, {"receipts": f"{RECEIPTS}\nR1,1,V,料（A）,批-１,ＳＬ１,60\n"}, lots=(text,)
    )
    assert tiers(found) == {"批-1": "certain"}


def test_a_supplier_lot_is_found_as_it_is_printed(tmp_path: Path) -> None:
    (tmp_path / "receipts.csv").write_text(f"{RECEIPTS}\nR1,1,供（甲）,A,S1,ＳＬ－１,60\n", "utf-8")
    facts = fold(intake.read(tmp_path, "plant").tables)
    lineage = Lineage.of(network.build(facts))
    options = {"supplier": "供（甲）", "supplier_lot": "ＳＬ－１"}
    asked = given.suspects(options, (), "Asia/Shanghai", str)
    match = roots.answer(facts, lineage, asked).match
    assert "SL-1" in lineage.lots["lot_no"][match].to_list()


def test_a_lot_of_which_one_line_has_no_amount_is_bounded_by_nothing(tmp_path: Path) -> None:
    sheets = {
        "issues": ISSUE,
        "outputs": f"{OUTPUT}F2,1,W1,P,P1,\n",
        "shipments": f"{SHIPMENTS}\nD1,1,D1,C1,P,P1,150\n",
    }
    scope = answer(tmp_path, sheets, lots=("A/S1",))
    (lot,) = [lot for lot in scope["lots"] if lot["lot_no"] == "P1"]
    assert lot["affected_at_most"] is None
