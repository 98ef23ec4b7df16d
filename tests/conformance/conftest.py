"""The shared plant in a graph, once a session and engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from graph_model import network, projection
from graph_model.engines.base import Graph
from graph_model.engines.ladybug import LadybugGraph
from tests.conformance.cases import FILL, POOL
from tests.conformance.plant import facts


@dataclass(frozen=True)
class Plant:
    """A graph of the plant, and what the names in the cases stand for."""

    graph: Graph
    names: dict[str, str]


@pytest.fixture(scope="session", params=["ladybug"])
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """The plant, projected in full."""
    recorded = facts()
    built = network.build(recorded)
    pools = built.lots.filter(built.lots["rule"] == "pool")["key"]
    fills = built.operations.filter(built.operations["rule"] == "pool")["key"]
    names = {pools.item(): POOL, fills.item(): FILL}
    with LadybugGraph(tmp_path_factory.mktemp("plant"), write=True) as graph:
        projection.project(built, recorded, graph)
        yield Plant(graph, names)
