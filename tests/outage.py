"""A door in front of a server that can be shut, as a restart of the server shuts it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Door:
    """Passes connections on loopback to another port, until it is shut: then all of them break."""

    def __init__(self, host: str, port: int) -> None:
        self._behind = host, port
        self._listening: socket.socket | None = None
        self._passing: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.port = 0
        self.open()

    def open(self) -> None:
        """Lets connections through from now on, always on the same port."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen(128)
        self.port = listening.getsockname()[1]
        self._listening = listening
        threading.Thread(target=self._take, args=(listening,), daemon=True).start()

    def shut(self) -> None:
        """Breaks every connection and refuses new ones."""
        listening, self._listening = self._listening, None
        if listening is not None:
            # Wakes the thread that waits for the next connection, else the port stays open.
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        with self._lock:
            passing, self._passing = self._passing, set()
        for one in passing:
            _break(one)

    def _take(self, listening: socket.socket) -> None:
        while True:
            try:
                near, _ = listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._behind)
            except OSError:  # the server itself is away
                near.close()
                continue
            with self._lock:
                self._passing |= {near, far}
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=_pass, args=(source, target), daemon=True).start()


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(1 << 16):
            target.sendall(part)
    for one in (source, target):
        _break(one)


def _break(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextlib.contextmanager
def door(host: str, port: int) -> Iterator[Door]:
    """A door that is shut at the end."""
    made = Door(host, port)
    try:
        yield made
    finally:
        made.shut()
