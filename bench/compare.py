"""Traces, scopes and first loads beside other ways to the same, on one plant: lines of JSON.

`python -m bench.compare LOTS [FOLDER]`; the folder may hold such a plant already. The arrays are
held against a plain search in C, the least that a trace can cost, and other engines against them.
What is not on this machine is left out and said on the error output.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import SecretStr

from bench import child, rivals
from bench.measure import Line
from bench.trials import MATERIAL
from deploy.neo4j import server as maven
from graph_model.engines.base import Reader
from graph_model.lineage import Index, Lineage
from graph_model.plant import Plant
from graph_model.settings import Settings
from loaders import intake
from queries import trace
from queries.recall.roots import Suspects
from queries.recall.scope import compute
from tests.neo4j_server import free_port

CONES = (10, 1_000, 100_000)
_TRIED, _RUNS, _FEW_RUNS = 2_000, 9, 3
_ASKED_BY_CYPHER = 20
"""Roots of a cone that are asked of the engines one by one, as our question does, at most."""


@dataclass(frozen=True)
class Cone:
    """Roots that reach about so many lots; `size` is how many they do."""

    name: str
    roots: Index
    size: int


def cones(lineage: Lineage) -> list[Cone]:
    """About 10, 1,000 and 100,000 lots where the plant has so many, and nearly everything."""
    recorded = np.flatnonzero(lineage.recorded)
    tried = np.random.default_rng(1).choice(recorded, min(_TRIED, len(recorded)), replace=False)
    found = []
    for size in CONES:
        if 2 * size > len(lineage.lots):
            break
        roots = child.cone(lineage, tried, size)
        found.append(Cone(f"{size:,} lots", roots, len(lineage.forward(roots).lots)))
    origins = np.flatnonzero(np.diff(lineage.origins.first) == 0)
    everything = len(lineage.forward(origins).lots)
    return [*found, Cone("everything", origins, everything)]


def compared(lots: int, folder: Path) -> Iterator[Line]:
    """All lines of the plant whose ledger is in the folder, made there if need be."""
    with Plant(Settings(data=folder / "data")) as plant:
        if not plant.ledger.batches():
            child.make(lots, folder)
            taken = intake.read(folder / "plant", "plant")
            plant.ledger.append(taken.tables, source="plant", who="bench")
        lineage = plant.lineage()
        flows = len(lineage.consumed) + len(lineage.produced)
        for line in _lines(plant, lineage, folder):
            yield replace(line, lots=lots, flows=flows)


def _line(what: str, seconds: float, against: str = "", base: float | None = None) -> Line:
    return Line(what, 0, 0, seconds, against=against, ratio=base and round(seconds / base, 2))


def _lines(plant: Plant, lineage: Lineage, folder: Path) -> Iterator[Line]:
    asked = cones(lineage)
    arrays = {}
    lineage.forward(asked[0].roots)
    for cone in asked:
        arrays[cone.name] = rivals.median(partial(lineage.forward, cone.roots), _RUNS)
        yield _line(f"reach {cone.name}, arrays", arrays[cone.name])
    pairs = rivals.edges(lineage)
    yield from _in_c(lineage, folder, asked, pairs, arrays)
    yield from _in_sql(lineage, asked, pairs, arrays)
    yield from _scopes(plant, lineage, asked, arrays)
    begun = time.perf_counter()
    with plant.graph(rebuild=True) as graph:
        yield _line("first load, embedded", time.perf_counter() - begun)
        yield from _by_cypher("embedded", graph, lineage, asked, arrays)
    yield from _on_a_server(plant, lineage, folder, asked, arrays)


def _in_c(
    lineage: Lineage,
    folder: Path,
    asked: list[Cone],
    pairs: rivals.Pairs,
    arrays: dict[str, float],
) -> Iterator[Line]:
    cc = rivals.compiler()
    if cc is None:
        _left_out("C", "no compiler")
        return
    nodes = len(lineage.lots) + len(lineage.operations)
    found = rivals.limit(cc, folder, nodes, pairs, [cone.roots for cone in asked], _RUNS)
    for cone, (reached, seconds) in zip(asked, found, strict=True):
        reach = lineage.forward(cone.roots)
        if reached != len(reach.lots) + len(reach.operations):
            raise ArithmeticError(f"{cone.name}: C reached {reached} nodes")
        yield _line(f"reach {cone.name}, C", seconds, "arrays", arrays[cone.name])


def _in_sql(
    lineage: Lineage, asked: list[Cone], pairs: rivals.Pairs, arrays: dict[str, float]
) -> Iterator[Line]:
    with rivals.relational(pairs) as (loaded, reach):
        yield _line("first load, PostgreSQL (two columns)", loaded)
        for cone in asked:
            found = lineage.forward(cone.roots)
            if reach(cone.roots) != len(found.lots) + len(found.operations):
                raise ArithmeticError(f"{cone.name}: PostgreSQL reached other nodes")
            seconds = rivals.median(partial(reach, cone.roots), _FEW_RUNS)
            yield _line(f"reach {cone.name}, PostgreSQL", seconds, "arrays", arrays[cone.name])


def _scopes(
    plant: Plant, lineage: Lineage, asked: list[Cone], arrays: dict[str, float]
) -> Iterator[Line]:
    facts = plant.facts()
    for cone in asked[:-1]:
        suspects = Suspects(lots=tuple(lineage.lots["key"].gather(cone.roots).to_list()))
        ask = partial(compute, facts, lineage, suspects, hazard=MATERIAL)
        ask()
        seconds = rivals.median(ask, _FEW_RUNS)
        yield _line(f"whole scope over {cone.name}", seconds, "arrays", arrays[cone.name])


def _by_cypher(
    name: str, graph: Reader, lineage: Lineage, asked: list[Cone], arrays: dict[str, float]
) -> Iterator[Line]:
    for cone in asked[:-1]:
        keys = lineage.lots["key"].gather(cone.roots).to_list()
        if len(keys) > _ASKED_BY_CYPHER:
            _left_out(f"reach {cone.name}, {name}", f"{len(keys)} roots")
            continue
        trace.forward(graph, keys[:1])
        seconds = rivals.median(partial(trace.forward, graph, keys), _FEW_RUNS)
        yield _line(f"reach {cone.name}, {name}", seconds, "arrays", arrays[cone.name])


def _on_a_server(
    plant: Plant, lineage: Lineage, folder: Path, asked: list[Cone], arrays: dict[str, float]
) -> Iterator[Line]:
    server = maven.Server("lts", folder / "server", free_port(), "2g", "1g")
    try:
        maven.prepare(server)
    except maven.ServerError as error:
        _left_out("Neo4j", str(error))
        return
    password = server.password_file.read_text(encoding="utf-8")
    settings = plant.settings.model_copy(
        update={
            "graph": server.uri,
            "neo4j_password": SecretStr(password),
            "neo4j_home": server.home,
            "neo4j_seconds": 3600.0,
        }
    )
    begun = time.perf_counter()
    with Plant(settings) as offline:
        offline.load_offline(overwrite=True)
    written = time.perf_counter() - begun
    process = maven.start(server, with_parent=True)
    try:
        begun = time.perf_counter()
        with Plant(settings) as served, served.graph() as graph:
            yield _line("first load, Neo4j offline", written + time.perf_counter() - begun)
            yield from _by_cypher("Neo4j", graph, lineage, asked, arrays)
        with rivals.server(server.uri, password) as (common, listed):
            for cone in asked[:-1]:
                keys = lineage.lots["key"].gather(cone.roots).to_list()
                for name, ask in (("one list", listed), ("every path", common)):
                    if name == "every path" and len(keys) > 1:
                        continue
                    seconds = min(ask(keys) for _ in range(_FEW_RUNS))
                    what = f"reach {cone.name}, Neo4j, {name}"
                    if seconds == float("inf"):
                        told = f"given up after {rivals.PATIENCE} s"
                        yield _line(what, rivals.PATIENCE, told, arrays[cone.name])
                    else:
                        yield _line(what, seconds, "arrays", arrays[cone.name])
        begun = time.perf_counter()
        with Plant(settings) as served:
            served.graph(rebuild=True).close()
        yield _line("first load, Neo4j batched", time.perf_counter() - begun)
    finally:
        process.kill()
        process.wait()


def _left_out(what: str, why: str) -> None:
    sys.stderr.write(f"{what} is left out: {why}\n")


def main() -> None:
    """Prints the lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lots", type=int, nargs="?", default=20_000)
    parser.add_argument("folder", type=Path, nargs="?")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for line in compared(given.lots, given.folder or Path(scratch)):
            sys.stdout.write(line.json() + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
