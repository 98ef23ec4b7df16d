"""By when what is due in an incident: rules as dated, cited data, and their clocks.

A rule applies by jurisdiction (of the plant, of each consignee, or named), kind of product and
class. What is not known about an incident matches every rule, and the clock says so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from typing import Any

from graph_model.cases import DeadlineRule
from graph_model.i18n import language, text
from graph_model.network import Facts
from queries.incidents.calendars import after_working_days
from queries.recall.words import moment

ANY = "*"
HOUR = 3_600_000_000


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One time limit; `hours` or `working_days` is set. `origin`: shipped or ledger."""

    rule: str
    jurisdiction: str = ANY
    product_kind: str = ANY
    recall_class: str | None = None
    customer: str | None = None
    binding: str = "law"
    trigger: str = "knowing"
    act: str = "started"
    hours: float | None = None
    working_days: int | None = None
    calendar: str | None = None
    timezone: str | None = None
    title_en: str = ""
    title_zh: str = ""
    citation: str = ""
    text_date: str | None = None
    checked: str | None = None
    active: bool = True
    origin: str = "shipped"

    @property
    def title(self) -> str:
        """What is to be done, in the language in force."""
        both = (self.title_zh, self.title_en)
        first, second = both if language() == "zh_CN" else both[::-1]
        return first or second or self.rule


@dataclass(frozen=True)
class Clock:
    """A rule of an incident: when it started, is due and was met (microseconds UTC).

    `because`: what brings it in (countries, customers); `assumed`: what of the incident is not
    known and was taken to match; `provisional`: the calendar of a year is not published yet.
    """

    rule: Rule
    because: tuple[str, ...]
    assumed: tuple[str, ...]
    start: int | None
    due: int | None
    met: int | None
    now: int
    provisional: bool = False

    @property
    def state(self) -> str:
        """waiting (not started), running, overdue, met, late."""
        if self.due is None:
            return "waiting"
        if self.met is not None:
            return "met" if self.met <= self.due else "late"
        return "running" if self.now <= self.due else "overdue"

    @property
    def left(self) -> int | None:
        """Microseconds left, negative when overdue; None when not running."""
        running = self.due is not None and self.met is None
        return self.due - self.now if running and self.due is not None else None

    def to_dict(self) -> dict[str, Any]:
        """As JSON, with the rule's text cited."""
        rule, left = self.rule, self.left
        return {
            "rule": rule.rule,
            "title": rule.title,
            "jurisdiction": rule.jurisdiction,
            "product_kind": rule.product_kind,
            "recall_class": rule.recall_class,
            "customer": rule.customer,
            "binding": rule.binding,
            "citation": rule.citation,
            "text_date": rule.text_date,
            "checked": rule.checked,
            "origin": rule.origin,
            "trigger": rule.trigger,
            "act": rule.act,
            "hours": rule.hours,
            "working_days": rule.working_days,
            "because": list(self.because),
            "assumed": list(self.assumed),
            "provisional": self.provisional,
            "state": self.state,
            "started": None if self.start is None else moment(self.start),
            "due": None if self.due is None else moment(self.due),
            "met": None if self.met is None else moment(self.met),
            "left_seconds": None if left is None else round(left / 1e6),
            "notes": [*self._notes()],
        }

    def _notes(self) -> Iterable[str]:
        if not self.rule.checked:
            yield text("incident.note.not_checked")
        if self.provisional:
            yield text("incident.note.provisional", calendar=self.rule.calendar or "")
        for name in self.assumed:
            yield text(f"incident.note.assumed_{name}")
        if self.rule.hours == 0:
            yield text("incident.note.at_once")


@cache
def _shipped() -> tuple[dict[str, Rule], dict[str, list[str]]]:
    content = files("queries.incidents").joinpath("deadlines.toml").read_text(encoding="utf-8")
    data = tomllib.loads(content)
    regions = data.pop("regions")
    return {name: Rule(rule=name, **values) for name, values in data.items()}, regions


def rules(facts: Facts) -> dict[str, Rule]:
    """All rules by name: the shipped ones, and those entered, which go before them."""
    found = dict(_shipped()[0])
    stated = {one.name for one in fields(Rule)} - {"origin"}
    for row in facts[DeadlineRule].sort("at", "key").iter_rows(named=True):
        values = {name: row[name] for name in stated if row[name] is not None}
        known = found.get(row["rule"])
        base = {} if known is None else {n: getattr(known, n) for n in stated}
        if "hours" in values:  # the one replaces the other
            base["working_days"] = None
        elif "working_days" in values:
            base["hours"] = None
        # A text that was changed here is not the one that was read.
        base["checked"] = None
        found[row["rule"]] = Rule(**{**base, **values, "origin": "ledger"})
    return found


def region_of(country: str) -> set[str]:
    """A country with the regions that it is part of."""
    regions = _shipped()[1]
    return {country, *(name for name, members in regions.items() if country in members)}


@dataclass(frozen=True, kw_only=True)
class About:
    """What decides which rules apply to an incident, and when clocks start and stop.

    `places`: by country, what brings it in; `unknown`: parties without a country. `events`: by
    name, microseconds UTC. `zone`: time zone of the plant, for rules that name none.
    """

    product_kind: str | None
    recall_class: str | None
    places: Mapping[str, list[str]]
    unknown: list[str] = field(default_factory=list)
    customers: frozenset[str] = frozenset()
    events: Mapping[str, int] = field(default_factory=dict)
    zone: str = "UTC"


def clocks(known: Iterable[Rule], about: About, now: int) -> list[Clock]:
    """The clocks of an incident: running ones first, by when they are due."""
    found = [clock for rule in known if rule.active for clock in _clock(rule, about, now)]
    rank = {"overdue": 0, "running": 1, "waiting": 2, "late": 3, "met": 4}
    return sorted(found, key=lambda c: (rank[c.state], c.due or 0, c.rule.rule))


def _clock(rule: Rule, about: About, now: int) -> list[Clock]:
    because, assumed = _matches(rule, about)
    if because is None:
        return []
    start = about.events.get(rule.trigger)
    due, open_ = (None, False) if start is None else due_at(rule, start, about.zone)
    met = about.events.get(rule.act)
    return [Clock(rule, because, assumed, start, due, met, now, open_)]


def _matches(rule: Rule, about: About) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """What brings the rule in, None where nothing does; and what was taken to match."""
    none: tuple[None, tuple[str, ...]] = (None, ())
    assumed = []
    if rule.product_kind not in (ANY, about.product_kind):
        if about.product_kind:
            return none
        assumed.append("product_kind")
    if rule.recall_class not in (None, about.recall_class):
        if about.recall_class:
            return none
        assumed.append("recall_class")
    if rule.customer is not None:
        if rule.customer not in about.customers:
            return none
        return (rule.customer,), tuple(assumed)
    if rule.jurisdiction == ANY:
        return (rule.binding,), tuple(assumed)
    because = [
        name
        for country, names in about.places.items()
        if rule.jurisdiction in region_of(country)
        for name in names
    ]
    if not because and about.unknown:
        because = about.unknown
        assumed.append("country")
    return (tuple(dict.fromkeys(because)) or None), tuple(assumed)


def due_at(rule: Rule, start: int, zone: str) -> tuple[int, bool]:
    """When a rule is due that started then, and whether its calendar is provisional."""
    if rule.working_days is None:
        return start + round((rule.hours or 0) * HOUR), False
    place = rule.calendar or rule.jurisdiction
    return after_working_days(start, rule.working_days, place, rule.timezone or zone)
