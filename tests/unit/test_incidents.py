"""Incidents on a small plant: opened, frozen, judged by their clocks, closed; nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api import incidents
from api.incidents import Actor, Opening
from bench.trials import MATERIAL
from graph_model.errors import BadInput, NotFound
from graph_model.plant import Plant
from graph_model.settings import Settings
from loaders import intake
from queries.incidents import cases as reading
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from tests.unit.test_cli import FOLDER

MEI = Actor("Mei", "QM", "notice of S1")
F2 = Suspects(lots=("F2",))
CUSTOMERS = "customer_code,customer_name,country\nK1,Kaiser,DE\nK2,Kong,CN\n"


def loaded(plant: Plant, folder: Path, sheets: dict[str, str]) -> None:
    """Appends sheets to the ledger as a batch."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in sheets.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    read = intake.read(folder, "plant", pseudonym=plant.ledger.records.pseudonym)
    plant.ledger.append(read.tables, source="plant", who="Mei", names=read.names)


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """The plant of the command line tests, with customers of two countries."""
    with Plant(Settings(data=tmp_path / "data")) as plant:
        loaded(plant, tmp_path / "sheets", {**FOLDER, "customers": CUSTOMERS})
        yield plant


def opened(plant: Plant, **values: object) -> str:
    """The number of a new incident about F2; its hazard goes only where material goes."""
    stated = {"hazard": MATERIAL, **values}
    opening = Opening(asked=F2, title="metal", **stated)  # type: ignore[arg-type]
    return str(incidents.open_incident(plant, MEI, opening)["number"])


def whole(plant: Plant, number: str) -> dict[str, Any]:
    """An incident as it is shown."""
    return reading.whole(plant.facts(), number, incidents.home(plant))


def test_an_incident_keeps_question_scope_and_clocks(plant: Plant) -> None:
    number = opened(plant, product_kind="food", recall_class="1",
                    hazard=Hazard(kind="dimension", agent="width"))  # fmt: skip
    found = whole(plant, number)
    assert found["asked"] == {"lots": ("PLANT/FLOUR/F2",)}
    (scope,) = found["scopes"]
    assert (scope["as_of"], scope["certain"], scope["possible"]) == (1, 3, 0)
    assert found["jurisdictions"] == ["CN"]  # only K2 got goods of it
    by_rule = {clock["rule"]: clock for clock in found["clocks"]}
    assert by_rule["cn-food-start-1"]["state"] == "running"
    assert by_rule["brcgs-trace"]["state"] == "met"
    assert "eu-food-withdraw" not in by_rule
    assert not plant.ledger.verify()


def test_numbers_are_given_in_turn_and_never_twice(plant: Plant) -> None:
    first, second = opened(plant), opened(plant)
    assert first != second
    with pytest.raises(BadInput):
        opened(plant, number=first)


def test_nothing_is_opened_without_a_lot_or_a_signature(plant: Plant) -> None:
    with pytest.raises(NotFound):
        incidents.open_incident(plant, MEI, Opening(asked=Suspects(lots=("F9",)), title="x"))
    for unsigned in (Actor("", "QM", "r"), Actor("Mei", "", "r"), Actor("Mei", "QM", " ")):
        with pytest.raises(BadInput):
            incidents.open_incident(plant, unsigned, Opening(asked=F2, title="x"))
    with pytest.raises(BadInput):
        opened(plant, kind="rumour")
    assert plant.ledger.head()[0] == 1


def test_a_stated_event_starts_and_stops_clocks(plant: Plant) -> None:
    number = opened(plant, product_kind="food", recall_class="1")
    incidents.mark(plant, MEI, number, "started")
    row = reading.find(plant.facts(), number)
    states = {
        c.rule.rule: c.state for c in reading.clocks(plant.facts(), row, incidents.home(plant))
    }
    assert states["cn-food-start-1"] == "met"
    assert states["cn-food-finish-1"] == "waiting"
    with pytest.raises(BadInput):
        incidents.mark(plant, MEI, number, "started", at=2**60)


def test_a_later_class_changes_the_clocks_and_the_deed_says_who(plant: Plant) -> None:
    number = opened(plant, product_kind="food")
    assert len([c for c in whole(plant, number)["clocks"] if "start" in c["rule"]]) == 3
    incidents.classify(plant, MEI, number, recall_class="2", jurisdictions=("US",))
    found = whole(plant, number)
    assert {c["rule"] for c in found["clocks"]} >= {"cn-food-start-2", "us-fsma-204"}
    assert "cn-food-start-1" not in {c["rule"] for c in found["clocks"]}
    assert [deed["kind"] for deed in found["deeds"]] == ["event", "classify"]
    assert found["title"] == "metal"


def test_a_chosen_hypothesis_is_what_the_next_scope_asks(plant: Plant) -> None:
    number = opened(plant)
    incidents.suppose(plant, MEI, number, "all flour", Suspects(item="FLOUR"), choose=True)
    line = incidents.freeze(plant, MEI, number)
    assert line["certain"] + line["possible"] == 8
    incidents.choose(plant, MEI, number, "")
    assert incidents.freeze(plant, MEI, number)["certain"] == 3
    with pytest.raises(BadInput):
        incidents.choose(plant, MEI, number, "moon")


def test_a_closed_incident_takes_no_deed_until_it_is_opened_again(plant: Plant) -> None:
    number = opened(plant)
    incidents.close(plant, MEI, number)
    assert not reading.listing(plant.facts(), incidents.home(plant), closed=False)
    with pytest.raises(BadInput):
        incidents.mark(plant, MEI, number, "finished")
    incidents.reopen(plant, MEI, number)
    incidents.mark(plant, MEI, number, "finished")
    kinds = [deed["kind"] for deed in whole(plant, number)["deeds"]]
    assert kinds == ["event", "close", "reopen", "event"]


def test_an_incident_of_goods_that_never_left_has_no_parties(tmp_path: Path) -> None:
    sheets = {name: content for name, content in FOLDER.items() if name != "shipments"}
    with Plant(Settings(data=tmp_path / "data")) as plant:
        loaded(plant, tmp_path / "sheets", sheets)
        number = opened(plant)
        (scope,) = whole(plant, number)["scopes"]
        assert (scope["certain"], scope["customers"]) == (3, 0)
        assert incidents.freeze(plant, MEI, number)["digest"] == scope["digest"]
