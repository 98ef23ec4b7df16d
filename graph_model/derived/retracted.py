"""Numbers that only cancelled or reversed rows name: nothing says that there was such a lot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from graph_model.derived.facts import Facts
from graph_model.schema import (
    Alias,
    Complaint,
    Count,
    Decision,
    Incident,
    Inspection,
    Lot,
    Packed,
    Stock,
    Use,
)

_NAMING = (
    *((kind, "lot") for kind in (Stock, Count, Use, Inspection, Complaint, Incident)),
    *((Packed, name) for name in ("lot", "container")),
    *((Alias, name) for name in ("alias", "target")),
    *((Decision, name) for name in ("subject", "target")),
    (Lot, "parent"),
)
"""Everything else that can name a lot: one mention is enough for it to exist."""


def lots(facts: Facts, live: Mapping[type, pl.DataFrame]) -> pl.Series:
    """Keys of lots of which no row that stands, and no other fact, knows. `live`: what stands."""
    named = pl.concat(_dropped(facts, live)).unique()
    if named.is_empty():
        return named["lot"]
    for frame in live.values():
        named = named.join(frame.select("lot"), on="lot", how="anti")
    for kind, name in _NAMING:
        if len(named):
            told = facts[kind].select(lot=name)
            named = named.join(told, on="lot", how="anti")
    return named["lot"].sort()


def _dropped(facts: Facts, live: Mapping[type, pl.DataFrame]) -> Iterable[pl.DataFrame]:
    """lot of the movement rows that do not stand."""
    for kind, frame in live.items():
        rows = facts[kind]
        if len(frame) < len(rows):
            rows = rows.select("key", "lot").join(frame.select("key"), on="key", how="anti")
            yield rows.select("lot").drop_nulls()
        else:
            yield rows.select("lot").clear()
