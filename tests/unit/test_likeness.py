"""Names that look alike are proposed as one thing; what is different on purpose is not."""

from __future__ import annotations

import polars as pl
import pytest

from bench.trials import facts_of
from graph_model.ledger import Facts
from queries import likeness
from queries.likeness import proposals


def plant(
    items: list[tuple[str, str]],
    suppliers: list[tuple[str, str]] | None = None,
    **more: pl.DataFrame,
) -> Facts:
    """Facts with these items (COMPANY/CODE, name) and suppliers (code, name)."""
    made = [{"key": key, "company": key.split("/")[0], "item_code": key.split("/")[1],
             "item_name": name} for key, name in items]  # fmt: skip
    known = [{"key": code, "company": code, "name": name} for code, name in suppliers or []]
    tables = {"Item": pl.DataFrame(made), "Supplier": pl.DataFrame(known)} | more
    return facts_of({name: rows for name, rows in tables.items() if not rows.is_empty()})


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("Hazelnut paste", "hazelnut  PASTE", True),
        ("榛子酱", "榛子酱 ", True),
        ("Ｓugar, fine", "Sugar fine", True),
        ("Hazelnut paste", "Hazelnut pasta", True),
        ("Milk powder 250 g", "Milk powder 500 g", False),
        ("Hazelnut paste", "Cocoa mass", False),
    ],
)
def test_names_of_two_ledgers_are_compared(one: str, two: str, same: bool) -> None:
    found = proposals(plant([("A/1", one), ("B/7", two)]))
    assert [(p.kind, p.alias, p.target) for p in found] == [("item", "B/7", "A/1")] * same


def test_items_of_one_numbering_are_different_on_purpose() -> None:
    assert proposals(plant([("A/1", "Sugar"), ("A/2", "Sugar")])) == []


def test_companies_are_compared_by_name_and_what_is_decided_is_not_proposed_again() -> None:
    suppliers = [("S1", "Avella Nut S.r.l."), ("S9", "AVELLA NUT SRL")]
    found = proposals(plant([], suppliers))
    assert [(p.kind, p.alias, p.target, p.score) for p in found] == [("company", "S9", "S1", 100)]
    decided = pl.DataFrame([{"key": "d", "kind": "alias", "subject": "S9", "target": "S1",
                             "decided_at": 1}])  # fmt: skip
    assert proposals(plant([], suppliers, Decision=decided)) == []
    stated = pl.DataFrame([{"key": "a", "kind": "company", "alias": "S1", "target": "S9"}])
    assert proposals(plant([], suppliers, Alias=stated)) == []


def test_of_very_many_names_only_equal_ones_are_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [("A/1", "Hazelnut paste"), ("B/1", "HAZELNUT PASTE"), ("C/1", "Hazelnut pasta")]
    assert len(proposals(plant(items))) == 3
    monkeypatch.setattr(likeness, "MOST", 2)
    assert [(p.alias, p.target) for p in proposals(plant(items))] == [("B/1", "A/1")]


def test_an_empty_plant_has_nothing_alike() -> None:
    assert proposals(facts_of({})) == []
