"""Goods that are told apart by serial number, beside a lot number or without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders import checks, intake
from tests.facts import fold
from tests.scenarios.test_refuted import LINE, MOVES, RECEIPTS, answer

CERTAIN, POSSIBLE, FREE = "certain", "possible", None
BOUGHT = f"{RECEIPTS}\nR1,1,V,C,S1,SL1,60\nR2,1,V,C,S2,SL2,60\n"
BOUGHT_PIECES = (
    "doc_no,doc_line_no,supplier_code,item_code,supplier_lot_no,批号,序列号\n"
    "R1,1,V,C,SL1,L1,N1\nR1,2,V,C,SL1,L1,N2\nR2,1,V,C,SL2,L1,N3\n"
)
ISSUED = f"{LINE}\nI1,1,W1,C,S1,1\nI2,1,W2,C,S2,1\n"
MADE = f"{LINE}\nF1,1,W1,P,L1,1\nF2,1,W2,P,L2,1\n"
MADE_PIECES = f"{LINE},序列号\nF1,1,W1,P,L1,1,U1\nF2,1,W2,P,L1,1,U3\n"
SENT = (
    "doc_no,doc_line_no,delivery_no,customer_code,item_code,SN\nD1,1,D1,C1,P,U1\nD2,1,D2,C3,P,U3\n"
)

Case = tuple[dict[str, str], dict[str, str | None], dict[str, str]]
CASES: dict[str, Case] = {
    "nothing but serial numbers": (
        {
            "receipts": BOUGHT_PIECES.replace("批号", "备注"),
            "issues": "doc_no,doc_line_no,work_order_no,item_code,序列号\n"
            "I1,1,W1,C,N1\nI2,1,W2,C,N3\n",
            "outputs": "doc_no,doc_line_no,work_order_no,item_code,产品SN\n"
            "F1,1,W1,P,U1\nF2,1,W2,P,U3\n",
            "shipments": SENT,
        },
        {"N1": CERTAIN, "N2": CERTAIN, "U1": CERTAIN, "N3": FREE, "U3": FREE},
        {"C1": "certain"},
    ),
    "lot and serial number from the receipt on": (
        {
            "receipts": BOUGHT_PIECES,
            "issues": "doc_no,doc_line_no,work_order_no,item_code,批号,序列号\n"
            "I1,1,W1,C,L1,N1\nI2,1,W2,C,L1,N3\n",
            "outputs": MADE,
        },
        {"L1#N1": CERTAIN, "L1#N3": FREE, "L1": CERTAIN, "L2": FREE},
        {},
    ),
    "made as pieces of a lot, moved with both numbers, shipped by the piece's own": (
        {
            "receipts": BOUGHT,
            "issues": ISSUED,
            "outputs": MADE_PIECES,
            "moves": f"{MOVES},序列号\nM1,1,P,L1,1,WH,WB,U1\nM1,2,P,L1,1,WH,WB,U3\n",
            "shipments": SENT,
        },
        {"L1#U1": CERTAIN, "U1": POSSIBLE, "L1#U3": FREE, "U3": FREE},
        {"C1": "possible"},
    ),
    "shipped by serial number, of which production wrote none": (
        {"receipts": BOUGHT, "issues": ISSUED, "outputs": MADE, "shipments": SENT},
        {"L1": CERTAIN, "L2": FREE, "U1": POSSIBLE, "U3": POSSIBLE},
        {"C1": "possible", "C3": "possible"},
    ),
    "made as pieces, shipped as a lot": (
        {
            "receipts": BOUGHT,
            "issues": ISSUED,
            "outputs": f"{LINE},序列号\nF1,1,W1,P,L1,1,U1\nF2,1,W2,P,L2,1,U3\n",
            "shipments": "doc_no,doc_line_no,delivery_no,customer_code,item_code,lot_no\n"
            "D1,1,D1,C1,P,L1\nD2,1,D2,C3,P,L2\n",
        },
        {"L1#U1": CERTAIN, "L2#U3": FREE},
        {"C1": "possible"},
    ),
    "a piece came back from its customer and was used again": (
        {
            "receipts": BOUGHT,
            "issues": f"{LINE},序列号\nI1,1,W1,C,S1,1,\nI2,1,W2,P,,1,U1\n",
            "outputs": f"{LINE},序列号\nF1,1,W1,P,L1,1,U1\nF2,1,W2,Q,L9,1,\n",
            "customer_returns": "doc_no,doc_line_no,customer_code,item_code,序列号\nB1,1,C1,P,U1\n",
        },
        {"L1#U1": CERTAIN, "L9": POSSIBLE},
        {},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_pieces_are_held_by_their_number(case: str, tmp_path: Path) -> None:
    sheets, expected, customers = CASES[case]
    scope = answer(tmp_path, sheets, supplier="V", supplier_lot="SL1")
    found = {
        lot["lot_no"] + ("#" + lot["sublot"] if lot["sublot"] else ""): lot["tier"]
        for lot in scope["lots"]
    }
    assert {lot: found.get(lot) for lot in expected} == expected
    assert {row["customer"]: row["tier"] for row in scope["customers"]} == customers
    assert "no_origin" not in {entry["kind"] for entry in scope["missing"]}


def test_a_piece_by_its_own_number_is_no_broken_chain(tmp_path: Path) -> None:
    sheets = {"receipts": BOUGHT, "issues": ISSUED, "outputs": MADE_PIECES, "shipments": SENT}
    for name, content in sheets.items():
        (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
    found = checks.run(fold(intake.read(tmp_path).tables), "PLANT")
    assert not [note for note in found if note.rule == "broken_chain"]


def test_who_answers_for_a_movement_is_its_person_and_a_mark_blocks_stock(tmp_path: Path) -> None:
    (tmp_path / "生产领料.csv").write_text(
        "工单号,物料编码,批号,责任人\nW1,A,A1,张三\n", encoding="utf-8"
    )
    (tmp_path / "库存.csv").write_text(
        "物料编码,批号,数量,冻结标志\nA,A1,5,是\nA,A2,5,否\n", encoding="utf-8"
    )
    taken = intake.read(tmp_path, pseudonym=lambda name: f"p-{name}")
    assert taken.tables["Consumed"]["person"].to_list() == ["p-张三"]
    stated = taken.tables["Stock"].sort("lot")["quality_status"]
    assert stated.to_list() == ["hold", None]
