"""A table of any shape -> one with a row of headings and rows of values, as the sheets are read.

Merged cells below each other count for each row, but amounts only once; columns across become rows;
rows that sum others up and what is written around a table stand apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from loaders.across import Across
from loaders.cells import are_remarks, is_label, is_number, is_total
from loaders.headings import likely, meanings
from loaders.layout import Block
from loaders.plant.sheets import IDENTIFYING, NUMBERS
from loaders.reading import ROW, Grid

_SAMPLE = 40
"""Cells of a column by which it is judged."""
_SUMMED = r"(?i)(小计|合计|总计|共计|累计|总和|total|\bsum\b|^\s*\*{1,3}\s*$)"
_LABELLED = r"[:：]|第\s*\d+\s*页|(?i)page"


@dataclass(frozen=True)
class Flat:
    """A table whose first row are its headings.

    `totals`, `notes`: rows of the spreadsheet that are no data; `filled`: cells that merged ones
    stand for; `plain`: the sheet is this table as it stands. Of columns across the label and the
    values come last, as `across` and `values` of them.
    """

    block: Block
    grid: Grid
    totals: tuple[int, ...] = ()
    notes: tuple[int, ...] = ()
    filled: int = 0
    plain: bool = False

    @property
    def headings(self) -> list[str]:
        """What each column says, as far as it says a field."""
        return [cell or "" for cell in self.grid.head[0]]

    @property
    def row(self) -> int:
        """Row of the spreadsheet with the headings."""
        return int(self.grid.frame[ROW][0])

    @property
    def height(self) -> int:
        """Rows of data, columns across unrolled."""
        return self.grid.frame.height - 1

    @cached_property
    def samples(self) -> list[list[str]]:
        """The first cells of each column that differ."""
        values = pl.exclude(ROW).drop_nulls().unique(maintain_order=True).head(_SAMPLE).implode()
        found = self.grid.frame.slice(1).select(values).row(0)
        return [[value for value in column if value.strip()] for column in found]

    @cached_property
    def shown(self) -> list[str]:
        """The headings as they stand in the file, by column."""
        block = self.block
        heads = dict(zip(block.columns, block.headings, strict=True))
        shown = [heads[column] for column in _fixed(block)]
        if across := block.across:
            few = " · ".join(across.labels[:3])
            shown.append(few if len(across.labels) <= 3 else f"{few} … {across.labels[-1]}")
            shown += list(across.heads)
        return shown


def flat(grid: Grid, block: Block, *, alone: bool) -> Flat:
    """The table with its rows apart from totals and notes; `alone`: the sheet has no other."""
    names = [str(column) for column in block.columns]
    first, end = block.rows
    rows = grid.frame.slice(first, end - first).select(*names, ROW)
    totals, notes = _apart(rows, block)
    kept = rows.filter(~pl.col(ROW).is_in([*totals, *notes])) if totals or notes else rows
    kept, filled = _filled(kept, grid, block)
    one_line = block.head[0] == block.head[1]
    whole = len(names) == grid.frame.width - 1
    if alone and one_line and whole and not (block.across or totals or notes or filled):
        head = grid.frame.slice(block.head[0])
        return Flat(block, replace(grid, frame=head), plain=True)
    heads = dict(zip(block.columns, block.spoken, strict=True))
    fixed = _fixed(block)
    headings = [heads[column] for column in fixed]
    frames = [kept.select(*(pl.col(str(c)).alias(str(n)) for n, c in enumerate(fixed)), ROW)]
    if block.across:
        headings += ["", *block.across.heads]
        frames = [_unrolled(kept, fixed, _with_year(block.across, grid, block))]
    head = pl.DataFrame(
        [[*(heading or None for heading in headings), int(grid.frame[ROW][block.head[1]])]],
        schema=frames[0].schema,
        orient="row",
    )
    long = tuple(
        (row, str(fixed.index(int(name)))) for row, name in grid.too_long if int(name) in fixed
    )
    frame = pl.concat([head, *frames])
    return Flat(block, replace(grid, frame=frame, merged=(), too_long=long), totals, notes, filled)


def _with_year(across: Across, grid: Grid, block: Block) -> Across:
    """Days without a year are of the year that a title, the tab or the file names, if one does."""
    told = re.search(r"20\d\d", " ".join((*block.titles, grid.sheet, grid.file)))
    if not across.days or told is None:
        return across
    short = re.compile(r"^\s*(\d{1,2})\s*[月/-]\s*(\d{1,2})\s*[日号]?\s*$")
    labels = tuple(short.sub(rf"{told[0]}-\1-\2", label) for label in across.labels)
    return replace(across, labels=labels)


def _fixed(block: Block) -> list[int]:
    """Columns that stand for themselves."""
    across = block.across
    taken = {column for group in across.columns for column in group} if across else set()
    return [column for column in block.columns if column not in taken]


def _unrolled(rows: pl.DataFrame, fixed: Sequence[int], across: Across) -> pl.DataFrame:
    """A row for each group in which something is written, in the order of the sheet."""
    width = len(fixed)
    parts = []
    for label, group in zip(across.labels, across.columns, strict=True):
        written = pl.any_horizontal(pl.col(str(column)).is_not_null() for column in group)
        parts.append(
            rows.filter(written).select(
                *(pl.col(str(column)).alias(str(at)) for at, column in enumerate(fixed)),
                pl.lit(label).alias(str(width)),
                *(
                    pl.col(str(column)).alias(str(width + 1 + at))
                    for at, column in enumerate(group)
                ),
                ROW,
            )
        )
    # Rows without any of them are kept: what they say is read, or set aside.
    nothing = pl.all_horizontal(pl.col(str(c)).is_null() for group in across.columns for c in group)
    empty = rows.filter(nothing).select(
        *(pl.col(str(column)).alias(str(at)) for at, column in enumerate(fixed)),
        *(pl.lit(None, pl.String).alias(str(width + at)) for at in range(1 + len(across.heads))),
        ROW,
    )
    return pl.concat([*parts, empty]).sort(ROW, maintain_order=True)


# ---------------------------------------------------------------------------- no data


def _apart(rows: pl.DataFrame, block: Block) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows that sum up, and rows of remarks and signatures: only those that name nothing."""
    names = [name for name in rows.columns if name != ROW]
    may = pl.any_horizontal(
        pl.col(name).str.contains(_SUMMED) | pl.col(name).str.contains(_LABELLED) for name in names
    )
    naming = _naming(block)
    totals, notes = [], []
    for *cells, row in rows.filter(may.fill_null(False)).iter_rows():
        filled = [(at, cell) for at, cell in enumerate(cells) if cell and cell.strip()]
        if _sums_up(filled, naming):
            totals.append(row)
        elif len(filled) * 2 <= max(len(names), 2) and are_remarks([cell for _, cell in filled]):
            notes.append(row)
    return tuple(totals), tuple(notes)


