"""Networks that enumerate badly: a ladder of 25 levels with 10 lots each, a chain of 5,000."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from bench.measure import Line, Steps
from graph_model.lineage import Lineage
from graph_model.plant import Plant
from graph_model.schema import Consumed, Lot, Operation, Produced, conform
from graph_model.settings import Settings
from queries import trace

SHAPES = {"ladder of 25 x 10": (25, 10), "chain of 5,000": (5000, 1)}
_RUNS = 3


def ladder(levels: int, width: int) -> dict[str, pl.DataFrame]:
    """Each level of lots made by one order from the whole level before."""
    rungs = pl.select(level=pl.int_range(levels)).join(
        pl.select(place=pl.int_range(width)), how="cross"
    )
    number = pl.format("{}-{}", "level", "place")
    lots = rungs.select(
        key=pl.format("P/I/{}", number), owner=pl.lit("P"), item_code=pl.lit("I"), lot_no=number,
        sublot=pl.lit(""), level="level",
    )  # fmt: skip
    orders = pl.select(number=pl.int_range(1, levels).cast(pl.String)).with_columns(
        key=pl.format("P/produce/{}", "number"), company=pl.lit("P"), kind=pl.lit("produce")
    )

    def flows(side: str, shift: int) -> pl.DataFrame:
        level = pl.col("level") + shift
        rows = lots.filter(level.is_between(1, levels - 1)).rename({"key": "lot"})
        return rows.with_columns(
            key=pl.format("{}/{}", pl.lit(side), "lot"),
            operation=pl.format("P/produce/{}", level),
            basis=pl.lit("by_order"), source=pl.lit("shapes"),
        )  # fmt: skip

    return {
        "Lot": conform(Lot, lots, provenance=True),
        "Operation": conform(Operation, orders, provenance=True),
        "Consumed": conform(Consumed, flows("in", 1), provenance=True),
        "Produced": conform(Produced, flows("out", 0), provenance=True),
    }


def shapes(folder: Path) -> list[Line]:
    """Each shape forward and backward, on arrays and through Cypher; answers must be complete."""
    lines: list[Line] = []
    for name, (levels, width) in SHAPES.items():
        steps = Steps(levels * width)
        steps.flows = 2 * (levels - 1) * width
        with Plant(Settings(data=folder / name.replace(" ", "-"))) as plant:
            plant.ledger.append(ladder(levels, width), source="shapes", who="bench")
            _both(steps, name, plant, (levels - 1) * width, f"{levels - 1}-0")
        lines += steps.lines
    return lines


def _both(steps: Steps, name: str, plant: Plant, reached: int, last: str) -> None:
    lineage = plant.lineage()
    with plant.graph() as graph:
        ends = {"forward": "P/I/0-0", "backward": f"P/I/{last}"}
        for way, key in ends.items():
            on_arrays = partial(_on_arrays, lineage, way, key, reached)
            steps.median(f"{name}, {way}, arrays", [on_arrays] * _RUNS)
            search = partial(_complete, partial(getattr(trace, way), graph, [key]), reached)
            steps.median(f"{name}, {way}, Cypher", [search] * _RUNS)


def _on_arrays(lineage: Lineage, way: str, key: str, reached: int) -> None:
    root = np.array([lineage.lots["key"].index_of(key)])
    found = getattr(lineage, way)(root)
    if len(found.lots) != reached + 1:
        raise ArithmeticError(f"{len(found.lots) - 1} of {reached} lots reached")


def _complete(search: partial[list[trace.TracedLot]], reached: int) -> None:
    found = len(search())
    if found != reached:
        raise ArithmeticError(f"{found} of {reached} lots reached")
