"""Trace: drawn, listed and told alike; what is shown and how many there are is always exact."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from dashboard.url import link
from queries import drawing
from tests.ui.conftest import Opener, Served
from tests.ui.plants import incident


@pytest.fixture(scope="module")
def lot(served: Served) -> str:
    """The key of the suspect lot of the demo's incident."""
    about = incident(served.live)
    lots = served.live.now().lineage.lots
    rows = lots.filter(
        (lots["owner"] == about["supplier"]) & (lots["lot_no"] == about["supplier_lot"])
    )
    return str(rows["key"][0])


def net(served: Served, lot: str, direction: str) -> drawing.Net:
    """The whole trace of the lot."""
    lineage = served.live.now().lineage
    return drawing.net(lineage, lineage.number([lot]), direction)


def graph(page: Page) -> dict[str, list[str]]:
    """Classes of what the browser has drawn, by id."""
    page.wait_for_function("document.getElementById('trace-graph')?._cyreg?.cy.nodes().length")
    found: dict[str, list[str]] = page.evaluate(
        "Object.fromEntries(document.getElementById('trace-graph')._cyreg.cy.elements()"
        ".map(e => [e.id(), e.classes()]))"
    )
    return found


@pytest.mark.parametrize(("lang", "direction"), [
    ("en", "forward"), ("zh", "both"), ("en", "siblings"), ("zh", "backward"),
])  # fmt: skip
def test_what_is_shown_of_how_many_is_exact(
    opened: Opener, served: Served, lot: str, lang: str, direction: str
) -> None:
    page = opened(link("/trace", lot=lot, direction=direction), lang=lang)
    whole = net(served, lot, direction)
    total = f"{len(whole.nodes):,}"
    expect(page.locator("#trace-canvas-head h2")).to_contain_text(total)
    nodes = [name for name in graph(page) if name[:2] not in ("H:",) and "→" not in name]
    expect(page.locator("#trace-canvas-head h2")).to_contain_text(str(len(nodes)))


def test_a_group_opens_by_a_click_on_its_node(opened: Opener, lot: str) -> None:
    page = opened(link("/trace", lot=lot))
    group = next(name for name, classes in graph(page).items() if "group" in classes)
    page.evaluate(
        "id => document.getElementById('trace-graph')._cyreg.cy.$id(id).emit('tap')", group
    )
    page.wait_for_url("**open=**")
    page.wait_for_function(
        "id => !document.getElementById('trace-graph')._cyreg.cy.$id(id).length", arg=group
    )
    expect(page.get_by_text("Close groups")).to_be_visible()


def test_a_chosen_row_lights_its_path_and_opens_its_panel(
    opened: Opener, served: Served, lot: str
) -> None:
    page = opened(link("/trace", lot=lot))
    rows = page.locator(".ag-center-cols-container .ag-row")
    expect(rows.first.locator(".lot-no")).to_be_visible()  # the block has come
    rows.last.locator(".ag-cell").nth(1).click()
    page.wait_for_url("**sel=**")
    expect(page.locator("#trace-canvas-head .chip.chosen")).to_be_visible()
    assert any("lit" in classes for classes in graph(page).values())
    expect(page.locator(".lot-panel .witness li").first).to_be_visible()
    assert served.live.now().batch


def test_every_row_of_the_table_is_exported(opened: Opener, served: Served, lot: str) -> None:
    page = opened(link("/trace", lot=lot, tab="shipment"))
    with page.expect_download() as got:
        page.locator("#trace-export").click()
    rows = list(csv.reader(io.StringIO(Path(got.value.path()).read_text("utf-8-sig"))))
    nodes = net(served, lot, "forward").nodes
    assert {row[-1] for row in rows[1:]} == set(nodes.filter(nodes["kind"] == "shipment")["id"])


def test_an_earlier_batch_is_shown_as_of_then(opened: Opener, lot: str) -> None:
    page = opened(link("/trace", lot=lot, as_of=1))
    expect(page.locator("#as-of")).to_contain_text("#1")
    page.locator("#as-of a").click()
    expect(page.locator("#as-of")).not_to_contain_text("#1")


def test_an_unknown_lot_says_so(opened: Opener) -> None:
    page = opened("/trace?lot=NO-SUCH-LOT", lang="zh")
    expect(page.locator("#page")).to_contain_text("没有批次号为 NO-SUCH-LOT 的批次")


def test_an_ambiguous_lot_lists_its_candidates(opened: Opener, served: Served) -> None:
    lots = served.live.now().lineage.lots
    numbered = lots.filter(lots["rule"].is_null() & (lots["lot_no"] != ""))
    twice = numbered.filter(numbered["lot_no"].is_duplicated())
    if twice.is_empty():
        pytest.skip("the demo plant of this size has no number twice")
    page = opened(link("/trace", lot=twice["lot_no"][0]))
    for key in twice.filter(twice["lot_no"] == twice["lot_no"][0])["key"]:
        expect(page.locator("#page")).to_contain_text(key)


def test_a_label_has_a_code_that_opens_the_trace(opened: Opener, lot: str) -> None:
    page = opened(link("/trace", lot=lot, label=1))
    code = page.locator(".qr-label img")
    expect(code).to_have_attribute("src", re.compile("^data:image/svg"))
    assert page.evaluate("document.querySelector('.qr-label img').naturalWidth") > 0


def test_names_of_people_are_hidden_from_a_role_that_may_not_see_them(
    opened: Opener, served: Served, lot: str
) -> None:
    moment = served.live.now()
    used = moment.lineage.consumed_lot
    ours = moment.lineage.lots["key"][int(np.bincount(used).argmax())]
    page = opened(link("/trace", lot=lot, sel=ours), role="viewer")
    expect(page.locator(".lot-panel")).not_to_contain_text("Operator")
