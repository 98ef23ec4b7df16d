"""What if: a trial says what the plant would say once it is recorded, and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from bench.trials import MATERIAL, Site, facts_of, write
from graph_model import network
from graph_model.errors import BadInput
from graph_model.interval import in_force
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from graph_model.schema import Count, Decision, conform
from loaders import intake
from loaders.demo_plant import Dirt, generate
from queries.recall import trials
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.scope import Scope, compute
from queries.recall.trials import Trial, tried

SALMONELLA = Hazard(kind="microbial", agent="Salmonella")


@dataclass(frozen=True)
class Plant:
    """A demo plant without and with confirmed delays, and what is suspected."""

    tables: dict[str, pl.DataFrame]
    delays: pl.DataFrame
    asked: Suspects
    doubtful: bool
    """Lots are in its scope only because delays are unconfirmed."""

    def facts(self, **more: pl.DataFrame) -> Facts:
        """The facts with further rows."""
        return facts_of({**self.tables, **more})


@pytest.fixture(scope="module", params=[5, 2])
def plant(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """Two seeds of a dirty plant."""
    made = generate(200, request.param, Dirt.all(0.1))
    site = Site("Q", made, "all", True)
    folder = tmp_path_factory.mktemp("plant")
    write([site], folder)
    tables = intake.read(Path(folder), "plant", pseudonym=lambda name: f"p-{name}").tables
    incident = made.incident
    asked = Suspects(supplier=f"Q-{incident.supplier}", supplier_lot=incident.supplier_lot_no)
    return Plant(tables, pl.concat(site.delays()), asked, request.param == 5)


def held(scope: Scope) -> set[str]:
    """Keys of certain and possible lots."""
    return set(scope.lineage.lots["key"][scope.held].to_list())


def whole(facts: Facts, asked: Suspects) -> Scope:
    """The scope as recorded."""
    return compute(facts, Lineage.of(network.build(facts)), asked, hazard=MATERIAL)


def test_a_delay_that_is_tried_out_says_what_its_confirmation_would(plant: Plant) -> None:
    facts = plant.facts()
    lineage = Lineage.of(network.build(facts))
    before = compute(facts, lineage, plant.asked, hazard=MATERIAL)
    confirmed = in_force(plant.delays)
    pairs = tuple(confirmed.select("subject", "late").rows())
    after = tried(facts, lineage, plant.asked, Trial(delays=pairs), hazard=MATERIAL)
    no_early = plant.delays.with_columns(early=pl.lit(0, pl.Int64))
    assert held(after) == held(whole(plant.facts(Decision=no_early), plant.asked))
    assert held(after) <= held(before)
    assert (held(after) != held(before)) == plant.doubtful
    assert {source for source, _ in trials.delays(before)} <= set(confirmed["subject"])
    assert all(late >= trials.HOUR for _, late in trials.delays(before))
    assert facts[Decision].is_empty()


def test_a_place_that_is_tried_as_empty_says_what_a_mark_would(plant: Plant) -> None:
    facts = plant.facts(Decision=plant.delays)
    lineage = Lineage.of(network.build(facts))
    before = compute(facts, lineage, plant.asked, hazard=MATERIAL)
    at = int(facts[Count]["earliest"].sort()[len(facts[Count]) // 2])
    for site, _ in trials.places(before):
        trial = Trial(empty=((site, at),))
        row = {"key": "mark", "site": site, "quantity": 0.0, "verified_empty": True,
               "earliest": at, "latest": at, "source": "evidence", "status": "posted"}  # fmt: skip
        sure = {"key": "sure", "kind": "delay", "subject": "evidence", "late": 0, "early": 0}
        counts = pl.concat(
            [conform(Count, plant.tables["Count"]), conform(Count, pl.DataFrame([row]))]
        )
        decisions = pl.concat(
            [conform(Decision, plant.delays), conform(Decision, pl.DataFrame([sure]))]
        )
        recorded = whole(plant.facts(Count=counts, Decision=decisions), plant.asked)
        after = tried(facts, lineage, plant.asked, trial, hazard=MATERIAL)
        assert held(after) == held(recorded)
        assert held(after) <= held(before)


def test_clean_lots_and_a_window_are_judged_on_the_arrays_as_they_are(plant: Plant) -> None:
    facts = plant.facts(Decision=plant.delays)
    lineage = Lineage.of(network.build(facts))
    before = compute(facts, lineage, plant.asked, hazard=MATERIAL)
    root = lineage.lots["key"][int(before.roots.match[0])]
    after = tried(facts, lineage, plant.asked, Trial(clean=(root,)), hazard=MATERIAL)
    assert root not in held(after)
    wide = Trial(start=0, end=2_000_000_000_000_000)
    assert held(tried(facts, lineage, plant.asked, wide, hazard=MATERIAL)) == held(before)
    complaint = Suspects(customer="nobody")
    with pytest.raises(BadInput, match="no window"):
        tried(facts, lineage, complaint, wide, hazard=MATERIAL)


def test_a_kill_step_needs_a_germ_and_limits_that_can_be_read(plant: Plant) -> None:
    facts = plant.facts(Decision=plant.delays)
    lineage = Lineage.of(network.build(facts))
    step = Trial(kills=(("20 bake", "min_temp_c=72, min_seconds=15"),))
    with pytest.raises(BadInput, match="named germ"):
        tried(facts, lineage, plant.asked, step, hazard=MATERIAL)
    before = compute(facts, lineage, plant.asked, hazard=SALMONELLA)
    after = tried(facts, lineage, plant.asked, step, hazard=SALMONELLA)
    assert held(after) <= held(before)
    assert after.case.rulebook.kill_steps[-1].limits == {"min_temp_c": 72.0, "min_seconds": 15.0}
    with pytest.raises(BadInput, match="no limit"):
        trials.limits_of("warm")


def test_nothing_tried_out_is_nothing_given() -> None:
    assert not Trial().given()
    assert Trial(start=1).given()
    assert Trial(delays=(("issues", 0),)).given()
