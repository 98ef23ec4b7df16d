"""What was spent in the last minutes, by key: sign-ins tried, computing time used.

In memory where one process serves; in the records database where several do, so that all of them
count together.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Protocol

import sqlalchemy as sa

from graph_model.records import Records

META = sa.MetaData()
SPENT = sa.Table(
    "spent",
    META,
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("amount", sa.Float, nullable=False),
    sa.Index("spent_by_key", "key", "at"),
)

_KEYS = 10_000
"""Keys in memory beyond which those are forgotten that nothing was added to for a window."""

_OLDEST = 3600.0
"""Seconds after which a shared amount is removed, whatever its window."""


class Window(Protocol):
    """Amounts by key within the last `seconds`."""

    def add(self, key: str, amount: float) -> None:
        """Puts an amount on the account of a key, now."""
        ...

    def spent(self, key: str) -> tuple[float, float]:
        """The sum of what was added in the window, and seconds until the oldest of it leaves."""
        ...


def window(seconds: float, records: Records | None = None) -> Window:
    """A window of so many seconds; with `records` one that all processes share."""
    return _Own(seconds) if records is None else _Shared(seconds, records)


class _Own:
    """Of this process. Thread-safe."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._added: dict[str, deque[tuple[float, float]]] = {}

    def add(self, key: str, amount: float) -> None:
        """See Window."""
        now = time.monotonic()
        with self._lock:
            self._added.setdefault(key, deque()).append((now, amount))
            if len(self._added) > _KEYS:
                over = now - self._seconds
                self._added = {name: kept for name, kept in self._added.items()
                               if kept[-1][0] > over}  # fmt: skip

    def spent(self, key: str) -> tuple[float, float]:
        """See Window."""
        now = time.monotonic()
        with self._lock:
            added = self._added.get(key, deque())
            while added and added[0][0] <= now - self._seconds:
                added.popleft()
            if not added:
                self._added.pop(key, None)
                return 0.0, 0.0
            return sum(amount for _, amount in added), added[0][0] + self._seconds - now


class _Shared:
    """Of all processes on one records database."""

    def __init__(self, seconds: float, records: Records) -> None:
        self._seconds = seconds
        self._engine = records.engine
        META.create_all(self._engine)

    def add(self, key: str, amount: float) -> None:
        """See Window."""
        now = time.time()
        over = sa.delete(SPENT).where(SPENT.c.at <= now - max(self._seconds, _OLDEST))
        with self._engine.begin() as connection:
            connection.execute(over)
            connection.execute(sa.insert(SPENT).values(key=key, at=now, amount=amount))

    def spent(self, key: str) -> tuple[float, float]:
        """See Window."""
        now = time.time()
        asked = sa.select(sa.func.sum(SPENT.c.amount), sa.func.min(SPENT.c.at)).where(
            SPENT.c.key == key, SPENT.c.at > now - self._seconds
        )
        with self._engine.connect() as connection:
            amount, oldest = connection.execute(asked).one()
        return (0.0, 0.0) if amount is None else (amount, oldest + self._seconds - now)
