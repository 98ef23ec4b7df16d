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
        ("榛子酱", "Zhenzi jiang", True),
        ("宏达食品", "鸿达食品", True),
        ("宏达食品", "Hong Da Shi Pin", True),
        ("食盐", "白糖", False),
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
    assert not likeness.only_equal(plant(items))
    monkeypatch.setattr(likeness, "MOST", 2)
    assert likeness.only_equal(plant(items))
    assert [(p.alias, p.target) for p in proposals(plant(items))] == [("B/1", "A/1")]


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("L240101", "L-240101", True),
        ("Ｌ240101", "l 240101", True),
        ("LOT10", "L0T1O", True),
        ("L240101", "L240102", False),
        ("24-1-11", "24-11-1", False),
        ("24-01-11", "24/01/11", True),
        ("L240101", "L240101", False),
    ],
)
def test_lot_numbers_of_one_item_that_differ_in_writing_only(
    one: str, two: str, same: bool
) -> None:
    def found(*lots: tuple[str, str, str], **more: pl.DataFrame) -> list[tuple[str, str, str]]:
        made = [{"key": f"{owner}/{code}/{at}", "owner": owner, "item_code": code,
                 "item": f"{owner}/{code}", "lot_no": number, "sublot": ""}
                for at, (owner, code, number) in enumerate(lots)]  # fmt: skip
        items = [("A/1", "Sugar"), ("B/7", "Flour")]
        facts = plant(items, None, Lot=pl.DataFrame(made), **more)
        return [(p.kind, p.alias, p.target) for p in proposals(facts)]

    assert found(("A", "1", one), ("A", "1", two)) == [("lot", "A/1/1", "A/1/0")] * same
    assert found(("A", "1", one), ("B", "7", two)) == []
    alias = pl.DataFrame([{"key": "a", "kind": "item", "alias": "B/7", "target": "A/1"}])
    assert (
        found(("A", "1", one), ("B", "7", two), Alias=alias) == [("lot", "B/7/1", "A/1/0")] * same
    )
    decided = pl.DataFrame([{"key": "d", "kind": "same_lot", "subject": "A/1/1", "target": "A/1/0",
                             "decided_at": 1}])  # fmt: skip
    assert found(("A", "1", one), ("A", "1", two), Decision=decided) == []


def test_an_empty_plant_has_nothing_alike() -> None:
    assert proposals(facts_of({})) == []
