"""Where the tables of a sheet are: titles, headings of one line or two, rows, columns across.

Several tables may stand below or beside each other. Nothing is decided here about what they mean,
only where headings are: a row that mostly says names of fields.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import polars as pl

from loaders.headings import known_spellings, likely, meanings, normal
from loaders.reading import ROW, Grid

Cells = tuple[str | None, ...]

_SMALL = 20_000
"""Rows up to which headings far below are also found when written with marks or units."""
_AMOUNTS = frozenset({"quantity", "on_hand_qty", "planned_qty", "counted_qty", "good_qty"})
_TOTAL = re.compile(
    r"^(本[页日周月年批次]|当[日月]|grand|sub|page|month|day|running)?[\s-]*"
    r"(小计|合计|总计|共计|累计|总和|totals?|sum)([\s(（:：].*)?$|^\*{1,3}$",
    re.IGNORECASE,
)
_DAY = re.compile(
    r"^\d{4}\s*[-/.年]\s*\d{1,2}(\s*[-/.月]\s*\d{1,2}日?)?([ T]00:00:00)?$"
    r"|^\d{1,2}\s*月(\s*\d{1,2}\s*[日号])?$|^\d{1,2}[-/]\d{1,2}([-/]\d{2,4})?$"
    r"|^\d{1,2}[-/ ]?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*([-/ ]?\d{2,4})?$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^[-+]?[\d,，\s]*\.?\d+%?$")
_LABEL = re.compile(r"^\s*([^:：\d][^:：]{0,24}?)\s*[:：]\s*(.*)$", re.DOTALL)
_PAGE = re.compile(r"^(第\s*\d+\s*页|page\s*\d+|共\s*\d+\s*页).*$", re.IGNORECASE)


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


@dataclass(frozen=True)
class Block:
    """One table: columns of the grid, positions of its headings and rows, what stands above it.

    `headings`: as shown, by column; `spoken`: the part that says a field, "" for columns across;
    `rows`: positions from the first to behind the last; `labelled`: values above by their label.
    """

    columns: tuple[int, ...]
    head: tuple[int, int]
    rows: tuple[int, int]
    headings: tuple[str, ...]
    spoken: tuple[str, ...]
    across: Across | None = None
    titles: tuple[str, ...] = ()
    labelled: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> list[str]:
        """The headings that say what the table is about, those of groups once."""
        heads = self.across.heads if self.across else ()
        return [head for head in (*self.spoken, *heads) if head]


def is_total(cell: str | None) -> bool:
    """Whether a cell says that its row or column sums others up."""
    return bool(cell) and bool(_TOTAL.match(unicodedata.normalize("NFKC", cell or "").strip()))


def is_day(cell: str | None) -> bool:
    """Whether a heading is a date."""
    return bool(cell) and bool(_DAY.match(unicodedata.normalize("NFKC", cell or "").strip()))


def is_number(cell: str | None) -> bool:
    """Whether a cell is an amount, and nothing else."""
    return bool(cell) and bool(_NUMBER.match(unicodedata.normalize("NFKC", cell or "").strip()))


def is_label(cell: str) -> bool:
    """Whether a cell stands for itself, as `制表：刘强` or a page number does."""
    return bool(_LABEL.match(cell) or _PAGE.match(cell.strip()))


def blocks(grid: Grid) -> list[Block]:
    """The tables of a sheet in their order; none where no row says names of fields."""
    names = [name for name in grid.frame.columns if name != ROW]
    positions = _candidates(grid, names)
    rows = {at: grid.frame.select(names).row(at) for near in positions for at in _near(grid, near)}
    found: list[Block] = []
    used: set[int] = set()
    for at in positions:
        if at in used or at not in rows:
            continue
        made = list(_headed(grid, rows, at))
        if made and (not found or _begins(grid, rows, at, made)):
            used.update(range(made[0].head[0], made[0].head[1] + 1))
            found += made
    found = [block for block in found if not _is_row(grid, block, found)]
    return [_bounded(grid, block, found) for block in found]


def _is_row(grid: Grid, block: Block, found: Sequence[Block]) -> bool:
    """Whether what looks like other headings has nothing below: then it is a row itself."""
    starts = {grid.frame.height, *(other.head[0] for other in found)}
    first = min(other.head for other in found)
    repeated = any(other.headings == block.headings for other in found if other is not block)
    return block.head != first and block.rows[0] in starts and not repeated


def _begins(grid: Grid, rows: dict[int, Cells], at: int, made: Sequence[Block]) -> bool:
    """Whether headings below another table are some, and no row of it that looks like them."""
    before = rows[at - 1]
    apart = grid.frame[ROW][at] - grid.frame[ROW][at - 1] > 1
    filled = [cell for cell in before if cell]
    if apart or len(filled) <= len(made) or any(is_total(cell) for cell in filled):
        return True
    said = [cell for block in made for cell in block.spoken if cell]
    known = sum(map(_speaks, said))
    return known >= 3 and known * 3 >= len(said) * 2


def _near(grid: Grid, at: int) -> range:
    return range(max(0, at - 1), min(grid.frame.height, at + 2))


def _candidates(grid: Grid, names: Sequence[str]) -> list[int]:
    """Positions of rows that may be headings: all first rows, and those with known words."""
    first = range(min(len(grid.head()), grid.frame.height))
    texts = [pl.col(name).str.to_lowercase() for name in names]
    if grid.frame.height <= _SMALL:
        texts = [
            text.str.replace_all(r"[(（\[].*$", "").str.replace_all(r"[\s_\-./:*#'\"]+", "")
            for text in texts
        ]
    else:
        texts = [text.str.strip_chars() for text in texts]
    hits = pl.sum_horizontal(
        text.is_in(known_spellings()).cast(pl.Int32).fill_null(0) for text in texts
    )
    later = grid.frame.select(pl.arg_where(hits >= 2)).to_series().to_list()
    return sorted({*first, *later})


# ---------------------------------------------------------------------------- headings


def _speaks(cell: str | None) -> bool:
    return bool(cell) and bool(meanings(cell or ""))


def _may_speak(cell: str) -> bool:
    """Whether a cell looks like a heading; codes with figures do not."""
    return not any(sign.isdigit() for sign in cell) and bool(likely(cell))


def _headed(grid: Grid, rows: dict[int, Cells], at: int) -> Iterator[Block]:
    """The tables whose headings begin at this row; side by side where blank columns part them."""
    cells = rows[at]
    below = rows.get(at + 1)
    for second in (below, None):
        if second is not None and not _second_line(grid, cells, second, at):
            continue
        upper, shown, spoken = _together(grid, cells, second, at)
        last = at + (second is not None)
        if not _is_heading(cells, second, spoken):
            continue
        parts = _beside(grid, shown, spoken, last + 1)
        yield from (
            _block(columns, (at, last), shown, spoken, upper, grid, last + 1) for columns in parts
        )
        return


def _is_heading(cells: Cells, second: Cells | None, spoken: Sequence[str]) -> bool:
    filled = [cell for cell in spoken if cell]
    known = [_speaks(cell) for cell in spoken]
    like = sum(
        _speaks(cell) or is_day(cell) or is_total(cell) or _may_speak(cell) for cell in filled
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


def _second_line(grid: Grid, upper: Cells, lower: Cells, at: int) -> bool:
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
            _speaks(f"{upper[c]} {lower[c]}") or (_speaks(upper[c]) and _speaks(lower[c]))
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


def _together(
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


def _beside(
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
    if len(runs) > 1 and all(sum(_speaks(spoken[c]) for c in run) >= 2 for run in runs):
        return [tuple(run) for run in runs]
    whole = [column for run in runs for column in run]
    return [tuple(whole)]


def _block(
    columns: tuple[int, ...],
    head: tuple[int, int],
    shown: Sequence[str],
    spoken: Sequence[str],
    above: dict[int, str],
    grid: Grid,
    first: int,
) -> Block:
    across = _across(columns, shown, spoken, above, grid, first)
    taken = {column for group in across.columns for column in group} if across else set()
    return Block(
        columns,
        head,
        (first, grid.frame.height),
        tuple(shown[column] for column in columns),
        tuple("" if column in taken else spoken[column] for column in columns),
        across,
    )


# ---------------------------------------------------------------------------- columns across


def _across(
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
    if not all(_speaks(inner[column]) for column in first):
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


# ---------------------------------------------------------------------------- what stands around


def _bounded(grid: Grid, block: Block, found: Sequence[Block]) -> Block:
    """With its last row, its titles and what is labelled above it."""
    mine = set(block.columns)
    heads = sorted(other.head for other in found if mine & set(other.columns))
    later = [head for head in heads if head > block.head]
    earlier = [head for head in heads if head < block.head]
    end = later[0][0] if later else grid.frame.height
    if later:
        while end > block.rows[0] and _is_title(_cells(grid, block, end - 1)):
            end -= 1
    above = block.head[0]
    start = above
    while start > (earlier[-1][1] + 1 if earlier else 0) and (
        not earlier or _is_title(_cells(grid, block, start - 1))
    ):
        start -= 1
    top = range(heads[0][0]) if earlier else range(0)  # what stands over all tables
    titles: list[str] = []
    labelled: dict[str, str] = {}
    for at in (*top, *range(start, above)):
        row = _cells(grid, block, at)
        labelled |= _labelled(row)
        said = [cell for cell in row if cell]
        if at >= start and not is_label(said[0]):
            titles.append(said[0])
    titles.reverse()  # the nearest first
    return replace(block, rows=(block.rows[0], end), titles=tuple(titles), labelled=labelled)


def _cells(grid: Grid, block: Block, at: int) -> Cells:
    return grid.frame.select(str(column) for column in block.columns).row(at)


def _is_title(cells: Cells) -> bool:
    filled = [cell for cell in cells if cell]
    return (
        len(filled) == 1
        and not is_number(filled[0])
        and not is_total(filled[0])
        and (not is_label(filled[0]))
    )


def _labelled(cells: Cells) -> dict[str, str]:
    """`单位：kg` in one cell, or `Work order:` with its value in the next."""
    found: dict[str, str] = {}
    filled = [cell.strip() for cell in cells if cell]
    waiting = None
    for cell in filled:
        if waiting is not None:
            found[waiting], waiting = cell, None
            continue
        for part in re.split(r"\s{2,}|[;；()（）]", cell):
            said = _LABEL.match(part)
            if said and said[2]:
                found[said[1]] = said[2].strip()
            elif said and part is cell:
                waiting = said[1]
    return found
