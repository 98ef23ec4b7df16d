"""Start: any number typed or scanned leads to what it means."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from playwright.sync_api import BrowserContext, expect

from dashboard.url import link
from graph_model import evidence
from graph_model.schema import Incident
from tests.ui.conftest import Opener, Served
from tests.ui.signing import enter, sign


def first_lot(served: Served) -> dict[str, str]:
    """A recorded lot of ours whose number no other lot has."""
    lots = served.live.now().lineage.lots
    rows = lots.filter(
        lots["rule"].is_null() & (lots["owner"] == "PLANT") & lots["lot_no"].is_unique()
    )
    return rows.row(0, named=True)


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ("What do you have in hand?", "Data completeness", "Data until", "Recent imports")),
     ("zh", ("您手上是什么号码？", "数据完整率", "数据截至", "最近导入"))],
)  # fmt: skip
def test_start_is_shown_in_both_languages(opened: Opener, lang: str, words: list[str]) -> None:
    page = opened("/", lang=lang)
    for word in words:
        expect(page.locator("#page")).to_contain_text(word)
    assert page.locator("html").get_attribute("lang") == {"en": "en", "zh": "zh-CN"}[lang]


def test_ambiguous_number_lists_all_candidates(opened: Opener, served: Served) -> None:
    number = first_lot(served)["lot_no"][:-2]
    page = opened(link("/", q=number))
    rows = page.locator(".candidates tr")
    assert rows.count() > 1
    title = page.locator("#found h2").inner_text()
    total = int(re.search(r"\d+", title)[0])  # type: ignore[index]
    if total > rows.count():
        expect(page.locator("#found")).to_contain_text(f"Showing {rows.count()} of {total}")
        page.get_by_text("Show all").click()
        expect(rows).to_have_count(total)


def test_unknown_number_says_what_to_do(opened: Opener) -> None:
    page = opened("/?q=NO-SUCH-NUMBER")
    expect(page.locator("#found")).to_contain_text("Nothing carries NO-SUCH-NUMBER")
    expect(page.locator("#found")).to_contain_text("Check the number on the label")


def test_typing_shows_candidates_and_keeps_the_state_in_the_address(
    opened: Opener, served: Served
) -> None:
    number = first_lot(served)["lot_no"]
    page = opened("/")
    page.keyboard.type(number)
    expect(page.locator(".candidates tr").first).to_contain_text(number)
    assert page.url.endswith(link("/", q=number))


def test_r_recalls_the_candidate_that_the_arrows_chose(opened: Opener, served: Served) -> None:
    page = opened(link("/", q=first_lot(served)["lot_no"][:-2]))
    page.locator("#number").focus()
    chosen = page.locator(".candidates tr.chosen")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(chosen).to_have_count(1)
    href = chosen.locator("[data-act=r]").get_attribute("href")
    page.locator("#number").blur()
    page.keyboard.press("r")
    expect(page.locator("#recall-title")).to_be_visible()
    assert href
    assert page.url.endswith(href)


def test_what_waits_leads_to_where_it_is_decided(context: BrowserContext, signed: FastAPI) -> None:
    number = signed.state.plant.now().facts[Incident]["incident_no"][0]
    page = enter(context, signed, "ann", f"/recall?incident={number}&ask=evidence&kind=decision")
    box = page.get_by_role("dialog")
    lot = signed.state.plant.now().facts[Incident]["lot"][0]
    box.locator("input[name=lot]").fill(lot)
    box.locator("input[name=hazard]").fill("dimension")
    sign(page, "measured again")
    page.goto(f"{signed.state.address}/")
    page.locator(".waits").get_by_text("Accept evidence").click()
    page.get_by_role("dialog").locator("input[name=reason]").fill("I agree with myself")
    page.get_by_role("dialog").locator("button[type=submit]").click()
    expect(page.get_by_role("dialog").locator(".alert")).to_contain_text("person")
    other = enter(context, signed, "ben", "/")
    other.locator(".waits").get_by_text("Accept evidence").click()
    sign(other, "seen the report")
    expect(other.locator("#page").get_by_text("Accept evidence")).to_have_count(0)
    states = evidence.states(signed.state.plant.now().facts)
    assert states["state"].to_list() == [evidence.ACCEPTED]
    for one in (page, other):
        one.context.close()


def test_empty_plant_offers_a_tour_with_the_template(opened: Opener, empty: Served) -> None:
    page = opened("/", of=empty)
    expect(page.locator("#page")).to_contain_text("Your plant is still empty")
    with page.expect_download() as got:
        page.locator("#template").click()
    assert got.value.suggested_filename == "lotgraph-template.xlsx"
