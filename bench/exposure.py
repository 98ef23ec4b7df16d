"""`python -m bench.exposure [LOTS…]`: exposure of all suppliers' lots of generated plants.

Making and measuring run in processes of their own, so that peak memory is the measurement's.
Prints one line of JSON a size and way (exact, sketch) with
seconds, processor seconds and peak memory; the goal stands beside the size it is for.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench import child
from bench.goals import Goal
from bench.measure import Line, Steps
from graph_model.plant import Plant
from graph_model.schema import Item
from graph_model.settings import Settings
from loaders import intake
from queries.recall import cost, places
from queries.recall.exposure import exposure

SIZES = (10_000, 100_000)
RANKS = 64
GOALS = {1_000_000: Goal(seconds=30, mb=6144)}


def make(lots: int, folder: Path) -> None:
    """A generated plant in a ledger, with its arrays."""
    child.make(lots, folder)
    with Plant(Settings(data=folder / "data")) as plant:
        taken = intake.read(folder / "plant", "plant")
        plant.ledger.append(taken.tables, source="plant", who="bench")
        plant.lineage()


def measure(lots: int, folder: Path) -> list[Line]:
    """Exact and estimated exposure; places and prices, which scopes share, apart."""
    steps = Steps(lots)
    with Plant(Settings(data=folder / "data")) as plant:
        lineage, facts = plant.lineage(), plant.facts()
        steps.flows = len(lineage.consumed) + len(lineage.produced) + len(lineage.shipped)
        table = cost.load()
        steps.time("places", partial(places.holdings, lineage))
        steps.time("prices", partial(cost.prices, table, lineage, facts[Item]))
        found = steps.time("exposure, exact", partial(exposure, facts, lineage, table))
        steps.time(
            f"exposure, {RANKS} ranks", partial(exposure, facts, lineage, table, ranks=RANKS)
        )
    goal = GOALS.get(lots)
    told = f"{len(found.lots):,} suppliers' lots"
    return [
        replace(
            line,
            flows=steps.flows,
            against=f"{told}; {goal.told()}" if goal else told,
            ratio=round(goal.ratio(line), 2) if goal else None,
        )
        for line in steps.lines
    ]


def main() -> None:
    """Makes and measures each size, each in a process of its own."""
    if sys.argv[1:2] == ["make"]:
        make(int(sys.argv[2]), Path(sys.argv[3]))
        return
    if sys.argv[1:2] == ["measure"]:
        for line in measure(int(sys.argv[2]), Path(sys.argv[3])):
            sys.stdout.write(line.json() + "\n")
        return
    for lots in [int(name) for name in sys.argv[1:]] or SIZES:
        with tempfile.TemporaryDirectory() as folder:
            for what in ("make", "measure"):
                command = [sys.executable, "-m", "bench.exposure", what, str(lots), folder]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
