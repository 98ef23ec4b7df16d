"""People are made unreadable without breaking the ledger, and are due when their time is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api import incidents, privacy
from api.incidents import Actor
from graph_model.errors import BadInput, NotFound
from graph_model.plant import Plant
from graph_model.settings import Settings
from loaders.entries import now
from queries import retention
from queries.incidents import cases as reading
from tests.unit.test_cli import FOLDER
from tests.unit.test_incident_notices import CUSTOMERS
from tests.unit.test_incidents import MEI, loaded, opened

DPO = Actor("Data Officer", "privacy", "asked by the person")
PEOPLE = "person_code,person_name\nE7,Wu Hong\n"
ISSUES = FOLDER["issues"].splitlines()
STAFFED = "\n".join([f"{ISSUES[0]},operator", *(f"{line},E7" for line in ISSUES[1:])]) + "\n"


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """A plant of which Wu Hong issued everything."""
    with Plant(Settings(data=tmp_path / "data")) as plant:
        sheets = {**FOLDER, "issues": STAFFED, "people": PEOPLE, "customers": CUSTOMERS}
        loaded(plant, tmp_path / "sheets", sheets)
        yield plant


def people(plant: Plant) -> list[dict[str, Any]]:
    """Everyone whom the ledger names."""
    return privacy.listing(plant.facts(), plant.ledger.records.names)


def names(plant: Plant) -> set[str | None]:
    """Every name that is kept."""
    return {one["name"] for one in people(plant)}


def test_a_person_is_erased_and_the_ledger_is_as_it_was(plant: Plant, tmp_path: Path) -> None:
    assert {"Wu Hong", "Wang +86 2"} <= names(plant)
    heads = [plant.ledger.head()]
    pseudonym = next(one["person"] for one in people(plant) if one["name"] == "Wu Hong")
    assert privacy.erase(plant, DPO, pseudonym) == pseudonym
    assert "Wu Hong" not in names(plant)
    assert plant.ledger.verify(heads) == []
    assert pseudonym in {one["person"] for one in people(plant)}
    with pytest.raises(NotFound):
        privacy.erase(plant, DPO, "Wu Hong")
    loaded(plant, tmp_path / "again", {"people": PEOPLE, "issues": STAFFED})
    assert "Wu Hong" not in names(plant)
    for file in (tmp_path / "data").rglob("*"):
        assert file.is_dir() or b"Wu Hong" not in file.read_bytes()


def test_an_erasure_is_signed(plant: Plant) -> None:
    with pytest.raises(BadInput):
        privacy.erase(plant, Actor("x", "", "r"), "Wang +86 2")
    assert "Wang +86 2" in names(plant)


def test_deeds_in_incidents_keep_a_name_as_long_as_records_do(plant: Plant) -> None:
    opened(plant)
    mei = next(one for one in people(plant) if one["name"] == "Mei")
    assert not mei["due"]
    whole = reading.listing(plant.facts(), incidents.home(plant))
    assert "Mei" not in str(whole)


def test_who_is_due_follows_the_longest_rule(plant: Plant) -> None:
    facts, later = plant.facts(), now() + round(25 * retention.MONTH)
    assert not any(one["due"] for one in retention.people(facts, now()))
    assert all(one["due"] for one in retention.people(facts, later))
    privacy.keep(plant, MEI, "vehicles", subject="operator", months=120, citation="x", checked=None)
    people = retention.people(plant.facts(), later)
    assert {one["subject"] for one in people if one["due"]} == {"contact"}
    privacy.keep(plant, MEI, "contact", subject=None, months=1, citation=None, checked=None)
    changed = retention.rules(plant.facts())["contact"]
    assert (changed.months, changed.checked, changed.subject) == (1, None, "contact")
