"""The demo plant knows what physically happened: no scope may miss it, none may claim too much.

Every kind of deviation is tried alone, all together and none, on food and electronics, with posting
delays confirmed and not. `make test-truth` tries many more plants than the suite does.
"""

from __future__ import annotations

import os

import pytest

from bench.trials import FALSE_RECORDS, Site, Trial, try_all
from loaders.demo_plant import Dirt, generate

PLANTS = int(os.environ.get("LOTGRAPH_TEST_PLANTS", "66"))
OTHERS = int(os.environ.get("LOTGRAPH_TEST_INCIDENTS", "0"))
"""Incidents tried beside the planted one of each plant."""
TOGETHER = 33
"""Plants read at once."""
LOTS = 60
RECORDS = ("none", "default", "all", "none", *Dirt.kinds())


def site(number: int) -> Site:
    """The plant of this number: its seed, its dirt in turn, and what it makes."""
    dirt = RECORDS[number % len(RECORDS)]
    kinds = {"none": Dirt.none(), "default": Dirt.default(), "all": Dirt.all()}
    many = dirt in ("default", "all")
    plant = generate(
        LOTS,
        number,
        kinds.get(dirt) or Dirt.only(dirt),
        kind="electronics" if number % 5 == 4 else "food",
    )
    return Site(f"H{number:04d}", plant, dirt, not many and dirt not in FALSE_RECORDS)


@pytest.fixture(scope="module", params=range(0, PLANTS, TOGETHER))
def trials(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    """Scopes of some plants' incidents, each beside the truth."""
    first: int = request.param
    sites = [site(number) for number in range(first, min(first + TOGETHER, PLANTS))]
    return list(try_all(sites, tmp_path_factory.mktemp("plants"), others=OTHERS))


def told(trial: Trial, lots: frozenset[str]) -> str:
    """Which plant it was, so that it can be made again, and the lots."""
    delays = "confirmed" if trial.confirmed else "unconfirmed"
    return f"{trial.site.company} {trial.site.dirt} {delays} {trial.supplier_lot_no} {sorted(lots)}"


def test_no_scope_misses_what_left_a_trace_in_the_records(trials: list[Trial]) -> None:
    assert [told(trial, trial.traced) for trial in trials if trial.traced] == []


def test_what_left_no_trace_is_told_of_in_missing(trials: list[Trial]) -> None:
    assert [told(trial, trial.untraced) for trial in trials if not trial.told()] == []


def test_what_is_certain_is_true_wherever_the_records_are(trials: list[Trial]) -> None:
    true = [trial for trial in trials if trial.site.true_records]
    assert [told(trial, trial.false_certain) for trial in true if trial.false_certain] == []
    assert any(len(trial.certain) > 1 for trial in true)


def test_everyone_who_got_suspect_material_is_named(trials: list[Trial]) -> None:
    missed = [told(trial, trial.customers_missed) for trial in trials if trial.customers_missed]
    assert missed == []


def test_scopes_are_smaller_than_all_that_can_be_reached(trials: list[Trial]) -> None:
    """Some lots are cut off, and no scope holds the truth by holding nearly everything."""
    assert sum(trial.excluded for trial in trials) > 0
    assert all(len(trial.held) <= trial.blanket for trial in trials)
    lots = sum(trial.site.plant.lots for trial in trials)
    assert sum(len(trial.held) for trial in trials) < lots * 2 / 3
