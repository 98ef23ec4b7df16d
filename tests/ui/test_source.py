"""Complaints to source: complaints in, common inputs ranked, one suspected, the rest shown."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from graph_model.schema import Complaint, Supplier
from tests.ui.conftest import Opener, Served


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_from_complaints_over_a_common_input_to_its_recall(
    opened: Opener, served: Served, lang: str
) -> None:
    assert not served.live.now().facts[Complaint].is_empty()
    page = opened("/source", lang=lang)
    rows = page.locator(".table.cases tbody tr")
    rows.nth(0).locator(".switch").click()
    expect(rows.nth(0).locator(".switch")).to_have_attribute("aria-checked", "true")
    page.locator("a", has_text={"en": "suspect this", "zh": "怀疑此批"}[lang]).first.click()
    expect(page.locator("a.button.stop")).to_be_visible()
    assert "choose=" in page.url
    page.locator("a.button.stop").click()
    expect(page.locator(".table.tiers")).to_be_visible()


def test_sources_are_ranked_by_score_and_by_likelihood(opened: Opener, served: Served) -> None:
    page = opened("/source")
    page.locator(".table.cases tbody tr").nth(0).locator(".switch").click()
    ranked = page.locator("section", has=page.get_by_role("heading", name="By score and by"))
    expect(ranked.locator("tbody tr").first).to_contain_text("%")
    expect(ranked.locator("tbody tr").first).to_contain_text("1")
    ranked.get_by_text("Companies").first.click()
    names = served.live.now().facts[Supplier]["name"].to_list()
    expect(ranked.locator("tbody")).to_contain_text(names[0])
