"""Seconds, processor seconds and peak memory of one step, as one line of JSON each."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")
PATIENCE = 120.0
"""Seconds after which no further run of one kind begins."""
_STATUS, _REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Line:
    """One measured thing; `against` names what it is compared with, `ratio` how often it is met."""

    what: str
    lots: int
    flows: int
    seconds: float
    peak_mb: int = 0
    cpu: float = 0.0
    against: str = ""
    ratio: float | None = None

    def json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self), ensure_ascii=False)


def _peak_mb() -> int:
    lines = dict(row.split(":", 1) for row in _STATUS.read_text().splitlines() if ":" in row)
    return int(lines["VmHWM"].split()[0]) // 1024


class Steps:
    """The lines of one process. The kernel's mark of peak memory is reset before each step."""

    def __init__(self, lots: int) -> None:
        self.lots, self.flows = lots, 0
        self.lines: list[Line] = []

    def time(self, what: str, act: Callable[[], Result]) -> Result:
        """Runs and measures one step."""
        _REFS.write_text("5")
        start, busy = time.perf_counter(), time.process_time()
        result = act()
        seconds, cpu = time.perf_counter() - start, time.process_time() - busy
        self.lines.append(Line(what, self.lots, self.flows, seconds, _peak_mb(), cpu))
        return result

    def median(self, what: str, acts: Iterable[Callable[[], object]]) -> None:
        """The median of several runs of one kind, of fewer where they take minutes."""
        _REFS.write_text("5")
        took: list[float] = []
        for act in acts:
            if sum(took) > PATIENCE:
                print(f"{what}: median of {len(took)}, each takes long", file=sys.stderr)
                break
            start = time.perf_counter()
            act()
            took.append(time.perf_counter() - start)
        self.lines.append(Line(what, self.lots, self.flows, statistics.median(took), _peak_mb()))
