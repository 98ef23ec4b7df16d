"""What the emulators share: a server on 127.0.0.1, and faults that are used up one by one."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str

    def json(self) -> dict[str, Any]:
        """The body, read."""
        read = json.loads(self.body or "{}")
        assert isinstance(read, dict)
        return read


@dataclass(frozen=True)
class Told:
    """One answer."""

    content: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Fault = Callable[[Asked], Told | None]
"""Answers instead of the emulator; None: it drops the connection."""


class Emulator(ABC):
    """A system that answers `answer`, unless a fault is waiting."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self._lock = threading.Lock()

    @abstractmethod
    def answer(self, asked: Asked) -> Told:
        """What the system says."""

    def said(self, asked: Asked) -> Told | None:
        """The answer or the fault that is next."""
        with self._lock:
            self.asked.append(asked)
            fault = self.faults.pop(0) if self.faults else None
            return fault(asked) if fault is not None else self.answer(asked)


@contextmanager
def serving(emulator: Emulator) -> Iterator[str]:
    """Its address while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            asked = Asked(
                self.command, parts.path, dict(parse_qsl(parts.query)),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length).decode(),
            )  # fmt: skip
            told = emulator.said(asked)
            if told is None:
                self.close_connection = True
                return
            text = told.content if isinstance(told.content, str) else json.dumps(told.content)
            self.send_response(told.status)
            for name, value in {"content-type": "application/json", **told.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = _do  # noqa: N815 (names that the library calls)

        def log_message(self, *args: Any) -> None:
            """Nothing: a test says itself what it saw."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
