"""Any answer as a workbook or CSV with every row; nothing that was recorded runs as a formula.

A workbook begins with a sheet that says what it is, what it stands on, what is missing, and the
SHA-256 of its rows as CSV. Rows beyond a sheet's limit go on in further sheets, and texts beyond a
cell's limit in the sheet of long texts: nothing is cut.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import IO, Any

import polars as pl
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from api.reports import figures
from api.reports.edition import NOTHING, Edition
from graph_model.errors import BadInput
from graph_model.i18n import catalogue, language, text
from graph_model.schema import KINDS, columns
from loaders.formulas import harmless

Row = Mapping[str, Any]
ROWS = 1_048_575
"""Rows of a sheet below its headings."""
CELL = 32_767
"""Characters that a cell can hold."""
WIDEST, SAMPLE = 60, 200
EXACT = 2**53
"""Whole numbers beyond this lose digits in a spreadsheet and are written as text."""
_NOT_TIMES = {"late", "early", "as_of"}
"""Fields in microseconds that are durations, or whose name also means a batch."""
_WORDS = {"tier": "tier", "grade": "grade", "place": "place"}
"""Fields whose values stand in the catalogue, with the area they stand in."""


@dataclass(frozen=True)
class Sheet:
    """A table of a workbook; `fields` in order, None: as the rows have them.

    `labelled`: with headings for people, else under the fields' own names.
    """

    name: str
    rows: Sequence[Row] | Iterable[Row]
    fields: Sequence[str] | None = None
    labelled: bool = True

    def head(self, name: str) -> str:
        """The heading of a field of this table."""
        return heading(name) if self.labelled else name


@dataclass(frozen=True)
class About:
    """What the first sheet says: what this is, what it stands on, and lines of its own."""

    title: str
    edition: Edition | None = None
    lines: Sequence[tuple[str, str]] = ()
    complete: bool | None = None
    missing: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


# ---------------------------------------------------------------------------- cells


@cache
def _times() -> frozenset[str]:
    """Fields that hold moments in microseconds UTC."""
    fields = (column for kind in KINDS.values() for column in columns(kind))
    return frozenset(c.name for c in fields if c.unit == "us" and c.name not in _NOT_TIMES)


def heading(name: str) -> str:
    """The heading of a field in the language in force."""
    known = catalogue(language())
    return known.get(f"report.column.{name}") or known.get(f"label.{name}") or name


def _plain(name: str, value: Any) -> Any:
    """A value that a cell can hold: nested ones as text, tiers and the like in words."""
    if name in _WORDS and isinstance(value, str):
        return figures.word(_WORDS[name], value)
    if name == "places" and isinstance(value, dict):
        return figures.places(value)
    if name == "cuts" and isinstance(value, list) and all("reason" in cut for cut in value):
        return figures.reasons(value)
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return "; ".join(value)
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value


def _moment(name: str, value: Any, zone: tzinfo) -> datetime | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or name not in _times() or abs(value) >= 2**61:
        return None
    return datetime.fromtimestamp(value / 1e6, UTC).astimezone(zone)


def _csv_cell(value: Any) -> str:
    """A held value in a CSV file; a text that would run as a formula gets an apostrophe."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return "" if value is None else str(value)


def _cells(fields: Sequence[str], row: Row, zone: tzinfo) -> list[Any]:
    """The values of a row as cells hold them: moments, numbers, texts; None where empty."""
    found: list[Any] = []
    for name in fields:
        value = row.get(name)
        plain = isinstance(value, str) and name not in _WORDS
        if plain or value is None or isinstance(value, float):
            found.append(value)
        else:
            moment = _moment(name, value, zone)
            found.append(_plain(name, value) if moment is None else moment)
    return found


# ---------------------------------------------------------------------------- CSV


def _fields(sheet: Sheet) -> list[str]:
    if sheet.fields is not None:
        return list(sheet.fields)
    return list(dict.fromkeys(name for row in sheet.rows for name in row))


def csv_lines(sheet: Sheet, zone: tzinfo) -> Iterator[str]:
    """The lines of a CSV file; the first begins with a byte order mark, for spreadsheets."""
    fields = _fields(sheet)
    line = io.StringIO()
    writer = csv.writer(line)

    def taken() -> str:
        found = line.getvalue()
        line.seek(0)
        line.truncate()
        return found

    writer.writerow([harmless(sheet.head(name)) for name in fields])
    yield "\ufeff" + taken()
    for row in sheet.rows:
        writer.writerow(map(_csv_cell, _cells(fields, row, zone)))
        yield taken()


# ---------------------------------------------------------------------------- workbook


