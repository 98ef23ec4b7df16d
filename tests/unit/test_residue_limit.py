"""Carry-over limits of lines: residue ends only where no way to share it out reaches the limit."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pytest

from graph_model import network
from graph_model.i18n import use_language
from graph_model.lineage import Lineage
from graph_model.schema import CarriesOver, Consumed, Item, Lot, Operation, Produced, Site
from queries.recall import evidence
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.rulebook import CarryOverLimit, Rulebook
from queries.recall.scope import Scope, compute
from queries.recall.words import why
from tests.facts import stated

HAZARD = Hazard(kind="dimension")
"""Goes only where material goes: contact over the line holds nothing."""
LIMIT = 0.05


@dataclass(frozen=True)
class Order:
    """What went into an order from stock and as residue, and the lots made; kg, None: unknown.

    `suspect`: whether a part of what came from stock is of the suspect lot.
    """

    fresh: float | None
    suspect: float
    residue: tuple[float | None, ...]
    made: tuple[float | None, ...]
    place: str = "L"


def facts_of(orders: list[Order]) -> Any:
    """An order each behind orders of suspect material that left it residue."""
    rows: dict[type, list[dict[str, object]]] = defaultdict(list)
    for number, order in enumerate(orders):
        own = f"X{number}"
        rows[Item] += [{"key": f"{own}/{i}", "company": own, "item_code": i} for i in "AP"]
        rows[Site] += [
            {"key": f"{own}/L", "company": own, "site_code": f"L{number}", "kind": "line"},
            {"key": f"{own}/M", "company": own, "site_code": f"M{number}", "kind": "line"},
        ]
        steps = {f"E{at}": "L" for at in range(len(order.residue))} | {"B": order.place}
        for step, place in steps.items():
            rows[Operation].append(
                {"key": f"{own}/produce/{step}", "company": own, "kind": "produce", "number": step,
                 "status": "closed", "site": f"{own}/{place}"}
            )  # fmt: skip
        taken: list[tuple[type, str, str, float | None]] = [(Consumed, "B", "A1", order.fresh)]
        if order.suspect:
            taken.append((Consumed, "B", "A0", order.suspect))
        for at, _ in enumerate(order.residue):
            taken += [(Consumed, f"E{at}", "A0", 50.0), (Produced, f"E{at}", f"P{at}", 50.0)]
        taken += [(Produced, "B", f"P9{at}", amount) for at, amount in enumerate(order.made)]
        for lot in {"A0", *(lot for _, _, lot, _ in taken)}:
            rows[Lot].append(
                {"key": f"{own}/{lot[0]}/{lot[1:]}", "owner": own, "item_code": lot[0],
                 "lot_no": lot[1:], "item": f"{own}/{lot[0]}"}
            )  # fmt: skip
        for kind, step, lot, amount in taken:
            rows[kind].append(
                {"key": f"{own}-{step}-{lot}", "lot": f"{own}/{lot[0]}/{lot[1:]}",
                 "item": f"{own}/{lot[0]}", "operation": f"{own}/produce/{step}",
                 "quantity": amount, "uom": "kg", "basis": "by_order"}
            )  # fmt: skip
        for at, amount in enumerate(order.residue):
            named = f"{own}/P/{at}" if at % 2 else None
            rows[CarriesOver].append(
                {"key": f"{own}-r{at}", "operation": f"{own}/produce/E{at}", "quantity": amount,
                 "next_operation": f"{own}/produce/B", "uom": "kg", "lot": named}
            )  # fmt: skip
    return stated(rows)


def scope_of(facts: Any, lineage: Lineage, number: int, site: str = "L", **book: Any) -> Scope:
    """The scope of the suspect lot with a limit for the line."""
    limit = CarryOverLimit(
        site=f"X{number}/{site}", hazard=HAZARD.kind, share=LIMIT, validation="VP-7"
    )
    return compute(
        facts, lineage, Suspects(lots=(f"X{number}/A/0",)), hazard=HAZARD,
        rulebook=Rulebook(carry_over_limits=(limit,), **book),
    )  # fmt: skip


def made_of(scope: Scope) -> set[str]:
    """Numbers of the later order's lots that are held."""
    numbers = scope.lineage.lots["lot_no"][scope.held]
    return {number for number in numbers if number.startswith("9")}


