"""What one account may ask of the machine: computing time in a minute, and questions at once.

The cost of a trace is what it took: a question is let in while the account has time left, and the
time that it then takes is put on its bill.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from graph_model.errors import TooMany

WINDOW = 60.0
AT_ONCE = 4
"""Questions of one account at a time; further ones wait their turn."""

WAIT = 20.0


class Budget:
    """The bills of all accounts of this process. Thread-safe."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Condition()
        self._bills: dict[str, deque[tuple[float, float]]] = {}
        self._running: dict[str, int] = {}

    @contextmanager
    def spend(self, account: str) -> Iterator[None]:
        """Runs a dear question on an account's bill. Raises TooMany where nothing is left."""
        with self._lock:
            bill = self._bills.setdefault(account, deque())
            now = time.monotonic()
            while bill and bill[0][0] < now - WINDOW:
                bill.popleft()
            spent = sum(seconds for _, seconds in bill)
            if spent >= self._seconds:
                raise TooMany("too_dear", seconds=round(bill[0][0] + WINDOW - now) + 1)
            if not self._lock.wait_for(lambda: self._running.get(account, 0) < AT_ONCE, WAIT):
                raise TooMany("too_dear", seconds=1)
            self._running[account] = self._running.get(account, 0) + 1
        began = time.thread_time()
        try:
            yield
        finally:
            with self._lock:
                self._running[account] -= 1
                self._bills[account].append((time.monotonic(), time.thread_time() - began))
                self._lock.notify_all()
