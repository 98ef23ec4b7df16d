"""Kill steps, labels and decisions against the ways of small random plants, one by one."""

from __future__ import annotations

import random
from dataclasses import replace

import polars as pl
import pytest

from graph_model.interval import MAX, MIN
from graph_model.schema import ProcessValue
from queries.recall.hazard import Hazard
from queries.recall.rulebook import KillStep, Rulebook
from queries.recall.rules.declared import Version, declared, names
from queries.recall.rules.kill_step import is_after, is_before, within
from tests.unit import test_worlds
from tests.unit.evidence_case import Plants, no_rows, put_forward

RULE = KillStep(
    step="pasteurise", agent="salmonella", limits={"min_temp_c": 72.0, "min_seconds": 15.0},
    before=("mix",),
)  # fmt: skip
MOVED = (1193, 1249, 1319, 1749, 1800, 1933, 1959, 1987, 2039, 2127)
"""Plants of which a later issue of a suspect lot takes something out."""
BOOK = Rulebook(kill_steps=(RULE,))


@pytest.fixture(scope="module")
def plants() -> Plants:
    """Random plants of which no order draws on mixed stock, as far as it can be told."""
    return Plants([*MOVED, *range(1000, 1090)])


def values(key: str, lot: str | None, **measured: str) -> list[dict[str, object]]:
    """Measured values of the kill step in an order."""
    return [
        {"key": f"{key}/{lot}/{name}", "operation": key, "lot": lot, "step": "Pasteurise",
         "process_param": name, "measured_value": value}
        for name, value in measured.items()
    ]  # fmt: skip


def test_a_kill_step_parts_what_entered_before_it_and_nothing_else(plants: Plants) -> None:
    """The oracle leaves out exactly the pairs that may be cut, and follows all others."""
    rng, rows, steps = random.Random(5), no_rows(), {}
    expected = []
    for number, (items, orders, roots) in enumerate(plants.plants):
        lots = plants.keys(number)
        edges = set()
        for at, order in enumerate(orders):
            key = f"X{number}/produce/{at}"
            early, hot = set(), set()
            for lot in order.inputs:
                step = rng.choice(["Mix", "pasteurise", "fill", None])
                steps[f"{key}-{lot}"] = step
                early |= {lot} if step in ("Mix", "pasteurise") else set()
            for lot in order.outputs:
                degrees = rng.choice(["72.5", "80", "71.9", "hot"])
                rows[ProcessValue] += values(key, lots[lot], temp_c=degrees, seconds="15")
                hot |= {lot} if degrees in ("72.5", "80") else set()
            pairs = {pair for way in test_worlds.ways(items, order) for pair in way}
            cut = {(a, b) for a in early for b in hot} if order.closed else set()
            edges |= pairs - cut
        expected.append(test_worlds.reach((frozenset(edges),), roots))
    told = plants.facts.tables["Consumed"]
    known = pl.col("key").replace_strict(steps, default=None, return_dtype=pl.String)
    plants = plants.with_table("Consumed", told.with_columns(step=known))
    before, after = plants.tiers(recorded=True), plants.tiers(rows, rulebook=BOOK, recorded=True)
    assert [held for _, held in after] == expected
    assert all(now[0] <= was[0] for now, was in zip(after, before, strict=True))
    assert sum(map(len, expected)) < sum(len(held) for _, held in before)
    for hazard in (Hazard(), Hazard(kind="microbial"), Hazard(kind="allergen", agent="Salmonella")):
        assert plants.tiers(rows, hazard, BOOK, recorded=True) == before


def test_set_values_open_orders_and_other_runs_prove_nothing(plants: Plants) -> None:
    rows = no_rows()
    for number, (_, orders, _) in enumerate(plants.plants):
        for at, order in enumerate(orders):
            key = f"X{number}/produce/{at}"
            rows[ProcessValue] += [
                row | {"measured_value": None, "set_value": "90"}
                for row in values(key, None, temp_c="90", seconds="90")
            ]
            if len(order.outputs) > 1:
                rows[ProcessValue] += values(f"{key}-other", None, temp_c="90", seconds="90")
    steps = plants.facts.tables["Consumed"].with_columns(step=pl.lit("mix"))
    stepped = plants.with_table("Consumed", steps)
    assert stepped.tiers(rows, rulebook=BOOK) == plants.tiers()


def test_decisions_about_movement_are_as_a_record_of_that_time(plants: Plants) -> None:
    rng, rows, expected = random.Random(6), no_rows(), []
    for number, (items, orders, roots) in enumerate(plants.plants):
        uses = [(at, lot) for at, order in enumerate(orders) for lot in order.inputs]
        # Mostly of a suspect lot in an order with several outputs: elsewhere little can change.
        telling = [
            (at, lot) for at, lot in uses
            if lot in roots and len(set(orders[at].outputs.values())) > 1
        ]  # fmt: skip
        at, lot = rng.choice(telling or uses)
        moment = min(orders[at].outputs.values()) + rng.choice([1, 1, 1, 2])
        put_forward(
            rows, "decision", plants.keys(number)[lot],
            operation=f"X{number}/produce/{at}", not_before=moment,
        )  # fmt: skip
        moved = replace(
            orders[at],
            inputs=orders[at].inputs | {lot: max(moment, orders[at].inputs[lot])},
        )
        timed = [
            (a, b) for a, start in moved.inputs.items() for b, end in moved.outputs.items()
            if start <= end
        ]  # fmt: skip
        believed = moved if test_worlds._ways(items, moved, timed) else orders[at]
        now = [*orders[:at], believed, *orders[at + 1 :]]
        edges = {pair for order in now for way in test_worlds.ways(items, order) for pair in way}
        expected.append(test_worlds.reach((frozenset(edges),), roots))
    assert [held for _, held in plants.tiers(rows, recorded=True)] == expected
    changed = zip(plants.tiers(recorded=True), expected, strict=True)
    assert sum(was[1] != now for was, now in changed) >= len(MOVED) / 2


