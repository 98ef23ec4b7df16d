"""Parts of a lot along an order that the goods show: printed times, serial, carton, pallet numbers.

A question may name a stretch of a lot. It means the recorded parts that the stretch touches. As far
as no recorded part shows where goods of the stretch are, the whole lot cannot be ruled out; a lot
without such parts is meant as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import Lot

FIELDS = ("printed_from", "printed_to", "range_kind", "range_from", "range_to")
_NUMBER = re.compile(r"(.*?)(\d+)(\D*)")
_TOUCHES, _UNKNOWN, _APART = 2, 1, 0
C = pl.col


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Times printed (microseconds UTC) and numbers, from and to; None: no limit on that side."""

    printed_from: int | None = None
    printed_to: int | None = None
    serial_from: str | None = None
    serial_to: str | None = None

    def given(self) -> bool:
        """Whether it limits anything."""
        return any(end is not None for end in vars(self).values())


def cut(
    facts: Facts, lineage: Lineage, lots: Index, stretch: Stretch
) -> tuple[Index, Index, Index]:
    """Of these lots: what the stretch surely means, what it may mean, and where it is unclear."""
    keys = lineage.lots["key"][lots]
    parts = facts[Lot].filter(C("parent").is_in(keys.implode())).select("key", "parent", *FIELDS)
    marked = parts.filter(pl.any_horizontal(C(name).is_not_null() for name in FIELDS))
    whole = lots[~keys.is_in(marked["parent"].implode()).to_numpy()]
    sure, maybe, unclear = [whole], [whole[:0]], [whole]
    for (parent,), rows in parts.filter(
        C("parent").is_in(marked["parent"].unique().implode())
    ).partition_by("parent", as_dict=True).items():  # fmt: skip
        verdicts = [_judge(row, stretch) for row in rows.iter_rows(named=True)]
        numbers = lineage.number(rows["key"].to_list())
        sure.append(numbers[np.equal(verdicts, _TOUCHES)])
        maybe.append(numbers[np.equal(verdicts, _UNKNOWN)])
        if not _covers(rows, stretch):
            # Goods of the stretch may be in the lot outside every recorded part.
            lot = lineage.number([str(parent)])
            maybe.append(lot)
            unclear.append(lot)
    found = [np.unique(np.concatenate(one)) for one in (sure, maybe, unclear)]
    return found[0], np.setdiff1d(found[1], found[0]), found[2]


def _judge(row: dict[str, Any], stretch: Stretch) -> int:
    """Whether a part has goods of the stretch; every limit must be met."""
    verdicts = []
    if stretch.printed_from is not None or stretch.printed_to is not None:
        verdicts.append(_overlap((row["printed_from"], row["printed_to"]), _times(stretch)))
    if stretch.serial_from is not None or stretch.serial_to is not None:
        asked = (_place(stretch.serial_from), _place(stretch.serial_to))
        verdicts.append(_overlap((_place(row["range_from"]), _place(row["range_to"])), asked))
    return min(verdicts)


def _times(stretch: Stretch) -> tuple[int, int]:
    low, high = stretch.printed_from, stretch.printed_to
    return MIN if low is None else low, MAX if high is None else high


def _overlap(own: tuple[Any, Any], asked: tuple[Any, Any]) -> int:
    """Whether two ranges touch; an end that is missing or of another pattern leaves it open."""
    after, before = _precedes(own[1], asked[0]), _precedes(asked[1], own[0])
    if after or before:
        return _APART
    if own[0] is None or own[1] is None or None in (after, before):
        return _UNKNOWN
    return _TOUCHES


def _precedes(one: Any, other: Any) -> bool | None:
    """Whether one comes before the other; None where they cannot be compared, no limit: False."""
    if one is None or other is None:
        return False
    if isinstance(one, int):
        return bool(one < other)
    return bool(one[1] < other[1]) if one[0] == other[0] else None


def _place(number: str | None) -> tuple[tuple[str, str], int] | None:
    """A number by its pattern and its value: A-007 comes after A-6, and B-1 is of another row."""
    if number is None:
        return None
    match = _NUMBER.fullmatch(number)
    if match is None:
        return (number, ""), 0
    return (match[1], match[3]), int(match[2])


def _covers(rows: pl.DataFrame, stretch: Stretch) -> bool:
    """Whether the parts together hold all goods of the stretch: its ends and no gap between."""
    timed = stretch.printed_from is not None or stretch.printed_to is not None
    numbered = stretch.serial_from is not None or stretch.serial_to is not None
    if timed and not _filled(rows.select("printed_from", "printed_to").rows(), *_times(stretch)):
        return False
    if not numbered:
        return True
    low, high = _place(stretch.serial_from), _place(stretch.serial_to)
    if low is None or high is None or low[0] != high[0]:
        return False
    ends = [(_place(a), _place(b)) for a, b in rows.select("range_from", "range_to").iter_rows()]
    same = [(a[1], b[1]) for a, b in ends if a and b and a[0] == b[0] == low[0]]
    return _filled(same, low[1], high[1])


def _filled(ranges: Sequence[tuple[int | None, int | None]], low: int, high: int) -> bool:
    """Whether whole-number ranges leave no number between low and high out."""
    known = sorted((a, b) for a, b in ranges if a is not None and b is not None)
    reached = low - 1
    for start, end in known:
        if start > reached + 1:
            break
        reached = max(reached, end)
    return reached >= high


def shown(facts: Facts) -> dict[str, dict[str, Any]]:
    """FIELDS of each recorded part that its goods show, by key."""
    marked = facts[Lot].filter(pl.any_horizontal(C(name).is_not_null() for name in FIELDS))
    return {row.pop("key"): row for row in marked.select("key", *FIELDS).to_dicts()}
