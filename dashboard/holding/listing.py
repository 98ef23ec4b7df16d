"""The holds of an incident as they are shown: in walking order, with tier and last count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from dashboard import words
from dashboard.components.parts import tier_of
from dashboard.url import State
from dashboard.visit import Visit
from graph_model.i18n import text
from graph_model.lineage import Lineage
from graph_model.network import Facts
from queries.incidents import cases, holds
from queries.incidents.frozen import kept_lots
from queries.incidents.holds import Line

SCAN, FOUND, MISSING = STATES = ("scan", "found", "missing")


@dataclass(frozen=True)
class Count:
    """The last time that somebody looked: when, and who (a pseudonym)."""

    at: int
    person: str


@dataclass(frozen=True)
class Listing:
    """The hold list of an incident; `tiers` by lot as drawn, `counts` by hold."""

    number: str
    lines: list[Line]
    tiers: dict[str, str]
    counts: dict[str, Count]
    unheld: int

    def of(self, warehouse: str) -> list[Line]:
        """The lines of a warehouse; all of them where none is named."""
        return [line for line in self.lines if not warehouse or where(line) == warehouse]

    def warehouses(self) -> Iterator[tuple[str, list[Line]]]:
        """Every warehouse in walking order with its lines."""
        for name in dict.fromkeys(where(line) for line in self.lines):
            yield name, self.of(name)


def read(visit: Visit, state: State) -> Listing:
    """The hold list of the incident in the address, as of now. Raises NotFound."""
    return of(visit, state.one("incident"))


def of(visit: Visit, number: str) -> Listing:
    """The hold list of an incident, as of now. Raises NotFound."""
    return visit.desk.on(None, ("holds", number), lambda facts, _: _listing(facts, number))


def _listing(facts: Facts, number: str) -> Listing:
    row = cases.find(facts, number)
    frozen = cases.last_frozen(facts, row["key"])
    lots = kept_lots(facts, frozen["key"] if frozen else "").filter(pl.col("tier").is_not_null())
    tiers = {
        lot: tier_of(tier, grade) for lot, tier, grade in lots.select("lot", "tier", "grade").rows()
    }
    found = cases.deeds(facts, row["key"]).filter(pl.col("kind") == "found")
    found = found.select("subject", "person", at=holds.counted_at()).sort("at")
    counts = {hold: Count(at, person) for hold, person, at in found.rows()}
    own = holds.lines(facts, row["key"])
    return Listing(row["incident_no"], own, tiers, counts, len(holds.unheld(facts, row["key"])))


def where(line: Line) -> str:
    """The warehouse of a line; for goods that lie in none the name of their state."""
    return line.path[0] if line.path else line.hold["place"]


def warehouse_name(name: str) -> str:
    """A warehouse as people call it."""
    return words.labelled("screen.place", name)


def bin_of(line: Line) -> str:
    """The place to walk to: bin, else what the records call the place."""
    return line.path[-1] if line.path else text(f"screen.place.{line.hold['place']}")


def state_of(line: Line) -> str:
    """scan (nobody looked), found (all of it), missing (not all of it)."""
    if not line.held.searched:
        return SCAN
    return MISSING if line.held.missing else FOUND


def tally(lines: Iterable[Line]) -> Counter[str]:
    """How many lines are in which state."""
    return Counter(state_of(line) for line in lines)


def named(lineage: Lineage, listing: Listing, code: str) -> list[Line]:
    """Lines of the list that a label can be of."""
    return [line for line in listing.lines if holds.says(line, lineage, code)]
