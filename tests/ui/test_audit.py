"""Audit and drills: the trail, the batches of the ledger, and no more than a role may see."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from fastapi import FastAPI
from playwright.sync_api import BrowserContext, expect

from graph_model.access import ADMIN
from graph_model.schema import Drill, Incident
from tests.ui.conftest import Opener, Served
from tests.ui.signing import PASSWORD, enter


def test_who_did_what_is_listed_by_the_service(
    context: BrowserContext, service: tuple[str, Path]
) -> None:
    page = context.new_page()
    assert page.request.get(f"{service[0]}/api/v1/accounts").ok
    page.goto(f"{service[0]}/audit")
    trail = page.locator("[data-list*='/api/v1/audit'] tbody tr")
    expect(trail.first).to_be_visible()
    page.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_ledger_is_shown_with_its_hashes(opened: Opener, served: Served, lang: str) -> None:
    page = opened("/audit", lang=lang)
    newest = served.live.batches()[-1]
    expect(page.locator("#page")).to_contain_text(newest.hash[:12])
    expect(page.locator("[data-list]")).to_have_count(0)


def test_a_viewer_may_not_see_drills(opened: Opener) -> None:
    page = opened("/audit", role="viewer")
    expect(page.locator("#page")).to_contain_text("drill.read")


def test_an_admin_manages_accounts_and_prints_the_record_of_a_lot(
    context: BrowserContext, signed: FastAPI, tmp_path: Path
) -> None:
    signed.state.accounts.add("root", [ADMIN], PASSWORD, must_change=False)
    page = enter(context, signed, "root", "/audit?ask=account")
    box = page.get_by_role("dialog")
    for name, value in (("account", "zoe"), ("name", "Zoe Li"), ("roles", "viewer, purchasing"),
                        ("password", "a long enough sentence")):  # fmt: skip
        box.locator(f"input[name={name}]").fill(value)
    box.locator("button[type=submit]").click()
    expect(box).to_have_count(0)
    page.locator("[data-list='/api/v1/accounts'] a", has_text="zoe").click()
    page.get_by_role("dialog").locator("select[name=active]").select_option("false")
    page.get_by_role("dialog").locator("button[type=submit]").first.click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    zoe = next(one for one in signed.state.accounts.all() if one.account == "zoe")
    assert (zoe.name, set(zoe.roles), zoe.active) == ("Zoe Li", {"viewer", "purchasing"}, False)

    lot = signed.state.plant.now().facts[Incident]["lot"][0]
    pack = page.locator("form[data-file='/api/v1/reports/audit']")
    pack.locator("input").fill(lot)
    with page.expect_download() as got:
        pack.locator("button").click()
    got.value.save_as(tmp_path / "pack.pdf")
    with pypdfium2.PdfDocument(tmp_path / "pack.pdf") as book:
        assert len(book)
    page.get_by_text("Run a drill").click()
    expect(page.locator("#notice")).to_contain_text("Drill kept")
    assert not signed.state.plant.now().facts[Drill].is_empty()
    page.context.close()
