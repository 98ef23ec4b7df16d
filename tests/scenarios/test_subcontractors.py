"""Goods of ours that others work on: what they deliver may be made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.test_refuted import LINE, MOVES, RECEIPTS, TWO_LOTS, answer, tiers

BOM = "parent_item_code,item_code,quantity\nP,A,1\n"
SENT = f"{MOVES},to_owner\nM1,1,A,S1,60,WH,SB,SUB\n"
SITE = "site_code,site_kind,holder,holder_kind\nSB,warehouse,SUB,subcontractor\n"
GOT = f"{RECEIPTS}\nR9,1,SUB,P,P1,SP1,100\n"
PACK = "doc_no,doc_line_no,container_no,item_code,lot_no,quantity,action\nK1,1,PAL,A,S1,60,pack\n"
DATED = "posting_method,event_time"
CLOCK = "scanner_clock"

HELD: dict[str, dict[str, str]] = {
    "the recipe has another level": {
        "bom": f"{BOM}A,B,2\n",
        "moves": f"{MOVES},to_owner\nM1,1,B,S1,60,WH,SB,SUB\n",
        "receipts": GOT,
    },
    "at a place that it holds": {
        "bom": BOM,
        "sites": SITE,
        "moves": f"{MOVES}\nM1,1,A,S1,60,WH,SB\n",
        "receipts": GOT,
    },
    "at a bin of a place that it holds": {
        "bom": BOM,
        "sites": "site_code,site_kind,holder,holder_kind,parent_site\n"
        "SB,warehouse,SUB,subcontractor,\nSB1,bin,,,SB\n",
        "moves": f"{MOVES}\nM1,1,A,S1,60,WH,SB1\n",
        "receipts": GOT,
    },
    "received straight at its place": {
        "bom": BOM,
        "sites": SITE,
        "receipts": f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,SB\nR9,1,SUB,P,P1,SP1,100,WH\n",
    },
    "sold to it": {
        "bom": BOM,
        "shipments": "doc_no,doc_line_no,delivery_no,customer_code,item_code,lot_no,quantity\n"
        "D1,1,D1,SUB,A,S1,60\n",
        "receipts": GOT,
    },
    "changed owner by a change of lot": {
        "bom": BOM,
        "lot_changes": "doc_no,doc_line_no,change_kind,item_code,parent_lot_no,child_lot_no,"
        "to_owner\nN1,1,rename,A,S1,S1,SUB\n",
        "receipts": GOT,
    },
    "moved on a pallet": {
        "bom": BOM,
        "packing": PACK,
        "moves": f"{MOVES},to_owner\nM1,1,,PAL,1,WH,SB,SUB\n",
        "receipts": GOT,
    },
    "moved on a pallet to a place that it holds": {
        "bom": BOM,
        "sites": SITE,
        "packing": PACK,
        "moves": f"{MOVES}\nM1,1,,PAL,1,WH,SB\n",
        "receipts": GOT,
    },
    "sold to it on a pallet": {
        "bom": BOM,
        "packing": PACK,
        "shipments": "doc_no,doc_line_no,delivery_no,customer_code,container_no\nD1,1,D1,SUB,PAL\n",
        "receipts": GOT,
    },
    "no recipe is known": {"moves": SENT, "receipts": GOT},
    "the delivery has no number of its own": {
        "bom": BOM,
        "moves": SENT,
        "receipts": f"{RECEIPTS}\nR9,1,SUB,P,P1,,100\n",
    },
    "moved without a number": {
        "bom": BOM,
        "opening_stock": "item_code,lot_no,quantity,place\nA,S1,60,WH\n",
        "moves": f"{MOVES},to_owner\nM1,1,A,,60,WH,SB,SUB\n",
        "receipts": GOT,
    },
    "it returns scrap under another item": {
        "bom": BOM,
        "moves": SENT,
        "receipts": f"{RECEIPTS}\nR8,1,SUB,SCRAP,P1,,3\n",
    },
    "it returns what it did not use": {
        "bom": BOM,
        "moves": SENT,
        "receipts": f"{RECEIPTS}\nR8,1,SUB,A,P1,,3\n",
    },
    "the second of two works on what the first made": {
        "bom": f"{BOM}Q,P,1\n",
        "sites": "site_code,site_kind,holder,holder_kind\nSB,warehouse,SUB,subcontractor\n"
        "SC,warehouse,SUB2,subcontractor\n",
        "moves": f"{MOVES}\nM1,1,A,S1,60,WH,SB\n",
        "receipts": f"{RECEIPTS},to_place\nR9,1,SUB,P,P0,SP1,100,SC\nR10,1,SUB2,Q,P1,X,90,WH\n",
    },
    "its orders name outputs only": {
        "bom": BOM,
        "work_orders": "work_order_no,item_code,order_status,org\nW1,P,closed,SUB\n",
        "moves": SENT,
        "outputs": f"{LINE},org\nF1,1,W1,P,P1,100,SUB\n",
    },
    "its orders name what is its own only": {
        "bom": f"{BOM}P,GLUE,1\n",
        "work_orders": "work_order_no,item_code,order_status,org\nW1,P,closed,SUB\n",
        "moves": SENT,
        "issues": f"{LINE},org\nI1,1,W1,GLUE,G7,5,SUB\n",
        "outputs": f"{LINE},org\nF1,1,W1,P,P1,100,SUB\n",
    },
    "its orders use a number that it gave itself": {
        "work_orders": "work_order_no,item_code,order_status,org\nW1,P,closed,SUB\n",
        "moves": SENT,
        "issues": f"{LINE},org\nI1,1,W1,A,OWN7,60,SUB\n",
        "outputs": f"{LINE},org\nF1,1,W1,P,P1,100,SUB\n",
    },
    "its opening delivery is all that is recorded": {
        "bom": BOM,
        "moves": SENT,
        "opening_stock": "item_code,lot_no,quantity,supplier_code,supplier_lot_no\n"
        "P,P1,100,SUB,SP1\n",
    },
    "it goes by two codes": {
        "bom": BOM,
        "aliases": "alias_kind,alias,code\ncompany,SUB-old,SUB\n",
        "moves": f"{MOVES},to_owner\nM1,1,A,S1,60,WH,SB,SUB-old\n",
        "receipts": GOT,
    },
}


@pytest.mark.parametrize("case", HELD)
def test_what_another_company_makes_of_our_goods_is_held(case: str, tmp_path: Path) -> None:
    root = "PLANT/B/S1" if ",B,S1" in HELD[case].get("moves", "") else "PLANT/A/S1"
    found = answer(tmp_path, HELD[case], lots=(root,))
    (lot,) = [lot for lot in found["lots"] if lot["key"].endswith("/P1") and lot["owner"] != "?"]
    assert (lot["tier"], lot["grade"]) == ("possible", "mixed_stock")


FREE: dict[str, dict[str, str]] = {
    "another company delivers it": {
        "bom": BOM,
        "moves": SENT,
        "receipts": f"{RECEIPTS}\nR9,1,OTHER,P,P1,SP1,100\n",
    },
    "its recipe needs nothing of ours": {
        "bom": "parent_item_code,item_code,quantity\nP,B,1\n",
        "moves": SENT,
        "receipts": GOT,
    },
    "what it delivers is bought": {
        "items": "item_code,item_type\nA,raw\nP,raw\n",
        "moves": SENT,
        "receipts": GOT,
    },
    "it is a customer, and no recipe is known": {
        "shipments": "doc_no,doc_line_no,delivery_no,customer_code,item_code,lot_no,quantity\n"
        "D1,1,D1,SUB,A,S1,60\n",
        "receipts": GOT,
    },
    "it came before the goods went there": {
        "bom": BOM,
        "moves": f"{MOVES},to_owner,{DATED}\nM1,1,A,S1,60,WH,SB,SUB,{CLOCK},2024-03-05 10:00\n",
        "receipts": f"{RECEIPTS},{DATED}\nR9,1,SUB,P,P1,SP1,100,{CLOCK},2024-03-01 10:00\n",
    },
    "its orders record what went in": {
        "bom": BOM,
        "work_orders": "work_order_no,item_code,order_status,org\nW1,P,closed,SUB\n",
        "receipts": f"{RECEIPTS}\nR1,1,V,A,S1,SL1,60\nR2,1,V,A,S2,SL2,60\n",
        "moves": f"{MOVES},to_owner\nM1,1,A,S1,60,WH,SB,SUB\nM2,1,A,S2,60,WH,SB,SUB\n",
        "issues": f"{LINE},org\nI1,1,W1,A,S2,60,SUB\n",
        "outputs": f"{LINE},org\nF1,1,W1,P,P1,100,SUB\n",
    },
}


@pytest.mark.parametrize("case", FREE)
def test_what_cannot_be_made_of_our_goods_is_not_held(case: str, tmp_path: Path) -> None:
    assert "P1" not in tiers(answer(tmp_path, FREE[case], lots=("PLANT/A/S1",)))


def test_two_subcontractors_are_kept_apart(tmp_path: Path) -> None:
    sheets = {
        "bom": BOM,
        "moves": f"{MOVES},to_owner\nM1,1,A,S1,60,WH,SB,SUB\nM2,1,A,S2,60,WH,SC,SUB2\n",
        "receipts": f"{RECEIPTS}\nR1,1,V,A,S1,SL1,60\nR2,1,V,A,S2,SL2,60\n"
        "R8,1,SUB,P,P1,X,100\nR9,1,SUB2,P,P2,Y,100\n",
    }
    found = tiers(answer(tmp_path, sheets, lots=("PLANT/A/S1",)))
    assert "P1" in found
    assert "P2" not in found


HOLDERS: dict[str, tuple[dict[str, str], tuple[str, str]]] = {
    "moved to it": (
        {"receipts": TWO_LOTS, "moves": SENT},
        ("SUB", "certain"),
    ),
    "on a pallet moved to it": (
        {
            "receipts": TWO_LOTS,
            "packing": PACK,
            "moves": f"{MOVES},to_owner\nM1,1,,PAL,1,WH,SB,SUB\n",
        },
        ("SUB", "possible"),
    ),
    "on a pallet at its place": (
        {
            "sites": SITE,
            "receipts": TWO_LOTS,
            "packing": PACK,
            "moves": f"{MOVES}\nM1,1,,PAL,1,WH,SB\n",
        },
        ("SUB", "possible"),
    ),
}


@pytest.mark.parametrize("case", HOLDERS)
def test_who_holds_goods_is_a_party_to_notify(case: str, tmp_path: Path) -> None:
    sheets, party = HOLDERS[case]
    scope = answer(tmp_path, sheets, lots=("PLANT/A/S1",))
    assert [(row["customer"], row["tier"]) for row in scope["customers"]] == [party]
    assert answer(tmp_path, sheets, lots=("PLANT/A/S2",))["customers"] == []


def test_who_holds_mixed_stock_is_a_party_to_notify(tmp_path: Path) -> None:
    sheets = {
        "sites": SITE,
        "receipts": f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,WH\nR2,1,V,B,S2,SL2,60,WH\n",
        "moves": f"{MOVES}\nM1,1,A,,20,WH,SB\n",
    }
    scope = answer(tmp_path, sheets, lots=("PLANT/A/S1",))
    assert [(row["customer"], row["tier"]) for row in scope["customers"]] == [("SUB", "possible")]
    assert answer(tmp_path, sheets, lots=("PLANT/B/S2",))["customers"] == []
