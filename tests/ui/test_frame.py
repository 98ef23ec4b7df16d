"""The frame: every page in both languages, by keyboard, without serious faults for screen readers.

And the doors: what a role lacks is refused, also when a callback is called directly.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from dashboard.pages import pages
from dashboard.server import build
from dashboard.url import State, link
from graph_model.access import ROLES
from graph_model.i18n import text
from graph_model.schema import Incident
from tests.ui.conftest import Opener, Served
from tests.ui.plants import incident, visitor

PAGES = {page.name: page for page in pages()}


def address(served: Served, name: str) -> str:
    """A page with something to show."""
    about = incident(served.live)
    number = served.live.now().facts[Incident]["incident_no"][0]
    known = {"recall": link("/recall", **about), "start": link("/", q=about["supplier_lot"]),
             "hold": link("/hold", incident=number)}  # fmt: skip
    if name == "trace":
        lots = served.live.now().lineage.lots
        keys = lots.filter(lots["lot_no"] == about["supplier_lot"])["key"]
        return link("/trace", lot=keys[0])
    return known.get(name, PAGES[name].path)


@pytest.mark.parametrize("name", sorted(PAGES))
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_page_speaks_both_languages(
    opened: Opener, served: Served, name: str, lang: str
) -> None:
    page = opened(address(served, name), lang=lang)
    nav = page.locator(".nav.on")
    in_bar = PAGES[name].under or name
    expect(nav).to_contain_text(text(f"screen.nav.{in_bar}", {"zh": "zh_CN"}.get(lang, lang)))
    shown = page.locator("#page").inner_text()
    assert not re.search(r"\bscreen\.[a-z_.]+", shown), "a key stands where a text should"
    assert page.locator("#footer").inner_text().strip()


@pytest.mark.parametrize(("name", "theme"), [(name, theme) for name in ("start", "trace", "recall")
                                             for theme in ("light", "dark")])  # fmt: skip
def test_nothing_serious_stands_in_the_way_of_screen_readers(
    opened: Opener, served: Served, name: str, theme: str
) -> None:
    page = opened(address(served, name), theme=theme)
    page.wait_for_load_state("networkidle")
    told = Axe().run(page).response
    found = told["violations"]
    assert len(told["passes"]) > 10  # it did look
    serious = [
        (fault["id"], [node["html"][:200] for node in fault["nodes"][:3]])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
    assert not serious


def test_pages_and_lots_are_reached_by_keyboard_alone(opened: Opener, served: Served) -> None:
    page = opened(address(served, "recall"))
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.locator("#number")).to_be_visible()
    number = incident(served.live)["supplier_lot"]
    page.locator("#number").focus()
    page.keyboard.type(number)
    expect(page.locator(".candidates tr.chosen")).to_contain_text(number)
    page.keyboard.press("Enter")
    expect(page.locator("#trace-graph")).to_be_visible()
    page.keyboard.press("r")
    expect(page.locator(".table.tiers")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()


def test_keys_can_be_switched_off(opened: Opener) -> None:
    page = opened("/recall")
    page.locator("#help-button").click()
    page.locator("#keys-switch").click()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.locator(".nav.on")).to_contain_text("Recall")
    page.evaluate("localStorage.clear()")


def test_language_and_theme_are_kept(opened: Opener) -> None:
    page = opened("/recall")
    page.get_by_text("中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


@pytest.mark.parametrize("name", ["start", "recall", "trace"])
def test_a_phone_shows_pages_without_scrolling_sideways(
    opened: Opener, served: Served, name: str
) -> None:
    page = opened(address(served, name), width=390)
    page.wait_for_load_state("networkidle")
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0


# ---------------------------------------------------------------------------- doors


def call(served: Served, role: str, body: dict[str, Any]) -> int:
    """HTTP status of a callback that is called directly."""
    request = urllib.request.Request(
        served.address + "/_dash-update-component",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "X-Role": role},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def dependencies(served: Served) -> list[dict[str, Any]]:
    """Callbacks of the server, as the browser knows them."""
    request = urllib.request.Request(
        served.address + "/_dash-dependencies", headers={"X-Role": "quality"}
    )
    with urllib.request.urlopen(request) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return [one for one in found if not one["clientside_function"]]


def body_of(callback: dict[str, Any]) -> dict[str, Any]:
    """A call with harmless inputs."""
    names = callback["output"].strip(".").split("...")
    outputs = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
    several = callback["output"].startswith("..")
    inputs = [one | {"value": None} for one in callback["inputs"]]
    state = [one | {"value": None} for one in callback["state"]]
    return {
        "output": callback["output"], "outputs": outputs if several else outputs[0],
        "inputs": inputs, "state": state,
        "changedPropIds": [f"{one['id']}.{one['property']}" for one in callback["inputs"]],
    }  # fmt: skip


def test_every_callback_is_refused_without_its_permission(served: Served) -> None:
    callbacks = dependencies(served)
    answers = [answer for page in pages() for answer in page.callbacks]
    assert len(callbacks) == len(answers) + 1  # and the one that shows pages
    for callback in callbacks:
        body = body_of(callback)
        assert call(served, "nobody", body) == 401
        assert call(served, "with:other.thing", body) == 403
        showing = "page.children" in callback["output"]
        # The frame may be used; of the pages each asks for its own permission.
        assert call(served, "with:screen.use", body) == (200 if showing else 403)


def test_a_callback_without_inputs_does_nothing(served: Served) -> None:
    for callback in dependencies(served):
        if "page.children" not in callback["output"]:
            assert {call(served, role, body_of(callback)) for role in ROLES} <= {204, 403}


def test_a_page_is_not_shown_without_its_permission(opened: Opener, served: Served) -> None:
    page = opened(address(served, "recall"), role="with:screen.use,lot.read")
    expect(page.locator("#page")).to_contain_text("Your role may not see this page (scope.read)")
    expect(page.locator(".nav")).to_have_count(1)


def test_every_callback_names_a_permission_of_the_table(served: Served) -> None:
    from graph_model.access import PERMISSIONS

    named = {answer.permission for page in pages() for answer in page.callbacks}
    named |= {page.permission for page in pages()} | {"screen.use"}
    assert named <= PERMISSIONS.keys()


def test_nothing_is_shown_to_nobody(served: Served) -> None:
    client = build(served.live, lambda _environ: visitor("nobody")).server.test_client()
    for path in ("/", "/recall", "/_dash-layout", "/_dash-dependencies"):
        assert client.get(path).status_code == 401


def test_state_of_an_address_goes_both_ways() -> None:
    state = State.of("/recall", "?lot=A%2F1&lot=B&clean=x&lang=zh")
    assert state.all("lot") == ("A/1", "B")
    assert state.toggle("clean", "x") == link("/recall", lot=["A/1", "B"])
    assert State.of(*state.link(tab="all").split("?")).params == {
        "lot": ("A/1", "B"), "clean": ("x",), "tab": ("all",),
    }  # fmt: skip


def test_what_is_shown_is_written_down(served: Served) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []
    screens = build(served.live, lambda _environ: visitor("quality"),
                    lambda event, **params: seen.append((event, params)))  # fmt: skip
    client = screens.server.test_client()
    for callback in dependencies(served):
        body = body_of(callback)
        for one in (*body["inputs"], *body["state"]):
            if one["property"] == "n_clicks":
                one["value"] = 1
            if one["property"] == "pathname":
                one["value"] = "/recall"
            if one["property"] == "search":
                one["value"] = link("/recall", **incident(served.live)).partition("/recall")[2]
        assert client.post("/_dash-update-component", json=body).status_code in (200, 204)
    asked_for = [
        one
        for one in dependencies(served)
        if one["inputs"][0]["property"] in ("n_clicks", "pathname")
    ]
    assert len(seen) >= len(asked_for)
    shown = dict(seen)["screen.shown"]
    assert shown["page"] == "recall"
    assert shown["asked"]["supplier"] == (incident(served.live)["supplier"],)
