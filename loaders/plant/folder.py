"""The plant folder: a folder of files or workbooks whose sheets are all optional.

A text file is read when its sheet's turn comes, and let go once its rows are facts, so that memory
holds the facts and one sheet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from loaders.findings import Finding, Severity
from loaders.flattening import Flat
from loaders.headings import both, heading_row, is_guide
from loaders.intake import Counts, Intake, Options
from loaders.mapping import AS_IT_STANDS, Reading, TableMap
from loaders.outside import Outside, outside
from loaders.plant.aside import Aside
from loaders.plant.dates import year_first
from loaders.plant.frames import Zones, completed, picked, tails, timed, typed, with_key
from loaders.plant.lines import Context, prepared, stubs
from loaders.plant.movements import MAPPERS
from loaders.plant.people import Names
from loaders.plant.records import RECORDS
from loaders.plant.sheets import BY_NAME, IDENTIFYING, SHEETS, Sheet
from loaders.plant.tables import Tables
from loaders.proposing import AGAIN, Proposal, proposals
from loaders.reading import ROW, Grid, is_text, read_grids
from loaders.recognition import Recognised, Told, recognise

_ALL = {**MAPPERS, **RECORDS}
_LOOKED_UP = {"work_orders": ["company", "work_order_no", "item_code"]}
_TOTALS = ["合计", "总计", "小计", "合 计", "total", "subtotal", "grand total", "sum"]


_BY: dict[str, Told] = {
    "word": "word", "title": "title", "headings": "headings", "preset": "preset",
}  # fmt: skip
"""What told the kind of a table, where that is to be said."""
_BIG = 4 << 20
"""Bytes from which a text file named as a sheet is read when its turn comes, as it stands."""
BEHIND_TAB = " › "
"""Stands between a tab and the kind of a table in it."""


@dataclass(frozen=True)
class Part:
    """Rows of a sheet; `fields`: which column holds what, where that is settled already.

    `constants`: values of fields without a column; `dates`: the order of day and month; `once`:
    rows that say the same are one.
    """

    grid: Grid
    fields: dict[str, int] | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    dates: str = ""
    once: bool = False


def read(
    files: list[Path],
    options: Options,
    pseudonym: Callable[[str], str],
    progress: Callable[[str], None],
    reading: Reading = AS_IT_STANDS,
) -> Intake:
    """All sheets of the files as tables."""
    return _mapped(files, {}, options, pseudonym, progress, reading)


def read_rows(
    rows: Mapping[str, pl.DataFrame],
    options: Options,
    pseudonym: Callable[[str], str],
    progress: Callable[[str], None],
) -> Intake:
    """Rows by sheet, as text, as tables: what a file with these columns would give.

    A frame has some of the sheet's fields, and `_file`, `_sheet` and `_row` of each row.
    """
    return _mapped([], rows, options, pseudonym, progress)


def _mapped(
    files: list[Path],
    rows: Mapping[str, pl.DataFrame],
    options: Options,
    pseudonym: Callable[[str], str],
    progress: Callable[[str], None],
    reading: Reading = AS_IT_STANDS,
) -> Intake:
    out = Tables()
    frames = Frames(files, rows, options, Names(pseudonym), Aside(out), progress, reading)
    ctx = Context(out, frames.aside, frames)
    for sheet in SHEETS:
        frame = frames.pop(sheet.name)
        if frame is not None:
            progress(sheet.name)
            _map(sheet, frame, ctx, frames)
            frames.counts[sheet.name].set_aside = ctx.aside.rows[sheet.name]
    findings = frames.findings + ctx.aside.findings
    order = [sheet.name for sheet in SHEETS if sheet.name in frames.counts]
    counts = {name: frames.counts[name] for name in (*order, *frames.counts)}
    tables = out.finish()
    return Intake(
        "plant", tables, findings, counts, files, frames.names.real, frames.tabs, frames.maps
    )


class Frames:
    """The sheets of some files and rows as typed frames, each read when first asked for.

    What is noticed while reading is in `findings`, the rows read in `counts`, the sheet that each
    tab was taken for in `tabs`.
    """

    def __init__(
        self,
        files: list[Path],
        rows: Mapping[str, pl.DataFrame],
        options: Options,
        names: Names,
        aside: Aside,
        progress: Callable[[str], None],
        reading: Reading = AS_IT_STANDS,
    ) -> None:
        self._reading = reading
        self.maps: list[TableMap] = []
        self.names, self.aside, self._progress = names, aside, progress
        self.counts: dict[str, Counts] = {}
        self.findings: list[Finding] = []
        self.tabs: dict[tuple[str, str], str] = {}
        self._company = options.company
        self._parts: dict[str, list[Path | Part]] = defaultdict(list)
        self._rows = dict(rows)
        self._frames: dict[str, pl.DataFrame] = {}
        self._ready: set[str] = set()
        for file in files:
            self._find(file)
        self._zones = _zones(self._typed("sites"), options.timezone)
        names.learn(self._typed("people"))

    def get(self, name: str) -> pl.DataFrame | None:
        """A sheet's rows, kept until `pop`."""
        frame = self._typed(name)
        if frame is not None and name not in self._ready:
            self._ready.add(name)
            self._frames[name] = self._timed(frame, BY_NAME[name])
        return self._frames.get(name)

    def pop(self, name: str) -> pl.DataFrame | None:
        """A sheet's rows, which are let go but for what later sheets look up."""
        frame = self.get(name)
        self._frames.pop(name, None)
        if frame is not None and name in _LOOKED_UP:
            self._frames[name] = frame.select(_LOOKED_UP[name])
        return frame

    def _find(self, file: Path) -> None:
        """Which sheets a file has; a big text file stays unread until its sheet's turn comes."""
        big = is_text(file) and file.stat().st_size > _BIG and not self._reading.maps
        if big and (named := recognise(file.stem, ())):
            self._take(file, file.name, file.stem, named)
            return
        self._progress(file.name)
        for grid in read_grids(file, file.name):
            if not (is_guide(grid.sheet) or grid.frame.is_empty()):
                self._look(grid, file.stem)

    def _look(self, grid: Grid, stem: str) -> None:
        """Which sheets the tables of a tab belong to."""
        found = proposals(grid, stem, self._reading.maps, self._reading.known)
        self.maps += [each.map for each in found]
        if found:
            self._outside(outside(grid, [(each.table.block, each.looked_at) for each in found]))
        if not found or (len(found) == 1 and found[0].table.plain and not found[0].confirmed):
            whole = found[0].table.grid if found else grid
            taken = recognise(grid.sheet, whole.head)
            if taken:
                self._take(Part(whole), grid.file, grid.sheet, taken)
                return
        if not found:
            self._aside(grid, "unknown_sheet")
        # Only once it is confirmed a table is read in two ways.
        found = [each for each in found if each.confirmed or each.map.said != AGAIN]
        kinds = {each.map.kind for each in found}
        put_in = [id(each.table) for each in found if each.map.kind == "issues"]
        for each in found:
            once = each.map.kind == "outputs" and id(each.table) in put_in
            self._read_table(each, several=len(kinds) > 1, once=once)

    def _read_table(self, found: Proposal, *, several: bool, once: bool) -> None:
        """A table whose kind and columns are sure or confirmed; all others are set aside.

        Of a tab with tables of several kinds each has its kind behind the name. `once`: what the
        table says was made stands in it again for all that went in.
        """
        table, mapped = found.table, found.map
        grid = replace(table.grid, frame=table.grid.frame.clone())  # its columns are taken out
        if several and mapped.kind:
            meant = both(f"import.sheet.{mapped.kind}")
            grid = replace(grid, sheet=f"{grid.sheet}{BEHIND_TAB}{meant}")
        if mapped.kind is None and found.confirmed:
            self.aside.told(grid.sheet, "table_skipped", grid, table.grid.frame[ROW][1:].to_list())
            self._count_aside(grid.sheet, table.height)
        elif mapped.kind is None or not (mapped.sure and found.read.keys() & IDENTIFYING):
            meant = both(f"import.sheet.{mapped.kind}") if mapped.kind else ""
            rule = "table_unconfirmed" if meant else "unknown_sheet"
            self._aside(grid, rule, table, meant=meant)
        else:
            fields = found.read
            self._tell(mapped.kind, grid, table)
            if table.filled or table.block.across:
                rule = "across_unrolled" if table.block.across else "merged_filled"
                more = {"cells": table.filled, "rows": table.height}
                self.findings.append(
                    Finding(rule, "info", grid.file, grid.sheet, mapped.row, params=more)
                )
            part = Part(
                grid, fields, mapped.constants, mapped.dates if found.confirmed else "", once
            )
            taken = Recognised(BY_NAME[mapped.kind], _BY.get(mapped.why, "name"))
            self._take(part, grid.file, grid.sheet, taken, mapped.said)

    def _aside(
        self,
        grid: Grid,
        rule: str,
        table: Flat | None = None,
        *,
        headed: bool = False,
        **more: object,
    ) -> None:
        before = self.aside.rows[grid.sheet]
        self.aside.table(grid.sheet, grid, rule, headed=headed or table is not None, **more)
        if table is not None and self.aside.rows[grid.sheet] > before:
            self._tell(grid.sheet, grid, table)
        self._count_aside(grid.sheet, self.aside.rows[grid.sheet] - before)

    def _count_aside(self, sheet: str, rows: int) -> None:
        if rows:
            count = self.counts.setdefault(sheet, Counts())
            count.read += rows
            count.set_aside += rows

    def _outside(self, rest: Outside) -> None:
        """Sets rows in no table aside, and tells of remarks and of cells under no heading."""
        grid = rest.records
        if grid.frame.height > 1:
            self._aside(grid, "rows_outside", headed=True)
        self.findings += [
            Finding("note_row", "info", grid.file, grid.sheet, row) for row in rest.remarks
        ]
        if rest.beside:
            more = {"rows": len(rest.beside)}
            self.findings.append(
                Finding("cells_beside", "warning", grid.file, grid.sheet, rest.beside[0],
                        params=more)
            )  # fmt: skip

    def _tell(self, sheet: str, grid: Grid, table: Flat) -> None:
        """Tells of the rows of a table that are no data."""
        for rule, rows in (("totals_row", table.totals), ("note_row", table.notes)):
            self.aside.told(sheet, rule, grid, rows)

    def _take(
        self, part: Path | Part, file: str, tab: str, taken: Recognised, said: str = ""
    ) -> None:
        self._parts[taken.sheet.name].append(part)
        self.tabs[file, tab] = taken.sheet.name
        if taken.by != "name":
            severity: Severity = "warning" if taken.by == "headings" else "info"
            meant = both(f"import.sheet.{taken.sheet.name}")
            rule = "preset_used" if taken.by == "preset" else "sheet_taken_as"
            self.findings.append(Finding(rule, severity, file, tab, 0, "", meant, {"said": said}))

    def _typed(self, name: str) -> pl.DataFrame | None:
        """A sheet of all files together, times as text."""
        if name in self._parts or name in self._rows:
            parts = self._read_parts(self._parts.pop(name, []))
            frames = [self._part(part, BY_NAME[name]) for part in parts if len(part.grid.frame)]
            if name in self._rows:
                rows = completed(self._rows.pop(name), BY_NAME[name])
                frames.append(self._read(rows, BY_NAME[name]))
            if frames:
                self._frames[name] = pl.concat(frames, rechunk=True)
        return self._frames.get(name)

    def _read_parts(self, parts: list[Path | Part]) -> Iterable[Part]:
        while parts:
            part = parts.pop(0)
            if isinstance(part, Part):
                yield part
                continue
            self._progress(part.name)
            yield from map(Part, read_grids(part, part.name))

    def _part(self, part: Part, sheet: Sheet) -> pl.DataFrame:
        if part.fields is None and heading_row(part.grid.head, sheet) is None:
            self.aside.table(sheet.name, part.grid, "heading_missing")
        frame, notes = picked(part.grid, sheet, part.fields, part.constants)
        if part.dates:
            frame = year_first(frame, sheet, part.dates)
        if part.once:
            frame = frame.unique(list(sheet.fields), keep="first", maintain_order=True)
        self.findings += notes
        return self._read(frame, sheet)

    def _read(self, frame: pl.DataFrame, sheet: Sheet) -> pl.DataFrame:
        frame, notes = typed(frame, sheet)
        self.findings += notes
        return frame

    def _timed(self, frame: pl.DataFrame, sheet: Sheet) -> pl.DataFrame:
        company = pl.col("org") if "org" in frame.columns else pl.lit(None, dtype=pl.String)
        frame = self.names.hide(frame).with_columns(company=company.fill_null(self._company))
        self.counts[sheet.name] = Counts(read=frame.height + self.aside.rows[sheet.name])
        frame, notes = timed(_identified(frame, sheet, self.aside), sheet, self._zones)
        self.findings += notes
        return frame