def shares(order: Order, rng: random.Random) -> list[float]:
    """Suspect share of each lot made, in one way that it can have been: parts go wherever."""
    parts = [(order.fresh or 0.0, False), (order.suspect, True)]
    parts += [(amount or 0.0, rng.random() < 0.8) for amount in order.residue]
    suspect = [0.0] * len(order.made)
    for amount, bad in parts:
        whole = rng.random() < 0.7
        share = [rng.random() for _ in order.made]
        one = rng.randrange(len(order.made))
        for at in range(len(order.made)):
            part = float(at == one) if whole else share[at] / sum(share)
            suspect[at] += amount * part * bad
    return [bad / (amount or 1.0) for bad, amount in zip(suspect, order.made, strict=True)]


def random_order(seed: int) -> Order:
    """Amounts around the limit; now and then one is unknown."""
    rng = random.Random(seed)

    def amount(low: float, high: float, unknown: float = 0.05) -> float | None:
        return None if rng.random() < unknown else round(rng.uniform(low, high), 2)

    return Order(
        amount(60, 200),
        rng.choice([0.0, 0.0, 0.0, 0.5, 5.0]),
        tuple(amount(0.2, 3.0) for _ in range(rng.randint(1, 3))),
        tuple(amount(30, 90) for _ in range(rng.randint(1, 2))),
    )


def test_residue_ends_only_where_no_way_to_share_it_out_reaches_the_limit() -> None:
    orders = [random_order(seed) for seed in range(60)]
    facts = facts_of(orders)
    lineage = Lineage.of(network.build(facts))
    ended = kept = 0
    for number, order in enumerate(orders):
        found = made_of(scope_of(facts, lineage, number))
        rng = random.Random(number)
        worst = max(max(shares(order, rng)) for _ in range(200))
        every = {f"9{at}" for at in range(len(order.made))}
        assert found in (every, set()), number
        if order.suspect:
            assert found == every, number
        if not found:
            assert None not in (order.fresh, *order.residue, *order.made), number
            assert worst < LIMIT, number
        ended += not found
        kept += bool(found) and worst < LIMIT
    assert ended > 10
    assert kept > 5


SMALL = Order(fresh=98.0, suspect=0.0, residue=(1.0, 1.0), made=(100.0,))


@pytest.mark.parametrize(
    ("order", "site", "ends"),
    [
        (SMALL, "L", True),
        (SMALL, "M", False),
        (Order(98.0, 0.0, (1.0, 1.0), (100.0,), place="M"), "L", False),
        (Order(98.0, 0.0, (3.0, 3.0), (104.0,)), "L", False),
        (Order(98.0, 0.0, (1.0, None), (100.0,)), "L", False),
        (Order(None, 0.0, (1.0, 1.0), (100.0,)), "L", False),
        (Order(98.0, 0.0, (1.0, 1.0), (30.0, 70.0)), "L", False),
        (Order(98.0, 0.0, (1.0, 1.0), (None,)), "L", False),
    ],
)
def test_a_limit_ends_residue_of_its_line_where_all_amounts_are_told(
    order: Order, site: str, ends: bool
) -> None:
    facts = facts_of([order])
    scope = scope_of(facts, Lineage.of(network.build(facts)), 0, site)
    assert (not made_of(scope)) is ends
    assert bool(evidence.used(scope)) is ends


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_what_a_limit_of_a_line_takes_out_is_judged_and_names_its_validation(language: str) -> None:
    use_language(language)
    facts = facts_of([SMALL])
    scope = scope_of(facts, Lineage.of(network.build(facts)), 0)
    (piece,) = evidence.used(scope)
    assert (piece["rule"], piece["by"], piece["lots"]) == ("carry_over_limit", "judgement", 1)
    assert evidence.excluded_by(scope) == {"records": 0, "judgement": 1}
    out = int(scope.lineage.number(["X0/P/90"])[0])
    assert any("VP-7" in line for line in why(scope, out))
