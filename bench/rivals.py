"""Other ways to what a trace answers, over the same edges: C, PostgreSQL, plain Cypher."""

from __future__ import annotations

import contextlib
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, LiteralString

import neo4j
import numpy as np
import numpy.typing as npt
import psycopg

from graph_model.lineage import Index, Lineage
from tests import postgres

PATIENCE = 30
"""Seconds after which a rival's question is given up."""
REACH: LiteralString = """
WITH RECURSIVE reached(node) AS (
    SELECT unnest(%s::int[])
    UNION
    SELECT edge.target FROM reached JOIN edge ON edge.origin = reached.node
)
SELECT array_agg(node) FROM reached
"""
COMMON = "MATCH (s:Lot {key: $key})-[:CONSUMED_IN|PRODUCED*1..]->(l:Lot) RETURN l.key AS key"
"""The paths are bound one by one and none is told apart: every way to a lot is a row."""
LISTED = """
UNWIND $keys AS key MATCH (s:Lot {key: key})-[:CONSUMED_IN|PRODUCED*0..]->(l:Lot)
RETURN collect(DISTINCT l.key) AS keys
"""
"""The best form we know: the ways are pruned, and one row carries all names."""

Pairs = tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]


def edges(lineage: Lineage) -> Pairs:
    """Edges between lots and operations in one range of numbers, operations after the lots."""
    shift = len(lineage.lots)
    start = np.concatenate([lineage.consumed_lot, lineage.produced_op + shift])
    end = np.concatenate([lineage.consumed_op + shift, lineage.produced_lot])
    return start.astype(np.uint32), end.astype(np.uint32)


def compiler() -> str | None:
    """A C compiler, where there is one."""
    return next((tool for name in ("cc", "gcc", "clang") if (tool := shutil.which(name))), None)


def limit(
    cc: str, folder: Path, nodes: int, pairs: Pairs, roots: Sequence[Index], runs: int
) -> list[tuple[int, float]]:
    """Nodes reached and median seconds of a plain search in C, for each set of roots."""
    program = folder / "limit"
    source = Path(__file__).with_name("limit.c")
    subprocess.run([cc, "-O3", "-march=native", "-o", program, source], check=True)
    sets = np.concatenate([np.concatenate([[len(part)], part]) for part in roots])
    for name, values in (("from", pairs[0]), ("to", pairs[1]), ("roots", sets)):
        values.astype(np.uint32).tofile(folder / f"{name}.u32")
    files = [str(folder / f"{name}.u32") for name in ("from", "to", "roots")]
    command = [str(program), str(nodes), str(runs), *files]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = (line.split() for line in told.splitlines())
    return [(int(reached), float(micro) / 1e6) for reached, micro in rows]


@contextlib.contextmanager
def relational(pairs: Pairs) -> Iterator[tuple[float, Callable[[Index], int]]]:
    """Seconds to load a PostgreSQL table of edges, and a recursive question: nodes reached."""
    with postgres.server() as url:
        address = url.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(address, autocommit=True) as connection:
            begun = time.perf_counter()
            connection.execute("CREATE TABLE edge (origin int, target int)")
            with connection.cursor().copy("COPY edge FROM STDIN (FORMAT binary)") as copy:
                copy.write(_binary(pairs))
            connection.execute("CREATE INDEX ON edge (origin) INCLUDE (target)")
            connection.execute("VACUUM ANALYZE edge")
            loaded = time.perf_counter() - begun

            def reach(roots: Index) -> int:
                row = connection.execute(REACH, [roots.tolist()]).fetchone()
                return len(row[0]) if row else 0

            yield loaded, reach


def _binary(pairs: Pairs) -> bytes:
    """Rows as PostgreSQL's binary COPY has them (its manual: COPY, binary format)."""
    row = np.dtype([("n", ">i2"), ("a", ">i4"), ("from", ">i4"), ("b", ">i4"), ("to", ">i4")])
    rows = np.zeros(len(pairs[0]), dtype=row)
    rows["n"], rows["a"], rows["b"] = 2, 4, 4
    rows["from"], rows["to"] = pairs
    head = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    return head + rows.tobytes() + b"\xff\xff"


@contextlib.contextmanager
def server(uri: str, password: str) -> Iterator[tuple[Callable[..., float], Callable[..., float]]]:
    """Seconds of two questions of a Neo4j server: as most write it, and as one list of names.

    Infinite where the server gave up after `PATIENCE`.
    """
    with (
        neo4j.GraphDatabase.driver(uri, auth=("neo4j", password)) as driver,
        driver.session(database="neo4j", default_access_mode=neo4j.READ_ACCESS) as session,
    ):

        def asked(text: LiteralString, **given: Any) -> float:
            begun = time.perf_counter()
            try:
                rows = session.run(neo4j.Query(text, timeout=PATIENCE), **given)
                for _ in rows:
                    continue
            except neo4j.exceptions.Neo4jError:
                return float("inf")
            return time.perf_counter() - begun

        yield (lambda keys: asked(COMMON, key=keys[0])), (lambda keys: asked(LISTED, keys=keys))


def median(act: Callable[[], object], runs: int) -> float:
    """Median seconds of so many runs."""
    took = []
    for _ in range(runs):
        begun = time.perf_counter()
        act()
        took.append(time.perf_counter() - begun)
    return statistics.median(took)
