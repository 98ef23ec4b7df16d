"""Who reaches what, for 64 things at once: a bit each, carried over links until nothing is new.

A search for each weighted case alone would walk the same cone once a case. Bits only ever grow, so
that loops end by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from graph_model.lineage import Index, Rows, spans

Bits = npt.NDArray[np.uint64]
WIDTH = 64


def blocks(count: int) -> Iterator[range]:
    """Numbers of things in blocks of at most 64."""
    for first in range(0, count, WIDTH):
        yield range(first, min(first + WIDTH, count))


def sweep(links: Rows, ends: Index, seeds: Sequence[Index], count: int) -> Bits:
    """For each node, the things that a walk from their seeds brings to it, seeds included.

    Thing i begins at the nodes `seeds[i]`, at most 64 things. `links` groups links by the end that
    is walked from, `ends` is their other end.
    """
    bits = np.zeros(count, dtype=np.uint64)
    for number, nodes in enumerate(seeds):
        bits[nodes] |= np.uint64(1 << number)
    frontier = np.unique(np.concatenate([*seeds, np.empty(0, dtype=np.int64)]))
    while frontier.size:
        at, owner = spans(links.first[frontier], links.first[frontier + 1])
        other = ends[links.rows[at]]
        carried = bits[frontier][owner]
        new = (carried & ~bits[other]) != 0
        other, carried = other[new], carried[new]
        np.bitwise_or.at(bits, other, carried)
        frontier = np.unique(other)
    return bits


def gather(bits: Bits, nodes: Index, groups: Index, count: int) -> Bits:
    """All bits of the nodes of each group; `groups` says of which one a node is, ascending."""
    found = np.zeros(count, dtype=np.uint64)
    if len(nodes):
        starts = np.flatnonzero(np.diff(groups, prepend=groups[0] - 1))
        found[groups[starts]] = np.bitwise_or.reduceat(bits[nodes], starts)
    return found


def has(bits: Bits, number: int) -> npt.NDArray[np.bool_]:
    """Where the bit of this thing is set."""
    flags: npt.NDArray[np.bool_] = (bits >> np.uint64(number)) & np.uint64(1) != 0
    return flags
