"""Purchasing: what could hurt us most, how one supplier's goods spread, whether we can go on."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import expect

from dashboard.url import link
from queries.purchasing import cover
from queries.recall.exposure import exposure
from tests.ui.conftest import Opener, Served
from tests.ui.plants import incident


@pytest.fixture
def supplier(served: Served) -> str:
    """The supplier of the demo's incident."""
    return str(incident(served.live)["supplier"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_costliest_lot_stands_first_and_leads_to_its_supplier(
    opened: Opener, served: Served, lang: str
) -> None:
    moment = served.live.now()
    rows = exposure(moment.facts, moment.lineage).lots.sort("cost", "key", descending=[True, False])
    page = opened("/purchasing", lang=lang, role="purchasing")
    first = page.locator(".table.exposure tbody tr").first
    expect(first).to_contain_text(rows["lot_no"][0])
    first.locator("a").click()
    expect(page.locator(".strip .cell")).to_have_count(4)
    assert f"supplier_lot={rows['lot_no'][0]}" in page.url


def test_figures_of_a_supplier_are_those_of_its_cover(
    opened: Opener, served: Served, supplier: str
) -> None:
    moment = served.live.now()
    found = cover(moment.facts, moment.lineage, supplier)
    page = opened(link("/purchasing", supplier=supplier), role="purchasing")
    short = found.replan["operation"].n_unique()
    expect(page.locator(".strip .figure").nth(2)).to_have_text(str(short) if short else "–")
    expect(page.locator(".sankey .sankey-node").first).to_be_visible()


def test_every_row_of_exposure_is_exported(opened: Opener, served: Served) -> None:
    moment = served.live.now()
    page = opened("/purchasing", role="purchasing")
    with page.expect_download() as got:
        page.locator("#purchasing-export").click()
    rows = list(csv.reader(io.StringIO(Path(got.value.path()).read_text("utf-8-sig"))))
    assert len(rows) - 1 == exposure(moment.facts, moment.lineage).lots.height


def test_a_viewer_is_told_that_the_page_is_not_for_the_role(opened: Opener) -> None:
    page = opened("/purchasing", role="viewer")
    expect(page.locator("#page")).to_contain_text("exposure.read")
    expect(page.locator(".table.exposure")).to_have_count(0)


def test_it_fits_a_phone(opened: Opener, supplier: str) -> None:
    page = opened(link("/purchasing", supplier=supplier), width=390, role="purchasing")
    expect(page.locator(".strip .cell").first).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
