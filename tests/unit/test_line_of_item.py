"""Rules about the lines of items, against comparing each pair of stays on lines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from graph_model import network
from graph_model.errors import BadInput
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from graph_model.schema import Operation
from queries.recall import evidence, rulebook
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.rulebook import LineOfItem, Rulebook
from queries.recall.scope import Scope, compute
from queries.recall.words import why
from tests.unit.contact_case import Order, Plant, facts_of, key, random_plant
from tests.unit.test_contact import by_contact, closure, material, over_lines

SIGNED = {"by": "mei", "role": "production", "reason": "no other line has the die"}
ALL = ("L0", "L1")


def plants_of(lines: tuple[str, ...]) -> list[Plant]:
    """Random plants in which an order names no line; in some its lines make a difference."""
    drawn = [replace(random_plant(seed), horizons={}) for seed in range(400)]
    able = [one for one in drawn if any(order.line is None for order in one.orders)]
    told = [one for one in able if reached(one, {}) != reached(one, on_lines(one, lines))]
    return [*told[:10], *able[:4]]


def on_lines(plant: Plant, lines: tuple[str, ...]) -> dict[int, tuple[str, ...]]:
    """These lines for each order."""
    return dict.fromkeys(range(len(plant.orders)), lines)


def made(plants: list[Plant]) -> Facts:
    """Their facts: orders without a line make their own item each, all others one."""
    facts = facts_of(plants)
    names = {
        f"X{number}/produce/{at}": f"X{number}/{'P' if order.line else f'Q{at}'}"
        for number, plant in enumerate(plants) for at, order in enumerate(plant.orders)
    }  # fmt: skip
    items = [
        {"key": item, "company": item.split("/")[0], "item_code": item.split("/")[1]}
        for item in sorted(set(names.values())) if "/Q" in item
    ]  # fmt: skip
    orders = facts[Operation].with_columns(item=pl.col("key").replace_strict(names))
    more = pl.DataFrame(items, schema_overrides={"key": pl.String})
    every = pl.concat([facts.tables["Item"], more], how="diagonal")
    return Facts(1, "test", facts.tables | {"Operation": orders, "Item": every.sort("key")})


def rules_of(number: int, plant: Plant, lines: dict[int, tuple[str, ...]]) -> Rulebook:
    """A rule for each order of a plant that names no line."""
    return Rulebook(
        lines_of_items=tuple(
            LineOfItem(
                item=f"X{number}/Q{at}", lines=tuple(f"X{number}/{n}" for n in lines[at]), **SIGNED
            )
            for at, order in enumerate(plant.orders) if order.line is None and at in lines
        )
    )  # fmt: skip


def reached(plant: Plant, lines: dict[int, tuple[str, ...]]) -> set[str]:
    """What the definition of contact reaches with orders on these lines only."""
    pairs = material(plant)
    on: list[Order] = []
    for at, order in enumerate(plant.orders):
        known = lines.get(at, ()) if order.line is None else ()
        on += [replace(order, line=line) for line in known] or [order]
    over = over_lines(replace(plant, orders=on), plant.cleanings, plant.horizons)
    return set(by_contact(closure(plant.root, pairs), pairs | over))


def scope_of(facts: Facts, lineage: Lineage, number: int, plant: Plant, book: Rulebook) -> Scope:
    """The scope of a plant's root, for a germ."""
    asked = Suspects(lots=(key(f"X{number}", plant.root),))
    return compute(facts, lineage, asked, hazard=Hazard(kind="microbial"), rulebook=book)


def held(scope: Scope) -> set[str]:
    """Keys of the lots held."""
    return set(scope.lineage.lots["key"][scope.held])


@pytest.mark.parametrize("lines", [("L0",), ("L1",), ALL])
def test_orders_meet_only_what_ran_on_the_lines_of_their_item(lines: tuple[str, ...]) -> None:
    plants = plants_of(lines)
    facts = made(plants)
    lineage = Lineage.of(network.build(facts))
    gone = 0
    for number, plant in enumerate(plants):
        own, every = f"X{number}", on_lines(plant, lines)
        wide, narrow = reached(plant, {}), reached(plant, every)
        scope = scope_of(facts, lineage, number, plant, rules_of(number, plant, every))
        assert held(scope) == {key(own, lot) for lot in narrow}, number
        assert narrow <= wide, number
        assert evidence.excluded_by(scope)["judgement"] == len(wide - narrow), number
        told = {one["key"]: one for one in evidence.used(scope) if one["rule"] == "line_of_item"}
        for at, order in enumerate(plant.orders):
            if order.line is None:
                others = {n: lines for n in every if n != at}
                back = reached(plant, others) - narrow
                piece: dict[str, Any] = told.get(f"line_of_item/{own}/Q{at}", {"lots": 0})
                assert piece["lots"] == len(back), (number, at)
        assert all(one["by"] == "judgement" and one["persons"] == ["mei"] for one in told.values())
        gone += len(wide - narrow)
    assert gone > 5 or lines == ALL


ORDERS = [
    Order("L0", None, None, True, {"A0": 1}, {"P00": 2}),
    Order(None, None, None, True, {"A1": 5}, {"P10": 6}),
    Order("L1", None, None, True, {"A2": 9}, {"P20": 10}),
]
PLANT = Plant(ORDERS, [], [], "A0", {"A0", "A1", "A2", "P00", "P10", "P20"})


def test_what_a_rule_takes_out_says_so_and_the_order_is_no_gap_any_more() -> None:
    facts = made([PLANT])
    lineage = Lineage.of(network.build(facts))
    free = scope_of(facts, lineage, 0, PLANT, Rulebook())
    bound = scope_of(facts, lineage, 0, PLANT, rules_of(0, PLANT, {1: ("L1",)}))
    assert "X0/P/10" in held(free) - held(bound)
    out = int(lineage.number(["X0/P/10"])[0])
    assert any("line_of_item" in line for line in why(bound, out))
    kinds = [{entry.kind for entry in scope.missing} for scope in (free, bound)]
    assert ["line_unknown" in found for found in kinds] == [True, False]


@pytest.mark.parametrize(
    ("item", "line"), [("X0/nothing", "X0/L0"), ("X0/Q1", "nowhere"), ("X0/Q1", "X0/A")]
)
def test_a_rule_that_names_nothing_has_no_effect_and_is_told(item: str, line: str) -> None:
    facts = made([PLANT])
    lineage = Lineage.of(network.build(facts))
    rule = LineOfItem(item=item, lines=("X0/L1", line), **SIGNED)
    scope = scope_of(facts, lineage, 0, PLANT, Rulebook(lines_of_items=(rule,)))
    assert held(scope) == held(scope_of(facts, lineage, 0, PLANT, Rulebook()))
    (entry,) = [one for one in scope.missing if one.kind == "line_of_item_unfit"]
    assert entry.rows == [item]


RULE = {"item": "P", "lines": ["L1"], **SIGNED}


def test_a_rule_is_signed_and_names_an_item_once() -> None:
    (rule,) = rulebook.read({"line_of_item": [RULE]}, "rules.toml").lines_of_items
    assert (rule.item, rule.lines, rule.by) == ("P", ("L1",), "mei")
    for name in RULE:
        with pytest.raises(BadInput):
            rulebook.read({"line_of_item": [RULE | {name: ""}]}, "rules.toml")
    with pytest.raises(BadInput):
        rulebook.read({"line_of_item": [RULE, RULE]}, "rules.toml")
