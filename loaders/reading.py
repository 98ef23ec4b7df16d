"""Files -> tables of text: CSV in the encodings in use, xlsx and xls.

Every cell stays text and every row keeps the number that the spreadsheet shows. A file that
would take the memory of the machine, or is not what it says, is refused with what to do.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl
import python_calamine

from graph_model.errors import BadFile
from loaders.cleaning import cell_text
from loaders.hostile import guard_xls, guard_zip

ROW = "_row"
SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls")
LONGEST_CELL = 32_767  # what a spreadsheet can hold
_MOST_COLUMNS = 1_024
_HEAD = 1 << 18
_LOOK = 30
"""So many rows are searched for the headings below titles and letterheads."""
_CHUNK = 5_000


Span = tuple[int, int, int, int]
"""Merged cells: first row as `_row` counts, first column of the grid, last row, last column."""


@dataclass(frozen=True)
class Grid:
    """One sheet as text: columns `0`, `1`, … and `_row`; blank rows left out.

    `left`: columns of the spreadsheet before column `0`.
    """

    file: str
    sheet: str
    frame: pl.DataFrame
    too_long: tuple[tuple[int, str], ...] = ()
    merged: tuple[Span, ...] = ()
    left: int = 0

    @cached_property
    def head(self) -> list[tuple[str | None, ...]]:
        """The rows among which headings are looked for."""
        return self.frame.drop(ROW).head(_LOOK).rows()


_BOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def is_text(path: Path) -> bool:
    """Whether a file is no workbook, by its first bytes."""
    with path.open("rb") as stream:
        return not stream.read(4).startswith(_BOOKS)


def read_grids(path: Path, shown: str) -> Iterator[Grid]:
    """The sheets of one file. `shown` is the file name in findings. Raises BadFile."""
    with path.open("rb") as stream:
        start = stream.read(8)
    if not start:
        raise BadFile("file_empty", file=shown)
    if not start.startswith(_BOOKS):
        yield _csv(path, shown)
        return
    if start.startswith(b"PK"):
        guard_zip(path, shown)
    else:
        guard_xls(path, shown)
    yield from _workbook(path, shown)


# ---------------------------------------------------------------------------- text files


def _csv(path: Path, shown: str) -> Grid:
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if head.startswith((b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"\x1f\x8b", b"Rar!")):
        raise BadFile("file_not_text", file=shown)
    source, text = _decoded(path, head, shown)
    separator = _separator(text)
    width = _width(text, separator, shown)
    try:
        frame = pl.read_csv(
            source,
            has_header=False,
            schema={str(column): pl.String() for column in range(width)},
            separator=separator,
            missing_columns="insert",
            truncate_ragged_lines=True,
            row_index_name=ROW,
            row_index_offset=1,
        )
    except (pl.exceptions.PolarsError, OSError):
        frame = _with_loose_quotes(source, separator, width, shown)
    return _grid(shown, path.stem, frame)


def _with_loose_quotes(
    source: Path | bytes, separator: str, width: int, shown: str
) -> pl.DataFrame:
    """Slower, for cells with a quote inside (`3" pipe`); a quote left open is still refused."""
    schema = _schema(width)
    stream = (
        source.open(encoding="utf-8-sig", newline="")
        if isinstance(source, Path)
        else io.StringIO(source.decode(), newline="")
    )
    frames = [pl.DataFrame(schema=schema)]
    with stream:
        rows = enumerate(csv.reader(stream, delimiter=separator, strict=True), start=1)
        try:
            while chunk := list(itertools.islice(rows, _CHUNK)):
                cells = [[*(row + [""] * width)[:width], number] for number, row in chunk]
                frames.append(pl.DataFrame(cells, schema=schema, orient="row"))
        except csv.Error as error:
            raise BadFile("file_not_table", file=shown) from error
    return pl.concat(frames)


def _schema(width: int) -> dict[str, pl.DataType]:
    return {str(column): pl.String() for column in range(width)} | {ROW: pl.Int64()}


def _decoded(path: Path, head: bytes, shown: str) -> tuple[Path | bytes, str]:
    """What polars is to read, and the decoded beginning."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _recoded(path, "utf-16", shown)
    if head.count(b"\0") > len(head) // 20:
        raise BadFile("file_not_text", file=shown)
    if _is_utf8(path):
        if b"\0" in head or _ends_lines_by_return(head):
            data = _plain(path.read_bytes())
            return data, data[:_HEAD].decode("utf-8", "ignore").removeprefix("\ufeff")
        return path, head.decode("utf-8", "ignore").removeprefix("\ufeff")
    return _recoded(path, "gb18030", shown)


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        try:
            while chunk := stream.read(1 << 20):
                # Plain text needs no decoding, unless a character was cut in two before it.
                if not (chunk.isascii() and decoder.getstate()[0] == b""):
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _recoded(path: Path, encoding: str, shown: str) -> tuple[bytes, str]:
    try:
        text = path.read_bytes().decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise BadFile("file_encoding", file=shown) from error
    data = _plain(text.encode())
    return data, data[:_HEAD].decode("utf-8", "ignore")