def _zones(sites: pl.DataFrame | None, default: str) -> Zones:
    zones = Zones(default)
    if sites is None:
        return zones
    for code, zone, start in sites.select("site_code", "timezone", "day_start").iter_rows():
        if code and zone and _is_zone(zone):
            zones.timezone[code] = zone
        hour, _, minute = (start or "").partition(":")
        if code and hour.isdigit() and int(hour) < 24:
            zones.start[code] = int(hour) * 60 + (int(minute[:2]) if minute[:2].isdigit() else 0)
    return zones


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _identified(frame: pl.DataFrame, sheet: Sheet, aside: Aside) -> pl.DataFrame:
    """Rows from which no number can be read are set aside; the word for a total is none."""
    names = [name for name in sheet.fields if name in IDENTIFYING]
    lost = frame.select(*names, _at=pl.int_range(pl.len()))
    # The fullest columns first: they identify most rows at once.
    for name in sorted(names, key=lambda name: frame[name].null_count()):
        written = pl.col(name)
        lost = lost.filter(written.is_null() | written.str.to_lowercase().is_in(_TOTALS))
        if lost.is_empty():
            return frame
    kept = pl.repeat(True, frame.height, dtype=pl.Boolean, eager=True)
    kept = kept.scatter(lost["_at"], False)
    aside.add(sheet.name, frame.filter(~kept), "nothing_identified")
    return frame.filter(kept)


def _map(sheet: Sheet, frame: pl.DataFrame, ctx: Context, frames: Frames) -> None:
    frame, notes = tails(frame, sheet)
    frames.findings += notes
    repeated = int(frame["_repeated"].sum())
    frames.counts[sheet.name].already_known = repeated
    if repeated:
        frame = frame.filter(~pl.col("_repeated"))
    frame = with_key(frame, sheet)
    stubs(frame, ctx.out)
    if "place" in frame.columns:
        frame = frame.with_columns(_place=pl.col("place"))
    _ALL[sheet.name](prepared(frame, sheet.name), ctx)
