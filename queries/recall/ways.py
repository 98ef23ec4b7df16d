"""Every way of a scope as one graph of lots, of a size that is linear in its records.

An input of a step can have gone into all outputs from its first allowed one on. These pairs can be
quadratic, so they run over *stretches*: a stretch leads to the outputs of its own and to the next
stretch of its step. A lot reaches a lot here exactly where the scope lets it. What only contact
brings counts since the moments of the scope as it is; were something taken out, such a lot could be
affected later still, so that what would leave is then at least what is told here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from graph_model.lineage import Index, Rows, spans
from queries.recall.cone import Flags
from queries.recall.worlds import Worlds


@dataclass(frozen=True)
class Ways:
    """Nodes 0 … `len(lots)` - 1 are the lots reached, by number in the cone; then come stretches.

    `roots` are nodes; `source` and `target` are the ends of each edge.
    """

    lots: Index
    roots: Index
    size: int
    source: Index
    target: Index

    @staticmethod
    def of(worlds: Worlds) -> Ways:
        """The ways over which the lots of a scope are reached."""
        lots = np.flatnonzero(worlds.grade)
        node = np.full(len(worlds.cone.lots), -1, dtype=np.int64)
        node[lots] = np.arange(len(lots))
        source, target, size = [], [], len(lots)
        for rows, outputs in worlds.kinds:
            ends, starts = _into(worlds, rows)
            along = _along(worlds, starts, node, size, outputs)
            source += [node[worlds.cone.inputs.lot[ends[0]]], along[0]]
            target += [size + ends[1], along[1]]
            size += len(starts)
        return Ways(
            lots, node[np.flatnonzero((worlds.grade > 0) & (worlds.way < 0))], size,
            np.concatenate(source), np.concatenate(target),
        )  # fmt: skip

    @cached_property
    def _leaving(self) -> Rows:
        return Rows.of(self.source, self.size)

    def reach(self, nodes: Index, barred: Flags) -> Flags:
        """Nodes that these reach, themselves among them, without entering a barred node."""
        seen = np.zeros(self.size, dtype=bool)
        frontier = np.unique(nodes[~barred[nodes]])
        while frontier.size:
            seen[frontier] = True
            after = np.unique(self.target[self._leaving.at(frontier)])
            frontier = after[~seen[after] & ~barred[after]]
        return seen

    def without(self, nodes: Index) -> Flags:
        """What the roots still reach when these nodes are gone."""
        barred = np.zeros(self.size, dtype=bool)
        barred[nodes] = True
        return self.reach(self.roots, barred)

    def around(self, barred: Flags) -> tuple[Index, Index]:
        """Compressed edges from a super-root, which is node `size`, past barred nodes."""
        kept = ~barred[self.source] & ~barred[self.target]
        roots = self.roots[~barred[self.roots]]
        source = np.concatenate([self.source[kept], np.full(len(roots), self.size)])
        target = np.concatenate([self.target[kept], roots])
        rows = Rows.of(source, self.size + 1)
        return rows.first, target[rows.rows]


def _into(worlds: Worlds, kind: Flags) -> tuple[tuple[Index, Index], Index]:
    """Usable input rows of a kind with their stretches, by number; where stretches start."""
    rows = np.flatnonzero(worlds.leads & kind)
    starts, at = np.unique(worlds.passes[rows], return_inverse=True)
    return (rows, at), starts


def _along(
    worlds: Worlds, starts: Index, node: Index, base: int, usable: Flags
) -> tuple[Index, Index]:
    """Edges out of stretches, which are nodes from `base` on: to outputs and the next stretch."""
    outputs = worlds.cone.outputs
    step = outputs.step[starts]
    closes = worlds.cone.output_from[step + 1]
    after = np.append(starts[1:], np.iinfo(np.int64).max)
    at, owner = spans(starts, np.minimum(after, closes))
    lots = node[outputs.lot[at]]
    # Output rows of a lot that was found clean lead nowhere.
    kept = (lots >= 0) & usable[at]
    linked = np.flatnonzero(after < closes)
    source = np.concatenate([owner[kept], linked])
    return base + source, np.concatenate([lots[kept], base + linked + 1])
