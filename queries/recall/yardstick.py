"""What one would recall without genealogy: the yardstick that a saving is stated against.

A blanket recall takes the scope and every lot of every item whose recipe or recorded consumption
contains a suspect item, at any level, made (or of unknown date) since the suspect material came in.
Where the hazard goes on by contact, an item is as good as contained in what runs on the same lines:
without genealogy nobody knows which lot was there before which.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from graph_model.interval import MIN
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import Component, Item
from queries.recall import cost
from queries.recall.contact import CONTACT
from queries.recall.roots import Roots


@dataclass(frozen=True)
class Blanket:
    """Number of lots, cost, and the window (microseconds UTC) of the blanket recall."""

    lots: int
    cost: float
    start: int | None
    end: int | None


def blanket(
    facts: Facts,
    lineage: Lineage,
    touched: Lineage,
    roots: Roots,
    scope: Iterable[int],
    table: cost.CostTable,
) -> Blanket:
    """The blanket recall for these roots; `touched` are the arrays with the hazard's contact."""
    suspect = np.union1d(roots.match, roots.cannot_rule_out)
    items = _made_from(facts, touched, lineage.lots["item"][suspect].drop_nulls().unique())
    start = _since(lineage, suspect)
    # Whatever was made later, or at a time nobody knows.
    made = lineage.births["born_t1"]
    late = ((made >= start) | made.is_null()).to_numpy()
    affected = lineage.lots["item"].is_in(items.implode()).fill_null(False).to_numpy()
    wanted = affected & late & lineage.recorded
    wanted[np.fromiter(scope, dtype=np.int64)] = True
    lots = np.flatnonzero(wanted)
    spent = cost.prices(table, lineage, facts[Item]).total(lots)
    return Blanket(len(lots), spent, start if start > MIN else None, None)


def _made_from(facts: Facts, lineage: Lineage, items: pl.Series) -> pl.Series:
    """Items that contain these by recipe, recorded consumption or contact, at any level."""
    planned = facts[Component].select("item", "parent")
    edges = pl.concat([planned, lineage.recipes, _met(lineage)]).drop_nulls().unique()
    found, fresh = items, items
    while len(fresh):
        upper = edges.filter(pl.col("item").is_in(fresh.implode()))["parent"].unique()
        fresh = upper.filter(~upper.is_in(found.implode()))
        found = pl.concat([found, fresh])
    return found


def _met(lineage: Lineage) -> pl.DataFrame:
    """item, parent: items that touch a line, or come to a place, and those that it gives."""
    about = lineage.operations.select("kind", "site")
    sides = []
    for flows in (lineage.consumed, lineage.produced):
        rows = flows.select("op", "lot").with_columns(
            about[flows["op"]], item=lineage.lots["item"][flows["lot"]]
        )
        rows = rows.filter(pl.col("kind") == CONTACT).drop_nulls(["item", "site"])
        sides.append(rows.select("site", "item").unique())
    met = sides[0].join(sides[1].rename({"item": "parent"}), on="site")
    return met.select("item", "parent").unique()


def _since(lineage: Lineage, suspect: Index) -> int:
    """First moment the suspect material can have been there."""
    rows = lineage.uses.at(suspect)
    first = lineage.consumed["t0"][rows].min() if rows.size else None
    made = lineage.produced["t0"][lineage.origins.at(suspect)].min()
    known = [int(moment) for moment in (first, made) if isinstance(moment, int)]
    return min(known, default=MIN)
