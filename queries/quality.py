"""What complaints have in common, and where the records break off."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from graph_model.engines.base import Query, Reader
from queries import trace
from queries.catalogue import question


@dataclass(frozen=True)
class SiblingLot:
    """A lot made from a common input; the nearest one is `steps` edges before it."""

    key: str
    item: str | None
    item_code: str
    lot_no: str
    owner: str
    sublot: str
    common_source: str
    steps: int


@dataclass(frozen=True)
class BrokenChain:
    """A link that must exist and is missing at a lot, operation or shipment (`key`).

    `problem` is a key of the texts `broken.*`; `rule` names what stands in for it, where one does.
    """

    problem: str
    key: str
    rule: str


BROKEN = Query("quality/broken_chains.cypher", BrokenChain)


@question
def sibling_lots(graph: Reader, lots: list[str]) -> list[SiblingLot]:
    """Everything else made from what all these lots have in common, such as lots complained about.

    A lot counts among its own inputs, so that siblings of one lot include what was made from it.
    """
    common = _common_inputs(graph, lots)
    nearest = _nearest(graph, common)
    others = sorted(nearest.keys() - common - set(lots))
    rows = [
        SiblingLot(row.key, row.item, row.item_code, row.lot_no, row.owner, row.sublot,
                   *nearest[row.key])
        for row in trace.known_lots(graph, others)
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row.steps, row.key))


@question
def broken_chains(graph: Reader, lots: list[str]) -> list[BrokenChain]:
    """Missing links among all that lies before and after these lots."""
    consumed, produced = trace.movements(graph, lots)
    operations = sorted({*consumed["finish"], *produced["start"]})
    cone = sorted({*lots, *consumed["start"], *produced["finish"]})
    rows = graph.read(BROKEN, lots=cone, operations=operations)
    return sorted(set(rows), key=lambda row: (row.problem, row.key, row.rule))


def _common_inputs(graph: Reader, lots: list[str]) -> set[str]:
    behind = [{lot, *(row.key for row in trace.backward(graph, [lot]))} for lot in lots]
    return set.intersection(*behind) if behind else set()


def _nearest(graph: Reader, common: set[str]) -> dict[str, tuple[str, int]]:
    """For each lot made from these: the nearest of them, and the steps to it."""
    after: dict[str, list[str]] = {}
    if common:
        flows = trace.flows_forward(graph, _outermost(graph, common))
        for start, finish in flows.select("start", "finish").sort("start", "finish").iter_rows():
            after.setdefault(start, []).append(finish)
    reached = {key: (key, 0) for key in sorted(common)}
    queue = deque(reached)
    while queue:
        key = queue.popleft()
        source, steps = reached[key]
        for following in after.get(key, ()):
            if following not in reached:
                reached[following] = (source, steps + 1)
                queue.append(following)
    return reached


def _outermost(graph: Reader, common: set[str]) -> list[str]:
    """Few lots from which all of these are reached: one search each instead of one a lot."""
    made = {row.lot for row in graph.read(trace.INPUTS, lots=sorted(common)) if row.input in common}
    chosen = sorted(common - made)
    # What only a loop leads to has no first lot: any of the loop will do.
    left = common - {row.key for row in trace.forward(graph, chosen)} - set(chosen)
    while left:
        first = min(left)
        chosen.append(first)
        left -= {first, *(row.key for row in trace.forward(graph, [first]))}
    return chosen
