"""Workbooks and CSV: every row, read again with other libraries, harmless, the same again."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import polars as pl
import pytest

from api.reports import sheets
from api.reports.edition import Edition
from api.reports.sheets import About, Sheet
from graph_model.errors import BadInput
from graph_model.i18n import use_language
from loaders.formulas import RUNS

SHANGHAI = ZoneInfo("Asia/Shanghai")
EDITION = Edition(3, "3:abc", datetime(2026, 4, 2, 1, 30, tzinfo=UTC), SHANGHAI, "PLANT")
ROWS: list[dict[str, Any]] = [
    {"lot_no": "00123", "quantity": 12.5, "tier": "certain", "earliest": 1_775_093_400_000_000},
    {"lot_no": "=HYPERLINK(1)", "quantity": -3, "tier": "possible", "earliest": None},
    {"lot_no": "1e5", "quantity": None, "tier": "excluded", "earliest": None, "via": ["A", "B"]},
    {"lot_no": "镕𠮷 ＝1", "quantity": 2**60, "tier": None, "earliest": 2**62, "via": []},
]
ABOUT = About(
    "All lots", EDITION, [("Suspect", "F1")], False, [{"text": "1 gap", "lots": ["A"], "rows": []}]
)


@pytest.fixture(autouse=True)
def english() -> None:
    use_language("en")


def book_of(path: Path) -> Any:
    return openpyxl.load_workbook(path)


def test_a_workbook_says_what_it_is_and_has_every_row(tmp_path: Path) -> None:
    sheets.write(tmp_path / "a.xlsx", ROWS, ROWS, ABOUT)
    book = book_of(tmp_path / "a.xlsx")
    assert book.sheetnames == ["About", "Rows", "Missing"]
    said = {row[0].value: row[1].value for row in book["About"]}
    assert said["What"] == "All lots"
    assert said["Ledger batch"] == "3"
    assert said["Ledger head (lotgraph verify --head)"] == "3:abc"
    assert said["Batch sealed"] == "2 Apr 2026, 09:30"
    assert said["Suspect"] == "F1"
    assert said["Rows in Rows"] == "4 of 4"
    assert said["Missing"] == "1 gap"
    heads, *rows = book["Rows"].iter_rows(values_only=True)
    assert heads == ("Lot number", "Amount", "Judged", "Earliest", "Reached from")
    assert rows[0] == (
        "00123", 12.5, "Certainly contains suspect material", datetime(2026, 4, 2, 9, 30), None
    )  # fmt: skip
    assert [row[0] for row in rows] == [row["lot_no"] for row in ROWS]
    assert rows[1][1] == -3
    assert rows[3][1] == str(2**60)
    assert rows[2][4] == "A; B"


def test_nothing_in_a_workbook_is_a_formula_or_a_link(tmp_path: Path) -> None:
    evil = ["=1+1", "+1", "-1", "@A1", "\t=1", "http://x", "{=1}", "﻿=1"]
    sheets.write(tmp_path / "a.xlsx", [{"lot_no": text} for text in evil], None, ABOUT)
    cells = [row[0] for row in book_of(tmp_path / "a.xlsx")["Rows"].iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == evil
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(cell.hyperlink for cell in cells)


def test_csv_is_read_back_whole_and_runs_nothing(tmp_path: Path) -> None:
    evil = ["=1", "+1", "-1", "@1", "\tx", "\r\n=1", "＝1", "a\nb", 'q"u,o', "-5"]
    rows = [{"lot_no": text, "quantity": -5} for text in evil]
    sheets.write(tmp_path / "a.csv", rows, None, ABOUT)
    raw = (tmp_path / "a.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        heads, *found = list(csv.reader(file))
    assert heads == ["Lot number", "Amount"]
    assert [row[0].removeprefix("'") for row in found] == evil
    assert not any(row[0].startswith(RUNS) for row in found)
    assert {row[1] for row in found} == {"-5"}


def test_the_hash_of_a_workbook_is_that_of_its_rows_as_csv(tmp_path: Path) -> None:
    sheets.write(tmp_path / "a.xlsx", ROWS, None, About("x", EDITION))
    sheets.write(tmp_path / "a.csv", ROWS, None, About("x", EDITION))
    said = {row[0].value: row[1].value for row in book_of(tmp_path / "a.xlsx")["About"]}
    content = (tmp_path / "a.csv").read_bytes().removeprefix(b"\xef\xbb\xbf")
    assert said["SHA-256 of the rows as CSV"] == hashlib.sha256(content).hexdigest()


def test_made_again_a_workbook_is_the_same(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        sheets.write(tmp_path / name, ROWS, None, ABOUT)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_rows_and_texts_beyond_the_limits_go_on_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "ROWS", 10)
    long = "x" * 70_000
    rows = [{"lot_no": f"{number}", "reason": long if number == 7 else "r"} for number in range(25)]
    sheets.write(tmp_path / "a.xlsx", rows, None, ABOUT)
    book = book_of(tmp_path / "a.xlsx")
    assert book.sheetnames[1:4] == ["Rows", "Rows 2", "Rows 3"]
    found = [
        row[0]
        for name in book.sheetnames[1:4]
        for row in book[name].iter_rows(min_row=2, values_only=True)
    ]
    assert found == [row["lot_no"] for row in rows]
    pieces = list(book["Long texts"].iter_rows(min_row=2, values_only=True))
    assert "".join(piece[4] for piece in pieces) == long
    assert {piece[:3] for piece in pieces} == {("Rows", 9, "Why")}
    assert book["Rows"]["B9"].value.endswith("(continued in Long texts)")


def test_programs_get_the_fields_own_names(tmp_path: Path) -> None:
    use_language("zh")
    sheets.write(tmp_path / "a.parquet", ROWS[:1], None, ABOUT)
    assert pl.read_parquet(tmp_path / "a.parquet").columns == list(ROWS[0])
    sheets.write(tmp_path / "a.xlsx", ROWS[:1], None, ABOUT)
    book = book_of(tmp_path / "a.xlsx")
    assert next(book["明细"].iter_rows(values_only=True)) == ("批次号", "数量", "判定", "最早时间")
    assert book["明细"]["C2"].value == "确定含可疑物料"


def test_no_rows_are_a_file_too(tmp_path: Path) -> None:
    for suffix in (".xlsx", ".csv", ".parquet", ".json"):
        sheets.write(tmp_path / f"a{suffix}", [], [], About("x"))
        assert (tmp_path / f"a{suffix}").exists()


def test_a_file_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        sheets.write(tmp_path / "a.doc", ROWS, None, ABOUT)
    with pytest.raises(BadInput):
        sheets.write(tmp_path / "no" / "a.xlsx", ROWS, None, ABOUT)


def test_a_workbook_can_be_sent_without_a_file() -> None:
    stream = io.BytesIO()
    digest = sheets.workbook(stream, ABOUT, Sheet("Lots", iter(ROWS), ["lot_no"]))
    lines = "".join(sheets.csv_lines(Sheet("Lots", iter(ROWS), ["lot_no"]), SHANGHAI))
    assert digest == hashlib.sha256(lines.removeprefix("\ufeff").encode()).hexdigest()
    assert openpyxl.load_workbook(stream)["Lots"]["A2"].value == "00123"
