"""The floor page on a phone: from scan to trace, stops, people, a queue without a connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import segno
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import BrowserContext, Page, expect

from api.app import create
from graph_model.access import OPERATOR, QUALITY
from graph_model.floor import FloorEntry
from graph_model.plant import Plant
from graph_model.schema import Consumed
from graph_model.settings import Settings
from queries.floor import labels
from tests.ui.conftest import CHROMIUM
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
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    app.state.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield app
    server.should_exit = True
    thread.join()


def phone(context: BrowserContext, app: FastAPI, name: str, lang: str = "en") -> Page:
    """The floor page of somebody who signed in, on a phone of their own."""
    assert context.browser is not None
    own = context.browser.new_context(viewport={"width": 390, "height": 844})
    own.set_default_timeout(PATIENCE)
    own.add_cookies([
        {"name": "lotgraph", "value": app.state.accounts.begin(name), "url": app.state.address},
        {"name": "lotgraph_lang", "value": lang, "url": app.state.address},
    ])  # fmt: skip
    page = own.new_page()
    page.goto(f"{app.state.address}/floor")
    expect(page.locator(".floor-button").first).to_be_visible()
    return page


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


def said(page: Page) -> str:
    return page.locator(".floor-said").inner_text()


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


def test_what_is_wrong_is_stopped_with_the_reason_and_can_be_answered(
    context: BrowserContext, floor: FastAPI
) -> None:
    page = phone(context, floor, "lin")
    step(page, "receive", code="SALT-9", item="SALT", quantity="5")
    expect(page.locator(".floor-said")).to_contain_text("SALT-9")
    step(page, "issue", order="W1", code="SALT-9", quantity="1")
    expect(page.locator(".floor-alert")).to_contain_text("not in the recipe")
    assert "PLANT/SALT/SALT-9" not in entries(floor).filter(pl.col("step") == "issue")["lot"]
    step(page, "make", order="W5", quantity="2")
    expect(page.locator(".floor-alert")).to_contain_text("W5")
    page.locator(".floor-asked [name=order_item]").fill("CAKE")
    page.locator(".floor-form button[type=submit]").click()
    expect(page.locator(".floor-said")).to_contain_text("W5")
    page.context.close()


def test_who_worked_along_confirms_on_their_own_phone(
    context: BrowserContext, floor: FastAPI
) -> None:
    page = phone(context, floor, "lin")
    step(page, "receive", code="FLOUR-2", item="FLOUR", quantity="3", second_person="Mei")
    expect(page.locator(".floor-said")).to_contain_text("FLOUR-2")
    other = phone(context, floor, "mei", lang="zh")
    expect(other.get_by_text("请您确认")).to_be_visible()
    other.get_by_role("button", name="我在场").click()
    expect(other.get_by_text("请您确认")).to_have_count(0)
    for one in (page, other):
        one.context.close()


def test_a_phone_without_a_connection_keeps_and_sends_each_entry_once(
    context: BrowserContext, floor: FastAPI
) -> None:
    page = phone(context, floor, "lin")
    expect(page.locator("html")).to_have_attribute("data-kept-here", "/floor")
    before = len(entries(floor))
    page.context.set_offline(True)
    page.reload()  # the page itself comes from the device
    expect(page.locator("#kept-told")).to_be_visible()
    step(page, "receive", code="FLOUR-3", item="FLOUR", quantity="8")
    expect(page.locator(".floor-said")).to_contain_text("Kept on this device")
    step(page, "issue", order="W1", code="FLOUR-3", quantity="2")
    expect(page.locator(".floor-said")).to_contain_text("Kept on this device")
    expect(page.locator(".floor-footer")).to_contain_text("2 not sent yet")
    assert len(entries(floor)) == before
    # It dies in the midst of sending: the service has the list, the phone never hears of it.
    page.context.route("**/api/v1/floor/entries", lambda route: (route.fetch(), route.abort()))
    page.close()
    page.context.set_offline(False)
    again = page.context.new_page()
    again.goto(f"{floor.state.address}/floor")
    expect(again.locator(".floor-footer")).to_contain_text("2 not sent yet")
    again.context.unroute("**/api/v1/floor/entries")
    again.reload()
    expect(again.locator(".floor-footer")).to_contain_text("Everything was sent")
    rows = entries(floor)
    assert len(rows) == before + 2
    assert rows["waited"].tail(2).all()
    again.context.close()


def test_an_entry_that_is_refused_stays_until_its_person_removes_it(
    context: BrowserContext, floor: FastAPI
) -> None:
    page = phone(context, floor, "lin")
    page.context.set_offline(True)
    step(page, "hold", code="FLOUR-1", reason="smells")
    expect(page.locator(".floor-said")).to_contain_text("Kept on this device")
    step(page, "hold", code="FLOUR-1", reason="tested", step="lift")  # who may not
    page.context.set_offline(False)
    page.evaluate("location.hash = ''")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    row = page.locator(".floor-lists .floor-refused")
    expect(row).to_be_visible()
    page.reload()
    expect(row).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    page.context.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_phone_pages_stand_in_nobodys_way(
    context: BrowserContext, floor: FastAPI, lang: str
) -> None:
    page = phone(context, floor, "qin", lang)
    for name in ("", "issue", "inspect"):
        page.evaluate(f"location.hash = '{name}'")
        expect(page.locator(".floor-form" if name else ".floor-buttons")).to_be_visible()
        found = Axe().run(page).response
        assert len(found["passes"]) > 10
        serious = [
            (fault["id"], [node["html"][:200] for node in fault["nodes"][:3]])
            for fault in found["violations"]
            if fault["impact"] in ("serious", "critical")
        ]
        assert not serious
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0
    page.context.close()


def test_a_label_is_read_by_camera(context: BrowserContext, floor: FastAPI, tmp_path: Path) -> None:
    """A camera that shows a label that we printed: read by the reader that is bundled."""
    film = tmp_path / "label.y4m"
    label = labels.address(floor.state.address, "PLANT/FLOUR/FLOUR-1")
    filmed(film, label)
    assert CHROMIUM is not None
    kind = context.browser
    assert kind is not None
    own = kind.browser_type.launch(executable_path=CHROMIUM, args=[
        "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ])  # fmt: skip
    try:
        page = phone(own.new_context(), floor, "lin")
        page.locator(".floor-button[data-step=move]").click()
        page.locator(".camera-button").click()
        expect(page.locator("dialog.camera")).to_have_count(0)
        expect(page.locator("[name=code]")).to_have_value(label)
        expect(page.locator(".floor-hint")).to_contain_text("FLOUR-1")
        page.locator("[name=quantity]").fill("1")
        page.locator("[name=to_place]").fill("B2")
        page.locator("[name=confirmed]").check()
        page.locator(".floor-form button[type=submit]").click()
        expect(page.locator(".floor-said")).to_contain_text("FLOUR-1")
    finally:
        own.close()
    moved = entries(floor).filter(pl.col("step") == "move").row(0, named=True)
    assert (moved["lot"], moved["scanned"]) == ("PLANT/FLOUR/FLOUR-1", True)


def filmed(film: Path, text: str, width: int = 640, height: int = 480) -> None:
    """A film (y4m, grey) of a label that lies a little off the middle."""
    code = segno.make(text, error="m")
    scale = height * 3 // 4 // code.symbol_size(border=4)[1]
    symbol = np.array([[0 if dark else 235 for dark in row] for row in code.matrix_iter(
        scale=scale, border=4)], dtype=np.uint8)  # fmt: skip
    light = np.full((height, width), 180, dtype=np.uint8)
    light[30 : 30 + symbol.shape[0], 90 : 90 + symbol.shape[1]] = symbol
    colour = np.full(height // 2 * width // 2, 128, dtype=np.uint8).tobytes() * 2
    with film.open("wb") as stream:
        stream.write(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode())
        for _ in range(10):
            stream.write(b"FRAME\n" + light.tobytes() + colour)
