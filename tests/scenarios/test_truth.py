"""The demo plant knows what physically happened: no scope may miss it, none may claim too much."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_model import network
from graph_model.lineage import Lineage
from loaders.demo_plant import Dirt, Plant, generate
from queries.recall.roots import Suspects
from queries.recall.scope import CERTAIN, Scope, compute
from tests.facts import of_demo

LOTS = 60


def incident_scope(plant: Plant, folder: Path) -> Scope:
    """The scope of the planted incident."""
    facts = of_demo(plant, folder)
    lineage = Lineage.of(network.build(facts))
    incident = plant.incident
    asked = Suspects(supplier=incident.supplier, supplier_lot=incident.supplier_lot_no)
    return compute(facts, lineage, asked)


def contaminated(plant: Plant) -> set[str]:
    """Labels of everything that holds material of the incident."""
    incident = plant.incident
    roots = plant.truth.supplier_lot(incident.supplier, incident.supplier_lot_no)
    return plant.truth.contaminated(roots)


def held(scope: Scope) -> set[str]:
    """Keys of certain and possible lots."""
    keys = scope.lineage.lots["key"]
    return set(keys[scope.held])


@pytest.mark.parametrize("seed", range(12))
def test_true_records_give_exactly_the_truth_as_bounds(seed: int, tmp_path: Path) -> None:
    plant = generate(LOTS, seed, Dirt.none())
    scope = incident_scope(plant, tmp_path)
    truth = contaminated(plant)
    keys = scope.lineage.lots["key"]
    assert truth <= held(scope)
    assert {keys[number] for number in scope.tier(CERTAIN)} <= truth


@pytest.mark.parametrize("kind", [*Dirt.kinds()])
@pytest.mark.parametrize("seed", range(3))
def test_no_dirt_hides_the_truth(kind: str, seed: int, tmp_path: Path) -> None:
    plant = generate(LOTS, seed, Dirt.only(kind))
    scope = incident_scope(plant, tmp_path)
    unseen = {lot for _, lots in plant.untraceable for lot in lots}
    missed = contaminated(plant) - held(scope)
    assert missed <= unseen
    assert not missed or scope.missing


@pytest.mark.parametrize(
    ("dirt", "kind", "confirmed"),
    [
        (Dirt.default(), "food", False),
        (Dirt.all(), "food", True),
        (Dirt.all(), "food", False),
        (Dirt.none(), "electronics", False),
        (Dirt.all(), "electronics", True),
    ],
    ids=["default-unconfirmed", "all", "all-unconfirmed", "electronics", "electronics-all"],
)
@pytest.mark.parametrize("seed", range(50, 56))
def test_scopes_hold_the_truth_whatever_the_records_are_like(
    dirt: Dirt, kind: str, confirmed: bool, seed: int, tmp_path: Path
) -> None:
    plant = generate(LOTS, seed, dirt, kind=kind, confirm_delays=confirmed)
    scope = incident_scope(plant, tmp_path)
    unseen = {lot for _, lots in plant.untraceable for lot in lots}
    missed = contaminated(plant) - held(scope)
    assert missed <= unseen
    assert scope.missing
