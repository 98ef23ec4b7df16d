"""The search of `graph_model.search`, compiled by numba (the extra `lotgraph[fast]`)."""

from __future__ import annotations

import numba
import numpy as np

from graph_model.search import Index, Numbers

_DENSE = 64
"""Where more than one of so many nodes was found, going over all of them beats sorting."""


@numba.njit(cache=True, nogil=True)
def compiled_search(
    out_first: Index,
    out_targets: Numbers,
    into_first: Index,
    into_targets: Numbers,
    start: Index,
    lot_marks: Numbers,
    operation_marks: Numbers,
) -> tuple[Index, Index, Index]:
    """Lots, their distances, and operations reached from `start`.

    The marks have a place for each lot and operation; they come and go as zeros.
    """
    lots = np.empty(len(out_first) - 1, dtype=np.int32)
    operations = np.empty(len(into_first) - 1, dtype=np.int32)
    count, steps, depth = len(start), 0, 1
    for at in range(count):
        lots[at] = start[at]
        lot_marks[start[at]] = depth
    low, high = 0, count
    while low < high:
        depth += 1
        before = steps
        for at in range(low, high):
            lot = lots[at]
            for edge in range(out_first[lot], out_first[lot + 1]):
                operation = out_targets[edge]
                if operation_marks[operation] == 0:
                    operation_marks[operation] = depth
                    operations[steps] = operation
                    steps += 1
        for at in range(before, steps):
            operation = operations[at]
            for edge in range(into_first[operation], into_first[operation + 1]):
                lot = into_targets[edge]
                if lot_marks[lot] == 0:
                    lot_marks[lot] = depth
                    lots[count] = lot
                    count += 1
        low, high = high, count
    found, distance = _by_distance(lots[:count], lot_marks, len(out_first) - 1, depth)
    taken, _ = _by_distance(operations[:steps], operation_marks, len(into_first) - 1, depth)
    return found, distance, taken


@numba.njit(cache=True, nogil=True)
def _by_distance(nodes: Numbers, marks: Numbers, total: int, deepest: int) -> tuple[Index, Index]:
    """The nodes by distance and number, and their distances. Leaves the marks at zero."""
    place = np.zeros(deepest + 2, dtype=np.int64)
    for node in nodes:
        place[marks[node] + 1] += 1
    for depth in range(1, deepest + 2):
        place[depth] += place[depth - 1]
    ordered = np.empty(len(nodes), dtype=np.int64)
    distance = np.empty(len(nodes), dtype=np.int64)
    if len(nodes) * _DENSE > total:
        for node in range(total):
            if marks[node] != 0:
                at = place[marks[node]]
                ordered[at], distance[at] = node, marks[node] - 1
                place[marks[node]] += 1
                marks[node] = 0
    else:
        for node in np.sort(nodes):
            at = place[marks[node]]
            ordered[at], distance[at] = node, marks[node] - 1
            place[marks[node]] += 1
            marks[node] = 0
    return ordered, distance
