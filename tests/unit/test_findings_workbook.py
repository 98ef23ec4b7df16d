"""The workbook of findings and the user's own file with its problems."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import python_calamine
import xlsxwriter

from graph_model.errors import BadInput
from graph_model.i18n import text
from loaders.findings import Finding
from loaders.findings_workbook import annotate, told, write

DATE = Finding("unreadable_date", "warning", "issues.csv", "issues", 4, "event_time", "soon")
LATE = Finding("missing_operator", "info", "issues.csv", "issues", 4, "operator")
WHOLE = Finding("heading_missing", "error", "issues.csv", "issues", 0, params={"rows": 0})


def rows_of(path: Path, sheet: int = 0) -> list[list[object]]:
    """All cells of one sheet."""
    book = python_calamine.load_workbook(path)
    return [list(row) for row in book.get_sheet_by_index(sheet).to_python(skip_empty_area=False)]


def lines_of(path: Path) -> list[list[str]]:
    """All rows of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def issues(folder: Path) -> Path:
    """A file with a blank row, Chinese text and a code with zeros."""
    path = folder / "issues.csv"
    lines = (
        "work_order_no,item_code,quantity,event_time\n\nW1,007,1.50,2024-03-01\nW1,面粉,2,soon\n"
    )
    path.write_bytes(lines.encode("gb18030"))
    return path


def test_findings_in_both_languages_with_their_place(tmp_path: Path) -> None:
    write([DATE, LATE], tmp_path / "findings.xlsx")
    rows = rows_of(tmp_path / "findings.xlsx", 1)
    assert rows[1][:7] == [
        *("Warning", "issues.csv", "issues", 4.0, "Event time", "soon", "unreadable_date")
    ]
    assert rows[1][7:] == [
        told(DATE, part, lang) for lang in ("en", "zh_CN") for part in ("text", "repair")
    ]
    assert len(rows) == 3


def test_the_summary_counts_errors_first(tmp_path: Path) -> None:
    write([LATE, LATE, DATE, WHOLE], tmp_path / "findings.xlsx")
    rows = rows_of(tmp_path / "findings.xlsx")
    assert [row[1:3] for row in rows[1:]] == [
        ["heading_missing", 1.0],
        ["unreadable_date", 1.0],
        ["missing_operator", 2.0],
    ]


def test_no_findings_are_a_workbook_too(tmp_path: Path) -> None:
    write([], tmp_path / "findings.xlsx")
    assert len(rows_of(tmp_path / "findings.xlsx", 1)) == 1


def test_a_value_stays_text(tmp_path: Path) -> None:
    evil = '=HYPERLINK("http://example.org","x")'
    write([Finding("unreadable_date", "warning", "=1+1", "s", 1, "=c", evil)], tmp_path / "f.xlsx")
    row = rows_of(tmp_path / "f.xlsx", 1)[1]
    assert (row[1], row[4], row[5]) == ("=1+1", "=c", evil)


def test_a_value_longer_than_a_cell(tmp_path: Path) -> None:
    write(
        [Finding("unreadable_date", "warning", "f", "s", 1, "c", "x" * 40_000)], tmp_path / "f.xlsx"
    )
    assert rows_of(tmp_path / "f.xlsx", 1)[1][5] == "x" * 32_767


def test_more_rows_than_were_listed_are_told() -> None:
    more = Finding("unreadable_date", "warning", "f", "s", 0, "c", "", {"more": 7})
    assert told(more).endswith(" The same holds for 7 more rows.")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        write([], tmp_path / "missing" / "findings.xlsx")


def test_own_text_file_back(tmp_path: Path) -> None:
    out = tmp_path / "marked.csv"
    assert annotate(issues(tmp_path), [DATE, LATE], out) == 2
    rows = lines_of(out)
    assert rows[0][-1] == "Problems"
    assert rows[1] == []
    assert rows[2] == ["W1", "007", "1.50", "2024-03-01", ""]
    assert rows[3][:2] == ["W1", "面粉"]
    assert rows[3][-1].splitlines() == [
        f"Event time: {told(DATE)} {told(DATE, 'repair')}",
        f"Operator: {told(LATE)} {told(LATE, 'repair')}",
    ]


def test_problems_of_the_whole_sheet_stand_beside_its_headings(tmp_path: Path) -> None:
    out = tmp_path / "marked.csv"
    annotate(issues(tmp_path), [WHOLE], out)
    assert lines_of(out)[0][-1].splitlines() == [
        "Problems",
        f"{told(WHOLE)} {told(WHOLE, 'repair')}",
    ]


def test_problems_are_replaced_not_added(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    annotate(issues(tmp_path), [DATE], tmp_path / "again" / "issues.csv")
    out = tmp_path / "marked.csv"
    annotate(tmp_path / "again" / "issues.csv", [LATE], out)
    rows = lines_of(out)
    assert rows[0][4:] == ["Problems"]
    assert "soon" not in rows[3][4]


def test_other_files_findings_are_left_out(tmp_path: Path) -> None:
    other = Finding("missing_operator", "info", "outputs.csv", "outputs", 4, "operator")
    out = tmp_path / "marked.csv"
    assert annotate(issues(tmp_path), [other], out) == 0
    assert lines_of(out)[3][-1] == ""


def test_own_workbook_back(tmp_path: Path) -> None:
    path, out = tmp_path / "plant.xlsx", tmp_path / "marked.xlsx"
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
        for name in (text("import.sheet.issues", "zh_CN"), "items"):
            page = book.add_worksheet(name)
            page.write_row(0, 0, ["Our plant"])
            page.write_row(1, 0, ["item_code", "lot_no", "quantity"])
            page.write_row(2, 0, ["=007", "0012", 2.5])
    found = Finding("missing_operator", "info", "plant.xlsx", "生产领料", 3, "operator")
    assert annotate(path, [found], out) == 1
    book = python_calamine.load_workbook(out)
    assert book.sheet_names == ["生产领料", "items"]
    assert rows_of(out, 0)[1:] == [
        ["item_code", "lot_no", "quantity", "Problems"],
        ["=007", "0012", 2.5, f"Operator: {told(found)} {told(found, 'repair')}"],
    ]
    assert rows_of(out, 1)[2] == ["=007", "0012", 2.5, ""]


def test_a_workbook_cannot_become_a_text_file(tmp_path: Path) -> None:
    path = tmp_path / "plant.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("issues", "items"):
            book.add_worksheet(name).write_string(0, 0, "item_code")
    with pytest.raises(BadInput):
        annotate(path, [], tmp_path / "marked.csv")
