"""Spread: amounts are conserved, follow the records, and say what is not drawn."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from graph_model import network
from graph_model.lineage import Lineage
from loaders import intake
from loaders.demo_plant import write_plant
from queries.recall.roots import Suspects
from queries.recall.scope import compute
from queries.recall.spread import LOSS, STOCK, Spread, spread
from tests.facts import fold

LINE = "doc_no,doc_line_no,work_order_no,item_code,lot_no,quantity,uom"
SHEETS = {
    "items": "item_code,item_type,uom\nA,raw,kg\nM,semi_finished,kg\nP,finished,EA\n",
    "work_orders": "work_order_no,item_code,order_status\nW1,M,closed\nW2,P,closed\n",
    "receipts": "doc_no,doc_line_no,supplier_code,item_code,lot_no,supplier_lot_no,quantity,uom\n"
    "R1,1,V,A,S1,SL1,100,kg\n",
    "issues": f"{LINE}\nI1,1,W1,A,S1,75,kg\nI2,1,W2,M,M1,50,kg\n",
    "outputs": f"{LINE}\nF1,1,W1,M,M1,60,kg\nF2,1,W1,M,M2,15,kg\nF3,1,W2,P,P1,300,EA\n",
    "shipments": "doc_no,doc_line_no,delivery_no,customer_code,item_code,lot_no,quantity,uom\n"
    "D1,1,D1,C1,P,P1,200,EA\nD2,1,D2,C2,P,P1,100,EA\n",
    "stock": "place,item_code,lot_no,quantity,uom\nWH,A,S1,25,kg\nWH,M,M1,10,kg\nWH,M,M2,15,kg\n",
}


def of(folder: Path, lot: str) -> Spread:
    """The spread of one lot."""
    for name, content in SHEETS.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    facts = fold(intake.read(folder, "plant").tables)
    lineage = Lineage.of(network.build(facts))
    return spread(compute(facts, lineage, Suspects(lots=(lot,))))


def into(found: Spread, name: str) -> float:
    """Amount that comes to a node."""
    return float(found.links.filter(pl.col("to_name") == name)["amount"].sum())


def test_material_is_followed_in_the_suppliers_unit_through_pieces_to_customers(
    tmp_path: Path,
) -> None:
    found = of(tmp_path, "V/A/SL1")
    assert (found.unit, found.total) == ("kg", 100.0)
    assert into(found, "PLANT/A/S1") == pytest.approx(100)
    assert into(found, "PLANT/M") == pytest.approx(75)
    assert into(found, "PLANT/P") == pytest.approx(60 * 50 / 60)
    assert into(found, "C1") == pytest.approx(50 * 2 / 3)
    stock = found.links.filter(pl.col("to_kind") == STOCK)["amount"].sum()
    assert stock == pytest.approx(25 + 10 + 15)


def test_columns_run_from_the_suspect_lot_to_the_customers(tmp_path: Path) -> None:
    rows = of(tmp_path, "V/A/SL1").links
    assert (rows["to_column"] > rows["from_column"]).all()
    assert rows.filter(pl.col("to_kind") == "customer")["to_column"].unique().to_list() == [4]


@pytest.mark.parametrize("seed", range(3))
def test_what_ends_somewhere_is_never_more_than_what_started(tmp_path: Path, seed: int) -> None:
    plant = write_plant(tmp_path / "plant", 300, seed)
    facts = fold(intake.read(tmp_path / "plant", "plant").tables)
    lineage = Lineage.of(network.build(facts))
    asked = Suspects(supplier=plant.incident.supplier, supplier_lot=plant.incident.supplier_lot_no)
    found = spread(compute(facts, lineage, asked))
    ended = found.links.filter(pl.col("to_column") == 4)["amount"].sum()
    assert 0 < ended <= found.total * (1 + 1e-6)
    assert (found.links["amount"] >= 0).all()
    assert LOSS not in found.links["from_kind"]


def test_roots_without_amounts_count_one_each(tmp_path: Path) -> None:
    receipts = SHEETS["receipts"].replace("100,kg", ",")
    found = _with(tmp_path, "PLANT/A/S1", receipts=receipts, stock="", issues=f"{LINE}\n"
                  "I1,1,W1,A,S1,,kg\nI2,1,W2,M,M1,50,kg\n")  # fmt: skip
    assert (found.unit, found.total) == (None, 1.0)
    assert into(found, "PLANT/M") == pytest.approx(1.0)


def _with(folder: Path, lot: str, **changed: str) -> Spread:
    for name, content in (SHEETS | changed).items():
        if content:
            (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    facts = fold(intake.read(folder, "plant").tables)
    lineage = Lineage.of(network.build(facts))
    return spread(compute(facts, lineage, Suspects(lots=(lot,))))
