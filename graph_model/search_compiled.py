"""The search of `graph_model.search`, compiled by numba (the extra `lotgraph[fast]`)."""

from __future__ import annotations

import numba
import numpy as np

from graph_model.search import Index, Numbers


@numba.njit(cache=True, nogil=True)
def compiled_search(
    out_first: Index, out_targets: Numbers, into_first: Index, into_targets: Numbers, start: Index
) -> tuple[Index, Index, Index]:
    """Lots, their distances, and operations reached from `start` (ascending)."""
    seen = np.zeros(len(out_first) - 1, dtype=np.bool_)
    tried = np.zeros(len(into_first) - 1, dtype=np.bool_)
    lots = np.empty(len(out_first) - 1, dtype=np.int64)
    distance = np.empty(len(out_first) - 1, dtype=np.int64)
    operations = np.empty(len(into_first) - 1, dtype=np.int64)
    count, steps, depth = len(start), 0, 0
    lots[:count] = start
    distance[:count] = 0
    seen[start] = True
    low, high = 0, count
    while low < high:
        depth += 1
        before = steps
        for at in range(low, high):
            lot = lots[at]
            for edge in range(out_first[lot], out_first[lot + 1]):
                operation = out_targets[edge]
                if not tried[operation]:
                    tried[operation] = True
                    operations[steps] = operation
                    steps += 1
        operations[before:steps].sort()
        for at in range(before, steps):
            operation = operations[at]
            for edge in range(into_first[operation], into_first[operation + 1]):
                lot = into_targets[edge]
                if not seen[lot]:
                    seen[lot] = True
                    lots[count] = lot
                    distance[count] = depth
                    count += 1
        low, high = high, count
        lots[low:high].sort()
    return lots[:count].copy(), distance[:count].copy(), operations[:steps].copy()
