"""Notices, answers, claims and figures: what left is accounted for, and nothing counts twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api import holding, incidents, telling, watching
from api.reports.closing_report import closing_report
from api.reports.edition import Edition
from api.reports.names import Names, everybody
from graph_model.cases import OUTCOMES
from graph_model.errors import BadInput, NotFound
from graph_model.i18n import text, use_language
from graph_model.plant import Plant
from graph_model.settings import Settings
from loaders.entries import now
from queries import partner
from queries.incidents import cases as reading
from queries.incidents import claims, figures, letters, notices, scopes
from queries.incidents.notices import _by_lot, _sums
from queries.recall import report
from queries.recall.roots import Suspects
from tests.unit.reports_case import check, squeezed
from tests.unit.test_cli import FOLDER
from tests.unit.test_incident_alerts import SHIPPED
from tests.unit.test_incident_holds import LIN
from tests.unit.test_incidents import MEI, loaded, opened

CUSTOMERS = (
    "customer_code,customer_name,country,language,contact_phone\n"
    "K1,Kaiser,DE,en,Anna +49 1\nK2,Kong,CN,zh,Wang +86 2\n"
)
SUPPLIERS = "supplier_code,supplier_name\nS1,Mill\n"


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """The plant of the command line tests, with contacts."""
    with Plant(Settings(data=tmp_path / "data")) as plant:
        sheets = {**FOLDER, "customers": CUSTOMERS, "suppliers": SUPPLIERS}
        loaded(plant, tmp_path / "sheets", sheets)
        yield plant


def key_of(plant: Plant, number: str) -> str:
    """The key of an incident."""
    return str(reading.find(plant.facts(), number)["key"])


def line(plant: Plant, number: str, customer: str = "K2") -> dict[str, Any]:
    """What is shown of a customer."""
    listed = notices.listing(plant.facts(), key_of(plant, number))
    return next(one for one in listed if one["customer"] == customer)


def told(plant: Plant) -> str:
    """An incident of which K2, who got 70 pieces, was told."""
    number = opened(plant)
    telling.prepare(plant, MEI, number, depth="retail", level="C")
    telling.tell(plant, MEI, number, "sent", channel="mail")
    return number


def test_everyone_reached_gets_a_notice_to_their_contact(plant: Plant) -> None:
    number = opened(plant)
    assert line(plant, number)["state"] == "not_told"
    assert telling.prepare(plant, MEI, number, depth="retail", level="C") == 1
    assert telling.prepare(plant, MEI, number, depth="retail", level="C") == 0
    found = line(plant, number)
    assert (found["state"], found["share"], found["language"]) == ("prepared", 0.1, "zh")
    people = plant.ledger.records.names([found["contact"]])
    assert people == {found["contact"]: "Wang +86 2"}
    assert "Wang" not in str(plant.facts().tables["Customer"].to_dicts())


def test_states_go_from_sent_to_confirmed_to_answered(plant: Plant) -> None:
    number = told(plant)
    assert line(plant, number)["state"] == "sent"
    assert telling.tell(plant, MEI, number, "sent") == 0
    assert telling.tell(plant, MEI, number, "confirmed", ["K2"]) == 1
    assert line(plant, number)["state"] == "confirmed"
    telling.answer(plant, MEI, number, "K2", {"recovered": 40.0})
    assert line(plant, number)["state"] == "answered"
    row = reading.find(plant.facts(), number)
    assert "notified" in reading.events(
        plant.facts(), row, reading.deeds(plant.facts(), row["key"])
    )


def test_what_a_customer_answers_adds_up_with_what_it_got(plant: Plant) -> None:
    number = told(plant)
    telling.answer(plant, MEI, number, "K2", {"recovered": 40.0, "destroyed": 5.0},
                   lot="PLANT/CAKE/C2")  # fmt: skip
    found = telling.answer(plant, MEI, number, "K2", {"used": 10.0})
    assert found["amounts"]["pcs"] == {
        "shipped": 70, "recovered": 40, "destroyed": 5, "used": 10, "unaccounted": 15, "surplus": 0
    }  # fmt: skip
    assert lost(plant, number)["pcs"]["shipped_without_answer"] == 15
    for wrong in ({"eaten": 1.0}, {"used": -1.0}, {"used": float("nan")}, {}):
        with pytest.raises(BadInput):
            telling.answer(plant, MEI, number, "K2", wrong)
    with pytest.raises(NotFound):
        telling.answer(plant, MEI, number, "K1", {"used": 1.0})


def lost(plant: Plant, number: str) -> dict[str, dict[str, float]]:
    """What is unaccounted by the answers, which is what its scope tells when it hears them."""
    facts, key = plant.facts(), key_of(plant, number)
    found = scopes.lost(facts, plant.lineage(), key)
    scope = scopes.scope_of(facts, plant.lineage(), reading.find(facts, number))
    told = report.to_dict(scope, scopes.answers(facts, key))
    assert told["totals"]["unaccounted_parts"] == found
    return found


AMOUNT = st.integers(0, 40).map(float)
LOTS = st.sampled_from(["L1", "L2", ""])


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.tuples(LOTS, st.sampled_from(["kg", "pcs"])), AMOUNT),
    st.lists(st.tuples(LOTS, st.sampled_from(["kg", "pcs"]), st.sampled_from(OUTCOMES), AMOUNT)),
)
def test_shipped_is_recovered_destroyed_used_and_unaccounted(
    shipped: dict[tuple[str, str], float], said: list[tuple[str, str, str, float]]
) -> None:
    columns = ["lot", "uom", "disposition", "quantity"]
    schema = dict.fromkeys(columns[:3], pl.String) | {"quantity": pl.Float64}
    rows = pl.DataFrame(said, schema=schema, orient="row").with_columns(kind=pl.lit("answer"))
    lots = _by_lot(shipped, rows)
    for one in (*lots, *_sums(lots).values()):
        answered = sum(one[name] for name in OUTCOMES)
        assert one["shipped"] + one["surplus"] == pytest.approx(answered + one["unaccounted"])
    assert all(min(one["surplus"], one["unaccounted"]) == 0 for one in lots)
    assert sum(one["shipped"] for one in lots) == pytest.approx(sum(shipped.values()))


def test_a_list_of_sub_consignees_says_how_far_the_recall_reached(plant: Plant) -> None:
    number = told(plant)
    listed = [{"consignee": f"shop {n}", "checked": n < 2, "reached": n < 1} for n in range(10)]
    assert telling.pass_on(plant, MEI, number, "K2", listed) == 10
    telling.pass_on(plant, MEI, number, "K2", listed)
    found = line(plant, number)
    assert (found["consignees"], found["checked"], found["reached"]) == (10, 2, 1)
    assert found["share_checked"] == 0.2 > found["share"]
    with pytest.raises(BadInput):
        telling.pass_on(plant, MEI, number, "K2", [{"consignee": " "}])


def test_level_b_needs_its_share(plant: Plant) -> None:
    number = opened(plant)
    with pytest.raises(BadInput):
        telling.prepare(plant, MEI, number, depth="retail", level="B")
    telling.prepare(plant, MEI, number, depth="retail", level="B", share=0.25)
    assert line(plant, number)["share"] == 0.25


def test_a_claim_has_a_reply_clock_and_what_came_back(plant: Plant) -> None:
    number = opened(plant)
    telling.claim(plant, MEI, number, "S1", "8d", reply_hours=24, amount=1000, currency="EUR")
    key = key_of(plant, number)
    (found,) = claims.listing(plant.facts(), key)
    assert (found["state"], found["due"]) == ("prepared", None)
    sent = now() - 25 * 3_600_000_000
    telling.on_claim(plant, MEI, number, "S1", "claimed", at=sent)
    assert claims.listing(plant.facts(), key)[0]["overdue"]
    assert not claims.listing(plant.facts(), key, at=sent + 1)[0]["overdue"]
    telling.on_claim(plant, MEI, number, "S1", "document", document="INV-1", amount=700)
    telling.on_claim(plant, MEI, number, "S1", "recovered", amount=400)
    (found,) = claims.listing(plant.facts(), key)
    assert (found["documented"], found["recovered"], found["outstanding"]) == (700, 400, 600)
    for wrong in ({"kind": "recovered"}, {"kind": "document"}, {"kind": "won"}):
        with pytest.raises(BadInput):
            telling.on_claim(plant, MEI, number, "S1", **wrong)  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        telling.claim(plant, MEI, number, "S9", "8d")


def test_figures_follow_what_was_done(plant: Plant) -> None:
    number = opened(plant, known_at=now() - 3_600_000_000)
    row = reading.find(plant.facts(), number)
    first = figures.of_incident(plant.facts(), plant.lineage(), row)
    assert 3600 <= first["to_scope_seconds"] < 3700
    assert first["to_containment_seconds"] is None
    holding.hold_all(plant, MEI, number)
    holding.block(plant, MEI, number, "ZT-1")
    later = figures.of_incident(plant.facts(), plant.lineage(), row)
    assert later["to_containment_seconds"] > 3600
    holding.count(plant, MEI, number, holding.line_of(plant, number, "C2"), 20)
    missed = lost(plant, number)["pcs"]
    assert (missed["shipped_without_answer"], missed["searched_not_found"]) == (70, 10)
    days = figures.over_time(plant.facts(), row["key"], incidents.home(plant))
    assert [(one["uom"], one["found"]) for one in days] == [("pcs", 20)]
    whole = figures.management(plant.facts(), plant.lineage())
    assert whole["cost_closed"] == {}
    incidents.close(plant, MEI, number)
    assert (
        figures.management(plant.facts(), plant.lineage())["cost_closed"]
        == whole["cost_open"]
        != {}
    )


def test_what_waits_for_a_person_is_listed_until_it_is_decided(
    plant: Plant, tmp_path: Path
) -> None:
    number = opened(plant)
    assert figures.waiting(plant.facts()) == []
    holding.hold_all(plant, MEI, number)
    spot = holding.line_of(plant, number, "C2")
    holding.count(plant, MEI, number, spot, 30)
    key = holding.release(plant, MEI, number, spot, 5)
    loaded(plant, tmp_path / "later", {"shipments": SHIPPED})
    shown = watching.rerun(plant)
    assert {one["kind"] for one in figures.waiting(plant.facts())} == {"release", "alert"}
    holding.judge(plant, LIN, number, key, approve=False)
    for one in shown:
        watching.see(plant, MEI, one["alert"])
    assert figures.waiting(plant.facts()) == []


def test_an_effect_waits_for_a_hypothesis(plant: Plant) -> None:
    opening = incidents.Opening(asked=Suspects(customer="K2"), title="ill")
    number = incidents.open_incident(plant, MEI, opening)["number"]
    kinds = [one["kind"] for one in figures.waiting(plant.facts())]
    assert "source" in kinds
    incidents.suppose(plant, MEI, number, "flour", Suspects(lots=("F2",)), choose=True)
    assert "source" not in [one["kind"] for one in figures.waiting(plant.facts())]


def test_a_closing_report_holds_everything(plant: Plant) -> None:
    number = told(plant)
    whole = figures.closing(plant.facts(), plant.lineage(), number, incidents.home(plant))
    assert whole["notices"]["told"] == 1
    assert {one["customer"] for one in whole["notices"]["parties"]} == {"K2"}
    assert whole["incident"]["number"] == number
    assert whole["holds"]["unheld"]


@pytest.mark.parametrize("lang", ["en", "zh_CN"])
@pytest.mark.parametrize("state", ["open", "closed"])
def test_a_closing_report_prints_every_deed_and_is_the_same_on_any_day(
    plant: Plant, lang: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = told(plant)
    telling.claim(plant, MEI, number, "S1", "8d", amount=99.5, currency="CNY", reply_hours=24)
    telling.on_claim(plant, MEI, number, "S1", "claimed")
    holding.hold_all(plant, LIN, number)
    if state == "closed":
        incidents.close(plant, LIN, number)
    use_language(lang)
    digests = set()
    for days in (0, 400):
        later = now() + days * 86_400_000_000
        monkeypatch.setattr(reading, "now", lambda: later)  # noqa: B023 - called at once
        monkeypatch.setattr(claims, "now", lambda: later)  # noqa: B023
        edition, facts = Edition.of(plant), plant.facts()
        told_ = figures.closing(
            facts, plant.lineage(), number, incidents.home(plant), edition.sealed_us
        )
        persons = plant.ledger.records.names(everybody(facts))
        document = closing_report(told_, facts, edition, Names.of(facts, persons))
        digests.add(document.digest())
    assert len(digests) == 1
    pages = squeezed("".join(check(document)))
    for deed in told_["incident"]["deeds"]:
        assert squeezed(text(f"incident.deed.{deed['kind']}")) in pages
    for words in ("Kong", "Mill", "CNY99.50", MEI.name, number):
        assert squeezed(words) in pages
    assert (LIN.name in pages) == (state == "closed")
    assert (squeezed(text("report.closing.open")) in pages) == (state == "open")
    for lot in told_["holds"]["unheld"]:
        assert lot.rpartition("/")[2] in pages


@pytest.mark.parametrize(("customer", "language"), [("K2", "zh_CN"), ("K1", "en")])
def test_a_letter_is_in_the_language_of_who_gets_it(
    plant: Plant, tmp_path: Path, customer: str, language: str
) -> None:
    number = opened(plant)
    loaded(plant, tmp_path / "later", {"shipments": SHIPPED})
    watching.rerun(plant)
    row = reading.find(plant.facts(), number)
    pack = partner.pack(incidents.scope_now(plant, row), customer)
    made = letters.notice(row, line(plant, number, customer), pack, "Bakery")
    words = "\n".join([made.subject, *made.before, *made.after])
    assert made.language == language
    assert ("召回" in words) == (language == "zh_CN")
    assert number in words
    assert ("70 pcs" in words) == (customer == "K2")
    assert {"K1": "Kong", "K2": "Kaiser"}[customer] not in words


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_claim_letter_names_sum_and_papers(plant: Plant, language: str) -> None:
    number = opened(plant)
    telling.claim(plant, MEI, number, "S1", "scar", amount=1000, currency="EUR")
    telling.on_claim(plant, MEI, number, "S1", "document", document="INV-1")
    row = reading.find(plant.facts(), number)
    made = letters.claim(row, claims.listing(plant.facts(), row["key"])[0], language, "Bakery")
    words = "\n".join([made.subject, *made.before, *made.after])
    assert "1,000.00 EUR" in words
    assert "INV-1" in words


def test_more_sent_to_a_known_customer_is_in_the_next_frozen_scope(
    plant: Plant, tmp_path: Path
) -> None:
    number = told(plant)
    more = SHIPPED.replace(",K1,", ",K2,")
    loaded(plant, tmp_path / "later", {"shipments": more})
    watching.rerun(plant)
    assert line(plant, number)["amounts"]["pcs"]["shipped"] == 75
