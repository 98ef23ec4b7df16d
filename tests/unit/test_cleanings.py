"""Each cleaning as evidence of its own, against the plant without it: by pairs and as a scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from graph_model import network
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from queries.recall import evidence
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.scope import Scope, compute
from tests.unit.contact_case import Plant, facts_of, key, random_plant
from tests.unit.test_contact import by_contact, closure, material, over_lines

ALL = "clean_break"


def scope_of(facts: Facts, lineage: Lineage, number: int, plant: Plant) -> Scope:
    """The scope of a plant's root, for a germ."""
    root = key(f"X{number}", plant.root)
    return compute(facts, lineage, Suspects(lots=(root,)), hazard=Hazard(kind="microbial"))


def told(scope: Scope) -> dict[str, dict[str, Any]]:
    """Evidence of contact by key."""
    return {piece["key"]: piece for piece in evidence.used(scope) if piece["kind"] == "cleaning"}


def held(scope: Scope) -> set[str]:
    """Keys of the lots held, without their company."""
    return {lot.partition("/")[2] for lot in scope.lineage.lots["key"][scope.held]}


def reached(plant: Plant) -> set[str]:
    """What the definition of contact reaches, keys without the company."""
    pairs = material(plant)
    over = over_lines(plant, plant.cleanings, plant.horizons)
    lots = by_contact(closure(plant.root, pairs), pairs | over)
    return {key("", lot)[1:] for lot in lots}


def without(plant: Plant, cleaning: int) -> Plant:
    """The plant had this cleaning not been verified."""
    cleanings = list(plant.cleanings)
    cleanings[cleaning] = replace(cleanings[cleaning], verified=False)
    return replace(plant, cleanings=cleanings)


def telling(count: int) -> list[Plant]:
    """Random plants with a few sound cleanings: some in which one alone keeps something out."""
    plants = [sound(random_plant(seed)) for seed in range(12 * count)]
    apart = [plant for plant in plants if any(brought_back(plant))]
    return [*apart[:count], *plants[: count // 2]]


def sound(plant: Plant) -> Plant:
    """The plant with a few cleanings, verified and without fault; what came first is suspect."""
    cleanings = [replace(one, verified=True, conforming=True) for one in plant.cleanings[:4]]
    first = min((at, lot) for order in plant.orders for lot, at in order.inputs.items())
    return replace(plant, cleanings=cleanings, horizons={}, root=first[1])


def brought_back(plant: Plant) -> Iterator[set[str]]:
    """What each cleaning keeps out alone."""
    now = reached(plant)
    for at in range(len(plant.cleanings)):
        yield reached(without(plant, at)) - now


def test_a_cleaning_tells_what_comparing_each_pair_reaches_without_it() -> None:
    plants = telling(30)
    facts = facts_of(plants)
    lineage = Lineage.of(network.build(facts))
    counts = []
    for number, plant in enumerate(plants):
        scope = scope_of(facts, lineage, number, plant)
        pieces, now = told(scope), held(scope)
        assert now == reached(plant), number
        for at, back in enumerate(brought_back(plant)):
            piece = pieces.get(f"X{number}-c{at}", {"lots": 0})
            assert piece["lots"] == len(back), (number, at)
            counts.append(len(back))
    assert sum(count > 0 for count in counts) >= 15


def test_under_a_horizon_a_cleaning_tells_what_the_scope_without_it_holds() -> None:
    plants = [replace(plant, horizons={"L0": 9, "L1": 3}) for plant in telling(20)]
    named = [
        (number, at) for number, plant in enumerate(plants) for at in range(len(plant.cleanings))
    ]
    others = [without(plants[number], at) for number, at in named]
    facts = facts_of([*plants, *others])
    lineage = Lineage.of(network.build(facts))
    scopes = [scope_of(facts, lineage, *one) for one in enumerate(plants)]
    pieces, here = [told(scope) for scope in scopes], [held(scope) for scope in scopes]
    seen = 0
    for number, ((own, at), plant) in enumerate(zip(named, others, strict=True), len(plants)):
        more = scope_of(facts, lineage, number, plant)
        back = held(more) - here[own]
        piece = pieces[own].get(f"X{own}-c{at}", {"lots": 0, "cost": 0.0})
        assert piece["lots"] == len(back), (own, at)
        seen += bool(back)
    assert seen > 5
