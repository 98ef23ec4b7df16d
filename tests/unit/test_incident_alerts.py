"""What imports show about open incidents: growth, breaches, released lots reached again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api import holding, incidents, watching
from graph_model import projection
from graph_model.cases import Alert, FrozenScope
from graph_model.engines.base import State
from graph_model.errors import BadInput
from graph_model.plant import Plant
from graph_model.settings import Settings
from queries.incidents import alerts
from queries.recall.roots import Suspects
from tests.unit.test_cli import FOLDER
from tests.unit.test_incident_holds import LIN
from tests.unit.test_incidents import CUSTOMERS, MEI, loaded, opened

LATER = datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=1)
STAMP = LATER.strftime("%Y-%m-%d %H:%M")


def heading(sheet: str) -> str:
    """The first line of a sheet."""
    return FOLDER[sheet].splitlines()[0] + "\n"


SHIPPED = heading("shipments") + f"DN9,1,K1,{STAMP},scanner_clock,CAKE,C2,5,pcs,FG\n"
ISSUED = {
    "work_orders": "work_order_no,item_code,order_status\nW9,CAKE,closed\n",
    "issues": heading("issues") + f"I9,1,{STAMP},scanner_clock,scanned,W9,DOUGH,D2,10,kg,WH\n",
    "outputs": heading("outputs") + f"O9,1,{STAMP},scanner_clock,W9,CAKE,C9,20,pcs,FG\n",
}
SENT_BEFORE = heading("shipments") + "DN8,1,K1,2026-01-05 09:00,scanner_clock,CAKE,C2,5,pcs,FG\n"
TYPED = heading("shipments") + "DN7,1,K1,2026-01-05 09:00,manual,CAKE,C2,5,pcs,FG\n"
UNLOTTED = heading("shipments") + f"DN6,1,K1,{STAMP},scanner_clock,CAKE,,5,pcs,FG\n"


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """A plant with an incident about F2 of which everything is held."""
    with Plant(Settings(data=tmp_path / "data")) as plant:
        loaded(plant, tmp_path / "sheets", {**FOLDER, "customers": CUSTOMERS})
        yield plant


def held(plant: Plant) -> str:
    """An incident of which everything is held."""
    number = opened(plant)
    holding.hold_all(plant, MEI, number)
    return number


def brought(plant: Plant, folder: Path, sheets: dict[str, str]) -> list[dict[str, Any]]:
    """New alerts after an import."""
    loaded(plant, folder, sheets)
    return watching.rerun(plant)


def told(found: list[dict[str, Any]]) -> set[tuple[str, str | None, bool | None]]:
    """kind, lot and sure of alerts."""
    return {(one["kind"], one["lot"], one["sure"]) for one in found}


def test_an_import_that_changes_nothing_tells_nothing(plant: Plant, tmp_path: Path) -> None:
    held(plant)
    head = plant.ledger.head()
    assert watching.rerun(plant) == []
    assert plant.ledger.head() == head
    assert brought(plant, tmp_path / "again", FOLDER) == []


@pytest.mark.parametrize(
    ("sheets", "expected"),
    [
        ({"shipments": SHIPPED}, ("shipped", "PLANT/CAKE/C2", True)),
        (ISSUED, ("issued", "PLANT/DOUGH/D2", True)),
        ({"shipments": TYPED}, ("shipped", "PLANT/CAKE/C2", False)),
        ({"shipments": UNLOTTED}, ("unlotted", None, False)),
    ],
)
def test_a_held_lot_that_moves_is_told_once(
    plant: Plant, tmp_path: Path, sheets: dict[str, str], expected: tuple[str, str | None, bool]
) -> None:
    held(plant)
    found = brought(plant, tmp_path / "later", sheets)
    assert expected in told(found)
    assert watching.rerun(plant) == []
    assert brought(plant, tmp_path / "twice", sheets) == []


def test_what_surely_was_before_the_hold_is_no_breach(plant: Plant, tmp_path: Path) -> None:
    held(plant)
    found = brought(plant, tmp_path / "later", {"shipments": SENT_BEFORE})
    assert not [one for one in found if one["kind"] in alerts.BREACHES]


def test_growth_is_frozen_and_told_with_its_customers(plant: Plant, tmp_path: Path) -> None:
    held(plant)
    sheets = {**ISSUED, "shipments": SHIPPED.replace("C2,5", "C9,5")}
    found = brought(plant, tmp_path / "later", sheets)
    (grown,) = [one for one in found if one["kind"] == "grown"]
    assert grown["count"] == 1
    assert [one["record"].endswith("/K1") for one in found if one["kind"] == "party"] == [True]
    frozen = plant.facts()[FrozenScope].sort("as_of")
    assert frozen["cause"].to_list() == ["asked", "import"]
    assert frozen["certain"].to_list() == [3, 4]


def test_what_was_released_may_go_and_no_more(plant: Plant, tmp_path: Path) -> None:
    number = held(plant)
    line = holding.line_of(plant, number, "C2")
    holding.count(plant, MEI, number, line, 30)
    key = holding.release(plant, MEI, number, line, 5)
    holding.judge(plant, LIN, number, key, approve=True)
    assert not [one for one in brought(plant, tmp_path / "five", {"shipments": SHIPPED})
                if one["kind"] == "shipped"]  # fmt: skip
    more = SHIPPED.replace("DN9", "DN10")
    assert ("shipped", "PLANT/CAKE/C2", True) in told(
        brought(plant, tmp_path / "more", {"shipments": more})
    )


def test_a_released_lot_that_is_reached_again_is_told(plant: Plant) -> None:
    number = held(plant)
    incidents.suppose(plant, MEI, number, "the other", Suspects(lots=("F1",)), choose=True)
    incidents.freeze(plant, MEI, number)  # C2 is out of it
    line = holding.line_of(plant, number, "C2")
    holding.count(plant, MEI, number, line, 30)
    key = holding.release(plant, MEI, number, line, 30)
    holding.judge(plant, LIN, number, key, approve=True)
    incidents.choose(plant, MEI, number, "")
    found = watching.rerun(plant)
    assert ("released_reached", "PLANT/CAKE/C2", None) in told(found)
    assert watching.rerun(plant) == []


def test_a_mock_recall_grows_and_has_no_breaches(plant: Plant, tmp_path: Path) -> None:
    opened(plant, kind="mock_recall")
    found = brought(plant, tmp_path / "later", {**ISSUED, "shipments": SHIPPED})
    assert {one["kind"] for one in found} == {"grown", "party"}


def test_a_question_that_has_no_answer_any_more_is_told(plant: Plant) -> None:
    number = opened(plant)
    plant.ledger.undo(1, who="Mei", reason="wrong plant")
    assert [one["kind"] for one in watching.rerun(plant)] == ["unanswered"]
    assert watching.rerun(plant) == []
    incidents.close(plant, MEI, number)


def test_a_closed_incident_is_left_alone(plant: Plant, tmp_path: Path) -> None:
    incidents.close(plant, MEI, held(plant))
    assert brought(plant, tmp_path / "later", {"shipments": SHIPPED}) == []


def test_an_alert_that_was_seen_stays_in_the_ledger(plant: Plant, tmp_path: Path) -> None:
    held(plant)
    first = brought(plant, tmp_path / "later", {"shipments": SHIPPED})[0]
    watching.see(plant, MEI, first["alert"])
    facts = plant.facts()
    assert first["alert"] not in {one["alert"] for one in alerts.listing(facts)}
    assert first["alert"] in {one["alert"] for one in alerts.listing(facts, seen=True)}
    assert first["alert"] in facts[Alert]["key"]
    with pytest.raises(BadInput):
        watching.see(plant, MEI, "nothing")


def test_deeds_leave_arrays_and_graph_as_they_are(plant: Plant) -> None:
    number = opened(plant)
    plant.graph().close()
    network, lineage = plant.network(), plant.lineage()
    incidents.mark(plant, MEI, number, "started")
    assert plant.network() is network
    assert plant.lineage() is lineage
    with plant.graph() as graph:
        state = State(*plant.ledger.head(), projection.FORM, whole=True)
        assert graph.state() == state
        assert projection.graph_hash(graph) == projection.facts_hash(plant.network(), plant.facts())
    assert not plant.ledger.verify(plant.heads())
    plant.ledger.undo(1, who="Mei", reason="wrong plant")
    assert plant.network() is not network
