"""The engines, and the shared plant in a graph, once a module and engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from graph_model import network, projection
from graph_model.engines import neo4j_cypher as cypher
from graph_model.engines.base import Graph
from graph_model.engines.ladybug import LadybugGraph
from graph_model.engines.neo4j import Neo4jDatabase
from graph_model.engines.neo4j_graph import Neo4jGraph
from tests.conformance.cases import FILL, POOL
from tests.conformance.plant import facts

DATABASES = {"neo4j": "neo4j_database", "neo4j_newest": "newest_neo4j_database"}
Open = Callable[[], AbstractContextManager[Graph]]


@dataclass(frozen=True)
class Plant:
    """A graph of the plant, and what the names in the cases stand for."""

    graph: Graph
    names: dict[str, str]


_holding: list[Neo4jDatabase] = []
"""Databases that hold the plant: filling one takes longer than all questions to it."""


def wipe(database: Neo4jDatabase) -> None:
    """Leaves the constraints only. In parts: a large graph does not fit into one transaction."""
    if database in _holding:
        _holding.remove(database)
    for text in (cypher.WIPE_EDGES, cypher.WIPE_NODES):
        while database.write(partial(_changes, text=text)):
            continue
    database.write(partial(_changes, text="MATCH (n) DETACH DELETE n"))


def _changes(tx: Any, text: str) -> bool:
    return bool(tx.run(text, rows=10_000).consume().counters.contains_updates)


def opener(request: pytest.FixtureRequest, engine: str, folder: Path) -> Open:
    """Opens an empty graph of this engine for writing."""
    if engine == "ladybug":
        return lambda: LadybugGraph(folder, write=True)
    database: Neo4jDatabase = request.getfixturevalue(DATABASES[engine])
    wipe(database)
    return lambda: Neo4jGraph(database, write=True)


@pytest.fixture(params=["ladybug", "neo4j"])
def empty_graph(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Graph]:
    """An empty graph of each engine, open for writing."""
    with opener(request, request.param, tmp_path)() as graph:
        yield graph


@pytest.fixture(scope="module", params=["ladybug", *DATABASES])
def plant(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plant]:
    """The plant, projected in full; a module that follows another finds it in place."""
    recorded = facts()
    built = network.build(recorded)
    pools = built.lots.filter(built.lots["rule"] == "pool")["key"]
    fills = built.operations.filter(built.operations["rule"] == "pool")["key"]
    names = {pools.item(): POOL, fills.item(): FILL}
    database = DATABASES.get(request.param) and request.getfixturevalue(DATABASES[request.param])
    if database in _holding:
        with Neo4jGraph(database) as graph:
            yield Plant(graph, names)
        return
    with opener(request, request.param, tmp_path_factory.mktemp("plant"))() as graph:
        projection.project(built, recorded, graph)
        if database:
            _holding.append(database)
        yield Plant(graph, names)
