"""Small random plants with evidence added to their records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from copy import copy
from typing import Any

import numpy as np
import polars as pl

from graph_model import network
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from graph_model.schema import KINDS, Decision, Evidence, Inspection, conform
from queries.recall.cone import Cone
from queries.recall.hazard import Hazard
from queries.recall.recipe import Recipe
from queries.recall.rulebook import Rulebook
from queries.recall.rules import Case
from queries.recall.worlds import Worlds, explore
from tests.unit import test_worlds

SALMONELLA = Hazard(kind="microbial", agent="Salmonella")
Rows = dict[type, list[dict[str, Any]]]


def with_rows(facts: network.Facts, rows: Rows) -> Facts:
    """The facts with further rows."""
    tables = {name: facts[kind] for name, kind in KINDS.items()}
    for kind, more in rows.items():
        frame = pl.DataFrame(more, infer_schema_length=None)
        frame = conform(kind, frame, provenance=True)
        tables[kind.__name__] = pl.concat([tables[kind.__name__], frame]).sort("key")
    return Facts(facts.batch, facts.head, tables)


def put_forward(rows: Rows, kind: str, subject: str, state: str = "accepted", **about: Any) -> None:
    """Evidence in a state of its life, put forward by Ann and changed by Bob."""
    key = f"evidence/{kind}/{subject}/{len(rows[Evidence])}"
    signed = {"role": "QA", "reason": "checked"}
    rows[Evidence].append(
        {"key": key, "kind": kind, "subject": subject, "person": "p-ann", "proposed_at": 0}
        | signed | about
    )  # fmt: skip
    steps = {"proposed": [], "accepted": ["accept"], "revoked": ["accept", "revoke"]}[state]
    for at, step in enumerate(steps):
        rows[Decision].append(
            {"key": f"{key}/{step}", "kind": f"{step}_evidence", "subject": key, "decided_at": at,
             "person": "p-bob"} | signed
        )  # fmt: skip


def inspect(rows: Rows, lot: str, result: str, state: str | None = "accepted", **about: Any) -> str:
    """An inspection of a lot for Salmonella; `state` None: a record that nobody put forward."""
    key = f"Q/{lot}/{len(rows[Inspection])}"
    hazard = {"hazard": "microbial", "agent": "Salmonella"}
    rows[Inspection].append(
        {"key": key, "lot": lot, "result": result, "company": "Q", "inspection_no": key}
        | hazard | about
    )  # fmt: skip
    if state is not None:
        put_forward(rows, "inspection", key, state)
    return key


class Plants:
    """Random plants of `test_worlds` side by side; what their scopes say with more records."""

    def __init__(self, seeds: Iterable[int]) -> None:
        self.plants = [test_worlds.random_plant(seed) for seed in seeds]
        self.facts = test_worlds.facts_of(self.plants)
        self.lineage = Lineage.of(network.build(self.facts))

    def keys(self, number: int) -> list[str]:
        """Lot keys of a plant."""
        return [f"X{number}/{item}/{lot}" for lot, item in enumerate(self.plants[number][0])]

    def with_table(self, name: str, table: pl.DataFrame) -> Plants:
        """The same plants with other rows of a kind; movements stay where they were."""
        other = copy(self)
        tables = self.facts.tables | {name: table}
        other.facts = Facts(self.facts.batch, self.facts.head, tables)
        return other

    def tiers(
        self,
        rows: Rows | None = None,
        hazard: Hazard = SALMONELLA,
        rulebook: Rulebook | None = None,
        *,
        recorded: bool = False,
    ) -> list[tuple[set[int], set[int]]]:
        """(certain, certain or possible) lots of each plant, mixed stock left out.

        `recorded`: only those reached without mixed stock.
        """
        facts = with_rows(self.facts, rows) if rows else self.facts
        case = Case(facts, Recipe.of(facts), hazard=hazard, rulebook=rulebook or Rulebook())
        return [self._of(case, number, recorded=recorded) for number in range(len(self.plants))]

    def _of(self, case: Case, number: int, *, recorded: bool) -> tuple[set[int], set[int]]:
        numbers = self.lineage.number(self.keys(number))
        name = {int(lot): at for at, lot in enumerate(numbers)}
        worlds = self.worlds(case, number)
        found = worlds.cone.lots

        def names(flags: Any) -> set[int]:
            return {name[lot] for lot in found[flags].tolist() if lot in name}

        reached = worlds.grade == 1 if recorded else worlds.grade > 0
        return names(worlds.certain), names(reached)

    def worlds(self, case: Case, number: int) -> Worlds:
        """The tiers of one plant, as `scope.compute` asks for them."""
        start = np.sort(self.lineage.number(self.keys(number))[self.plants[number][2]])
        cone = Cone.of(self.lineage, start)
        sure, perhaps = (
            np.intersect1d(lots, cone.lots[cone.depth >= 0])
            for lots in case.inspected.failing(self.lineage)
        )
        return explore(cone, case, np.union1d(start, sure), perhaps)


def no_rows() -> Rows:
    """No further rows."""
    return defaultdict(list)
