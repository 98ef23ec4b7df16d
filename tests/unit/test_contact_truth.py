"""Contact held against what physically happened on small random plants.

Residue goes from what lies on a line, hangs on it or stands in a tank to whatever is there after,
until it is cleaned; a lot that meets it late is not in what was taken of it before. The records
are true and never say more than that a thing happened between two moments, or nothing at all.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from graph_model import network
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from graph_model.schema import (
    Cleaning,
    Consumed,
    Decision,
    Item,
    Lot,
    Operation,
    Produced,
    Returned,
    Site,
    Use,
)
from queries.recall import contact
from queries.recall.cone import Cone
from queries.recall.hazard import Hazard
from queries.recall.recipe import Recipe
from queries.recall.rulebook import Rulebook
from queries.recall.rules import Case
from queries.recall.worlds import explore
from tests.facts import stated

START, ISSUE, MOUNT, CLEAN, OUTPUT, RETURN, UNMOUNT, END = range(8)
LINES, TANK = ("L0", "L1"), "T0"
MICROBIAL = Hazard(kind="microbial")


@dataclass
class Order:
    """Its line, and when it began and ended: with its first and its last movement."""

    line: str
    start: int
    end: int
    portions: dict[str, bool] = field(default_factory=dict)
    """Lots that were issued: whether that portion is affected."""
    cleared: set[str] = field(default_factory=set)
    """Portions that were on the line before it was cleared."""
    exposed: bool = False


@dataclass
class Event:
    """What happened at a moment: kind, order number, lot, place."""

    at: int
    kind: int
    order: int = -1
    lot: str = ""
    place: str | None = None
    clears: bool = False
    works: bool = True


def random_plant(seed: int) -> tuple[list[Order], list[Event], str]:
    """Orders on two lines that may overlap, a tank, reels, returns, cleanings; and a root."""
    rng = random.Random(seed)
    clock = iter(rng.sample(range(10, 4000), 400))
    orders, events = [], []
    made: dict[str, tuple[int, bool]] = {f"A{n}": (0, False) for n in range(4)}
    for number in range(rng.randint(3, 7)):
        start, later = sorted((next(clock), next(clock)))
        inside = iter(sorted(rng.sample(range(start + 1, min(later, start + 700) + 40), 12)))
        line = rng.choice(LINES)
        able = [lot for lot, (since, _) in made.items() if since < start]
        lots = rng.sample(able, min(len(able), rng.randint(1, 2)))
        for lot in lots:
            events.append(Event(next(inside), ISSUE, number, lot, TANK if made[lot][1] else None))
            if rng.random() < 0.4 and not made[lot][1]:
                up, down = next(inside), next(inside)
                events.append(Event(up, MOUNT, number, lot, line))
                events.append(Event(down, UNMOUNT, number, lot, line))
        for at in range(rng.randint(1, 2)):
            tank = rng.random() < 0.2
            moment = next(inside)
            events.append(Event(moment, OUTPUT, number, f"P{number}{at}", TANK if tank else None))
            made[f"P{number}{at}"] = (moment, tank)
        # What comes back of a tank's lot does not go into the tank.
        if rng.random() < 0.5 and (dry := [lot for lot in lots if not made[lot][1]]):
            events.append(Event(next(inside), RETURN, number, rng.choice(dry)))
        # Whatever was on a line without an order to its name is in no record.
        mine = [event.at for event in events if event.order == number]
        orders.append(Order(line, min(mine), max(mine)))
        events += [Event(min(mine), START, number), Event(max(mine), END, number)]
    for _ in range(rng.choice([0, 3, 8, 15])):
        place = rng.choice([*LINES, *LINES, TANK])
        clears, works = rng.random() < 0.4, rng.random() < 0.8
        events.append(Event(next(clock), CLEAN, place=place, clears=clears, works=works))
    events.sort(key=lambda event: (event.at, event.kind))
    known = sorted({event.lot for event in events if event.lot})
    return orders, events, rng.choice(known)


# ---------------------------------------------------------------------------- what happened


class World:
    """What is affected at a moment: stock of lots, portions in orders, reels, lines, tanks."""

    def __init__(self, orders: list[Order], root: str) -> None:
        self.orders, self.root = orders, root
        self.stock: set[str] = {root}
        self.ever: set[str] = {root}
        self.dirty: set[str] = set()
        self.running: set[int] = set()
        self.reels: dict[tuple[int, str], bool] = {}
        self.held: set[str] = set()
        """What stands in the tank."""

    def happens(self, event: Event, last_draw: dict[str, int]) -> None:
        order = self.orders[event.order] if event.order >= 0 else None
        if event.kind == CLEAN:
            self._clean(event, last_draw)
        elif order is not None:
            self._works(event, order)
        self._spread()

    def _clean(self, event: Event, last_draw: dict[str, int]) -> None:
        place = str(event.place)
        if place == TANK:
            self.held = {lot for lot in self.held if last_draw.get(lot, -1) > event.at}
            # Nobody cleans a tank that something stands in.
            event.works &= not self.held
        if not event.works:
            return
        self.dirty.discard(place)
        if event.clears:
            for number in self.running:
                if self.orders[number].line == place:
                    self.orders[number].cleared |= set(self.orders[number].portions)
                    self.orders[number].exposed = False

    def _works(self, event: Event, order: Order) -> None:
        lot = event.lot
        if event.kind == START:
            self.running.add(event.order)
        elif event.kind == END:
            self.running.discard(event.order)
        elif event.kind == ISSUE:
            order.portions[lot] = lot in self.stock
            order.exposed |= event.place == TANK and TANK in self.dirty
        elif event.kind == MOUNT:
            self.reels[event.order, lot] = lot in self.stock
        elif event.kind == UNMOUNT:
            self._back(lot, self.reels.pop((event.order, lot)))
        elif event.kind == RETURN:
            self._back(lot, order.portions.get(lot, False) or order.exposed)
        elif event.kind == OUTPUT:
            self._back(lot, any(order.portions.values()) or order.exposed)
            if lot in self.stock:
                self.dirty.add(order.line)
            if event.place == TANK:
                self.held.add(lot)

    def _back(self, lot: str, affected: bool) -> None:
        if affected:
            self.stock.add(lot)
            self.ever.add(lot)

    def _spread(self) -> None:
        """What touches a line dirties it, and what is there gets it, until nothing changes."""
        before = -1
        while before != (now := self._count()):
            before = now
            if self.held & self.stock:
                self.dirty.add(TANK)
            if TANK in self.dirty:
                self.stock |= self.held
                self.ever |= self.held
            for number in self.running:
                order = self.orders[number]
                touching = order.portions.keys() - order.cleared
                if any(order.portions[lot] for lot in touching):
                    self.dirty.add(order.line)
                order.exposed |= order.line in self.dirty
            for (number, lot), affected in self.reels.items():
                order = self.orders[number]
                if affected:
                    self.dirty.add(order.line)
                elif order.line in self.dirty:
                    self.reels[number, lot] = True
                    self.ever.add(lot)
                if self.reels[number, lot] and lot in order.portions:
                    order.portions[lot] = True

    def _count(self) -> int:
        portions = sum(sum(order.portions.values()) + order.exposed for order in self.orders)
        return portions + len(self.stock) + len(self.dirty) + sum(self.reels.values())


def truth(orders: list[Order], events: list[Event], root: str) -> set[str]:
    """Every lot that was affected in the end."""
    last_draw: dict[str, int] = {}
    for event in events:
        if event.kind == ISSUE and event.place == TANK:
            last_draw[event.lot] = event.at
    world = World(orders, root)
    for event in events:
        world.happens(event, last_draw)
    return world.ever


# ---------------------------------------------------------------------------- what is written


def facts_of(plants: list[Any], *, blank: float = 0.0) -> Facts:
    """True records of plants, a company each; `blank`: share of times that are left out."""
    rows: dict[type, list[dict[str, Any]]] = defaultdict(list)
    delay = {"key": "d", "kind": "delay", "subject": "s", "late": 0, "early": 0, "decided_at": 1}
    rows[Decision].append(delay)
    for number, (orders, events, _) in enumerate(plants):
        rng, gone = random.Random(number), random.Random(number)
        own = f"X{number}"

        def span(low: int, high: int, most: int = 60, *, rng: Any = rng, gone: Any = gone) -> Any:
            wide = rng.choice([0, 0, 10, most])
            told = low - rng.randint(0, wide), high + rng.randint(0, wide)
            return (None, None) if gone.random() < blank else told

        _master(rows, own, events)
        for at, order in enumerate(orders):
            begun, done = span(order.start, order.end) if rng.random() < 0.7 else (None, None)
            named = rng.random() < 0.9
            rows[Operation].append(
                {"key": f"{own}/produce/{at}", "company": own, "kind": "produce",
                 "number": str(at), "source": "s", "earliest": begun, "latest": done,
                 "site": f"{own}/{order.line}" if named else None,
                 "status": "closed" if rng.random() < 0.8 else "open"}
            )  # fmt: skip
        for at, event in enumerate(events):
            _written(rows, own, at, event, events, rng, span)
    return stated(rows)


def key(company: str, lot: str) -> str:
    """Key of a lot."""
    return f"{company}/{lot[:1]}/{lot[1:]}"


def _master(rows: dict[type, list[dict[str, Any]]], own: str, events: list[Event]) -> None:
    for item in "AP":
        rows[Item].append({"key": f"{own}/{item}", "company": own, "item_code": item})
    for place in (*LINES, TANK):
        kind = "tank" if place == TANK else "line"
        rows[Site].append(
            {"key": f"{own}/{place}", "company": own, "site_code": place, "kind": kind}
        )
    rows[Site].append({"key": f"{own}/W", "company": own, "site_code": "W", "kind": "warehouse"})
    for lot in sorted({event.lot for event in events if event.lot}):
        rows[Lot].append(
            {"key": key(own, lot), "owner": own, "item_code": lot[0], "lot_no": lot[1:],
             "item": f"{own}/{lot[0]}"}
        )  # fmt: skip


def _written(
    rows: dict[type, list[dict[str, Any]]],
    own: str,
    at: int,
    event: Event,
    events: list[Event],
    rng: random.Random,
    span: Callable[..., tuple[int | None, int | None]],
) -> None:
    earliest, latest = span(event.at, event.at)
    told = {"key": f"{own}-{at}", "earliest": earliest, "latest": latest}
    about = {
        "lot": key(own, event.lot), "item": f"{own}/{event.lot[:1]}",
        "operation": f"{own}/produce/{event.order}", "posting_method": "network",
    }  # fmt: skip
    place = f"{own}/{event.place or 'W'}"
    side = {} if rng.random() < 0.1 and not event.place else {"from_place": place}
    if event.kind == ISSUE:
        rows[Consumed].append(told | about | side | {"basis": "by_order"})
    elif event.kind == OUTPUT:
        rows[Produced].append(told | about | {"basis": "by_order", "to_place": place})
    elif event.kind == RETURN:
        rows[Returned].append(told | about | {"to_place": f"{own}/W"})
    elif event.kind == CLEAN:
        rows[Cleaning].append(
            told | {"site": place, "clearance": event.clears, "verified": event.works,
                    "result": "conforming", "source": "s"}
        )  # fmt: skip
    elif event.kind == MOUNT:
        down = next(
            other.at
            for other in events[at:]
            if (other.kind, other.order, other.lot) == (UNMOUNT, event.order, event.lot)
        )
        earliest, latest = span(event.at, down)
        use = {"key": told["key"], "earliest": earliest, "latest": latest, "source": "s"}
        line = {"site": place} if rng.random() < 0.8 else {}
        rows[Use].append(use | line | {name: about[name] for name in ("lot", "item", "operation")})


# ---------------------------------------------------------------------------- the tests


def scopes(facts: Facts, plants: list[Any]) -> list[set[str]]:
    """What is reached in each plant."""
    lineage = Lineage.of(network.build(facts))
    case = Case(facts, Recipe.of(facts), hazard=MICROBIAL)
    extended = contact.extended(facts, lineage, MICROBIAL, Rulebook())
    found = []
    for number, (_, _, root) in enumerate(plants):
        lots = lineage.number([key(f"X{number}", root)])
        worlds = explore(Cone.of(extended, lots), case, lots, lots[:0])
        held = worlds.cone.lots[(worlds.grade > 0) & worlds.cone.recorded]
        found.append(set(lineage.lots["key"][held]))
    return found


@pytest.mark.parametrize("first", [0, 300, 600])
def test_no_lot_that_residue_got_into_is_left_out(first: int) -> None:
    plants = [random_plant(seed) for seed in range(first, first + 300)]
    happened = [truth(*plant) for plant in plants]
    found = scopes(facts_of(plants), plants)
    spared = 0
    for number, (true, held) in enumerate(zip(happened, found, strict=True)):
        missed = {key(f"X{number}", lot) for lot in true} - held
        assert not missed, f"plant {first + number}: {sorted(missed)}"
        spared += len({event.lot for event in plants[number][1] if event.lot}) - len(held)
    assert spared > 300


def test_times_that_are_missing_never_make_a_scope_smaller() -> None:
    plants = [random_plant(seed) for seed in range(200)]
    for plant in plants:
        truth(*plant)  # says which cleanings worked
    told = scopes(facts_of(plants), plants)
    wider = 0
    for blank in (0.2, 0.6, 1.0):
        found = scopes(facts_of(plants, blank=blank), plants)
        assert all(some <= more for some, more in zip(told, found, strict=True))
        wider += sum(some < more for some, more in zip(told, found, strict=True))
    assert wider > 20
