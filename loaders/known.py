"""Which values of a column the plant knows already: its items, lots, companies and places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import polars as pl

from graph_model.network import Facts
from graph_model.schema import Customer, Item, Lot, Site, Supplier
from loaders.mapping import Known

_WHERE: tuple[tuple[str, type, tuple[str, ...]], ...] = (
    ("item_code", Item, ("item_code", "item_name")),
    ("lot_no", Lot, ("lot_no",)),
    ("supplier_code", Supplier, ("company", "name")),
    ("customer_code", Customer, ("company", "name")),
    ("to_place", Site, ("site_code",)),
)


def known(facts: Callable[[], Facts]) -> Known:
    """Of values the share that is known, by field; `facts` are asked for when first needed."""

    @cache
    def there() -> dict[str, pl.Series]:
        of = facts()
        return {
            name: pl.concat([of[kind][column].cast(pl.String).alias("") for column in columns])
            .unique()
            .implode()
            for name, kind, columns in _WHERE
        }

    def shares(values: Sequence[str]) -> Mapping[str, float]:
        distinct = pl.Series(sorted(set(values)), dtype=pl.String)
        return {
            name: sum(distinct.is_in(listed)) / max(len(distinct), 1)
            for name, listed in there().items()
        }

    return shares
