"""Small plants of real situations, with what must be certain, possible, excluded or left alone.

The expected tiers were worked out by hand from the records, before the program was asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.test_refuted import LINE, MOVES, RECEIPTS, SHIPMENTS, answer, tiers

CERTAIN, POSSIBLE, EXCLUDED, FREE = "certain", "possible", "excluded", None
CLOCK = "event_time,posting_method"
THREE = f"{RECEIPTS}\nR1,1,V,A,S1,SL1,60\nR2,1,V,A,S2,SL2,60\nR3,1,V,A,S3,SL3,60\n"
STORED = (
    f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,WH\nR2,1,V,A,S2,SL2,60,WH\nR3,1,V,A,S3,SL3,60,WH\n"
)
BOM = "parent_item_code,item_code,quantity\nP,A,1\n"
ALIKE = "item_code,homogeneous\nA,true\nP,true\n"
FILLING = f"doc_no,doc_line_no,tank,item_code,lot_no,content_lot_no,heel_qty,from_place,{CLOCK}"
TANKS = "site_code,site_kind\nT1,tank\n"


def at(time: str) -> str:
    """A stamp of a scanner's own clock on 2024-03-<day> <time>."""
    return f"2024-03-{time},scanner_clock"


Case = tuple[dict[str, str], dict[str, Any], dict[str, str | None]]
BAD: dict[str, Any] = {"lots": ("PLANT/A/S1",)}
CASES: dict[str, Case] = {
    "rework goes into tomorrow's batch, which is stirred": (
        {
            "items": ALIKE,
            "receipts": THREE,
            "work_orders": "work_order_no,item_code,order_status\n"
            "W1,P,closed\nW2,P,closed\nW3,P,closed\n",
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI2,1,W2,A,S2,50\nI2,2,W2,P,P1,10\n"
            "I3,1,W3,A,S3,60\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF2,1,W2,P,P2,60\nF3,1,W3,P,P3,60\n",
        },
        BAD,
        {"P1": CERTAIN, "P2": CERTAIN, "P3": FREE},
    ),
    "rework of pieces, of which some only are bad": (
        {
            "receipts": THREE,
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI2,1,W2,A,S2,50\nI2,2,W2,P,P1,10\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF2,1,W2,P,P2,60\n",
        },
        BAD,
        {"P1": CERTAIN, "P2": POSSIBLE},
    ),
    "two orders feed each other with rework": (
        {
            "items": ALIKE,
            "receipts": THREE,
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI1,2,W1,P,P2,5\nI2,1,W2,A,S2,50\n"
            "I2,2,W2,P,P1,10\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF2,1,W2,P,P2,60\n",
        },
        BAD,
        {"P1": CERTAIN, "P2": CERTAIN, "S2": FREE},
    ),
    "part of a lot was given back": (
        {
            "receipts": THREE,
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI1,2,W1,A,S2,60\n",
            "returns": f"{LINE}\nT1,1,W1,A,S1,20\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,100\n",
        },
        BAD,
        {"P1": POSSIBLE, "S2": FREE},
    ),
    "all of a lot was taken back by a negative line": (
        {
            "receipts": THREE,
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI1,2,W1,A,S1,-60\nI1,3,W1,A,S2,60\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\n",
        },
        BAD,
        {"P1": POSSIBLE},
    ),
    "a wrong lot was posted, reversed and posted right": (
        {
            "receipts": THREE,
            "issues": f"{LINE},reversed_doc_no\nI1,1,W1,A,S1,60,\nI2,1,W1,A,S1,-60,I1\n"
            "I3,1,W1,A,S2,60,\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\n",
        },
        BAD,
        {"P1": FREE},
    ),
    "a count of zero ends mixed stock": (
        {
            "receipts": f"{RECEIPTS},to_place,{CLOCK}\nR1,1,V,A,S1,SL1,60,WH,{at('01 08:00')}\n"
            f"R2,1,V,A,S2,SL2,60,WH,{at('06 08:00')}\n",
            "counts": f"doc_no,doc_line_no,place,item_code,counted_qty,{CLOCK}\n"
            f"C1,1,WH,A,0,{at('05 08:00')}\n",
            "issues": f"{LINE},from_place,{CLOCK}\nI1,1,W1,A,,60,WH,{at('03 08:00')}\n"
            f"I2,1,W2,A,,60,WH,{at('07 08:00')}\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF2,1,W2,P,P2,60\n",
        },
        BAD,
        {"P1": POSSIBLE, "P2": FREE},
    ),
    "a count of some proves nothing": (
        {
            "receipts": f"{RECEIPTS},to_place,{CLOCK}\nR1,1,V,A,S1,SL1,60,WH,{at('01 08:00')}\n"
            f"R2,1,V,A,S2,SL2,60,WH,{at('06 08:00')}\n",
            "counts": f"doc_no,doc_line_no,place,item_code,counted_qty,{CLOCK}\n"
            f"C1,1,WH,A,0.5,{at('05 08:00')}\n",
            "issues": f"{LINE},from_place,{CLOCK}\nI2,1,W2,A,,60,WH,{at('07 08:00')}\n",
            "outputs": f"{LINE}\nF2,1,W2,P,P2,60\n",
        },
        BAD,
        {"P2": POSSIBLE},
    ),
    "the night shift is of the day before": (
        {
            "sites": "site_code,site_kind,day_start\nL1,line,08:00\n",
            "receipts": THREE,
            "issues": f"{LINE},line,{CLOCK}\nI1,1,W1,A,S1,60,L1,{at('02 01:00')}\n"
            f"I2,1,W2,A,S1,60,L1,{at('02 09:00')}\nI3,1,W2,A,S2,60,L1,{at('01 09:00')}\n",
            "outputs": f"{LINE},line,business_date,posting_method\n"
            "F1,1,W1,P,P1,60,L1,2024-03-01,scanner_clock\n"
            "F2,1,W2,P,P2,60,L1,2024-03-01,scanner_clock\n"
            "F2,2,W2,P,P3,60,L1,2024-03-02,scanner_clock\n",
        },
        BAD,
        {"P1": CERTAIN, "P2": EXCLUDED, "P3": CERTAIN},
    ),
    "an output was finished before the issue": (
        {
            "receipts": THREE,
            "issues": f"{LINE},{CLOCK}\nI1,1,W1,A,S1,60,{at('01 12:00')}\n"
            f"I1,2,W1,A,S2,60,{at('01 08:00')}\n",
            "outputs": f"{LINE},{CLOCK}\nF1,1,W1,P,P1,60,{at('01 11:00')}\n"
            f"F1,2,W1,P,P2,60,{at('01 13:00')}\n",
        },
        BAD,
        {"P1": EXCLUDED, "P2": CERTAIN},
    ),
    "the same times, typed in by a clerk": (
        {
            "receipts": THREE,
            "issues": f"{LINE},{CLOCK}\nI1,1,W1,A,S1,60,2024-03-01 12:00,manual\n"
            "I1,2,W1,A,S2,60,2024-03-01 08:00,manual\n",
            "outputs": f"{LINE},{CLOCK}\nF1,1,W1,P,P1,60,2024-03-01 11:00,manual\n"
            "F1,2,W1,P,P2,60,2024-03-01 13:00,manual\n",
        },
        BAD,
        {"P1": POSSIBLE, "P2": POSSIBLE},
    ),
    "every issue of an order lies after all it made": (
        {
            "receipts": THREE,
            "issues": f"{LINE},{CLOCK}\nI1,1,W1,A,S1,60,{at('05 12:00')}\n",
            "outputs": f"{LINE},{CLOCK}\nF1,1,W1,P,P1,60,{at('01 11:00')}\n",
        },
        BAD,
        {"P1": CERTAIN},
    ),
    "two suppliers have one number, and one is meant": (
        {
            "receipts": f"{RECEIPTS}\nR1,1,V1,A,S1,L7,60\nR2,1,V2,A,S2,L7,60\n",
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI2,1,W2,A,S2,60\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF2,1,W2,P,P2,60\n",
        },
        {"supplier": "V1", "supplier_lot": "L7"},
        {"P1": CERTAIN, "P2": FREE},
    ),
    "two suppliers have one number, and no supplier is named": (
        {
            "receipts": f"{RECEIPTS}\nR1,1,V1,A,S1,L7,60\nR2,1,V2,A,S2,L7,60\n",
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI2,1,W2,A,S2,60\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF2,1,W2,P,P2,60\n",
        },
        {"supplier_lot": "L7"},
        {"P1": CERTAIN, "P2": CERTAIN},
    ),
    "two deliveries of two suppliers got one number of ours": (
        {
            "receipts": f"{RECEIPTS}\nR1,1,V1,A,S1,X1,60\nR2,1,V2,A,S1,X2,60\n",
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\n",
        },
        {"supplier": "V1", "supplier_lot": "X1"},
        {"S1": CERTAIN, "P1": POSSIBLE},
    ),
    "a supplier lot came without its number": (
        {
            "receipts": f"{RECEIPTS}\nR1,1,V1,A,S1,X1,60\nR2,1,V1,A,S2,,60\nR3,1,V2,B,S3,,60\n",
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI2,1,W2,A,S2,60\nI3,1,W3,B,S3,60\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF2,1,W2,P,P2,60\nF3,1,W3,P,P3,60\n",
        },
        {"supplier": "V1", "supplier_lot": "X1"},
        {"P1": CERTAIN, "P2": POSSIBLE, "P3": FREE},
    ),
    "a draft issue": (
        {
            "receipts": THREE,
            "issues": f"{LINE},doc_status\nI1,1,W1,A,S1,60,draft\nI1,2,W1,A,S2,60,posted\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\n",
        },
        BAD,
        {"P1": POSSIBLE},
    ),
    "a cancelled issue": (
        {
            "receipts": THREE,
            "issues": f"{LINE},doc_status\nI1,1,W1,A,S1,60,cancelled\nI1,2,W1,A,S2,60,posted\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\n",
        },
        BAD,
        {"P1": FREE},
    ),
    "issued in grams, stocked in kilograms: no gap": (
        {
            "items": "item_code,uom\nA,kg\nP,kg\n",
            "bom": BOM,
            "receipts": THREE,
            "issues": f"{LINE},uom\nI1,1,W1,A,S1,60000,g\nI2,1,W2,A,S2,60,kg\n",
            "outputs": f"{LINE},uom\nF1,1,W1,P,P1,60,kg\nF2,1,W2,P,P2,60,kg\n",
        },
        BAD,
        {"P1": CERTAIN, "P2": FREE},
    ),
    "more was issued than the recipe needs, less in the next order": (
        {
            "items": "item_code,uom\nA,kg\nP,kg\n",
            "bom": BOM,
            "receipts": THREE,
            "work_orders": "work_order_no,item_code,order_status,line\n"
            "W1,P,closed,L1\nW2,P,closed,L1\n",
            "issues": f"{LINE},uom\nI1,1,W1,A,S1,80,kg\nI2,1,W2,A,S2,40,kg\n",
            "outputs": f"{LINE},uom\nF1,1,W1,P,P1,60,kg\nF2,1,W2,P,P2,60,kg\n",
        },
        BAD,
        {"P1": CERTAIN, "P2": POSSIBLE},
    ),
    "issues name their output": (
        {
            "receipts": THREE,
            "issues": f"{LINE},output_lot_no\nI1,1,W1,A,S1,60,P1\nI1,2,W1,A,S2,60,P2\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF1,2,W1,P,P2,60\n",
        },
        BAD,
        {"P1": CERTAIN, "P2": FREE},
    ),
    "goods come back from a customer and are worked in again": (
        {
            "items": ALIKE,
            "receipts": THREE,
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI2,1,W2,P,R1,10\nI2,2,W2,A,S2,50\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF2,1,W2,P,P2,60\n",
            "shipments": f"{SHIPMENTS}\nD1,1,D1,C1,P,P1,50\n",
            "customer_returns": "doc_no,doc_line_no,customer_code,item_code,lot_no,to_lot_no,"
            "quantity\nB1,1,C1,P,P1,R1,10\n",
        },
        BAD,
        {"P1": CERTAIN, "R1": CERTAIN, "P2": CERTAIN},
    ),
    "a lot was split, and only one half is bad": (
        {
            "receipts": THREE,
            "lot_changes": "doc_no,doc_line_no,change_kind,item_code,parent_lot_no,child_lot_no\n"
            "N1,1,split,A,S1,S1a\nN1,2,split,A,S1,S1b\n",
            "issues": f"{LINE}\nI1,1,W1,A,S1a,30\nI2,1,W2,A,S1b,30\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF2,1,W2,P,P2,60\n",
        },
        {"lots": ("A/S1b",)},
        {"P1": FREE, "P2": CERTAIN},
    ),
    "one number stands for lots of two items": (
        {
            "receipts": f"{RECEIPTS}\nR1,1,V,A,S1,SL1,60\nR2,1,V,B,S1,SL2,60\n",
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI2,1,W2,B,S1,60\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF2,1,W2,P,P2,60\n",
        },
        BAD,
        {"P1": CERTAIN, "P2": FREE},
    ),
    "the system proposed the oldest lot": (
        {
            "receipts": f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,WH\nR2,1,V,A,S2,SL2,60,WH\n"
            "R3,1,V,A,S3,SL3,60,WB\n",
            "issues": f"{LINE},from_place,lot_source\nI1,1,W1,A,S2,60,WH,system_proposed\n"
            "I2,1,W2,A,S3,60,WB,system_proposed\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF2,1,W2,P,P2,60\n",
        },
        BAD,
        {"P1": POSSIBLE, "P2": FREE},
    ),
    "all lots of the only ingredient are bad": (
        {
            "bom": BOM,
            "receipts": THREE,
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI1,2,W1,A,S2,60\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF1,2,W1,P,P2,60\n",
        },
        {"lots": ("PLANT/A/S1", "PLANT/A/S2")},
        {"P1": CERTAIN, "P2": CERTAIN},
    ),
    "one of two lots of the ingredient is bad": (
        {
            "bom": BOM,
            "receipts": THREE,
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI1,2,W1,A,S2,60\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF1,2,W1,P,P2,60\n",
        },
        BAD,
        {"P1": POSSIBLE, "P2": POSSIBLE},
    ),
    "a co-product has no need": (
        {
            "bom": BOM,
            "receipts": THREE,
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\n",
            "outputs": f"{LINE},output_kind\nF1,1,W1,P,P1,50,product\nF1,2,W1,Q,Q1,10,co_product\n",
        },
        BAD,
        {"P1": CERTAIN, "Q1": POSSIBLE},
    ),
    "an order is still open": (
        {
            "work_orders": "work_order_no,item_code,order_status\nW1,P,open\n",
            "receipts": THREE,
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,10\n",
        },
        BAD,
        {"P1": POSSIBLE},
    ),
    "a tank was empty before it was filled again": (
        {
            "sites": TANKS,
            "receipts": STORED,
            "tank_fillings": f"{FILLING}\nG1,1,T1,A,S1,C1,0,WH,{at('01 08:00')}\n"
            f"G2,1,T1,A,S2,C2,0,WH,{at('02 08:00')}\n"
            f"G3,1,T1,A,S3,C3,5,WH,{at('03 08:00')}\n",
        },
        BAD,
        {"C1": CERTAIN, "C2": FREE, "C3": FREE},
    ),
    "a tank held a heel when it was filled again": (
        {
            "sites": TANKS,
            "receipts": STORED,
            "tank_fillings": f"{FILLING}\nG1,1,T1,A,S1,C1,0,WH,{at('01 08:00')}\n"
            f"G2,1,T1,A,S2,C2,5,WH,{at('02 08:00')}\n"
            f"G3,1,T1,A,S3,C3,0,WH,{at('03 08:00')}\n",
        },
        BAD,
        {"C1": CERTAIN, "C2": POSSIBLE, "C3": FREE},
    ),
    "moved to another store, and taken there without a number": (
        {
            "receipts": f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,WH\nR2,1,V,A,S2,SL2,60,WB\n",
            "moves": f"{MOVES}\nM1,1,A,S1,20,WH,WB\n",
            "issues": f"{LINE},from_place\nI1,1,W1,A,,60,WB\nI2,1,W2,A,S2,10,WB\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF2,1,W2,P,P2,60\n",
        },
        BAD,
        {"P1": POSSIBLE, "P2": FREE},
    ),
    "shipped without a number": (
        {
            "receipts": THREE,
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI2,1,W2,A,S2,60\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,60\nF2,1,W2,P,P2,60\n",
            "shipments": f"{SHIPMENTS}\nD1,1,D1,C7,P,,50\n",
        },
        BAD,
        {"P1": CERTAIN, "P2": FREE},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_tiers_are_those_worked_out_by_hand(case: str, tmp_path: Path) -> None:
    sheets, asked, expected = CASES[case]
    if "work_orders" not in sheets:
        rows = "".join(f"W{n},P,closed\n" for n in (1, 2, 3))
        sheets = {"work_orders": f"work_order_no,item_code,order_status\n{rows}", **sheets}
    found = tiers(answer(tmp_path, sheets, **asked))
    assert {lot: found.get(lot) for lot in expected} == expected


def test_goods_shipped_without_a_number_name_their_customer(tmp_path: Path) -> None:
    sheets, asked, _ = CASES["shipped without a number"]
    scope = answer(tmp_path, sheets, **asked)
    assert [(row["customer"], row["tier"]) for row in scope["customers"]] == [("C7", "possible")]
