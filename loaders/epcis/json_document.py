"""EPCIS 2.0 JSON and JSON-LD, read event by event; comments and a byte order mark do no harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ijson
import numpy as np

from graph_model.errors import BadFile
from loaders.epcis.content import TYPES, Event
from loaders.epcis.documents import PREFIXES, Master, after_mark, namespaces

_LISTS = ("epcisBody.eventList", "epcisBody.queryResults.resultsBody.eventList")
_VOCABULARIES = "epcisHeader.epcisMasterData.vocabularyList"
_MASTER_ONLY = "epcisBody.vocabularyList"
_DEEPEST = 64
_CHUNK = 1 << 20
_STEP = np.zeros(256, np.int8)
_STEP[[ord("["), ord("{")]] = 1
_STEP[[ord("]"), ord("}")]] = -1


class JsonDocument:
    """A capture or query document, a list of events, or one event."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.prefixes = dict(PREFIXES)
        self.master = Master()
        if _seems_deep(path) and self._is_deep():
            raise BadFile("epcis_too_deep", file=path.name, most=_DEEPEST)
        self._header()

    def events(self) -> Iterator[Event]:
        """The events of whichever list the document has; of others that is all there is."""
        found = False
        for prefix in (*_LISTS, ""):
            if found:
                return
            for event in self._items(f"{prefix}.item".removeprefix(".")):
                found = True
                yield self._event(event)
        if not found:
            for name in ("epcisBody.event", ""):
                for event in self._items(name):
                    if isinstance(event, dict) and event.get("type") in TYPES:
                        yield self._event(event)
                        return

    def _header(self) -> None:
        """Prefixes and master data; they stand before the events, or are looked for behind."""
        for vocabulary in (*self._items(f"{_VOCABULARIES}.item"), *self._items(_MASTER_ONLY)):
            self.master.add(vocabulary)
        for context in self._items("@context"):
            self.prefixes |= namespaces(context)

    def _event(self, event: Any) -> Event:
        return event if isinstance(event, dict) else {"type": None, "value": event}

    def _items(self, prefix: str) -> Iterator[Any]:
        """Raises BadFile where the text is no JSON, is nested without end or is no UTF-8."""
        with after_mark(self._path) as stream:
            try:
                yield from ijson.items(stream, prefix, allow_comments=True)
            except (ijson.JSONError, ValueError) as error:
                raise self._unread(error) from error

    def _is_deep(self) -> bool:
        depth = 0
        with after_mark(self._path) as stream:
            try:
                for kind, _ in ijson.basic_parse(stream, allow_comments=True):
                    depth += kind.startswith("start_") - kind.startswith("end_")
                    if depth > _DEEPEST:
                        return True
            except (ijson.JSONError, ValueError) as error:
                raise self._unread(error) from error
        return False

    def _unread(self, error: Exception) -> BadFile:
        return BadFile(
            "epcis_not_json", file=self._path.name, reason=" ".join(str(error).split())[:200]
        )


def _seems_deep(path: Path) -> bool:
    """Whether brackets, also those in texts, are ever open by more than events ever are."""
    depth = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            open_ = np.cumsum(_STEP[np.frombuffer(chunk, np.uint8)], dtype=np.int64)
            if depth + int(open_.max()) > _DEEPEST:
                return True
            depth += int(open_[-1])
    return False
