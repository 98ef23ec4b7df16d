"""Projection into Neo4j: whatever interrupts it, and whoever reads meanwhile."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graph_model import network, projection, schema
from graph_model.engines.base import State
from graph_model.engines.neo4j import Access, Neo4jDatabase
from graph_model.engines.neo4j_graph import Neo4jGraph
from graph_model.engines.tables import Table, edges, nodes
from graph_model.errors import BadInput, EngineError, Locked
from graph_model.ledger.fold import Facts
from queries import trace
from tests.conformance.conftest import wipe
from tests.conformance.plant import facts
from tests.conformance.test_deep_traces import NoFacts, ladder

ROOT = Path(__file__).parents[2]


@pytest.fixture
def database(neo4j_database: Neo4jDatabase) -> Neo4jDatabase:
    """An empty database."""
    wipe(neo4j_database)
    return neo4j_database


def some(recorded: Facts, seed: int) -> Facts:
    """A part of the rows of every kind, as a batch of their own."""
    tables = {
        name: frame.sample(fraction=0.6, seed=seed) for name, frame in recorded.tables.items()
    }
    return Facts(batch=100 + seed, head=f"part {seed}", tables=tables)


def changed(recorded: Facts) -> Facts:
    """The same keys with other values, and movements with other ends."""
    tables = dict(recorded.tables)
    tables["Consumed"] = tables["Consumed"].with_columns(pl.col("quantity") + 1)
    tables["Item"] = tables["Item"].with_columns(item_name=pl.col("item_name") + "!", uom=None)
    tables["Shipment"] = tables["Shipment"].with_columns(customer=pl.lit("K9"))
    tables["Produced"] = tables["Produced"].with_columns(
        lot=pl.col("lot").replace("P/D/D3", "P/D/D3x")
    )
    return Facts(batch=200, head="changed", tables=tables)


def project(graph: Neo4jGraph, recorded: Facts) -> None:
    projection.project(network.build(recorded), recorded, graph)


def assert_holds(graph: Neo4jGraph, recorded: Facts) -> None:
    built = network.build(recorded)
    assert projection.graph_hash(graph) == projection.facts_hash(built, recorded)
    assert graph.state() == State(recorded.batch, recorded.head, projection.FORM, whole=True)


def test_changes_lead_to_the_same_graph_as_a_full_projection(database: Neo4jDatabase) -> None:
    whole = facts()
    with Neo4jGraph(database, write=True) as graph:
        for recorded in (some(whole, 1), whole, changed(whole), some(whole, 2)):
            project(graph, recorded)
            assert_holds(graph, recorded)


class LaterFacts(NoFacts):
    """The next batch."""

    batch = 2
    head = "next"


class Counting(Neo4jGraph):
    """Counts how often it tells what it holds."""

    asked = 0

    def hashes(self, table: Table) -> pl.DataFrame:
        self.asked += 1
        return super().hashes(table)


def test_much_that_changed_at_once_is_compared_once(database: Neo4jDatabase) -> None:
    recorded = NoFacts()
    with Counting(database, write=True) as graph:
        projection.project(ladder(2, 10), recorded, graph)
        assert graph.asked == 0
        grown = ladder(2, 10_500)
        projection.project(grown, LaterFacts(), graph)
        assert graph.asked == len(nodes()) + len(edges())
        assert projection.graph_hash(graph) == projection.facts_hash(grown, recorded)


class Interrupted(Exception):
    """Something ended the importer."""


def interrupted_at(call: int) -> Any:
    calls = iter(range(1, call + 1))

    def told(table: str, done: int, total: int) -> None:
        if next(calls) == call:
            raise Interrupted

    return told


@pytest.mark.parametrize("call", [1, 9, 20])
def test_interrupted_projection_goes_on_where_it_stopped(
    database: Neo4jDatabase, call: int
) -> None:
    whole = facts()
    with (
        pytest.raises(Interrupted),
        Neo4jGraph(database, write=True, progress=interrupted_at(call)) as graph,
    ):
        project(graph, whole)
    written: list[int] = []
    told = lambda table, done, total: written.append(done)  # noqa: E731
    with Neo4jGraph(database, write=True, progress=told) as graph:
        held = database.read(lambda tx: tx.run("MATCH (n:Item) RETURN count(n) AS n").single())
        project(graph, whole)
        assert_holds(graph, whole)
    frames = projection.Frames(network.build(whole), whole)
    assert held["n"] == 7
    assert 0 < sum(written) < sum(map(len, frames.values()))


def test_interrupted_change_is_made_good(database: Neo4jDatabase) -> None:
    whole = facts()
    with Neo4jGraph(database, write=True) as graph:
        project(graph, whole)
    with (
        pytest.raises(Interrupted),
        Neo4jGraph(database, write=True, progress=interrupted_at(3)) as graph,
    ):
        project(graph, changed(whole))
    with Neo4jGraph(database) as reader, pytest.raises(EngineError, match="up to date"):
        trace.forward(reader, ["P/F/F1"])
    with Neo4jGraph(database, write=True) as graph:
        project(graph, changed(whole))
        assert_holds(graph, changed(whole))


def test_rebuild_mends_what_was_changed_by_hand(database: Neo4jDatabase) -> None:
    whole = facts()
    with Neo4jGraph(database, write=True) as graph:
        project(graph, whole)
        database.write(lambda tx: tx.run("MATCH (l:Lot) SET l.lot_no = 'x'").consume())
        graph.forget()
        projection.rebuild(network.build(whole), whole, graph)
        assert_holds(graph, whole)


def test_answer_is_never_taken_from_two_states_of_the_graph(database: Neo4jDatabase) -> None:
    whole = facts()
    with Neo4jGraph(database, write=True) as graph:
        project(graph, whole)
        with Neo4jGraph(database) as reader:
            before = trace.forward(reader, ["S1/F/77"])
            project(graph, replace(whole, batch=2, head="next"))
            with pytest.raises(EngineError, match="Ask again"):
                trace.forward(reader, ["S1/F/77"])
        with Neo4jGraph(database) as reader:
            assert trace.forward(reader, ["S1/F/77"]) == before


def test_empty_graph_says_what_to_do(database: Neo4jDatabase) -> None:
    with Neo4jGraph(database) as graph, pytest.raises(EngineError, match="lotgraph rebuild"):
        trace.forward(graph, ["P/F/F1"])


def test_reader_cannot_write(database: Neo4jDatabase) -> None:
    whole = facts()
    with Neo4jGraph(database) as graph, pytest.raises(EngineError, match="reading only"):
        project(graph, whole)
    with pytest.raises(EngineError, match="takes no writes"):
        database.read(lambda tx: tx.run("CREATE (:Lot)").consume())


def test_database_of_others_is_never_written_to(database: Neo4jDatabase) -> None:
    database.write(lambda tx: tx.run("CREATE (:Person:Author {name: 'A'})").consume())
    with pytest.raises(EngineError, match=r"other data \(such as `Person:Author`\)"):
        Neo4jGraph(database, write=True)
    assert Neo4jGraph(database).state() is None


def test_graph_of_a_newer_program_is_refused(database: Neo4jDatabase) -> None:
    with Neo4jGraph(database, write=True) as graph:
        graph.apply([], State(1, "h", f"1/{schema.VERSION + 1}/0", whole=True))
    for write in (False, True):
        with pytest.raises(EngineError, match="Update this program"):
            Neo4jGraph(database, write=write)


def test_graph_of_an_older_form_is_made_anew(database: Neo4jDatabase) -> None:
    whole = facts()
    with Neo4jGraph(database, write=True) as graph:
        project(graph, some(whole, 4))
        graph.apply([], State(1, "old", "0/0/0", whole=True))
        project(graph, whole)
        assert_holds(graph, whole)


def test_constraints_follow_the_schema_and_changes_are_recorded(database: Neo4jDatabase) -> None:
    database.write(lambda tx: tx.run("DROP CONSTRAINT lotgraph_lot_key IF EXISTS").consume())
    database.write(
        lambda tx: tx.run("CREATE INDEX lotgraph_lot_old FOR (l:Lot) ON (l.old)").consume()
    )
    Neo4jGraph(database, write=True).close()
    made = database.read(
        lambda tx: tx.run("MATCH (m:ProjectionMigration) RETURN m.made, m.dropped").values()
    )
    assert made == [[["lotgraph_lot_key"], ["lotgraph_lot_old"]]]
    Neo4jGraph(database, write=True).close()
    again = database.read(lambda tx: len(list(tx.run("MATCH (m:ProjectionMigration) RETURN m"))))
    assert again == 1


# ------------------------------------------------------------------ two importers


def test_second_importer_waits_for_the_first(database: Neo4jDatabase) -> None:
    whole = facts()
    waited: list[tuple[str, int]] = []
    done = threading.Event()

    def second() -> None:
        told = lambda host, pid: waited.append((host, pid))  # noqa: E731
        with Neo4jGraph(database, write=True, waiting=told) as graph:
            assert graph.state() == State(whole.batch, whole.head, projection.FORM, whole=True)
            done.set()

    with Neo4jGraph(database, write=True) as graph:
        other = threading.Thread(target=second)
        other.start()
        project(graph, whole)
        while not waited:
            time.sleep(0.01)
        assert not done.is_set()
    other.join()
    assert done.is_set()
    assert len(waited) == 1


def test_importer_that_may_not_wait_is_told_who_writes(database: Neo4jDatabase) -> None:
    with (
        Neo4jGraph(database, write=True),
        pytest.raises(Locked, match=r"Process \d+ on"),
    ):
        Neo4jGraph(database, write=True, wait=0)


def test_importer_thought_dead_cannot_write_any_more(database: Neo4jDatabase) -> None:
    whole = facts()
    with Neo4jGraph(database, write=True) as slow:
        database.write(lambda tx: tx.run("MATCH (l:ProjectionLock) SET l.until = 0").consume())
        with Neo4jGraph(database, write=True) as graph:
            project(graph, whole)
            with pytest.raises(Locked, match="taken over"):
                project(slow, changed(whole))
            assert_holds(graph, whole)


def test_lock_is_kept_while_the_importer_computes(database: Neo4jDatabase) -> None:
    with Neo4jGraph(database, write=True, lease=1.5) as graph:
        time.sleep(2.5)
        with pytest.raises(Locked, match="is writing"):
            Neo4jGraph(database, write=True, wait=0)
        project(graph, facts())


CHILD = """
import sys
from graph_model.engines.neo4j import Access, Neo4jDatabase
from graph_model.engines.neo4j_graph import Neo4jGraph
from graph_model.engines.tables import Table, edges, nodes
from tests.conformance.plant import facts
from tests.conformance.test_deep_traces import NoFacts, ladder
from tests.conformance.test_neo4j import project

