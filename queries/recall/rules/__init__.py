"""The rules of the scope: over which inputs and pairs the suspect material cannot have passed.

One file a rule. A module of this package with a `RULE` takes part in every scope; nothing else
has to be told of it. A rule about *movement* says which outputs an input can have gone into and
acts before worlds are weighed; a rule about the *hazard* stops it on inputs that did move.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import polars as pl

from graph_model import evidence
from graph_model.lineage import Index
from graph_model.network import Facts
from queries.recall.cone import Cone, Flags
from queries.recall.hazard import UNKNOWN, Hazard
from queries.recall.inspections import Inspected
from queries.recall.parting import Parting
from queries.recall.recipe import Recipe
from queries.recall.rulebook import Rulebook


@dataclass(frozen=True)
class Case:
    """What a rule may look at besides the cone."""

    facts: Facts
    recipe: Recipe
    clean: frozenset[int] = frozenset()
    """Lots, by number in the plant, of which every unit was examined and found clean."""
    hazard: Hazard = UNKNOWN
    rulebook: Rulebook = field(default_factory=Rulebook)
    without: frozenset[str] = frozenset()
    """Keys of evidence that is left out of account, to see what it takes out."""
    records_only: bool = False
    """Leave everything out of account that only persons vouch for."""

    @cached_property
    def inspected(self) -> Inspected:
        """What inspections say of the hazard."""
        void = self.accepted("invalidation")
        void = void.clear() if self.records_only else void
        return Inspected.of(self.facts, self.hazard, void, self.accepted("inspection"))

    @cached_property
    def _accepted(self) -> pl.DataFrame:
        found = evidence.states(self.facts)
        out = pl.Series(sorted(self.without), dtype=pl.String).implode()
        return found.filter((pl.col("state") == evidence.ACCEPTED) & ~pl.col("key").is_in(out))

    def accepted(self, kind: str) -> pl.DataFrame:
        """The accepted evidence of a kind that is not left out (see `graph_model.evidence`)."""
        return self._accepted.filter(pl.col("kind") == kind)

    def rules(self) -> tuple[Rule, ...]:
        """The rules that take part."""
        return tuple(rule for rule in rules() if rule.by == "records" or not self.records_only)


@dataclass(frozen=True)
class Piece:
    """One piece of evidence that a scope used; `records` are the keys of what it stands on."""

    key: str
    kind: str
    rule: str
    persons: tuple[str, ...] = ()
    records: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cut:
    """What a rule takes out of a cone.

    `first` gives for each input row the first output row it can have gone into; None cuts no
    pair. `stopped` marks input rows over which the hazard does not pass; None stops none. `clean`
    marks lots that it is not in: it neither enters nor leaves them, and they are no roots;
    it is no reason to recall `harmless` lots, though it passes on through them; `parted` tells
    input rows and output rows of the same steps between which the hazard does not pass.
    `used` names the evidence that stands behind the cut.
    `withdrawn` lists steps of which the records leave no way at all, so the rule does not hold.
    """

    first: Index | None = None
    stopped: Flags | None = None
    clean: Flags | None = None
    harmless: Flags | None = None
    parted: Parting | None = None
    used: tuple[Piece, ...] = ()
    withdrawn: Index = field(default_factory=lambda: np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class Rule:
    """A rule's name (its texts are `cut.<name>`), what carries it, and what it cuts."""

    name: str
    by: str
    """`records` or `judgement`."""
    cut: Callable[[Cone, Case], Cut]


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of this package, by name."""
    names = [found.name for found in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(sorted((module.RULE for module in modules), key=lambda rule: rule.name))
