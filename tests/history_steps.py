"""What a tiny plant does, step by step, and the picks it leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

RAW, GOOD = ("A", "B"), "P"
PLACES = ("W1", "W2", "L1", "T1")
"""Two warehouses, a line and a tank, whose contents always mix."""
STEP = 1_000_000


@dataclass(frozen=True)
class Step:
    """One thing that is done. `told`: how its record names goods; `where`: it names the places."""

    deed: str
    item: str
    at: str
    to: str
    units: int
    told: str
    where: bool
    order: int
    label: int
    off: int
    code: str
    dated: bool


@dataclass(frozen=True)
class Setting:
    """What is the same in all histories of a plant."""

    company: str
    steps: tuple[Step, ...]
    bom: tuple[str, ...]
    closed: tuple[bool, ...]
    line: tuple[bool, ...]
    confirmed: int | None
    homogeneous: bool
    aliases: bool


@dataclass(frozen=True)
class Unit:
    """One unit of goods: the number on it, and all numbers its material ever went under."""

    item: str
    label: str | None
    was: frozenset[str]


class Choices:
    """Plays the same code again and again, each time with the next combination of picks."""

    def __init__(self) -> None:
        self._path: list[tuple[int, int]] = []
        self._at = 0

    def pick(self, options: Sequence[Any]) -> Any:
        """One of the options."""
        if self._at == len(self._path):
            self._path.append((0, len(options)))
        self._at += 1
        return options[self._path[self._at - 1][0]]

    def again(self) -> bool:
        """Whether there is another combination."""
        self._at = 0
        while self._path:
            number, count = self._path.pop()
            if number + 1 < count:
                self._path.append((number + 1, count))
                return True
        return False
