"""Residue that was carried over from order to order is in every graph as it is in the arrays."""

from __future__ import annotations

import polars as pl
import pytest

from graph_model import network, projection, schema
from graph_model.engines.base import Graph
from graph_model.ledger.fold import Facts
from graph_model.lineage import Lineage
from queries import trace
from tests.conformance.plant import facts

RESIDUE = [
    {"key": "r1", "operation": "P/produce/W1", "next_operation": "P/produce/W2", "quantity": 2.0,
     "uom": "kg"},
    {"key": "r2", "operation": "P/produce/W3", "next_operation": "P/produce/W4",
     "lot": "P/C/C1", "quantity": 1.0, "uom": "kg"},
]  # fmt: skip


def with_residue(order: int = 0) -> Facts:
    """The shared plant, and residue of which one row names the lot."""
    plant = facts(order)
    rows = schema.conform(
        schema.CarriesOver, pl.DataFrame(RESIDUE[::-1] if order else RESIDUE), provenance=True
    )
    return Facts(plant.batch, plant.head, {**plant.tables, "CarriesOver": rows})


@pytest.mark.parametrize("root", ["S1/F/77", "P/D/D1", "P/C/C1", "P/F/F2"])
def test_residue_is_traced_alike_in_graph_and_arrays(empty_graph: Graph, root: str) -> None:
    recorded = with_residue()
    built = network.build(recorded)
    lineage = Lineage.of(built)
    projection.project(built, recorded, empty_graph)
    number = lineage.number([root])
    for rows, found in (
        (trace.forward(empty_graph, [root]), lineage.forward(number)),
        (trace.backward(empty_graph, [root]), lineage.backward(number)),
    ):
        lots = {lot for lot, far in zip(found.lots, found.distance, strict=True) if far}
        assert {row.key for row in rows} - {root} == set(lineage.lots["key"][sorted(lots)])
    assert projection.graph_hash(empty_graph) == projection.facts_hash(built, recorded)


def test_residue_leads_to_the_next_order_and_not_the_other_way(empty_graph: Graph) -> None:
    recorded = with_residue()
    projection.project(network.build(recorded), recorded, empty_graph)
    assert "P/D/D2" in {row.key for row in trace.forward(empty_graph, ["P/D/D1"])}
    assert "P/C/C2" in {row.key for row in trace.forward(empty_graph, ["P/C/C1"])}
    assert "P/D/D1" in {row.key for row in trace.backward(empty_graph, ["P/D/D2"])}
    assert "P/D/D1" not in {row.key for row in trace.forward(empty_graph, ["P/F/F2"])}


def test_the_graph_hash_knows_residue_and_not_its_order() -> None:
    hashes = {
        projection.facts_hash(network.build(one), one)
        for one in (with_residue(), with_residue(1), with_residue(7))
    }
    plain = projection.facts_hash(network.build(facts()), facts())
    assert len(hashes) == 1
    assert plain not in hashes
