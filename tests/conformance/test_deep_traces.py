"""Deep and broad networks are answered completely, and the graph hash equals the ledger's."""

from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from graph_model import projection, schema
from graph_model.engines.base import Graph
from queries import trace

Pairs = list[tuple[str, str]]


def ladder(levels: int, width: int) -> Any:
    """`levels` levels of `width` lots, each level made from the whole level before."""
    rungs = [(i, j) for i in range(levels) for j in range(width)]
    made = [(i, j) for i, j in rungs if i]
    lots = [{"key": f"P/I/{i}-{j}", "owner": "P", "item_code": "I", "lot_no": f"{i}-{j}",
             "sublot": ""} for i, j in rungs]  # fmt: skip
    consumed = [(f"P/I/{i - 1}-{j}", f"P/produce/{i}") for i, j in made]
    return tables(lots, consumed, [(f"P/produce/{i}", f"P/I/{i}-{j}") for i, j in made])


def tables(lots: list[dict[str, str]], consumed: Pairs, produced: Pairs) -> Any:
    """Lots, (lot, operation) and (operation, lot) pairs as a network."""
    rows: dict[str, tuple[type, list[dict[str, str]]]] = {
        "lots": (schema.Lot, lots),
        "operations": (schema.Operation, []),
        "consumed": (schema.Consumed, [
            {"key": f"c{n}", "lot": lot, "operation": operation}
            for n, (lot, operation) in enumerate(consumed)]),
        "produced": (schema.Produced, [
            {"key": f"p{n}", "lot": lot, "operation": operation}
            for n, (operation, lot) in enumerate(produced)]),
        "returned": (schema.Returned, []),
        "shipped": (schema.Shipped, []),
    }  # fmt: skip
    return SimpleNamespace(
        **{n: pl.DataFrame(r, schema=schema.frame_schema(k)) for n, (k, r) in rows.items()}
    )


class NoFacts:
    """A fold without further facts."""

    batch = 1
    head = "h"

    def __getitem__(self, kind: type) -> pl.DataFrame:
        return pl.DataFrame(schema=schema.frame_schema(kind))


@pytest.mark.parametrize(("levels", "width"), [(25, 10), (5000, 1)])
def test_trace_is_complete_at_any_depth(empty_graph: Graph, levels: int, width: int) -> None:
    network, facts = ladder(levels, width), NoFacts()
    projection.project(network, facts, empty_graph)
    reached = (levels - 1) * width
    assert len(trace.forward(empty_graph, ["P/I/0-0"])) == reached
    assert len(trace.backward(empty_graph, [f"P/I/{levels - 1}-0"])) == reached
    assert projection.graph_hash(empty_graph) == projection.facts_hash(network, facts)


def hub(consumers: int, outputs: int) -> Any:
    """One lot that `consumers` orders took, of which `outputs` have made a lot yet."""
    lots = [
        {"key": f"P/I/{n}", "owner": "P", "item_code": "I", "lot_no": f"{n}", "sublot": ""}
        for n in ["hub", *range(outputs)]
    ]
    return tables(
        lots,
        [("P/I/hub", f"P/produce/{n}") for n in range(consumers)],
        [(f"P/produce/{n}", f"P/I/{n}") for n in range(outputs)],
    )


def test_lot_with_many_consumers_is_traced_at_once(empty_graph: Graph) -> None:
    network, facts = hub(100_000, 500), NoFacts()
    projection.project(network, facts, empty_graph)
    assert len(trace.forward(empty_graph, ["P/I/hub"])) == 500
    assert [row.key for row in trace.backward(empty_graph, ["P/I/7"])] == ["P/I/hub"]
    assert projection.graph_hash(empty_graph) == projection.facts_hash(network, facts)
