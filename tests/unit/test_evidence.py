"""Evidence: its life, what inspections say of a hazard, and that scopes only move as they may."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from graph_model import evidence
from graph_model.errors import BadInput, NotFound
from graph_model.ledger import Facts, Ledger
from graph_model.schema import Decision, Evidence, Inspection
from loaders.entries import evidence as entries
from queries.recall.hazard import UNKNOWN, Hazard
from queries.recall.inspections import Inspected, chance_missed
from tests.unit import test_worlds
from tests.unit.evidence_case import SALMONELLA, Plants, inspect, no_rows, put_forward, with_rows

SIGNED = {"role": "QA", "reason": "checked"}


@pytest.fixture(scope="module")
def empty() -> Facts:
    """No facts."""
    return test_worlds.facts_of([])


# ---------------------------------------------------------------------------- life


def test_each_change_is_a_fact_and_the_last_one_holds(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        fields = {"lot": "X/A/1", "result": "conforming", "full_examination": True}
        tables = entries.record("inspection", "X", fields, person="ann", **SIGNED)
        ledger.append(tables, source="evidence", who="Ann")
        key = tables["Evidence"]["key"][0]
        seen = [evidence.states(ledger.fold())["state"].to_list()]
        for change in (entries.accept, entries.revoke, entries.accept):
            told = change(ledger.fold(), key, person="bob", **SIGNED)
            ledger.append(told, source="evidence", who="Bob")
            seen.append(evidence.states(ledger.fold())["state"].to_list())
        assert seen == [["proposed"], ["accepted"], ["revoked"], ["accepted"]]
        assert len(ledger.fold()[Decision]) == 3
        assert evidence.states(ledger.fold(2))["state"].to_list() == ["accepted"]
        assert entries.resolve(ledger.fold(), tables["Inspection"]["key"][0]) == key


def test_a_judgement_takes_two_persons_also_where_the_ledger_says_otherwise(empty: Facts) -> None:
    rows = no_rows()
    put_forward(rows, "decision", "X/A/1")
    facts = with_rows(empty, rows)
    assert evidence.states(facts)["state"].to_list() == ["accepted"]
    for person, role in (("p-ann", "QA"), (None, "QA"), ("p-bob", " ")):
        rows[Decision][0] |= {"person": person, "role": role}
        assert evidence.states(with_rows(empty, rows))["state"].to_list() == ["proposed"]
    key = facts[Evidence]["key"][0]
    with pytest.raises(BadInput, match="second person"):
        entries.accept(facts, key, person="p-ann", **SIGNED)
    with pytest.raises(NotFound):
        entries.accept(facts, "none", person="p-bob", **SIGNED)
    with pytest.raises(BadInput):
        entries.put_forward("decision", "X/A/1", person="", **SIGNED)


def test_a_failed_result_is_not_revoked(empty: Facts) -> None:
    rows = no_rows()
    inspect(rows, "X/A/1", "nonconforming", "proposed")
    facts = with_rows(empty, rows)
    with pytest.raises(BadInput, match="invalidation"):
        entries.revoke(facts, facts[Evidence]["key"][0], person="p-bob", **SIGNED)


def test_records_of_which_no_evidence_is_accepted_do_not_act(empty: Facts) -> None:
    rows = no_rows()
    keys = {
        state: inspect(rows, "X/A/1", "conforming", state)
        for state in (None, "proposed", "accepted", "revoked")
    }
    acting = evidence.acting(with_rows(empty, rows), Inspection)["key"].to_list()
    assert set(acting) == {keys[None], keys["accepted"]}


@pytest.mark.parametrize(
    ("hazard", "operation", "not_before", "fits"),
    [
        ("microbial", None, None, True),
        ("microbial", "W1", None, True),
        (None, "W1", "2026-01-01", True),
        (None, None, None, False),
        ("unknown", None, None, False),
        (None, None, "2026-01-01", False),
        ("microbial", "W1", "2026-01-01", False),
    ],
)
def test_a_decision_is_about_hazard_or_movement(
    hazard: str | None, operation: str | None, not_before: str | None, fits: bool
) -> None:
    if fits:
        entries.check_decision(hazard, operation, not_before)
    else:
        with pytest.raises(BadInput):
            entries.check_decision(hazard, operation, not_before)


# ---------------------------------------------------------------------------- inspections


@pytest.mark.parametrize(
    ("asked", "kind", "agent", "failed", "clean"),
    [
        (SALMONELLA, "microbial", "salmonella ", "sure", True),
        (SALMONELLA, "microbial", "Listeria", "", False),
        (SALMONELLA, "microbial", None, "perhaps", False),
        (SALMONELLA, None, None, "perhaps", False),
        (SALMONELLA, "unknown", None, "perhaps", False),
        (SALMONELLA, "chemical", None, "", False),
        (Hazard(kind="microbial"), "microbial", "Salmonella", "sure", False),
        (Hazard(kind="microbial"), "microbial", None, "sure", True),
        (UNKNOWN, "unknown", None, "sure", False),
        (UNKNOWN, None, None, "perhaps", False),
        (UNKNOWN, "microbial", "Salmonella", "perhaps", False),
    ],
)
def test_what_is_not_stated_can_only_widen(
    empty: Facts, asked: Hazard, kind: str | None, agent: str | None, failed: str, clean: bool
) -> None:
    rows = no_rows()
    about = {"hazard": kind, "agent": agent}
    inspect(rows, "X/A/1", "nonconforming", None, **about)
    inspect(rows, "X/A/2", "conforming", **about, full_examination=True)
    inspect(rows, "X/A/3", "conforming", None, **about)
    facts = with_rows(empty, rows)
    accepted = evidence.accepted(facts, "inspection")
    found = Inspected.of(facts, asked, accepted.clear(), accepted)
    assert found.failed["sure"].to_list() == {"sure": [True], "perhaps": [False]}.get(failed, [])
    assert found.examined["lot"].to_list() == ["X/A/2"] * clean
    assert found.passed["lot"].to_list() == ["X/A/3"] * clean


@pytest.mark.parametrize(("units", "n", "c", "share"), [(10, 4, 0, 0.1), (12, 5, 1, 0.25)])
def test_the_chance_to_miss_is_that_of_all_samples(
    units: int, n: int, c: int, share: float
) -> None:
    bad = max(1, round(units * share + 0.4999))
    samples = list(itertools.combinations(range(units), n))
    missed = sum(sum(unit < bad for unit in sample) <= c for sample in samples)
    assert chance_missed(share, n, c, None, units) == pytest.approx(missed / len(samples))


def test_the_chance_to_miss_in_bulk_and_of_composites() -> None:
    assert chance_missed(0.01, 60, 0) == pytest.approx(0.99**60)
    assert chance_missed(0.01, 60, 0, 15) == pytest.approx(0.99**60)
    assert chance_missed(0.0, 5, 0) == 1.0
    assert chance_missed(0.01, None, 0) is None
    assert chance_missed(0.01, 5, None) is None
    assert chance_missed(0.5, 20, 0, None, 10) == 0.0


# ---------------------------------------------------------------------------- scopes


@pytest.fixture(scope="module")
def plants() -> Plants:
    """Random plants."""
    return Plants(range(120))


def test_clean_evidence_only_shrinks_and_forces_nothing(plants: Plants) -> None:
    rng, before = random.Random(1), plants.tiers()
    rows, other = no_rows(), no_rows()
    for number in range(len(plants.plants)):
        lot = rng.choice(plants.keys(number))
        inspect(rows, lot, "conforming", full_examination=True)
        inspect(
            other, lot, "conforming", rng.choice(["proposed", "revoked"]), full_examination=True
        )
        inspect(other, rng.choice(plants.keys(number)), "conforming", sample_size=5.0)
    after, idle = plants.tiers(rows), plants.tiers(other)
    assert idle == before
    for (sure, held), (was_sure, was_held) in zip(after, before, strict=True):
        assert sure <= was_sure
        assert held <= was_held
    assert sum(len(held) for _, held in after) < sum(len(held) for _, held in before)
    assert plants.tiers(rows, UNKNOWN) == before


def test_a_failed_result_only_grows_and_outweighs_every_pass(plants: Plants) -> None:
    rng, before = random.Random(2), plants.tiers()
    rows, both, void = no_rows(), no_rows(), no_rows()
    reached = [sorted(held) for _, held in before]
    for number, held in enumerate(reached):
        lot = plants.keys(number)[rng.choice(held)]
        for table in (rows, both, void):
            key = inspect(table, lot, "nonconforming", rng.choice([None, "proposed"]))
        inspect(both, lot, "conforming", full_examination=True)
        put_forward(void, "invalidation", key)
    after = plants.tiers(rows)
    for now, was in zip(after, before, strict=True):
        assert was[0] <= now[0]
        assert was[1] <= now[1]
    assert plants.tiers(both) == after
    assert plants.tiers(void) == before
    assert sum(len(sure) for sure, _ in after) > sum(len(sure) for sure, _ in before)


def test_a_failed_lot_is_certain_and_a_root_of_what_it_reaches(plants: Plants) -> None:
    """The oracle: reachability over every way, from the roots and the failed lot."""
    rng, rows, chosen = random.Random(3), no_rows(), []
    for number, (items, orders, roots) in enumerate(plants.plants):
        edges = {pair for order in orders for way in test_worlds.ways(items, order) for pair in way}
        raw = {out for order in orders for out in order.outputs} | set(roots)
        lot = rng.choice(sorted(raw))
        inspect(rows, plants.keys(number)[lot], "nonconforming", None)
        chosen.append((lot, edges, roots))
    for (sure, held), (lot, edges, roots) in zip(plants.tiers(rows), chosen, strict=True):
        if lot in held:
            expected = test_worlds.reach((frozenset(edges),), [*roots, lot])
            assert lot in sure
            # Lots of orders that draw on mixed stock come on top.
            assert expected <= held


def test_lots_that_touch_nothing_of_the_old_ones_move_none_of_them(plants: Plants) -> None:
    """The same plants alone and beside others, with evidence about both."""
    few = Plants(range(40))
    rng, rows, more = random.Random(4), no_rows(), no_rows()
    for number in range(len(plants.plants)):
        lot = rng.choice(plants.keys(number))
        result = rng.choice(["conforming", "nonconforming"])
        for table in [rows, more] if number < len(few.plants) else [more]:
            inspect(table, lot, result, full_examination=True)
    assert plants.tiers(more)[: len(few.plants)] == few.tiers(rows)
