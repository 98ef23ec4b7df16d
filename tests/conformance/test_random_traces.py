"""On random networks with loops, traces give what a plain search gives."""

from __future__ import annotations

import random
from collections import defaultdict, deque
from types import SimpleNamespace

import polars as pl
import pytest

from graph_model import projection, schema
from graph_model.engines.base import Graph
from queries import trace
from tests.conformance.test_deep_traces import NoFacts

Steps = dict[str, int]
Pairs = list[tuple[str, str]]


def network(consumed: Pairs, produced: Pairs) -> SimpleNamespace:
    """(lot, operation) and (operation, lot) pairs as a network."""
    lots = sorted({lot for lot, _ in consumed} | {lot for _, lot in produced})
    rows = {
        "lots": (schema.Lot, [{"key": k, "owner": "P", "item_code": "I", "lot_no": k[4:],
                               "sublot": ""} for k in lots]),
        "operations": (schema.Operation, []),
        "consumed": (schema.Consumed, [{"key": f"c{i}", "lot": lot, "operation": operation}
                                       for i, (lot, operation) in enumerate(consumed)]),
        "produced": (schema.Produced, [{"key": f"p{i}", "lot": lot, "operation": operation}
                                       for i, (operation, lot) in enumerate(produced)]),
        "returned": (schema.Returned, []),
        "shipped": (schema.Shipped, []),
    }  # fmt: skip
    return SimpleNamespace(
        **{n: pl.DataFrame(r, schema=schema.frame_schema(k)) for n, (k, r) in rows.items()}
    )


def reached(after: dict[str, list[str]], roots: list[str]) -> Steps:
    """Lots after these with the fewest edges; a root only when a loop comes back to it."""
    steps: Steps = {}
    queue = deque((root, 0) for root in sorted(roots))
    seen = set(roots)
    while queue:
        key, distance = queue.popleft()
        for following in after[key]:
            if following in seen and following not in roots:
                continue
            if following.startswith("P/I/"):
                steps.setdefault(following, distance + 1)
            if following not in seen:
                seen.add(following)
                queue.append((following, distance + 1))
    return steps


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_traces_equal_a_plain_search(empty_graph: Graph, seed: int) -> None:
    draw = random.Random(seed)
    lots = [f"P/I/{n}" for n in range(60)]
    orders = [f"P/produce/{n}" for n in range(50)]
    consumed = sorted({(draw.choice(lots), draw.choice(orders)) for _ in range(75)})
    produced = sorted({(draw.choice(orders), draw.choice(lots)) for _ in range(65)})
    after, before = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for start, finish in [*consumed, *produced]:
        after[start].append(finish)
        before[finish].append(start)
    known = sorted({lot for lot, _ in consumed} | {lot for _, lot in produced})
    projection.project(network(consumed, produced), NoFacts(), empty_graph)
    for roots in [*([lot] for lot in known), *(draw.sample(known, 3) for _ in range(20))]:
        forward = {row.key: row.steps for row in trace.forward(empty_graph, roots)}
        backward = {row.key: row.steps for row in trace.backward(empty_graph, roots)}
        assert forward == reached(after, roots), roots
        assert backward == reached(before, roots), roots
