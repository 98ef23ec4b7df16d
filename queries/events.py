"""What partners' events tell of lots: evidence beside the trace, and more than the trace.

The event trace follows everything that any event names together with a lot, so it also finds what
only shared a pallet with it. It shows who recorded what; a scope is never made from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from graph_model import interval
from graph_model.engines.base import Query, Reader
from queries.catalogue import question


@dataclass(frozen=True)
class Mention:
    """A lot that an event names, in its role: object, child, parent, input or output."""

    event: str
    event_id: str
    event_type: str | None
    event_action: str | None
    biz_step: str | None
    earliest: int | None
    latest: int | None
    read_point: str | None
    biz_location: str | None
    lot: str
    event_role: str | None


EVENTS = Query("trace/events.cypher", Mention)
_BEHIND = ("child", "input")
_Events = dict[str, list[Mention]]


@question
def events_of_lots(graph: Reader, lots: list[str]) -> list[Mention]:
    """What events say of these lots or containers, with everything else that each of them names."""
    return _in_order(_asked(graph, set(lots)))


@question
def event_trace(graph: Reader, lots: list[str]) -> list[Mention]:
    """All events behind these lots: of them, of what is in them, and of what went into those.

    From every event found, what it names as child or input is asked for in turn. Then, for each
    container that goods of the trace were packed into, its events until those goods are seen
    again. Not minimal: an event brings in all that it names.
    """
    found: _Events = {}
    asked: set[str] = set()
    todo = set(lots)
    while todo:
        asked |= todo
        found |= _asked(graph, todo)
        named = {m.lot for rows in found.values() for m in rows if m.event_role in _BEHIND}
        todo = named - asked
    return _in_order(found | _of_containers(graph, found, asked))


def _asked(graph: Reader, lots: set[str]) -> _Events:
    events: _Events = {}
    for row in graph.read(EVENTS, lots=sorted(lots)) if lots else []:
        events.setdefault(row.event, []).append(row)
    return events


def _of_containers(graph: Reader, found: _Events, asked: set[str]) -> _Events:
    """Events of containers that were packed, up to when what was packed is next seen."""
    until: dict[str, int] = {}
    for rows in found.values():
        first = rows[0]
        packed = first.event_type == "AggregationEvent" and first.event_action == "ADD"
        for parent in (m.lot for m in rows if m.event_role == "parent" and packed):
            if parent not in asked:
                until[parent] = max(until.get(parent, interval.MIN), _seen_again(rows, found))
    more = _asked(graph, set(until))
    return {
        event: rows
        for event, rows in more.items()
        if any(m.lot in until and _time(m) <= until[m.lot] for m in rows)
    }


def _seen_again(packed: list[Mention], found: _Events) -> int:
    """Time of the next event that names what was packed, else of the last of all."""
    children = {m.lot for m in packed if m.event_role == "child"}
    later = [
        _time(m)
        for rows in found.values()
        for m in rows
        if m.lot in children and _time(m) > _time(packed[0])
    ]
    return min(later, default=max(_time(rows[0]) for rows in found.values()))


def _time(row: Mention) -> int:
    return interval.MIN if row.earliest is None else row.earliest


def _in_order(events: _Events) -> list[Mention]:
    rows = (row for mentions in events.values() for row in mentions)
    return sorted(rows, key=lambda row: (_time(row), row.event, row.event_role or "", row.lot))
