"""Goods without a place at plants of many places: common pools change nothing but their number."""

from __future__ import annotations

import numpy as np
import pytest

from graph_model import network
from graph_model.derived.pools import anywhere
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from graph_model.plant import Plant
from graph_model.settings import Settings
from loaders import demo_plant, intake
from loaders.demo_plant import Dirt


def reached(lineage: Lineage) -> dict[str, tuple[set[str], set[str]]]:
    """Recorded lots and operations that each recorded lot reaches, by key."""
    lots, steps = lineage.lots["key"], lineage.operations["key"]
    recorded = lineage.operations["rule"].is_null().to_numpy()
    found = {}
    for root in np.flatnonzero(lineage.recorded):
        reach = lineage.forward(np.array([root]))
        found[lots[int(root)]] = (
            set(lots.gather(reach.lots[lineage.recorded[reach.lots]])),
            set(steps.gather(reach.operations[recorded[reach.operations]])),
        )
    return found


@pytest.fixture(scope="module", params=range(6))
def facts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """A small plant with every dirt."""
    tmp_path = tmp_path_factory.mktemp("plant")
    made = demo_plant.generate(500, request.param, Dirt.all())
    with Plant(Settings(data=tmp_path / "data")) as plant:
        made.write(tmp_path / "plant")
        taken = intake.read(tmp_path / "plant", "plant")
        plant.ledger.append(taken.tables, source="plant", who="test")
        return plant.facts()


def test_common_pools_reach_the_same_lots(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    nets = {}
    for few in (0, anywhere.FEW, 1_000_000):
        monkeypatch.setattr(anywhere, "FEW", few)
        nets[few] = Lineage.of(network.build(facts))
    common, usual, apart = nets.values()
    assert common.lots["sublot"].str.starts_with("@+").any()
    assert not apart.lots["sublot"].str.starts_with("@+").any()
    assert reached(common) == reached(apart) == reached(usual)


def test_many_pools_that_were_once_empty_reach_no_less(
    facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anywhere, "FEW", 0)
    exact = reached(Lineage.of(network.build(facts)))
    monkeypatch.setattr(anywhere, "MOST_PROVEN", 0)
    wider = reached(Lineage.of(network.build(facts)))
    assert exact.keys() == wider.keys()
    for root, (lots, steps) in exact.items():
        assert lots <= wider[root][0]
        assert steps <= wider[root][1]
