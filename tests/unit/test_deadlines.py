"""Deadlines of incidents against dates worked out by hand from the official holiday notices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from graph_model.cases import EVENTS, PRODUCT_KINDS
from graph_model.errors import BadInput
from graph_model.ledger import Facts
from loaders.entries import Signature
from loaders.entries.incidents import deadline
from queries.incidents.calendars import after_working_days, provisional
from queries.incidents.deadlines import About, Clock, clocks, rules
from tests.facts import fold

MEI = Signature("p-mei", "QM", "house rule")


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    """Microseconds UTC of a local time."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1e6)


def about(**values: Any) -> About:
    """A class 1 food incident of a Chinese plant, unless said otherwise."""
    usual: dict[str, Any] = {"product_kind": "food", "recall_class": "1", "places": {"CN": ["CN"]}}
    return About(**(usual | values))


def ticking(now: int, events: Mapping[str, int], **values: Any) -> dict[str, Clock]:
    """Clocks by rule, of the shipped rules."""
    known = rules(fold({})).values()
    return {one.rule.rule: one for one in clocks(known, about(events=events, **values), now)}


# 2026, by the notice of the State Council: 25 Sep is Mid-Autumn, 1 to 7 Oct National Day; the
# Sundays and Saturdays 20 Sep and 10 Oct are worked. Spring Festival: 15 to 23 Feb off, Saturdays
# 14 and 28 Feb are worked.
@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-09-21 00:00", 10, "2026-10-12 23:59:59.999999"),
        ("2026-09-18 17:00", 1, "2026-09-20 23:59:59.999999"),  # the worked Sunday
        ("2026-09-30 23:59", 1, "2026-10-08 23:59:59.999999"),
        ("2026-09-30 23:59", 3, "2026-10-10 23:59:59.999999"),  # the worked Saturday
        ("2026-02-13 08:00", 1, "2026-02-14 23:59:59.999999"),
        ("2026-02-14 08:00", 4, "2026-02-27 23:59:59.999999"),
        ("2026-02-14 08:00", 5, "2026-02-28 23:59:59.999999"),
        ("2026-03-02 08:00", 20, "2026-03-30 23:59:59.999999"),
        ("2026-03-02 08:00", 30, "2026-04-14 23:59:59.999999"),  # over 6 Apr, Tomb-Sweeping
    ],
)
def test_working_days_of_china_know_holidays_and_worked_weekends(
    start: str, days: int, due: str
) -> None:
    assert after_working_days(at(start), days, "CN", "Asia/Shanghai") == (at(due), False)


@pytest.mark.parametrize(
    ("start", "days", "place", "zone", "due"),
    [
        ("2026-12-23 10:00", 2, "DE", "Europe/Berlin", "2026-12-28 23:59:59.999999"),
        ("2026-06-03 10:00", 1, "DE-BY", "Europe/Berlin", "2026-06-05 23:59:59.999999"),
        ("2026-06-03 10:00", 1, "DE-BE", "Europe/Berlin", "2026-06-04 23:59:59.999999"),
        ("2026-11-25 10:00", 1, "US", "America/New_York", "2026-11-27 23:59:59.999999"),
        # The hour that is left out in spring: the day is still the whole day there.
        ("2026-03-27 10:00", 1, "DE", "Europe/Berlin", "2026-03-30 23:59:59.999999"),
    ],
)
def test_working_days_of_others_are_theirs(
    start: str, days: int, place: str, zone: str, due: str
) -> None:
    assert after_working_days(at(start, zone), days, place, zone)[0] == at(due, zone)


def test_the_day_of_the_start_is_that_of_the_rules_own_time_zone() -> None:
    late = at("2026-09-21 17:00", "UTC")  # 22 Sep, 01:00 in Shanghai
    assert after_working_days(late, 1, "CN", "Asia/Shanghai")[0] == at("2026-09-23 23:59:59.999999")


def test_a_year_that_is_not_published_yet_is_said() -> None:
    assert not provisional("CN", 2026)
    assert provisional("CN", 2031)
    assert not provisional("DE", 2031)
    assert after_working_days(at("2030-12-27 10:00"), 10, "CN", "Asia/Shanghai")[1]
    with pytest.raises(BadInput):
        after_working_days(0, 1, "ZZ", "UTC")


