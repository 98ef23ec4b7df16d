"""Headings of one line or two: which rows are some, what they say together, where tables part."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from loaders.cells import Cells, is_day, is_number, is_total, speaks
from loaders.headings import likely, meanings
from loaders.reading import ROW, Grid


def is_heading(cells: Cells, second: Cells | None, spoken: Sequence[str]) -> bool:
    filled = [cell for cell in spoken if cell]
    known = [speaks(cell) for cell in spoken]
    like = sum(
        speaks(cell) or is_day(cell) or is_total(cell) or _may_speak(cell) for cell in filled
    )
    if any(cell.rstrip().endswith((":", "：")) for cell in filled):
        return False
    if not (sum(known) >= 2 or like >= 4 or (sum(known) and like >= 3)):
        return False
    written = [cell for cell in (*cells, *(second or ())) if cell]
    if sum(is_number(cell) and not is_day(cell) for cell in written) > len(written) / 4:
        return False
    beside = any(one and two for one, two in pairwise(known))
    return like * 2 > len(filled) or (beside and like * 3 >= len(filled))


def _may_speak(cell: str) -> bool:
    """Whether a cell looks like a heading; codes with figures do not."""
    return not any(sign.isdigit() for sign in cell) and bool(likely(cell))


def is_second_line(grid: Grid, upper: Cells, lower: Cells, at: int) -> bool:
    """Whether the row below goes on with the headings: under groups, or in another language."""
    if any(is_number(cell) and not is_day(cell) for cell in lower) or not any(lower):
        return False
    filled = [column for column, cell in enumerate(lower) if cell]
    if sum(cell is not None and cell != "" for cell in upper) < 2:
        return False  # a title
    groups = _groups(grid, upper, lower, at)
    if groups and all(not upper[column] or column in groups for column in filled):
        return True
    same = [column for column, cell in enumerate(upper) if cell] == filled
    same &= _is_chinese(upper) != _is_chinese(lower)
    return (
        same
        and len(filled) > 1
        and all(
            speaks(f"{upper[c]} {lower[c]}") or (speaks(upper[c]) and speaks(lower[c]))
            for c in filled
        )
    )


def _is_chinese(cells: Cells) -> bool:
    return any("\u3400" <= sign <= "\u9fff" for cell in cells for sign in cell or "")


def _groups(grid: Grid, upper: Cells, lower: Cells, at: int) -> dict[int, int]:
    """First and last column of headings that stand above several others."""
    row = grid.frame[ROW][at]
    merged = {
        first: last
        for top, first, bottom, last in grid.merged
        if top == row == bottom and last > first
    }
    found: dict[int, int] = {}
    for column, cell in enumerate(upper):
        if not cell or not lower[column]:
            continue
        last = merged.get(column, column)
        if not grid.merged:
            while last + 1 < len(upper) and not upper[last + 1] and lower[last + 1]:
                last += 1
        # What stands over a whole run of columns is a title.
        whole = _blank(upper, lower, column - 1) and _blank(upper, lower, last + 1)
        if last > column and not whole and all(lower[each] for each in range(column, last + 1)):
            found[column] = last
    return found


def _blank(upper: Cells, lower: Cells, column: int) -> bool:
    return not 0 <= column < len(upper) or not (upper[column] or lower[column])


def together(
    grid: Grid, cells: Cells, second: Cells | None, at: int
) -> tuple[dict[int, str], list[str], list[str]]:
    """(heading above each column of a group, headings as shown, headings as they say fields)."""
    first = [(cell or "").strip() for cell in cells]
    if second is None:
        return {}, first, first
    above: dict[int, str] = {}
    for column, last in _groups(grid, cells, second, at).items():
        above |= dict.fromkeys(range(column, last + 1), first[column])
    shown, spoken = [], []
    for column, lower in enumerate((cell or "").strip() for cell in second):
        upper = above.get(column, first[column])
        shown.append(" / ".join(part for part in (upper, lower) if part))
        spoken.append(_spoken(upper, lower, grouped=column in above))
    return above, shown, spoken


def _spoken(upper: str, lower: str, *, grouped: bool) -> str:
    if not upper or not lower:
        return upper or lower
    tried = (upper + lower, lower + upper, f"{upper} {lower}", f"{lower} {upper}", lower)
    found = next((each for each in tried if meanings(each)), None)
    if found is None and not grouped:
        return f"{upper} {lower}"
    return found or lower


def side_by_side(
    grid: Grid, shown: Sequence[str], spoken: Sequence[str], first: int
) -> list[tuple[int, ...]]:
    """Runs of columns; parted by blank ones only where each side says fields of its own."""
    rows = grid.frame.slice(first)
    gaps = rows.select(pl.arg_where(pl.col(ROW).diff() > 1)).to_series()
    rows = rows.slice(0, gaps[0]) if len(gaps) else rows  # down to the next blank row
    runs: list[list[int]] = [[]]
    for column, heading in enumerate(shown):
        if heading or rows[str(column)].null_count() < rows.height:
            runs[-1].append(column)
        elif runs[-1]:
            runs.append([])
    runs = [run for run in runs if any(shown[column] for column in run)]
    if len(runs) > 1 and all(sum(speaks(spoken[c]) for c in run) >= 2 for run in runs):
        return [tuple(run) for run in runs]
    whole = [column for run in runs for column in run]
    return [tuple(whole)]
