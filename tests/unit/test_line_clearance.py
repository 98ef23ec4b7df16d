"""A line clearance within an order against every way that its uncertain times can have been.

The oracle shares no code with the scope: it puts each movement and clearance at every moment that
its record allows, lets the line hold what was issued until it was cleared, and asks what can have
been in what was then received.
"""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

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
    Site,
)
from tests.facts import stated
from tests.unit.contact_case import reached, worlds

Span = tuple[int, int]
LAST = 12


@dataclass(frozen=True)
class Order:
    """Lines of issues and receipts, by lot, and clearances of the line, all by earliest, latest."""

    issues: list[tuple[str, Span]]
    receipts: list[tuple[str, Span]]
    clearances: list[tuple[Span, bool]]
    """With whether it was verified."""


def random_order(seed: int) -> Order:
    """Lots of one item one after another, now and then with a second item or a line again."""
    rng = random.Random(seed)

    def span(begin: int) -> Span:
        return begin, begin + rng.choice([0, 0, 1])

    issues = [(f"A{at}", span(rng.randrange(LAST))) for at in range(rng.randint(2, 3))]
    if rng.random() < 0.3:
        issues.append((rng.choice(["A0", "B0"]), span(rng.randrange(LAST))))
    receipts = [(f"P{at}", span(rng.randrange(LAST))) for at in range(2)]
    if rng.random() < 0.3:
        receipts.append(("P1", span(rng.randrange(LAST))))
    clearances = [
        (span(rng.randrange(LAST)), rng.random() < 0.9) for _ in range(rng.choice([1, 2]))
    ]
    return Order(issues, receipts, clearances)


def facts_of(orders: list[Order]) -> Facts:
    """The orders side by side, a company and a line each; times are believed as recorded."""
    rows: dict[type, list[dict[str, object]]] = defaultdict(list)
    rows[Decision].append(
        {"key": "d", "kind": "delay", "subject": "s", "late": 0, "early": 0, "decided_at": 1}
    )
    for number, order in enumerate(orders):
        own = f"X{number}"
        step = f"{own}/produce/1"
        lots = {lot for lot, _ in (*order.issues, *order.receipts)}
        rows[Item] += [{"key": f"{own}/{item}", "company": own, "item_code": item}
                       for item in "ABP"]  # fmt: skip
        rows[Site].append({"key": f"{own}/L", "company": own, "site_code": "L", "kind": "line"})
        rows[Lot] += [
            {"key": key(own, lot), "owner": own, "item_code": lot[0], "lot_no": lot[1:],
             "item": f"{own}/{lot[0]}"} for lot in sorted(lots)
        ]  # fmt: skip
        rows[Operation].append(
            {"key": step, "company": own, "kind": "produce", "number": "1", "status": "closed",
             "site": f"{own}/L", "source": "s"}
        )  # fmt: skip
        moves: tuple[tuple[type, list[tuple[str, Span]]], ...] = (
            (Consumed, order.issues),
            (Produced, order.receipts),
        )
        for kind, lines in moves:
            rows[kind] += [
                {"key": f"{step}-{kind.__name__}-{at}", "lot": key(own, lot), "operation": step,
                 "item": f"{own}/{lot[0]}", "earliest": span[0], "latest": span[1],
                 "basis": "by_order", "source": "s"} for at, (lot, span) in enumerate(lines)
            ]  # fmt: skip
        rows[Cleaning] += [
            {"key": f"{own}-c{at}", "site": f"{own}/L", "clearance": True, "verified": verified,
             "earliest": span[0], "latest": span[1], "source": "s", "result": "conforming"}
            for at, (span, verified) in enumerate(order.clearances)
        ]  # fmt: skip
    return stated(rows)


def key(company: str, lot: str) -> str:
    """Key of a lot."""
    return f"{company}/{lot[0]}/{lot[1:]}"


def can_hold(order: Order, root: str) -> set[str]:
    """Outputs that a lot can have been in, wherever in their spans everything was."""
    lines = [*order.issues, *order.receipts]
    sure = [span for span, verified in order.clearances if verified]
    found: set[str] = set()
    for moments in itertools.product(
        *(range(low, high + 1) for low, high in (*(span for _, span in lines), *sure))
    ):
        at = dict(zip(range(len(moments)), moments, strict=True))
        cleared = moments[len(lines) :]
        issued = [at[n] for n, (lot, _) in enumerate(lines) if lot == root]
        for n in range(len(order.issues), len(lines)):
            # At one moment it is open what came first.
            if any(
                begun <= at[n] and not any(begun < moment < at[n] for moment in cleared)
                for begun in issued
            ):
                found.add(lines[n][0])
    return found


def test_a_clearance_within_an_order_cuts_only_what_no_time_allows() -> None:
    orders = [random_order(seed) for seed in range(300)]
    facts = facts_of(orders)
    lineage = Lineage.of(network.build(facts))
    bare = Facts(1, "test", facts.tables | {"Cleaning": facts[Cleaning].clear()})
    # What is found for arrays is kept with them.
    without = Lineage.of(network.build(bare))
    assert without.lots["key"].equals(lineage.lots["key"])
    cut = 0
    for at in range(4):
        roots = {
            number: lots[at]
            for number, order in enumerate(orders)
            if at < len(lots := sorted({lot for lot, _ in order.issues}))
        }
        numbers = lineage.number([key(f"X{number}", lot) for number, lot in roots.items()])
        numbers = np.sort(numbers)
        found = worlds(facts, lineage, numbers, "dimension")
        before = worlds(bare, without, numbers, "dimension")
        held = reached(found, lineage)
        for number, root in roots.items():
            true = {key(f"X{number}", lot) for lot in can_hold(orders[number], root)}
            assert true <= held, number
        gone = reached(before, lineage) - held
        assert not gone & set(lineage.lots["key"][found.cone.lots[before.certain]])
        cut += len(gone)
    assert cut > 15


def test_a_clearance_after_which_nothing_was_issued_again_parts_nothing() -> None:
    # All material was there from the start: what was made after the clearance is made of it.
    order = Order(
        [("A0", (1, 1)), ("A1", (1, 1))], [("P0", (3, 3)), ("P1", (8, 8))], [((5, 5), True)]
    )
    facts = facts_of([order])
    lineage = Lineage.of(network.build(facts))
    found = worlds(facts, lineage, lineage.number(["X0/A/0"]), "dimension")
    assert reached(found, lineage) == {"X0/A/0", "X0/P/0", "X0/P/1"}
