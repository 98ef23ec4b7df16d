"""At most N of these M: bounds against every way suspect pieces can have gone in small plants."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pytest

from graph_model import network
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from graph_model.schema import (
    KINDS,
    Component,
    Consumed,
    Item,
    Lot,
    Operation,
    Produced,
    Stock,
    conform,
    frame_schema,
)
from queries.recall import report
from queries.recall.bounds import Pieces
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.scope import Scope, compute
from tests.unit.scopes_case import demo_scope

RECIPES = {"P": {"A": 1}, "Q": {"P": 1, "A": 1}}
"""Pieces that each piece of P and Q takes."""
Rows = dict[type, list[dict[str, Any]]]
State = tuple[int, ...]
"""Suspect pieces in each lot."""


@dataclass
class Order:
    makes: str
    taken: dict[int, int]
    made: dict[int, int]


@dataclass
class Plant:
    """Lots with item and size, orders in the order they ran, suspect lots."""

    items: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)

    def left(self) -> list[int]:
        """Pieces of each lot that no order took."""
        left = list(self.sizes)
        for order in self.orders:
            for lot, count in order.taken.items():
                left[lot] -= count
        return left


def random_plant(seed: int) -> Plant:
    rng = random.Random(seed)
    plant = Plant()
    for _ in range(rng.randint(2, 3)):
        plant.items.append("A")
        plant.sizes.append(rng.randint(1, 3))
    plant.roots = rng.sample(range(len(plant.items)), 1)
    for made in ("P", "P", "Q", "P")[: rng.randint(1, 4)]:
        taken: dict[int, int] = {}
        count = rng.randint(1, 3)
        for item, each in RECIPES[made].items():
            for lot in rng.sample(range(len(plant.items)), len(plant.items)):
                need = count * each - sum(taken[n] for n in taken if plant.items[n] == item)
                some = min(need, plant.left()[lot])
                if plant.items[lot] == item and some > 0:
                    taken[lot] = rng.randint(1, some)
        gets = [sum(taken[n] for n in taken if plant.items[n] == item) for item in RECIPES[made]]
        count = min(gets)
        if not count:
            continue
        split = rng.randint(0, count)
        sizes = [size for size in (split, count - split) if size]
        first = len(plant.items)
        plant.items += [made] * len(sizes)
        plant.sizes += sizes
        made_lots = dict(zip(range(first, first + len(sizes)), sizes, strict=True))
        plant.orders.append(Order(made, taken, made_lots))
    return plant


def worlds(plant: Plant) -> set[State]:
    """Suspect pieces left in each lot, for every way they can have gone."""
    start = tuple(
        size if lot in plant.roots else 0 for lot, size in enumerate(plant.sizes)
    )  # fmt: skip
    whole = list(plant.sizes)
    states = {start}
    for order in plant.orders:
        states = {after for state in states for after in _run(order, state, whole)}
        for lot, count in order.taken.items():
            whole[lot] -= count
    return states


def _run(order: Order, state: State, whole: list[int]) -> Iterator[State]:
    """Any suspect pieces are taken, and each goes into some output piece or into none."""
    choices = []
    for lot, count in order.taken.items():
        clean = whole[lot] - state[lot]
        choices.append(range(max(0, count - clean), min(count, state[lot]) + 1))
    for picked in itertools.product(*choices):
        after = list(state)
        for lot, count in zip(order.taken, picked, strict=True):
            after[lot] -= count
        outputs = list(order.made.items())
        for bad in itertools.product(*(range(size + 1) for _, size in outputs)):
            if sum(bad) <= sum(picked):
                done = list(after)
                for (lot, _), count in zip(outputs, bad, strict=True):
                    done[lot] = count
                yield tuple(done)


def facts_of(plants: list[Plant]) -> Facts:
    rows: Rows = defaultdict(list)
    for number, plant in enumerate(plants):
        _write(rows, f"X{number}", plant)
    tables = {
        name: conform(kind, pl.DataFrame(rows[kind], infer_schema_length=None), provenance=True)
        if rows[kind]
        else pl.DataFrame(schema=frame_schema(kind, provenance=True))
        for name, kind in KINDS.items()
    }
    return Facts(1, "", tables)


def _write(rows: Rows, own: str, plant: Plant) -> None:
    about = {"company": own, "uom": "pcs", "measure": "pieces"}
    rows[Item] += [{"key": f"{own}/{code}", "item_code": code, **about} for code in "APQ"]
    for parent, takes in RECIPES.items():
        rows[Component] += [
            {"key": f"{own}/{parent}/{item}", "item": f"{own}/{item}", "parent": f"{own}/{parent}",
             "quantity": float(each), "uom": "pcs", "per_quantity": 1.0}
            for item, each in takes.items()
        ]  # fmt: skip
    keys = [f"{own}/{item}/{lot}" for lot, item in enumerate(plant.items)]
    for lot, item in enumerate(plant.items):
        rows[Lot].append({"key": keys[lot], "owner": own, "item_code": item, "lot_no": str(lot),
                          "item": f"{own}/{item}", "uom": "pcs"})  # fmt: skip

    def move(kind: type, step: str, lot: int, count: int) -> None:
        rows[kind].append({"key": f"{step}/{kind.__name__}/{lot}", "operation": step, "uom": "pcs",
                           "lot": keys[lot], "item": f"{own}/{plant.items[lot]}",
                           "quantity": float(count), "basis": "by_order"})  # fmt: skip

    for lot, item in enumerate(plant.items):
        if item == "A":
            step = f"{own}/opening/{lot}"
            rows[Operation].append({"key": step, "company": own, "kind": "opening",
                                    "number": str(lot), "status": "closed"})  # fmt: skip
            move(Produced, step, lot, plant.sizes[lot])
    for number, order in enumerate(plant.orders):
        step = f"{own}/produce/{number}"
        rows[Operation].append({"key": step, "company": own, "kind": "produce", "status": "closed",
                                "number": str(number), "item": f"{own}/{order.makes}"})  # fmt: skip
        for lot, count in order.taken.items():
            move(Consumed, step, lot, count)
        for lot, count in order.made.items():
            move(Produced, step, lot, count)


def test_bounds_hold_in_every_world_and_are_met_in_some() -> None:
    plants = [random_plant(seed) for seed in range(90)]
    facts = facts_of(plants)
    lineage = Lineage.of(network.build(facts))
    stated = met = 0
    for number, plant in enumerate(plants):
        roots = tuple(f"X{number}/{plant.items[lot]}/{lot}" for lot in plant.roots)
        scope = compute(facts, lineage, Suspects(lots=roots), hazard=Hazard(kind="dimension"))
        ways = worlds(plant)
        found = report.to_dict(scope)
        for lot in found["lots"]:
            at = int(lot["lot_no"])
            most = max(state[at] for state in ways)
            assert lot["affected_at_most"] >= most, (number, lot["key"])
            assert lot["affected_at_most"] <= plant.sizes[at]
        assert {lot["lot_no"] for lot in found["lots"] if lot["tier"] != "excluded"} >= {
            str(lot) for state in ways for lot, count in enumerate(state) if count
        }
        for bound in found["at_most"]:
            stated += 1
            lots = [int(key.rsplit("/", 1)[1]) for key in bound["keys"]]
            here = [[state[lot] for lot in lots] for state in ways]
            most = max(sum(row) for row in here)
            wide = max(sum(count > 0 for count in row) for row in here)
            assert most <= bound["pieces"] <= bound["of"], (number, bound)
            assert wide <= bound["lots"] <= bound["lots_of"]
            met += (most, wide) == (bound["pieces"], bound["lots"])
    assert stated >= 20
    # In most plants the bound is reached: it is no guess from above.
    assert met >= 0.8 * stated


def _engines(**items: Any) -> Facts:
    """40 suspect of 100 gearboxes in an order of 100 engines, each of them a lot."""
    plant = Plant(items=["A", "A", *["P"] * 100], sizes=[40, 60, *[1] * 100], roots=[0])
    plant.orders = [Order("P", {0: 40, 1: 60}, dict.fromkeys(range(2, 102), 1))]
    facts = facts_of([plant])
    whole = {name: facts[kind] for name, kind in KINDS.items()}
    whole["Item"] = whole["Item"].with_columns(**items)
    return Facts(1, "", whole)


def _scope(facts: Facts, hazard: str) -> Scope:
    lineage = Lineage.of(network.build(facts))
    return compute(facts, lineage, Suspects(lots=("X0/A/0",)), hazard=Hazard(kind=hazard))


def test_forty_gearboxes_reach_at_most_forty_of_a_hundred_engines() -> None:
    found = report.to_dict(_scope(_engines(), "dimension"))
    (bound,) = found["at_most"]
    assert (bound["pieces"], bound["of"], bound["lots"], bound["lots_of"]) == (40, 100, 40, 100)
    # No lot leaves the list for it.
    assert sum(lot["tier"] == "possible" for lot in found["lots"]) == 100


@pytest.mark.parametrize("hazard", ["microbial", "chemical", "allergen", "unknown"])
def test_what_grows_or_acts_in_traces_is_in_the_whole(hazard: str) -> None:
    found = report.to_dict(_scope(_engines(), hazard))
    assert found["at_most"] == []
    assert all(lot["affected_at_most"] == lot["quantity"] == lot["affected_likely"]
               for lot in found["lots"])  # fmt: skip


def test_bulk_and_unknown_measures_bound_nothing() -> None:
    for measure in ("bulk", None):
        facts = _engines(measure=pl.lit(measure, pl.String))
        found = report.to_dict(_scope(facts, "dimension"))
        assert found["at_most"] == []
        assert all(lot["affected_at_most"] == lot["quantity"] for lot in found["lots"])


def test_a_lot_of_which_more_is_there_than_was_made_bounds_nothing() -> None:
    facts = _engines()
    key = "X0/P/2"
    more = {"key": "s", "lot": key, "item": "X0/P", "quantity": 5.0, "uom": "pcs"}
    whole = {name: facts[kind] for name, kind in KINDS.items()}
    whole["Stock"] = conform(Stock, pl.DataFrame([more]), provenance=True)
    (bound,) = report.to_dict(_scope(Facts(1, "", whole), "dimension"))["at_most"]
    assert (bound["pieces"], bound["of"], bound["lots"]) == (45, 104, 41)


def test_rework_makes_no_suspect_piece_more() -> None:
    """Random ways with loops: what is somewhere together is no more than what was suspect."""
    rng = np.random.default_rng(3)
    for _ in range(200):
        lots, steps = int(rng.integers(2, 7)), int(rng.integers(1, 5))
        rows = int(rng.integers(2, 12))
        whole = np.full(lots, 99.0)
        whole[0] = rng.integers(1, 9)
        net = Pieces(
            whole=whole,
            source=np.where(np.arange(lots) == 0, whole, 0.0),
            bulk=np.zeros(lots, dtype=bool),
            loose=np.zeros(steps, dtype=bool),
            in_lot=rng.integers(0, lots, rows), in_step=rng.integers(0, steps, rows),
            in_amount=rng.integers(1, 9, rows).astype(float),
            out_step=rng.integers(0, steps, rows), out_lot=rng.integers(0, lots, rows),
            out_amount=rng.integers(1, 9, rows).astype(float),
        )  # fmt: skip
        every = np.arange(lots)
        amounts = whole.astype(np.int64)
        assert net.together(every, amounts) <= whole[0]
        most = net.at_most()
        assert (most <= whole).all()
        assert most[0] == whole[0]
        for lot in every:
            alone = net.together(every[lot : lot + 1], amounts[lot : lot + 1])
            assert alone <= most[lot]


@pytest.mark.parametrize("seed", range(4))
def test_likely_is_at_most_what_is_at_most(seed: int) -> None:
    scope = demo_scope(seed)
    wider = compute(scope.facts, scope.lineage, scope.asked, scope.table,
                    hazard=Hazard(kind="foreign_body"))  # fmt: skip
    for one in (scope, wider):
        found = report.to_dict(one)
        for lot in found["lots"]:
            share, most = lot["affected_share"], lot["affected_at_most"]
            # A lot that is reached, be it by contact, is affected.
            assert lot["tier"] == "excluded" or most is None or most > 0 or not lot["quantity"]
            assert share is None or 0 <= share <= 1
            assert lot["affected_likely"] is None or most is None or lot["affected_likely"] <= most
            assert most is None or lot["quantity"] is None or most <= lot["quantity"]
        for sums in found["totals"]["affected"].values():
            assert sums["likely"] + sums["unknown"] <= sums["at_most"] + 1e-6
