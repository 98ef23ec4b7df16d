"""What closing gaps of contact takes out at best, against really closing them."""

from __future__ import annotations

from dataclasses import replace

from graph_model import network
from graph_model.lineage import Lineage
from queries.recall.hazard import Hazard
from queries.recall.narrowing import LINE_UNKNOWN, narrowing
from queries.recall.roots import Suspects
from queries.recall.scope import Scope, compute
from tests.unit.contact_case import Plant, facts_of, key, random_plant

GERM = Hazard(kind="microbial")


def scopes(plants: list[Plant]) -> list[Scope]:
    """The scope of the root of each plant."""
    facts = facts_of(plants)
    lineage = Lineage.of(network.build(facts))
    asked = [Suspects(lots=(key(f"X{at}", plant.root),)) for at, plant in enumerate(plants)]
    return [compute(facts, lineage, one, hazard=GERM) for one in asked]


def named(plant: Plant, line: str) -> Plant:
    """The plant with that line for every order that names none."""
    orders = [replace(order, line=order.line or line) for order in plant.orders]
    return replace(plant, orders=orders)


def test_naming_a_line_takes_out_no_more_than_is_told() -> None:
    drawn = (random_plant(seed) for seed in range(400))
    plants = [plant for plant in drawn if any(order.line is None for order in plant.orders)][4:7]
    before = scopes(plants)
    after = [scopes([named(plant, line) for plant in plants]) for line in ("L0", "L1")]
    gained = 0
    for at, scope in enumerate(before):
        found = narrowing(scope)
        whole = {*scope.lineage.lots["key"][scope.held]}
        unknown = [gap for gap in found.gaps if gap.kind == LINE_UNKNOWN]
        assert found.lots == len(whole) >= found.least
        told = [gap.leaving for gap in found.gaps]
        assert told == sorted(told)
        assert not told or told[-1] == found.lots - found.least
        for line in after:
            kept = {*line[at].lineage.lots["key"][line[at].held]}
            assert kept <= whole
            assert len(kept) >= found.least
            assert unknown or kept == whole
            gained += len(whole - kept)
    assert gained > 0
