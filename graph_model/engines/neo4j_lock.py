"""One importer projects, the others wait: a lease in the graph itself.

The lease is one node for each lane of writing. Every transaction that writes first renews its
lane's node and so holds it until it commits; who takes the lease over must renew all of them.
So a writer that was thought dead cannot add a row after another one has begun.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from graph_model.errors import EngineError, Locked

Answer = TypeVar("Answer")
LANES = 2
"""Two sessions that write side by side: about half as fast again as one."""

LEASE_SECONDS = 30
WAIT_SECONDS = 3600
_POLL_SECONDS = 0.5

_TAKE = (
    "UNWIND range(0, $lanes - 1) AS lane "
    "MERGE (l:ProjectionLock {key: toString(lane)}) "
    # Written before it is read: from here on no other transaction can change the lane.
    "SET l.asked = timestamp() WITH collect(l) AS lanes "
    "WHERE all(l IN lanes WHERE l.holder IS NULL OR l.until < timestamp() OR l.holder = $holder) "
    "UNWIND lanes AS l "
    "SET l.holder = $holder, l.pid = $pid, l.host = $host, l.until = timestamp() + $lease "
    "RETURN count(l) AS taken"
)
_HOLDER = (
    "MATCH (l:ProjectionLock) WHERE l.until >= timestamp() "
    "RETURN l.pid AS pid, l.host AS host LIMIT 1"
)
_RENEW = (
    "MATCH (l:ProjectionLock {key: $lane}) SET l.asked = timestamp() "
    "WITH l WHERE l.holder = $holder SET l.until = timestamp() + $lease RETURN l.key AS lane"
)
_GIVE = "MATCH (l:ProjectionLock {holder: $holder}) REMOVE l.holder, l.until, l.pid, l.host"


class Writer(Protocol):
    """A database that runs transactions which write."""

    def write(self, work: Callable[[Any], Answer]) -> Answer: ...
    def write_once(self, work: Callable[[Any], Answer]) -> Answer: ...


class ProjectionLock:
    """The right to project into a database; kept alive by a thread until it is given up."""

    def __init__(
        self,
        database: Writer,
        *,
        lease: float = LEASE_SECONDS,
        wait: float = WAIT_SECONDS,
        waiting: Callable[[str, int], object] | None = None,
    ) -> None:
        """Waits until no other holds it; `waiting` is told host and process once.

        Raises Locked after `wait` seconds.
        """
        self._database = database
        self._params: dict[str, Any] = {
            "holder": uuid.uuid4().hex,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "lease": round(lease * 1000),
            "lanes": LANES,
        }
        self._given_up = threading.Event()
        self._take(wait, waiting)
        self._pulse = threading.Thread(target=self._renew, args=(lease / 3,), daemon=True)
        self._pulse.start()

    def fence(self, tx: Any, lane: int) -> None:
        """Make this transaction fail unless the lock is still ours, and hold it until it ends."""
        if tx.run(_RENEW, self._params | {"lane": str(lane)}).single() is None:
            raise Locked("graph_lock_lost")

    def close(self) -> None:
        """Give it up. Where the server does not answer it ends with its lease."""
        if self._given_up.is_set():
            return
        self._given_up.set()
        self._pulse.join()
        try:
            self._database.write_once(lambda tx: tx.run(_GIVE, self._params).consume())
        except EngineError:
            return

    def _take(self, wait: float, waiting: Callable[[str, int], object] | None) -> None:
        deadline = time.monotonic() + wait
        while not self._database.write(lambda tx: tx.run(_TAKE, self._params).single()["taken"]):
            holder = self._database.write(lambda tx: tx.run(_HOLDER).single())
            held: dict[str, Any] = {"pid": "?", "host": "?"} if holder is None else dict(holder)
            if time.monotonic() > deadline:
                raise Locked("graph_locked", **held)
            if waiting and holder is not None:
                waiting(held["host"], held["pid"])
                waiting = None
            time.sleep(_POLL_SECONDS)

    def _renew(self, pause: float) -> None:
        """A renewal that fails is tried again; the fence finds out when the lease is lost."""
        while not self._given_up.wait(pause):
            try:
                self._database.write_once(lambda tx: self.fence(tx, 0))
            except EngineError:
                continue
            except Locked:
                return
