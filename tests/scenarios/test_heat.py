"""Kill steps in demo plants, against where germs truly came: late additions, records, dirt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
import pytest

from bench.trials import FALSE_RECORDS, GERM, KILLS, Site, facts_of, write
from graph_model import network
from graph_model.lineage import Lineage
from loaders import intake
from loaders.demo_plant import Dirt, generate
from loaders.demo_plant.heat import AGENT, STEP
from queries.recall import evidence, released
from queries.recall.roots import Suspects
from queries.recall.rulebook import Rulebook
from queries.recall.scope import CERTAIN, Scope, compute

BOOK = Rulebook(kill_steps=(KILLS,))
KEY = f"kill_step/{STEP}/{AGENT}"
PLANTS = 16
KINDS = ("none", "default", "all", *sorted(Dirt.kinds()))


@dataclass
class Trial:
    """A scope of germs; lots by key: with suspect material, with germs, with germs by record."""

    site: Site
    scope: Scope
    material: set[str]
    truth: set[str]
    traced: set[str]

    def keys(self, lots: list[int]) -> set[str]:
        """Keys of lots by number."""
        return set(self.scope.lineage.lots["key"][lots])


def site(number: int) -> Site:
    """The heated plant of this number."""
    dirt = KINDS[number % len(KINDS)]
    kinds = {"none": Dirt.none(), "default": Dirt.default(), "all": Dirt.all()}
    plant = generate(80, number, kinds.get(dirt) or Dirt.only(dirt), heated=True)
    true = dirt not in ("default", "all") and dirt not in FALSE_RECORDS
    return Site(f"T{number:03d}", plant, dirt, true)


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    """Scopes of some plants' incidents with the kill step in force, delays confirmed."""
    return list(_tried(tmp_path_factory))


def _tried(folders: pytest.TempPathFactory) -> Iterator[Trial]:
    sites = [site(number) for number in range(PLANTS)]
    folder = folders.mktemp("heat")
    write(sites, folder)
    tables = intake.read(folder, "plant", pseudonym=lambda name: f"p-{name}").tables
    delays = pl.concat([delay for site in sites for delay in site.delays()])
    facts = facts_of({**tables, "Decision": delays})
    lineage = Lineage.of(network.build(facts))
    for one in sites:
        truth, incident = one.truth, one.plant.incident
        supplier = f"{one.company}-{incident.supplier}"
        asked = Suspects(supplier=supplier, supplier_lot=incident.supplier_lot_no)
        roots = truth.supplier_lot(supplier, incident.supplier_lot_no)
        theirs = set(truth.supplied["key"])
        yield Trial(
            one,
            compute(facts, lineage, asked, hazard=GERM, rulebook=BOOK),
            truth.contaminated(roots),
            truth.infected(roots) - theirs,
            truth.infected(roots, traceable=True) - theirs,
        )


def test_no_scope_misses_a_lot_that_germs_came_into(trials: list[Trial]) -> None:
    missed = [
        (trial.site.company, trial.site.dirt, sorted(lots))
        for trial in trials
        if (lots := trial.traced - trial.keys(trial.scope.held.tolist()))
    ]
    assert missed == []


def test_what_is_certain_contains_suspect_material(trials: list[Trial]) -> None:
    """Whether its germs are dead is another question: then nobody measured it."""
    for trial in trials:
        if trial.site.true_records:
            certain = trial.keys(trial.scope.tier(CERTAIN)) - set(trial.site.truth.supplied["key"])
            assert certain <= trial.material, trial.site.company


def test_kill_steps_leave_fewer_lots_that_material_brought_germs_into(trials: list[Trial]) -> None:
    """Without them; what only a line touched stays possible by contact."""
    fewer = 0
    for trial in trials:
        scope = trial.scope
        without = compute(scope.facts, scope.lineage, scope.asked, hazard=GERM)
        before, now = (by_material(one) for one in (without, scope))
        assert now <= before
        fewer += len(before - now)
        assert {piece.key for piece in evidence.pieces(scope)} <= {KEY, "clean_break"}
    assert fewer > PLANTS / 2


def by_material(scope: Scope) -> set[int]:
    """Lots held otherwise than by contact, by number in the plant."""
    held = scope.lots.filter(pl.col("grade").is_in(["recorded", "mixed_stock"]))
    return set(held["lot"].to_list())


def test_samples_that_pass_take_nothing_out(trials: list[Trial]) -> None:
    """All samples pass, also of lots that germs came into."""
    false = [
        trial.keys([lot]) & trial.truth for trial in trials for lot in released.tests(trial.scope)
    ]
    assert sum(map(len, false)) > 0
