"""Holding: the whole scope in one act, scans on a phone, a second person for a release."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from playwright.sync_api import BrowserContext, Page, expect

from graph_model.schema import Incident
from queries.incidents import cases, holds
from tests.ui.signing import PASSWORD, enter, sign


def lines(app: FastAPI) -> list[holds.Line]:
    """The hold list as it stands in the ledger."""
    facts = app.state.plant.now().facts
    return holds.lines(facts, facts[Incident]["key"][0])


def counted(app: FastAPI, line: holds.Line) -> int:
    """How often somebody looked for a line."""
    facts = app.state.plant.now().facts
    deeds = cases.deeds(facts, facts[Incident]["key"][0])
    return deeds.filter(kind="found", subject=line.hold["key"]).height


def confirm(page: Page, label: str) -> None:
    """Scans a label at the place that is next."""
    page.locator(".scan-form input").first.fill(label)
    page.locator(".scan-form button").click()


def test_goods_are_held_found_and_released_by_two_persons(
    context: BrowserContext, signed: FastAPI
) -> None:
    number = signed.state.plant.now().facts[Incident]["incident_no"][0]
    page = enter(context, signed, "ann", f"/recall?incident={number}")
    expect(page.locator("#recall-hold")).to_be_visible()
    page.keyboard.press("h")
    page.locator("[role=dialog] button[type=submit]").click()
    expect(page.locator(".hold-row").first).to_be_visible()
    own = lines(signed)
    expect(page.locator(".done-figures b").first).to_have_text(str(len(own)))
    assert {line.held.searched for line in own} == {False}
    first, second, third = (line.lot_no for line in own[:3])

    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".next-up .lot-no")).to_have_text(first)
    confirm(page, third)  # the label of another lot
    expect(page.locator(".scan-form .alert")).to_contain_text(third)
    confirm(page, first[-4:])
    expect(page.locator(".next-up .lot-no")).to_have_text(second)
    page.get_by_text("Not here").click()
    expect(page.locator(".next-up .lot-no")).to_have_text(third)
    expect(page.locator(".done-figures b")).to_have_text([str(len(own)), "1", "1",
                                                          str(len(own) - 2)])  # fmt: skip

    page.context.set_offline(True)
    confirm(page, third)
    expect(page.locator("[data-unsent]")).to_have_text("1 not sent yet")
    assert not lines(signed)[2].held.searched
    page.route("**/found", lambda route: route.fulfill(status=503, json={}))
    with page.expect_response("**/found"):
        page.context.set_offline(False)
    page.wait_for_timeout(200)
    expect(page.locator("[data-unsent]")).to_have_text("1 not sent yet")  # busy: not lost
    page.unroute("**/found")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("[data-unsent]")).to_have_text("")
    expect(page.locator(".done-figures b").nth(1)).to_have_text("2")
    found = lines(signed)[2].held
    assert found.searched
    assert not found.missing

    page.locator(".hold-row.found").first.click()
    page.get_by_text("Ask for release").first.click()
    release = page.locator("form[data-send$=releases]")
    release.locator("input").nth(0).fill("1")
    release.locator("input").nth(1).fill("tested")
    release.locator("button").click()
    judge = "form[data-send$=judge]"
    page.locator(f"{judge} input").fill("fine")
    page.locator(f"{judge} button").click()
    expect(page.locator(f"{judge} .alert")).to_contain_text("second, different person")

    other = enter(context, signed, "ben", f"/hold?incident={number}")
    other.locator(f"{judge} input").fill("seen the result")
    other.locator(f"{judge} button").click()
    expect(other.get_by_text("No release waits.")).to_be_visible()
    assert sum(line.held.disposed.get("release", 0) for line in lines(signed)) == 1
    for one in (page, other):
        one.context.close()


def test_a_list_that_was_loaded_opens_anew_without_a_connection(
    context: BrowserContext, signed: FastAPI
) -> None:
    number = signed.state.plant.now().facts[Incident]["incident_no"][0]
    page = enter(context, signed, "ann", f"/hold?incident={number}", width=390)
    first, second, third = [line for line in lines(signed) if not line.held.searched][:3]
    expect(page.locator(".kept")).to_be_visible()
    own, address = page.context, page.url
    own.set_offline(True)
    page.locator(f".hold-row[data-line='{third.hold['key']}']").click()  # also on an open page
    expect(page.locator(".kept-note")).to_be_visible()
    expect(page.locator(".next-up .lot-no")).to_have_text(third.lot_no)
    page.close()
    page = own.new_page()
    page.goto(address)
    expect(page.locator(".kept-note")).to_be_visible()
    unsent, next_lot = page.locator("[data-unsent]"), page.locator(".next-up .lot-no")
    expect(next_lot).to_have_text(first.lot_no)
    confirm(page, first.lot_no)
    expect(unsent).to_have_text("1 not sent yet")
    page.locator(f".hold-row[data-line='{second.hold['key']}']").click()
    expect(next_lot).to_have_text(second.lot_no)
    confirm(page, first.lot_no)  # the label of another lot
    expect(unsent).to_have_text("1 not sent yet")
    confirm(page, second.lot_no)
    expect(unsent).to_have_text("2 not sent yet")
    page.locator(f".hold-row[data-line='{third.hold['key']}']").click()
    page.get_by_text("Not here").click()
    expect(unsent).to_have_text("3 not sent yet")
    page.locator(".nav").first.click()
    expect(page.locator("#notice")).to_contain_text("not opened on this device")
    page.close()
    page = own.new_page()
    page.goto(address)
    expect(page.locator("[data-unsent]")).to_have_text("3 not sent yet")
    expect(page.locator(".hold-row.waiting")).to_have_count(2)
    page.locator(f".hold-row[data-line='{third.hold['key']}']").click()
    expect(page.locator(".next-up .lot-no")).to_have_text(third.lot_no)
    assert counted(signed, first) == 0
    own.set_offline(False)
    expect(page.locator(".kept-note")).to_have_count(0)
    expect(page.locator("[data-unsent]")).to_have_text("")
    assert [counted(signed, line) for line in (first, second, third)] == [1, 1, 1]
    missing = {line.hold["key"]: line.held.missing for line in lines(signed)}
    assert not missing[first.hold["key"]]
    assert not missing[second.hold["key"]]
    assert missing[third.hold["key"]] == third.held.expected
    own.close()


def test_what_is_suspected_becomes_an_incident_first(
    context: BrowserContext, signed: FastAPI
) -> None:
    lot = signed.state.plant.now().facts[Incident]["lot"][0]
    page = enter(context, signed, "ann", f"/recall?lot={lot}")
    page.locator("#recall-hold").click()
    page.locator("[role=dialog] input[name=title]").fill("Metal found")
    page.locator("[role=dialog] input[name=reason]").fill("found at sieving")
    page.locator("[role=dialog] button[type=submit]").click()
    expect(page.get_by_role("dialog")).to_contain_text("are held now")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    rows = signed.state.plant.now().facts[Incident]
    assert "Metal found" in rows["title"].to_list()
    page.context.close()


def test_parties_are_told_and_answer_and_hypotheses_stand_side_by_side(
    context: BrowserContext, signed: FastAPI
) -> None:
    number = signed.state.plant.now().facts[Incident]["incident_no"][0]
    page = enter(context, signed, "ann", f"/recall?incident={number}&ask=notify")
    sign(page, "all have to know")
    expect(page.locator(".table.customers")).to_contain_text("prepared")
    page.goto(f"{signed.state.address}/recall?incident={number}&ask=told")
    sign(page, "mailed")
    expect(page.locator(".table.customers")).to_contain_text("sent")
    page.locator(".table.customers a.button").first.click()
    page.get_by_role("dialog").locator("input[name='amounts.recovered']").fill("1")
    sign(page, "came back")
    expect(page.locator(".table.customers")).to_contain_text("answered")

    page.goto(f"{signed.state.address}/recall?incident={number}&ask=guess&compare=1")
    lot = lines(signed)[0].lot_no
    page.get_by_role("dialog").locator("input[name=name]").fill("one lot only")
    page.get_by_role("dialog").locator("input[name='suspected.lot']").fill(lot)
    sign(page, "the rest was tested")
    expect(page.locator("#compare tbody tr")).to_have_count(2)
    expect(page.locator("#compare")).to_contain_text("one lot only")
    page.locator("#compare").get_by_text("Follow it").click()
    sign(page, "chosen")
    expect(page.locator("#recall-title")).to_contain_text("hypothesis one lot only")
    page.context.close()


def test_who_may_not_hold_sees_the_list_only(
    context: BrowserContext, signed: FastAPI, tmp_path: Path
) -> None:
    signed.state.accounts.add("vera", ["viewer"], PASSWORD, must_change=False)
    number = signed.state.plant.now().facts[Incident]["incident_no"][0]
    page = enter(context, signed, "vera", f"/hold?incident={number}")
    expect(page.locator(".hold-row").first).to_be_visible()
    assert page.locator("form[data-send]").count() == 0
    with page.expect_download() as got:
        page.locator("#hold-export").click()
    got.value.save_as(tmp_path / "list.xlsx")
    import openpyxl

    rows = list(openpyxl.load_workbook(tmp_path / "list.xlsx").active.values)
    assert len(rows) - 1 == len(lines(signed))
    page.context.close()
