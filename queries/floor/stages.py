"""How far recording on the floor is rolled out: of each stage, what was recorded there, by scan."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from graph_model import floor
from graph_model.floor import FloorEntry
from graph_model.network import Facts
from graph_model.schema import Consumed, Count, Inspection, Produced, Shipped

DAYS = 90
_DAY = 86_400_000_000
_KINDS: dict[str, type] = {
    "receive": Produced, "issue": Consumed, "make": Produced, "move": Produced, "count": Count,
    "ship": Shipped, "inspect": Inspection,
}  # fmt: skip
"""In the order of a roll-out: receipt and issue first, quality last."""


@dataclass(frozen=True)
class Stage:
    """Records of a stage in the last days, those made on the floor, and those of them by scan."""

    step: str
    total: int
    recorded: int
    scanned: int

    @property
    def share(self) -> float | None:
        """Share recorded on the floor; None where nothing is recorded at all."""
        return self.recorded / self.total if self.total else None


def stages(facts: Facts, days: int = DAYS) -> list[Stage]:
    """Every stage, in the order in which plants begin."""
    entries = facts[FloorEntry]
    newest = [_latest(facts[kind]) for kind in set(_KINDS.values())]
    since = max(newest, default=0) - days * _DAY
    return [_stage(step, facts[kind], entries, since) for step, kind in _KINDS.items()]


def _latest(rows: pl.DataFrame) -> int:
    found = rows["latest"].max()
    return found if isinstance(found, int) else 0


def _stage(step: str, rows: pl.DataFrame, entries: pl.DataFrame, since: int) -> Stage:
    recent = rows.filter(pl.col("latest").is_null() | (pl.col("latest") >= since))
    if step == "inspect":
        own = entries.filter(pl.col("step") == step).select("scanned", inspection_no="entry_no")
        scanned = recent.join(own, on="inspection_no", how="inner")["scanned"]
        return Stage(step, len(recent), len(scanned), int(scanned.sum()))
    sheet = pl.col("key").str.split("/").list.get(1, null_on_oob=True)
    recent = recent.filter(sheet == floor.SHEETS[step])
    if "status" in recent.columns:
        recent = recent.filter(pl.col("status").ne_missing("cancelled"))
    made = recent.filter(pl.col("source") == f"{floor.SOURCE}.{floor.SHEETS[step]}")
    method = pl.col("posting_method").is_in(["scanner_clock", "scan_upload"])
    return Stage(step, len(recent), len(made), len(made.filter(method)))
