"""Validated carry-over limits against the composition of tanks, filling by filling.

The oracle shares no code with the scope: it mixes fractions in every order that the recorded times
allow, and lets a chain end only where all of them say that it does.
"""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl
import pytest

from graph_model import network
from graph_model.i18n import use_language
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from graph_model.schema import (
    KINDS,
    Cleaning,
    Consumed,
    Count,
    Decision,
    Item,
    Lot,
    Operation,
    Produced,
    Site,
    Use,
    conform,
)
from queries.recall import evidence
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.rulebook import CarryOverLimit, Rulebook
from queries.recall.scope import Scope, compute
from queries.recall.words import why
from tests.facts import stated

HAZARD = Hazard(kind="chemical")


@dataclass(frozen=True)
class Fill:
    """One filling: when at the earliest and latest, what went in, the heel (None: not recorded)."""

    first: int
    last: int
    fresh: float | None
    heel: float | None


@dataclass(frozen=True)
class Plant:
    """Filling n takes lot A(n) and makes content C(n); P(n) is made of it. `root`: place of A."""

    fills: tuple[Fill, ...]
    root: int


def random_plant(seed: int) -> Plant:
    """A tank that is filled again and again, mostly with a recorded heel."""
    rng = random.Random(seed)
    fills, moment = list[Fill](), 0
    for _ in range(rng.randint(2, 6)):
        moment += 10
        blurred = rng.random() < 0.25
        fills.append(
            Fill(
                moment, moment + (12 if blurred else 3),
                rng.choice([95.0, 45.0, 95.0, None] if rng.random() < 0.4 else [95.0, 45.0]),
                # A heel that nothing was before is taken from anywhere, also from what came later.
                rng.choice([5.0, 5.0, 5.0, 5.0, 0.0, None]) if fills else 0.0,
            )
        )  # fmt: skip
    return Plant(tuple(fills), rng.randrange(min(3, len(fills))))


def facts_of(plants: Sequence[Plant], cleaned: Sequence[int] = ()) -> Facts:
    """Plants side by side, a company each. `cleaned`: moments at which each tank was cleaned."""
    rows: dict[type, list[dict[str, Any]]] = defaultdict(list)
    rows[Decision].append(
        {"key": "d", "kind": "delay", "subject": "s", "late": 0, "early": 0, "decided_at": 1}
    )
    for number, plant in enumerate(plants):
        own = f"X{number}"
        rows[Site] += [
            {"key": f"{own}/{code}", "company": own, "site_code": code, "kind": kind}
            for code, kind in (("T", "tank"), ("W", "warehouse"), ("L", "line"))
        ]
        rows[Item] += [
            {"key": f"{own}/{item}", "company": own, "item_code": item} for item in "ACP"
        ]
        rows[Cleaning] += [
            {"key": f"{own}-k{at}", "site": f"{own}/T", "verified": True, "result": "conforming",
             "earliest": at, "latest": at, "source": "s"} for at in cleaned
        ]  # fmt: skip
        for at, fill in enumerate(plant.fills):
            a, c, p = (f"{own}/{item}/{at}" for item in "ACP")
            rows[Lot] += [
                {"key": key, "owner": own, "item_code": key.split("/")[1], "lot_no": str(at),
                 "item": f"{own}/{key.split('/')[1]}"} for key in (a, c, p)
            ]  # fmt: skip
            filling, drawing = f"{own}/fill/{at}", f"{own}/produce/{at}"
            rows[Operation] += [
                _operation(own, "receive", at, "W"), _operation(own, "fill", at, "T"),
                _operation(own, "produce", at, "L"),
            ]  # fmt: skip
            times = {"earliest": fill.first, "latest": fill.last}
            rows[Produced] += [
                _row(f"{own}/receive/{at}", a, to_place=f"{own}/W", earliest=0, latest=0),
                _row(filling, c, to_place=f"{own}/T", quantity=fill.fresh, **times),
                _row(drawing, p, earliest=fill.last, latest=fill.last + 1),
            ]
            rows[Consumed] += [
                _row(filling, a, from_place=f"{own}/W", quantity=fill.fresh, **times),
                _row(drawing, c, from_place=f"{own}/T", earliest=fill.last, latest=fill.last + 1),
            ]
            if fill.heel != 0.0:
                heel = _row(filling, None, from_place=f"{own}/T", quantity=fill.heel, **times)
                rows[Consumed].append(heel | {"item": f"{own}/C", "lot_source": "unknown"})
            if fill.heel is not None:
                rows[Count].append(
                    {"key": f"{filling}-n", "site": f"{own}/T", "item": f"{own}/C", "source": "s",
                     "quantity": fill.heel, "uom": "KGM", "status": "posted", **times}
                )  # fmt: skip
    return stated(rows)


