"""A search on the embedded engine is complete and exact however often it must go on."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pytest

from graph_model import projection
from graph_model.engines import ladybug_search
from graph_model.engines.ladybug import LadybugGraph
from queries import trace
from tests.conformance.test_deep_traces import NoFacts
from tests.conformance.test_random_traces import network, reached


@pytest.mark.parametrize(("first", "deepest", "few"), [(2, 4, 1), (2, 200, 0), (4, 4, 0)])
def test_search_that_goes_on_equals_a_plain_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int, deepest: int, few: int
) -> None:
    monkeypatch.setattr(ladybug_search, "_FIRST", first)
    monkeypatch.setattr(ladybug_search, "_DEEPEST", deepest)
    monkeypatch.setattr(ladybug_search, "_FEW", few)
    draw = random.Random(first * deepest)
    lots = [f"P/I/{n}" for n in range(80)]
    orders = [f"P/produce/{n}" for n in range(80)]
    consumed = sorted({(draw.choice(lots), draw.choice(orders)) for _ in range(100)})
    produced = sorted({(draw.choice(orders), draw.choice(lots)) for _ in range(95)})
    after, before = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for start, finish in [*consumed, *produced]:
        after[start].append(finish)
        before[finish].append(start)
    known = sorted({lot for lot, _ in consumed} | {lot for _, lot in produced})
    deep = 0
    with LadybugGraph(tmp_path, write=True) as graph:
        projection.project(network(consumed, produced), NoFacts(), graph)
        for root in known[::3]:
            forward = {row.key: row.steps for row in trace.forward(graph, [root])}
            backward = {row.key: row.steps for row in trace.backward(graph, [root])}
            assert forward == reached(after, [root]), root
            assert backward == reached(before, [root]), root
            deep = max(deep, *forward.values(), *backward.values(), 0)
    assert deep > 3 * first, "no search had to go on more than once"
