"""Data: files go in with their findings, and who may not import does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import BrowserContext, expect

from graph_model.interval import in_force
from graph_model.live import LivePlant
from graph_model.plant import Plant
from graph_model.schema import Decision, Lot
from graph_model.settings import Settings
from loaders.presets import Presets
from queries.incidents import deadlines
from queries.recall import tables
from tests.ui.conftest import Opener, Served
from tests.ui.signing import enter, sign

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


@pytest.mark.parametrize(
    ("lang", "load", "kept", "asks"),
    [("en", "Load as chosen", "Keep as preset", "Please confirm"),
     ("zh", "按所选导入", "保存为预设", "请确认")],
)  # fmt: skip
def test_what_was_recognised_is_corrected_kept_and_read_again(
    context: BrowserContext, service: tuple[str, Path], tmp_path: Path, lang: str, load: str,
    kept: str, asks: str,
) -> None:  # fmt: skip
    address, data = service
    file = tmp_path / "log.csv"
    file.write_text(
        "Milk log,,,,\nRcvd,From,Milk,Tanker lot,Kgs in\n"
        f"14/03/2026,Hill Farm,RM-77,M-{lang},40\nTotal,,,,40\n"
    )
    page = context.new_page()
    page.set_viewport_size({"width": 390 if lang == "zh" else 1280, "height": 900})
    page.goto(f"{address}/data?lang={lang}")
    with page.expect_file_chooser() as chosen:
        page.locator("[data-import=dry]").click()
    chosen.value.set_files(file)
    table = page.locator(".mapped")
    expect(table).to_have_count(1)
    expect(table).to_contain_text(asks)
    expect(table.locator("select").first).to_have_value("receipts")
    row = table.locator("tbody tr", has_text="RM-77")
    row.locator("select").select_option("item_code")
    expect(row).not_to_contain_text(asks)
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    page.get_by_label(kept).fill(f"Milk {lang}")
    page.get_by_role("button", name=load).click()
    expect(page.locator("#import-told")).to_contain_text("#")
    expect(table).to_have_count(0)
    page.goto(f"{address}/data?lang={lang}")
    expect(page.locator("#page")).to_contain_text(f"Milk {lang}")
    page.close()
    with LivePlant(Settings(data=data)) as live:
        lots = live.now().facts[Lot].filter(lot_no=f"M-{lang}", owner="PLANT")
        assert lots["item_code"].to_list() == ["RM-77"]
    with Plant(Settings(data=data)) as plant:
        Presets(plant.ledger.records).delete(f"Milk {lang}")


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


def late(live: LivePlant, source: str) -> list[int]:
    """What was decided about how late a source posts, in microseconds."""
    rows = in_force(live.now().facts[Decision]).filter(kind="delay", subject=source)
    return rows["late"].to_list()


def test_decisions_tables_and_deadlines_are_changed_here_and_undone(
    context: BrowserContext, signed: FastAPI
) -> None:
    live, address = signed.state.plant, signed.state.address
    page = enter(context, signed, "ann", "/data?ask=decide&kind=delay")
    page.get_by_role("dialog").locator("input[name=late]").fill("36h")
    source = page.get_by_role("dialog").locator("select").input_value()
    sign(page, "measured for a month")
    assert 36 * 3_600_000_000 in late(live, source)
    newest = live.batches()[-1].number
    page.locator("tr", has_text=f"#{newest}").get_by_text("Undo").click()
    sign(page, "wrong source")
    assert 36 * 3_600_000_000 not in late(live, source)

    page.goto(f"{address}/data?edit=rules")
    rules = page.get_by_role("dialog").locator("textarea")
    rules.fill("[[kill_step]]\nstep = ")
    page.get_by_role("dialog").locator("input[name=reason]").first.fill("validated")
    page.get_by_role("dialog").locator("button[type=submit]").first.click()
    expect(page.get_by_role("dialog").locator(".alert").first).not_to_be_empty()
    rules.fill('[[kill_step]]\nstep = "bake"\nagent = "Salmonella"\nlimits = { min_temp_c = 80 }')
    sign(page, "validated")
    assert tables.rules(live.now().facts).kill_steps[0].limits == {"min_temp_c": 80.0}

    page.goto(f"{address}/data?edit=deadlines&rule=cn-food-start-1")
    page.get_by_role("dialog").locator("input[name=hours]").fill("12")
    page.get_by_role("dialog").locator("input[name=reason]").fill("our own, shorter")
    page.get_by_role("dialog").locator("button[type=submit]").click()
    expect(page.get_by_role("dialog").locator("tr", has_text="your own")).to_contain_text("12 h")
    assert deadlines.rules(live.now().facts)["cn-food-start-1"].hours == 12
    page.context.close()


def test_management_sets_the_cost_of_goods_by_fields(
    context: BrowserContext, signed: FastAPI
) -> None:
    page = enter(context, signed, "max", "/management?edit=costs")
    box = page.get_by_role("dialog")
    box.locator("input[name='shipped.freight.per_unit']").fill("0.75")
    box.locator("select[name=new_place]").select_option("fixed")
    box.locator("select[name=new_type]").select_option("test")
    box.locator("select[name=new_way]").select_option("amount")
    box.locator("input[name=new_figure]").fill("1200")
    sign(page, "contract of this year")
    costs = tables.costs(signed.state.plant.now().facts)
    assert costs.figures["shipped"]["freight"] == {"per_unit": 0.75}
    assert costs.fixed() == {"test": 1200.0}
    assert costs.figures["on_hand"]["scrap"] == {"share": 1.0}
    page.context.close()