def _operation(own: str, kind: str, at: int, site: str) -> dict[str, Any]:
    return {
        "key": f"{own}/{kind}/{at}", "company": own, "kind": kind, "number": str(at),
        "site": f"{own}/{site}", "status": "closed", "source": "s",
    }  # fmt: skip


def _row(end: str, lot: str | None, **about: Any) -> dict[str, Any]:
    item = lot and lot.rsplit("/", 1)[0]
    return {
        "key": f"{end}-{lot}", "operation": end, "lot": lot, "item": item, "uom": "KGM",
        "basis": "exact", "posting_method": "network", "source": "s", "status": "posted",
    } | about  # fmt: skip


# ---------------------------------------------------------------------------- the definition


def orders(fills: Sequence[Fill]) -> Iterator[tuple[int, ...]]:
    """Every order in which the fillings can have been."""
    for order in itertools.permutations(range(len(fills))):
        if not any(
            fills[order[j]].last < fills[order[i]].first
            for i in range(len(order)) for j in range(i + 1, len(order))
        ):  # fmt: skip
            yield order


def ended(plant: Plant, limit: Fraction) -> set[int]:
    """Fillings of which the suspect share is under the limit, whatever the order was."""
    over: set[int] = set()
    for order in orders(plant.fills):
        share, before = Fraction(0), False
        for at, after in itertools.zip_longest(order, order[1:]):
            fill, suspect = plant.fills[at], at == plant.root
            known = fill.fresh is not None and fill.heel is not None and fill.heel > 0
            if known:
                fresh, heel = Fraction(fill.fresh or 0), Fraction(fill.heel or 0)
                # Of a first heel nobody knows what it is of.
                left = share if before or at != order[0] else Fraction(1)
                share = (fresh * suspect + heel * left) / (fresh + heel)
            else:
                # What came before is there in an unknown amount.
                share = Fraction(int(suspect or before))
            before |= suspect
            # What was left of it, in an unknown amount, stood there when more came.
            stood = after is not None and plant.fills[after].heel is None
            if not known or share >= limit or stood:
                over.add(at)
    return set(range(len(plant.fills))) - over


# ---------------------------------------------------------------------------- the tests


def book(share: float, site: str = "T", hazard: str = "chemical") -> Rulebook:
    limit = CarryOverLimit(site=site, hazard=hazard, share=share, validation="VP-2025-17")
    return Rulebook(carry_over_limits=(limit,))


def scope_of(
    facts: Facts, lineage: Lineage, root: str, rules: Rulebook, hazard: Hazard = HAZARD
) -> Scope:
    return compute(facts, lineage, Suspects(lots=(root,)), hazard=hazard, rulebook=rules)


def contents(scope: Scope) -> set[int]:
    keys = scope.lineage.lots["key"][scope.held].to_list()
    return {int(key.split("/")[2]) for key in keys if "/C/" in key}


def test_a_chain_of_heels_ends_where_every_order_of_fillings_says_so() -> None:
    plants = [random_plant(seed) for seed in range(40)]
    facts = facts_of(plants)
    lineage = Lineage.of(network.build(facts))
    gone = told = equal = 0
    for number, plant in enumerate(plants):
        root = f"X{number}/A/{plant.root}"
        every = contents(scope_of(facts, lineage, root, Rulebook()))
        first = plant.fills[plant.root].first
        assert every >= {at for at, fill in enumerate(plant.fills) if fill.last >= first}, number
        last = every
        for share in (0.001, 0.01, 0.06):
            found = contents(scope_of(facts, lineage, root, book(share, f"X{number}/T")))
            wanted = every - (ended(plant, Fraction(str(share))) - {plant.root})
            assert wanted <= found <= last, (number, share)
            blurred = any(a.last >= b.first for a, b in itertools.pairwise(plant.fills))
            # What was in the tank before the suspect lot came may still stand there.
            later = set(range(plant.root, len(plant.fills)))
            told += not blurred
            equal += not blurred and found & later == wanted & later
            gone += len(every - found)
            last = found
    assert gone > 20
    # Contact that the limit does not speak of may hold some all the same.
    assert equal > 0.8 * told > 0


CHAIN = Plant(tuple(Fill(10 * n, 10 * n + 3, 95.0, 5.0 if n else 0.0) for n in range(5)), 0)