def _ends_lines_by_return(head: bytes) -> bool:
    return b"\r" in head and b"\n" not in head


def _plain(data: bytes) -> bytes:
    """Without NUL bytes; lines that end as on old Macs end as elsewhere."""
    data = data.replace(b"\0", b"")
    return data.replace(b"\r", b"\n") if _ends_lines_by_return(data[:_HEAD]) else data


def _separator(text: str) -> str:
    """The separator that most lines of the beginning agree on."""
    lines = [line for line in text.splitlines()[:50] if line.strip()]

    def agreement(mark: str) -> tuple[int, int]:
        counts = sorted(line.count(mark) for line in lines)
        return sum(count > 0 for count in counts), counts[len(counts) // 2] if counts else 0

    return max(",;\t", key=agreement)


def _width(text: str, separator: str, shown: str) -> int:
    csv.field_size_limit(1 << 30)
    rows = csv.reader(io.StringIO(text, newline=None), delimiter=separator)
    width = max((len(row) for row in itertools.islice(rows, 200)), default=0)
    if width > _MOST_COLUMNS:
        raise BadFile("file_too_wide", file=shown, columns=width, most=_MOST_COLUMNS)
    return max(width, 1)


# ---------------------------------------------------------------------------- workbooks


def _workbook(path: Path, shown: str) -> Iterator[Grid]:
    try:
        book = python_calamine.load_workbook(path)
        kinds = [meta for meta in book.sheets_metadata if "Work" in str(meta.typ)]
        for meta in kinds:
            sheet = book.get_sheet_by_name(meta.name)
            grid = _grid(shown, meta.name, _sheet_frame(sheet, shown))
            left = sheet.start[1] if sheet.start else 0
            yield replace(grid, merged=_merged(sheet, left), left=left)
    except python_calamine.PasswordError as error:
        raise BadFile("file_password", file=shown) from error
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise BadFile("file_damaged", file=shown) from error
    except BaseException as error:
        # The reader's panic derives from BaseException; all others are passed on.
        if type(error).__name__ != "PanicException":
            raise
        raise BadFile("file_damaged", file=shown) from error


def _merged(sheet: python_calamine.CalamineSheet, left: int) -> tuple[Span, ...]:
    spans = sheet.merged_cell_ranges or []
    return tuple(
        (top + 1, max(first - left, 0), bottom + 1, last - left)
        for (top, first), (bottom, last) in spans
        if last >= left
    )


def _sheet_frame(sheet: python_calamine.CalamineSheet, shown: str) -> pl.DataFrame:
    width = sheet.width
    if width > _MOST_COLUMNS:
        raise BadFile("file_too_wide", file=shown, columns=width, most=_MOST_COLUMNS)
    schema = _schema(max(width, 1))
    start = sheet.start
    first = start[0] if start else 0
    frames = [pl.DataFrame(schema=schema)]
    rows = enumerate(sheet.iter_rows(), start=1)
    while chunk := list(itertools.islice(rows, _CHUNK)):
        texts = [
            [*(cell_text(value) or None for value in row), number]
            for number, row in chunk
            if any(value not in ("", None) for value in row)
        ]
        frames.append(pl.DataFrame(texts, schema=schema, orient="row"))
    frame = pl.concat(frames)
    if first and frame.height and frame[ROW].max() == sheet.height:
        frame = frame.with_columns(pl.col(ROW) + first)
    return frame


# ---------------------------------------------------------------------------- both


def _grid(shown: str, sheet: str, frame: pl.DataFrame) -> Grid:
    """Without blank rows; cells longer than a spreadsheet can hold are emptied and named."""
    texts = [name for name in frame.columns if name != ROW]
    frame = frame.with_columns(pl.col(ROW).cast(pl.Int64))
    too_long = []
    any_over = (pl.col(texts).str.len_bytes() > LONGEST_CELL).any()
    for name, found in next(frame.select(any_over).iter_rows(named=True), {}).items():
        if found:
            cells = frame[name].str.len_bytes() > LONGEST_CELL
            too_long += [(row, name) for row in frame.filter(cells)[ROW]]
            frame = frame.with_columns(frame[name].set(cells.fill_null(False), None))
    return Grid(shown, sheet, _without_blank_rows(frame, texts), tuple(too_long))


def _without_blank_rows(frame: pl.DataFrame, texts: list[str]) -> pl.DataFrame:
    """Only rows in which something is written. Few columns tell it of most rows."""
    blank = frame.select(pl.int_range(pl.len()).alias("_at"), *texts)
    for name in sorted(texts, key=lambda name: frame[name].null_count()):
        nothing = pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "")
        blank = blank.filter(nothing)
        if blank.is_empty():
            return frame
    kept = pl.repeat(True, frame.height, dtype=pl.Boolean, eager=True)
    return frame.filter(kept.scatter(blank["_at"], False))
