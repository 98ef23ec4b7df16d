"""The floor page on a phone: from scan to trace, a queue without a connection, a cut plan."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect
from playwright.sync_api import Error as PlaywrightError

from api.app import create
from bench.serving import CHROMIUM
from graph_model.access import OPERATOR, QUALITY
from graph_model.floor import FloorEntry
from graph_model.plant import Plant
from graph_model.schema import Consumed
from graph_model.settings import Settings
from queries.floor import plan
from tests.ui.conftest import running
from tests.ui.signing import PASSWORD, PATIENCE
from tests.unit.test_floor import SHEETS
from tests.unit.test_incidents import loaded


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The whole service over a plant with a recipe and an order, and three people."""
    base = tmp_path_factory.mktemp("floor")
    settings = Settings(data=base / "data")
    with Plant(settings) as plant:
        loaded(plant, base / "sheets", SHEETS)
    app = create(settings)
    for name, role in (("lin", OPERATOR), ("mei", OPERATOR), ("qin", QUALITY)):
        app.state.accounts.add(name, [role], PASSWORD, name=name.title(), must_change=False)
    with running(app) as app.state.address:
        yield app


def phone(context: BrowserContext, app: FastAPI, name: str, lang: str = "en") -> Page:
    """The floor page of somebody who signed in, on a phone of their own."""
    assert context.browser is not None
    return of_browser(context.browser, app, name, lang)


def of_browser(browser: Browser, app: FastAPI, name: str, lang: str = "en") -> Page:
    """The same in a browser of its own kind."""
    own = browser.new_context(viewport={"width": 390, "height": 844})
    own.set_default_timeout(PATIENCE)
    become(own, app, name)
    own.add_cookies([{"name": "lotgraph_lang", "value": lang, "url": app.state.address}])
    page = own.new_page()
    page.goto(f"{app.state.address}/floor")
    expect(page.locator(".floor-button").first).to_be_visible()
    return page


def become(phone: BrowserContext, app: FastAPI, name: str) -> None:
    """From here on the phone is this person's."""
    secret = app.state.accounts.sessions.begin(name)
    phone.add_cookies([{"name": "lotgraph", "value": secret, "url": app.state.address}])


def step(page: Page, name: str, **fields: str) -> None:
    """Fills the form of a step and records it; `code` as a scanner types it."""
    page.evaluate("location.hash = ''")
    page.locator(f".floor-button[data-step={name}]").click()
    for field, value in fields.items():
        given = page.locator(f".floor-form [name={field}]")
        if field == "code":
            given.click()
            page.keyboard.type(value, delay=0)
            page.keyboard.press("Enter")
        elif given.evaluate("one => one.tagName") == "SELECT":
            given.select_option(value)
        else:
            given.fill(value)
    page.locator(".floor-form [name=confirmed]").check()
    page.locator(".floor-form button[type=submit]").click()


def entries(app: FastAPI) -> pl.DataFrame:
    rows: pl.DataFrame = app.state.plant.now().facts[FloorEntry].sort("occurred_at")
    return rows


def test_goods_go_from_scan_to_trace(context: BrowserContext, floor: FastAPI) -> None:
    page = phone(context, floor, "lin")
    step(page, "receive", code="FLOUR-1", item="FLOUR", quantity="10", supplier="S1")
    expect(page.locator(".floor-said")).to_contain_text("FLOUR-1")
    expect(page.locator(".floor-label img")).to_be_visible()
    step(page, "issue", order="W1", code="FLOUR-1", quantity="4")
    expect(page.locator(".floor-said")).to_contain_text("W1")
    step(page, "make", order="W1", quantity="4")
    expect(page.locator(".floor-label .lot-no")).to_contain_text("W1-01")
    moment = floor.state.plant.now()
    made = entries(floor).filter(pl.col("step") == "make")["lot"][0]
    number = moment.lineage.number([made])
    back = moment.lineage.lots["key"][moment.lineage.backward(number).lots]
    assert "S1/FLOUR/FLOUR-1" in back
    rows = moment.facts[Consumed].filter(pl.col("operation") == "PLANT/produce/W1")
    assert rows["lot_source"].to_list() == ["scanned"]
    page.context.close()


def test_what_waits_for_a_connection_is_sent_once(context: BrowserContext, floor: FastAPI) -> None:
    page = phone(context, floor, "lin")
    told, foot = page.locator(".floor-said"), page.locator(".floor-footer")
    step(page, "receive", code="FLOUR-2", item="FLOUR", quantity="5", supplier="S1")
    expect(told).to_contain_text("FLOUR-2")
    page.context.set_offline(True)
    step(page, "issue", order="W1", code="FLOUR-2", quantity="2")
    expect(told).to_contain_text("Kept on this device")
    expect(foot).to_contain_text("1 not sent yet")
    of_lot = (pl.col("lot") == "PLANT/FLOUR/FLOUR-2") & (pl.col("step") == "issue")
    assert entries(floor).filter(of_lot).is_empty()
    page.context.set_offline(False)
    expect(foot).to_contain_text("Everything was sent")
    assert entries(floor).filter(of_lot)["waited"].to_list() == [True]
    page.context.close()