@pytest.fixture(scope="module")
def chain() -> tuple[Facts, Lineage]:
    """Five fillings with 5 % of heel each, one after another."""
    facts = facts_of([CHAIN])
    return facts, Lineage.of(network.build(facts))


@pytest.mark.parametrize(
    ("language", "word"), [("en", "limit of carry-over"), ("zh_CN", "残留限值")]
)
def test_what_a_limit_takes_out_is_judged_and_names_its_validation(
    chain: tuple[Facts, Lineage], language: str, word: str
) -> None:
    use_language(language)
    scope = scope_of(*chain, "X0/A/0", book(0.001))
    # 5 %, 0.25 %, 0.0125 %
    assert contents(scope) == {0, 1, 2}
    out = scope.lineage.number(["X0/C/3"]).tolist()[0]
    assert scope.tiers[out] == "excluded"
    told = why(scope, out)
    assert any(word in line and "VP-2025-17" in line for line in told), told
    (piece,) = evidence.used(scope)
    assert (piece["rule"], piece["by"]) == ("carry_over_limit", "judgement")
    assert piece["records"] == ["VP-2025-17"]
    assert piece["lots"] == evidence.excluded_by(scope)["judgement"] == 2
    assert contents(scope_of(*chain, "X0/C/2", book(0.001))) >= {2, 3, 4}


def test_a_limit_holds_for_its_tank_and_hazard_only(chain: tuple[Facts, Lineage]) -> None:
    every = set(range(5))
    for rules in (book(0.001, "L"), book(0.001, hazard="allergen"), book(0.001, "nowhere")):
        scope = scope_of(*chain, "X0/A/0", rules)
        assert contents(scope) == every
        assert not evidence.used(scope)
    assert "limit_unfit" in {entry.kind for entry in scope.missing}
    for kind in ("unknown", "allergen"):
        assert contents(scope_of(*chain, "X0/A/0", book(0.001), Hazard(kind=kind))) == every
    unknown = book(0.001, hazard="unknown")
    assert contents(scope_of(*chain, "X0/A/0", unknown, Hazard(kind="unknown"))) == every


def test_what_else_touches_the_tank_is_not_the_limit_s(chain: tuple[Facts, Lineage]) -> None:
    """A paddle that was in the tank all the time brings back what the heels have lost."""
    facts, _ = chain
    paddle = {"key": "X0/U/1", "owner": "X0", "item_code": "U", "lot_no": "1", "item": "X0/U"}
    use = {"key": "u", "site": "X0/T", "lot": "X0/U/1", "item": "X0/U", "earliest": 0, "latest": 99,
           "source": "s"}  # fmt: skip
    tables = {name: facts[kind] for name, kind in KINDS.items()}
    for kind, row in ((Lot, paddle), (Use, use)):
        more = conform(kind, pl.DataFrame([row], infer_schema_length=None), provenance=True)
        tables[kind.__name__] = pl.concat([tables[kind.__name__], more])
    facts = Facts(1, "test", tables)
    lineage = Lineage.of(network.build(facts))
    assert contents(scope_of(facts, lineage, "X0/A/0", book(0.001))) == set(range(5))


def test_a_lot_that_was_drawn_from_the_tank_was_in_it(chain: tuple[Facts, Lineage]) -> None:
    """Nobody recorded that A0 was poured in too; no heel tells how much of it stayed."""
    facts, _ = chain
    row = _row("X0/produce/0", "X0/A/9", from_place="X0/T", earliest=4, latest=4)
    lot = {"key": "X0/A/9", "owner": "X0", "item_code": "A", "lot_no": "9", "item": "X0/A"}
    tables = {name: facts[kind] for name, kind in KINDS.items()}
    for kind, more in ((Lot, lot), (Consumed, row)):
        frame = conform(kind, pl.DataFrame([more], infer_schema_length=None), provenance=True)
        tables[kind.__name__] = pl.concat([tables[kind.__name__], frame])
    facts = Facts(1, "test", tables)
    lineage = Lineage.of(network.build(facts))
    assert contents(scope_of(facts, lineage, "X0/A/9", book(0.001))) >= set(range(1, 5))
    assert contents(scope_of(facts, lineage, "X0/A/0", book(0.001))) == {0, 1, 2}


def test_a_wider_limit_never_takes_out_less(chain: tuple[Facts, Lineage]) -> None:
    found = [contents(scope_of(*chain, "X0/A/0", book(share))) for share in (1e-9, 1e-4, 0.01, 1.0)]
    assert [len(kept) for kept in found] == [5, 4, 2, 1]
