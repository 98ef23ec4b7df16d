"""`python -m bench.reports`: a workbook of 100,000 rows, and the recall pack of about 2,000 lots.

Each in a process of its own, so that peak memory is that of one. Prints a line of JSON each, the
goal beside it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from api.reports import pdf, sheets
from api.reports.edition import Edition
from api.reports.recall_pack import recall_pack
from api.reports.sheets import About, Row, Sheet
from bench import child
from bench.goals import Goal
from bench.measure import Line, Steps
from graph_model.plant import Plant
from graph_model.settings import Settings
from loaders import intake
from queries.recall.roots import Suspects
from queries.recall.scope import compute

ROWS, LOTS = 100_000, 7_000
"""Rows of the workbook; lots of the plant, of which a recall of all its milk reaches some."""
GOALS = {"workbook": Goal(seconds=15, mb=300), "pack": Goal(seconds=5, mb=2048)}
EDITION = Edition(1, "1:bench", datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("Asia/Shanghai"), "P")


def rows() -> Iterator[Row]:
    """Rows as a scope has them, one by one."""
    for number in range(ROWS):
        yield {
            "key": f"PLANT/FG-BAR/BAR-{number:06d}", "item": "FG-BAR",
            "lot_no": f"BAR-{number:06d}",
            "owner": "PLANT", "sublot": "", "tier": "possible", "rule": "recorded",
            "reason": f"RM-NUTS/NUTS-{number:06d} was used in order WO{number} 可能进入本批次",
            "via": [f"PLANT/RM-NUTS/NUTS-{number:06d}"], "quantity": number / 7, "unit": "kg",
            "affected_at_most": number / 7, "affected_share": None,
            "places": {"on_hand": {"PLANT/WH-FG": number / 9}, "shipped": {"CUS01": 4.0}},
            "earliest": 1_775_093_400_000_000 + number,
        }  # fmt: skip


def workbook(folder: Path) -> list[Line]:
    """All rows into a file."""
    steps = Steps(ROWS)
    fields = list(next(rows()))
    with (folder / "rows.xlsx").open("wb") as target:
        sheet = Sheet("Rows", rows(), fields)
        about = About("bench", EDITION)
        steps.time("workbook", partial(sheets.workbook, target, about, sheet))
    return [_judged(line, "workbook", ROWS) for line in steps.lines]


def pack(folder: Path) -> list[Line]:
    """A scope as a PDF."""
    with Plant(Settings(data=folder / "data")) as plant:
        scope = compute(plant.facts(), plant.lineage(), Suspects(item="RM-MILK"))
    steps = Steps(len(scope.lots))
    document = steps.time("recall pack, content", partial(recall_pack, scope, EDITION))
    steps.time("recall pack, PDF", partial(pdf.render, document))
    return [_judged(line, "pack", len(scope.lots)) for line in steps.lines]


def _judged(line: Line, what: str, count: int) -> Line:
    goal = GOALS[what]
    told = f"{count:,}; {goal.told()}"
    return replace(line, lots=count, against=told, ratio=round(goal.ratio(line), 2))


def make(folder: Path) -> None:
    """The plant that the pack is of."""
    child.make(LOTS, folder)
    with Plant(Settings(data=folder / "data")) as plant:
        taken = intake.read(folder / "plant", "plant")
        plant.ledger.append(taken.tables, source="plant", who="bench")
        plant.lineage()


def main() -> None:
    """Measures each in a process of its own."""
    if len(sys.argv) > 2:
        what, folder = sys.argv[1], Path(sys.argv[2])
        if what == "make":
            make(folder)
        else:
            for line in {"workbook": workbook, "pack": pack}[what](folder):
                print(line.json())
        return
    with tempfile.TemporaryDirectory() as place:
        for what in ("workbook", "make", "pack"):
            subprocess.run([sys.executable, "-m", "bench.reports", what, place], check=True)


if __name__ == "__main__":
    main()
