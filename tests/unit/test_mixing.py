"""Rules of cross-contamination in scopes: someone else's networks, and plants pair by pair."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graph_model import network
from graph_model.i18n import use_language
from graph_model.interval import MAX, MIN
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from graph_model.schema import (
    KINDS,
    Consumed,
    Customer,
    Item,
    Lot,
    Operation,
    Produced,
    Shipment,
    Shipped,
    Site,
    conform,
    frame_schema,
)
from queries.recall import contact
from queries.recall.cone import Cone
from queries.recall.hazard import Hazard
from queries.recall.recipe import Recipe
from queries.recall.roots import Suspects
from queries.recall.rulebook import CrossContamination, Rulebook
from queries.recall.rules import Case
from queries.recall.scope import Scope, compute, rules_in_force
from queries.recall.words import why
from queries.recall.worlds import explore
from tests.unit import test_inference
from tests.unit.inference_case import Asked, Oracle

Pairs = set[tuple[str, str]]
MATERIAL = Hazard(kind="dimension")
"""Goes only where material goes, so that rules are all that there is of contact."""
EVER = 10**6


def reach(facts: Facts, lineage: Lineage, root: str, book: Rulebook) -> tuple[set[str], set[str]]:
    """Keys of what is reached over material, and over all."""
    start = lineage.number([root])
    case = Case(facts, Recipe.of(facts), hazard=MATERIAL, rulebook=book)
    cone = Cone.of(contact.extended(facts, lineage, MATERIAL, book), start)
    found = explore(cone, case, start, start[:0])
    assert not found.certain[found.grade == 3].any()
    keys = [
        set(
            lineage.lots["key"][
                cone.lots[(found.grade > 0) & (found.grade <= most) & cone.recorded]
            ]
        )
        for most in (2, 3)
    ]
    return keys[0], keys[1]


# ---------------------------------------------------------------------------- delivery networks


def forward(data: tuple[Facts, Lineage], delivery: str, book: Rulebook) -> set[str]:
    """Deliveries that a scope of a delivery reaches, but for itself."""
    facts, lineage = data
    ids = dict(lineage.lots.select("key", "sublot").iter_rows())
    root = next(key for key, sublot in ids.items() if sublot == delivery)
    return {ids[key] for key in reach(facts, lineage, root, book)[1]} - {delivery}


def test_the_public_networks_reach_what_their_authors_expect(tmp_path: Path) -> None:
    wanted = test_inference.expected("fcl_tracingtest")
    data = test_inference.scenario().load(tmp_path)
    tried = 0
    for name in test_inference.SETS:
        parameters = wanted[name].get("parameters", {"temporal": True})
        if {"kill_st", "kill_de", "merge", "w_st", "w_de"} & parameters.keys():
            continue
        tried += 1
        changed = wanted[name].get("same_as_base_except", {}).get("deliveries", {})
        book = test_inference.rules_of(test_inference.asked_of(parameters))
        for delivery, base in wanted["base"]["deliveries"].items():
            expected = base | changed.get(delivery, {})
            found = forward(data, delivery, book)
            assert found == set(expected["forward_deliveries"]), (name, delivery)
    assert tried == 6


def bounds(day: tuple[int, ...]) -> tuple[int, int]:
    """First and last moment, µs UTC, that a date of an oracle means."""
    if not day:
        return MIN, MAX
    first = datetime(*day, tzinfo=UTC) if len(day) == 3 else None
    assert first is not None
    begin = round(first.timestamp() * 1e6)
    return begin, begin + 86_400_000_000 - 1


def consistent(oracle: Oracle, root: str, relations: Pairs) -> set[str]:
    """What is reached over links that fit together in time: nothing is in what left before.

    The definition judges each link alone; a scope knows since when a delivery can carry it.
    """
    since, fresh = {root: MIN}, {root}
    while fresh:
        found: dict[str, int] = {}
        for a, b in oracle.links:
            if a not in fresh:
                continue
            came, until = bounds(oracle.of[a].arrival)
            left, gone = bounds(oracle.of[b].departure)
            if not oracle.asked.temporal:
                found[b] = MIN
            elif (a, b) in relations:
                # Dates by which it was used before it left are wrong.
                wrong = bounds(oracle.of[a].departure)[0] > until or came > gone
                if wrong or since[a] <= until:
                    found[b] = min(found.get(b, MAX), max(since[a], came, left))
            elif max(since[a], came) <= gone:
                found[b] = min(found.get(b, MAX), max(since[a], came))
        fresh = {b for b, moment in found.items() if moment < since.get(b, MAX + 1)}
        since |= {b: found[b] for b in fresh}
    return set(since) - {root}


def test_random_networks_reach_what_the_definition_says(tmp_path: Path) -> None:
    equal = less = 0
    for seed in range(16):
        rng = random.Random(seed)
        net = test_inference.random_net(rng)
        data = net.load(tmp_path / str(seed))
        drawn = test_inference.random_asked(rng, net)
        for asked in (
            Asked(
                drawn.temporal,
                drawn.cc_stations,
                drawn.cc_deliveries,
                within_days=drawn.within_days,
            ),
            Asked(drawn.temporal, tuple(net.stations[:2]), within_days=1),
        ):
            oracle = Oracle(net, asked)
            book = test_inference.rules_of(asked)
            for delivery in sorted(oracle.of):
                found, whole = forward(data, delivery, book), oracle.forward(delivery)
                told = (seed, delivery, asked)
                assert consistent(oracle, delivery, net.relations) <= found <= whole, told
                equal, less = equal + (found == whole), less + (found < whole)
                assert found == whole or asked.temporal, told
    assert equal > 5 * less
    assert less


# ---------------------------------------------------------------------------- plants


@dataclass
class Step:
    """An order or receipt: where it ran, and lots with moment (None: unknown) and place."""

    kind: str
    site: str | None
    inputs: dict[str, tuple[int | None, str | None]]
    outputs: dict[str, tuple[int | None, str | None]]
    made: float | None


@dataclass
class Plant:
    """`sent`: lot, moment, from where, amount."""

    steps: list[Step]
    sent: list[tuple[str, int | None, str | None, float | None]]
    root: str

    @property
    def lots(self) -> set[str]:
        """Every lot of it."""
        return {lot for step in self.steps for lot in (*step.inputs, *step.outputs)}


PARENTS = {"H": None, "L0": "H", "L1": None, "W": None, "B": "W"}
LINES = ("L0", "L1")
SITES = {"H": None, "L0": "line", "L1": "line", "W": "warehouse", "B": "bin"}


def random_plant(seed: int) -> Plant:
    """Two receipts and a few orders on lines, in a hall or anywhere; some goods go out."""
    rng = random.Random(seed)

    def moment(least: int) -> int | None:
        return None if rng.random() < 0.15 else rng.randrange(least, least + 6)

    able, steps = list[str](), list[Step]()
    for number in range(rng.randint(3, 6)):
        buys = number < 2 or rng.random() < 0.2
        at = rng.randrange(20)
        inputs = [f"S{number}"] if buys else rng.sample(able, rng.randint(1, min(2, len(able))))
        from_place, to_place = ([None, "W", "B", "H", "L1"], [None, "W", "W", "B", "H"])
        steps.append(
            Step(
                "receive" if buys else "produce",
                rng.choice(["W", "W", None] if buys else ["L0", "L1", "L0", "H", None]),
                {lot: (moment(at), rng.choice(from_place)) for lot in inputs},
                {f"P{number}": (moment(at + 6), rng.choice(to_place))},
                rng.choice([None, 5.0]),
            )
        )
        able.append(f"P{number}")
    sent = [
        (lot, moment(12), rng.choice([None, "W", "B", "H"]), rng.choice([None, 5.0, 2.0]))
        for lot in able
        if rng.random() < 0.4
    ]
    every = sorted({lot for step in steps for lot in (*step.inputs, *step.outputs)})
    return Plant(steps, sent, rng.choice(every))


def facts_of(plants: Sequence[Plant]) -> Facts:
    """Plants side by side, a company each; every time that is known is exact."""
    rows: dict[type, list[dict[str, Any]]] = defaultdict(list)
    for number, plant in enumerate(plants):
        own = f"X{number}"
        for code, site_kind in SITES.items():
            parent = PARENTS[code] and f"{own}/{PARENTS[code]}"
            rows[Site].append(
                {"key": f"{own}/{code}", "company": own, "site_code": code,
                 "kind": site_kind, "parent": parent}
            )  # fmt: skip
        for item in "SP":
            rows[Item].append({"key": f"{own}/{item}", "company": own, "item_code": item})
        for lot in plant.lots:
            rows[Lot].append(
                {"key": key(own, lot), "owner": own, "item_code": lot[0], "lot_no": lot[1:],
                 "item": f"{own}/{lot[0]}"}
            )  # fmt: skip
        for at, step in enumerate(plant.steps):
            name = f"{own}/{step.kind}/{at}"
            rows[Operation].append(
                {"key": name, "company": own, "kind": step.kind, "number": str(at),
                 "site": step.site and f"{own}/{step.site}", "status": "closed"}
            )  # fmt: skip
            for kind, lines, side in (
                (Consumed, step.inputs, "from_place"), (Produced, step.outputs, "to_place"),
            ):  # fmt: skip
                rows[kind] += [
                    _moved(own, name, lot, time) | {"operation": name}
                    | {side: place and f"{own}/{place}", "basis": "by_order"}
                    | {"quantity": step.made if kind is Produced else None, "uom": "KGM"}
                    for lot, (time, place) in lines.items()
                ]  # fmt: skip
        for at, (lot, time, place, amount) in enumerate(plant.sent):
            name = f"{own}/D{at}"
            rows[Customer].append({"key": f"{own}/C", "company": "C", "code": "C"})
            rows[Shipment].append(
                {"key": name, "company": own, "delivery_no": f"D{at}", "customer": f"{own}/C"}
            )
            rows[Shipped].append(
                _moved(own, name, lot, time)
                | {"shipment": name, "from_place": place and f"{own}/{place}"}
                | {"quantity": amount, "uom": "KGM"}
            )
    tables = {}
    for name, table in KINDS.items():
        frame = pl.DataFrame(rows[table], infer_schema_length=None)
        empty = pl.DataFrame(schema=frame_schema(table, provenance=True))
        tables[name] = conform(table, frame, provenance=True).unique("key") if len(frame) else empty
    return Facts(1, "test", tables)


def _moved(own: str, end: str, lot: str, time: int | None) -> dict[str, Any]:
    return {
        "key": f"{end}-{lot}", "lot": key(own, lot), "item": f"{own}/{lot[0]}", "earliest": time,
        "latest": time, "posting_method": "network",
    }  # fmt: skip


def key(company: str, lot: str) -> str:
    """Key of a lot."""
    return f"{company}/{lot[0]}/{lot[1:]}"


def inside(place: str) -> set[str]:
    """The place and its parts."""
    return {place} | {code for code, parent in PARENTS.items() if parent == place}


@dataclass(frozen=True)
class Way:
    """From lot to lot: taken between `begin` and `until`, into what got it from `came` to `end`."""

    lot: str
    other: str
    begin: float
    until: float
    came: float
    end: float
    told: bool = True


def material(plant: Plant) -> list[Way]:
    """What went into what. What is used only before it came was there before, by no known time."""
    came: dict[str, float] = {}
    for step in plant.steps:
        for lot, (made, _) in step.outputs.items():
            first, _ = _bounds(made, made)
            came[lot] = min(first, came.get(lot, first))
    found = []
    for step in plant.steps:
        last = max((_bounds(made, made)[1] for made, _ in step.outputs.values()), default=EVER)
        for a, (taken, _) in step.inputs.items():
            begin, until = _bounds(taken, taken)
            told = min(until, last) >= came.get(a, -EVER)
            begin, until = (begin, until) if told else (-EVER, EVER)
            found += [
                Way(a, b, begin, until, *_bounds(made, made), told)
                for b, (made, _) in step.outputs.items()
            ]
    return found


def _bounds(first: float | None, last: float | None) -> tuple[float, float]:
    return -EVER if first is None else first, EVER if last is None else last


def meetings(plant: Plant, rule: CrossContamination, temporal: bool) -> list[Way]:
    """Which lot may be in which by the rule, movement by movement.

    What came to stay may leave residue at any time since; what left may have got it before.
    """
    place = rule.place or ""
    ours, around = inside(place), {PARENTS.get(place)} - {None}
    stores = rule.site is not None and place not in LINES
    whole = place not in PARENTS
    into: list[tuple[str, int | None, int | None]] = []
    out: list[tuple[str, int | None, float | None, int | None]] = []

    def held(at: str | None) -> bool:
        return stores and (whole or at is None or at in ours | around)

    left: dict[str, list[float | None]] = defaultdict(list)
    for lot, time, at, amount in plant.sent:
        left[lot].append(amount)
        if held(at):
            out.append((lot, time, time, None))
    for step in plant.steps:
        for lot in step.inputs:
            left[lot].append(None)
    for step in plant.steps:
        named = {at for _, at in (*step.inputs.values(), *step.outputs.values())}
        there = whole or step.site in ours or (not stores and bool(named & ours))
        vague = (step.site is None or step.site in around) and (stores or step.kind == "produce")
        member = there or vague
        for lot, (time, at) in step.inputs.items():
            if member:
                into.append((lot, time, time))
            elif held(at):
                out.append((lot, time, time, None))
        for lot, (time, at) in step.outputs.items():
            if member:
                out.append((lot, time, time, time))
            if held(at):
                into.append((lot, time, EVER))
                gone = (
                    step.made is not None
                    and None not in left[lot]
                    and (sum(amount or 0 for amount in left[lot]) >= step.made)
                )
                if not gone:
                    out.append((lot, time, EVER, time))
    found = []
    for lot, came, stays in into:
        for other, start, last, since in out:
            begin, until = _bounds(came if temporal else None, stays)
            arrived = _bounds(came, came)[1] + (EVER if rule.within is None else rule.within)
            first, end = _bounds(start, last if temporal else None)
            if begin <= end and first <= arrived:
                since = since if temporal else None
                found.append(Way(lot, other, begin, until, _bounds(since, None)[0], end))
    return found


def closure(root: str, ways: list[Way]) -> set[str]:
    """Everything the root leads to."""
    found = {root}
    while more := {way.other for way in ways if way.lot in found} - found:
        found |= more
    return found


def reached(root: str, goods: list[Way], met: list[Way], *, temporal: bool = True) -> set[str]:
    """Everything the root leads to; what only contact reached carries it since then, not before."""
    since: dict[str, float] = dict.fromkeys(closure(root, goods), -EVER)
    changed = True
    while changed:
        changed = False
        for way in goods + met:
            if way.lot not in since:
                continue
            moment = max(since[way.lot] if way.told else -EVER, way.begin)
            if temporal and (since[way.lot] > way.until or moment > way.end):
                continue
            moment = max(moment, way.came) if temporal else -EVER
            if moment < since.get(way.other, EVER + 1):
                since[way.other], changed = moment, True
    return set(since)


def _rule(kind: str, place: str, within: int | None = None) -> CrossContamination:
    if kind == "line":
        return CrossContamination(line=place, within=within)
    return CrossContamination(site=place, within=within)


@pytest.mark.parametrize("first", [0, 100])
def test_plants_reach_what_comparing_each_movement_reaches(first: int) -> None:
    plants = [random_plant(seed) for seed in range(first, first + 100)]
    facts = facts_of(plants)
    lineage = Lineage.of(network.build(facts))
    grown = windowed = 0
    for number, plant in enumerate(plants):
        own, rng = f"X{number}", random.Random(number + first)
        place = rng.choice(["H", "L0", "L1", "W", "B", own])
        kind = "line" if place in LINES and rng.random() < 0.7 else "site"
        within = rng.choice([None, None, 0, 2, 5])
        temporal = rng.random() < 0.8
        named = place if place == own else f"{own}/{place}"
        rule = _rule(kind, place, within)
        book = Rulebook(
            cross_contamination=(_rule(kind, named, within),),
            temporal_order=temporal,
        )
        root = key(own, plant.root)
        _, plain = reach(facts, lineage, root, Rulebook(temporal_order=temporal))
        strong, found = reach(facts, lineage, root, book)
        goods = material(plant)
        met = meetings(plant, rule, temporal)
        by_goods = {key(own, lot) for lot in closure(plant.root, goods)}
        every = reached(plant.root, goods, met, temporal=temporal)
        assert plain == strong == by_goods, number
        assert found == {key(own, lot) for lot in every}, (number, rule)
        grown += len(found - plain)
        wider = meetings(plant, _rule(kind, place), temporal)
        windowed += reached(plant.root, goods, wider, temporal=temporal) > every
    assert grown > 50
    assert windowed > 3


def test_a_rule_only_adds_and_facts_may_stand_in_any_order() -> None:
    plants = [random_plant(seed) for seed in range(12)]
    facts = facts_of(plants)
    shuffled = Facts(1, "test", {
        name: facts[kind].sample(fraction=1, shuffle=True, seed=3) for name, kind in KINDS.items()
    })  # fmt: skip
    both = [(one, Lineage.of(network.build(one))) for one in (facts, shuffled)]
    for number, plant in enumerate(plants):
        own = f"X{number}"
        rules = [
            CrossContamination(site=f"{own}/W", within=2), CrossContamination(line=f"{own}/L0"),
            CrossContamination(deliveries=("D0", f"{own}/D1")), CrossContamination(site="nowhere"),
        ]  # fmt: skip
        last: set[str] = set()
        for some in range(len(rules) + 1):
            book = Rulebook(cross_contamination=tuple(rules[:some]))
            found = [reach(*data, key(own, plant.root), book)[1] for data in both]
            assert found[0] == found[1] >= last
            last = found[0]


# ---------------------------------------------------------------------------- in words


def scope_of(book: Rulebook) -> Scope:
    """Two lots that came to one warehouse, of which the later one went on."""
    arrived = [
        Step("receive", "W", {f"S{at}": (at, None)}, {f"P{at}": (at, "W")}, 5.0) for at in range(2)
    ]
    facts = facts_of([Plant(arrived, [("P1", 4, "W", 5.0), ("P0", 9, None, None)], "S0")])
    lineage = Lineage.of(network.build(facts))
    return compute(facts, lineage, Suspects(lots=("X0/S/0",)), hazard=MATERIAL, rulebook=book)


@pytest.mark.parametrize(("language", "word"), [("en", "mix"), ("zh_CN", "相互接触")])
def test_a_lot_says_which_rule_it_met_the_suspect_one_by(language: str, word: str) -> None:
    rules = (CrossContamination(site="W", within=7_200_000_000), CrossContamination(site="V/W"))
    scope = scope_of(Rulebook(cross_contamination=rules))
    met = scope.lineage.number(["X0/P/1"]).tolist()[0]
    assert scope.tiers[met] == "possible"
    assert scope.lots.filter(pl.col("lot") == met)["grade"].to_list() == ["contact"]
    use_language(language)
    told = why(scope, met)
    assert any(word in line and "#1 W ≤ 2h" in line for line in told), told
    entries = {entry.kind: entry for entry in scope.missing}
    assert "#2 V/W" in entries["mixing_unfit"].text
    assert entries["mixing_unplaced"].rows == ["X0/D1-P0"]
    assert "line_not_cleaned" not in entries
    kept = rules_in_force(scope)["rulebook"]["cross_contamination"]
    assert [rule["site"] for rule in kept] == ["W", "V/W"]


def test_without_the_rule_nothing_meets() -> None:
    assert scope_of(Rulebook()).tier("possible", "excluded") == []
