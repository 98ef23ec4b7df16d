"""Holding a scope on a small plant: the whole set at once, by place, with two people to release."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import holding, incidents
from api.incidents import Actor
from graph_model.errors import Ambiguous, BadInput, NotFound
from graph_model.plant import Plant
from graph_model.schema import KINDS
from graph_model.settings import Settings
from queries.incidents import freeze_lists, holds
from queries.incidents.cases import find
from queries.recall.roots import Suspects
from tests.unit.test_cli import FOLDER
from tests.unit.test_incidents import CUSTOMERS, MEI, loaded, opened

LIN = Actor("Lin", "head of quality", "tests clean")
SITES = "site_code,site_name,site_kind,parent_site\nWH,Store,warehouse,\nA10,,bin,WH\nA9,,bin,WH\n"
STOCK = (
    "warehouse,item_code,lot_no,on_hand_qty,uom,business_date\nA10,CAKE,C2,20,pcs,2026-01-06\n"
    "A9,CAKE,C2,10,pcs,2026-01-06\nWH,FLOUR,F2,50,kg,2026-01-06\n"
)


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """A plant of which C2 lies in two bins, and F2 in the store."""
    with Plant(Settings(data=tmp_path / "data")) as plant:
        sheets = {**FOLDER, "customers": CUSTOMERS, "sites": SITES, "stock": STOCK}
        loaded(plant, tmp_path / "sheets", sheets)
        yield plant


def lines(plant: Plant, number: str) -> list[holds.Line]:
    """The hold list."""
    return holds.lines(plant.facts(), find(plant.facts(), number)["key"])


def test_one_act_holds_the_whole_scope_in_walking_order(plant: Plant) -> None:
    number = opened(plant)
    made = holding.hold_all(plant, MEI, number)
    assert made["lots"] == made["held"] == 3
    own = lines(plant, number)
    stocked = [(line.path[-1], line.lot_no, line.held.expected) for line in own
               if line.hold["place"] == "on_hand"]  # fmt: skip
    assert [one for one in stocked if one[1] == "C2"] == [("A9", "C2", 10), ("A10", "C2", 20)]
    assert {line.lot_no for line in own} == {"F2", "D2", "C2"}
    assert not holds.unheld(plant.facts(), find(plant.facts(), number)["key"])


def test_open_orders_are_on_the_list_until_they_are_closed(tmp_path: Path) -> None:
    """An order that is still open can take and make more: it is stopped by its own document."""
    orders = FOLDER["work_orders"].replace("W1,DOUGH,closed", "W1,DOUGH,released")
    with Plant(Settings(data=tmp_path / "data")) as plant:
        loaded(plant, tmp_path / "sheets", {**FOLDER, "work_orders": orders})
        asked = incidents.Opening(asked=Suspects(lots=("F1",)), title="metal")
        number = incidents.open_incident(plant, MEI, asked)["number"]
        key = find(plant.facts(), number)["key"]
        holding.hold_all(plant, MEI, number)
        (one,) = holds.orders(plant.facts(), plant.lineage(), key)
        assert (one["document"], one["tier"], one["stopped"]) == ("W1", "certain", [])
        assert [(lot["lot_no"], lot["quantity"], lot["uom"]) for lot in one["lots"]] == [
            ("F1", 50, "kg")
        ]
        with pytest.raises(BadInput):
            holding.stop(plant, MEI, number, "ST-1", ["W2"])
        assert holding.stop(plant, MEI, number, "ST-1", ["W1"]) == 1
        (one,) = holds.orders(plant.facts(), plant.lineage(), key)
        assert one["stopped"] == ["ST-1"]
        # Stopping an order blocks no hold of what it took and made.
        assert not any(line.held.blocked for line in holds.lines(plant.facts(), key))
        loaded(plant, tmp_path / "later", {"work_orders": FOLDER["work_orders"]})
        assert holds.orders(plant.facts(), plant.lineage(), key) == []


def test_holding_again_adds_only_what_is_new(plant: Plant, tmp_path: Path) -> None:
    number = opened(plant)
    holding.hold_all(plant, MEI, number)
    before = len(lines(plant, number))
    assert holding.hold_all(plant, MEI, number)["places"] == 0
    # Ten pieces moved to another bin: they are looked for there, and expected only once.
    loaded(plant, tmp_path / "later", {"stock": STOCK.splitlines()[0]
                                       + "\nB1,CAKE,C2,10,pcs,2026-01-07\n"})  # fmt: skip
    expected = {key: held.expected for key, held in holds.states(
        plant.facts(), find(plant.facts(), number)["key"]).items()}  # fmt: skip
    holding.hold_all(plant, MEI, number)
    after = lines(plant, number)
    assert len(after) == before + 1
    assert all(line.held.expected == expected.get(line.hold["key"], line.held.expected)
               for line in after)  # fmt: skip


def test_what_is_found_and_missing_adds_up(plant: Plant) -> None:
    number = opened(plant)
    holding.hold_all(plant, MEI, number)
    with pytest.raises(Ambiguous):
        holding.line_of(plant, number, "C2")
    line = holding.line_of(plant, number, "C2", "A10")
    holding.count(plant, MEI, number, line, 15, scanned=True)
    with pytest.raises(BadInput):
        holding.dispose(plant, MEI, number, line, 16, "scrap")
    holding.dispose(plant, MEI, number, line, 5, "scrap")
    now = holding.line_of(plant, number, line.hold["key"])
    assert (now.held.missing, now.held.in_hand, now.held.scanned) == (5, 10, 15)
    sums = holds.sums(lines(plant, number))["pcs"]
    assert sums["expected"] == sums["found"] + sums["missing"] == 30
    with pytest.raises(BadInput):
        holding.count(plant, MEI, number, line, 4, recount=True)


def test_goods_found_at_the_other_place_of_a_lot_are_not_missing(plant: Plant) -> None:
    number = opened(plant)
    holding.hold_all(plant, MEI, number)
    for site, amount in (("A9", 0), ("A10", 30)):
        holding.count(plant, MEI, number, holding.line_of(plant, number, "C2", site), amount)
    sums = holds.sums(lines(plant, number))["pcs"]
    assert (sums["missing"], sums["surplus"]) == (0, 0)


def test_a_release_needs_two_people_and_frees_nothing_made_of_the_lot(plant: Plant) -> None:
    number = opened(plant)
    holding.hold_all(plant, MEI, number)
    line = holding.line_of(plant, number, "F2")
    holding.count(plant, MEI, number, line, 50)
    key = holding.release(plant, MEI, number, line, 50)
    for same in (MEI, Actor("ＭＥＩ ", "other role", "me again")):
        with pytest.raises(BadInput):
            holding.judge(plant, same, number, key, approve=True)
    assert holding.line_of(plant, number, "F2").held.in_hand == 50
    holding.judge(plant, LIN, number, key, approve=True)
    assert holding.line_of(plant, number, "F2").held.in_hand == 0
    assert incidents.freeze(plant, MEI, number)["certain"] == 3
    assert {one.lot_no for one in lines(plant, number)} == {"F2", "D2", "C2"}
    with pytest.raises(BadInput):
        holding.judge(plant, LIN, number, key, approve=True)


def test_a_wrong_count_can_be_withdrawn_unless_it_was_disposed_of(plant: Plant) -> None:
    number = opened(plant)
    holding.hold_all(plant, MEI, number)
    line = holding.line_of(plant, number, "F2")
    wrong = holding.count(plant, MEI, number, line, 500)
    holding.withdraw(plant, MEI, number, wrong)
    assert not holding.line_of(plant, number, "F2").held.searched
    right = holding.count(plant, MEI, number, line, 50)
    holding.dispose(plant, MEI, number, line, 50, "scrap")
    with pytest.raises(BadInput):
        holding.withdraw(plant, MEI, number, right)


def test_a_mock_recall_holds_nothing(plant: Plant) -> None:
    number = opened(plant, kind="mock_recall")
    with pytest.raises(BadInput):
        holding.hold_all(plant, MEI, number)
    assert plant.facts()[KINDS["Hold"]].is_empty()
    assert incidents.freeze(plant, MEI, number)["certain"] == 3


@pytest.mark.parametrize("form", freeze_lists.FORMS)
def test_a_freeze_list_has_every_hold(plant: Plant, form: str) -> None:
    number = opened(plant)
    holding.hold_all(plant, MEI, number)
    rows = freeze_lists.rows(lines(plant, number), form, number)
    assert len(rows) == len(lines(plant, number))
    assert {"C2", "F2"} <= set(itertools.chain.from_iterable(row.values() for row in rows))
    with pytest.raises(BadInput):
        freeze_lists.rows([], "sap", number)


def test_blocks_name_their_document(plant: Plant) -> None:
    number = opened(plant)
    holding.hold_all(plant, MEI, number)
    line = holding.line_of(plant, number, "F2")
    assert holding.block(plant, MEI, number, "ZT-1", [line.hold["key"]]) == 1
    assert holding.line_of(plant, number, "F2").state == "blocked"
    assert holding.block(plant, MEI, number, "ZT-2") == len(lines(plant, number))
    with pytest.raises(BadInput):
        holding.block(plant, MEI, number, " ")
    with pytest.raises(NotFound):
        holding.line_of(plant, number, "F1")


def test_a_count_that_waited_on_a_phone_does_not_replace_a_newer_one(plant: Plant) -> None:
    number = opened(plant)
    holding.hold_all(plant, MEI, number)
    line = next(one for one in lines(plant, number) if one.path[-1:] == ("A10",))
    holding.count(plant, MEI, number, line, 18, recount=True)  # now
    holding.count(plant, LIN, number, line, 3, recount=True, ago=600)  # ten minutes ago
    holding.dispose(plant, MEI, number, line, 18, "scrap")
    holding.count(plant, LIN, number, line, 0, recount=True, ago=900)  # would be below, but is old
    held = next(one for one in lines(plant, number) if one.hold["key"] == line.hold["key"]).held
    assert (held.found, held.in_hand) == (18, 0)
    with pytest.raises(BadInput):
        holding.count(plant, LIN, number, line, 0, recount=True)
