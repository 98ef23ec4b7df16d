"""Tables find their sheet however the file is named; what finds none is told of and kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter
import xlwt

from graph_model.plant import Plant
from graph_model.settings import Settings
from loaders.importing import load
from loaders.intake import read
from loaders.recognition import recognise

ORDER = ["生产订单号", "物料编码", "批号", "数量"]
CASES: list[tuple[str, list[str], str | None]] = [
    ("采购入库", [], "receipts"),
    ("Receipts 采购入库", [], "receipts"),
    ("收货", [], "receipts"),
    ("3月领料明细", [], "issues"),
    ("2026年产成品入库单", [], "outputs"),
    ("goods receipts 2026-03", [], "receipts"),
    ("入库", ["供应商", "物料编码", "批号", "数量", "入库日期"], "receipts"),
    ("入库", [*ORDER, "完工数量"], "outputs"),
    ("出库", ["发货单号", "客户", "产品编码", "批号"], "shipments"),
    ("出库", [*ORDER, "出库日期"], "issues"),
    ("退货", ["客户", "发货单号", "产品编码", "批号"], "customer_returns"),
    ("退货", ["供应商", "物料编码", "批号", "数量", "仓库"], "supplier_returns"),
    ("物料批次库存", ["物料编码", "批号", "库存数量", "仓库", "截止日期"], "stock"),
    ("Sheet1", [*ORDER, "领料日期", "领料人"], "issues"),
    ("Sheet1", ["发货单号", "客户", "产品编码", "批号", "发货日期"], "shipments"),
    ("Sheet1", ORDER, None),
    ("Sheet1", ["甲", "乙", "丙", "丁"], None),
    ("备注", [], None),
    ("领料申请单", [*ORDER, "领料日期"], None),
    ("material requisition issues", ORDER, None),
    ("发货通知单", ["发货单号", "客户", "产品编码", "批号"], "open_deliveries"),
]


@pytest.mark.parametrize(("name", "headings", "sheet"), CASES)
def test_a_table_is_known_by_its_name_or_its_headings(
    name: str, headings: list[str], sheet: str | None
) -> None:
    found = recognise(name, [["某某食品有限公司"], headings])
    assert (found.sheet.name if found else None) == sheet


def test_what_a_table_was_taken_for_is_told(tmp_path: Path) -> None:
    (tmp_path / "收货.csv").write_text("物料编码,批号,数量\nA,A1,5\n", encoding="gb18030")
    (tmp_path / "Sheet1.csv").write_text(
        "生产订单号,物料编码,批号,数量,领料日期\nW1,A,A1,5,2026-3-1\n"
    )
    taken = read(tmp_path)
    assert {name: count.loaded for name, count in taken.counts.items()} == {
        "receipts": 1,
        "issues": 1,
    }
    assert {(note.file, note.severity, note.value) for note in taken.findings} == {
        ("收货.csv", "info", "采购入库 Receipts"),
        ("Sheet1.csv", "warning", "生产领料 Issues"),
    }


def test_tables_that_are_no_sheet_are_set_aside_without_names_of_persons(tmp_path: Path) -> None:
    (tmp_path / "Sheet7.csv").write_text("三月报表,,\n批号,谁,数量\nA1,张三,5\nA2,李四,6\n")
    (tmp_path / "receipts.csv").write_text("A,A1,5\nA,A2,6\n")
    (tmp_path / "notes.csv").write_text("Printed on Monday\nby the office\n")
    taken = read(tmp_path)
    counted = {name: (c.read, c.loaded, c.set_aside) for name, c in taken.counts.items()}
    assert counted == {"receipts": (2, 0, 2), "Sheet7": (2, 0, 2)}
    assert taken.set_aside is not None
    rows = taken.set_aside.select("file", "row", "rule", "text").sort("file", "row").rows()
    assert rows == [
        ("Sheet7.csv", 3, "unknown_sheet", "A1"),
        ("Sheet7.csv", 4, "unknown_sheet", "A2"),
        ("receipts.csv", 1, "heading_missing", None),
        ("receipts.csv", 2, "heading_missing", None),
    ]
    told = {(note.rule, note.params["rows"]) for note in taken.findings}
    assert told == {("unknown_sheet", 2), ("unknown_sheet", 0), ("heading_missing", 2)}


def _book(path: Path, tab: str, rows: list[list[object]]) -> None:
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet(tab)
        for at, row in enumerate(rows):
            page.write_row(at, 0, row)


def test_what_is_known_already_is_counted_whatever_tabs_are_called(tmp_path: Path) -> None:
    heads: list[object] = ["单据编号", "行号", "物料编码", "批号", "数量"]
    files = tmp_path / "files"
    files.mkdir()
    plant = Plant(Settings(data=tmp_path / "data"))

    def counted() -> list[int]:
        done = load(
            plant, files, kind=None, source=None, who="Q", dry_run=False, tell=lambda name: None
        )
        (count,) = done.counts.values()
        assert count.read == count.loaded + count.already_known + count.set_aside
        return [count.read, count.loaded, count.already_known]

    _book(files / "1.xlsx", "收货", [heads, ["R1", "1", "A", "A1", 5]])
    assert counted() == [1, 1, 0]
    # The same row number of another file is another row.
    _book(files / "2.xlsx", "收货", [heads, ["R2", "1", "A", "A2", 5]])
    assert counted() == [2, 1, 1]
    assert counted() == [2, 0, 2]


def test_an_old_workbook_is_read_as_a_new_one(tmp_path: Path) -> None:
    rows: list[list[str | float]] = [
        ["单据编号", "物料编码", "批号", "数量"],
        ["R1", "A", "001", 5.5],
        ["R1", "A", 240101.0, 6.0],
    ]
    book = xlwt.Workbook()
    receipts = book.add_sheet("收货")
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            receipts.write(row, column, value)
    book.add_sheet("Sheet2").write(0, 0, "备注")
    book.save(str(tmp_path / "三月.xls"))
    taken = read(tmp_path)
    assert taken.counts["receipts"].loaded == 2
    assert taken.tables["Produced"].sort("lot").select("lot", "quantity").rows() == [
        ("PLANT/A/001", 5.5),
        ("PLANT/A/240101", 6.0),
    ]
