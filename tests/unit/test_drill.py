"""Drills: what they trace, which gaps they name, and that they are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from graph_model import network
from graph_model.errors import NotFound
from graph_model.ledger import Facts, Ledger
from graph_model.lineage import Lineage
from graph_model.schema import Consumed, Customer, Produced, Shipment, Shipped, Stock
from queries import drill
from tests.unit.test_exposure import folded
from tests.unit.test_scorecard import Rows, folds, plant

FINISHED, BOUGHT = "P/P/X", "S1/A/S1-0"


def whole() -> Rows:
    """A supplier's lot, our lot, a product, a customer; all amounts and persons recorded."""
    rows = plant({"S1": [0]})
    for kind in (Consumed, Produced):
        for row in rows[kind]:
            row["person"] = "p-1"
    rows[Customer] = [{"key": "K", "company": "K"}]
    rows[Shipment].append({"key": "P/D", "company": "P", "delivery_no": "D", "customer": "K",
                           "kind": "delivery", "status": "delivered"})  # fmt: skip
    rows[Shipped].append({"key": "d", "lot": FINISHED, "shipment": "P/D", "quantity": 10.0,
                          "uom": "kg", "item": "P/P", "status": "posted"})  # fmt: skip
    return rows


def drilled(rows: Rows, target: float = drill.TARGET) -> dict[str, drill.Traced]:
    """Traces by direction."""
    facts, lineage = folds(rows)
    return {one.direction: one for one in drill.run(facts, lineage, lots=1, seed=1, target=target)}


def kinds(traced: drill.Traced) -> list[tuple[str, str]]:
    """Gaps of a trace."""
    return [(gap.kind, gap.key) for gap in traced.gaps]


def test_whole_chain_passes_both_ways() -> None:
    found = drilled(whole())
    back, ahead = found["backward"], found["forward"]
    assert (back.lot, back.lots, back.steps, back.ends) == (FINISHED, 3, 2, ["S1"])
    assert (ahead.lot, ahead.lots, ahead.steps, ahead.ends) == (BOUGHT, 3, 2, ["K"])
    assert back.gaps == ahead.gaps == []
    assert back.passed
    assert ahead.passed
    assert 0 < back.seconds < 60


def test_step_without_a_person_is_a_gap() -> None:
    rows = whole()
    rows[Consumed][-1]["person"] = None
    for one in drilled(rows).values():
        assert kinds(one) == [("person_missing", "P/produce/W")]
        assert not one.passed


def test_issue_without_a_lot_breaks_the_chain() -> None:
    rows = whole()
    rows[Consumed][-1] |= {"lot": None, "owner": "P"}
    found = drilled(rows)
    assert ("mixed_stock", "P/produce/W") in kinds(found["backward"])
    assert found["backward"].ends == []


def test_order_without_issues_breaks_the_chain() -> None:
    rows = whole()
    rows[Consumed].pop()
    assert ("no_input", "P/produce/W") in kinds(drilled(rows)["backward"])


def test_lot_off_balance_is_a_gap() -> None:
    rows = whole()
    rows[Shipped][0]["quantity"] = 9.0
    rows[Stock].append({"key": "s", "lot": FINISHED, "item": "P/P", "quantity": 0.5, "uom": "kg"})
    for one in drilled(rows).values():
        assert kinds(one) == [("balance_off", FINISHED)]
    rows[Shipped][0]["quantity"] = 9.45  # within the tolerance of one in a hundred
    assert all(one.passed for one in drilled(rows).values())


def test_amount_that_is_missing_is_a_gap() -> None:
    rows = whole()
    rows[Shipped][0]["quantity"] = None
    assert ("balance_unknown", FINISHED) in kinds(drilled(rows)["backward"])


def test_time_allowed_is_held_against_the_time_taken() -> None:
    found = drilled(whole(), target=0.0)
    assert [one.passed for one in found.values()] == [False, False]
    assert [one.gaps for one in found.values()] == [[], []]


def test_same_seed_picks_the_same_lots() -> None:
    facts, lineage = folds(plant({"S1": [0] * 30}))
    picked = [[one.lot for one in drill.run(facts, lineage, lots=4, seed=s)] for s in (5, 5, 6)]
    assert picked[0] == picked[1] != picked[2]
    assert len(set(picked[0])) == 4


def test_plant_with_nothing_to_trace_says_so() -> None:
    facts = folded({})
    with pytest.raises(NotFound, match="nothing to trace"):
        drill.run(facts, Lineage.of(network.build(facts)))


def test_drills_are_kept_and_compared_by_month(tmp_path: Path) -> None:
    facts, lineage = folds(whole())
    bad = whole()
    bad[Consumed][-1]["person"] = None
    ledger = Ledger(tmp_path)
    for given in ((facts, lineage), folds(bad)):
        traced = drill.run(*given, lots=1, seed=1)
        table = drill.rows(traced, given[1], seed=1, target=60.0, person="p-2")
        ledger.append({"Drill": table}, source="drills", who="Li", note="drill")
    kept: Facts = ledger.fold()
    ledger.close()
    good, poor = drill.history(kept)
    assert (good["lots"], good["passed"], good["share"], good["no_person"]) == (2, True, 1.0, 0)
    assert (poor["lots"], poor["passed"], poor["share"], poor["no_person"]) == (2, False, 0.0, 2)
    assert good["seed"] == 1
    assert good["target"] == 60
    assert good["month"] <= poor["month"]


def test_drill_changes_no_flow() -> None:
    facts, lineage = folds(whole())
    traced = drill.run(facts, lineage, lots=1, seed=1)
    table = drill.rows(traced, lineage, seed=1, target=60.0, person="p-2")
    with_drill = replace(facts, tables=facts.tables | {"Drill": table})
    again = Lineage.of(network.build(with_drill))
    assert again.lots.equals(lineage.lots)
    assert again.consumed.equals(lineage.consumed)
