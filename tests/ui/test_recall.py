"""Recall: the workbench says what cannot wait, and a what-if changes nothing that is recorded."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from dashboard.url import link
from queries.recall.overview import overview
from queries.recall.parties import customers
from queries.recall.roots import Suspects
from queries.recall.scope import Scope, compute
from tests.ui.conftest import Opener, Served
from tests.ui.plants import incident


@pytest.fixture(scope="module")
def scope(served: Served) -> Scope:
    """The scope of the demo's incident."""
    moment = served.live.now()
    about = incident(served.live)
    asked = Suspects(supplier=about["supplier"], supplier_lot=about["supplier_lot"])
    return compute(moment.facts, moment.lineage, asked)


@pytest.fixture
def address(served: Served) -> str:
    """The recall of the demo's incident."""
    return link("/recall", **incident(served.live))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_are_those_of_the_scope(
    opened: Opener, address: str, scope: Scope, lang: str, theme: str
) -> None:
    page = opened(address, lang=lang, theme=theme)
    found = overview(scope)
    total = page.locator(".table.tiers tr.total td")
    expect(total.nth(2)).to_have_text(str(found.total.lots))
    for at, tier in enumerate(found.tiers.values()):
        cell = page.locator(".table.tiers tbody tr").nth(at).locator("td").nth(2)
        expect(cell).to_have_text(str(tier.lots) if tier.lots else "–")
    word = {"en": "Unaccounted", "zh": "去向不明"}[lang]
    expect(page.locator(".strip")).to_contain_text(word)


def test_every_lot_of_the_scope_is_exported(opened: Opener, address: str, scope: Scope) -> None:
    page = opened(address)
    with page.expect_download() as got:
        page.locator("#recall-export").click()
    rows = list(csv.reader(io.StringIO(Path(got.value.path()).read_text("utf-8-sig"))))
    assert rows[0][0] == "Tier"
    keys = {row[-1] for row in rows[1:]}
    assert keys == set(scope.lineage.lots["key"][scope.held].to_list())


def test_what_if_shows_what_leaves_and_keeps_the_recorded_figures(
    opened: Opener, address: str, scope: Scope
) -> None:
    page = opened(address)
    held = len(scope.held)
    page.locator(".try .switch").first.click()
    expect(page.locator(".what-if .change")).to_contain_text(f"{held} →")
    assert "clean=" in page.url
    expect(page.locator(".table.tiers tr.total td").nth(2)).to_have_text(str(held))
    page.reload()
    expect(page.locator(".try .switch[aria-checked=true]")).to_have_count(1)


def test_a_lot_shows_its_witness_and_the_link_can_be_mailed(
    opened: Opener, address: str, scope: Scope
) -> None:
    page = opened(address)
    _choose(page)
    expect(page.locator("#lot-panel .witness li").first).to_be_visible()
    again = opened("/" + page.url.split("/", 3)[3])
    expect(again.locator("#lot-panel .witness li").first).to_be_visible()
    assert scope.held.size


def test_gaps_are_listed_with_who_can_close_them(
    opened: Opener, address: str, scope: Scope
) -> None:
    page = opened(address)
    page.locator("#footer a").first.click()
    expect(page.locator("#gaps tbody > tr")).to_have_count(len(scope.missing))


def test_difference_since_the_last_batch_is_computed_when_asked(
    opened: Opener, address: str
) -> None:
    page = opened(address)
    page.get_by_text("Show the difference").click()
    expect(page.locator(".strip .cell").last).to_contain_text(re.compile(r"\+\d+ came in"))


def test_nothing_suspected_says_what_to_do(opened: Opener) -> None:
    expect(opened("/recall").locator("#page")).to_contain_text("What is suspected?")


def test_a_role_without_prices_sees_no_cost(opened: Opener, address: str) -> None:
    page = opened(address, role="viewer")
    expect(page.locator(".table.tiers")).not_to_contain_text("¥")
    expect(page.locator(".ag-root")).not_to_contain_text("¥")
    assert page.get_by_text("Cost against wider recalls").count() == 0


def _choose(page: Page) -> None:
    # The number stands once the block of rows has come.
    page.locator(".ag-center-cols-container .ag-row").nth(2).locator(".lot-no").click()


def test_other_things_than_tests_are_tried_out(opened: Opener, address: str) -> None:
    page = opened(address)
    page.get_by_text("Try something else").click()
    delay = page.get_by_role("dialog").locator("section").first
    delay.locator("input").fill("0")
    delay.locator("button").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".try .switch[aria-checked=true]")).to_have_count(1)
    assert "delay=" in page.url
    page.locator(".try .switch[aria-checked=true]").click()
    expect(page.locator(".try .switch[aria-checked=true]")).to_have_count(0)
    page.goto(page.url + "&ask=try")
    window = page.get_by_role("dialog").locator("section").last
    window.locator("input").first.fill("2019-01-01")
    window.locator("button").click()
    expect(page.locator(".what-if .change")).to_contain_text("→")
    assert "window_from=2019-01-01" in page.url


def test_wrong_words_in_a_trial_are_told(opened: Opener, address: str) -> None:
    page = opened(address + "&delay=issues%40soon")
    expect(page.locator("#page")).to_contain_text("soon")


def test_delivery_notes_are_counted_and_opened(opened: Opener, address: str, scope: Scope) -> None:
    page = opened(address)
    expect(page.locator(".table.customers tbody tr")).to_have_count(
        min(25, len(customers(scope)))
    )  # fmt: skip
    many = page.locator(".table.customers details")
    if many.count():
        many.first.locator("summary").click()
        expect(many.first).to_contain_text(",")


def test_the_table_is_fetched_anew_when_it_shows_something_else(
    opened: Opener, address: str, scope: Scope
) -> None:
    page = opened(address)
    total = scope.lots.height - len(scope.held)
    page.locator("#recall-lots-head .segment").nth(1).click()
    rows = page.locator("#recall-lots .ag-center-cols-container .ag-row")
    expect(rows.first.locator(".glyph.excluded") if total else rows.first).to_be_attached()
    with page.expect_download() as got:
        page.locator("#recall-export-xlsx").click()
    book = openpyxl.load_workbook(got.value.path().rename(got.value.path().with_suffix(".xlsx")))
    assert len(list(book.active.values)) - 1 == total
