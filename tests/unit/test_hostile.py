"""Files that are broken, malicious or merely odd: refused with what to do, or read harmlessly."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
import xlwt

from loaders.intake import read

MEMORY = 3 << 30
"""Address space of the reading process; threads and libraries alone reserve about a third."""
SECONDS = 60
HEAD = "work_order_no,item_code,lot_no,quantity\n"
READ = """
import sys
from pathlib import Path
from graph_model.errors import BadInput
from loaders.intake import read
try:
    intake = read(Path(sys.argv[1]))
except BadInput as refused:
    print("refused", type(refused).__name__, refused.code)
else:
    print("read", sum(count.read for count in intake.counts.values()))
# The kernel's own count of this program; ru_maxrss begins with that of the process it came from.
lines = Path("/proc/self/status").read_text().splitlines()
used = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
assert used <= 512 << 10, f"{used} KiB"
"""


def attempt(path: Path) -> str:
    """What a process with little memory says after reading: `refused …` or `read <rows>`."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", READ, str(path)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={"PATH": "/usr/bin:/bin", "POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.strip()


def workbook(path: Path, cells: list[list[object]], sheet: str = "issues") -> Path:
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "in_memory": True})
    page = book.add_worksheet(sheet)
    for row, values in enumerate(cells):
        for column, value in enumerate(values):
            page.write(row, column, value)
    book.close()
    return path


