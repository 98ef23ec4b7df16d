"""What items, companies and places are called, by key and code, for answers that name them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from graph_model import keys
from graph_model.derived.carried import RESIDUE
from graph_model.derived.pools.events import ORDERLESS
from graph_model.i18n import text
from graph_model.network import Facts
from graph_model.schema import Customer, Item, Site, Supplier


@dataclass(frozen=True)
class Names:
    """Names by key; items also by code where one company uses it. What has no name has no entry."""

    items: dict[str, str]
    types: dict[str, str]
    companies: dict[str, str]
    sites: dict[str, str]

    def item(self, key: str | None, code: str | None = None) -> str:
        """The name of an item, else its code."""
        last = keys.parts(key)[-1] if key else ""
        return self.items.get(key or "") or self.items.get(code or "") or code or last

    def company(self, code: str | None) -> str:
        """The name of a company, else its code."""
        return self.companies.get(code or "") or code or ""

    def site(self, key: str | None) -> str:
        """The name of a place, else its number."""
        return self.sites.get(key or "") or (keys.parts(key)[-1] if key else "")


def placeless(what: str, place: str) -> str | None:
    """What stock is called that lies at no place; None for what lies at one.

    `what`: the order that residue is of, else the item; `place`: as the stock's part names it.
    """
    if place.startswith(f"{RESIDUE}>"):
        return f"{text('operation.residue')} {what}"
    if place == ORDERLESS:
        return f"{text('stock.unknown_orders')} {what}".rstrip()
    return None


def of(facts: Facts) -> Names:
    """The names that these facts state."""
    items = facts[Item].select("key", "item_code", "item_name", "item_type")
    single = items.filter(pl.len().over("item_code") == 1)
    parties = [facts[kind].select("company", "name") for kind in (Supplier, Customer)]
    by_key = _pairs(items, "key", "item_name")
    return Names(
        _pairs(single, "item_code", "item_name") | by_key,
        _pairs(single, "item_code", "item_type") | _pairs(items, "key", "item_type"),
        _pairs(pl.concat(parties), "company", "name"),
        _pairs(facts[Site], "key", "name"),
    )


def _pairs(rows: pl.DataFrame, key: str, value: str) -> dict[str, str]:
    return dict(rows.select(key, value).drop_nulls().iter_rows())
