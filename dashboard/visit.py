"""Who asks, and the plant that answers: what each page and callback is given.

Answers are computed by the query functions; here they are only kept.
"""

from __future__ import annotations

import threading
import tomllib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import polars as pl

from graph_model.i18n import language
from graph_model.ledger import BatchInfo, Ledger
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Person
from graph_model.settings import Settings
from queries import coverage, names
from queries.incidents import scopes
from queries.recall import report, rulebook
from queries.recall.hazard import UNKNOWN, Hazard
from queries.recall.roots import Suspects
from queries.recall.scope import Scope
from queries.recall.trials import Trial, tried

T = TypeVar("T")
RECORDED = Trial()
"""Nothing is tried out."""
KEPT = 48
"""Answers kept in memory; each stands on one batch."""


class Visitor(Protocol):
    """A person who is signed in, or the local user of a demo."""

    @property
    def name(self) -> str:
        """The name as shown."""

    @property
    def roles(self) -> frozenset[str]:
        """The roles; `role.<name>` is the label of each."""

    def can(self, permission: str) -> bool:
        """Whether one of the roles has the permission."""


class Moment(Protocol):
    """One batch of a plant."""

    @property
    def facts(self) -> Facts:
        """The fold of that batch."""

    @property
    def lineage(self) -> Lineage:
        """The arrays of that batch."""


class Live(Protocol):
    """A plant that many threads read while others write."""

    settings: Settings

    def at(self, batch: int | None) -> Moment:
        """The moment of a batch; None: the newest. Raises BadInput for a batch there is not."""


class Desk:
    """The plant and the answers computed on its batches; safe to use from several threads."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.zone = live.settings.timezone
        self.ledger = Ledger(live.settings.data, live.settings.database_url)
        self._lock = threading.RLock()
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was computed under the key, computed now where it was not; the oldest fall out."""
        with self._lock:
            if key not in self._answers:
                self._answers[key] = make()
                while len(self._answers) > KEPT:
                    self._answers.popitem(last=False)
            self._answers.move_to_end(key)
            found: T = self._answers[key]
            return found

    def on(self, batch: int | None, key: Hashable, make: Callable[[Facts, Lineage], T]) -> T:
        """What was computed on a batch, computed now where it was not."""
        moment = self.live.at(batch)
        head = (moment.facts.batch, moment.facts.head)
        return self.once((head, key), lambda: make(moment.facts, moment.lineage))

    def people(self, facts: Facts) -> dict[str, str]:
        """Names by pseudonym; who was made unreadable has none."""
        with self._lock:
            return self.ledger.records.names(facts[Person]["pseudonym"].to_list())

    def batches(self) -> list[BatchInfo]:
        """All batches of the ledger in order."""
        with self._lock:
            return self.ledger.batches()


@dataclass(frozen=True)
class Visit:
    """One request: who asks, of which plant."""

    desk: Desk
    visitor: Visitor
    address: str = ""
    """Where the service is reached, for codes on labels."""

    def can(self, permission: str) -> bool:
        """Whether the visitor has the permission."""
        return self.visitor.can(permission)

    @property
    def zone(self) -> str:
        """Time zone of the plant."""
        return self.desk.zone

    def facts(self, as_of: int | None = None) -> Facts:
        """The fold now or as of a batch."""
        return self.desk.live.at(as_of).facts

    def lineage(self, as_of: int | None = None) -> Lineage:
        """The arrays now or as of a batch."""
        return self.desk.live.at(as_of).lineage

    def names(self, as_of: int | None = None) -> names.Names:
        """What items, companies and places are called."""
        return self.desk.on(as_of, "names", lambda facts, _: names.of(facts))

    def coverage(self) -> coverage.Coverage:
        """How much of what should be recorded is."""
        return self.desk.on(None, "coverage", coverage.coverage)

    def scope(
        self,
        asked: Suspects,
        as_of: int | None,
        trial: Trial = RECORDED,
        hazard: Hazard = UNKNOWN,
        rules: str | None = None,
        incident: str | None = None,
    ) -> Judged:
        """The scope of what is suspected, with what is tried out.

        `rules`: TOML of a case; `incident`: its key, so that what was answered and found counts.
        """

        def judge(facts: Facts, lineage: Lineage) -> Judged:
            book = rulebook.read(tomllib.loads(rules), "rules") if rules else None
            answers = scopes.answers(facts, incident) if incident else None
            return Judged(tried(facts, lineage, asked, trial, hazard=hazard, rules=book), answers)

        return self.desk.on(as_of, ("scope", asked, trial, hazard, rules, incident), judge)


@dataclass(frozen=True)
class Judged:
    """A scope and what is derived from it, each computed once when first asked for."""

    scope: Scope
    answers: pl.DataFrame | None = None
    """What was answered and searched for in its incident, as `unaccounted` takes it."""
    kept: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def told(self) -> dict[str, Any]:
        """The scope as JSON-ready data, its reasons in the language in force."""
        return self.once(("told", language()), lambda scope: report.to_dict(scope, self.answers))

    def once(self, key: Hashable, make: Callable[[Scope], T]) -> T:
        """What was derived under the key, derived now where it was not."""
        if key not in self.kept:
            self.kept[key] = make(self.scope)
        found: T = self.kept[key]
        return found
