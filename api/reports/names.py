"""What people call the things of a plant: items, places, companies; persons from the records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.reports import figures
from graph_model.access import FIELDS
from graph_model.network import Facts
from graph_model.schema import KINDS, Customer, Item, Person, Site, Supplier, columns

Row = Mapping[str, Any]


def _by_key(facts: Facts, kind: type) -> dict[str, Row]:
    return {row["key"]: row for row in facts[kind].iter_rows(named=True)}


@dataclass(frozen=True)
class Names:
    """Master data by key. `persons`: names by pseudonym; a person without one stays unnamed."""

    items: dict[str, Row]
    sites: dict[str, Row]
    companies: dict[str, Row]
    persons: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(
        facts: Facts, persons: Mapping[str, str] | None = None, *, contacts: bool = True
    ) -> Names:
        """The names that the facts of a batch state; without `contacts` no address of anybody."""
        parties = _by_key(facts, Supplier) | _by_key(facts, Customer)
        if not contacts:
            hidden = FIELDS["contact.see"]
            parties = {
                key: {name: value for name, value in row.items() if name not in hidden}
                for key, row in parties.items()
            }
        return Names(_by_key(facts, Item), _by_key(facts, Site), parties, persons or {})

    def item(self, key: str | None, code: str = "") -> str:
        """Code and name of an item."""
        row = self.items.get(key or "", {})
        shown = row.get("item_code") or code or figures.code(key)
        name = row.get("item_name")
        return f"{shown} {name}" if name and name != shown else shown

    def company(self, key: str | None) -> str:
        """Code and name of a supplier or customer."""
        name = self.companies.get(key or "", {}).get("name")
        return f"{figures.code(key)} {name}" if name else figures.code(key)

    def place(self, key: str | None) -> str:
        """A place by its code, and its name where that says more."""
        row = self.sites.get(key or "", {})
        code, name = row.get("site_code") or figures.code(key), row.get("name")
        return f"{code} {name}" if name and code not in name else name or code

    def warehouse(self, key: str | None) -> tuple[str, str]:
        """Warehouse and bin of a place; a place that is no bin is its own warehouse."""
        row = self.sites.get(key or "", {})
        if row.get("kind") == "bin" and row.get("parent"):
            return self.place(row["parent"]), self.place(key)
        return self.place(key), "–"

    def person(self, pseudonym: str | None) -> str:
        """The name where the records database has one, else the pseudonym."""
        return self.persons.get(pseudonym, pseudonym) if pseudonym else figures.word("report", None)


def everybody(facts: Facts) -> set[str]:
    """Pseudonyms of all persons that the facts mention."""
    found = set(facts[Person]["key"])
    for kind in KINDS.values():
        if any(column.name == "person" for column in columns(kind)):
            found |= set(facts[kind]["person"].drop_nulls().unique())
    return found
