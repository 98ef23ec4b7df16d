"""What would leave a scope with a lot that is found clean is what a new scope says."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest

from graph_model.schema import Stock
from queries.recall import evidence, next_test, report
from queries.recall.dominators import dominators
from queries.recall.next_test import Forecast
from queries.recall.scope import EXCLUDED, Scope, compute
from queries.recall.ways import Ways
from tests.unit.evidence_case import SALMONELLA, inspect, no_rows, with_rows
from tests.unit.scopes_case import again, demo_scope, small_plants


def test_ways_are_those_of_the_records_and_a_clean_lot_takes_out_what_it_dominates() -> None:
    tried = joint = 0
    for small in small_plants(250):
        worlds = small.worlds()
        ways = Ways.of(worlds)
        none = np.zeros(ways.size, dtype=bool)
        tree = dominators(*ways.around(none), ways.size)
        place = np.array(tree.place)[: len(ways.lots)]
        begin, end = tree.intervals()
        assert small.names(ways.lots) == small.reached()
        for node, at in enumerate(place.tolist()):
            lot = small.names(ways.lots[[node]]).pop()
            inside = (begin[place] >= begin[at]) & (begin[place] < end[at])
            clean = small.worlds(lot)
            left = small.names(np.flatnonzero(clean.grade))
            assert small.names(ways.lots[~inside]) == left == small.reached(lot)
            sure = small.names(np.flatnonzero(clean.certain))
            # Evidence of one lot never makes another certain.
            assert sure <= small.names(np.flatnonzero(worlds.certain)) & left
            tried, joint = tried + 1, joint + (inside.sum() > 1)
    assert tried > 300
    assert joint > 60


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_predictions_are_what_a_new_scope_says(seed: int) -> None:
    scope = demo_scope(seed)
    rows = next_test.predict(scope, probability=0.25)
    assert len(rows) > 3
    assert rows["cost"].is_sorted(descending=True)
    forecast = Forecast.of(scope)
    for row in rows.head(6).iter_rows(named=True):
        clean = again(scope, row["lot"])
        left = set(scope.held.tolist()) - set(clean.held.tolist())
        assert left == set(forecast.leaves(row["lot"]).tolist())
        assert row["leaving"] == len(left)
        saved = scope.cost_of(scope.held) - clean.cost_of(clean.held)
        assert row["cost"] == pytest.approx(saved, abs=0.01)
        assert row["expected_cost"] == pytest.approx(row["cost"] / 4, abs=0.01)
        amounts = {unit: amount for unit, amount in row["amounts"].items() if amount}
        assert amounts == pytest.approx(quantities(scope, left))


@pytest.mark.parametrize("seed", [1, 2])
def test_predictions_are_what_a_scope_says_once_the_evidence_is_a_fact(seed: int) -> None:
    """Full examinations that a person accepted, against what was predicted without them."""
    start = demo_scope(seed)
    scope = compute(start.facts, start.lineage, start.asked, start.table, hazard=SALMONELLA)
    found = next_test.predict(scope).filter(covers="whole").head(4)
    assert len(found) > 1
    for row in found.iter_rows(named=True):
        rows = no_rows()
        now = scope.facts[Stock]["as_of"].max()
        inspect(rows, row["key"], "conforming", full_examination=True, earliest=now, latest=now)
        facts = with_rows(scope.facts, rows)
        clean = compute(facts, scope.lineage, scope.asked, scope.table, hazard=SALMONELLA)
        left = set(scope.held.tolist()) - set(clean.held.tolist())
        assert left == set(Forecast.of(scope).leaves(row["lot"]).tolist())
        told = [piece for piece in evidence.used(clean) if piece["rule"] == "examined"]
        assert [piece["lots"] for piece in told] == [row["leaving"]]
        assert told[0]["cost"] == pytest.approx(row["cost"], abs=0.01)
        assert told[0]["quantity"] == pytest.approx(quantities(scope, left))


def quantities(scope: Scope, lots: set[int]) -> dict[str, float]:
    """Amounts of these lots by unit."""
    rows = scope.lots.filter(pl.col("lot").is_in(lots) & (pl.col("quantity") > 0))
    sums = rows.group_by(pl.col("uom").fill_null("")).agg(pl.col("quantity").sum())
    return dict(sums.iter_rows())


@pytest.mark.parametrize("seed", [1, 2])
def test_a_plan_of_several_tests_is_what_a_new_scope_says_and_below_its_bound(seed: int) -> None:
    scope = demo_scope(seed)
    for count in (1, 3):
        plan = next_test.plan(scope, count)
        assert 0 < len(plan.lots) <= count
        clean = again(scope, *plan.lots)
        assert set(plan.leaving) == set(scope.held.tolist()) - set(clean.held.tolist())
        saved = scope.cost_of(scope.held) - clean.cost_of(clean.held)
        assert plan.cost == pytest.approx(saved, abs=0.01)
        able = next_test.candidates(scope)["lot"].to_list()
        tries = random.Random(seed)
        for _ in range(8):
            other = again(scope, *tries.sample(able, count))
            assert scope.cost_of(scope.held) - other.cost_of(other.held) <= plan.bound + 0.01


def test_candidates_have_stock_or_a_sample_and_say_what_an_examination_covers() -> None:
    scope = demo_scope(1)
    rows = next_test.candidates(scope)
    assert set(rows["tier"]) <= {"certain", "possible"}
    assert rows.filter(covers="whole").select((pl.col("on_hand") > 0).all()).item()
    assert rows.filter(covers="sample").select((pl.col("on_hand") == 0).all()).item()
    assert rows.filter(covers="part").select((pl.col("on_hand") < pl.col("quantity")).all()).item()


def test_a_clean_lot_is_listed_as_excluded_by_its_examination() -> None:
    scope = demo_scope(1)
    row = next_test.predict(scope).row(0, named=True)
    clean = again(scope, row["lot"])
    assert clean.tiers[row["lot"]] == EXCLUDED
    lot = next(lot for lot in report.to_dict(clean)["lots"] if lot["key"] == row["key"])
    assert (lot["tier"], lot["rule"]) == (EXCLUDED, "examined")
    assert lot["affected_at_most"] == 0.0


def test_when_nothing_is_left_no_test_is_proposed() -> None:
    scope = demo_scope(1)
    clean = again(scope, *scope.held.tolist())
    assert len(clean.held) == 0
    assert next_test.predict(clean).is_empty()
    plan = next_test.plan(clean, 3)
    assert (plan.lots, plan.cost, plan.bound) == ([], 0.0, 0.0)
