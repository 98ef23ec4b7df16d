"""`python -m bench.contact_width`: how wide contact makes the scopes of a demo plant.

Draws supplier lots at random and prints, for each hazard, how many lots each grade holds on
average, of how many in the plant; `--lots`, `--roots`, `--seed`. The records are those that the
demo writes, with its usual deviations and confirmed delays; `--true-records`: without deviations.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from bench.trials import Site, facts_of, write
from graph_model import network
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from loaders import intake
from loaders.demo_plant import Dirt, generate
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.scope import CERTAIN, EXCLUDED, compute
from queries.recall.worlds import GRADES

HAZARDS = ("dimension", "microbial", "unknown")


def plant(lots: int, seed: int, dirt: Dirt) -> tuple[Facts, Site]:
    """The facts of a demo plant, its delays confirmed."""
    site = Site("D", generate(lots, seed, dirt), "some", true_records=False)
    with tempfile.TemporaryDirectory() as folder:
        write([site], Path(folder))
        tables = intake.read(Path(folder), "plant", pseudonym=lambda name: f"p-{name}").tables
    return facts_of(tables | {"Decision": pl.concat(site.delays())}), site


def measure(
    lots: int, roots: int, seed: int, dirt: Dirt
) -> Iterator[tuple[str, dict[str, float], float]]:
    """Hazard, mean number of lots by tier and grade, processor seconds of one scope."""
    facts, site = plant(lots, seed, dirt)
    lineage = Lineage.of(network.build(facts))
    told = site.truth.supplied.select("supplier_code", "supplier_lot_no").unique().sort(pl.all())
    drawn = told.sample(min(roots, len(told)), seed=seed)
    for hazard in HAZARDS:
        sums = dict.fromkeys((CERTAIN, *GRADES, EXCLUDED), 0)
        seconds = []
        for supplier, lot in drawn.iter_rows():
            asked = Suspects(supplier=supplier, supplier_lot=lot)
            begun = time.process_time()
            scope = compute(facts, lineage, asked, hazard=Hazard(kind=hazard))
            seconds.append(time.process_time() - begun)
            named = pl.when(pl.col("tier") == "possible").then("grade").otherwise("tier")
            for name, count in scope.lots.group_by(named.alias("name")).len().iter_rows():
                sums[name] += count
        means = {name: total / len(drawn) for name, total in sums.items()}
        yield hazard, means | {"plant": float(lineage.recorded.sum())}, float(np.median(seconds))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.contact_width", description=__doc__)
    parser.add_argument("--lots", type=int, default=2000)
    parser.add_argument("--roots", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--true-records", action="store_true")
    asked = parser.parse_args()
    dirt = Dirt.none() if asked.true_records else Dirt.default()
    names = (CERTAIN, *GRADES, EXCLUDED, "plant")
    print(f"| hazard | {' | '.join(name.replace('_', ' ') for name in names)} | CPU s |")
    print("|---|" + "---:|" * (len(names) + 1))
    for hazard, means, seconds in measure(asked.lots, asked.roots, asked.seed, dirt):
        figures = " | ".join(f"{means[name]:.1f}" for name in names)
        print(f"| {hazard} | {figures} | {seconds:.2f} |", flush=True)


if __name__ == "__main__":
    main()
