"""The plant folder: a folder of files or workbooks whose sheets are all optional."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from loaders.findings import Finding
from loaders.headings import is_guide, sheet_named
from loaders.intake import Counts, Intake, Options
from loaders.plant.aside import Aside
from loaders.plant.frames import Zones, picked, tails, timed, typed, with_key
from loaders.plant.lines import Context, prepared, stubs
from loaders.plant.movements import MAPPERS
from loaders.plant.people import Names
from loaders.plant.records import RECORDS
from loaders.plant.sheets import IDENTIFYING, SHEETS, Sheet
from loaders.plant.tables import Tables
from loaders.reading import read_grids

_ALL = {**MAPPERS, **RECORDS}
_TOTALS = ["合计", "总计", "小计", "合 计", "total", "subtotal", "grand total", "sum"]


def read(
    files: list[Path],
    options: Options,
    pseudonym: Callable[[str], str],
    progress: Callable[[str], None],
) -> Intake:
    """All sheets of the files as tables."""
    frames, findings = _frames(files, progress)
    zones = _zones(frames.get("sites"), options.timezone)
    names = Names(pseudonym)
    names.learn(frames.get("people"))
    counts: dict[str, Counts] = {}
    out = Tables()
    ctx = Context(out, Aside(out))
    for sheet in SHEETS:
        if sheet.name not in frames:
            continue
        frame = frames[sheet.name]
        company = pl.col("org") if "org" in frame.columns else pl.lit(None, dtype=pl.String)
        frame = names.hide(frame).with_columns(company=company.fill_null(options.company))
        counts[sheet.name] = Counts(read=frame.height)
        frame = _identified(frame, sheet, ctx.aside)
        ctx.frames[sheet.name], notes = timed(frame, sheet, zones)
        findings += notes
    for sheet in SHEETS:
        if sheet.name in ctx.frames:
            progress(sheet.name)
            _map(sheet, ctx, counts[sheet.name], findings)
            counts[sheet.name].set_aside = ctx.aside.rows[sheet.name]
    findings += ctx.aside.findings
    return Intake("plant", ctx.out.finish(), findings, counts, files, names.real)


def _frames(
    files: list[Path], progress: Callable[[str], None]
) -> tuple[dict[str, pl.DataFrame], list[Finding]]:
    """Typed frames by sheet name, all files together."""
    parts: dict[str, list[pl.DataFrame]] = defaultdict(list)
    findings: list[Finding] = []
    for file in files:
        progress(file.name)
        for grid in read_grids(file, file.name):
            sheet = sheet_named(grid.sheet)
            if is_guide(grid.sheet) or grid.frame.is_empty():
                continue
            if sheet is None:
                findings.append(Finding("unknown_sheet", "warning", grid.file, grid.sheet, 0))
                continue
            frame, notes = picked(grid, sheet)
            findings += notes
            frame, notes = typed(frame, sheet)
            findings += notes
            parts[sheet.name].append(frame)
    return {name: pl.concat(frames, rechunk=True) for name, frames in parts.items()}, findings


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
    lost = pl.all_horizontal(
        pl.col(name).is_null() | pl.col(name).str.to_lowercase().is_in(_TOTALS)
        for name in sheet.fields
        if name in IDENTIFYING
    )
    aside.add(sheet.name, frame.filter(lost), "nothing_identified")
    return frame.filter(~lost)


def _map(sheet: Sheet, ctx: Context, counts: Counts, findings: list[Finding]) -> None:
    frame, notes = tails(ctx.frames[sheet.name], sheet)
    findings += notes
    counts.already_known = int(frame["_repeated"].sum())
    frame = with_key(frame.filter(~pl.col("_repeated")), sheet)
    stubs(frame, ctx.out)
    if "place" in frame.columns:
        frame = frame.with_columns(_place=pl.col("place"))
    _ALL[sheet.name](prepared(frame, sheet.name), ctx)
