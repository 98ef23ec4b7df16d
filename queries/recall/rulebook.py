"""The rules file: one TOML format for source inference, scopes and what-if questions.

```
temporal_order = true          # goods that arrive later than others left do not meet them
[[cross_contamination]]        # site | line | equipment = "…", or deliveries = ["…", "…"]; within
[[kill]]                       # site | lot | delivery | operation = "…"
[[kill_step]]                  # step, agent, limits = { min_… = , max_… = }; before = ["…"]
[[group]]                      # name, and sites | lots = ["…", "…"]
[[carry_over_limit]]           # site, hazard, share, validation
[[line_of_item]]               # item, lines = ["…"], by, role, reason
```

Reading is strict: what is not understood is refused as a whole, so that no rule is lost in silence.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from graph_model.errors import BadInput
from graph_model.i18n import text
from queries.recall.hazard import HAZARDS

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d|w)")


DEFAULTS = "defaults"
"""Origin of rules that nobody set."""


@dataclass(frozen=True, kw_only=True)
class CrossContamination:
    """Every incoming lot may be in every outgoing one that time allows; exactly one place is set.

    `deliveries`: those that came to one recipient share what was made of any of them.
    `within`: longest time from arrival to departure, microseconds; None without limit.
    """

    site: str | None = None
    line: str | None = None
    equipment: str | None = None
    deliveries: tuple[str, ...] = ()
    within: int | None = None

    @property
    def place(self) -> str | None:
        """The site, line or equipment."""
        return self.site or self.line or self.equipment


@dataclass(frozen=True, kw_only=True)
class Kill:
    """Nothing passes here: an assumption, for inference and what-if questions only."""

    site: str | None = None
    lot: str | None = None
    delivery: str | None = None
    operation: str | None = None


@dataclass(frozen=True, kw_only=True)
class KillStep:
    """A step that removes an agent, where a lot's own measured values are within the limits.

    `before`: steps of the route that come before it.
    """

    step: str
    agent: str
    limits: dict[str, float]
    before: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Group:
    """Several stations, or several lots, shown and scored as one."""

    name: str
    sites: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CarryOverLimit:
    """The validated share (0 < share <= 1) of a hazard that one filling or run leaves behind."""

    site: str
    hazard: str
    share: float
    validation: str


@dataclass(frozen=True, kw_only=True)
class LineOfItem:
    """The lines on which an item can run, as a named person confirmed: for orders without one."""

    item: str
    lines: tuple[str, ...]
    by: str
    role: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """All rules of one file, in its order."""

    temporal_order: bool = True
    cross_contamination: tuple[CrossContamination, ...] = ()
    kills: tuple[Kill, ...] = ()
    kill_steps: tuple[KillStep, ...] = ()
    groups: tuple[Group, ...] = ()
    carry_over_limits: tuple[CarryOverLimit, ...] = ()
    lines_of_items: tuple[LineOfItem, ...] = ()
    origin: str = field(default=DEFAULTS, compare=False)
    """The file or the ledger's record that the rules were read from."""

    @property
    def site_groups(self) -> dict[str, str]:
        """Name of the group of each grouped station."""
        return {site: group.name for group in self.groups for site in group.sites}

    @property
    def lot_groups(self) -> dict[str, str]:
        """Name of the group of each grouped lot."""
        return {lot: group.name for group in self.groups for lot in group.lots}

    @property
    def ignored_by_scopes(self) -> tuple[str, ...]:
        """Tables that hold assumptions: for inference and what-if questions only."""
        tables = {"kill": self.kills, "group": self.groups}
        return tuple(name for name, entries in tables.items() if entries)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, to keep with a result so that it can be repeated. `within` is microseconds."""
        return {name: value for name, value in asdict(self).items() if name != "origin"}


def load(path: Path | None) -> Rulebook:
    """The rules of a file; the defaults without one. Raises BadInput that lists every fault."""
    if path is None:
        return Rulebook()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput("rules_unreadable", path=str(path), problem=str(error)) from error
    return read(content, path.name)


def read(content: dict[str, Any], file: str) -> Rulebook:
    """The rules of parsed TOML; `file` stands in the messages. Raises BadInput as `load` does."""
    book = _Reader(file)
    rules = book.rules(content)
    if book.faults:
        raise BadInput("rules_refused", path=file, faults="\n".join(book.faults))
    return rules


def duration(words: str) -> int | None:
    """Microseconds of `2h`, `90min`, `1d 12h`; None where it is no duration."""
    parts = _DURATION.findall(words)
    if not parts or _DURATION.sub("", words).strip():
        return None
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts) * 1_000_000)


@dataclass
class _Entry:
    """One table of the file while it is read; every key that is asked for is understood."""

    reader: _Reader
    table: str
    number: int
    values: dict[str, Any]
    asked: set[str] = field(default_factory=set)

    def fault(self, reason: str, value: object, **params: object) -> None:
        self.reader.fault(self.table, self.number, reason, value, **params)

    def take(self, name: str, fits: Callable[[Any], bool], reason: str, *, needed: bool) -> Any:
        """The value of a key, None where it is absent or does not fit."""
        self.asked.add(name)
        if name not in self.values:
            if needed:
                self.fault("missing", name, key=name)
            return None
        value = self.values[name]
        if not fits(value):
            self.fault(reason, value, key=name)
            return None
        return value

    def word(self, name: str, *, needed: bool = True) -> str:
        value = self.take(name, _is_text, "not_text", needed=needed)
        return "" if value is None else str(value).strip()

    def words(self, name: str, *, needed: bool = True) -> tuple[str, ...]:
        value = self.take(name, _are_texts, "not_list", needed=needed)
        found = tuple(str(part).strip() for part in value or ())
        for part in sorted({part for part in found if found.count(part) > 1}):
            self.fault("repeated", part, key=name)
        return found

    def one_of(self, *names: str) -> None:
        """Exactly one of these keys must be there."""
        given = [name for name in names if name in self.values]
        if len(given) != 1:
            self.fault("not_one_of", ", ".join(given) or "-", keys=", ".join(names))

    def close(self) -> None:
        """Refuses keys that nobody asked for."""
        for name in sorted(self.values.keys() - self.asked):
            self.fault("unknown_key", name, keys=", ".join(sorted(self.asked)))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_text(part) for part in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are_limits(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(re.match(r"(min|max)_\w", name) and _is_number(v) for name, v in value.items())
    )


class _Reader:
    """Reads all tables and gathers every fault in words."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[str] = []

    def fault(self, table: str, number: int, reason: str, value: object, **params: object) -> None:
        about = {"table": table, "entry": number, "value": value, **params}
        place = "rules.at_entry" if number else "rules.at_top"
        self.faults.append(
            text(
                "rules.fault",
                at=text(place, file=self.file, table=table, entry=number),
                value=value,
                reason=text(f"rules.reason.{reason}", **about),
                repair=text(f"rules.repair.{reason}", **about),
            )
        )

    def rules(self, content: dict[str, Any]) -> Rulebook:
        order = content.get("temporal_order", True)
        if not isinstance(order, bool):
            self.fault("temporal_order", 0, "not_boolean", order, key="temporal_order")
        known = {"temporal_order", *_TABLES}
        for name in sorted(content.keys() - known):
            self.fault(name, 0, "unknown_table", name, keys=", ".join(sorted(known)))
        groups = tuple(_group(entry) for entry in self.entries(content, "group"))
        self._groups_apart(groups)
        return Rulebook(
            origin=self.file,
            temporal_order=order is not False,
            cross_contamination=tuple(
                _contamination(entry) for entry in self.entries(content, "cross_contamination")
            ),
            kills=tuple(_kill(entry) for entry in self.entries(content, "kill")),
            kill_steps=tuple(_kill_step(entry) for entry in self.entries(content, "kill_step")),
            groups=groups,
            carry_over_limits=tuple(
                _limit(entry) for entry in self.entries(content, "carry_over_limit")
            ),
            lines_of_items=self._lines_of_items(content),
        )

    def _lines_of_items(self, content: dict[str, Any]) -> tuple[LineOfItem, ...]:
        """Each item at most once, for two entries may contradict each other."""
        found: dict[str, LineOfItem] = {}
        for entry in self.entries(content, "line_of_item"):
            rule = _line_of_item(entry)
            if rule.item in found:
                entry.fault("repeated", rule.item, key="item")
            found[rule.item] = rule
        return tuple(found.values())

    def entries(self, content: dict[str, Any], table: str) -> Iterator[_Entry]:
        """The entries of a table; the keys of each are closed once it was read."""
        rows = content.get(table, [])
        if not isinstance(rows, list):
            self.fault(table, 0, "not_table", table)
            return
        for number, values in enumerate(rows, 1):
            if not isinstance(values, dict):
                self.fault(table, number, "not_table", values)
                continue
            entry = _Entry(self, table, number, values)
            yield entry
            entry.close()

    def _groups_apart(self, groups: tuple[Group, ...]) -> None:
        """No two groups share a name or a member, and none is a member of another."""
        seen: dict[str, int] = {}
        for number, group in enumerate(groups, 1):
            members = {*group.sites, *group.lots}
            for name in sorted({group.name, *members} & seen.keys()):
                self.fault("group", number, "group_shared", name, other=seen[name])
            seen |= dict.fromkeys({group.name, *members}, number)


