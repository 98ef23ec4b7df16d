"""What is derived and lies at no place has a name that people can read, in both languages."""

from __future__ import annotations

import pytest

from graph_model.i18n import use_language
from queries.names import placeless


@pytest.mark.parametrize(
    ("what", "place", "en", "zh"),
    [
        ("W1", "residue>W2", "residue W1", "残留 W1"),
        ("", "~order", "goods of unknown orders", "工单不明的货物"),
        ("P", "~order", "goods of unknown orders P", "工单不明的货物 P"),
        ("P", "PLANT/WH", None, None),
        ("P", "", None, None),
    ],
)
def test_stock_without_a_place_is_called_by_what_it_is(
    what: str, place: str, en: str | None, zh: str | None
) -> None:
    assert placeless(what, place) == en
    use_language("zh_CN")
    assert placeless(what, place) == zh
