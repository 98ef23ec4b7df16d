"""Contact against its definition, pair by pair, on small random plants.

The oracle shares no code with the scope: it compares every stay on a line with every other, and
every verified cleaning with both.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field, replace

import polars as pl
import pytest

from graph_model import network
from graph_model.interval import MIN
from graph_model.ledger import Facts
from graph_model.lineage import Index, Lineage
from graph_model.schema import (
    KINDS,
    Cleaning,
    Consumed,
    Decision,
    Item,
    Lot,
    Operation,
    Produced,
    Site,
    Use,
    conform,
    frame_schema,
)
from queries.recall import contact
from queries.recall.cone import Cone
from queries.recall.hazard import Hazard
from queries.recall.proof import Proof
from queries.recall.recipe import Recipe
from queries.recall.rulebook import Rulebook
from queries.recall.rules import Case
from queries.recall.worlds import Worlds, explore

NEVER, EVER = -(10**6), 10**6
LAST = 30
"""Moments of a plant run from 0 to here."""
Pairs = set[tuple[str, str]]
Passage = tuple[str, int, int, str, int, int]
"""What one lot may bring into another: it did so from one moment to another, and the other one can
have had it from one moment to another."""


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
    tables = {}
    for name, kind in KINDS.items():
        frame = pl.DataFrame(rows[kind], infer_schema_length=None)
        empty = pl.DataFrame(schema=frame_schema(kind, provenance=True))
        tables[name] = conform(kind, frame, provenance=True) if len(frame) else empty
        if seed:
            tables[name] = tables[name].sample(fraction=1, shuffle=True, seed=seed)
    return Facts(1, "test", tables)


def key(company: str, lot: str) -> str:
    """Key of a lot."""
    return f"{company}/{lot[0]}/{lot[1:]}"


# ---------------------------------------------------------------------------- the definition


def material(plant: Plant) -> set[Passage]:
    """Which input may be in which output, by time; by wrong times every one in every one.

    What is used only before it was made was there before: its times say nothing.
    """
    found: set[Passage] = set()
    came: dict[str, int] = {}
    for order in plant.orders:
        for lot, at in order.outputs.items():
            came[lot] = min(at, came.get(lot, at))
    for order in plant.orders:
        last = max(order.outputs.values())
        early = {lot for lot, at in order.inputs.items() if min(at, last) < came.get(lot, NEVER)}
        timed = {
            (lot, *((NEVER, EVER) if lot in early else (begin, begin)), out, end, end)
            for lot, begin in order.inputs.items()
            for out, end in order.outputs.items()
            if begin <= end
        }
        stranded = set(order.inputs) - {lot for lot, *_ in timed}
        if order.closed and stranded:
            timed = {
                (lot, NEVER, EVER, out, NEVER, EVER)
                for lot in order.inputs
                for out in order.outputs
            }
        elif order.closed and order.line:
            timed -= cleared(order, plant.cleanings, timed)
        found |= timed
    return found


def cleared(order: Order, cleanings: list[Cleaned], pairs: set[Passage]) -> set[Passage]:
    """Pairs that a line clearance parts, after which each item was issued once more."""
    items = {lot[0] for lot in order.inputs}
    anew = min(max(at for lot, at in order.inputs.items() if lot[0] == item) for item in items)
    sound = [
        one for one in cleanings
        if one.line == order.line and one.clearance and one.verified and one.conforming
        and one.end < anew
    ]  # fmt: skip
    return {
        pair for pair in pairs
        if any(order.inputs[pair[0]] < one.begin and one.end < pair[4] for one in sound)
    }  # fmt: skip


def over_lines(plant: Plant, cleanings: list[Cleaned], horizons: dict[str, int]) -> set[Passage]:
    """Which lot may leave residue in which other one."""
    touches: list[tuple[str, str | None, int, int, int]] = []
    made: list[tuple[str, str | None, int, int, int]] = []
    for order in plant.orders:
        start, end = order.stay
        touches += [(lot, order.line, at, end, at) for lot, at in order.inputs.items()]
        for lot, at in order.outputs.items():
            touches.append((lot, order.line, at, at, at))
            made.append((lot, order.line, min(start, at), at, at))
    for lot, line, begin, done in plant.uses:
        last = EVER if done is None else done
        touches.append((lot, line, begin, last, last))
        made.append((lot, line, begin, begin, last))
    found: set[Passage] = set()
    for lot, line, begin, end, left in touches:
        for other, place, start, fresh, finished in made:
            if (line and place and line != place) or begin > finished:
                continue
            on = line or place  # what names no line may have been on that of the other
            if on and start > end + horizons.get(on, EVER):
                continue
            known = [one for one in cleanings if on == one.line]
            if not any(
                (end < one.begin and one.end < start)
                or (one.clearance and left < one.begin and one.end < fresh)
                for one in known
                if one.verified and one.conforming
            ):
                found.add((lot, begin, end, other, fresh, finished))
    return found


def closure(root: str, passages: set[Passage]) -> set[str]:
    """Everything the root leads to, whenever it was."""
    pairs: Pairs = {(lot, other) for lot, _, _, other, _, _ in passages}
    found = {root}
    while more := {b for a, b in pairs if a in found} - found:
        found |= more
    return found


def by_contact(strong: set[str], passages: set[Passage]) -> dict[str, int]:
    """Since when each lot may be affected: what recipe reaches, for its whole time."""
    since = dict.fromkeys(strong, NEVER)
    changed = True
    while changed:
        changed = False
        for lot, begin, end, other, fresh, finished in passages:
            if lot not in since or since[lot] > end:
                continue
            moment = max(since[lot], begin) if (begin, end) != (NEVER, EVER) else NEVER
            if moment <= finished and max(moment, fresh) < since.get(other, EVER + 1):
                since[other] = max(moment, fresh)
                changed = True
    return since


# ---------------------------------------------------------------------------- the tests


def worlds(facts: Facts, lineage: Lineage, root: Index, hazard: str = "microbial") -> Worlds:
    """The tiers of a root for a hazard."""
    case = Case(facts, Recipe.of(facts), hazard=Hazard(kind=hazard))
    cone = Cone.of(contact.extended(facts, lineage, case.hazard, Rulebook()), root)
    return explore(cone, case, root, root[:0])


def reached(found: Worlds, lineage: Lineage, most: int = 3) -> set[str]:
    """Keys of the recorded lots reached up to a grade."""
    held = (found.grade > 0) & (found.grade <= most) & found.cone.recorded
    return set(lineage.lots["key"][found.cone.lots[held]])


@pytest.mark.parametrize("first", [0, 400])
def test_contact_reaches_what_comparing_each_pair_reaches(first: int) -> None:
    plants = [random_plant(seed) for seed in range(first, first + 400)]
    facts = facts_of(plants)
    lineage = Lineage.of(network.build(facts))
    parted = met = judged = earlier = 0
    for number, plant in enumerate(plants):
        own = f"X{number}"
        found = worlds(facts, lineage, lineage.number([key(own, plant.root)]))
        pairs = material(plant)
        strong = closure(plant.root, pairs)
        over = over_lines(plant, plant.cleanings, plant.horizons)
        since = by_contact(strong, pairs | over)
        every, always = set(since), closure(plant.root, pairs | over)
        clean = set(by_contact(strong, pairs | over_lines(plant, plant.cleanings, {})))
        raw = closure(plant.root, pairs | over_lines(plant, [], {}))
        assert reached(found, lineage, 2) == {key(own, lot) for lot in strong}, number
        # A stay of unknown end is not parted by a horizon: wider or earlier, never the reverse.
        got = reached(found, lineage)
        assert {key(own, lot) for lot in every} <= got <= {key(own, lot) for lot in clean}, number
        assert plant.horizons or len(got) == len(every), number
        told = moments(found, lineage)
        late = {key(own, lot): moment for lot, moment in since.items() if moment > NEVER}
        assert told == late or plant.horizons, number
        assert all(told.get(lot, NEVER) <= late[lot] for lot in late), number
        cone = found.cone
        goods = cone.lots[cone.recorded & (cone.depth >= 0)]
        assert {key(own, lot) for lot in raw} <= set(lineage.lots["key"][goods]), number
        assert not found.certain[found.grade == 3].any(), number
        assert every <= always, number
        met += len(every - strong)
        earlier += len(always - every)
        parted += len(raw - clean)
        if clean > every:
            judged += len(clean - every)
            judges = [cut.by for lot in _numbers(found, lineage, clean - every, own)
                    for cut in Proof(found).cuts(lot)]  # fmt: skip
            assert "judgement" in judges, number
    assert min(met, earlier, parted, judged) > 10


def moments(found: Worlds, lineage: Lineage) -> dict[str, int]:
    """Since when recorded lots may be affected, of those that are so for a part of their time."""
    late = found.cone.recorded & (found.grade > 0) & (found.since > MIN)
    keys = lineage.lots["key"][found.cone.lots[late]]
    return dict(zip(keys, found.since[late].tolist(), strict=True))


def _numbers(found: Worlds, lineage: Lineage, lots: set[str], company: str) -> list[int]:
    numbers = lineage.number(sorted(key(company, lot) for lot in lots))
    at: list[int] = found.cone.number(numbers).tolist()
    return at


def test_facts_in_any_order_reach_the_same() -> None:
    plants = [random_plant(seed) for seed in range(60)]
    found = []
    for seed in (0, 1, 2):
        facts = facts_of(plants, seed)
        lineage = Lineage.of(network.build(facts))
        found.append(scopes(facts, lineage, plants, "microbial"))
    assert found[0] == found[1] == found[2]


def test_a_clean_break_only_shrinks_and_a_dimension_goes_only_where_material_goes() -> None:
    plants = [random_plant(seed) for seed in range(300)]
    found = []
    for some in (plants, [replace(plant, cleanings=[]) for plant in plants]):
        facts = facts_of(some)
        lineage = Lineage.of(network.build(facts))
        found += [scopes(facts, lineage, some, hazard) for hazard in ("microbial", "dimension")]
    cleaned, only_material, dirty, _ = found
    assert all(clean <= more for clean, more in zip(cleaned, dirty, strict=True))
    assert any(clean < more for clean, more in zip(cleaned, dirty, strict=True))
    assert only_material == [
        {key(f"X{at}", lot) for lot in closure(one.root, material(one))}
        for at, one in enumerate(plants)
    ]


def scopes(facts: Facts, lineage: Lineage, plants: list[Plant], hazard: str) -> list[set[str]]:
    """What is reached in each plant."""
    roots = (lineage.number([key(f"X{at}", one.root)]) for at, one in enumerate(plants))
    return [reached(worlds(facts, lineage, root, hazard), lineage) for root in roots]