@pytest.mark.parametrize(("recall_class", "hours"), [("1", 24), ("2", 48), ("3", 72)])
def test_a_food_recall_in_china_starts_in_24_48_or_72_hours(recall_class: str, hours: int) -> None:
    knowing = at("2026-10-24 23:30")
    found = ticking(knowing, {"knowing": knowing}, recall_class=recall_class)
    clock = found[f"cn-food-start-{recall_class}"]
    assert clock.due == knowing + hours * 3_600_000_000
    assert {name[-1] for name in found if name.startswith("cn-food")} == {recall_class}


def test_a_clock_waits_runs_is_met_or_late() -> None:
    knowing = at("2026-11-02 08:00")
    day = 24 * 3_600_000_000

    def state(now: int, **events: int) -> str:
        return ticking(now, events)["cn-food-start-1"].state

    assert state(knowing) == "waiting"
    assert state(knowing + day, knowing=knowing) == "running"
    assert state(knowing + day + 1, knowing=knowing) == "overdue"
    assert state(knowing + 9 * day, knowing=knowing, started=knowing + day) == "met"
    assert state(knowing + 9 * day, knowing=knowing, started=knowing + day + 1) == "late"


def test_what_is_not_known_matches_every_rule_and_says_so() -> None:
    found = ticking(0, {}, product_kind=None, recall_class=None, unknown=["K9"])
    assert found.keys() == rules(fold({})).keys() - {"none"}
    assert found["cn-drug-plan-3"].assumed == ("product_kind", "recall_class")
    assert found["us-fsma-204"].because == ("K9",)
    assert "country" in found["us-fsma-204"].assumed
    sure = ticking(0, {}, places={"CN": ["CN"], "DE": ["K1"]})
    assert "us-fsma-204" not in sure
    assert sure["eu-food-withdraw"].because == ("K1",)
    assert not any(clock.rule.product_kind == "drug" for clock in sure.values())


def test_a_text_that_nobody_read_says_so() -> None:
    found = ticking(0, {}, recall_class="1", places={"CN": ["CN"], "DE": ["K1"]})
    assert "text not checked" in found["eu-food-withdraw"].to_dict()["notes"]
    assert "text not checked" not in found["cn-food-start-1"].to_dict()["notes"]


def facts_with(*stated: dict[str, Any]) -> Facts:
    """Facts that hold deadline rules entered one after another."""
    tables = [deadline(values.pop("rule"), MEI, **values) for values in stated]
    return fold({"DeadlineRule": tables[0].vstack(tables[1])} if len(tables) > 1 else
                {"DeadlineRule": tables[0]})  # fmt: skip


def test_an_entered_rule_goes_before_the_shipped_one_and_is_no_longer_checked() -> None:
    found = rules(facts_with({"rule": "cn-food-start-1", "hours": 12.0}))["cn-food-start-1"]
    assert (found.hours, found.checked, found.origin) == (12, None, "ledger")
    assert found.citation == rules(fold({}))["cn-food-start-1"].citation
    days = rules(facts_with({"rule": "cn-food-start-1", "working_days": 2}))["cn-food-start-1"]
    assert (days.hours, days.working_days) == (None, 2)


def test_a_rule_can_be_put_out_of_force_and_back() -> None:
    off = facts_with({"rule": "iatf-containment", "active": False})
    known = rules(off).values()
    assert not [c for c in clocks(known, about(product_kind="vehicle"), 0)
                if c.rule.rule == "iatf-containment"]  # fmt: skip


def test_a_customers_own_rule_applies_where_it_received_goods() -> None:
    facts = facts_with({"rule": "k1", "customer": "K1", "binding": "customer", "hours": 2.0,
                        "trigger": "knowing", "act": "notified"})  # fmt: skip
    known = rules(facts).values()
    assert "k1" not in {c.rule.rule for c in clocks(known, about(), 0)}
    reached = about(customers=frozenset({"K1"}))
    assert "k1" in {c.rule.rule for c in clocks(known, reached, 0)}


def test_shipped_rules_are_whole() -> None:
    for rule in rules(fold({})).values():
        assert rule.trigger in EVENTS
        assert rule.act in EVENTS
        assert rule.product_kind in (*PRODUCT_KINDS, "*")
        assert (rule.hours is None) != (rule.working_days is None)
        assert rule.working_days is None or rule.calendar
        assert rule.title_en
        assert rule.title_zh
        assert rule.citation


def test_a_rule_that_names_nothing_known_is_refused() -> None:
    for wrong in ({"trigger": "full moon"}, {"hours": 1.0, "working_days": 1}, {"hours": -1.0},
                  {"product_kind": "toy"}, {"recall_class": "9"}):  # fmt: skip
        with pytest.raises(BadInput):
            deadline("x", MEI, **wrong)
