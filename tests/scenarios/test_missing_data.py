"""Missing data never makes a set smaller, and nothing is certain that a world leaves open.

Each case is a small plant that names as little as the point needs: order W1 is closed unless said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graph_model import network
from graph_model.lineage import Lineage
from loaders import intake
from queries.recall.roots import Suspects
from queries.recall.scope import compute
from tests.facts import fold

LINE = "doc_no,doc_line_no,work_order_no,item_code,lot_no,quantity"
ORDERS = "work_order_no,item_code,order_status\nW1,P,closed\nW2,P,closed\n"
RECEIPTS = "doc_no,doc_line_no,supplier_code,item_code,lot_no,supplier_lot_no,quantity"
OUTPUT = f"{LINE}\nF1,1,W1,P,P1,100\n"
BOM = "parent_item_code,item_code,quantity\nP,A,1\n"


def tiers(folder: Path, sheets: dict[str, str], **asked: Any) -> dict[str, str]:
    """Lot number -> tier."""
    for name, content in {"work_orders": ORDERS, **sheets}.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    facts = fold(intake.read(folder, "plant").tables)
    lineage = Lineage.of(network.build(facts))
    scope = compute(facts, lineage, Suspects(**asked))
    numbers = lineage.lots["lot_no"]
    return {numbers[lot]: tier for lot, tier in scope.tiers.items()}


Case = tuple[dict[str, str], dict[str, Any]]
NOT_CERTAIN: dict[str, Case] = {
    "half of the lot came from another supplier's lot": (
        {
            "receipts": f"{RECEIPTS}\nR1,1,V,A,O1,SL1,50\nR2,1,V,A,O1,SL2,50\n",
            "issues": f"{LINE}\nI1,1,W1,A,O1,50\n",
            "outputs": OUTPUT,
        },
        {"supplier_lot": "SL1"},
    ),
    "an exact issue was given back in full": (
        {
            "issues": f"{LINE},output_lot_no\nI1,1,W1,A,S1,100,P1\nI1,2,W1,A,S2,100,P1\n",
            "returns": f"{LINE},output_lot_no\nT1,1,W1,A,S1,100,P1\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
    ),
    "a return names no lot": (
        {
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI1,2,W1,A,S2,60\n",
            "returns": f"{LINE}\nT1,1,W1,A,,60\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
    ),
    "more was issued than the recipe explains": (
        {
            "items": "item_code,uom\nA,kg\nP,kg\n",
            "bom": "parent_item_code,item_code,quantity,uom\nP,A,1,kg\n",
            "issues": f"{LINE},uom\nI1,1,W1,A,S1,100,kg\nI1,2,W1,A,S2,100,kg\n",
            "outputs": f"{LINE},uom\nF1,1,W1,P,P1,100,kg\n",
        },
        {"lots": ("A/S1",)},
    ),
    "a negative line takes the issue back": (
        {
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\nI1,2,W1,A,S1,-60\nI1,3,W1,A,S2,60\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
    ),
}

POSSIBLE: dict[str, Case] = {
    "a lot of unknown origin was moved": (
        {
            "receipts": f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,WH\n",
            "moves": "doc_no,doc_line_no,item_code,lot_no,quantity,from_place,to_place\n"
            "M1,1,A,X1,60,WH,WB\n",
            "issues": f"{LINE},from_place\nI1,1,W1,A,X1,60,WB\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
    ),
    "a receipt names no lot, its issue does": (
        {
            "receipts": f"{RECEIPTS}\nR1,1,V,A,,SL1,60\n",
            "issues": f"{LINE}\nI1,1,W1,A,X1,60\n",
            "outputs": OUTPUT,
        },
        {"supplier_lot": "SL1"},
    ),
    "an order without issues has an output without amount": (
        {
            "bom": BOM,
            "receipts": f"{RECEIPTS}\nR1,1,V,A,S1,SL1,60\n",
            "outputs": f"{LINE}\nF1,1,W1,P,P1,\n",
        },
        {"lots": ("A/S1",)},
    ),
    "opening stock of the supplier without his number": (
        {
            "opening_stock": "item_code,lot_no,quantity,supplier_code,supplier_lot_no\n"
            "A,S2,50,V,\n",
            "receipts": f"{RECEIPTS}\nR1,1,V,A,S9,SL9,60\n",
            "issues": f"{LINE}\nI1,1,W1,A,S2,60\n",
            "outputs": OUTPUT,
        },
        {"supplier": "V"},
    ),
    "one line of a document was reversed, not the other": (
        {
            "issues": f"{LINE},reversed_doc_no\nI1,1,W1,A,S1,60,\nI1,2,W1,A,S2,40,\n"
            "I9,1,W1,A,S2,40,I1\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
    ),
    "a reversal was itself reversed": (
        {
            "issues": f"{LINE},reversed_doc_no\nI1,1,W1,A,S1,60,\nI9,1,W1,A,S1,60,I1\n"
            "I10,1,W1,A,S1,60,I9\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
    ),
    "a reversal is a draft": (
        {
            "issues": f"{LINE},reversed_doc_no,doc_status\nI1,1,W1,A,S1,60,,posted\n"
            "I9,1,W1,A,S1,60,I1,draft\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
    ),
}


@pytest.mark.parametrize("case", NOT_CERTAIN)
def test_a_world_without_it_leaves_a_lot_possible(case: str, tmp_path: Path) -> None:
    sheets, asked = NOT_CERTAIN[case]
    assert tiers(tmp_path, sheets, **asked)["P1"] == "possible"


@pytest.mark.parametrize("case", POSSIBLE)
def test_missing_data_keeps_a_lot_in(case: str, tmp_path: Path) -> None:
    sheets, asked = POSSIBLE[case]
    assert tiers(tmp_path, sheets, **asked)["P1"] in ("possible", "certain")


def test_a_whole_document_reversed_is_out(tmp_path: Path) -> None:
    sheets = {
        "issues": f"{LINE},reversed_doc_no\nI1,1,W1,A,S1,60,\nI9,1,W1,A,S1,60,I1\n",
        "outputs": OUTPUT,
        "receipts": f"{RECEIPTS}\nR1,1,V,A,S1,SL1,60\n",
    }
    assert "P1" not in tiers(tmp_path, sheets, lots=("A/S1",))


@pytest.mark.parametrize("asked", [{"operation": "W1"}, {"machine": "L1"}, {"site": "HALL"}])
def test_what_a_place_or_order_made_is_suspect(asked: dict[str, str], tmp_path: Path) -> None:
    sheets = {
        "sites": "site_code,site_kind,parent_site\nHALL,plant,\nL1,line,HALL\nL2,line,HALL\n",
        "work_orders": "work_order_no,item_code,order_status,line\nW1,P,closed,L1\n",
        "issues": f"{LINE}\nI1,1,W1,A,S1,60\n",
        "outputs": OUTPUT,
    }
    assert tiers(tmp_path, sheets, **asked)["P1"] == "certain"
