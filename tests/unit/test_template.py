"""The import template loads back, examples and all."""

from pathlib import Path

import pytest

from graph_model.errors import BadInput
from graph_model.i18n import catalogue
from loaders.headings import match, sheet_named
from loaders.intake import read
from loaders.plant.sheets import SHEETS
from loaders.template import examples, write_template


def test_template_loads_back_without_findings(tmp_path: Path) -> None:
    write_template(tmp_path / "template.xlsx")
    intake = read(tmp_path / "template.xlsx", pseudonym=lambda name: "p")
    assert not intake.findings
    rows = {sheet: counts.loaded for sheet, counts in intake.counts.items()}
    assert rows == {sheet: len(of) for sheet, of in examples().items()}
    assert set(rows) == {sheet.name for sheet in SHEETS}


def test_examples_are_of_known_fields() -> None:
    fields = {sheet.name: set(sheet.fields) for sheet in SHEETS}
    assert all(set(row) <= fields[sheet] for sheet, rows in examples().items() for row in rows)


def test_numbers_of_the_examples_are_kept_as_text(tmp_path: Path) -> None:
    write_template(tmp_path / "template.xlsx")
    lots = read(tmp_path / "template.xlsx").tables["Lot"]["key"].to_list()
    assert {"S-01/F-100/DS-0229", "PLANT/F-100/240301-1", "PLANT/B-200/B240302-1"} <= set(lots)


def test_template_in_no_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="choose another place"):
        write_template(tmp_path / "absent" / "template.xlsx")


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("批号 Lot No.", "lot_no"),
        ("Lot No.（批号）", "lot_no"),
        ("数量(kg)", "quantity"),
        ("工单号\nWork order", "work_order_no"),
        ("供应商 Lot No.", None),
    ],
)
def test_heading_in_two_languages(heading: str, field: str | None) -> None:
    sheet = sheet_named("issues")
    assert sheet
    assert match([heading], sheet).columns == ({field: 0} if field else {})


def test_every_sheet_and_field_is_explained_in_both_languages() -> None:
    fields = {name for sheet in SHEETS for name in sheet.fields}
    for language in ("en", "zh_CN"):
        texts = catalogue(language)
        assert not {name for name in fields if f"template.help.{name}" not in texts}
        assert not {sheet.name for sheet in SHEETS if f"template.about.{sheet.name}" not in texts}