def _naming(block: Block) -> set[int]:
    """Places of columns that may name a lot, an item or a document."""
    found = {
        at
        for at, spoken in enumerate(block.spoken)
        if (meanings(spoken) or set(likely(spoken))) & IDENTIFYING
    }
    if block.across:
        places = {column: at for at, column in enumerate(block.columns)}
        for group in block.across.columns:
            found |= {
                places[column]
                for column, head in zip(group, block.across.heads, strict=True)
                if meanings(head) & IDENTIFYING
            }
    return found


def _sums_up(filled: Sequence[tuple[int, str]], naming: set[int]) -> bool:
    return any(is_total(cell) for _, cell in filled) and all(
        is_total(cell) or (is_number(cell) and at not in naming) or is_label(cell)
        for at, cell in filled
    )


# ---------------------------------------------------------------------------- merged cells


def _filled(rows: pl.DataFrame, grid: Grid, block: Block) -> tuple[pl.DataFrame, int]:
    """Merged cells below each other say the same for each row; amounts are not repeated."""
    spans: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for top, first, bottom, last in grid.merged:
        if bottom > top and first == last:
            spans[first].append((top, bottom))
    count = 0
    for column, said in zip(block.columns, block.spoken, strict=True):
        if column not in spans:
            continue
        name = str(column)
        merged = pl.DataFrame(spans[column], {"top": pl.Int64, "bottom": pl.Int64}, orient="row")
        merged = merged.join(grid.frame.select(top=ROW, value=name), on="top").sort("top")
        repeated = [bool(value) and not _is_amount(said, value) for value in merged["value"]]
        merged = merged.filter(pl.Series(repeated, dtype=pl.Boolean))
        cells = rows.select(ROW, cell=name).join_asof(merged, left_on=ROW, right_on="top")
        within = pl.when(pl.col(ROW) <= pl.col("bottom")).then("value")
        filled = cells.select(pl.coalesce("cell", within).alias(name)).to_series()
        count += rows[name].null_count() - filled.null_count()
        rows = rows.with_columns(filled)
    return rows, count


def _is_amount(heading: str, value: str) -> bool:
    known = meanings(heading)
    return bool(known & NUMBERS) or (not known and is_number(value))
