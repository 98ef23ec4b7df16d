"""Contact against its definition, pair by pair, on small random plants.

The oracle shares no code with the scope: it compares every stay on a line with every other, and
every verified cleaning with both.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from graph_model import network
from graph_model.interval import MIN
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from queries.recall.proof import Proof
from queries.recall.worlds import Worlds
from tests.unit.contact_case import (
    EVER,
    NEVER,
    Cleaned,
    Order,
    Plant,
    facts_of,
    key,
    random_plant,
    reached,
    worlds,
)

Pairs = set[tuple[str, str]]
Passage = tuple[str, int, int, str, int, int]
"""What one lot may bring into another: it did so from one moment to another, and the other one can
have had it from one moment to another."""


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