def _contamination(entry: _Entry) -> CrossContamination:
    entry.one_of("site", "line", "equipment", "deliveries")
    places = {
        name: entry.word(name, needed=False) or None for name in ("site", "line", "equipment")
    }
    deliveries = entry.words("deliveries", needed=False)
    if len(deliveries) == 1:
        entry.fault("too_few", deliveries[0], key="deliveries")
    within = entry.word("within", needed=False)
    longest = duration(within) if within else None
    if within and longest is None:
        entry.fault("not_duration", within, key="within")
    return CrossContamination(**places, deliveries=deliveries, within=longest)


def _kill(entry: _Entry) -> Kill:
    names = ("site", "lot", "delivery", "operation")
    entry.one_of(*names)
    return Kill(**{name: entry.word(name, needed=False) or None for name in names})


def _kill_step(entry: _Entry) -> KillStep:
    step, agent = entry.word("step"), entry.word("agent")
    limits = entry.take("limits", _are_limits, "not_limits", needed=True) or {}
    before = entry.words("before", needed=False)
    within = {name: float(value) for name, value in limits.items()}
    return KillStep(step=step, agent=agent, limits=within, before=before)


def _group(entry: _Entry) -> Group:
    entry.one_of("sites", "lots")
    name = entry.word("name")
    sites, lots = (entry.words(kind, needed=False) for kind in ("sites", "lots"))
    return Group(name=name, sites=sites, lots=lots)


def _limit(entry: _Entry) -> CarryOverLimit:
    site = entry.word("site")
    hazard = entry.take("hazard", HAZARDS.__contains__, "not_hazard", needed=True) or ""
    share = entry.take("share", lambda v: _is_number(v) and 0 < v <= 1, "not_share", needed=True)
    return CarryOverLimit(
        site=site, hazard=hazard, share=float(share or 0), validation=entry.word("validation")
    )


def _line_of_item(entry: _Entry) -> LineOfItem:
    item, lines = entry.word("item"), entry.words("lines")
    by, role, reason = (entry.word(name) for name in ("by", "role", "reason"))
    return LineOfItem(item=item, lines=lines, by=by, role=role, reason=reason)


_TABLES = (
    "cross_contamination", "kill", "kill_step", "group", "carry_over_limit", "line_of_item",
)  # fmt: skip
