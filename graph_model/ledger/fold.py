"""The fold: one row a key from all statements, property by property."""

from __future__ import annotations

import polars as pl

from graph_model.schema import MOVEMENTS

_HULL = {"earliest": pl.Expr.min, "latest": pl.Expr.max, "quantity": pl.Expr.max}


def fold_kind(kind: type, statements: pl.DataFrame) -> pl.DataFrame:
    """One row a key, sorted; `_batch` orders the statements and `_source` tells who made them.

    Keys stated once pass straight through. A null states nothing; a later statement of one source
    wins; sources that differ on time or quantity of a movement give the hull.
    """
    once = pl.len().over("key") == 1
    single = statements.filter(once).drop("_batch", "_source")
    repeated = statements.filter(~once).sort("_batch", maintain_order=True)
    values = [name for name in single.columns if name != "key"]
    per_source = repeated.group_by("key", "_source", maintain_order=True).agg(
        pl.col(name).drop_nulls().last() for name in values
    )
    folded = per_source.group_by("key", maintain_order=True).agg(
        _HULL[name](pl.col(name))
        if kind in MOVEMENTS and name in _HULL
        else pl.col(name).drop_nulls().last()
        for name in values
    )
    return pl.concat([single, folded.select(single.columns)]).sort("key")
