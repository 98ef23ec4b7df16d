"""From complaints to the common input, its scope, and what else is out there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from graph_model import network
from graph_model.lineage import Lineage
from loaders import intake
from queries.recall.pivot import effects, elsewhere, pivot, to_dict
from queries.recall.roots import Suspects
from queries.recall.scope import compute
from tests.facts import fold
from tests.unit.inference_case import loaded
from tests.unit.test_cli import lotgraph
from tests.unit.test_inference_cli import NET


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One farm's flour in both deliveries of the mill, a quarry's salt in one of them."""
    NET.load(tmp_path / "net")
    return tmp_path / "net"


def test_what_both_complaints_share_stands_first(folder: Path) -> None:
    facts, lineage = loaded(folder)
    asked = [("shop", Suspects(customer="shop")), ("inn", Suspects(customer="inn"))]
    found = pivot(facts, lineage, asked)
    rows = to_dict(found)["inputs"]
    assert {row["sublot"]: row["explains"] for row in rows} == {"-1": 2, "-2": 1, "-3": 1, "-4": 1}
    assert rows[0]["sublot"] == "-1"
    for row in found.inputs.iter_rows(named=True):
        reached = lineage.forward(np.array([row["lot"]])).lots
        assert row["reaches"] == int(lineage.recorded[reached].sum())


def test_what_else_is_out_there_leaves_out_what_was_complained_about(folder: Path) -> None:
    facts, lineage = loaded(folder)
    found = pivot(facts, lineage, [("shop", Suspects(customer="shop"))])
    scope = compute(facts, lineage, Suspects(lots=("#-1",)))
    others = {row["customer"]: row["lots"] for row in elsewhere(found, scope)}
    assert not any("shop" in customer for customer in others)
    assert any("inn" in customer for customer in others)


def test_the_command_line_goes_from_cases_to_the_scope(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert lotgraph(data, "load", str(folder), "--as", "foodchainlab").returncode == 0
    done = lotgraph(data, "pivot", "--customer", "shop", "--choose", "#-1", "--json")
    assert done.returncode == 0, done.stderr
    whole = json.loads(done.stdout)
    assert whole["scope"]["roots"]["match"]
    assert whole["elsewhere"]
    assert lotgraph(data, "pivot").returncode == 2


def test_who_got_goods_without_a_number_is_elsewhere(tmp_path: Path) -> None:
    sheets = {
        "receipts": "supplier_code,item_code,lot_no\nV,A,S1\n",
        "shipments": "delivery_no,customer_code,item_code,lot_no\nD1,C1,A,S1\nD2,C2,A,\n",
    }
    for name, content in sheets.items():
        (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
    facts = fold(intake.read(tmp_path, "plant").tables)
    lineage = Lineage.of(network.build(facts))
    found = pivot(facts, lineage, effects(lot=("A/S1",)))
    scope = compute(facts, lineage, Suspects(lots=("A/S1",)))
    assert [row["customer"] for row in elsewhere(found, scope)] == ["C2"]
