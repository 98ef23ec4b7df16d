"""Deep and broad networks are answered completely, and the graph hash equals the ledger's."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from graph_model import projection, schema
from graph_model.engines.ladybug import LadybugGraph
from queries import trace


def ladder(levels: int, width: int) -> Any:
    """`levels` levels of `width` lots, each level made from the whole level before."""
    rungs = [(i, j) for i in range(levels) for j in range(width)]
    made = [(i, j) for i, j in rungs if i]
    lots = [{"key": f"P/I/{i}-{j}", "owner": "P", "item_code": "I", "lot_no": f"{i}-{j}",
             "sublot": ""} for i, j in rungs]  # fmt: skip
    rows: dict[str, tuple[type, list[dict[str, str]]]] = {
        "lots": (schema.Lot, lots),
        "operations": (schema.Operation, []),
        "consumed": (schema.Consumed, [
            {"key": f"c{i}-{j}", "lot": f"P/I/{i - 1}-{j}", "operation": f"P/produce/{i}"}
            for i, j in made]),
        "produced": (schema.Produced, [
            {"key": f"p{i}-{j}", "lot": f"P/I/{i}-{j}", "operation": f"P/produce/{i}"}
            for i, j in made]),
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


@pytest.mark.parametrize(("levels", "width"), [(25, 10), (1200, 1)])
def test_trace_is_complete_at_any_depth(tmp_path: Path, levels: int, width: int) -> None:
    network, facts = ladder(levels, width), NoFacts()
    with LadybugGraph(tmp_path, write=True) as graph:
        projection.project(network, facts, graph)
        reached = (levels - 1) * width
        assert len(trace.forward(graph, ["P/I/0-0"])) == reached
        assert len(trace.backward(graph, [f"P/I/{levels - 1}-0"])) == reached
        assert projection.graph_hash(graph) == projection.facts_hash(network, facts)
