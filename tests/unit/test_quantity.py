"""Units are recognised as people write them, and never guessed."""

from __future__ import annotations

import polars as pl
import pytest

from graph_model import quantity
from graph_model.schema import Item, conform


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("KGM", "kg"),
        ("公斤", "kg"),
        ("ＫＧ", "kg"),
        ("C62", "pcs"),
        ("件", "pcs"),
        ("ml", "mL"),
        ("M³", "m3"),
        ("箱", "box"),
        ("scoops", None),
        ("", None),
    ],
)
def test_unit_is_recognised(text: str, unit: str | None) -> None:
    assert quantity.canonical_unit(text) == unit


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("斤", "kg", 0.5),
        ("kg", "斤", 2.0),
        ("吨", "斤", 2000.0),
        ("t", "KGM", 1000.0),
        ("mL", "L", 0.001),
        ("kg", "L", None),
        ("箱", "pcs", None),
        ("scoop", "scoop", 1.0),
        ("scoop", "kg", None),
        (None, "kg", None),
    ],
)
def test_factor(source: str | None, target: str, expected: float | None) -> None:
    found = quantity.factor(source, target)
    assert found == (None if expected is None else pytest.approx(expected))


def test_packs_convert_by_the_items_own_table() -> None:
    items = conform(
        Item,
        pl.DataFrame(
            {"key": ["P/A", "P/B"], "uom": ["pcs", None], "pack_uom": ["箱", None],
             "units_per_pack": [12.0, None]}
        ),
    )  # fmt: skip
    frame = pl.DataFrame(
        {
            "item": ["P/A", "P/A", "P/A", "P/B", None],
            "uom": ["箱", None, "kg", "kg", "kg"],
            "quantity": [2.0, 5.0, 1.0, 1.0000004, 1.0],
        }
    )
    amounts = quantity.to_item_unit(frame, items)["amount"].to_list()
    assert amounts == [24.0, 5.0, None, None, None]


def test_bulk_or_pieces() -> None:
    assert [quantity.is_bulk(u) for u in ("kg", "件", "?")] == [True, False, None]


@pytest.mark.parametrize(
    ("uom", "base", "pack", "per_pack", "expected"),
    [
        ("箱", "盒", "箱", 12.0, 12.0),
        ("件", "片", "件", 24.0, 24.0),
        ("carton", "pcs", "箱", 12.0, 12.0),
        ("pcs", "pcs", "箱", 12.0, 1.0),
        ("g", "kg", "袋", 25.0, 0.001),
        ("箱", "盒", None, None, None),
        ("kg", None, None, None, None),
    ],
)
def test_the_items_own_pack_comes_before_overlapping_words(
    uom: str, base: str | None, pack: str | None, per_pack: float | None, expected: float | None
) -> None:
    assert quantity.item_factor(uom, base, pack, per_pack) == (
        None if expected is None else pytest.approx(expected)
    )
