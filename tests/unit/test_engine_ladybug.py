"""The embedded engine answers for one key as it does for many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from graph_model import network, projection
from graph_model.engines.base import Query, QueryMismatch
from graph_model.engines.ladybug import LadybugGraph
from graph_model.errors import EngineError, Locked
from queries import impact, people, quality, trace
from tests.conformance.plant import facts


def test_one_key_at_a_time_gives_the_same_rows(tmp_path: Path) -> None:
    whole = facts()
    lots = whole.tables["Lot"]["key"].to_list()
    operations = whole.tables["Operation"]["key"].to_list()
    with LadybugGraph(tmp_path, write=True) as graph:
        projection.project(network.build(whole), whole, graph)
        by_lot: list[Query[Any]] = [
            trace.INPUTS,
            trace.OUTPUTS,
            trace.CONSUMED,
            impact.SHIPMENTS,
        ]
        for query in by_lot:
            together = graph.read(query, lots=lots)
            singly = [row for lot in lots for row in graph.read(query, lots=[lot])]
            assert together
            assert sorted(singly, key=repr) == sorted(together, key=repr)
        by_both: list[Query[Any]] = [people.CHECKS, quality.BROKEN]
        for query in by_both:
            mixed = graph.read(query, lots=lots, operations=operations)
            pairs = [{"lots": [lot], "operations": []} for lot in lots]
            pairs += [{"lots": [], "operations": [operation]} for operation in operations]
            apart = {row for pair in pairs for row in graph.read(query, **pair)}
            assert apart == set(mixed)


def test_empty_graph_says_what_to_do(tmp_path: Path) -> None:
    with LadybugGraph(tmp_path) as graph, pytest.raises(EngineError, match="lotgraph rebuild"):
        trace.forward(graph, ["P/F/F1"])


def test_a_file_looks_damaged_only_while_nobody_changes_it(tmp_path: Path) -> None:
    (tmp_path / "graph.lbug").write_bytes(b"half of a file")
    with FileLock(tmp_path / "graph.lock"), pytest.raises(Locked):
        LadybugGraph(tmp_path)
    with pytest.raises(EngineError) as failed:
        LadybugGraph(tmp_path)
    assert failed.value.code == "graph_damaged"
    with LadybugGraph(tmp_path, write=True) as graph:
        assert graph.damaged


def test_rows_that_do_not_fit_the_file_stop_the_program() -> None:
    with pytest.raises(QueryMismatch, match="inputs"):
        Query("trace/inputs.cypher", trace.Output)