def test_the_page_opens_anew_without_a_connection_and_belongs_to_its_person(
    context: BrowserContext, floor: FastAPI
) -> None:
    page = phone(context, floor, "lin")
    step(page, "receive", code="FLOUR-4", item="FLOUR", quantity="5", supplier="S1")
    expect(page.locator(".floor-said")).to_contain_text("FLOUR-4")
    page.goto(f"{floor.state.address}/floor")
    expect(page.locator(".kept")).to_be_visible()
    page = anew(page, "/floor", offline=True)
    answer = page.reload()
    assert answer is not None
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    expect(page.locator(".kept-note")).to_contain_text("did not answer")
    expect(page.locator(".floor-button")).to_have_count(8)
    step(page, "issue", order="W1", code="FLOUR-4", quantity="2")
    expect(page.locator(".floor-said")).to_contain_text("Kept on this device")
    page = anew(page, "/floor", offline=True)
    expect(page.locator(".floor-footer")).to_contain_text("1 not sent yet")
    of_lot = (pl.col("lot") == "PLANT/FLOUR/FLOUR-4") & (pl.col("step") == "issue")
    assert entries(floor).filter(of_lot).is_empty()
    page.context.set_offline(False)
    expect(page.locator(".floor-footer")).to_contain_text("Everything was sent")
    page = anew(page, "/floor", offline=False)
    expect(page.locator(".kept-note")).to_have_count(0)
    assert entries(floor).filter(of_lot)["waited"].to_list() == [True]

    become(page.context, floor, "mei")
    page.reload()
    expect(page.locator(".kept")).to_be_visible()
    views = "caches.keys().then(all => all.filter(one => one.startsWith('lotgraph-pages-')))"
    assert [name.rpartition("-")[2] for name in page.evaluate(views)] == ["Mei"]
    page.locator(".sign-out button").click()
    expect(page.locator("input[name=password]")).to_be_visible()
    assert page.evaluate("indexedDB.databases().then(all => all.map(one => one.name))") == [
        "lotgraph-floor"
    ]
    assert not page.evaluate(views)
    with pytest.raises(PlaywrightError, match="ERR_"):
        anew(page, "/floor", offline=True)
    page.context.close()


def anew(page: Page, path: str, *, offline: bool) -> Page:
    """The address in a new page of the same phone, the old one closed."""
    own, address = page.context, page.url.partition("/floor")[0].partition("/login")[0]
    page.close()
    own.set_offline(offline)
    page = own.new_page()
    page.goto(address + path)
    return page


def test_a_device_that_holds_a_part_of_the_orders_says_so(
    context: BrowserContext, floor: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = phone(context, floor, "mei")
    expect(whole.locator("#floor [role=note]")).to_have_count(0)
    whole.context.close()
    monkeypatch.setattr(plan, "ORDERS", 0)
    page = phone(context, floor, "mei", "zh")
    expect(page.locator("#floor [role=note]")).to_contain_text("其中一部分")
    page.context.close()


FILMED = """async (img) => {
    await img.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
    const drawing = canvas.getContext("2d");
    drawing.fillStyle = "#999";
    drawing.fillRect(0, 0, 640, 480);
    drawing.drawImage(img, 190, 110, 260, 260);
    const grey = drawing.getImageData(0, 0, 640, 480).data.filter((_, n) => n % 4 === 0);
    return btoa(Array.from(grey, (one) => String.fromCharCode(one)).join(""));
}"""
"""What a camera sees of a picture, one byte of grey for each point."""


def film(page: Page, file: Path) -> Path:
    """The label on the page as a film of one frame, which a camera without a lens plays."""
    grey = base64.b64decode(page.locator(".floor-label img").evaluate(FILMED))
    colour = bytes([128]) * (2 * 320 * 240)
    file.write_bytes(b"YUV4MPEG2 W640 H480 F5:1 Ip A1:1 C420jpeg\nFRAME\n" + grey + colour)
    return file


def test_the_camera_reads_a_label_that_was_printed(
    context: BrowserContext, floor: FastAPI, tmp_path: Path
) -> None:
    page = phone(context, floor, "lin")
    step(page, "receive", code="FLOUR-3", item="FLOUR", quantity="6", supplier="S1")
    seen = film(page, tmp_path / "label.y4m")
    page.context.close()
    assert context.browser is not None
    browser = context.browser.browser_type.launch(executable_path=CHROMIUM, args=[
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={seen}",
    ])  # fmt: skip
    page = of_browser(browser, floor, "lin")
    page.locator(".floor-button[data-step=issue]").click()
    with page.expect_response("**/zxing_reader.wasm*"):  # no reader of its own on this system
        page.locator(".camera-button").click()
    expect(page.locator(".floor-form [name=code]")).to_have_value(re.compile("FLOUR-3"))
    expect(page.locator("dialog.camera")).to_have_count(0)
    expect(page.locator(".floor-hint")).to_contain_text("FLOUR-3")
    page.locator(".floor-form [name=order]").fill("W1")
    page.locator(".floor-form [name=quantity]").fill("1")
    page.locator(".floor-form [name=confirmed]").check()
    page.locator(".floor-form button[type=submit]").click()
    expect(page.locator(".floor-said")).to_contain_text("W1")
    issued = entries(floor).filter(pl.col("lot") == "PLANT/FLOUR/FLOUR-3", step="issue")
    assert issued["scanned"].to_list() == [True]
    browser.close()
