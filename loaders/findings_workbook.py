"""Findings for people: a workbook that says what is wrong and what to do; their own file marked.

Every text is written as text: a cell that begins with `=` stays what it was read as. Nothing is
capped; a sheet that is full goes on in the next one.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import xlsxwriter

from graph_model.errors import BadInput
from graph_model.i18n import LANGUAGES, catalogue, language, text
from loaders.findings import Finding
from loaders.formulas import harmless
from loaders.headings import heading_row
from loaders.reading import LONGEST_CELL, ROW, Grid, read_grids
from loaders.recognition import recognise

_ROWS = 1_048_575
"""Rows of a sheet below its headings."""
_COLUMNS = ("severity", "file", "sheet", "row", "column", "value", "rule")
_WIDTHS = {"file": 22, "value": 24, "rule": 26, "text": 60, "repair": 60}
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def told(finding: Finding, part: str = "text", lang: str | None = None) -> str:
    """What is wrong (`text`) or what to do (`repair`), in the language in force or `lang`."""
    params = {"value": finding.value, **finding.params}
    said = text(f"finding.{finding.rule}.{part}", lang, **params)
    if part == "text" and "more" in finding.params:
        said += text("findings_sheet.more", lang, more=finding.params["more"])
    return said


def write(findings: Iterable[Finding], path: Path) -> None:
    """Writes the workbook of findings, in the order given; an existing file is replaced.

    Texts stand in all languages, headings in the one in force. A summary comes first.
    Raises BadInput where the file cannot be written.
    """
    listed = list(findings)
    try:
        path.open("ab").close()  # Refused here, before temporary files are open.
        with xlsxwriter.Workbook(path, _OPTIONS) as book:
            head = book.add_format({"bold": True, "text_wrap": True, "bg_color": "#DDEBF7"})
            wrap = book.add_format({"text_wrap": True, "valign": "top"})
            _summary(book, head, wrap, listed)
            rest = iter(listed)
            number = 0
            while (part := list(islice(rest, _ROWS))) or number == 0:
                number += 1
                _page(book, head, wrap, part, number)
    except (OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise BadInput("findings_unwritable", path=str(path)) from error


def _summary(book: Any, head: Any, wrap: Any, findings: Sequence[Finding]) -> None:
    page = book.add_worksheet(text("findings_sheet.summary"))
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for finding in findings:
        counts[finding.severity, finding.rule] += 1
    names = ("severity", "rule", "count", *(f"repair_{lang}" for lang in LANGUAGES))
    _headings(page, head, names)
    order = ["error", "warning", "info"]
    ranked = sorted(counts.items(), key=lambda item: (order.index(item[0][0]), -item[1], item[0]))
    for row, ((severity, rule), count) in enumerate(ranked, start=1):
        repairs = [catalogue(lang)[f"finding.{rule}.repair"] for lang in LANGUAGES]
        page.write_string(row, 0, text(f"findings_sheet.{severity}"))
        page.write_string(row, 1, rule)
        page.write_number(row, 2, count)
        for column, repair in enumerate(repairs, start=3):
            page.write_string(row, column, repair, wrap)


def _page(book: Any, head: Any, wrap: Any, findings: Sequence[Finding], number: int) -> None:
    title = text("findings_sheet.findings")
    page = book.add_worksheet(title if number == 1 else f"{title} {number}")
    texts = [(part, lang) for lang in LANGUAGES for part in ("text", "repair")]
    names = (*_COLUMNS, *(f"{part}_{lang}" for part, lang in texts))
    _headings(page, head, names)
    for row, finding in enumerate(findings, start=1):
        cells = [text(f"findings_sheet.{finding.severity}"), finding.file, finding.sheet]
        for column, cell in enumerate(cells):
            page.write_string(row, column, cell)
        if finding.row:
            page.write_number(row, 3, finding.row)
        cells = [field_name(finding.column), finding.value, finding.rule]
        for column, cell in enumerate(cells, start=4):
            page.write_string(row, column, cell[:LONGEST_CELL])
        for column, (part, lang) in enumerate(texts, start=7):
            page.write_string(row, column, told(finding, part, lang)[:LONGEST_CELL], wrap)
    page.autofilter(0, 0, max(len(findings), 1), len(names) - 1)


def _headings(page: Any, head: Any, names: Sequence[str]) -> None:
    page.freeze_panes(1, 0)
    for column, name in enumerate(names):
        width = _WIDTHS.get(name.partition("_")[0], 14)
        page.set_column(column, column, width)
        page.write_string(0, column, text(f"findings_sheet.{name}"), head)


def field_name(column: str, lang: str | None = None) -> str:
    """A field of a sheet as people know it; headings that are no field stay as they are."""
    return catalogue(lang or language()).get(f"import.field.{column}", column)


# ---------------------------------------------------------------------------- own file back


def annotate(user_file: Path, findings: Iterable[Finding], out: Path) -> int:
    """The user's file with a column of problems behind its own; returns how many were placed.

    `out` ends in .xlsx, or in .csv (UTF-8) for a file of one sheet. An earlier column of
    problems is replaced; formats are not kept, every cell reads as before. Problems of a whole
    sheet stand beside its headings.
    Raises BadFile when the file cannot be read, BadInput when `out` cannot be written.
    """
    ours: dict[tuple[str, int], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.file == user_file.name:
            ours[finding.sheet, finding.row].append(finding)
    grids = list(read_grids(user_file, user_file.name))
    suffix = out.suffix.lower()
    if suffix != ".xlsx" and (suffix != ".csv" or len(grids) != 1):
        raise BadInput("annotated_suffix", path=str(out))
    try:
        out.open("ab").close()
        if suffix == ".csv":
            return _annotated_text(grids[0], ours, out)
        return _annotated_workbook(grids, ours, out)
    except (OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise BadInput("findings_unwritable", path=str(out)) from error


Placed = Mapping[tuple[str, int], Sequence[Finding]]
Line = tuple[int, list[str], str]
"""Row of the sheet, its cells, its problems."""


def _annotated_text(grid: Grid, ours: Placed, out: Path) -> int:
    placed, lines = _marked(grid, ours)
    # The mark lets spreadsheet programs know that it is UTF-8.
    with out.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        expected = 1
        for row, cells, problems in lines:
            writer.writerows([[]] * (row - expected))
            writer.writerow([*cells, harmless(problems)])
            expected = row + 1
    return placed


def _annotated_workbook(grids: Iterable[Grid], ours: Placed, out: Path) -> int:
    total = 0
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        wrap = book.add_format({"text_wrap": True, "valign": "top", "bg_color": "#FFF2CC"})
        for grid in grids:
            placed, lines = _marked(grid, ours)
            total += placed
            page = book.add_worksheet(grid.sheet)
            column = len(grid.frame.columns) - 1
            page.set_column(column, column, 80)
            for row, cells, problems in lines:
                for index, cell in enumerate(cells):
                    _cell(page, row - 1, index, cell)
                if problems:
                    page.write_string(row - 1, len(cells), problems[:LONGEST_CELL], wrap)
    return total


def _cell(page: Any, row: int, column: int, cell: str) -> None:
    """A number only where reading it gives the same text again: codes keep their zeros."""
    if not cell:
        return
    if len(cell) < 16 and _reads_back(cell):
        page.write_number(row, column, float(cell))
    else:
        page.write_string(row, column, cell)


def _reads_back(cell: str) -> bool:
    try:
        number = float(cell)
    except ValueError:
        return False
    return cell == (str(int(number)) if number.is_integer() else repr(number))


def _marked(grid: Grid, ours: Placed) -> tuple[int, Iterator[Line]]:
    """How many findings have a row here, and the rows with their problems."""
    names = [name for name in grid.frame.columns if name != ROW]
    taken = recognise(grid.sheet, grid.head)
    rows = grid.frame[ROW].to_list()
    at = heading_row(grid.head, taken.sheet) if taken else None
    heading = rows[at or 0] if rows else 1
    titles = grid.frame.select(names).row(at or 0) if rows else ()
    known = {catalogue(lang)["findings_sheet.problems"] for lang in LANGUAGES}
    kept = [name for name, title in zip(names, titles, strict=True) if not _is_ours(title, known)]
    lost = {row for name, row in ours if name == grid.sheet} - {0, *rows}
    whole = [finding for row in (0, *sorted(lost)) for finding in ours.get((grid.sheet, row), ())]
    placed = sum(len(found) for (name, _), found in ours.items() if name == grid.sheet)

    def lines() -> Iterator[Line]:
        for *cells, row in grid.frame.select(*kept, ROW).iter_rows():
            problems = _said(ours.get((grid.sheet, row), ()))
            if row == heading:
                first = [text("findings_sheet.problems"), _said(whole), problems]
                problems = "\n".join(part for part in first if part)
            yield row, [cell or "" for cell in cells], problems

    return placed, lines()


def _is_ours(title: str | None, known: set[str]) -> bool:
    return title is not None and title.partition("\n")[0] in known


def _said(findings: Iterable[Finding]) -> str:
    """The problems of one row, each with its field and what to do."""
    parts = []
    for finding in findings:
        field = field_name(finding.column)
        said = f"{told(finding)} {told(finding, 'repair')}"
        parts.append(f"{field}: {said}" if field else said)
    return "\n".join(dict.fromkeys(parts))


def to_dict(found: Finding) -> dict[str, Any]:
    """A finding as JSON, with what is wrong and what to do in words."""
    return {
        "rule": found.rule, "severity": found.severity, "file": found.file, "sheet": found.sheet,
        "row": found.row, "column": found.column, "value": found.value, "text": told(found),
        "repair": told(found, "repair"),
    }  # fmt: skip