def repacked(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """The workbook with the content of its parts changed."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, change(name, content))
    return path


ISSUES: list[list[object]] = [["work_order_no", "item_code", "lot_no"], ["W1", "F", "F1"]]


def zip_bomb(folder: Path) -> None:
    def change(name: str, content: bytes) -> bytes:
        return content + b" " * (1 << 29) if name == "xl/worksheets/sheet1.xml" else content

    repacked(workbook(folder / "bomb.xlsx", ISSUES), change)


def nested_entities(folder: Path) -> None:
    doctype = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'

    def change(name: str, content: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return content
        first, rest = content.split(b"?>", 1)
        return first + b"?>" + doctype + rest

    repacked(workbook(folder / "entities.xlsx", ISSUES), change)


def entities_in_utf16(folder: Path) -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'

    def change(name: str, content: bytes) -> bytes:
        return text.encode("utf-16") if name == "xl/worksheets/sheet1.xml" else content

    repacked(workbook(folder / "entities.xlsx", ISSUES), change)


def lone_far_cell(folder: Path) -> None:
    book = xlsxwriter.Workbook(folder / "far.xlsx")
    page = book.add_worksheet("issues")
    page.write(0, 0, "item_code")
    page.write(1_048_575, 16_383, "x")
    book.close()


def in_sheet(path: Path, rows: bytes) -> None:
    """More rows at the end of the workbook's first sheet, as XML."""

    def change(name: str, content: bytes) -> bytes:
        end = b"</sheetData>"
        return content.replace(end, rows + end) if name == "xl/worksheets/sheet1.xml" else content

    repacked(path, change)


def one_text_in_many_cells(folder: Path) -> None:
    book = workbook(folder / "repeated.xlsx", [["lot_no"], ["x" * 32_000]])
    cell = b'<row r="%d"><c r="A%d" t="s"><v>1</v></c></row>'
    in_sheet(book, b"".join(cell % (row, row) for row in range(3, 100_000)))


def far_cells_without_a_place(folder: Path) -> None:
    rows = b'<row r="1048576">' + b"<c><v>1</v></c>" * 1_000 + b"</row>"
    in_sheet(workbook(folder / "far.xlsx", ISSUES), rows)


def many_columns(folder: Path) -> None:
    (folder / "issues.csv").write_text("item_code" + ",x" * 5_000 + "\n")


def binary_with_table_name(folder: Path) -> None:
    (folder / "issues.xlsx").write_bytes(b"\x7fELF" + bytes(range(256)) * 40)


def archive_with_workbook_name(folder: Path) -> None:
    with zipfile.ZipFile(folder / "issues.xlsx", "w") as archive:
        archive.writestr("letter.txt", "no workbook")


def cut_workbook(folder: Path) -> None:
    path = workbook(folder / "issues.xlsx", ISSUES)
    path.write_bytes(path.read_bytes()[:-400])


def old_format_damaged(folder: Path) -> None:
    (folder / "issues.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_096))


def one_text_in_many_cells_of_the_old_format(folder: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("issues")
    for row in range(20_000):
        sheet.write(row, 0, "批" * 32_767)
    book.save(str(folder / "issues.xls"))


def empty_file(folder: Path) -> None:
    (folder / "issues.csv").touch()


def empty_folder(folder: Path) -> None:
    (folder / "notes.docx").write_text("nothing to read here")


def neither_utf8_nor_gb18030(folder: Path) -> None:
    (folder / "issues.csv").write_bytes(HEAD.encode() + b"W1,F,\xff\xff\xff,1\n")


def quotes_left_open(folder: Path) -> None:
    (folder / "issues.csv").write_text(HEAD + 'W1,F,"F1,1\nW1,F,F2,1\n')


REFUSED = [
    zip_bomb,
    nested_entities,
    entities_in_utf16,
    lone_far_cell,
    one_text_in_many_cells,
    far_cells_without_a_place,
    many_columns,
    binary_with_table_name,
    archive_with_workbook_name,
    cut_workbook,
    old_format_damaged,
    one_text_in_many_cells_of_the_old_format,
    empty_file,
    empty_folder,
    neither_utf8_nor_gb18030,
    quotes_left_open,
]


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_file_is_refused(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path)
    assert attempt(tmp_path).startswith("refused BadFile ")


def giant_cell(folder: Path) -> None:
    text = HEAD + "W1,F,F1,1\nW1,F," + "x" * 10_000_000 + ",1\n"
    (folder / "issues.csv").write_text(text)


def nul_bytes(folder: Path) -> None:
    (folder / "issues.csv").write_bytes((HEAD + "W1,F,F\0001,1\nW1,F,F\0002,1\n").encode())


def blank_rows(folder: Path) -> None:
    blank = ",,,\n" * 1_000_000
    (folder / "issues.csv").write_text(HEAD + "W1,F,F1,1\n" + blank + "W1,F,F2,1\n")


def cells_without_a_place(folder: Path) -> None:
    text = b'<c t="inlineStr"><is><t>%s</t></is></c>'
    row = b"<row>" + b"".join(text % part for part in (b"W1", b"F", b"F2")) + b"</row>"
    in_sheet(workbook(folder / "plain.xlsx", ISSUES), row)


def lines_as_on_old_macs(folder: Path) -> None:
    (folder / "issues.csv").write_bytes(
        (HEAD + "W1,F,F1,1\nW1,F,F2,1\n").replace("\n", "\r").encode()
    )


def a_return_in_a_cell(folder: Path) -> None:
    (folder / "issues.csv").write_bytes((HEAD + "W1,F,F\r1,1\nW1,F,F2,1\n").encode())


def table_under_another_suffix(folder: Path) -> None:
    workbook(folder / "export.csv", [*ISSUES, ["W1", "F", "F2"]])


def ragged_rows(folder: Path) -> None:
    (folder / "issues.csv").write_text(HEAD + "W1,F\nW1,F,F2,1,more,and more\n")


def inch_marks(folder: Path) -> None:
    (folder / "issues.csv").write_text(HEAD + 'W1,F,F1 3",1\nW1,F,F2 "x" y,1\n')


HARMLESS = [
    giant_cell,
    nul_bytes,
    blank_rows,
    cells_without_a_place,
    lines_as_on_old_macs,
    a_return_in_a_cell,
    table_under_another_suffix,
    ragged_rows,
    inch_marks,
]


@pytest.mark.parametrize("make", HARMLESS, ids=lambda make: make.__name__)
def test_file_is_read(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path)
    assert attempt(tmp_path) == "read 2"


def test_giant_cell_is_named(tmp_path: Path) -> None:
    giant_cell(tmp_path)
    intake = read(tmp_path)
    assert [(found.rule, found.row) for found in intake.findings] == [("cell_too_long", 3)]


def test_row_numbers_are_those_of_the_spreadsheet(tmp_path: Path) -> None:
    blank_rows(tmp_path)
    assert read(tmp_path).tables["Consumed"]["_row"].sort().to_list() == [2, 1_000_003]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_numbers_on_labels_are_kept_as_printed(kind: str, tmp_path: Path) -> None:
    lots = ["=1+1", "+86", "@SUM(A1)", "1e5", "00123", "１２３", "a\u200bb", "1.50", "24-01-02"]
    if kind == "csv":
        rows = io.StringIO()
        rows.writelines(f"W1,F,{lot},1\n" for lot in lots)
        (tmp_path / "issues.csv").write_text(HEAD + rows.getvalue(), encoding="utf-8")
    else:
        cells: list[list[object]] = [[*HEAD.strip().split(",")]]
        cells += [["W1", "F", lot] for lot in lots]
        workbook(tmp_path / "book.xlsx", cells)
    found = read(tmp_path).tables["Consumed"]["lot_no"].to_list()
    wanted = ["=1+1", "+86", "@SUM(A1)", "1e5", "00123", "123", "ab", "1.50", "24-01-02"]
    assert sorted(found) == sorted(wanted)


def test_number_cell_is_the_number_without_fraction(tmp_path: Path) -> None:
    cells: list[list[object]] = [["item_code", "lot_no", "work_order_no"], [100, 240101.0, 1e15]]
    workbook(tmp_path / "book.xlsx", cells)
    row = read(tmp_path).tables["Consumed"].row(0, named=True)
    assert (row["lot"], row["lot_no"]) == ("PLANT/100/240101", "240101")
    assert row["operation"] == "PLANT/produce/1000000000000000"
