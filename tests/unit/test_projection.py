"""The graph is the ledger's: whatever the order of loading, and by whatever steps it got there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from graph_model import network, projection, schema
from graph_model.engines.base import State
from graph_model.engines.ladybug import LadybugGraph
from graph_model.engines.tables import edges, nodes
from graph_model.errors import EngineError, Locked
from graph_model.ledger.fold import Facts
from tests.conformance.plant import facts

Rows = dict[str, pl.DataFrame]


def some(recorded: Facts, seed: int, share: float = 0.6) -> Facts:
    """A part of the rows of every kind, as a batch of their own."""
    tables = {
        name: frame.sample(fraction=share, seed=seed) for name, frame in recorded.tables.items()
    }
    return Facts(batch=100 + seed, head=f"part {seed}", tables=tables)


def changed(recorded: Facts) -> Facts:
    """The same keys with other values: amounts, names, and a shipment to another customer."""
    tables = dict(recorded.tables)
    tables["Consumed"] = tables["Consumed"].with_columns(pl.col("quantity") + 1)
    tables["Item"] = tables["Item"].with_columns(item_name=pl.col("item_name") + "!", uom=None)
    tables["Shipment"] = tables["Shipment"].with_columns(customer=pl.lit("K9"))
    tables["Produced"] = tables["Produced"].with_columns(
        lot=pl.col("lot").replace("P/D/D3", "P/D/D3x")
    )
    return Facts(batch=200, head="changed", tables=tables)


def held(graph: LadybugGraph) -> Rows:
    """All rows of the graph, derived ones too, in order of key."""
    rows = {table.id: graph.rows(table) for table in (*nodes(), *edges())}
    return {
        name: frame.select(sorted(frame.columns)).sort(pl.all()) for name, frame in rows.items()
    }


def project(graph: LadybugGraph, recorded: Facts) -> None:
    projection.project(network.build(recorded), recorded, graph)


def in_full(recorded: Facts) -> Rows:
    """What a full projection writes."""
    frames = projection.Frames(network.build(recorded), recorded)
    plain = {name: frame.drop("row_hash") for name, frame in frames.items()}
    return {
        name: frame.select(sorted(frame.columns)).sort(pl.all()) for name, frame in plain.items()
    }


def assert_same(found: Rows, expected: Rows) -> None:
    for table_id, frame in expected.items():
        assert found[table_id].equals(frame), table_id


@pytest.mark.parametrize("order", [1, 2, 3])
def test_order_of_loading_leaves_no_trace(order: int) -> None:
    straight, shuffled = facts(), facts(order)
    one, other = network.build(straight), network.build(shuffled)
    assert projection.facts_hash(one, straight) == projection.facts_hash(other, shuffled)
    again = projection.Frames(other, shuffled)
    for table_id, frame in projection.Frames(one, straight).items():
        assert frame.sort(pl.all()).equals(again[table_id].sort(pl.all())), table_id


def test_where_a_fact_was_read_is_not_hashed() -> None:
    plain = facts()
    read = {name: t.with_columns(_row=pl.lit(7, pl.Int64)) for name, t in plain.tables.items()}
    moved = replace(plain, tables=read)
    hashes = {projection.facts_hash(network.build(f), f) for f in (plain, moved)}
    assert len(hashes) == 1


def test_hash_notices_a_lost_row() -> None:
    whole = facts()
    built = network.build(whole)
    expected = projection.facts_hash(built, whole)
    for kind in (*schema.NODES, *schema.EDGES):
        rows = whole[kind]
        if len(rows):
            less = replace(whole, tables=whole.tables | {kind.__name__: rows[1:]})
            assert projection.facts_hash(network.build(less), less) != expected, kind


def test_changes_lead_to_the_same_graph_as_a_full_projection(tmp_path: Path) -> None:
    whole = facts()
    steps = [some(whole, 1), whole, changed(whole), some(whole, 2)]
    with LadybugGraph(tmp_path, write=True) as graph:
        for number, step in enumerate(steps):
            step = replace(step, batch=number + 1)
            project(graph, step)
            built = network.build(step)
            assert projection.graph_hash(graph) == projection.facts_hash(built, step)
            assert_same(held(graph), in_full(step))
            assert graph.state() == State(step.batch, step.head, projection.FORM, whole=True)


def test_half_written_graph_is_projected_in_full(tmp_path: Path) -> None:
    whole = facts()
    with LadybugGraph(tmp_path, write=True) as graph:
        project(graph, some(whole, 3))
        graph.apply([], State(1, "torn", projection.FORM, whole=False))
        project(graph, whole)
        assert_same(held(graph), in_full(whole))


def test_graph_of_another_form_is_projected_in_full(tmp_path: Path) -> None:
    whole = facts()
    with LadybugGraph(tmp_path, write=True) as graph:
        project(graph, some(whole, 4))
        graph.apply([], State(1, "old", "0/0/0", whole=True))
        project(graph, whole)
        assert_same(held(graph), in_full(whole))


def test_second_writer_is_told_who_writes(tmp_path: Path) -> None:
    with LadybugGraph(tmp_path, write=True), pytest.raises(Locked, match=r"Process \d+ on"):
        LadybugGraph(tmp_path, write=True)


def test_reader_cannot_write(tmp_path: Path) -> None:
    whole = facts()
    with LadybugGraph(tmp_path, write=True) as graph:
        project(graph, whole)
    with LadybugGraph(tmp_path) as graph, pytest.raises(EngineError, match="reading only"):
        projection.rebuild(network.build(whole), whole, graph)


def test_damaged_file_is_put_away_and_projected_anew(tmp_path: Path) -> None:
    whole = facts()
    with LadybugGraph(tmp_path, write=True) as graph:
        project(graph, whole)
    (tmp_path / "graph.lbug").write_bytes(b"no graph" * 1000)
    with pytest.raises(EngineError, match="rebuild"):
        LadybugGraph(tmp_path)
    with LadybugGraph(tmp_path, write=True) as graph:
        assert graph.damaged
        assert graph.state() is None
        project(graph, whole)
        assert_same(held(graph), in_full(whole))
