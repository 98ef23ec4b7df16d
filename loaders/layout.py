"""Where the tables of a sheet are: titles, headings of one line or two, rows, columns across.

Several tables may stand below or beside each other. Nothing is decided here about what they mean,
only where headings are: a row that mostly says names of fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from loaders.across import Across, found_across
from loaders.cells import Cells, is_label, is_title, is_total, labelled, speaks
from loaders.heading_lines import is_heading, is_second_line, side_by_side, together
from loaders.headings import known_spellings
from loaders.reading import ROW, Grid

_SMALL = 20_000
"""Rows up to which headings far below are also found when written with marks or units."""


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


def blocks(grid: Grid) -> list[Block]:
    """The tables of a sheet in their order; none where no row says names of fields."""
    cells = grid.frame.drop(ROW)
    positions = _candidates(grid, cells)
    near = {at for position in positions for at in _near(grid, position)}
    rows = {at: cells.row(at) for at in sorted(near)}
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
    known = sum(map(speaks, said))
    return known >= 3 and known * 3 >= len(said) * 2


def _near(grid: Grid, at: int) -> range:
    return range(max(0, at - 1), min(grid.frame.height, at + 2))


def _candidates(grid: Grid, cells: pl.DataFrame) -> list[int]:
    """Positions of rows that may be headings: all first rows, and those with known words."""
    text = pl.all().str.to_lowercase()
    if cells.height <= _SMALL:
        text = text.str.replace_all(r"[(（\[].*$", "").str.replace_all(r"[\s_\-./:*#'\"]+", "")
    else:
        text = text.str.strip_chars()
    hits = pl.sum_horizontal(text.is_in(known_spellings()).cast(pl.Int32).fill_null(0))
    later = cells.select(pl.arg_where(hits >= 2)).to_series().to_list()
    return sorted({*range(len(grid.head)), *later})


def _headed(grid: Grid, rows: dict[int, Cells], at: int) -> Iterator[Block]:
    """The tables whose headings begin at this row; side by side where blank columns part them."""
    cells = rows[at]
    below = rows.get(at + 1)
    for second in (below, None):
        if second is not None and not is_second_line(grid, cells, second, at):
            continue
        upper, shown, spoken = together(grid, cells, second, at)
        last = at + (second is not None)
        if not is_heading(cells, second, spoken):
            continue
        parts = side_by_side(grid, shown, spoken, last + 1)
        yield from (
            _block(columns, (at, last), shown, spoken, upper, grid, last + 1) for columns in parts
        )
        return


def _block(
    columns: tuple[int, ...],
    head: tuple[int, int],
    shown: Sequence[str],
    spoken: Sequence[str],
    above: dict[int, str],
    grid: Grid,
    first: int,
) -> Block:
    across = found_across(columns, shown, spoken, above, grid, first)
    taken = {column for group in across.columns for column in group} if across else set()
    return Block(
        columns,
        head,
        (first, grid.frame.height),
        tuple(shown[column] for column in columns),
        tuple("" if column in taken else spoken[column] for column in columns),
        across,
    )


def _bounded(grid: Grid, block: Block, found: Sequence[Block]) -> Block:
    """With its last row, its titles and what is labelled above it."""
    mine = set(block.columns)
    heads = sorted(other.head for other in found if mine & set(other.columns))
    later = [head for head in heads if head > block.head]
    earlier = [head for head in heads if head < block.head]
    end = _up(grid, block, later[0][0], block.rows[0]) if later else grid.frame.height
    above = block.head[0]
    start = _up(grid, block, above, earlier[-1][1] + 1) if earlier else 0
    over_all = _cells(grid, block, 0, heads[0][0]) if earlier else []
    near = _cells(grid, block, start, above)
    labels: dict[str, str] = {}
    for row in (*over_all, *near):
        labels |= labelled(row)
    said = [next((cell for cell in row if cell), None) for row in reversed(near)]
    titles = tuple(cell for cell in said if cell and not is_label(cell))
    return replace(block, rows=(block.rows[0], end), titles=titles, labelled=labels)


def _up(grid: Grid, block: Block, end: int, least: int) -> int:
    """Where the titles begin that stand right above a row."""
    while end > least and is_title(_cells(grid, block, end - 1, end)[0]):
        end -= 1
    return end


def _cells(grid: Grid, block: Block, first: int, end: int) -> list[Cells]:
    names = [str(column) for column in block.columns]
    return grid.frame.select(names).slice(first, end - first).rows()
