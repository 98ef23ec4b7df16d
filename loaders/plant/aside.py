"""Rows that cannot become facts: kept with their text, counted and reported, never dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from graph_model.schema import SetAside
from loaders.findings import Finding, Severity
from loaders.headings import meanings
from loaders.plant.frames import digest
from loaders.plant.sheets import BY_NAME, IDENTIFYING
from loaders.plant.tables import Tables
from loaders.reading import ROW, Grid

_PERSONS = ("operator", "inspector", "person_code", "person_name", "customer_name")
_NUMBERS = IDENTIFYING - {"person_code", "code", "shift"}


@dataclass
class Aside:
    """What was set aside: rows by sheet, and a finding for each."""

    out: Tables
    rows: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def table(
        self, sheet: str, grid: Grid, rule: str, *, headed: bool = False, **more: object
    ) -> None:
        """Sets a whole table aside, with what is below headings of numbers as text; one finding.

        `headed`: the first row are its headings, whatever they say.
        What stands below other headings may be the name of a person, and is not kept.
        """
        at, names = _headed(grid.head[:1] if headed else grid.head)
        at = max(at, 0) if headed else at
        rows = grid.frame.slice(at + 1)
        if rule == "unknown_sheet" and not names and _is_note(rows):
            rows = rows.clear()
        severity: Severity = "error" if len(rows) else "warning"
        self.findings.append(
            Finding(rule, severity, grid.file, grid.sheet, 0, params=more | {"rows": rows.height})
        )
        if rows.is_empty():
            return
        self.rows[sheet] += rows.height
        kept = rows.select(
            file=pl.lit(grid.file),
            sheet=pl.lit(grid.sheet),
            row=ROW,
            rule=pl.lit(rule),
            text=pl.concat_str(names, separator=" ", ignore_nulls=True) if names else pl.lit(None),
        ).with_columns(_file="file", _sheet="sheet", _row="row")
        self._keep(kept)

    def told(self, sheet: str, rule: str, grid: Grid, rows: Sequence[int]) -> None:
        """Counts rows that are no data: sums of others, remarks. They are told of and not kept."""
        self.rows[sheet] += len(rows)
        self.findings += [Finding(rule, "info", grid.file, grid.sheet, row) for row in rows]

    def _keep(self, rows: pl.DataFrame) -> None:
        """By place and content: another file of the same name has other rows at the same place."""
        rows = rows.with_columns(
            digest(rows.select(pl.col("text").fill_null("")), ["text"]).alias("_text")
        )
        self.out.add(SetAside, rows, key=pl.format("{}/{}/{}/{}", "file", "sheet", "row", "_text"))

    def add(self, sheet: str, frame: pl.DataFrame, rule: str) -> None:
        """Sets the rows of a sheet aside; `rule` says what is missing."""
        if frame.is_empty():
            return
        self.rows[sheet] += frame.height
        shown = [
            name for name in BY_NAME[sheet].fields if name in frame.columns and name not in _PERSONS
        ]
        text = pl.concat_str(
            [pl.col(name).cast(pl.String) for name in shown], separator=" ", ignore_nulls=True
        )
        place = {name: pl.col(f"_{name}") for name in ("file", "sheet", "row")}
        kept = frame.select(
            **place, rule=pl.lit(rule), text=text, _file="_file", _sheet="_sheet", _row="_row"
        )
        self._keep(kept)
        self.findings += [
            Finding(rule, "error", file, name, row, "", written or "")
            for file, name, row, written in kept.select(*place, "text").iter_rows()
        ]


def _is_note(rows: pl.DataFrame) -> bool:
    """Whether it is a remark, and no table of at least two rows and columns."""
    filled = [name for name in rows.columns if name != ROW and rows[name].null_count() < len(rows)]
    return len(rows) < 2 or len(filled) < 2


def _headed(head: Sequence[Sequence[str | None]]) -> tuple[int, list[str]]:
    """Position of the row with most headings of numbers, and their columns; -1 without any."""
    best: tuple[int, list[str]] = (-1, [])
    for at, cells in enumerate(head):
        names = [str(i) for i, cell in enumerate(cells) if cell and meanings(cell) & _NUMBERS]
        if len(names) > len(best[1]):
            best = at, names
    return best
