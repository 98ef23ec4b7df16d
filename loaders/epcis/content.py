"""What an event says, as one text: the same for equal events, whatever their form and order."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from graph_model.keys import escape

Event = dict[str, Any]

TYPES = (
    "ObjectEvent", "AggregationEvent", "TransformationEvent", "TransactionEvent",
    "AssociationEvent",
)  # fmt: skip
KNOWN = "lotgraph:known"
"""Between which moments the event happened, as {earliest, latest}; a missing one is unbounded."""
_NOT_SAID = frozenset(
    ("@context", "eventID", "recordTime", "errorDeclaration", "isA", "eventTimeZoneOffset")
)
"""Names an event, is added to it later, or tells how its time was written: not what it says."""
_WORDS = frozenset(("bizStep", "disposition", "type", "set", "unset"))
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?")
_LAST = re.compile(r"[:/#]")
_PREFIX = re.compile(r"^(?:BizStep|Disp|BTT|SDT|ER)-")
_DAY = timedelta(days=1)
_ZONES = (timedelta(hours=-14), timedelta(hours=12))
"""How far local time can be from UTC, east and west."""


@dataclass(frozen=True, slots=True)
class Name:
    """Which event it is: its own id, where it has one, and the hash of what it says."""

    event_id: str | None
    content: str

    @property
    def key(self) -> str:
        """Key of the event; all that it states has keys beginning with it."""
        return f"{escape(self.event_id or '')}/{self.content}"

    @property
    def number(self) -> str:
        """The event's number among operations and shipments."""
        return f"{self.event_id}~{self.content[:8]}" if self.event_id else self.content


def name_of(event: Event, prefixes: dict[str, str]) -> Name:
    """The event's name; `prefixes` of the document say what namespaces its words are of."""
    said = _canonical({k: v for k, v in event.items() if k not in _NOT_SAID}, "", prefixes)
    said["eventTime"] = moment(event)
    digest = hashlib.sha256(_SORTED.encode(said).encode()).hexdigest()[:24]
    return Name(stated(event.get("eventID")), digest)


def as_json(value: Any) -> str:
    """Compact JSON; a number that JSON cannot hold becomes text."""
    return _COMPACT.encode(value)


def _plain(number: Any) -> float | str:
    return float(number) if math.isfinite(float(number)) else str(number)


_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain)
_SORTED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def stated(value: Any) -> str | None:
    """The text, without outer blanks; None for anything else, and for no text."""
    return value.strip() or None if isinstance(value, str) else None


def word(value: Any) -> str | None:
    """The last word of a term: bare, as URN or as web address of the vocabulary."""
    text = stated(value)
    return _PREFIX.sub("", _LAST.split(text)[-1]) if text else None


def moment(event: Event) -> tuple[int | None, int | None]:
    """When the event happened: earliest and latest in us UTC; unbounded where nobody can tell.

    Events that Lotgraph wrote say themselves how sure their time is.
    """
    if (known := event.get(KNOWN)) is not None and isinstance(known, dict):
        return interval(known.get("earliest"))[0], interval(known.get("latest"))[1]
    return interval(event.get("eventTime"), event.get("eventTimeZoneOffset"))


def interval(text: Any, offset: Any = None) -> tuple[int | None, int | None]:
    """A time as [earliest, latest]: a moment, a day without an hour, any zone without an offset."""
    try:
        read = datetime.fromisoformat(text)
        ends = [read, read + _DAY - timedelta(microseconds=1)] if len(text) == 10 else [read, read]
        if read.tzinfo is None and isinstance(offset, str):
            zone = datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo
            ends = [end.replace(tzinfo=zone) for end in ends]
        if ends[0].tzinfo is None:
            ends = [end.replace(tzinfo=UTC) + far for end, far in zip(ends, _ZONES, strict=True)]
        first, last = (round(end.timestamp() * 1_000_000) for end in ends)
        return first, last
    except (TypeError, ValueError, OverflowError):
        return None, None


def _canonical(value: Any, name: str, prefixes: dict[str, str]) -> Any:
    """Without what is empty, lists in order, words of the vocabularies without their place."""
    if isinstance(value, dict):
        told = {
            _expanded(key, prefixes): _canonical(item, key, prefixes)
            for key, item in value.items()
            if item not in (None, "", [], {})
        }
        return {key: item for key, item in told.items() if item not in ([], {})}
    if isinstance(value, list):
        items = [_canonical(item, name, prefixes) for item in value]
        if len(items) == 1:
            return items[0]
        return sorted(items, key=_SORTED.encode)
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value).strip()
    if name in _WORDS:
        return word(text)
    if isinstance(value, int | float | Decimal) or _NUMBER.fullmatch(text):
        return f"{float(text):.15g}"
    return text


def _expanded(key: str, prefixes: dict[str, str]) -> str:
    prefix, colon, local = key.partition(":")
    return f"{prefixes[prefix].rstrip(':/#')}|{local}" if colon and prefix in prefixes else key
