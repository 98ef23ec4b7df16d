"""Held amounts by property: no deed loses any of it, and nobody releases alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from graph_model import holding
from graph_model.errors import BadInput
from graph_model.holding import Held, after, check, fold

PEOPLE = st.sampled_from(["p-mei", "p-lin", "p-wu"])
AMOUNTS = st.one_of(
    st.floats(-5, 150),
    st.integers(0, 120).map(float),
    st.sampled_from([float("nan"), float("inf")]),
)


def deed(key: str, kind: str, person: str = "p-mei", **values: Any) -> dict[str, Any]:
    """A deed as the ledger holds it."""
    empty = dict.fromkeys(("subject", "quantity", "disposition", "recount", "scanned", "document"))
    return {**empty, "key": key, "kind": kind, "person": person, **values}


class Holding(RuleBasedStateMachine):
    """Random deeds of several people on one hold, those that are refused included."""

    @initialize(expected=st.integers(0, 100).map(float))
    def start(self, expected: float) -> None:
        self.held = Held(expected)
        self.deeds: list[dict[str, Any]] = []
        self.released = 0.0

    def do(self, made: dict[str, Any]) -> bool:
        """Does a deed if it can be done; a refused one changes nothing."""
        try:
            check(self.held, made)
        except BadInput:
            return False
        self.held = after(self.held, made)
        self.deeds.append(made)
        return True

    def key(self) -> str:
        return str(len(self.deeds))

    @rule(amount=AMOUNTS, recount=st.booleans(), scanned=st.booleans())
    def count(self, amount: float, recount: bool, scanned: bool) -> None:
        self.do(deed(self.key(), "found", quantity=amount, recount=recount, scanned=scanned))

    @rule(
        amount=AMOUNTS, what=st.sampled_from(["scrap", "rework", "return", "use", "release", "eat"])
    )
    def dispose(self, amount: float, what: str) -> None:
        done = self.do(deed(self.key(), "dispose", quantity=amount, disposition=what))
        assert not (done and what in ("release", "eat"))

    @rule(amount=AMOUNTS, person=PEOPLE)
    def release(self, amount: float, person: str) -> None:
        before = self.held.in_hand
        self.do(deed(self.key(), "release", person, quantity=amount))
        assert self.held.in_hand == before

    @rule(person=PEOPLE, pick=st.integers(0, 9), kind=st.sampled_from(["approve", "refuse"]))
    def judge(self, person: str, pick: int, kind: str) -> None:
        waiting = [*self.held.waiting, "nothing"]
        subject = waiting[pick % len(waiting)]
        amount, asker = self.held.waiting.get(subject, (0.0, ""))
        if self.do(deed(self.key(), kind, person, subject=subject)) and kind == "approve":
            assert person != asker
            self.released = round(self.released + amount, holding.PLACES)

    @invariant()
    def nothing_is_lost(self) -> None:
        held = self.held
        assert held.expected + held.surplus == pytest.approx(held.found + held.missing, abs=1e-5)
        assert held.found == pytest.approx(held.in_hand + sum(held.disposed.values()), abs=1e-5)
        assert held.in_hand >= held.free >= 0
        assert 0 <= held.scanned <= held.found + 1e-5
        assert min(held.missing, held.surplus) == 0

    @invariant()
    def only_two_people_release(self) -> None:
        assert self.held.disposed.get("release", 0.0) == pytest.approx(self.released, abs=1e-5)

    @invariant()
    def the_ledger_gives_the_same(self) -> None:
        assert fold(self.held.expected, self.deeds) == self.held


def test_no_deed_loses_an_amount() -> None:
    run_state_machine_as_test(Holding, settings=settings(deadline=None, max_examples=60))


def test_an_approval_by_the_one_who_asked_counts_for_nothing_even_in_the_ledger() -> None:
    asked = [deed("1", "found", quantity=10.0), deed("2", "release", quantity=4.0)]
    alone = fold(10, [*asked, deed("3", "approve", subject="2")])
    assert alone.disposed == {}
    assert fold(10, [*asked, deed("3", "approve", "p-lin", subject="2")]).disposed == {"release": 4}


@settings(deadline=None)
@given(st.lists(st.floats(0, 50), max_size=6), st.randoms())
def test_counts_add_up_in_any_order(amounts: list[float], random: Any) -> None:
    made = [deed(str(n), "found", quantity=amount) for n, amount in enumerate(amounts)]
    other = [*made]
    random.shuffle(other)
    assert fold(50, made).found == pytest.approx(fold(50, other).found, abs=1e-5)
