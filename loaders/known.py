"""Which values of a column the plant knows already: its items, lots, companies and places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

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

    def shares(values: Sequence[str]) -> Mapping[str, float]:
        distinct = pl.Series("value", sorted(set(values)), dtype=pl.String)
        found = {}
        for name, kind, columns in _WHERE:
            rows = facts()[kind]
            there = pl.concat([rows[column].cast(pl.String).alias("value") for column in columns])
            found[name] = float(distinct.is_in(there.implode()).mean() or 0.0)  # type: ignore[arg-type]
        return found

    return shares
