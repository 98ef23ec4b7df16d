"""Random tiny plants, and all histories of one, grouped by the records they leave."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.histories import History
from tests.history_steps import GOOD, PLACES, Choices, Setting, Step, Unit

_MOST_HISTORIES = 250


def setting(seed: int) -> Setting:
    """A random plant with two raw items, one product, and at most ten steps."""
    rng = random.Random(seed)
    confirmed = rng.choice([0, 0, 2, None])
    spread = 30 if confirmed is None else confirmed
    aliases = rng.random() < 0.25
    bom = rng.choice([(), ("A",), ("A",), ("A", "B")])
    line = (rng.random() < 0.7, rng.random() < 0.7)
    draft = Setting(
        f"X{seed}", (), bom, (False, False), line, confirmed, rng.random() < 0.5, aliases
    )
    steps: list[Step] = []
    numbers: dict[str, int] = defaultdict(int)
    for step in (*_arrivals(rng), *[None] * rng.randint(4, 7)):
        stock = History(replace(draft, steps=tuple(steps)), Choices()).play().stock
        chosen = step or _next(rng, bom, stock)
        # Numbers start again for each item: one number is of several lots.
        made = GOOD if chosen.deed in ("output", "make") else chosen.item
        numbers[made] += 1
        code = rng.choice(["A", "A2"]) if aliases else "A"
        off = rng.randint(-spread, spread)
        steps.append(replace(chosen, off=off, code=code, label=numbers[made]))
    closed = tuple(_closed(rng, bom, steps, order) for order in (0, 1))
    return replace(draft, steps=tuple(steps), closed=closed)


def _closed(rng: random.Random, bom: tuple[str, ...], steps: list[Step], order: int) -> bool:
    """Without a recipe a closed order used all it got, so that its last step is an output."""
    last = [step.deed for step in steps if step.order == order][-1:]
    return rng.random() < 0.8 and (bool(bom) or last == ["output"])


def _step(rng: random.Random, deed: str, item: str, told: str, **more: Any) -> Step:
    known: dict[str, Any] = {
        "at": rng.choice(PLACES), "to": rng.choice(PLACES[:2]), "units": rng.choice([1, 1, 2]),
        "where": rng.random() < 0.8, "order": -1, "label": 0, "off": 0, "code": "A",
        "dated": rng.random() < 0.9,
    }  # fmt: skip
    return Step(deed=deed, item=item, told=told, **{**known, **more})


def _arrivals(rng: random.Random) -> Iterator[Step]:
    for item in rng.choices(("A", "A", "B"), k=rng.randint(2, 3)):
        told = rng.choice(["lot", "lot", "lot", "none"])
        yield _step(rng, "receive", item, told, units=rng.choice([1, 2, 2]))


def _next(rng: random.Random, bom: tuple[str, ...], stock: dict[str, list[Unit]]) -> Step:
    """Something that can be done with what is there."""
    orders = [number for number in (0, 1) if stock[f"order {number}"]]
    there = [(place, unit.item) for place in PLACES for unit in stock[place]]
    deeds = ["receive", "count", "issue", "issue", "issue", "make", "move", "fill", "relabel"]
    deeds += ["output", "output", "output", "give_back"] if orders else []
    deeds += ["ship"] + (["take_back"] if stock["customer"] else [])
    deed = rng.choice(deeds)
    if deed in ("issue", "make", "fill"):
        there = [pair for pair in there if pair[1] in (bom or "A")] or there
    at, item = rng.choice(there) if there else ("W1", "A")
    order, told = -1, rng.choice(["lot", "lot", "none"])
    if deed in ("output", "give_back"):
        order = rng.choice(orders)
        item = rng.choice(stock[f"order {order}"]).item
    elif deed == "take_back":
        item = rng.choice(stock["customer"]).item
    elif deed in ("issue", "make"):
        order = rng.randint(0, 1)
    if deed == "issue":
        told = rng.choice(["lot", "lot", "none", "guess", "number", *(["missing"] if bom else [])])
    if deed == "receive" or (deed in ("issue", "make", "fill") and item == GOOD):
        item = "A"
    return _step(rng, deed, item, told, order=order, at=at)


def histories(about: Setting) -> list[list[History]]:
    """Histories by what their records say."""
    choices = Choices()
    groups: dict[str, list[History]] = defaultdict(list)
    for _ in range(_MOST_HISTORIES):
        history = History(about, choices).play()
        if history.swapped:
            # Goods used in place of as many others that were issued leave no trace in amounts.
            return []
        groups[repr(sorted((kind.__name__, rows) for kind, rows in history.rows.items()))].append(
            history
        )
        if not choices.again():
            break
    return list(groups.values())
