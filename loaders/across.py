"""Columns that say the same of many things: the amount by day, lot and amount by item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loaders.cells import is_day, is_number, is_total, speaks
from loaders.headings import meanings, normal
from loaders.reading import Grid

_AMOUNTS = frozenset({"quantity", "on_hand_qty", "planned_qty", "counted_qty", "good_qty"})


@dataclass(frozen=True)
class Across:
    """Columns that say the same of many things: the amount by day, lot and amount by item.

    `labels`: one a group of columns; `columns`: the columns of each group; `heads`: what those of a
    group say, "" where only the label stands. `days`: the labels are dates.
    """

    labels: tuple[str, ...]
    columns: tuple[tuple[int, ...], ...]
    heads: tuple[str, ...]
    days: bool = False


def found_across(
    columns: Sequence[int],
    shown: Sequence[str],
    spoken: Sequence[str],
    above: dict[int, str],
    grid: Grid,
    first: int,
) -> Across | None:
    inner = {column: shown[column].rpartition(" / ")[2] for column in columns}
    if found := _repeated(columns, inner, above) or _named_below(columns, inner, spoken, above):
        return found
    days = [column for column in columns if is_day(spoken[column])]
    if len(days) >= 2:
        labels = tuple(spoken[column] for column in days)
        return Across(labels, tuple((c,) for c in days), ("",), days=True)
    return _amounts_only(columns, spoken, grid, first)


def _repeated(
    columns: Sequence[int], inner: dict[int, str], above: dict[int, str]
) -> Across | None:
    """Under each of several names the same headings."""
    groups: dict[str, list[int]] = {}
    for column in columns:
        if column in above and not meanings(above[column]):
            groups.setdefault(above[column], []).append(column)
    heads = {tuple(normal(inner[column]) for column in group) for group in groups.values()}
    if len(groups) < 2 or len(heads) != 1:
        return None
    first = next(iter(groups.values()))
    if not all(speaks(inner[column]) for column in first):
        return None
    return Across(
        tuple(groups), tuple(map(tuple, groups.values())), tuple(inner[c] for c in first),
        days=all(is_day(label) for label in groups),
    )  # fmt: skip


def _named_below(
    columns: Sequence[int], inner: dict[int, str], spoken: Sequence[str], above: dict[int, str]
) -> Across | None:
    """Under the heading of an amount several names that say no field."""
    for upper in dict.fromkeys(above[column] for column in columns if column in above):
        group = [column for column in columns if above.get(column) == upper]
        names = [column for column in group if not is_total(inner[column])]
        if (
            meanings(upper) & _AMOUNTS
            and len(names) >= 2
            and not any(meanings(spoken[column]) for column in names)
        ):
            labels = tuple(inner[column] for column in names)
            return Across(
                labels, tuple((c,) for c in names), (upper,), days=all(map(is_day, labels))
            )
    return None


def _amounts_only(
    columns: Sequence[int], spoken: Sequence[str], grid: Grid, first: int
) -> Across | None:
    """Three or more names beside each other that say no field, over amounts, without another."""
    if any(meanings(spoken[column]) & _AMOUNTS for column in columns):
        return None
    sample = grid.frame.slice(first, 50)
    run: list[int] = []
    best: list[int] = []
    for column in columns:
        values = [value for value in sample[str(column)] if value]
        mine = (
            spoken[column]
            and not meanings(spoken[column])
            and not is_total(spoken[column])
            and len(spoken[column]) <= 30
            and values
            and all(map(is_number, values))
        )
        run = [*run, column] if mine else []
        best = run if len(run) > len(best) else best
    if len(best) < 3:
        return None
    return Across(tuple(spoken[column] for column in best), tuple((c,) for c in best), ("",))
