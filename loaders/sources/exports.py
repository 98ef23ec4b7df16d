"""Systems without an interface of their own, read by what they export: SIE MES, Yidu WMS.

Files are put into a folder, by hand or by the system. Each is read once, and again when it changes;
its headings say which form of the profile it is, also where they stand in two rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from graph_model.errors import BadInput, SourceError
from graph_model.settings import Settings
from loaders.headings import normal
from loaders.intake import input_files
from loaders.reading import ROW, Grid, read_grids
from loaders.sources.base import Cursor, Offered, Page
from loaders.sources.config import Configured
from loaders.sources.door import Pace
from loaders.sources.forms import Form

DEFAULT_PACE = Pace()
_LOOK = 30
"""So many rows are searched for the headings."""
_PAGE = 5_000

Row = Sequence[str | None]


@dataclass(frozen=True)
class _Export:
    """One sheet of a file and the form it was taken for; rows below its headings."""

    file: str
    digest: str
    form: Form
    headings: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    first: int


class Exports:
    """A folder of exports. Option: `folder`, within the data folder."""

    def __init__(
        self, configured: Configured, settings: Settings, pace: Pace = DEFAULT_PACE
    ) -> None:
        self._configured = configured
        self._zone = ZoneInfo(settings.timezone)
        folder = (settings.data / configured.option("folder")).resolve()
        if not folder.is_relative_to(settings.data.resolve()):
            raise BadInput("source_folder_outside", source=configured.name, folder=str(folder))
        self._folder = folder

    def close(self) -> None:
        """Nothing is held open."""

    def forms(self) -> list[Form]:
        """The forms of the profile. Raises SourceError where a file is none of them."""
        _ = self._exports
        return [replace(form, document="_file", line="_row") for form in self._configured.forms()]

    def offers(self) -> list[Offered]:
        """The sheets that are there, with their headings."""
        return [
            Offered(each.file, each.form.title, each.headings, each.form.sheet)
            for each in self._exports
        ]

    def pages(self, form: Form, cursor: Cursor) -> Iterator[Page]:
        """The rows of files that are new or have changed."""
        known = dict(cursor.get("files", {}))
        new = [each for each in self._exports if each.form.name == form.name]
        new = [each for each in new if known.get(each.file) != each.digest]
        if not new:
            yield Page(form, [], cursor, unasked=True)
        for each in new:
            records = [self._record(each, nth, row) for nth, row in enumerate(each.rows)]
            for start in range(0, len(records), _PAGE):
                yield Page(form, records[start : start + _PAGE], {"files": dict(known)})
            known[each.file] = each.digest
        if new:
            yield Page(form, [], {"files": known})

    def _record(self, export: _Export, nth: int, row: Row) -> dict[str, Any]:
        place = {normal(heading): column for column, heading in enumerate(export.headings)}
        found: dict[str, Any] = {"_today": f"{datetime.now(self._zone):%Y-%m-%d}"}
        for name in export.form.asked:
            column = place.get(normal(name))
            if column is not None:
                found[name] = row[column]
        return {**found, "_file": export.file, "_row": export.first + nth}

    @cached_property
    def _exports(self) -> list[_Export]:
        found = []
        for file in input_files(self._folder):
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            grids = [grid for grid in read_grids(file, file.name) if not grid.frame.is_empty()]
            found += [self._recognised(grid, file, digest) for grid in grids]
        return found

    def _recognised(self, grid: Grid, file: Path, digest: str) -> _Export:
        names = [name for name in grid.frame.columns if name != ROW]
        rows = grid.frame.select(names).rows()
        best = max(
            (
                (_fit(form, headings), at, headings, form)
                for at, headings in _headings(rows)
                for form in self._configured.forms()
            ),
            key=lambda each: each[0],
        )
        fit, at, headings, form = best
        if not fit:
            raise SourceError("source_file_unknown", source=self._configured.name, file=file.name)
        first = int(grid.frame[ROW][at]) if at < len(rows) else 0
        sheet = f"{file.name}/{grid.sheet}"
        return _Export(sheet, digest, form, headings, rows[at:], first)


def _headings(rows: Sequence[Row]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(where the rows below begin, headings), of every row, and of every two rows together.

    Of two rows the upper one may be merged: what stands there counts for all empty cells to its
    right, and is written in front of what stands below.
    """
    for at, row in enumerate(rows[:_LOOK]):
        yield at + 1, tuple(cell or "" for cell in row)
        if at + 1 < len(rows):
            above = ""
            both = []
            for upper, lower in zip(row, rows[at + 1], strict=True):
                above = upper or above
                both.append(f"{above}/{lower}" if lower and above else lower or upper or "")
            yield at + 2, tuple(both)


def _fit(form: Form, headings: tuple[str, ...]) -> int:
    """How many headings a form knows; 0 where one of those that it needs is missing."""
    there = {normal(heading) for heading in headings if heading}
    needed = [_others(form, name) for name in form.required]
    if not all(any(normal(name) in there for name in names) for names in needed):
        return 0
    return sum(normal(name) in there for name in form.asked)


def _others(form: Form, name: str) -> tuple[str, ...]:
    """All that may stand for a heading."""
    return next((names for names in form.fields.values() if name in names), (name,))
