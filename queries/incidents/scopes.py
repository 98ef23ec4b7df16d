"""The scope of an incident, and what was answered and found of its goods since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from graph_model import holding
from graph_model.lineage import Lineage
from graph_model.network import Facts
from queries import balance
from queries.incidents import cases, holds, notices
from queries.incidents.cases import deeds, last_frozen
from queries.incidents.frozen import HELD, kept_lots
from queries.recall import cost, unaccounted
from queries.recall.scope import Scope, compute
from queries.recall.unaccounted import ANSWERED, ANSWERS, MISSING


def scope_of(
    facts: Facts, lineage: Lineage, row: Mapping[str, Any], table: cost.CostTable | None = None
) -> Scope:
    """The scope of what an incident suspects, by its own hazard and rules."""
    asked = cases.asked(facts, row, deeds(facts, row["key"]))
    return compute(
        facts, lineage, asked, table, hazard=cases.hazard(row), rulebook=cases.rules(row)
    )


def answers(facts: Facts, incident: str) -> pl.DataFrame:
    """What `unaccounted` is told of an incident: goods that customers accounted for, and goods
    that were searched for and not found; columns ANSWERS."""
    told = [*_answered(facts, incident), *_missed(facts, incident)]
    return pl.DataFrame(told, schema=ANSWERS, orient="row")


def _answered(facts: Facts, incident: str) -> Iterator[tuple[str, str, float, str | None]]:
    """No customer accounts for more of a lot than it got: that would hide what another has.

    What it said without naming a lot counts for lots that nothing else accounts for.
    """
    for party in notices.listing(facts, incident):
        loose: dict[str, float] = defaultdict(float)
        for row in party["lots"]:
            if row["lot"] is None:
                loose[row["uom"]] += row["surplus"]
        for row in party["lots"]:
            if row["lot"] is not None:
                unit = row["uom"]
                more = min(row["unaccounted"], loose[unit])
                loose[unit] -= more
                said = row["shipped"] - row["unaccounted"] + more
                yield row["lot"], ANSWERED, said, unit or None


def _missed(facts: Facts, incident: str) -> Iterator[tuple[str, str, float, str | None]]:
    """Goods of a lot that lie at another of its places than expected are not missing."""
    searched: dict[tuple[str, str | None], float] = defaultdict(float)
    for line in holds.lines(facts, incident):
        spot = line.hold["lot"], line.hold["uom"]
        searched[spot] += line.held.expected if line.held.searched else 0.0
        searched[spot] -= line.held.found
    for (lot, unit), amount in searched.items():
        if amount > 0:
            yield lot, MISSING, round(amount, holding.PLACES), unit


def lost(facts: Facts, lineage: Lineage, incident: str) -> dict[str, dict[str, float]]:
    """By unit, what of the newest frozen scope is unaccounted: `total` and its PARTS.

    The figure that a scope shows (`queries.recall.unaccounted`), with all that was answered since.
    """
    frozen = last_frozen(facts, incident)
    kept = kept_lots(facts, frozen["key"] if frozen else "")
    numbers = lineage.number(kept.filter(pl.col("tier").is_in(HELD))["lot"].to_list())
    rows = balance.balances(facts, lineage, numbers[numbers >= 0])
    found = unaccounted.lost(facts, lineage, rows, answers(facts, incident))
    return unaccounted.by_unit(found)
