"""How Neo4j goes about every stored question: from an index, and never path by path."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from graph_model.engines import neo4j_cypher as cypher
from graph_model.engines.base import Query
from graph_model.engines.neo4j import Neo4jDatabase
from graph_model.engines.neo4j_graph import Neo4jGraph
from graph_model.engines.tables import edges, nodes
from queries.catalogue import questions
from tests.conformance.conftest import DATABASES, wipe

ROWS = 600
"""Rows of every table: with a handful the planner finds it cheaper to read them all."""

SAMPLES: dict[str, Any] = {"start": 0, "finish": 1}
LISTS = {"lots", "operations", "sites", "persons"}

WHOLE_TABLE = {"lookup/sites.cypher": "asks for all places; plants have tens of them"}


def stored() -> dict[str, Query[Any]]:
    """Every question's file."""
    questions()
    modules = [module for name, module in sys.modules.items() if name.startswith("queries")]
    found = [value for module in modules for value in vars(module).values()]
    return {query.path: query for query in found if isinstance(query, Query)}


@pytest.fixture(scope="module", params=DATABASES)
def filled(request: pytest.FixtureRequest) -> Neo4jDatabase:
    """A database with rows in every table, so that the planner has something to plan for."""
    database: Neo4jDatabase = request.getfixturevalue(DATABASES[request.param])
    wipe(database)
    Neo4jGraph(database, write=True).close()
    statements = [
        f"UNWIND range(1, {ROWS}) AS n CREATE (x:{table.name} {{key: toString(n)}}) SET "
        + ", ".join(f"x.`{name}` = toString(n)" for name in table.columns if name != "key")
        for table in nodes()
    ]
    statements += [
        f"UNWIND range(1, {ROWS}) AS n MATCH (a:{table.ends[0]} {{key: toString(n)}}) "
        f"MATCH (b:{table.ends[1]} {{key: toString(n)}}) "
        f"CREATE (a)-[x:{table.name} {{key: $table + toString(n)}}]->(b) SET "
        + ", ".join(f"x.`{name}` = toString(n)" for name in table.columns if name != "key")
        for table in edges()
        if table.ends
    ]
    for number, text in enumerate(statements):
        database.write(partial(run, text=text, table=f"{number} "))
    database.write(lambda tx: tx.run("CALL db.prepareForReplanning()").consume())
    return database


def plan(database: Neo4jDatabase, text: str, query: Query[Any]) -> list[tuple[str, bool]]:
    """Names of the operators, and whether rows begin there."""
    params = {p: ["1"] if p in LISTS else SAMPLES.get(p, "1") for p in query.params}
    return list(operators(database.read(partial(run, text=f"EXPLAIN {text}", **params)).plan))


def run(tx: Any, text: str, **params: Any) -> Any:
    return tx.run(text, params).consume()


def operators(node: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    below = node.get("children", [])
    yield node["operatorType"].removesuffix("@neo4j"), not below
    for child in below:
        yield from operators(child)


@pytest.mark.parametrize("path", sorted(stored()))
def test_question_starts_from_an_index_and_lists_no_paths(filled: Neo4jDatabase, path: str) -> None:
    query = stored()[path]
    text = cypher.in_lists(query.text_for("neo4j"), tuple(query.columns))
    found = plan(filled, text, query)
    searches = [name for name, _ in found if name.startswith(("VarLength", "Shortest", "Repeat"))]
    assert all(name == "VarLengthExpand(Pruning,BFS,All)" for name in searches)
    assert bool(searches) == ("*" in query.text_for("neo4j").rpartition("//")[2])
    if path not in WHOLE_TABLE:
        assert [name for name, _ in found if "Scan" in name] == []


def test_question_is_understood_in_the_newest_language(
    newest_neo4j_database: Neo4jDatabase,
) -> None:
    for query in stored().values():
        text = cypher.in_lists(query.text_for("neo4j"), tuple(query.columns))
        assert plan(newest_neo4j_database, text.replace("CYPHER 5", "CYPHER 25"), query)


def test_pages_of_a_table_are_read_in_order_of_the_index(filled: Neo4jDatabase) -> None:
    for table in (*nodes(), *edges()):
        text = cypher.page(table, ["key"], first=False)
        summary = filled.read(partial(run, text=f"EXPLAIN {text}", after="", rows=9))
        names = [name for name, _ in operators(summary.plan)]
        assert not [name for name in names if "Sort" in name or "Top" in name], table.id
