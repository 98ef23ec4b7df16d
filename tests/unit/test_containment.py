"""The cut parts suspects from customers, and no cheaper one does: tried against all of them."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from bench.trials import MATERIAL
from graph_model.errors import BadInput
from graph_model.lineage import Index
from queries.recall import containment
from queries.recall.containment import HOLDABLE, contain, cut_of
from queries.recall.hazard import UNKNOWN, Hazard
from queries.recall.scope import Scope
from queries.recall.ways import Ways
from tests.unit.scopes_case import again, demo_scope, small_plants


def test_no_set_of_lots_that_parts_roots_from_ends_is_cheaper() -> None:
    tried = several = 0
    for seed, small in enumerate(small_plants(300)):
        rng = random.Random(seed)
        ways = Ways.of(small.worlds())
        lots = range(len(ways.lots))
        able = np.array([lot for lot in lots if rng.random() < 0.8], dtype=np.int64)
        ends = np.array(rng.sample(lots, rng.randint(1, len(lots))), dtype=np.int64)
        ends = ends[~ways.without(able)[ends]]
        weight = np.array([rng.choice([0.0, 1.0, 2.5, 1e9]) for _ in able])
        at, slack = cut_of(ways, able, weight, ends)
        names = [next(iter(small.names(ways.lots[[lot]]))) for lot in lots]
        goals = {names[end] for end in ends}
        assert not goals & small.reached(*(names[lot] for lot in able[at]))
        best = min(
            sum(weight[list(some)])
            for size in range(len(able) + 1)
            for some in itertools.combinations(range(len(able)), size)
            if not goals & small.reached(*(names[able[one]] for one in some))
        )
        assert best <= weight[at].sum() <= best + slack
        assert slack <= 1e-5 * max(1.0, weight.sum())
        tried, several = tried + bool(goals), several + (len(at) > 1)
    assert tried > 80
    assert several > 10


@pytest.mark.parametrize("by", ["cost", "amount"])
@pytest.mark.parametrize(("seed", "hazard"), [(1, MATERIAL), (2, UNKNOWN)])
def test_the_cut_of_a_plant_stops_every_customer_that_can_still_be_stopped(
    seed: int, hazard: Hazard, by: str
) -> None:
    scope = demo_scope(seed, hazard=hazard)
    found = contain(scope, by)
    assert len(found.sinks)
    assert np.isin(found.cut, found.holdable).all()
    left = reached_without(scope, found.cut)
    sinks, gone = set(found.sinks.tolist()), set(found.gone.tolist())
    # A lot that failed stays in the scope whatever is found of it: holding it is what stops it.
    failed = set(scope.failed.tolist())
    assert gone <= sinks & left <= gone | (failed & set(found.cut.tolist()))
    # Each lot of the cut is needed.
    for lot in found.cut.tolist():
        rest = found.cut[found.cut != lot]
        assert lot in failed or sinks & reached_without(scope, rest) > gone
    told = containment.to_dict(found)
    assert told["hold_list"] == len(scope.held) >= len(found.cut)
    assert [step[told["by"]] for step in told["cut"]] == pytest.approx(
        [round(dict(zip(keys(scope, found.cut), found.weights, strict=True))[step["lot"]], 2)
         for step in told["cut"]],
        abs=0.011,
    )  # fmt: skip


def keys(scope: Scope, lots: Index) -> list[str]:
    """Keys of lots."""
    found: list[str] = scope.lineage.lots["key"][lots].to_list()
    return found


def reached_without(scope: Scope, lots: Index) -> set[int]:
    """Lots, mixed stock too, that a new scope still reaches when nothing passes these lots."""
    return set(again(scope, *lots.tolist()).worlds.reached.tolist())


def test_only_what_is_here_can_be_held() -> None:
    scope = demo_scope(1)
    found = contain(scope)
    here = scope.places.filter(scope.places["place"].is_in(list(HOLDABLE)))
    assert set(found.holdable.tolist()) <= set(here.filter(here["quantity"] > 0)["lot"].to_list())


def test_empty_scopes_say_why_there_is_nothing_to_hold() -> None:
    scope = demo_scope(1)
    nobody = again(scope, *contain(scope).sinks.tolist())
    assert containment.to_dict(contain(nobody))["state"] == "no_customer"
    found = contain(again(scope, *contain(scope).holdable.tolist()))
    told = containment.to_dict(found)
    assert (told["state"], told["cut"]) == ("all_left" if len(found.sinks) else "no_customer", [])


def test_an_unknown_weight_is_refused() -> None:
    with pytest.raises(BadInput):
        contain(demo_scope(1), "beauty")
