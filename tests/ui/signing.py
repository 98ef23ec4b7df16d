"""People who sign in and sign what they do, each in a browser of their own."""

from __future__ import annotations

from fastapi import FastAPI
from playwright.sync_api import BrowserContext, Page, expect

PASSWORD = "correct horse battery staple 7"
PATIENCE = 30_000
"""A busy machine is slow; what takes longer than this is broken."""


def enter(context: BrowserContext, app: FastAPI, name: str, path: str, width: int = 1280) -> Page:
    """The page of somebody who signed in, in a browser of their own."""
    assert context.browser is not None
    own = context.browser.new_context(viewport={"width": width, "height": 844})
    own.set_default_timeout(PATIENCE)
    page = own.new_page()
    page.goto(f"{app.state.address}/login")
    page.locator("input[name=account]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button").first.click()
    page.wait_for_url(f"{app.state.address}/")
    page.goto(app.state.address + path)
    return page


def sign(page: Page, why: str) -> None:
    """Signs what the dialog asks; it closes when it was recorded."""
    page.get_by_role("dialog").locator("input[name=reason]").fill(why)
    page.get_by_role("dialog").locator("button[type=submit]").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
