"""What each of many starting points reaches in a directed graph, all of them in one pass.

A graph is condensed first: a strongly connected component is one node, and so is everything that
only one other node leads to, since it is reached from the same starts. What is left stands in
topological order, so that one sweep carries the starts of each row as a bit matrix to all rows
behind it. `Net.sums` is exact. `Net.estimates` uses the size estimation of Cohen (1997): the least
of random ranks over all that is reached, of which the error is known beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from graph_model.lineage import Index, spans

Numbers = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]
Ranks = npt.NDArray[np.float32]
_MATRIX = 1 << 28  # bytes of one bit matrix, beyond the smallest that a block can have
_THREADS = 2  # blocks at a time: most of a sweep runs without the interpreter
_GATHER = 1 << 25  # bytes of rows that are joined at a time: about what a processor's cache holds
_RANKS = 64  # ranks of a node that are carried at a time


@dataclass(frozen=True)
class Starts:
    """Start number `of_[i]` is, or includes, row `row[i]`; a start may include several rows."""

    of_: Index
    row: Index
    count: int


@dataclass(frozen=True)
class Net:
    """Rows in topological order, by level; all edges lead to a higher level.

    Edges stand by target: `after[i]` is reached from `before[i]`. `row` gives the row of each node
    of the graph, -1 where no start reaches it.
    """

    row: Index
    level: Index
    before: Index
    after: Index

    @staticmethod
    def of(nodes: int, tails: Index, heads: Index, starts: Index) -> Net:
        """The graph of these edges as far as the starts (node numbers) reach."""
        graph = sparse.csr_array((np.ones(len(tails), bool), (tails, heads)), shape=(nodes, nodes))
        parts, found = csgraph.connected_components(graph, directed=True, connection="strong")
        part: Index = found.astype(np.int64)  # components become pairs below
        begun = np.zeros(parts, dtype=bool)
        begun[part[starts]] = True
        tails, heads = _distinct(parts, part[tails], part[heads])
        reached = _reached(parts, tails, heads, np.flatnonzero(begun))
        kept = reached[tails]
        merged, tails, heads = _merged(parts, tails[kept], heads[kept], begun)
        used = np.unique(merged[reached])
        level = levels(parts, tails, heads)[used]
        order = np.argsort(level, kind="stable")
        place = np.full(parts, -1, dtype=np.int64)
        place[used[order]] = np.arange(len(used))
        by_head = np.argsort(place[heads], kind="stable")
        return Net(
            np.where(reached, place[merged], -1)[part],
            level[order],
            place[tails][by_head],
            place[heads][by_head],
        )

    def starts(self, of_: Index, nodes: Index, count: int) -> Starts:
        """Starts by node; the nodes must be among those that the net was made for."""
        pairs = np.unique(of_ * np.int64(len(self.level) + 1) + self.row[nodes])
        width = np.int64(len(self.level) + 1)
        return Starts(pairs // width, pairs % width, count)

    def weights(self, nodes: Index, weight: Numbers) -> Numbers:
        """Weights of nodes added up by row."""
        row = self.row[nodes]
        kept = row >= 0
        return np.bincount(row[kept], weight[kept], minlength=len(self.level)).astype(np.float64)

    # ------------------------------------------------------------------ exact

    def sums(self, starts: Starts, weights: Numbers) -> tuple[Numbers, Index]:
        """Weights (a column each) of all that each start reaches; by how many each row is reached.

        Exact: whole weights up to 2^53 are added without rounding.
        """
        found = np.zeros((starts.count, weights.shape[1]))
        reached_by = np.zeros(len(self.level), dtype=np.int64)
        with ThreadPoolExecutor(_THREADS) as pool:
            work = partial(self._block, starts, weights)
            for block, rows, times, sums in pool.map(work, self._blocks(starts)):
                reached_by[rows] += times
                found[block] = sums
        return found, reached_by

    def _block(
        self, starts: Starts, weights: Numbers, block: Index
    ) -> tuple[Index, Index, Index, Numbers]:
        """The block, the rows that it reaches, by how many of its starts, and sums by start."""
        chosen = np.isin(starts.of_, block)
        number = np.searchsorted(block, starts.of_[chosen])
        rows, bits = self._sweep(number, starts.row[chosen], len(block))
        times = np.bitwise_count(bits).sum(axis=1, dtype=np.int64)
        return block, rows, times, _column_sums(bits, weights[rows], len(block))

    def _blocks(self, starts: Starts) -> Iterator[Index]:
        """Starts in groups whose bit matrix fits; starts that may share rows stand together."""
        size = len(self.level)
        graph = sparse.csr_array(
            (np.ones(len(self.before), bool), (self.before, self.after)), shape=(size, size)
        )
        _, part = csgraph.connected_components(graph, directed=False)
        rows = np.bincount(part, minlength=1)
        first = np.searchsorted(starts.of_, np.arange(starts.count + 1))
        lead = starts.row[np.minimum(first[:-1], max(len(starts.row) - 1, 0))]
        block: list[int] = []
        parts: set[int] = set()
        height = 0
        for start in np.lexsort((lead, part[lead])).tolist():
            new = set(part[starts.row[first[start] : first[start + 1]]].tolist()) - parts
            more = height + sum(int(rows[one]) for one in new)
            if block and more * (len(block) // 64 + 1) * 8 > _MATRIX:
                yield np.sort(np.array(block))
                block, parts, height = [], set(), 0
                new = set(part[starts.row[first[start] : first[start + 1]]].tolist())
                more = sum(int(rows[one]) for one in new)
            block.append(start)
            parts |= new
            height = more
        if block:
            yield np.sort(np.array(block))

    def _sweep(self, number: Index, row: Index, count: int) -> tuple[Index, Words]:
        """Rows that these starts reach, and for each of them from which starts, as bits."""
        size = len(self.level)
        rows = np.flatnonzero(_reached(size, self.before, self.after, np.unique(row)))
        place = np.full(size, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        kept = place[self.before] >= 0
        before, after = place[self.before[kept]], place[self.after[kept]]
        bits = np.zeros((len(rows), -(-count // 64)), dtype=np.uint64)
        octets = bits.view(np.uint8)
        mask = np.left_shift(1, number % 8).astype(np.uint8)
        np.bitwise_or.at(octets, (place[row], number // 8), mask)
        for target, first, last in _steps(self.level[rows], after, bits.shape[1] * 8):
            gathered = bits.take(before[first[0] : last], axis=0)
            bits[target] |= np.bitwise_or.reduceat(gathered, first - first[0], axis=0)
        return rows, bits

    # ------------------------------------------------------------------ estimated

    def estimates(self, starts: Starts, weights: Numbers, ranks: int, seed: int = 0) -> Numbers:
        """Like `sums`, from the least of `ranks` random ranks: unbiased; see `error`."""
        random = np.random.default_rng(seed)
        total = np.zeros((starts.count, weights.shape[1]))
        first = np.searchsorted(starts.of_, np.arange(starts.count))
        for column in range(weights.shape[1]):
            for begin in range(0, ranks, _RANKS):
                width = min(_RANKS, ranks - begin)
                least = self._least(weights[:, column], width, random)[starts.row]
                of_start = np.minimum.reduceat(least, first, axis=0)
                total[:, column] += of_start.sum(axis=1, dtype=np.float64)
        return np.where(np.isfinite(total), (ranks - 1) / total, 0.0)

    def _least(self, weight: Numbers, width: int, random: np.random.Generator) -> Ranks:
        """The least rank of all that each row reaches: exponential, at the rate of the weight."""
        size = len(self.level)
        ranks = np.full((size, width), np.inf, dtype=np.float32)
        heavy = np.flatnonzero(weight > 0)
        drawn = random.standard_exponential((len(heavy), width)) / weight[heavy, None]
        ranks[heavy] = drawn
        # From the end: what stands behind a row is known before the row.
        order = np.argsort(self.before, kind="stable")
        before, after = (size - 1 - self.before[order])[::-1], self.after[order][::-1]
        level = (self.level[-1] - self.level)[::-1] if size else self.level
        for target, first, last in _steps(level, before, width * 4):
            gathered = ranks.take(after[first[0] : last], axis=0)
            least = np.minimum.reduceat(gathered, first - first[0], axis=0)
            rows = size - 1 - target
            ranks[rows] = np.minimum(ranks[rows], least)
        return ranks


def _distinct(nodes: int, tails: Index, heads: Index) -> tuple[Index, Index]:
    """Edges between different nodes, each once, by tail."""
    apart = tails != heads
    codes = np.sort(tails[apart] * np.int64(nodes) + heads[apart])
    codes = codes[np.diff(codes, prepend=-1) != 0]
    return codes // nodes, codes % nodes


def _reached(nodes: int, tails: Index, heads: Index, starts: Index) -> npt.NDArray[np.bool_]:
    """Which nodes can be reached from any of the starts, these included."""
    source = np.full(len(starts), nodes)
    ends = (np.concatenate([tails, source]), np.concatenate([heads, starts]))
    flags = np.ones(len(ends[0]), dtype=bool)
    graph = sparse.csr_array((flags, ends), shape=(nodes + 1, nodes + 1))
    order = csgraph.breadth_first_order(graph, nodes, return_predecessors=False)
    found = np.zeros(nodes + 1, dtype=bool)
    found[order] = True
    return found[:nodes]


def _merged(
    nodes: int, tails: Index, heads: Index, begun: npt.NDArray[np.bool_]
) -> tuple[Index, Index, Index]:
    """For each node the one it is reached with, and the edges between those that are left."""
    merged = np.arange(nodes)
    while True:
        led = np.bincount(heads, minlength=nodes)
        single = (led[heads] == 1) & ~begun[heads]
        if not single.any():
            return merged, tails, heads
        leader = np.arange(nodes)
        leader[heads[single]] = tails[single]
        while not np.array_equal(further := leader[leader], leader):
            leader = further
        merged = leader[merged]
        tails, heads = _distinct(nodes, leader[tails], leader[heads])


def levels(nodes: int, tails: Index, heads: Index) -> Index:
    """Length of the longest way to each node; the edges, by tail, have no cycle."""
    waiting = np.bincount(heads, minlength=nodes)
    first = np.searchsorted(tails, np.arange(nodes + 1))
    level = np.zeros(nodes, dtype=np.int64)
    frontier = np.flatnonzero(waiting == 0)
    depth = 0
    while frontier.size:
        level[frontier] = depth
        behind, arrived = np.unique(
            heads[spans(first[frontier], first[frontier + 1])[0]], return_counts=True
        )
        waiting[behind] -= arrived
        frontier = behind[waiting[behind] == 0]
        depth += 1
    return level


def _steps(level: Index, targets: Index, width: int) -> Iterator[tuple[Index, Index, int]]:
    """Edges in the order of their targets, so many at a time as fit and stand on one level.

    Gives target rows, the first edge of each, and where the last one's edges end. `targets` ascend.
    """
    fresh = np.flatnonzero(np.diff(targets, prepend=-1))
    ends = np.append(fresh[1:], len(targets))
    rows = targets[fresh]
    most = max(_GATHER // max(width, 1), 1)
    share = fresh // most
    of_level = level[rows]
    cut = np.flatnonzero((np.diff(of_level) != 0) | (np.diff(share) != 0)) + 1
    bounds = [0, *cut.tolist(), len(rows)]
    for begin, end in pairwise(bounds):
        if begin < end:
            yield rows[begin:end], fresh[begin:end], int(ends[end - 1])


def _column_sums(bits: Words, weights: Numbers, count: int) -> Numbers:
    """For each bit column the sum of the weights of the rows that have it set.

    Eight columns at a time: weights are added up by the value of the byte, then by its bits.
    """
    octets = bits.view(np.uint8)
    values = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    found = np.zeros((octets.shape[1] * 8, weights.shape[1]))
    if not octets.shape[1]:
        return found[:count]
    heavy = np.flatnonzero(weights.any(axis=1))
    by_byte = np.ascontiguousarray(octets[heavy].T)
    for column in range(weights.shape[1]):
        rows = np.flatnonzero(weights[heavy, column])
        weight = weights[heavy[rows], column]
        by_value = np.zeros((len(by_byte), 256))
        for at, byte in enumerate(by_byte):
            by_value[at] = np.bincount(byte[rows], weight, minlength=256)
        found[:, column] = (by_value @ values.astype(np.float64)).reshape(-1)
    return found[:count]


def error(ranks: int) -> float:
    """Relative standard error of an estimate from so many ranks (Cohen 1997)."""
    return float(1 / np.sqrt(ranks - 2)) if ranks > 2 else float("inf")
