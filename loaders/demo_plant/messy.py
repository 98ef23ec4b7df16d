"""A demo plant as factories hand it over: one workbook and one text file, with planted faults."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from graph_model.i18n import LANGUAGES, text
from loaders.demo_plant.plant import Plant
from loaders.demo_plant.spec import COMPANY
from loaders.plant.sheets import DATES, SHEETS, STAMPS

Row = dict[str, Any]
_TITLES = 3
_GAP = 25
"""After so many rows one is left blank."""
_AS_TEXT = "shipments"
"""The sheet that comes as a text file beside the workbook."""


@dataclass(frozen=True)
class Planted:
    """A fault at its place: `row` counts as the spreadsheet does; 0 is the whole sheet."""

    file: str
    sheet: str
    row: int
    rule: str


@dataclass
class _Page:
    """One sheet in the making: rows, and which rule each faulty row breaks."""

    name: str
    fields: list[str]
    rows: list[Row]
    faults: dict[int, str] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)

    def spoil(self, rule: str, **cells: Any) -> None:
        """Other cells in a row that has no fault yet and had something in them."""
        step = 7 * (len(self.faults) + 1)
        for at in (*range(step, len(self.rows)), *range(min(step, len(self.rows)))):
            if at not in self.faults and all(self.rows[at].get(name) for name in cells):
                self.rows[at] = self.rows[at] | cells
                self.faults[at] = rule
                return

    def copy(self, **cells: Any) -> Row:
        """A faultless row under a number of its own, with other cells."""
        row = next(row for at, row in enumerate(self.rows) if at not in self.faults)
        return row | {"doc_no": f"{row['doc_no']}-{len(self.rows)}"} | cells

    def append(self, rule: str, row: Row) -> None:
        """One more row."""
        self.faults[len(self.rows)] = rule
        self.rows.append(row)


def write_messy(plant: Plant, path: Path) -> list[Planted]:
    """Writes the workbook `path` (.xlsx) and a GB18030 text file beside it; the faults in both.

    Titles stand above the headings, these are Chinese and English in turn, rows are left blank
    or come twice, dates have several forms. Every fault is found by the rule of its name; the list
    of them is written beside the folder, as `<folder>-faults.csv`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    planted: list[Planted] = []
    book = xlsxwriter.Workbook(path)
    formats = {
        "title": book.add_format({"bold": True, "align": "center"}),
        "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
    }
    for at, sheet in enumerate(SHEETS):
        if sheet.name not in plant.sheets:
            continue
        frame = plant.sheets[sheet.name]
        page = _Page(sheet.name, frame.columns, frame.to_dicts())
        _plant(page)
        if sheet.name == _AS_TEXT:
            planted += _text_file(page, path)
        else:
            planted += _worksheet(book, formats, page, path.name, at)
    notes = text("demo.notes", "zh_CN")
    book.add_worksheet(notes).write(0, 0, text("demo.printed", "zh_CN"))
    planted.append(Planted(path.name, notes, 0, "unknown_sheet"))
    book.close()
    listed = path.parent.with_name(f"{path.parent.name}-faults.csv")
    pl.DataFrame([asdict(fault) for fault in planted]).write_csv(listed, include_bom=True)
    return planted


def _plant(page: _Page) -> None:
    """The faults of a sheet."""
    if page.name == "issues":
        _plant_issues(page)
    elif page.name == "shipments":
        page.spoil("missing_lot_number", lot_no=None)
        page.extra = ["unknown_column"]
    elif page.name == "work_orders":
        page.spoil("unreadable_word", order_status="??")
    elif page.name == "stock":
        page.spoil("unreadable_date", as_of="2026-13-45")
        page.spoil("negative_stock", quantity=-5)
    elif page.name == "outputs":
        page.spoil("future_date", event_time="2199-01-01 08:00:00")
        page.spoil("time_inversion", event_time="2020-01-01 08:00:00")
        page.append("output_without_inputs", page.copy(work_order_no="WO-LOOSE", lot_no="LOOSE-2"))
        page.extra = ["duplicate_heading"]
    elif page.name == "receipts":
        page.append("duplicate_lot_number", page.copy(supplier_code="SUP99"))


