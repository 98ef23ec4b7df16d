"""What the measured lines are held against."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from bench.measure import Line

LOAD = "end to end load"
STEPS = (
    "read files", "append to ledger", "fold", "derive flows", "build arrays", "check",
    "project graph",
)  # fmt: skip
"""What a load does, in order."""
READ_AGAIN = "fold + arrays"
ARRAYS, CYPHER = "trace, arrays", "trace, Cypher"
LARGE_CONE, SMALL_CONE = "scope of 10,000 lots", "scope of 100 lots"
INCIDENT, CONTACT = "scope of the incident", "the same with contact"
GROWTH = "growth of"
_LINEAR = 1.15
"""Up to this exponent a step counts as linear: caches of the processor are not."""


@dataclass(frozen=True)
class Goal:
    """At least so many flows a second, at most so many seconds, at most so much memory."""

    rate: float = 0
    seconds: float = 0
    mb: float = 0

    def told(self) -> str:
        """The goal in words."""
        parts = [
            f">= {self.rate:,.0f} flows/s" if self.rate else "",
            f"<= {self.seconds * 1000:,.0f} ms" if self.seconds else "",
            f"<= {self.mb:,.0f} MB" if self.mb else "",
        ]
        return ", ".join(part for part in parts if part)

    def ratio(self, line: Line) -> float:
        """How often the goal is met; below 1 it is missed."""
        took = max(line.seconds, 1e-9)
        met = [
            line.flows / took / self.rate if self.rate else math.inf,
            self.seconds / took if self.seconds else math.inf,
            self.mb / max(line.peak_mb, 1) if self.mb else math.inf,
        ]
        return min(met)


GOALS = {
    "read files": Goal(rate=350_000),
    "check": Goal(rate=500_000),
    LOAD: Goal(rate=100_000, mb=4096),
    READ_AGAIN: Goal(seconds=10),
    ARRAYS: Goal(seconds=0.005),
    CYPHER: Goal(seconds=0.3),
    LARGE_CONE: Goal(seconds=1),
    SMALL_CONE: Goal(seconds=0.05),
}

AT_ONCE = Goal(seconds=1)
"""Of ladder and chain, which have no figure of their own."""


def judged(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines with their goal, where there is one."""
    for line in lines:
        shape = line.what.startswith(("ladder", "chain"))
        goal = AT_ONCE if shape else GOALS.get(line.what)
        if goal is None:
            yield line
        else:
            yield replace(line, against=goal.told(), ratio=round(goal.ratio(line), 2))


def growth(small: list[Line], large: list[Line]) -> Iterator[Line]:
    """Exponents of time and memory between two sizes as lines; 1 is linear."""
    before = {line.what: line for line in small}
    for line in large:
        less = before.get(line.what)
        if less is None or line.what not in (*STEPS, LOAD):
            continue
        size = math.log(line.flows / less.flows)
        for name, value, base in (
            ("time", line.seconds, less.seconds),
            ("memory", line.peak_mb, less.peak_mb),
        ):
            exponent = math.log(value / base) / size
            yield replace(
                line,
                what=f"{GROWTH} {name}: {line.what}",
                against=f"exponent {exponent:.2f}, linear up to {_LINEAR}",
                ratio=round(_LINEAR / max(exponent, 0.01), 2),
            )
