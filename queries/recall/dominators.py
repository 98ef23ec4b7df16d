"""Dominator trees: through which node every way to a node leads (Lengauer & Tarjan 1979)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph_model.lineage import Index


@dataclass(frozen=True)
class Tree:
    """The dominator tree of what a start node reaches, in the order of a depth-first search.

    `node` are the nodes in that order, `above` the place of each one's immediate dominator
    (always an earlier place; 0 for the start itself); `place` is -1 for nodes not reached.
    """

    node: Index
    above: list[int]
    place: list[int]

    @staticmethod
    def none() -> Tree:
        """The tree of nothing."""
        return Tree(np.empty(0, dtype=np.int64), [], [])

    def common(self, one: int, other: int) -> int:
        """The place nearest to both through which all ways to both places lead."""
        while one != other:
            if one > other:
                one = self.above[one]
            else:
                other = self.above[other]
        return one

    def intervals(self) -> tuple[Index, Index]:
        """Where each place and all that it dominates stand in preorder of the tree: from, to."""
        size = [1] * len(self.above)
        for place in range(len(size) - 1, 0, -1):
            size[self.above[place]] += size[place]
        begin, free = [0] * len(size), [1] * len(size)
        for place in range(1, len(size)):
            parent = self.above[place]
            begin[place] = free[parent]
            free[parent] += size[place]
            free[place] = begin[place] + 1
        return np.array(begin), np.array(begin) + np.array(size)


def dominators(first: Index, targets: Index, start: int) -> Tree:
    """The tree of a graph in compressed rows, from `start`, in time of order edges x log nodes."""
    begins, ends = first[:-1].tolist(), first[1:].tolist()
    heads: list[int] = targets.tolist()
    order: list[int] = []
    parent: list[int] = []
    place = [-1] * (len(first) - 1)
    _search(begins, ends, heads, start, place, order, parent)
    into: list[list[int]] = [[] for _ in order]
    for at, node in enumerate(order):
        for head in heads[begins[node] : ends[node]]:
            into[place[head]].append(at)
    return Tree(np.array(order, dtype=np.int64), _immediate(into, parent), place)


def _search(
    begins: list[int],
    ends: list[int],
    heads: list[int],
    start: int,
    place: list[int],
    order: list[int],
    parent: list[int],
) -> None:
    """Depth-first order, with the place of each one's parent in it."""
    place[start] = 0
    order.append(start)
    parent.append(0)
    path, next_ = [start], [begins[start]]
    while path:
        node, at = path[-1], next_[-1]
        if at == ends[node]:
            path.pop()
            next_.pop()
            continue
        next_[-1] += 1
        head = heads[at]
        if place[head] < 0:
            place[head] = len(order)
            order.append(head)
            parent.append(place[node])
            path.append(head)
            next_.append(begins[head])


def _immediate(into: list[list[int]], parent: list[int]) -> list[int]:
    """Immediate dominators by place. All lists are by place in the depth-first order."""
    count = len(parent)
    semi, best, above = list(range(count)), list(range(count)), [0] * count
    linked = [-1] * count
    waiting: list[list[int]] = [[] for _ in range(count)]

    def lowest(at: int) -> int:
        """The place of lowest semidominator on the linked way to `at`; shortens that way."""
        way = []
        while linked[at] >= 0 and linked[linked[at]] >= 0:
            way.append(at)
            at = linked[at]
        for one in reversed(way):
            up = linked[one]
            if semi[best[up]] < semi[best[one]]:
                best[one] = best[up]
            linked[one] = linked[up]
        return best[way[0] if way else at]

    for at in range(count - 1, 0, -1):
        for before in into[at]:
            semi[at] = min(semi[at], semi[lowest(before)])
        waiting[semi[at]].append(at)
        linked[at] = parent[at]
        for other in waiting[parent[at]]:
            low = lowest(other)
            above[other] = low if semi[low] < semi[other] else parent[at]
        waiting[parent[at]].clear()
    for at in range(1, count):
        if above[at] != semi[at]:
            above[at] = above[above[at]]
    return above
