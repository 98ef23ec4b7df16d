"""Can we go on making: clean stock, days of cover, what is to come, alternates, short orders."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graph_model import network
from graph_model.errors import NotFound
from graph_model.lineage import Lineage
from graph_model.network import Facts
from loaders import intake
from queries import scorecard
from queries.purchasing import Cover, cover, open_orders
from queries.recall.exposure import exposure
from tests.facts import fold
from tests.unit.test_cli import lotgraph

SHEETS = {
    "items": "item_code,uom\nA,kg\nB,kg\nP,kg\n",
    "bom": "parent_item_code,item_code,quantity,uom,alternate_group\nP,A,0.5,kg,G\nP,B,0.5,kg,G\n",
    "receipts": "doc_no,doc_line_no,supplier_code,item_code,lot_no,supplier_lot_no,quantity,uom,"
    "purchase_order_no,event_time\n"
    "R1,1,V,A,S1,SL1,60,kg,PO1,2026-01-01 08:00\n"
    "R2,1,W,A,S2,SL2,60,kg,PO2,2026-01-05 08:00\n",
    "work_orders": "work_order_no,item_code,order_status,planned_qty,reported_qty,uom,released_at\n"
    "W1,P,closed,40,40,kg,2026-01-02 08:00\n"
    "W2,P,open,100,0,kg,2026-01-12 08:00\n"
    "W3,P,open,200,100,kg,2026-01-13 08:00\n",
    "issues": "doc_no,doc_line_no,work_order_no,item_code,lot_no,quantity,uom,event_time\n"
    "I1,1,W1,A,S1,20,kg,2026-01-11 08:00\n",
    "outputs": "doc_no,doc_line_no,work_order_no,item_code,lot_no,quantity,uom,event_time\n"
    "F1,1,W1,P,P1,40,kg,2026-01-11 08:00\n",
    "stock": "place,item_code,lot_no,quantity,uom\nWH,A,S1,40,kg\nWH,A,S2,60,kg\nWH,A,,7,kg\n",
    "purchase_orders": "purchase_order_no,purchase_line_no,supplier_code,item_code,quantity,uom,"
    "promised_date,purchase_status\n"
    "PO1,1,V,A,60,kg,2025-12-30,open\n"
    "PO2,1,W,A,50,kg,2026-01-05,open\n"
    "PO2,2,W,A,50,kg,2026-02-05,open\n"
    "PO3,1,V,A,500,kg,2026-02-01,已审核\n"
    "PO4,1,X,A,500,kg,2026-02-01,作废\n",
    "approved_suppliers": "supplier_code,item_code,approval\nX,A,blocked\nV,A,批准\n",
}


def data(folder: Path, **changed: str) -> tuple[Facts, Lineage]:
    """Facts and arrays of the sheets; an empty text leaves a sheet out."""
    for name, content in (SHEETS | changed).items():
        if content:
            (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    facts = fold(intake.read(folder, "plant").tables)
    return facts, Lineage.of(network.build(facts))


def item(found: Cover, key: str = "PLANT/A") -> dict[str, Any]:
    """The row of an item."""
    return found.items.row(by_predicate=pl.col("item") == key, named=True)


def test_clean_stock_leaves_out_what_cannot_be_told_apart(tmp_path: Path) -> None:
    row = item(cover(*data(tmp_path), "V"))
    assert (row["suspect"], row["clean"], row["unclear"], row["on_hand"]) == (40, 60, 7, 107)
    assert row["daily_use"] == pytest.approx(20 / 10, rel=1e-3)  # times are known to the minute
    assert row["days"] == pytest.approx(30, rel=1e-3)


def test_what_left_without_a_lot_may_have_been_of_any(tmp_path: Path) -> None:
    issues = "doc_no,doc_line_no,work_order_no,item_code,lot_no,quantity,uom\n"
    for amount, clean in (("25", 35), ("", 0)):
        folder = tmp_path / (amount or "unknown")
        folder.mkdir()
        line = f"I9,1,W1,A,,{amount},kg\n"
        row = item(cover(*data(folder, stock="", issues=issues + line), "V"))
        assert (row["clean"], row["unclear"]) == (clean, 60 - clean)


def test_only_the_suspect_lots_are_when_they_are_named(tmp_path: Path) -> None:
    facts, lineage = data(tmp_path)
    none = cover(facts, lineage, "V", lineage.number([]))
    assert (item(none)["suspect"], item(none)["clean"]) == (0, 100)


def test_what_was_received_fills_lines_in_the_order_they_are_promised(tmp_path: Path) -> None:
    rows = open_orders(*data(tmp_path))
    left = {
        (row["purchase_order_no"], row["purchase_line_no"]): row["open"]
        for row in rows.iter_rows(named=True)
    }
    assert left == {("PO2", "2"): 40.0, ("PO3", "1"): 500.0}


def test_what_is_to_come_of_the_suspect_supplier_stands_apart(tmp_path: Path) -> None:
    row = item(cover(*data(tmp_path), "V"))
    assert (row["on_order"], row["on_order_suspect"]) == (40, 500)
    assert datetime.fromtimestamp(row["next_at"] / 1e6, UTC).month == 2


def test_alternates_are_the_approved_then_who_delivered_then_the_blocked(tmp_path: Path) -> None:
    found = cover(*data(tmp_path), "V")
    assert found.alternates.select("supplier", "approval").rows() == [
        ("W", "delivered"), ("X", "blocked"),
    ]  # fmt: skip
    assert found.instead.rows() == [("PLANT/A", "PLANT/B", "PLANT/P")]


def test_open_orders_take_in_the_order_of_their_release(tmp_path: Path) -> None:
    found = cover(*data(tmp_path), "V")
    # 60 kg clean: W2 needs 50, W3 the half that is not made yet, 50, of which 10 are left.
    assert found.replan.select("work_order", "need", "left").rows() == [("W3", 50.0, 10.0)]


def test_what_is_not_loaded_is_said_and_not_taken_for_nothing(tmp_path: Path) -> None:
    found = cover(*data(tmp_path, purchase_orders="", approved_suppliers="", issues=""), "V")
    kinds = {entry.kind for entry in found.missing}
    assert kinds == {"stock_unclear", "no_use", "no_purchase_orders", "no_approvals"}
    assert item(found)["days"] is None
    with pytest.raises(NotFound):
        cover(*data(tmp_path), "NOBODY")


def test_lateness_is_judged_by_the_day_promised(tmp_path: Path) -> None:
    facts, lineage = data(tmp_path)
    rows = scorecard.scorecard(facts, lineage, exposure(facts, lineage))
    late = dict(rows.select("supplier", "late_days").iter_rows())
    # Promised by the end of 30 December, received on 1 January at 8 o'clock (both in Shanghai).
    assert late["V"] == pytest.approx(1 + 8 / 24, abs=0.001)
    assert late["W"] == 0


def test_the_command_prints_both_languages_and_json(tmp_path: Path) -> None:
    data(tmp_path)
    store = tmp_path / "store"
    assert lotgraph(store, "load", str(tmp_path)).returncode == 0
    done = lotgraph(store, "cover", "--supplier", "V", "--json")
    assert json.loads(done.stdout)["items"][0]["days"] == 30
    assert "可用天数" in lotgraph(store, "--lang", "zh", "cover", "--supplier", "V").stdout
    assert lotgraph(store, "cover", "--item", "A").returncode == 2
