"""EPCIS files as streams of events in the shape of EPCIS 2.0 JSON, and their master data."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from graph_model.errors import BadFile
from loaders.epcis.content import TYPES, Event

_HEAD = 1 << 16
PREFIXES = {"cbvmda": "urn:epcglobal:cbv:mda:", "gs1": "https://gs1.org/voc/"}
"""Prefixes that every EPCIS document may use without naming them."""


def namespaces(context: Any) -> dict[str, str]:
    """The prefixes that a JSON-LD context defines itself."""
    parts = context if isinstance(context, list) else [context]
    named = [part for part in parts if isinstance(part, dict)]
    return {k: v for part in named for k, v in part.items() if isinstance(v, str)}


@dataclass
class Master:
    """What a document's header says of items, places and companies."""

    names: dict[str, dict[str, str]] = field(default_factory=dict)
    """Vocabulary (epcclass, location, party …) -> identifier -> name."""

    def add(self, vocabulary: Any) -> None:
        """One vocabulary of the header, in the JSON shape; what is not in order is left out."""
        if not isinstance(vocabulary, dict):
            return
        kind = str(vocabulary.get("type", "")).rpartition(":")[2].lower()
        names = self.names.setdefault(kind, {})
        for element in _objects(vocabulary.get("vocabularyElementList")):
            told = {
                str(one.get("id", "")).replace("#", ":").rpartition(":")[2]: one.get("attribute")
                for one in _objects(element.get("attributes"))
            }
            name = next((told[key] for key in _NAMES if isinstance(told.get(key), str)), None)
            if name and isinstance(element.get("id"), str):
                names.setdefault(element["id"], name)


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; none where it is no list."""
    parts = value if isinstance(value, list) else []
    return [part for part in parts if isinstance(part, dict)]


_NAMES = ("name", "descriptionShort", "tradeItemDescription", "functionalName")


class Document(Protocol):
    """One file. `prefixes` and `master` are whole once the events were read."""

    prefixes: dict[str, str]
    master: Master

    def events(self) -> Iterator[Event]:
        """The events in order. Raises BadFile where the file cannot be read on."""


def is_epcis(path: Path) -> bool:
    """Whether the file's beginning speaks of EPCIS, whatever its name is."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD).removeprefix(codecs.BOM_UTF8).lstrip()
    if not head.startswith((b"<", b"{", b"[", b"//", b"/*")):
        return False
    return b"EPCIS" in head or any(f'"{kind}"'.encode() in head for kind in TYPES)


def document(path: Path) -> Document:
    """The file as XML or JSON, told by its first character. Raises BadFile."""
    from loaders.epcis.json_document import JsonDocument
    from loaders.epcis.xml_document import XmlDocument

    with after_mark(path) as stream:
        head = stream.read(_HEAD).lstrip()
    if not head:
        raise BadFile("file_empty", file=path.name)
    return XmlDocument(path) if head.startswith(b"<") else JsonDocument(path)


def after_mark(path: Path) -> IO[bytes]:
    """The file opened behind its byte order mark, if it has one."""
    stream = path.open("rb")
    if stream.read(3) != codecs.BOM_UTF8:
        stream.seek(0)
    return stream