def told(table, done, total):
    print(table, flush=True)
    sys.stdin.readline()

uri, user, password = sys.argv[1:]
database = Neo4jDatabase(Access(uri, user, password))
project(Neo4jGraph(database, write=True, progress=told, lease=3), facts())
"""


def test_killed_importer_leaves_work_that_the_next_one_finishes(
    database: Neo4jDatabase, neo4j_server: Access
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, neo4j_server.uri, neo4j_server.user, neo4j_server.password],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        assert child.stdin
        assert child.stdout
        for _ in range(5):
            assert child.stdout.readline()
            child.stdin.write("\n")
            child.stdin.flush()
        child.kill()
    whole = facts()
    with Neo4jGraph(database, write=True, wait=30) as graph:
        state = graph.state()
        assert state is not None
        assert not state.whole
        project(graph, whole)
        assert_holds(graph, whole)


# ------------------------------------------------------------------ what goes wrong


def test_writers_that_block_each_other_are_run_again(database: Neo4jDatabase) -> None:
    lots = "UNWIND ['1', '2'] AS key CREATE (:Lot {key: key})"
    database.write(lambda tx: tx.run(lots).consume())
    met = threading.Barrier(2)
    tries: list[str] = []

    def write(first: str, second: str) -> None:
        def work(tx: Any) -> None:
            tries.append(first)
            tx.run("MATCH (l:Lot {key: $k}) SET l.owner = 'x'", k=first).consume()
            if len(tries) <= 2:
                met.wait()
            tx.run("MATCH (l:Lot {key: $k}) SET l.item = 'x'", k=second).consume()

        database.write(work)

    writers = [threading.Thread(target=write, args=ends) for ends in (("1", "2"), ("2", "1"))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = database.read(
        lambda tx: tx.run("MATCH (l:Lot) WHERE l.item = l.owner RETURN count(l)").single().value()
    )
    assert found == 2
    assert len(tries) > 2


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        ({"password": "wrong"}, "does not accept the password of neo4j"),
        ({"database": "nowhere"}, "There is no database nowhere"),
        ({"uri": "bolt://127.0.0.1:1"}, "No Neo4j answers at bolt://127.0.0.1:1"),
        ({"uri": "127.0.0.1:7687"}, "is not an address"),
        ({"ca_file": Path("/no/such.pem")}, "cannot be read"),
    ],
)
def test_what_is_set_wrongly_is_named(
    neo4j_server: Access, spoilt: dict[str, Any], told: str
) -> None:
    with (
        pytest.raises((EngineError, BadInput), match=told),
        Neo4jDatabase(replace(neo4j_server, **spoilt)) as database,
    ):
        Neo4jGraph(database)


def test_question_that_takes_too_long_is_ended(neo4j_server: Access) -> None:
    slow = "UNWIND range(1, 10000) AS a UNWIND range(1, 1000000) AS b RETURN count(a + b)"
    with (
        Neo4jDatabase(replace(neo4j_server, seconds=0.3)) as database,
        pytest.raises(EngineError, match="did not answer within"),
    ):
        database.read(lambda tx: tx.run(slow).consume())
