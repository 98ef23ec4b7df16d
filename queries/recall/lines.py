"""Where operations ran: by their head, and by the lines that issues and receipts name."""

from __future__ import annotations

import polars as pl

from graph_model.lineage import Lineage, once

MADE = ("produce", "rework")
"""Operations that run on a line."""


@once
def lines(lineage: Lineage) -> pl.DataFrame:
    """op, site: every place that the records of an operation name as where it ran."""
    heads = lineage.operations.select("site", op=pl.int_range(pl.len(), dtype=pl.Int32))
    named = [
        heads.select("op", "site"),
        lineage.consumed.select("op", site="to_place"),
        lineage.produced.select("op", site="from_place"),
    ]
    return pl.concat(named).drop_nulls().unique()
