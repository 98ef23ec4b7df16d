"""The sealed arrays: mapped from disk they answer as in memory, and damage to them is found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_model import network
from graph_model.lineage import Lineage, Rows
from graph_model.search import Neighbours, plain_search, search
from graph_model.search_compiled import compiled_search
from loaders import intake
from loaders.demo_plant import generate
from tests.facts import fold

Edges = list[tuple[int, int]]
NODES = 12


@pytest.fixture(scope="module")
def lineage(tmp_path_factory: pytest.TempPathFactory) -> Lineage:
    """The arrays of a small demo plant, in memory."""
    folder = tmp_path_factory.mktemp("plant")
    generate(300, 5).write(folder)
    return Lineage.of(network.build(fold(intake.read(folder, "plant").tables)))


def same(one: Lineage, other: Lineage) -> bool:
    """Both give the same cone from every fifth lot, both ways."""
    roots = [np.array([lot]) for lot in range(0, len(one.lots), 5)]
    return all(
        np.array_equal(found.lots, again.lots)
        and np.array_equal(found.distance, again.distance)
        and np.array_equal(found.operations, again.operations)
        for root in roots
        for found, again in (
            (one.forward(root), other.forward(root)),
            (one.backward(root), other.backward(root)),
        )
    )


def test_mapped_arrays_answer_as_those_in_memory(lineage: Lineage, tmp_path: Path) -> None:
    lineage.save(tmp_path)
    mapped = Lineage.load(tmp_path, lineage.batch, lineage.head)
    assert mapped is not None
    assert same(lineage, mapped)
    for name in ("uses", "inputs", "outputs", "origins", "sent", "stocked", "given_back"):
        made: Rows = getattr(lineage, name)
        kept: Rows = getattr(mapped, name)
        assert np.array_equal(made.first, kept.first)
        assert np.array_equal(made.rows, kept.rows)
    assert mapped.lots.equals(lineage.lots)
    assert mapped.consumed.equals(lineage.consumed)


def test_reach_takes_eight_bytes_a_flow_and_direction_pair(lineage: Lineage) -> None:
    flows = len(lineage.consumed) + len(lineage.produced)
    ways = (*lineage.forward_ways, *lineage.backward_ways)
    assert sum(way.targets.nbytes for way in ways) == 8 * flows


def test_arrays_of_another_batch_are_not_taken(lineage: Lineage, tmp_path: Path) -> None:
    lineage.save(tmp_path)
    assert Lineage.load(tmp_path, lineage.batch + 1, lineage.head) is None
    assert Lineage.load(tmp_path, lineage.batch, "another head") is None
    assert Lineage.heads_on_disk(tmp_path) == [(lineage.batch, lineage.head)]


def test_a_process_keeps_the_arrays_it_has_mapped(lineage: Lineage, tmp_path: Path) -> None:
    lineage.save(tmp_path)
    mapped = Lineage.load(tmp_path, lineage.batch, lineage.head)
    assert mapped is not None
    for _ in range(3):
        lineage.save(tmp_path)
    assert same(lineage, mapped)
    assert len(list(tmp_path.iterdir())) <= 2


@pytest.mark.parametrize("name", ["uses.rows.npy", "consumed.arrow", "inputs.targets.npy"])
def test_a_changed_file_is_found(name: str, lineage: Lineage, tmp_path: Path) -> None:
    lineage.save(tmp_path)
    assert Lineage.damaged(tmp_path) == []
    path = next(tmp_path.glob(f"*/{name}"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert Lineage.damaged(tmp_path) == [path]
    path.unlink()
    assert Lineage.damaged(tmp_path) == [path]


def test_a_killed_save_leaves_no_arrays(lineage: Lineage, tmp_path: Path) -> None:
    (tmp_path / "draft-of-a-dead-process").mkdir()
    assert Lineage.load(tmp_path, lineage.batch, lineage.head) is None
    lineage.save(tmp_path)
    assert Lineage.load(tmp_path, lineage.batch, lineage.head) is not None


def test_another_process_maps_the_same_arrays(lineage: Lineage, tmp_path: Path) -> None:
    lineage.save(tmp_path)
    code = (
        "import sys, pathlib, numpy as np\n"
        "from graph_model.lineage import Lineage\n"
        "found = Lineage.load(pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])\n"
        "print(sum(len(found.forward(np.array([n])).lots) for n in range(len(found.lots))))"
    )
    argv = [sys.executable, "-c", code, str(tmp_path), str(lineage.batch), lineage.head]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    own = sum(len(lineage.forward(np.array([lot])).lots) for lot in range(len(lineage.lots)))
    assert int(told) == own


pairs = st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)), max_size=40)


@settings(max_examples=300, deadline=None)
@given(pairs, pairs, st.lists(st.integers(0, NODES - 1), min_size=1, max_size=3))
def test_every_search_finds_what_walking_finds(out: Edges, into: Edges, roots: list[int]) -> None:
    seen, steps, level, distance = set(roots), set[int](), set(roots), dict.fromkeys(roots, 0)
    depth = 0
    while level:
        depth += 1
        fresh = {b for a, b in out if a in level} - steps
        steps |= fresh
        level = {b for a, b in into if a in fresh} - seen
        seen |= level
        distance |= dict.fromkeys(level, depth)
    ways = neighbours(out), neighbours(into)
    start = np.unique(np.array(roots, dtype=np.int64))
    marks = [np.zeros(len(way.first) - 1, dtype=np.int32) for way in ways]
    compiled = compiled_search(
        ways[0].first, ways[0].targets, ways[1].first, ways[1].targets, start, *marks
    )
    assert not any(part.any() for part in marks)
    plain = plain_search(*ways, start)
    for lots, distances, operations in (
        (plain.lots, plain.distance, plain.operations),
        compiled,
    ):
        assert dict(zip(lots.tolist(), distances.tolist(), strict=True)) == distance
        assert sorted(operations.tolist()) == sorted(steps)
    assert np.array_equal(plain.lots, compiled[0])
    assert np.array_equal(plain.operations, compiled[2])
    assert np.array_equal(search(*ways, start).lots, plain.lots)


def neighbours(edges: Edges) -> Neighbours:
    """The edges as compressed sparse rows."""
    ends = np.array(edges, dtype=np.int32).reshape(-1, 2)
    rows = Rows.of(ends[:, 0], NODES)
    return Neighbours(rows.first, ends[:, 1][rows.rows])


def test_a_search_that_breaks_off_leaves_nothing_to_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ways = neighbours([(0, 0), (2, 1)]), neighbours([(0, 2), (1, 3)])
    start = np.array([0])
    expected = search(*ways, start).lots.tolist()
    assert len(expected) > 1

    def broken(*given: Any) -> None:
        for marks in given[-2:]:
            marks[:] = 1
        raise MemoryError

    monkeypatch.setattr("graph_model.search_compiled.compiled_search", broken)
    with pytest.raises(MemoryError):
        search(*ways, start)
    monkeypatch.undo()
    assert search(*ways, start).lots.tolist() == expected
