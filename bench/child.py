"""One measurement in a process of its own, so that memory is that of one size: lines of JSON.

`python -m bench.child make|load LOTS FOLDER` or `python -m bench.child shapes 0 FOLDER`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from bench import goals
from bench.measure import Line, Steps
from bench.shapes import shapes
from bench.trials import MATERIAL
from graph_model.ledger import Facts
from graph_model.lineage import Index, Lineage
from graph_model.plant import Plant
from graph_model.schema import MOVEMENTS
from graph_model.settings import Settings
from loaders import checks, demo_plant, intake
from queries import trace
from queries.recall.roots import Suspects
from queries.recall.scope import compute

TRACES, CYPHER_TRACES, SCOPES = 100, 9, 5
_TRIED = 2000
_DAY = 86_400_000_000


def make(lots: int, folder: Path) -> None:
    """A generated plant, and whose lot is suspect in it."""
    made = demo_plant.generate(lots, 7)
    made.write(folder / "plant")
    asked = {"supplier": made.incident.supplier, "lot": made.incident.supplier_lot_no}
    (folder / "incident.json").write_text(json.dumps(asked), encoding="utf-8")


def load(lots: int, folder: Path) -> list[Line]:
    """Every step of a load, then questions."""
    steps = Steps(lots)
    with Plant(Settings(data=folder / "data")) as plant:
        _read_into(plant, steps, folder / "plant")
        facts = steps.time("fold", plant.facts)
        steps.time("derive flows", plant.network)
        lineage = steps.time("build arrays", plant.lineage)
        steps.time("check", partial(checks.run, facts, now=_end(facts)))
        steps.time("project graph", lambda: plant.graph().close())
        asked = json.loads((folder / "incident.json").read_text(encoding="utf-8"))
        suspects = Suspects(supplier=asked["supplier"], supplier_lot=asked["lot"])
        _ask(steps, plant, facts, lineage, suspects)
    return [replace(line, flows=steps.flows) for line in _with_sums(steps)]


def _read_into(plant: Plant, steps: Steps, folder: Path) -> None:
    taken = steps.time("read files", partial(intake.read, folder, "plant"))
    kinds = [kind.__name__ for kind in MOVEMENTS]
    steps.flows = sum(len(taken.tables[name]) for name in kinds if name in taken.tables)
    append = partial(plant.ledger.append, taken.tables, source="plant", who="bench")
    steps.time("append to ledger", append)


def _end(facts: Facts) -> int:
    """A moment after everything: a large plant's years lie ahead of this machine's clock."""
    ends = [facts[kind][name].max() for kind in MOVEMENTS for name in ("latest", "entered_at")]
    return max(end for end in ends if isinstance(end, int)) + _DAY


def _with_sums(steps: Steps) -> Iterator[Line]:
    yield from steps.lines
    for what, parts in (
        (goals.LOAD, goals.STEPS),
        (goals.READ_AGAIN, ("fold", "derive flows", "build arrays")),
    ):
        lines = [line for line in steps.lines if line.what in parts]
        seconds, cpu = sum(line.seconds for line in lines), sum(line.cpu for line in lines)
        peak = max(line.peak_mb for line in lines)
        yield Line(what, steps.lots, steps.flows, seconds, peak, cpu)


def _ask(steps: Steps, plant: Plant, facts: Facts, lineage: Lineage, incident: Suspects) -> None:
    recorded = lineage.lots["rule"].is_null().arg_true().to_numpy().astype(np.int64)
    chosen = np.random.default_rng(1).choice(recorded, _TRIED)
    lineage.forward(chosen[:1])
    steps.median(goals.ARRAYS, (partial(lineage.forward, chosen[n : n + 1]) for n in range(TRACES)))
    keys = lineage.lots["key"].gather(chosen[:CYPHER_TRACES]).to_list()
    with plant.graph() as graph:
        trace.forward(graph, keys[:1])
        steps.median(goals.CYPHER, (partial(trace.forward, graph, [key]) for key in keys))
    for what, size in ((goals.LARGE_CONE, 10_000), (goals.SMALL_CONE, 100)):
        if len(recorded) < 2 * size:
            continue
        roots = cone(lineage, chosen, size)
        asked = Suspects(lots=tuple(lineage.lots["key"].gather(roots).to_list()))
        steps.median(what, [partial(compute, facts, lineage, asked, hazard=MATERIAL)] * SCOPES)
    material = partial(compute, facts, lineage, incident, hazard=MATERIAL)
    steps.time(goals.INCIDENT, material)
    steps.time(goals.CONTACT, partial(compute, facts, lineage, incident))


def cone(lineage: Lineage, tried: Index, size: int) -> Index:
    """Roots among the tried whose cone has about so many lots: the nearest one, more if short."""
    sizes = np.array([len(lineage.forward(tried[n : n + 1]).lots) for n in range(len(tried))])
    order = np.argsort(np.abs(np.log(sizes / size)), kind="stable")
    roots = tried[order[:1]]
    for n in order[1:]:
        if len(lineage.forward(roots).lots) >= 0.9 * size:
            break
        roots = np.append(roots, tried[n])
    return roots


def main() -> None:
    """Prints the lines of one measurement."""
    what, lots, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    pl.Config.set_tbl_rows(5)
    if what == "make":
        make(lots, folder)
        return
    for line in load(lots, folder) if what == "load" else shapes(folder):
        sys.stdout.write(line.json() + "\n")


if __name__ == "__main__":
    main()
