"""What one account may ask of the machine: computing time in a minute, and questions at once.

The cost of a trace is what it took: a question is let in while the account has time left, and the
time that it then takes is put on its bill.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from graph_model.errors import TooMany
from graph_model.records import Records
from graph_model.windows import window

WINDOW = 60.0
AT_ONCE = 4
"""Questions of one account at a time in each process; further ones wait their turn."""

WAIT = 20.0


class Budget:
    """The bills of all accounts. `records`: where several processes bill together. Thread-safe."""

    def __init__(self, seconds: float, records: Records | None = None) -> None:
        self.seconds = seconds
        self._bills = window(WINDOW, records)
        self._turn = threading.Condition()
        self._running: dict[str, int] = {}

    @contextmanager
    def spend(self, account: str) -> Iterator[None]:
        """Runs a dear question on an account's bill. Raises TooMany where nothing is left."""
        bill = f"bill {account}"
        spent, wait = self._bills.spent(bill)
        if spent >= self.seconds:
            raise TooMany("too_dear", seconds=round(wait) + 1)
        with self._turn:
            if not self._turn.wait_for(lambda: self._running.get(account, 0) < AT_ONCE, WAIT):
                raise TooMany("too_dear", seconds=1)
            self._running[account] = self._running.get(account, 0) + 1
        began = time.thread_time()
        try:
            yield
        finally:
            with self._turn:
                self._running[account] -= 1
                self._turn.notify_all()
            self._bills.add(bill, time.thread_time() - began)
