"""Tables are found in sheets of any shape; no row of a sheet is lost, whatever it looks like."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import xlsxwriter

from bench.recognition import judged
from loaders.intake import Intake, read
from loaders.mapping import Reading, TableMap, read_map
from loaders.plant.dates import order_of
from loaders.proposing import AGAIN, proposals
from loaders.reading import read_grids
from tests.workbooks import FILES, write

Rows = list[list[object]]
HEADS: list[object] = ["领料日期", "生产订单号", "物料编码", "批号", "数量"]


def book(path: Path, rows: Rows, merged: tuple[str, ...] = (), tab: str = "领料") -> Path:
    """A workbook of one sheet."""
    with xlsxwriter.Workbook(path) as made:
        page = made.add_worksheet(tab)
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell is not None:
                    page.write(at, column, cell)
        for span in merged:
            page.merge_range(span, rows[int(span[1]) - 1][ord(span[0]) - ord("A")])
    return path


def maps(path: Path) -> list[TableMap]:
    """What is proposed for the tables of a workbook."""
    return [each.map for grid in read_grids(path, path.name) for each in proposals(grid, path.stem)]


def confirmed(path: Path) -> Intake:
    """The workbook as it is read when a person confirms what is proposed."""
    told = read_map([each.to_dict() for each in maps(path)])
    return read(path, reading=Reading(told))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_workbooks_of_factories_are_recognised_and_what_is_wrong_is_flagged(
    file: Path, tmp_path: Path
) -> None:
    columns, others = judged(file, tmp_path)
    assert others == []
    assert [each for each in columns if not each.right and not each.flagged] == []
    assert sum(each.right for each in columns) / len(columns) >= 0.9


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_row_is_loaded_or_set_aside_and_told(file: Path, tmp_path: Path) -> None:
    path = write(file, tmp_path)
    # What a list of pairs says was made is read once it is confirmed, and each of it once.
    first = [each for each in maps(path) if each.said != AGAIN]
    expected = sum(each.rows + len(each.totals) + len(each.notes) for each in first)
    by_itself = read(path).counts.values()
    assert sum(count.read for count in by_itself) == expected
    both = confirmed(path).counts.values()
    assert sum(count.read for count in both) >= expected
    for count in (*by_itself, *both):
        assert count.loaded >= 0
        assert count.read == count.loaded + count.already_known + count.set_aside


def test_headings_of_two_lines_merged_cells_totals_and_remarks(tmp_path: Path) -> None:
    path = book(
        tmp_path / "领料.xlsx",
        [
            ["车间领料台账"],
            ["领料日期", "生产订单号", "物料编码", "批号", "数量", None, "备注"],
            [None, None, None, None, "申请", "实发", None],
            ["2026-03-01", "W1", "A", "A1", 5, 4, None],
            [None, "W1", "A", "A2", 6, 6, None],
            ["小计", None, None, None, 11, 10, None],
            ["2026-03-02", "W2", "A", "A1", 1, 1, "补料"],
            ["制表：张三", None, None, "审核：李四"],
        ],
        ("A2:A3", "B2:B3", "C2:C3", "D2:D3", "E2:F2", "G2:G3", "A4:A5"),
    )
    taken = read(path)
    count = taken.counts["issues"]
    assert (count.read, count.loaded, count.set_aside) == (5, 3, 2)
    used = taken.tables["Consumed"].sort("lot_no", "quantity")
    assert used["quantity"].to_list() == [1.0, 4.0, 6.0]
    other, first, merged = used["earliest"]
    assert merged == first < other
    told = {(note.rule, note.row) for note in taken.findings}
    assert {("totals_row", 6), ("note_row", 8)} <= told
    assert taken.set_aside is None


def test_a_row_that_names_a_lot_is_no_total_whatever_else_it_says(tmp_path: Path) -> None:
    rows: Rows = [
        HEADS,
        ["2026-03-01", "W1", "A", "20260101", 5],
        ["合计", None, None, 20260102, 6],
    ]
    taken = read(book(tmp_path / "领料.xlsx", rows))
    assert taken.counts["issues"].loaded == 2
    assert "20260102" in taken.tables["Consumed"]["lot_no"].to_list()


def test_columns_across_become_rows_and_days_take_the_year_of_the_title(tmp_path: Path) -> None:
    path = book(
        tmp_path / "送货.xlsx",
        [["2026年送货统计"], ["客户编码", "产品编码", "批号", "4月1日", "4月2日", "合计"],
         ["K1", "P", "L1", 3, 4, 7], ["K2", "P", "L2", None, 5, 5], ["合计", None, None, 3, 9, 12]],
        tab="送货",
    )  # fmt: skip
    taken = read(path)
    sent = taken.tables["Shipped"].sort("lot_no", "quantity")
    assert sent.select("lot_no", "quantity").rows() == [("L1", 3.0), ("L1", 4.0), ("L2", 5.0)]
    assert sent["earliest"].null_count() == 0
    assert taken.counts["shipments"].set_aside == 1


def test_tables_beside_each_other_and_below_each_other(tmp_path: Path) -> None:
    left: Rows = [["收货", *[None] * 3], ["供应商编码", "物料编码", "批号", "数量"],
                  ["S1", "A", "A1", 5], ["S1", "A", "A2", 6]]  # fmt: skip
    right: Rows = [["发货", *[None] * 3], ["客户编码", "产品编码", "批号", "数量"],
                   ["K1", "P", "P1", 1], [None] * 4]  # fmt: skip
    below: Rows = [[None], ["领料"], HEADS, ["2026-03-01", "W1", "A", "A1", 2]]
    rows = [[*one, None, *two] for one, two in zip(left, right, strict=True)] + below
    taken = read(book(tmp_path / "账.xlsx", rows, tab="Sheet1"))
    assert {name: count.loaded for name, count in taken.counts.items()} == {
        "receipts": 2, "shipments": 1, "issues": 1,
    }  # fmt: skip


def test_a_title_may_stand_over_one_of_two_tables_alone(tmp_path: Path) -> None:
    rows: Rows = [["收货"], ["供应商编码", "物料编码", "批号", "数量", None,
                            "客户编码", "产品编码", "批号", "数量"],
                  ["S1", "A", "A1", 5, None, "K1", "P", "P1", 1]]  # fmt: skip
    found = maps(book(tmp_path / "账.xlsx", rows, tab="Sheet1"))
    assert [(table.kind, table.rows) for table in found] == [("receipts", 1), ("shipments", 1)]


@pytest.mark.parametrize("above", [1, 40])
@pytest.mark.parametrize("tab", ["领料", "Sheet1"])
@pytest.mark.parametrize("total", [[], ["合计", None, None, None, 1]])
def test_rows_above_all_headings_are_set_aside_and_told(
    above: int, tab: str, total: list[object], tmp_path: Path
) -> None:
    rows: Rows = [["2026-03-01", "W1", "A", f"A{at}", 1] for at in range(above + 1)]
    path = book(tmp_path / "账.xlsx", [["车间"], *rows[1:], HEADS, rows[0], total], tab=tab)
    taken = read(path)
    assert taken.counts["issues"].loaded == 1
    assert taken.set_aside is not None
    kept = taken.set_aside.select("row", "text").sort("row").rows()
    assert kept == [(at + 1, f"W1 A A{at}") for at in range(1, above + 1)]
    told = [note.params["rows"] for note in taken.findings if note.rule == "rows_outside"]
    assert told == [above]


def test_what_is_set_aside_of_a_tab_named_as_its_sheet_is_counted_with_it(tmp_path: Path) -> None:
    row: list[object] = ["2026-03-01", "W1", "A", "A1", 1]
    rows: Rows = [row, HEADS, row, [None, None, None, None, 7]]
    counts = read(book(tmp_path / "issues.xlsx", rows, tab="issues")).counts
    assert {name: (count.read, count.loaded) for name, count in counts.items()} == {
        "issues": (3, 1)
    }


@pytest.mark.parametrize("gap", [[], [None]])
@pytest.mark.parametrize("total", [[], ["合计", None, None, None, 1]])
def test_cells_under_no_heading_are_told_until_a_person_saw_them(
    gap: list[object], total: list[object], tmp_path: Path
) -> None:
    rows: Rows = [HEADS, ["2026-03-01", "W1", "A", "A1", 1, *gap, "L7"],
                  ["2026-03-01", "W1", "A", "A2", 1], total]  # fmt: skip
    path = book(tmp_path / "领料.xlsx", rows)

    def told(taken: Intake) -> list[tuple[int, object]]:
        return [(note.row, note.params["rows"]) for note in taken.findings
                if note.rule == "cells_beside"]  # fmt: skip

    assert told(read(path)) == [(2, 1)]
    assert told(confirmed(path)) == ([(2, 1)] if gap else [])


def test_tables_left_out_of_one_tab_are_all_counted(tmp_path: Path) -> None:
    rows: Rows = [HEADS, ["2026-03-01", "W1", "A", "A1", 1], [],
                  ["供应商编码", "物料编码", "批号", "数量"], ["S1", "A", "A1", 5]]  # fmt: skip
    path = book(tmp_path / "账.xlsx", rows, tab="Sheet1")
    told = [each.to_dict() | {"kind": None} for each in maps(path)]
    (count,) = read(path, reading=Reading(read_map(told))).counts.values()
    assert (len(told), count.read, count.set_aside) == (2, 2, 2)


def test_what_nothing_says_for_sure_waits_for_a_person(tmp_path: Path) -> None:
    rows: Rows = [["Rcvd", "From", "Item", "Lot code", "Kgs in"],
                  ["2026-03-01", "Hill Farm", "Milk", "M1", 40]]  # fmt: skip
    path = book(tmp_path / "log.xlsx", rows, tab="March")
    taken = read(path)
    assert [note.rule for note in taken.findings if note.severity == "error"] == [
        "table_unconfirmed"
    ]
    assert taken.set_aside is not None
    (proposed,) = maps(path)
    assert (proposed.kind, proposed.sure) == ("receipts", False)
    done = confirmed(path)
    assert done.counts["receipts"].loaded == 1
    assert done.tables["Produced"]["quantity"].to_list() == [40.0]


def test_rows_that_look_like_headings_stay_rows(tmp_path: Path) -> None:
    rows: Rows = [["place", "item code", "lot", "quantity", "unit"],
                  ["Warehouse", "Material", "LOT-1", 3, "piece"],
                  ["Store", "Component", "Batch", None, "unit"]]  # fmt: skip
    taken = read(book(tmp_path / "stock.xlsx", rows, tab="stock"))
    assert taken.counts["stock"].loaded == 2


@pytest.mark.parametrize("seed", range(8))
def test_a_sheet_is_the_same_however_titles_gaps_and_totals_lie_around_it(
    seed: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    data: Rows = [["2026-03-01", f"W{at}", "A", f"A{at}", at + 1] for at in range(12)]
    plain = read(book(tmp_path / "领料.xlsx", [HEADS, *data])).tables["Consumed"]
    titles = chance.randint(0, 3)
    title: list[object] = ["某某公司"]
    rows: Rows = [*([title] * titles), HEADS]
    for row in data:
        rows.append(row)
        if chance.random() < 0.3:
            rows.append(
                chance.choice([[], ["小计", None, None, None, 99], ["合计:", None, None, None, 1]])
            )
    rows += [["制表：甲", None, "审核：乙"]] * chance.randint(0, 2)
    other = tmp_path / "b"
    other.mkdir()
    taken = read(book(other / "领料.xlsx", rows)).tables["Consumed"]
    columns = ["lot_no", "quantity", "earliest", "key"]
    assert taken.select(columns).equals(plain.select(columns))


@pytest.mark.parametrize(
    ("values", "order"),
    [(["13/05/2026", "01/02/2026"], "dmy"), (["05/13/26"], "mdy"), (["01/02/2026"], ""),
     (["13/05/2026", "05/13/2026"], ""), (["2026-05-13"], "")],
)  # fmt: skip
def test_only_a_number_above_twelve_tells_day_from_month(values: list[str], order: str) -> None:
    assert order_of(values) == order
