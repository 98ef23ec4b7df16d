"""An event with what all its facts share: its name, its times and the goods in its lists."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graph_model.identifiers import EPCIS, Thing, thing
from loaders.epcis import content
from loaders.epcis.content import Name, moment, name_of, stated, word
from loaders.epcis.documents import PREFIXES, namespaces
from loaders.epcis.rows import Place

PIECE = "EA"
"""Unit of what is told by its own number, or counted without a unit."""
_LISTS = {
    "object": ("epcList", "quantityList"),
    "child": ("childEPCs", "childQuantityList"),
    "input": ("inputEPCList", "inputQuantityList"),
    "output": ("outputEPCList", "outputQuantityList"),
}


@dataclass(frozen=True, slots=True)
class Goods:
    """One line of an event's lists."""

    thing: Thing
    text: str
    role: str
    quantity: float | None
    uom: str | None


@dataclass(frozen=True, slots=True)
class Read:
    """An event with what all its facts share; `context`: namespaces of its own words."""

    event: content.Event
    name: Name
    place: Place
    goods: tuple[Goods, ...]
    earliest: int | None
    latest: int | None
    context: dict[str, str]

    @property
    def type(self) -> str:
        """Which of the five types of EPCIS it is."""
        return str(self.event["type"])

    @property
    def action(self) -> str | None:
        """ADD, OBSERVE or DELETE."""
        return stated(self.event.get("action"))

    @property
    def step(self) -> str | None:
        """The bare word of the business step."""
        return word(self.event.get("bizStep"))

    def key(self, tail: str) -> str:
        """Key of a fact that this event states."""
        return f"{EPCIS}/{self.name.key}/{tail}"

    def of(self, *roles: str) -> Iterator[tuple[int, Goods]]:
        """The lines in these roles, numbered in an order that does not depend on the file."""
        return ((n, line) for n, line in enumerate(self.goods) if line.role in roles)


def read(event: content.Event, prefixes: dict[str, str], place: Place) -> Read:
    """The event as this module understands it; missing parts are empty, never invented."""
    goods = [
        line
        for role, (numbers, amounts) in _LISTS.items()
        for line in _lines(event, role, numbers, amounts)
    ]
    goods.sort(key=lambda line: (line.role, line.text, line.quantity or 0.0, line.uom or ""))
    if parent := stated(event.get("parentID")):
        goods.append(Goods(thing(parent), parent, "parent", None, None))
    prefixes = prefixes | namespaces(event.get("@context"))
    name = name_of(event, prefixes)
    own = {p: uri for p, uri in prefixes.items() if uri != PREFIXES.get(p)}
    used = sorted(own.keys() & set(_prefixes(event))) if own else []
    context = {prefix: own[prefix] for prefix in used}
    return Read(event, name, place, tuple(goods), *moment(event), context)


def _prefixes(value: Any) -> Iterator[str]:
    """Prefixes of the names in a value, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            prefix, colon, _ = key.partition(":")
            if colon:
                yield prefix
            yield from _prefixes(item)
    elif isinstance(value, list):
        for item in value:
            yield from _prefixes(item)


def documents(event: content.Event) -> list[tuple[str, str]]:
    """Business documents as (type, number), in order."""
    found = [
        (word(line.get("type")) or "", stated(line.get("bizTransaction")) or "")
        for line in listed(event.get("bizTransactionList"))
        if isinstance(line, dict)
    ]
    return sorted((kind, number) for kind, number in found if number)


def _lines(event: content.Event, role: str, numbers: str, amounts: str) -> Iterator[Goods]:
    for one in listed(event.get(numbers)):
        if text := stated(one):
            yield Goods(thing(text), text, role, 1.0, PIECE)
    for line in listed(event.get(amounts)):
        if isinstance(line, dict) and (text := stated(line.get("epcClass"))):
            quantity, uom = _amount(line.get("quantity")), stated(line.get("uom"))
            counted = PIECE if quantity is not None else None
            yield Goods(thing(text), text, role, quantity, uom or counted)


def listed(value: Any) -> list[Any]:
    """A list as it is, one thing as a list of one, nothing as none."""
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _amount(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return round(number, 6) if math.isfinite(number) else None
