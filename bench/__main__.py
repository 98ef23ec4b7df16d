"""`make bench`: how long each step takes on generated plants of two sizes, and how it grows.

`LOTS=100000 make bench` sets the larger size; the smaller is a tenth of it. Each size runs in a
process of its own, so that peak memory is that of one size; it is reset before each step. Shown
beside the goals, then beside other ways to the same answers (`bench.compare`), and kept as lines of
JSON in `bench/results.jsonl`, of which `python -m bench.performance` writes `docs/performance.md`.
Times are of this machine in this run; compare only within one table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench import goals, results
from bench.measure import Line

_HEADS = (
    "what", "flows", "small s", "large s", "cpu s", "flows/s", "growth", "peak MB", "growth",
    "goal", "",
)  # fmt: skip


def child(what: str, lots: int, folder: Path) -> list[Line]:
    """The lines that one measurement printed. Raises CalledProcessError where it failed."""
    return _printed("bench.child", what, str(lots), str(folder))


def _printed(module: str, *arguments: str) -> list[Line]:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return [Line(**json.loads(row)) for row in done.stdout.splitlines()]


def measured(large: int) -> list[Line]:
    """Both sizes, their growth, and the shapes."""
    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    sizes: list[list[Line]] = []
    with bar, tempfile.TemporaryDirectory() as folder:
        for lots in (large // 10, large):
            here = Path(folder) / str(lots)
            here.mkdir()
            task = bar.add_task(f"{lots:,} lots: generate", total=None)
            child("make", lots, here)
            bar.update(task, description=f"{lots:,} lots: load and ask")
            sizes.append(list(goals.judged(child("load", lots, here))))
            bar.remove_task(task)
        task = bar.add_task("ladder and chain", total=None)
        shapes = goals.judged(child("shapes", 0, Path(folder)))
        bar.update(task, description=f"{large:,} lots: beside C, PostgreSQL and Neo4j")
        beside = _printed("bench.compare", str(large), str(here))
        return [*sizes[0], *sizes[1], *goals.growth(*sizes), *shapes, *beside]


def show(lines: list[Line]) -> Table:
    """One row a measured thing at its larger size, the smaller size and the growth beside it."""
    last = {line.what: line for line in lines}
    first = {line.what: line for line in reversed(lines)}
    growth = {line.what: line.against.split()[1].strip(",") for line in lines if _grows(line)}
    table = Table(title="bench")
    for head in _HEADS:
        table.add_column(head, justify="left" if head in ("what", "goal", "") else "right")
    for what, line in last.items():
        if _grows(line):
            continue
        whole = what in (*goals.STEPS, goals.LOAD, goals.READ_AGAIN)
        less = first[what] if first[what] is not line else None
        reached = "" if line.ratio is None else "reached" if line.ratio >= 1 else "not reached"
        table.add_row(
            what, f"{line.flows:,}", f"{less.seconds:.4f}" if less else "",
            f"{line.seconds:.4f}", f"{line.cpu:.2f}" if line.cpu else "",
            f"{line.flows / line.seconds:,.0f}" if whole else "",
            growth.get(f"{goals.GROWTH} time: {what}", ""),
            f"{line.peak_mb:,}", growth.get(f"{goals.GROWTH} memory: {what}", ""),
            line.against, reached,
        )  # fmt: skip
    return table


def _grows(line: Line) -> bool:
    return line.what.startswith(goals.GROWTH)


def main() -> None:
    """Measures, writes the lines, and shows them."""
    lines = measured(int(os.environ.get("LOTS", "100000")))
    results.keep(lines)
    console = Console()
    Console(width=max(console.width, 160)).print(show(lines))


if __name__ == "__main__":
    main()