@pytest.mark.parametrize("state", ["proposed", "revoked"])
def test_decisions_that_nobody_accepted_change_nothing(plants: Plants, state: str) -> None:
    rows = no_rows()
    for number in range(len(plants.plants)):
        about = {"hazard": "microbial", "agent": "Salmonella"}
        put_forward(rows, "decision", plants.keys(number)[0], state, **about)
    assert plants.tiers(rows) == plants.tiers()


def test_decisions_about_the_hazard_only_shrink_and_force_nothing(plants: Plants) -> None:
    rng, rows, expected = random.Random(7), no_rows(), []
    about = {"hazard": "microbial", "agent": "salmonella"}
    for number, (items, orders, roots) in enumerate(plants.plants):
        at = rng.randrange(len(orders))
        lot = rng.choice(sorted(orders[at].inputs))
        whole = rng.random() < 0.5
        where = {} if whole else {"operation": f"X{number}/produce/{at}"}
        put_forward(rows, "decision", plants.keys(number)[lot], **about, **where)
        edges = set()
        for other, order in enumerate(orders):
            pairs = {pair for way in test_worlds.ways(items, order) for pair in way}
            stops = whole or other == at
            edges |= {(a, b) for a, b in pairs if not (stops and a == lot)}
        edges = {(a, b) for a, b in edges if not (whole and b == lot)}
        starts = [root for root in roots if not (whole and root == lot)]
        expected.append(test_worlds.reach((frozenset(edges),), starts))
    before, after = plants.tiers(recorded=True), plants.tiers(rows, recorded=True)
    assert [held for _, held in after] == expected
    assert all(now[0] <= was[0] for now, was in zip(after, before, strict=True))
    assert plants.tiers(rows, Hazard(), recorded=True) == before


# ---------------------------------------------------------------------------- kill step, in detail


@pytest.mark.parametrize(
    ("rule", "step", "before", "after"),
    [
        ("pasteurise", "Pasteurise", True, True),
        ("pasteurise", "mix", True, False),
        ("pasteurise", "fill", False, False),
        ("pasteurise", None, False, False),
        ("pasteurise", "", False, False),
        ("20 pasteurise", "10 weigh", True, False),
        ("20 pasteurise", "30 fill", False, True),
        ("OP20", "op 10", True, False),
    ],
)
def test_steps_stand_in_an_order_only_where_it_is_told(
    rule: str, step: str | None, before: bool, after: bool
) -> None:
    kill = replace(RULE, step=rule)
    assert (is_before(kill, step), is_after(kill, step)) == (before, after)


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([("temp_c", "72", "CEL"), ("seconds", "15", None)], True),
        ([("Temp C", "75", "°C"), ("Seconds", "20", "s")], True),
        ([("temp_c", "72", None), ("temp_c", "71", None), ("seconds", "15", None)], False),
        ([("temp_c", "72", None)], False),
        ([("temp_c", "162", "F"), ("seconds", "15", None)], False),
        ([("temp_c", "nan", None), ("seconds", "15", None)], False),
        ([("temp_c", "inf", None), ("seconds", "15", None)], False),
        ([("temp_c", "ok", None), ("seconds", "15", None)], False),
        ([], False),
    ],
)
def test_the_worst_value_must_keep_every_limit(
    rows: list[tuple[str, str, str | None]], kept: bool
) -> None:
    schema = {"process_param": pl.String, "measured_value": pl.String, "uom": pl.String}
    assert within(RULE.limits, pl.DataFrame(rows, schema=schema, orient="row")) is kept
    upper = {"max_temp_c": 74.0, "min_seconds": 15.0}
    if kept:
        low = float(rows[0][1]) <= 74
        assert within(upper, pl.DataFrame(rows, schema=schema, orient="row")) is low


# ---------------------------------------------------------------------------- labels


def test_labels_declare_only_where_every_day_and_market_is_covered() -> None:
    """Against a look at every day and market."""
    rng = random.Random(8)
    seen = set()
    for _ in range(3000):
        versions = [
            Version(
                rng.choice([None, "CN", "DE"]), start := rng.choice([MIN, 0, 1, 2, 3]),
                rng.choice([MAX, start + rng.randrange(4) if start > MIN else 1]),
                rng.random() < 0.7,
            )
            for _ in range(rng.randrange(4))
        ]  # fmt: skip
        start = rng.randrange(3)
        end = start + rng.randrange(3)
        markets = set(rng.choices([None, "CN", "DE"], k=rng.randrange(1, 3)))
        days = range(start, end + 1)
        told = all(shows(versions, market, day) for market in markets for day in days)
        found = declared(versions, markets, start, end)
        # More careful than day by day where a market changes between its own and the general label.
        assert not found or told
        seen.add((found, told))
    assert (True, True) in seen
    assert (False, False) in seen


def shows(versions: list[Version], market: str | None, day: int) -> bool:
    """Whether all labels that goods of that day can carry in a market declare."""
    on = [one for one in versions if one.start <= day <= one.end]
    general = [one for one in on if one.market is None]
    if market is None:
        return bool(general) and all(one.declares for one in on)
    own = [one for one in on if one.market == market] or general
    return bool(own) and all(one.declares for one in own)


def test_allergens_are_read_from_lists() -> None:
    assert names(" milk;Egg；花生、 soy ") == ["milk", "Egg", "花生", "soy"]
    assert names(None) == []
    assert Hazard(kind="allergen", agent="MILK").same_agent_among(names("egg; milk"))
