"""Management: the bill of an incident, what waits, how ready we are; no prices for viewers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from queries.recall.exposure import exposure
from tests.ui.conftest import Opener, Served


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_an_incident_it_says_what_would_be_here(
    opened: Opener, served: Served, lang: str
) -> None:
    moment = served.live.now()
    page = opened("/management", lang=lang, role="management")
    expect(page.locator("#page")).to_contain_text(
        {"en": "No incident has been opened", "zh": "尚未开立事件"}[lang]
    )
    lots = exposure(moment.facts, moment.lineage).lots.sort("cost", "key", descending=[True, False])
    expect(page.locator("#page")).to_contain_text(lots["lot_no"][0])


def test_a_viewer_sees_no_money(opened: Opener) -> None:
    page = opened("/management", role="viewer")
    expect(page.locator("#page h1")).to_be_visible()
    assert not re.search(r"[¥€$]", page.locator("#page").inner_text())
