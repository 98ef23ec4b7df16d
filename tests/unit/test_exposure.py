"""Exposure against one forward trace a lot, on random networks with cycles and on a demo plant."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from bench.trials import MATERIAL
from graph_model import network
from graph_model.errors import BadInput
from graph_model.ledger import Facts
from graph_model.lineage import Index, Lineage
from graph_model.schema import (
    KINDS,
    Consumed,
    Customer,
    Item,
    Lot,
    Operation,
    Produced,
    Shipment,
    Shipped,
    conform,
    frame_schema,
)
from loaders import demo_plant, intake
from queries.recall import cost, places
from queries.recall.dispersion import dispersion
from queries.recall.exposure import Exposure, exposure
from queries.recall.roots import Suspects
from queries.recall.scope import compute
from queries.recall.sweeps import Net, error


def folded(rows: dict[type, list[dict[str, Any]]]) -> Facts:
    """Facts of these rows."""
    return Facts(
        1,
        "h",
        {
            name: conform(kind, pl.DataFrame(rows[kind], infer_schema_length=None), provenance=True)
            if rows.get(kind)
            else pl.DataFrame(schema=frame_schema(kind, provenance=True))
            for name, kind in KINDS.items()
        },
    )


def random_plant(seed: int) -> Facts:
    """Received lots, orders that may use what was made of their own outputs, parts, shipments."""
    rng = random.Random(seed)
    rows: dict[type, list[dict[str, Any]]] = {}

    def put(kind: type, /, **row: Any) -> None:
        rows.setdefault(kind, []).append({"status": "posted", "source": "test", **row})

    def moved(kind: type, n: str, lot: str, /, **row: Any) -> None:
        put(kind, key=n, lot=lot, item=f"P/{lot.split('/')[1]}", quantity=float(rng.randint(1, 9)),
            uom="kg", **row)  # fmt: skip

    for item, kind in (("A", "raw"), ("B", "semi_finished"), ("C", "finished"), ("D", None)):
        put(Item, key=f"P/{item}", company="P", item_code=item, item_type=kind, uom="kg",
            unit_cost=float(rng.randint(1, 5)), sales_price=7.0)  # fmt: skip
    bought = [f"S{rng.randint(1, 2)}/A/{n}" for n in range(rng.randint(1, 6))]
    made = [f"P/{rng.choice('BCD')}/{n}" for n in range(rng.randint(1, 8))]
    own = [f"P/A/{n}" for n in range(len(bought))]
    for lot in {*bought, *made, *own}:
        owner, item, number = lot.split("/")
        put(Lot, key=lot, owner=owner, item_code=item, lot_no=number, item=f"P/{item}", uom="kg")
    if rng.random() < 0.5:
        put(Lot, key=f"{bought[0]}#1", owner=bought[0].split("/")[0], item_code="A",
            lot_no="0", sublot="1", item="P/A", parent=bought[0], uom="kg")  # fmt: skip
    for n, (lot, ours) in enumerate(zip(bought, own, strict=True)):
        step = f"P/receive/{n}"
        put(Operation, key=step, company="P", kind="receive", number=str(n))
        moved(Consumed, f"r{n}", lot, operation=step, basis="exact", earliest=n, latest=n)
        moved(Produced, f"q{n}", ours, operation=step, basis="exact", earliest=n, latest=n)
    for n in range(rng.randint(1, 7)):
        step = f"P/produce/{n}"
        put(Operation, key=step, company="P", kind="produce", number=str(n))
        for m, lot in enumerate(rng.sample(own + made, min(len(own + made), rng.randint(1, 3)))):
            moved(Consumed, f"i{n}-{m}", lot, operation=step, basis="by_order")
        for m, lot in enumerate(rng.sample(made, min(len(made), rng.randint(1, 2)))):
            moved(Produced, f"o{n}-{m}", lot, operation=step, basis="by_order")
    for n in range(rng.randint(0, 5)):
        customer = f"K{rng.randint(1, 3)}"
        put(Customer, key=customer, company=customer)
        put(Shipment, key=f"P/{n}", company="P", delivery_no=str(n), customer=customer,
            kind="delivery")  # fmt: skip
        rows[Shipment][-1]["status"] = rng.choice(["shipped", "planned", "delivered"])
        moved(Shipped, f"s{n}", rng.choice(made + own), shipment=f"P/{n}")
    return folded(rows)


def touched(facts: Facts, lineage: Lineage, roots: Index) -> dict[str, float]:
    """The figures of one forward trace."""
    reached = lineage.forward(lineage.with_parts(roots)).lots
    lots = reached[lineage.recorded[reached]]
    lines = places.shipped_lines(lineage, reached)
    lines = lines.filter(~pl.col("status").is_in(["planned", "picked"]).fill_null(False))
    prices = cost.prices(cost.load(), lineage, facts[Item])
    return {
        "lots": len(lots),
        "customers": lines["customer"].drop_nulls().n_unique(),
        "cost": prices.total(lots),
    }


def compare(facts: Facts, lineage: Lineage, found: Exposure, tried: int) -> None:
    """Each lot and group of the exposure is what a trace from it reaches."""
    for row in found.lots.head(tried).iter_rows(named=True):
        expected = touched(facts, lineage, np.array([row["lot"]]))
        assert {name: row[name] for name in expected} == pytest.approx(expected), row["key"]
    for row in found.groups.iter_rows(named=True):
        roots = found.lots.filter(pl.col(row["group"]) == row["name"])["lot"].to_numpy()
        assert row["supplied"] == len(roots)
        expected = touched(facts, lineage, roots)
        assert {name: row[name] for name in expected} == pytest.approx(expected), row["name"]


def conserved(found: Exposure) -> None:
    """Both dispersions count the same pairs; a group is no less than its worst lot."""
    assert found.contained is not None
    assert found.lots["finished"].sum() == found.contained["supplied"].sum()
    told = dispersion(found)
    assert told.batch == 2 * told.downward
    assert (told.worst_cost or 0) >= (told.average_cost or 0) - 0.01
    for row in found.groups.iter_rows(named=True):
        own = found.lots.filter(pl.col(row["group"]) == row["name"])
        for name in ("lots", "finished", "customers", "cost", *found.units):
            column = name if name in row else f"amount:{name}"
            each = own[column].to_numpy()
            assert each.max() - 1e-6 <= row[column] <= each.sum() + 1e-6


@pytest.mark.parametrize("seed", range(60))
def test_exposure_is_what_a_trace_reaches(seed: int) -> None:
    facts = random_plant(seed)
    lineage = Lineage.of(network.build(facts))
    found = exposure(facts, lineage)
    assert len(found.lots) == sum("/receive/" in k for k in lineage.operations["key"])
    compare(facts, lineage, found, 10)
    conserved(found)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Facts, Lineage]:
    """A generated plant."""
    folder = tmp_path_factory.mktemp("demo")
    demo_plant.generate(1500, 3).write(folder)
    taken = intake.read(folder, "plant")
    facts = Facts(
        1,
        "h",
        {
            name: taken.tables.get(name, pl.DataFrame(schema=frame_schema(kind, provenance=True)))
            for name, kind in KINDS.items()
        },
    )
    return facts, Lineage.of(network.build(facts))


def test_demo_plant_by_traces_and_by_scopes(demo: tuple[Facts, Lineage]) -> None:
    facts, lineage = demo
    found = exposure(facts, lineage)
    assert len(found.lots) > 50
    compare(facts, lineage, found, 40)
    conserved(found)
    first = found.lots.row(0, named=True)
    scope = compute(facts, lineage, Suspects(lots=(first["key"],)), hazard=MATERIAL)
    assert scope.reachable == pytest.approx((first["lots"], first["cost"]))


def test_sketches_stay_within_the_stated_error(demo: tuple[Facts, Lineage]) -> None:
    facts, lineage = demo
    exact = exposure(facts, lineage)
    found = exposure(facts, lineage, ranks=402)
    assert found.error == pytest.approx(0.05)
    assert found.bounds is not None
    low, high = found.bounds
    assert low < 1 < high
    for name in ("lots", "finished", "customers", "cost"):
        true, told = exact.lots[name].to_numpy(), found.lots[name].to_numpy()
        # Lots share ranks, so that they err together: four standard errors hold for each. Counts
        # are rounded to whole ones.
        slack = 0.01 if name == "cost" else 0.5
        assert (np.abs(told - true) <= 4 * 0.05 * true + slack).all(), name
        assert (told[true == 0] == 0).all()
    assert any(entry.kind == "estimated" for entry in found.missing)
    assert not found.to_dict()["exact"]


def test_errors_of_independent_sketches_are_as_stated() -> None:
    star = np.arange(1, 201)
    net = Net.of(201, np.zeros_like(star), star, np.array([0]))
    weight = net.weights(np.arange(201), np.linspace(1, 2, 201))[:, None]
    starts = net.starts(np.array([0]), np.array([0]), 1)
    (true,), _ = net.sums(starts, weight)
    told = [net.estimates(starts, weight, 27, seed)[0, 0] / true[0] for seed in range(400)]
    assert np.mean(told) == pytest.approx(1, abs=4 * error(27) / 20)
    assert np.std(told) == pytest.approx(error(27), rel=0.2)


def test_narrow_blocks_count_the_same(
    demo: tuple[Facts, Lineage], monkeypatch: pytest.MonkeyPatch
) -> None:
    facts, lineage = demo
    whole = exposure(facts, lineage)
    monkeypatch.setattr("queries.recall.sweeps._MATRIX", 20_000)
    monkeypatch.setattr("queries.recall.sweeps._GATHER", 500)
    narrow = exposure(facts, lineage)
    exact = [name for name in whole.lots.columns if name != "cost" and ":" not in name]
    assert narrow.lots.select(exact).equals(whole.lots.select(exact))
    assert narrow.lots["cost"].to_numpy() == pytest.approx(whole.lots["cost"].to_numpy())
    assert narrow.contained is not None
    assert whole.contained is not None
    assert narrow.contained.equals(whole.contained)


def test_plant_without_suppliers_has_no_exposure(tmp_path: Path) -> None:
    facts = folded({})
    found = exposure(facts, Lineage.of(network.build(facts)))
    assert found.lots.is_empty()
    assert found.groups.is_empty()
    assert dispersion(found).worst_cost is None


def test_too_few_ranks_are_refused() -> None:
    facts = folded({})
    with pytest.raises(BadInput, match="at least 10"):
        exposure(facts, Lineage.of(network.build(facts)), ranks=3)
