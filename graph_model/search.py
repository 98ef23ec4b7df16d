"""Breadth-first search over lots and operations, level by level.

With the extra `lotgraph[fast]` the search is compiled; without it numpy gives the same answer.
Within a level lots and operations stand by number, so that answers are equal row by row.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

Index = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
_COMPILES = find_spec("numba") is not None


@dataclass(frozen=True)
class Reach:
    """What a search found: lots and operations by distance from the roots, and the distances."""

    lots: Index
    distance: Index
    operations: Index


@dataclass(frozen=True)
class Neighbours:
    """Node i leads to `targets[first[i]:first[i + 1]]`."""

    first: Index
    targets: Numbers


def spans(starts: Index, ends: Index) -> tuple[Index, Index]:
    """All positions of these stretches, and for each position the number of its stretch."""
    sizes = np.maximum(ends - starts, 0)
    owner = np.repeat(np.arange(len(starts)), sizes)
    offsets = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return starts[owner] + offsets, owner


def search(out: Neighbours, into: Neighbours, roots: Index) -> Reach:
    """Everything reached from these lots: `out` leads from lots to operations, `into` back."""
    start = np.unique(roots).astype(np.int64)
    if _COMPILES:
        from graph_model.search_compiled import compiled_search

        ways = (out.first, out.targets, into.first, into.targets)
        with _MARKS.zeros(len(out.first) - 1, len(into.first) - 1) as marks:
            return Reach(*compiled_search(*ways, start, *marks))
    return plain_search(out, into, start)


class _Marks(threading.local):
    """Zeros that each thread keeps from search to search: clearing what was found costs less."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._lots, self._operations = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32)

    @contextmanager
    def zeros(self, lots: int, operations: int) -> Iterator[tuple[Numbers, Numbers]]:
        """A zero for each lot and each operation; they have to be zeros again at the end."""
        if len(self._lots) < lots:
            self._lots = np.zeros(lots, dtype=np.int32)
        if len(self._operations) < operations:
            self._operations = np.zeros(operations, dtype=np.int32)
        try:
            yield self._lots, self._operations
        except BaseException:
            # What a search left that broke off would be taken for found by the next one.
            self._forget()
            raise


_MARKS = _Marks()


def plain_search(out: Neighbours, into: Neighbours, start: Index) -> Reach:
    """The search in numpy; `start` ascending."""
    seen = np.zeros(len(out.first) - 1, dtype=bool)
    tried = np.zeros(len(into.first) - 1, dtype=bool)
    seen[start] = True
    frontier, found, steps = start, [start], [start[:0]]
    while frontier.size:
        operations = _new(out, frontier, tried)
        frontier = _new(into, operations, seen)
        steps.append(operations)
        found.append(frontier)
    depth = np.repeat(np.arange(len(found)), [len(level) for level in found])
    return Reach(np.concatenate(found), depth, np.concatenate(steps))


def _new(neighbours: Neighbours, nodes: Index, known: Flags) -> Index:
    """Neighbours that were not known, by number; they are known from now on."""
    at, _ = spans(neighbours.first[nodes], neighbours.first[nodes + 1])
    targets = neighbours.targets[at]
    fresh = np.unique(targets[~known[targets]]).astype(np.int64)
    known[fresh] = True
    return fresh
