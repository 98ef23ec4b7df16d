"""`make bench`: how long each step takes on generated plants of two sizes, and how it grows.

Prints a table: seconds and rate per step at each size, peak memory, and the growth exponent between
them (1 = linear). `LOTS=100000 make bench` sets the larger size; the smaller is a tenth of it.
Times are of this machine in this run; compare only within one table.
"""

from __future__ import annotations

import math
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from rich.console import Console
from rich.table import Table

from graph_model import network
from graph_model.lineage import Lineage
from graph_model.plant import Plant
from graph_model.schema import MOVEMENTS
from graph_model.settings import Settings
from loaders import checks, demo_plant, intake
from queries import trace
from queries.recall.roots import Suspects
from queries.recall.scope import compute

Result = TypeVar("Result")
TRACES = 50


class Steps:
    """Seconds by step, in the order they ran."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, name: str, act: Callable[[], Result]) -> Result:
        """Runs and times one step."""
        start = time.perf_counter()
        result = act()
        self.seconds[name] = time.perf_counter() - start
        return result


def run(lots: int, folder: Path) -> tuple[dict[str, float], int, int]:
    """Seconds by step, movements, and peak memory in megabytes for a plant of this size."""
    steps = Steps()
    made = demo_plant.generate(lots, 7)
    made.write(folder / "plant")
    with Plant(Settings(data=folder / "data")) as plant:
        taken = steps.time("read files", lambda: intake.read(folder / "plant", "plant"))
        steps.time(
            "append to ledger",
            lambda: plant.ledger.append(taken.tables, source="plant", who="bench"),
        )
        facts = steps.time("fold", plant.facts)
        steps.time("check", lambda: checks.run(facts))
        net = steps.time("derive flows", lambda: network.build(facts))
        lineage = steps.time("build arrays", lambda: Lineage.of(net))
        steps.time("project graph", lambda: plant.graph().close())
        _ask(steps, plant, lineage, made.incident)
    flows = sum(len(facts[kind]) for kind in MOVEMENTS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return steps.seconds, flows, peak


def _ask(steps: Steps, plant: Plant, lineage: Lineage, incident: demo_plant.Incident) -> None:
    chosen = np.random.default_rng(1).integers(0, len(lineage.lots), TRACES)
    lineage.forward(chosen[:1])
    steps.time(f"{TRACES} traces, arrays", lambda: [lineage.forward(np.array([n])) for n in chosen])
    keys = lineage.lots["key"][chosen[:5]].to_list()
    with plant.graph() as graph:
        steps.time("5 traces, Cypher", lambda: [trace.forward(graph, [key]) for key in keys])
    asked = Suspects(supplier=incident.supplier, supplier_lot=incident.supplier_lot_no)
    facts = plant.facts()
    found = steps.time("scope", lambda: compute(facts, lineage, asked))
    Console(stderr=True).print(f"scope of {len(found.lots)} lots")


def main() -> None:
    """Both sizes, then the table."""
    large = int(os.environ.get("LOTS", "100000"))
    results = []
    for lots in (large // 10, large):
        with tempfile.TemporaryDirectory() as folder:
            results.append((lots, *run(lots, Path(folder))))
    (small, before, flows_before, _), (_, after, flows, peak) = results
    table = Table(title=f"{flows_before:,} and {flows:,} flows; peak {peak:,} MB")
    for head in ("step", f"{small:,} lots s", f"{large:,} lots s", "flows/s", "exponent"):
        table.add_column(head, justify="left" if head == "step" else "right")
    for name, seconds in after.items():
        growth = math.log(seconds / before[name]) / math.log(flows / flows_before)
        table.add_row(
            name,
            f"{before[name]:.3f}",
            f"{seconds:.3f}",
            f"{flows / seconds:,.0f}",
            f"{growth:.2f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
