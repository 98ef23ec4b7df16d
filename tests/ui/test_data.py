"""Data: files go in with their findings, and who may not import does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from graph_model.live import LivePlant
from graph_model.schema import Lot
from graph_model.settings import Settings
from tests.ui.conftest import Opener, Served

RECEIPTS = (
    "供应商编码,物料编码,批次号,供应商批号,数量,单位\n"
    "S1,SUGAR,N-1,X-1,100,kg\nS1,SUGAR,N-2,X-2,abc,kg\n"
)


def test_a_chinese_file_goes_in_and_its_findings_come_back(
    context: BrowserContext, service: tuple[str, Path], tmp_path: Path
) -> None:
    address, data = service
    file = tmp_path / "采购入库.csv"
    file.write_text(RECEIPTS, encoding="gb18030")
    page = context.new_page()
    page.goto(f"{address}/data")
    for kind, told in (("dry", "nothing was loaded"), ("choose", "#1")):
        with page.expect_file_chooser() as chosen:
            page.locator(f"[data-import={kind}]").click()
        chosen.value.set_files(file)
        expect(page.locator("#import-told")).to_contain_text(told)
        expect(page.locator("#import-told")).to_contain_text("abc")
    page.close()
    with LivePlant(Settings(data=data)) as live:
        numbers = set(live.now().facts[Lot]["lot_no"])
    assert {"N-1", "N-2", "X-1", "X-2"} <= numbers


def test_a_file_that_cannot_be_read_is_refused_with_a_reason(
    context: BrowserContext, service: tuple[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "broken.xlsx"
    file.write_bytes(b"not a workbook")
    page = context.new_page()
    page.goto(f"{service[0]}/data")
    with page.expect_file_chooser() as chosen:
        page.locator("[data-import=choose]").click()
    chosen.value.set_files(file)
    expect(page.locator("#import-told")).to_contain_text("broken.xlsx")
    page.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_batches_and_decisions_are_listed(opened: Opener, served: Served, lang: str) -> None:
    page = opened("/data", lang=lang)
    newest = served.live.batches()[-1].number
    expect(page.locator("#page")).to_contain_text(f"#{newest}")


def test_an_auditor_may_look_but_not_import(opened: Opener) -> None:
    page = opened("/data", role="auditor")
    expect(page.locator("#page h1")).to_be_visible()
    expect(page.locator("[data-import]")).to_have_count(0)


def test_a_viewer_is_told_that_the_page_is_not_for_the_role(opened: Opener) -> None:
    page = opened("/data", role="viewer")
    expect(page.locator("#page")).to_contain_text("import.read")
