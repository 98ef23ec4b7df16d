"""The plant folder becomes tables; nothing vanishes."""

from pathlib import Path

import pytest

from graph_model.errors import BadFile
from loaders.headings import match
from loaders.intake import read
from loaders.plant.sheets import BY_NAME


def test_issue_and_output_meet_by_order(tmp_path: Path) -> None:
    (tmp_path / "生产领料.csv").write_text(
        "工单号,物料编码,批号,数量,操作员\nW1,F,F1,10,李四\nW1,F,,5,\n,,,1,\n", encoding="gb18030"
    )
    (tmp_path / "outputs.csv").write_text("work_order_no,item_code,lot_no\nW1,B,B1\n")
    intake = read(tmp_path, pseudonym=lambda name: f"p{len(name)}")
    consumed, produced = intake.tables["Consumed"], intake.tables["Produced"]
    assert set(consumed["lot"]) == {None, "PLANT/F/F1"}
    assert set(consumed["operation"]) == set(produced["operation"]) == {"PLANT/produce/W1"}
    assert intake.names == {"p2": "李四"}
    issues = intake.counts["issues"]
    assert (issues.read, issues.loaded, issues.set_aside) == (3, 2, 1)


def test_overlapping_parts_give_the_same_tables(tmp_path: Path) -> None:
    head = "doc_no,doc_line_no,work_order_no,item_code,lot_no,quantity\n"
    rows = ["D1,1,W1,F,F1,1\n", "D1,2,W1,F,F2,2\n", "D2,1,W2,F,F1,3\n"]
    (tmp_path / "issues.csv").write_text(head + "".join(rows))
    first = read(tmp_path)
    (tmp_path / "issues.csv").write_text(head + "".join(reversed(rows[1:] + rows[1:2])) + rows[0])
    again = read(tmp_path)
    for kind, table in first.tables.items():
        plain = [name for name in table.columns if not name.startswith("_")]
        assert table.select(plain).equals(again.tables[kind].select(plain)), kind
    assert again.counts["issues"].already_known == 1


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 binary", b"PK\x03\x04 broken", b"\0" * 99])
def test_what_is_no_table_is_refused_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "issues.csv").write_bytes(content)
    with pytest.raises(BadFile) as refused:
        read(tmp_path)
    assert "issues.csv" in str(refused.value)


def test_totals_below_a_table_are_no_order(tmp_path: Path) -> None:
    rows = "工单号,物料编码,批号,数量\nW1,F,F1,10\nW1,F,F2,5\n合计,,,15\n"
    (tmp_path / "生产领料.csv").write_text(rows, encoding="utf-8")
    intake = read(tmp_path)
    assert intake.tables["Operation"]["work_order_no"].to_list() == ["W1"]
    assert (intake.counts["issues"].loaded, intake.counts["issues"].set_aside) == (2, 1)


@pytest.mark.parametrize(
    ("sheet", "headings", "fields"),
    [
        ("bom", ["母件编码", "子件编码", "用量"], ["parent_item_code", "item_code", "quantity"]),
        ("issues", ["产品编码", "物料代码", "批号"], [None, "item_code", "lot_no"]),
        ("outputs", ["产品编码", "产品批号"], ["item_code", "lot_no"]),
        ("moves", ["转出仓库", "转入仓库", "批号"], ["from_place", "to_place", "lot_no"]),
        ("shipments", ["客户名称", "客户编码"], [None, "customer_code"]),
    ],
)
def test_headings_of_erp_systems_mean_their_field(
    sheet: str, headings: list[str], fields: list[str | None]
) -> None:
    found = match(headings, BY_NAME[sheet]).columns
    assert found == {name: index for index, name in enumerate(fields) if name}


def test_rows_set_aside_of_two_files_of_one_name_both_stay(tmp_path: Path) -> None:
    kept = []
    for month, amount in (("January", 7), ("February", 9), ("February", 9)):
        (tmp_path / "issues.csv").write_text(f"物料编码,数量\n,{amount}\n", encoding="utf-8")
        aside = read(tmp_path).set_aside
        assert aside is not None, month
        kept += aside["key"].to_list()
    assert len(kept) == 3
    assert kept[0] != kept[1] == kept[2]


@pytest.mark.parametrize(
    ("headings", "cells", "unit"),
    [
        ("数量(吨)", "5", "吨"),
        ("数量（KG）,单位", "5,", "KG"),
        ("数量(kg),单位", "5,g", "g"),
        ("数量(主单位)", "5", None),
        ("Quantity [lb]", "5", "lb"),
    ],
)
def test_a_unit_in_the_heading_of_an_amount_counts(
    headings: str, cells: str, unit: str | None, tmp_path: Path
) -> None:
    rows = f"工单号,物料编码,批号,{headings}\nW1,A,A1,{cells}\n"
    (tmp_path / "生产领料.csv").write_text(rows, encoding="utf-8")
    (row,) = read(tmp_path).tables["Consumed"].select("quantity", "uom").rows()
    assert row == (5.0, unit)


def test_units_of_headings_that_differ_count_for_none(tmp_path: Path) -> None:
    rows = "仓库,物料编码,实盘数量(kg),账面数量(箱)\nW,A,5,5\n"
    (tmp_path / "盘点.csv").write_text(rows, encoding="utf-8")
    assert read(tmp_path).tables["Count"]["uom"].to_list() == [None]


@pytest.mark.parametrize(
    ("written", "status"),
    [("已审核", "posted"), ("", "posted"), ("未审核", "draft"), ("会签中", "draft")],
)
def test_a_status_that_nobody_knows_is_not_posted(
    written: str, status: str, tmp_path: Path
) -> None:
    rows = f"仓库,物料编码,实盘数量,单据状态\nW,A,0,{written}\n"
    (tmp_path / "盘点.csv").write_text(rows, encoding="utf-8")
    assert read(tmp_path).tables["Count"]["status"].to_list() == [status]
