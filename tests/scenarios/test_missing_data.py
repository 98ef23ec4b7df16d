"""Missing data never makes a set smaller, and nothing is certain that a world leaves open.

Each case is a small plant that names as little as the point needs: order W1 is closed unless said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.trials import MATERIAL
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
    scope = compute(facts, lineage, Suspects(**asked), hazard=MATERIAL)
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
    "a lot under another code of the component may have met the need": (
        {
            "aliases": "alias_kind,alias,code\nitem,A-old,A\n",
            "bom": BOM,
            "issues": f"{LINE}\nI1,1,W1,A,S1,100\nI1,2,W1,A-old,S2,100\n",
            "outputs": f"{OUTPUT}F1,2,W1,P,P2,100\n",
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
    "mixed stock is of the item, not of the code": (
        {
            "aliases": "alias_kind,alias,code\nitem,A-old,A\n",
            "receipts": f"{RECEIPTS}\nR1,1,V,A,S1,SL1,60\n",
            "issues": f"{LINE}\nI1,1,W1,A-old,,60\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
    ),
    "two codes are aliases of a third that has no lots": (
        {
            "aliases": "alias_kind,alias,code\nitem,A-old,A\nitem,A-new,A\n",
            "receipts": f"{RECEIPTS}\nR1,1,V,A-old,S1,SL1,60\n",
            "issues": f"{LINE}\nI1,1,W1,A-new,S1,60\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A-old/S1",)},
    ),
    "an alias of an alias": (
        {
            "aliases": "alias_kind,alias,code\nitem,A-old,A\nitem,A,A-new\n",
            "receipts": f"{RECEIPTS}\nR1,1,V,A-old,S1,SL1,60\n",
            "issues": f"{LINE}\nI1,1,W1,A-new,,60\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A-old/S1",)},
    ),
    "a company has two codes": (
        {
            "aliases": "alias_kind,alias,code\ncompany,OLD,PLANT\n",
            "receipts": f"{RECEIPTS},org\nR1,1,V,A,S1,SL1,60,OLD\n",
            "issues": f"{LINE}\nI1,1,W1,A,S1,60\n",
            "outputs": OUTPUT,
        },
        {"supplier_lot": "SL1"},
    ),
    "an order gives back mixed stock without a lot": (
        {
            "receipts": f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,WH\nR2,1,V,A,S2,SL2,60,WB\n",
            "issues": f"{LINE},from_place\nI1,1,W2,A,,60,WH\nI2,1,W1,A,,60,WB\n",
            "returns": f"{LINE},to_place\nT1,1,W2,A,,60,WB\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
    ),
    "mixed stock was given back twice": (
        {
            "work_orders": f"{ORDERS}W3,P,closed\n",
            "receipts": f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,WH\nR2,1,V,A,S2,SL2,60,WB\n"
            "R3,1,V,A,S3,SL3,60,WC\n",
            "issues": f"{LINE},from_place\nI1,1,W3,A,,60,WH\nI2,1,W2,A,,60,WB\nI3,1,W1,A,,60,WC\n",
            "returns": f"{LINE},to_place\nT1,1,W3,A,,60,WB\nT2,1,W2,A,,60,WC\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
    ),
    "the lot of a return is a guess": (
        {
            "receipts": f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,WH\nR2,1,V,A,S2,SL2,60,WB\n",
            "issues": f"{LINE},from_place\nI1,1,W2,A,S1,60,WH\nI2,1,W1,A,,60,WB\n",
            "returns": f"{LINE},to_place,lot_source\nT1,1,W2,A,S2,60,WB,system_proposed\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
    ),
    "our side of the receipt has no lot": (
        {
            "receipts": f"{RECEIPTS},to_place\nR1,1,V,A,,SL1,60,WH\nR2,1,V,A,S2,SL2,60,WH\n",
            "issues": f"{LINE},from_place\nI1,1,W1,A,,60,WH\n",
            "outputs": OUTPUT,
        },
        {"supplier_lot": "SL1"},
    ),
    "a place is inside another": (
        {
            "sites": "site_code,site_kind,parent_site\nHALL,plant,\nWH,warehouse,HALL\n",
            "receipts": f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,HALL\nR2,1,V,A,S2,SL2,60,WH\n",
            "issues": f"{LINE},from_place\nI1,1,W1,A,,60,WH\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
    ),
    "an issue names neither item nor lot": (
        {
            "bom": BOM,
            "receipts": f"{RECEIPTS}\nR1,1,V,A,S1,SL1,60\n",
            "issues": f"{LINE}\nI1,1,W1,,,60\n",
            "outputs": OUTPUT,
        },
        {"lots": ("A/S1",)},
    ),
    "only an exact pair names the output": (
        {
            "receipts": f"{RECEIPTS}\nR1,1,V,A,S1,SL1,60\n",
            "issues": f"{LINE},output_lot_no\nI1,1,W1,A,S1,60,\nI1,2,W1,A,S2,60,P1\n",
        },
        {"lots": ("A/S1",)},
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


def test_a_supplier_lot_is_in_our_stock_as_our_own_lot_only(tmp_path: Path) -> None:
    sheets = {
        "receipts": f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,WH\nR2,1,V,A,S2,SL2,60,WB\n",
        "issues": f"{LINE},from_place\nI1,1,W1,A,,60,WB\n",
        "outputs": OUTPUT,
    }
    assert "P1" not in tiers(tmp_path, sheets, supplier_lot="SL1")
    assert tiers(tmp_path, sheets, supplier_lot="SL2")["P1"] == "possible"


def test_a_supplier_lot_reaches_what_took_from_the_place_of_our_own_lot(tmp_path: Path) -> None:
    sheets = {
        "receipts": f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,WH\n",
        "issues": f"{LINE},from_place\nI1,1,W1,A,,60,WH\n",
        "outputs": OUTPUT,
    }
    assert tiers(tmp_path, sheets, supplier_lot="SL1")["P1"] == "possible"


def test_goods_given_back_elsewhere_do_not_reach_this_place(tmp_path: Path) -> None:
    sheets = {
        "items": "item_code,uom\nA,kg\n",
        "receipts": f"{RECEIPTS},to_place\nR1,1,V,A,S1,SL1,60,WH\nR2,1,V,A,S2,SL2,60,WB\n"
        "R3,1,V,A,S3,SL3,60,WC\n",
        "issues": f"{LINE},from_place\nI1,1,W2,A,,60,WH\nI2,1,W1,A,,60,WC\n",
        "returns": f"{LINE},to_place\nT1,1,W2,A,,60,WB\n",
        "outputs": OUTPUT,
    }
    assert "P1" not in tiers(tmp_path, sheets, lots=("A/S1",))
