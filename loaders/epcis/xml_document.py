"""EPCIS 2.0 and 1.2 XML, read event by event into the shape of EPCIS 2.0 JSON.

A document type that declares entities, or refers to another file, is refused before anything of it
is read; so is one that is nested without end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from graph_model.errors import BadFile
from loaders.epcis.content import TYPES, Event
from loaders.epcis.documents import PREFIXES, Master, after_mark

_DEEPEST = 64
_HEAD = 1 << 16
_ELSEWHERE = re.compile(rb"<!DOCTYPE[^>\[]*\s(SYSTEM|PUBLIC)\s")
_STANDARD = ("", "urn:epcglobal:epcis:xsd:", "urn:epcglobal:epcis-query:xsd:")
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_LISTS = {
    "epcList": "epc",
    "childEPCs": "epc",
    "inputEPCList": "epc",
    "outputEPCList": "epc",
    "quantityList": "quantityElement",
    "childQuantityList": "quantityElement",
    "inputQuantityList": "quantityElement",
    "outputQuantityList": "quantityElement",
    "bizTransactionList": "bizTransaction",
    "sourceList": "source",
    "destinationList": "destination",
    "sensorElementList": "sensorElement",
    "correctiveEventIDs": "correctiveEventID",
}
"""Lists of the standard, and what stands in them."""
_FLAT = ("extension", "baseExtension")
"""Where EPCIS 1.2 keeps what 2.0 has in the event itself."""
_NUMBERS = frozenset(
    ("quantity", "value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")
)
_SEVERAL = frozenset(("sensorReport", "set", "unset", "certificationInfo"))


class XmlDocument:
    """A capture, query or master data document."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.prefixes = dict(PREFIXES)
        self.master = Master()
        self._names: dict[str, str] = {}

    def events(self) -> Iterator[Event]:
        """The events in order; what was read is let go. Raises BadFile."""
        with after_mark(self._path) as stream:
            if _ELSEWHERE.search(stream.read(_HEAD)):
                raise BadFile("epcis_xml_refused", file=self._path.name)
        with after_mark(self._path) as stream:
            try:
                yield from self._read(iterparse(stream, ("start", "end", "start-ns")))
            except DefusedXmlException as error:
                raise BadFile("epcis_xml_refused", file=self._path.name) from error
            except (ParseError, ValueError, LookupError) as error:
                name = self._path.name
                raise BadFile(
                    "epcis_not_xml", file=name, reason=" ".join(str(error).split())[:200]
                ) from error

    def _read(self, steps: Iterator[tuple[str, Any]]) -> Iterator[Event]:
        path: list[Element] = []
        for step, what in steps:
            if step == "start-ns":
                prefix, uri = what
                if prefix and not uri.startswith(_STANDARD[1:]):
                    self.prefixes[prefix] = uri
                    self._names[uri] = prefix
            elif step == "start":
                path.append(what)
                if len(path) > _DEEPEST:
                    raise BadFile("epcis_too_deep", file=self._path.name, most=_DEEPEST)
            else:
                path.pop()
                name = _local(what.tag)
                if name in TYPES and any(_local(of.tag) == "EventList" for of in path):
                    yield {"type": name} | self._event(what)
                    # All parents hold what they contain until they end: empty them now.
                    path[-1].clear()
                elif name == "Vocabulary":
                    self.master.add(_vocabulary(what))
                    path[-1].clear()

    def _event(self, element: Element) -> Event:
        event: Event = {}
        for child in element:
            name = self._name(child)
            if name in _FLAT:
                event |= self._event(child)
            elif name in _LISTS:
                event[name] = [self._listed(item) for item in child]
            elif name in ("readPoint", "bizLocation"):
                event[name] = {"id": _text(child.find("{*}id"))}
            elif name in ("errorDeclaration", "persistentDisposition"):
                event[name] = self._event(child)
            elif name in _SEVERAL:
                event.setdefault(name, []).append(self._value(child))
            else:
                _put(event, name, self._value(child))
        return event

    def _listed(self, element: Element) -> Any:
        name = self._name(element)
        if name == "quantityElement":
            return {self._name(part): self._value(part) for part in element if _text(part)}
        if name == "sensorElement":
            return self._event(element)
        if name in ("bizTransaction", "source", "destination"):
            return {"type": element.get("type"), name: _text(element)}
        return _text(element)

    def _value(self, element: Element) -> Any:
        """Text, a number where the standard has one, or what stands below by name."""
        name = self._name(element)
        if not len(element) and (name in ("sensorMetadata", "sensorReport")):
            return {
                self._named(key): _number(value) if key in _NUMBERS else value
                for key, value in element.attrib.items()
            }
        if not len(element):
            return _number(_text(element)) if name in _NUMBERS else _text(element)
        told: dict[str, Any] = {
            self._named(key): value
            for key, value in element.attrib.items()
            if not key.startswith(_XSI)
        }
        for child in element:
            _put(told, self._name(child), self._value(child))
        return told

    def _name(self, element: Element) -> str:
        return self._named(element.tag)

    def _named(self, tag: str) -> str:
        """The name as JSON has it: with the prefix of the document where it is no standard name."""
        uri, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
        if uri.startswith(_STANDARD[1:]) or not uri:
            return local
        return f"{self._names.get(uri, uri)}:{local}"


def _put(told: dict[str, Any], name: str, value: Any) -> None:
    """A name that comes again makes a list."""
    if name not in told:
        told[name] = value
    elif isinstance(told[name], list):
        told[name].append(value)
    else:
        told[name] = [told[name], value]


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _text(element: Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _vocabulary(element: Element) -> dict[str, Any]:
    return {
        "type": element.get("type"),
        "vocabularyElementList": [
            {
                "id": one.get("id"),
                "attributes": [
                    {"id": told.get("id"), "attribute": _text(told)}
                    for told in one.iter()
                    if _local(told.tag) == "attribute"
                ],
            }
            for one in element.iter()
            if _local(one.tag) == "VocabularyElement"
        ],
    }