def _plant_issues(page: _Page) -> None:
    page.spoil("missing_lot_number", lot_no=None)
    page.spoil("missing_item_code", item_code=None, lot_no="LOOSE-1")
    page.spoil("unreadable_number", quantity="?50")
    page.spoil("unreadable_date", event_time="2026-02-31 08:00")
    page.spoil("unknown_reference", item_code="RM-MISTYPED")
    page.spoil("unit_not_convertible", uom="roll")
    page.spoil("broken_chain", lot_no="NEVER-MADE")
    page.spoil("missing_operator", operator=None)
    page.spoil("missing_work_order", work_order_no=None)
    page.append("item_not_in_bom", page.copy(item_code="FG-OTHER"))
    whole = next(row for at, row in enumerate(page.rows) if at not in page.faults)
    page.append("row_repeated", dict(whole))
    other = next(row for at, row in enumerate(page.rows) if at not in page.faults and at > 2)
    page.append("line_repeated", other | {"quantity": (other["quantity"] or 0) + 1})
    page.append("nothing_identified", {"quantity": 12})


def _headings(page: _Page, shift: int) -> list[str]:
    names = [
        text(f"import.field.{name}", LANGUAGES[(at + shift) % 2])
        for at, name in enumerate(page.fields)
    ]
    if "unknown_column" in page.extra:
        names.append(text("demo.initials", "zh_CN"))
    if "duplicate_heading" in page.extra:
        names.append(names[page.fields.index("quantity")])
    return names


def _cell(name: str, value: Any, at: int) -> Any:
    """Times as text, as spreadsheet times, and written out, in turn."""
    if name not in STAMPS | DATES or not isinstance(value, str) or at % 3 == 0:
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    if name in DATES:
        return f"{moment.year}/{moment.month}/{moment.day}"
    return moment if at % 3 == 1 else moment.strftime("%Y/%m/%d %H:%M")


def _worksheet(
    book: Any, formats: dict[str, Any], page: _Page, file: str, shift: int
) -> list[Planted]:
    name = text(f"import.sheet.{page.name}", LANGUAGES[(shift + 1) % 2])
    sheet = book.add_worksheet(name)
    headings = _headings(page, shift)
    last = max(1, len(headings) - 1)
    title = text("demo.title", "zh_CN", company=COMPANY, sheet=name)
    sheet.merge_range(0, 0, 0, last, title, formats["title"])
    sheet.merge_range(1, 0, 1, last, text("demo.printed", "zh_CN"))
    sheet.write_row(_TITLES, 0, headings)
    planted = [Planted(file, name, _TITLES + 1, rule) for rule in page.extra]
    row = _TITLES
    for at, cells in enumerate(page.rows):
        row += 2 if at % _GAP == _GAP - 1 else 1
        for column, key in enumerate(page.fields):
            value = _cell(key, cells.get(key), at)
            if isinstance(value, datetime):
                sheet.write_datetime(row, column, value, formats["time"])
            elif value is not None:
                sheet.write(row, column, value)
        if at in page.faults:
            planted.append(Planted(file, name, row + 1, page.faults[at]))
    return planted


def _text_file(page: _Page, path: Path) -> list[Planted]:
    name = text(f"import.sheet.{page.name}", "zh_CN")
    file = path.with_name(f"{name}.csv")
    with file.open("w", encoding="gb18030", newline="") as stream:
        out = csv.writer(stream)
        out.writerow([text("demo.title", "zh_CN", company=COMPANY, sheet=name)])
        out.writerow(_headings(page, 0))
        for cells in page.rows:
            out.writerow([cells.get(key) for key in page.fields])
    planted = [Planted(file.name, name, 2, rule) for rule in page.extra]
    return planted + [
        Planted(file.name, name, at + 3, rule) for at, rule in sorted(page.faults.items())
    ]
