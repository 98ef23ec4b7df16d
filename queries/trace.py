"""Where lots went and where they came from, at any depth, rework loops included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import polars as pl

from graph_model.engines.base import Query, Reader
from queries.catalogue import question


@dataclass(frozen=True)
class TracedLot:
    """A lot reached; `steps` edges from the nearest root, two per operation."""

    key: str
    item: str | None
    item_code: str
    lot_no: str
    owner: str
    sublot: str
    steps: int


@dataclass(frozen=True)
class Input:
    """A lot that went directly into another."""

    lot: str
    input: str
    operation: str


@dataclass(frozen=True)
class Output:
    """A lot that was made directly from another."""

    lot: str
    output: str
    operation: str


@dataclass(frozen=True)
class Flow:
    """One movement; times in us UTC, null = unbounded."""

    key: str
    start: str
    finish: str
    quantity: float | None
    uom: str | None
    basis: str | None
    rule: str | None
    earliest: int | None
    latest: int | None
    person: str | None


@dataclass(frozen=True)
class DirectedLot(TracedLot):
    """A lot reached, with the direction: forward or backward."""

    direction: str


class Movements(NamedTuple):
    """Movements into operations and out of them, as columns of `Flow`."""

    consumed: pl.DataFrame
    produced: pl.DataFrame


FORWARD = Query("trace/forward.cypher", TracedLot)
BACKWARD = Query("trace/backward.cypher", TracedLot)
INPUTS = Query("trace/inputs.cypher", Input)
OUTPUTS = Query("trace/outputs.cypher", Output)
LOTS = Query("trace/lots.cypher", TracedLot)
CONSUMED = Query("trace/consumed.cypher", Flow)
PRODUCED = Query("trace/produced.cypher", Flow)


@question
def forward(graph: Reader, lots: list[str]) -> list[TracedLot]:
    """All lots that contain material of these; a root only when a way leads to it again."""
    return _reach(graph, FORWARD, lots, lambda root: [row.input for row in inputs(graph, [root])])


@question
def backward(graph: Reader, lots: list[str]) -> list[TracedLot]:
    """All lots that went into these; a root only when a way leads to it again."""
    return _reach(
        graph, BACKWARD, lots, lambda root: [row.output for row in outputs(graph, [root])]
    )


def known_lots(graph: Reader, lots: list[str]) -> list[TracedLot]:
    """These lots themselves, with 0 steps."""
    return graph.read(LOTS, lots=lots) if lots else []


@question
def inputs(graph: Reader, lots: list[str]) -> list[Input]:
    """Lots that went directly into these, with the operation."""
    return graph.read(INPUTS, lots=lots)


@question
def outputs(graph: Reader, lots: list[str]) -> list[Output]:
    """Lots that were made directly from these, with the operation."""
    return graph.read(OUTPUTS, lots=lots)


@question
def both(graph: Reader, lots: list[str]) -> list[DirectedLot]:
    """All lots forward, then all lots backward; a lot of a loop stands in both."""
    found = {"forward": forward(graph, lots), "backward": backward(graph, lots)}
    return [
        DirectedLot(
            row.key, row.item, row.item_code, row.lot_no, row.owner, row.sublot, row.steps, way
        )
        for way, rows in found.items()
        for row in rows
    ]


@question
def flows_forward(graph: Reader, lots: list[str]) -> pl.DataFrame:
    """The movements of the cone forward from these lots, as columns of `Flow`."""
    return pl.concat(forward_movements(graph, lots))


@question
def flows_backward(graph: Reader, lots: list[str]) -> pl.DataFrame:
    """The movements of the cone backward from these lots, as columns of `Flow`."""
    return pl.concat(backward_movements(graph, lots))


def forward_movements(graph: Reader, lots: list[str]) -> Movements:
    """Movements of the cone forward: into operations, and out of the same operations."""
    cone = sorted({*lots, *(row.key for row in forward(graph, lots))})
    consumed = graph.read_columns(CONSUMED, lots=cone)
    produced = graph.read_columns(PRODUCED, lots=cone)
    inside = consumed.select(start="finish").unique()
    return Movements(consumed, produced.join(inside, on="start", how="semi"))


def backward_movements(graph: Reader, lots: list[str]) -> Movements:
    """Movements of the cone backward: out of operations, and into the same operations."""
    cone = sorted({*lots, *(row.key for row in backward(graph, lots))})
    produced = graph.read_columns(PRODUCED, lots=cone)
    consumed = graph.read_columns(CONSUMED, lots=cone)
    inside = produced.select(finish="start").unique()
    return Movements(consumed.join(inside, on="finish", how="semi"), produced)


def movements(graph: Reader, lots: list[str]) -> Movements:
    """Movements of both cones, each once."""
    ahead, behind = forward_movements(graph, lots), backward_movements(graph, lots)
    return Movements(*(pl.concat(pair).unique() for pair in zip(ahead, behind, strict=True)))


def _reach(
    graph: Reader, query: Query[TracedLot], roots: list[str], last: Callable[[str], list[str]]
) -> list[TracedLot]:
    """Lots reached from any root, each once, with the fewest steps.

    `last` gives the lots from which one more operation leads to a root. They close the loops, as
    the search of one engine never returns its start.
    """
    nearest: dict[str, TracedLot] = {}
    for root in dict.fromkeys(roots):
        rows = graph.read(query, lot=root)
        steps = {root: 0} | {row.key: row.steps for row in rows}
        loops = [steps[lot] + 2 for lot in last(root) if lot in steps]
        if loops:
            rows += [replace(row, steps=min(loops)) for row in known_lots(graph, [root])]
        for row in rows:
            known = nearest.get(row.key)
            if known is None or row.steps < known.steps:
                nearest[row.key] = row
    return sorted(nearest.values(), key=lambda row: (row.steps, row.key))
