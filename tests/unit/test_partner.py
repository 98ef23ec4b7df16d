"""A partner pack holds all of one customer's goods of a scope, and nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_model.errors import NotFound
from graph_model.schema import Customer, Shipment, Supplier
from queries import partner
from queries.recall.parties import customers, received
from queries.recall.scope import Scope
from tests.unit.scopes_case import demo_scope

SEEDS = (1, 2)


def leaves(value: Any) -> Iterator[str]:
    """Every text in a pack."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield str(name)
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    elif isinstance(value, str):
        yield value


def theirs(scope: Scope, customer: str) -> set[str]:
    """What names others: codes, names, deliveries, and lots that this customer did not get."""
    others = scope.facts[Customer].filter(pl.col("key") != customer)
    lines, own = received(scope), received(scope).filter(pl.col("customer") == customer)
    sent = scope.facts[Shipment].filter(pl.col("customer") != customer)["delivery_no"]
    numbers = scope.lineage.lots["lot_no"]
    lots = set(numbers[lines["lot"]]) - set(numbers[own["lot"]])
    found = {*others["key"], *others["name"].drop_nulls(), *sent.drop_nulls(), *lots, *lines["key"]}
    return found - set(own["delivery_no"].drop_nulls()) - {""}


@settings(deadline=None, max_examples=40)
@given(
    seed=st.sampled_from(SEEDS),
    dirt=st.booleans(),
    pick=st.integers(0, 10_000),
    named=st.booleans(),
)
def test_no_pack_tells_of_another(seed: int, dirt: bool, pick: int, named: bool) -> None:
    scope = demo_scope(seed, dirt)
    reached = partner.customers(scope)
    customer = reached[pick % len(reached)]
    told = partner.pack(scope, customer, name_suppliers=named).to_dict()
    origins = told.pop("origins")
    texts = set(leaves(told))
    assert not texts & theirs(scope, customer)
    suppliers = {*scope.facts[Supplier]["key"], *scope.facts[Supplier]["name"].drop_nulls()}
    assert not texts & suppliers - {customer, told["name"]}  # a supplier may be the party told
    assert {one["supplier"] in suppliers for one in origins} == {named}
    assert named or not any(one["lot_no"] for one in origins)


@pytest.mark.parametrize("seed", SEEDS)
def test_packs_together_are_all_that_left(seed: int) -> None:
    scope = demo_scope(seed)
    packs = [partner.pack(scope, customer) for customer in partner.customers(scope)]
    assert [one.customer for one in packs] == [one["customer"] for one in customers(scope)]
    lines = received(scope)
    told = [line for one in packs for lot in one.lots for line in lot.deliveries]
    told += [line for one in packs for line in one.unlotted]
    assert len(told) == len(lines)
    assert sum(line.quantity or 0 for line in told) == pytest.approx(lines["quantity"].sum())


def test_who_got_nothing_gets_no_pack() -> None:
    with pytest.raises(NotFound):
        partner.pack(demo_scope(1), "nobody")
