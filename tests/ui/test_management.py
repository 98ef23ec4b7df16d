"""Management: the bill of an incident, what waits, how ready we are; no prices for viewers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from graph_model import cases
from queries.incidents import cases as incidents
from queries.recall.scope import compute
from tests.ui.conftest import Opener, Served


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_bill_is_that_of_the_incidents_scope(opened: Opener, served: Served, lang: str) -> None:
    moment = served.live.now()
    row = moment.facts[cases.Incident].row(0, named=True)
    asked = incidents.asked(moment.facts, row, incidents.deeds(moment.facts, row["key"]))
    scope = compute(
        moment.facts, moment.lineage, asked,
        hazard=incidents.hazard(row), rulebook=incidents.rules(row),
    )  # fmt: skip
    page = opened("/management", lang=lang, role="management")
    total = page.locator(".table.heat tr.total td").last
    bill = scope.cost_of(scope.held) + sum(scope.table.fixed().values())
    expect(total).to_have_text(f"{round(bill):,}")
    expect(page.locator("#page")).to_contain_text(row["incident_no"])


def test_without_an_incident_it_says_what_would_be_here(opened: Opener, empty: Served) -> None:
    page = opened("/management", role="management", of=empty)
    expect(page.locator("#page")).to_contain_text("No incident has been opened")


def test_a_viewer_sees_no_money(opened: Opener) -> None:
    page = opened("/management", role="viewer")
    expect(page.locator("#page h1")).to_be_visible()
    assert not re.search(r"[¥€$]", page.locator("#page").inner_text())
