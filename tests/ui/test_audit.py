"""Audit and drills: the trail, the batches of the ledger, and no more than a role may see."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.ui.conftest import Opener, Served


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