def workbook(target: IO[bytes], about: About | None, *sheets: Sheet) -> str:
    """Writes the sheets behind the one that says what they are; returns the SHA-256 of the rows.

    Without `about` the sheets stand alone, as a form that another system reads.
    Rows are written one by one and never held: memory does not grow with them.
    """
    edition = about.edition if about else None
    zone = edition.zone if edition else UTC
    book = Workbook(
        target,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
         "strings_to_numbers": False, "nan_inf_to_errors": False, "remove_timezone": True},
    )  # fmt: skip
    sealed = (edition.sealed if edition else NOTHING).replace(tzinfo=None)
    book.set_properties({"title": about.title if about else "", "created": sealed})
    with book:
        first = book.add_worksheet(text("cli.about.sheet")) if about else None
        filler = _Filler(book, zone)
        for sheet in sheets:
            filler.fill(sheet)
        filler.write_long_texts()
        if about and first:
            _describe(first, book, about, filler)
    return filler.digest.hexdigest()


class _Filler:
    """Writes rows into sheets, counts them and hashes them as the CSV of them would be."""

    def __init__(self, book: Workbook, zone: tzinfo) -> None:
        self.digest = hashlib.sha256()
        self.counts: dict[str, int] = {}
        self._book, self._zone = book, zone
        self._bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self._date = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        self._text = book.add_format({"num_format": "@"})
        self._long: list[tuple[str, int, str, str]] = []
        self._line = io.StringIO()
        self._writer = csv.writer(self._line)

    def fill(self, sheet: Sheet) -> None:
        """One table, over as many sheets as it needs."""
        fields = _fields(sheet)
        heads = [sheet.head(name) for name in fields]
        self._hash(map(harmless, heads))
        count, page = 0, self._page(sheet.name, 1, heads)
        widths = [min(WIDEST, _width(head)) for head in heads]
        for row in sheet.rows:
            if count and count % ROWS == 0:
                self._close(page, fields, widths)
                page = self._page(sheet.name, count // ROWS + 1, heads)
            values = _cells(fields, row, self._zone)
            self._hash(map(_csv_cell, values))
            self._row(page, count % ROWS + 1, heads, values)
            if count < SAMPLE:
                for at, value in enumerate(values):
                    widths[at] = min(WIDEST, max(widths[at], _width(value)))
            count += 1
        self._close(page, fields, widths)
        self.counts[sheet.name] = count

    def _page(self, name: str, page: int, heads: list[str]) -> Worksheet:
        made = self._book.add_worksheet(name if page == 1 else f"{name} {page}")
        made.freeze_panes(1, 0)
        made.write_row(0, 0, heads, self._bold)
        return made

    def _close(self, page: Worksheet, fields: list[str], widths: list[int]) -> None:
        for at, width in enumerate(widths):
            page.set_column(at, at, width + 2)
        if fields:
            page.autofilter(0, 0, max(page.dim_rowmax or 0, 1), len(fields) - 1)

    def _row(self, page: Worksheet, at: int, heads: list[str], values: list[Any]) -> None:
        for column, value in enumerate(values):
            if value is None:
                continue
            if isinstance(value, str):
                self._write_text(page, at, column, heads[column], value)
            elif isinstance(value, datetime):
                page.write_datetime(at, column, value.replace(tzinfo=None), self._date)
            elif isinstance(value, bool):
                page.write_boolean(at, column, value)
            elif isinstance(value, int | float) and _is_number(value):
                page.write_number(at, column, value)
            else:
                self._write_text(page, at, column, heads[column], str(value))

    def _write_text(self, page: Worksheet, at: int, column: int, head: str, plain: str) -> None:
        if len(plain) > CELL:
            note = text("report.continued", sheet=text("report.long_texts"))
            self._long.append((page.name, at + 1, head, plain))
            plain = plain[: CELL - len(note)] + note
        page.write_string(at, column, plain, self._text)

    def write_long_texts(self) -> None:
        """The texts that no cell can hold, whole, in pieces."""
        if not self._long:
            return
        page = self._book.add_worksheet(text("report.long_texts"))
        page.write_row(0, 0, [text("report.long.sheet"), text("report.long.row"),
                              text("report.long.column"), text("report.long.piece"),
                              text("report.long.text")], self._bold)  # fmt: skip
        at = 1
        for sheet, row, column, whole in self._long:
            for piece, start in enumerate(range(0, len(whole), CELL)):
                page.write_string(at, 0, sheet)
                page.write_number(at, 1, row)
                page.write_string(at, 2, column)
                page.write_number(at, 3, piece + 1)
                page.write_string(at, 4, whole[start : start + CELL], self._text)
                at += 1

    def _hash(self, cells: Iterable[str]) -> None:
        self._line.seek(0)
        self._line.truncate()
        self._writer.writerow(cells)
        self.digest.update(self._line.getvalue().encode())


def _is_number(value: float) -> bool:
    return math.isfinite(value) and (isinstance(value, float) or abs(value) <= EXACT)


def _width(value: Any) -> int:
    """Width of a cell's content; a Chinese character takes two."""
    shown = "" if value is None else str(value)[:WIDEST]
    return sum(2 if ord(char) > 0x2E80 else 1 for char in shown)


def _describe(page: Worksheet, book: Workbook, about: About, filler: _Filler) -> None:
    bold = book.add_format({"bold": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    page.set_column(0, 0, 34)
    page.set_column(1, 1, 100)
    for at, (what, value) in enumerate(_lines(about, filler)):
        page.write_string(at, 0, what, bold)
        page.write_string(at, 1, value[:CELL], wrapped)


def _lines(about: About, filler: _Filler) -> Iterator[tuple[str, str]]:
    yield text("cli.about.what"), about.title
    edition = about.edition
    if edition is not None:
        yield text("report.company"), edition.company
        yield text("cli.about.batch"), str(edition.batch)
        yield text("report.sealed"), figures.stamp(edition.sealed, edition.zone)
        yield text("report.zone"), edition.zone.key
        yield text("cli.about.head"), edition.head
    yield from about.lines
    for name, count in filler.counts.items():
        yield text("report.rows_of", sheet=name), text("report.rows_n_of_n", n=count)
    yield text("report.hash"), filler.digest.hexdigest()
    if about.complete is not None:
        state = "cli.complete" if about.complete else "cli.incomplete"
        yield text("cli.about.state"), text(state)
    for entry in about.missing:
        yield text("cli.about.missing"), entry["text"]


def _gaps(about: About) -> list[Sheet]:
    """What the entries of the completeness line are about, one by one."""
    rows = [
        {"missing": entry["text"], "key": key}
        for entry in about.missing
        for key in [*entry.get("lots", ()), *entry.get("rows", ())]
    ]
    return [Sheet(text("report.missing_sheet"), rows)] if rows else []


# ---------------------------------------------------------------------------- files


def write(path: Path, rows: Sequence[Row], whole: Any, about: About) -> None:
    """All rows to .xlsx, .csv or .parquet, or the whole answer to .json. Raises BadInput.

    Parquet and JSON keep the fields' own names, for programs; the others have headings.
    """
    try:
        _write(path, rows, whole, about)
    except OSError as error:
        raise BadInput("output_unwritable", path=str(path)) from error


def _write(path: Path, rows: Sequence[Row], whole: Any, about: About) -> None:
    sheet = Sheet(text("report.rows_sheet"), rows)
    if path.suffix == ".json":
        path.write_text(json.dumps(whole, ensure_ascii=False, indent=2, default=str), "utf-8")
    elif path.suffix == ".csv":
        zone = about.edition.zone if about.edition else UTC
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(csv_lines(sheet, zone))
    elif path.suffix == ".parquet":
        flat = [{name: _nested(value) for name, value in row.items()} for row in rows]
        pl.DataFrame(flat, infer_schema_length=None).write_parquet(path)
    elif path.suffix == ".xlsx":
        # Opened first: a workbook that cannot be written would leave its scratch files behind.
        with path.open("wb") as target:
            answer_book(target, rows, about)
    else:
        raise BadInput("output_kind", path=str(path))


def answer_book(target: IO[bytes], rows: Sequence[Row], about: About) -> str:
    """All rows of an answer and what is missing as a workbook; the SHA-256 of the rows."""
    sheet = Sheet(text("report.rows_sheet"), rows)
    return workbook(target, about, sheet, *_gaps(about))


def write_form(path: Path, rows: Sequence[Row]) -> None:
    """Rows as another system reads them in: nothing but the table. Raises BadInput."""
    sheet = Sheet("Sheet1", rows, labelled=False)
    try:
        if path.suffix == ".csv":
            with path.open("w", encoding="utf-8", newline="") as lines:
                lines.writelines(csv_lines(sheet, UTC))
        elif path.suffix == ".xlsx":
            with path.open("wb") as target:
                workbook(target, None, sheet)
        else:
            raise BadInput("form_kind", path=str(path))
    except OSError as error:
        raise BadInput("output_unwritable", path=str(path)) from error


def _nested(value: Any) -> Any:
    nested = isinstance(value, list | dict)
    return json.dumps(value, ensure_ascii=False, default=str) if nested else value
