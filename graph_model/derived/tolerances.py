"""Accepted difference of mass balance of each item: as recorded, or as a person decided."""

from __future__ import annotations

import polars as pl

from graph_model.derived.facts import Facts
from graph_model.interval import in_force
from graph_model.schema import Decision, Item

KIND = "tolerance"
"""Decisions of this kind have an item as subject and a share as target."""


def tolerances(facts: Facts) -> pl.DataFrame:
    """item (key), tolerance (share, null: none known). The latest decision about an item counts."""
    recorded = facts[Item].select("tolerance", item="key").unique("item", maintain_order=True)
    decided = in_force(facts[Decision]).filter(pl.col("kind") == KIND)
    decided = decided.select(item="subject", decided=pl.col("target").cast(pl.Float64))
    latest = decided.unique("item", keep="last", maintain_order=True)
    rows = recorded.join(latest, on="item", how="left", maintain_order="left")
    return rows.select("item", tolerance=pl.coalesce("decided", "tolerance"))
