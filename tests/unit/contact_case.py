"""Small random plants of lines, cleanings and tools, and what a scope reaches in them."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field

from graph_model.ledger import Facts
from graph_model.lineage import Index, Lineage
from graph_model.schema import (
    Cleaning,
    Consumed,
    Decision,
    Item,
    Lot,
    Operation,
    Produced,
    Site,
    Use,
)
from queries.recall import contact
from queries.recall.cone import Cone
from queries.recall.hazard import Hazard
from queries.recall.recipe import Recipe
from queries.recall.rulebook import Rulebook
from queries.recall.rules import Case
from queries.recall.worlds import Worlds, explore
from tests.facts import stated

NEVER, EVER = -(10**6), 10**6
LAST = 30
"""Moments of a plant run from 0 to here."""


@dataclass
class Order:
    """Its line, None if it names none; own start and end, None if not recorded; lines in time."""

    line: str | None
    begun: int | None
    done: int | None
    closed: bool
    inputs: dict[str, int]
    outputs: dict[str, int]

    @property
    def stay(self) -> tuple[int, int]:
        """From the earliest moment it ran to the latest."""
        start = min(self.inputs.values())
        last = max([*self.inputs.values(), *self.outputs.values()]) if self.closed else EVER
        if self.begun is not None:
            start = min(start, self.begun)
        return start, max(self.done or NEVER, last)


@dataclass
class Cleaned:
    """A cleaning of a line between two moments; `counts`: it was verified and conformed."""

    line: str
    begin: int
    end: int
    clearance: bool
    verified: bool
    conforming: bool


@dataclass
class Plant:
    """Lots of item A are bought, P made, T tools."""

    orders: list[Order]
    cleanings: list[Cleaned]
    uses: list[tuple[str, str | None, int, int | None]]
    root: str
    lots: set[str]
    horizons: dict[str, int] = field(default_factory=dict)


def random_plant(seed: int) -> Plant:
    """A few orders on two lines or on none named, cleanings of all kinds, tools."""
    rng = random.Random(seed)
    made: list[str] = []
    orders = []
    for number in range(rng.randint(2, 5)):
        able = [*made, *(f"A{lot}" for lot in range(4))]
        first = rng.randrange(LAST - 8)
        inputs = {lot: first + rng.randrange(5) for lot in rng.sample(able, rng.randint(1, 2))}
        outputs = {f"P{number}{at}": first + rng.randrange(8) for at in range(rng.randint(1, 2))}
        times = rng.random() < 0.5
        orders.append(
            Order(
                rng.choice(["L0", "L0", "L1", None if rng.random() < 0.2 else "L1"]),
                first if times else None,
                first + 7 if times else None,
                rng.random() < 0.6,
                inputs,
                outputs,
            )
        )
        made += outputs
    cleanings = []
    for _ in range(rng.choice([0, 2, 5, 9])):
        begin = rng.randrange(LAST)
        cleanings.append(
            Cleaned(
                rng.choice(["L0", "L1"]), begin, begin + rng.choice([0, 1, 6]), rng.random() < 0.3,
                rng.random() < 0.9, rng.random() < 0.9,
            )
        )  # fmt: skip
    uses = [
        (
            f"T{rng.randrange(2)}", rng.choice(["L0", "L1", None]), rng.randrange(LAST),
            rng.choice([None, LAST // 2, LAST]),
        )
        for _ in range(rng.choice([0, 0, 1, 3]))
    ]  # fmt: skip
    uses = [use for use in uses if use[3] is None or use[2] <= use[3]]
    lots = {lot for order in orders for lot in (*order.inputs, *order.outputs)}
    lots |= {lot for lot, *_ in uses}
    horizons = {line: rng.choice([1, 3, 9]) for line in ("L0", "L1") if rng.random() < 0.3}
    return Plant(orders, cleanings, uses, rng.choice(sorted(lots)), lots, horizons)


def facts_of(plants: list[Plant], seed: int = 0) -> Facts:
    """Plants side by side, a company each, facts in an order of the seed's; times are exact."""
    rows: dict[type, list[dict[str, object]]] = defaultdict(list)
    rows[Decision].append(
        {"key": "d", "kind": "delay", "subject": "s", "late": 0, "early": 0, "decided_at": 1}
    )
    for number, plant in enumerate(plants):
        own = f"X{number}"
        rows[Decision] += [
            {"key": f"{own}-h-{line}", "kind": "horizon", "subject": f"{own}/{line}",
             "target": "microbial", "late": length, "decided_at": 1}
            for line, length in plant.horizons.items()
        ]  # fmt: skip
        for item in "APT":
            rows[Item].append({"key": f"{own}/{item}", "company": own, "item_code": item})
        for line in ("L0", "L1"):
            rows[Site].append(
                {"key": f"{own}/{line}", "company": own, "site_code": line, "kind": "line"}
            )
        for lot in plant.lots:
            rows[Lot].append(
                {"key": key(own, lot), "owner": own, "item_code": lot[0], "lot_no": lot[1:],
                 "item": f"{own}/{lot[0]}"}
            )  # fmt: skip
        for at, order in enumerate(plant.orders):
            step = f"{own}/produce/{at}"
            rows[Operation].append(
                {"key": step, "company": own, "kind": "produce", "number": str(at), "source": "s",
                 "site": order.line and f"{own}/{order.line}", "earliest": order.begun,
                 "latest": order.done, "status": "closed" if order.closed else "open"}
            )  # fmt: skip
            movements: tuple[tuple[type, dict[str, int]], ...] = (
                (Consumed, order.inputs),
                (Produced, order.outputs),
            )
            for kind, lines in movements:
                rows[kind] += [
                    {"key": f"{step}-{lot}", "lot": key(own, lot), "item": f"{own}/{lot[0]}",
                     "operation": step, "earliest": time, "latest": time, "basis": "by_order",
                     "posting_method": "network"}
                    for lot, time in lines.items()
                ]  # fmt: skip
        rows[Cleaning] += [
            {"key": f"{own}-c{at}", "site": f"{own}/{one.line}", "verified": one.verified,
             "clearance": one.clearance, "earliest": one.begin, "latest": one.end, "source": "s",
             "result": "conforming" if one.conforming else "nonconforming"}
            for at, one in enumerate(plant.cleanings)
        ]  # fmt: skip
        rows[Use] += [
            {"key": f"{own}-u{at}", "site": line and f"{own}/{line}", "lot": key(own, lot),
             "item": f"{own}/T", "earliest": begin, "latest": end, "source": "s"}
            for at, (lot, line, begin, end) in enumerate(plant.uses)
        ]  # fmt: skip
    facts = stated(rows)
    if not seed:
        return facts
    mixed = {
        name: table.sample(fraction=1, shuffle=True, seed=seed)
        for name, table in facts.tables.items()
    }
    return Facts(1, "test", mixed)


def key(company: str, lot: str) -> str:
    """Key of a lot."""
    return f"{company}/{lot[0]}/{lot[1:]}"


def worlds(facts: Facts, lineage: Lineage, root: Index, hazard: str = "microbial") -> Worlds:
    """The tiers of a root for a hazard."""
    case = Case(facts, Recipe.of(facts), hazard=Hazard(kind=hazard))
    cone = Cone.of(contact.extended(facts, lineage, case.hazard, Rulebook()), root)
    return explore(cone, case, root, root[:0])


def reached(found: Worlds, lineage: Lineage, most: int = 3) -> set[str]:
    """Keys of the recorded lots reached up to a grade."""
    held = (found.grade > 0) & (found.grade <= most) & found.cone.recorded
    return set(lineage.lots["key"][found.cone.lots[held]])
