"""Scopes to act on: small random plants (see test_worlds) and a demo plant with its incident."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from bench.trials import MATERIAL, Site, facts_of, write
from graph_model import network
from graph_model.ledger import Facts
from graph_model.lineage import Index, Lineage
from loaders import intake
from loaders.demo_plant import Dirt, generate
from queries.recall.cone import Cone
from queries.recall.hazard import Hazard
from queries.recall.recipe import Recipe
from queries.recall.roots import Suspects
from queries.recall.rules import Case
from queries.recall.scope import Scope, compute
from queries.recall.worlds import Worlds, explore
from tests.unit import test_worlds

Edges = set[tuple[int, int]]


class Small:
    """A random plant: what its records allow, as the oracle of test_worlds lists it, and roots."""

    def __init__(self, facts: Facts, lineage: Lineage, number: int, plant: test_worlds.Plant):
        items, orders, roots = plant
        self._case = Case(facts, Recipe.of(facts))
        self.numbers = lineage.number([f"X{number}/{item}/{lot}" for lot, item in enumerate(items)])
        self.roots = roots
        self.edges: Edges = set()
        for order in orders:
            for world in test_worlds.ways(items, order):
                self.edges |= world
        self._cone = Cone.of(lineage, np.sort(self.numbers[roots]))

    def worlds(self, *clean: int) -> Worlds:
        """The tiers when these lots, by number in the small plant, were found clean."""
        start = np.sort(self.numbers[self.roots])
        found = frozenset(self.numbers[list(clean)].tolist())
        case = Case(self._case.facts, self._case.recipe, found)
        return explore(self._cone, case, start, start[:0])

    def names(self, lots: Index) -> set[int]:
        """Lots by number in the small plant, of numbers in the cone; mixed stock left out."""
        name = {int(lot): at for at, lot in enumerate(self.numbers)}
        return {name[lot] for lot in self._cone.lots[lots].tolist() if lot in name}

    def reached(self, *without: int) -> set[int]:
        """Plain reachability, without these lots."""
        found = set(self.roots) - set(without)
        while more := {b for a, b in self.edges if a in found} - found - set(without):
            found |= more
        return found


def small_plants(count: int, first: int = 0) -> Iterator[Small]:
    """Random plants of which no order draws on mixed stock, so that the oracle knows every way."""
    plants = [test_worlds.random_plant(seed) for seed in range(first, first + count)]
    facts = test_worlds.facts_of(plants)
    lineage = Lineage.of(network.build(facts))
    for number, plant in enumerate(plants):
        small = Small(facts, lineage, number, plant)
        worlds = small.worlds()
        if not (worlds.grade > 1).any():
            yield small


@cache
def demo_scope(seed: int, dirt: bool = True, hazard: Hazard = MATERIAL) -> Scope:
    """The scope of the incident of a demo plant; by default of what goes only with material."""
    plant = generate(400, seed, Dirt.all(0.1) if dirt else Dirt.none())
    site = Site("Q", plant, "all", True)
    with TemporaryDirectory() as folder:
        write([site], Path(folder))
        tables = intake.read(Path(folder), "plant", pseudonym=lambda name: f"p-{name}").tables
    facts = facts_of({**tables, "Decision": pl.concat(site.delays())})
    lineage = Lineage.of(network.build(facts))
    incident = plant.incident
    asked = Suspects(supplier=f"Q-{incident.supplier}", supplier_lot=incident.supplier_lot_no)
    return compute(facts, lineage, asked, hazard=hazard)


def again(scope: Scope, *clean: int) -> Scope:
    """The same scope when these lots, by number in the plant, were found clean."""
    return compute(
        scope.facts, scope.lineage, scope.asked, scope.table, frozenset(clean),
        hazard=scope.case.hazard,
    )  # fmt: skip
