"""What stands in a sheet outside of its tables: none of it is left out without being told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from loaders.cells import are_remarks, is_title
from loaders.layout import Block
from loaders.reading import ROW, Grid


@dataclass(frozen=True)
class Outside:
    """`records`: rows as full as those of the first table, under its headings.

    As rows of the spreadsheet: `remarks`, and rows of tables with cells `beside` all headings.
    """

    records: Grid
    remarks: tuple[int, ...]
    beside: tuple[int, ...]


def outside(grid: Grid, found: Sequence[tuple[Block, Sequence[int]]]) -> Outside:
    """What is in no table of the sheet and neither a title nor a label with its value.

    `found`: each table with those of its columns that a heading or a person speaks for.
    """
    first = found[0][0]
    inside = pl.any_horizontal(_within(block) for block, _ in found)
    strays = _strays(grid, found).with_columns(inside=inside)
    rows = strays.filter(~pl.col("inside")).group_by(ROW, maintain_order=True).agg("cell")
    records: list[int] = []
    remarks: list[int] = []
    for row, cells in rows.sort(ROW).iter_rows():
        if is_title(tuple(cells)) or are_remarks(cells):
            continue
        full = len(cells) * 2 > max(len(first.columns), 2)
        (records if full else remarks).append(row)
    spoken = dict(zip(map(str, first.columns), first.spoken, strict=True))
    head = pl.DataFrame([{**spoken, ROW: 0}], schema=grid.frame.schema)
    frame = pl.concat([head, grid.frame.filter(pl.col(ROW).is_in(records))])
    beside = strays.filter("inside")[ROW].unique().sort()
    return Outside(replace(grid, frame=frame), tuple(remarks), tuple(beside))


def _strays(grid: Grid, found: Sequence[tuple[Block, Sequence[int]]]) -> pl.DataFrame:
    """Cells that nothing speaks for: `at`, `_row` and `cell`, column by column."""
    rows = grid.frame.with_row_index("at")
    for block, columns in found:
        rows = rows.with_columns(pl.when(~_within(block)).then(pl.col([*map(str, columns)])))
    cells = rows.unpivot(index=["at", ROW], value_name="cell").drop("variable")
    return cells.filter(pl.col("cell").str.strip_chars() != "")


def _within(block: Block) -> pl.Expr:
    return pl.col("at").is_between(block.head[0], block.rows[1], closed="left")
