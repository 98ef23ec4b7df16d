"""Facts of tables and of rows without a ledger, for tests that are not about the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from bench.trials import facts_of as fold
from graph_model.ledger import Facts
from graph_model.schema import KINDS, conform, no_rows

__all__ = ["fold", "stated"]


def stated(rows: Mapping[type, Sequence[Mapping[str, Any]]]) -> Facts:
    """Rows by kind as the facts of a first batch, in the order of their keys."""
    tables = {}
    for name, kind in KINDS.items():
        said = rows.get(kind, ())
        if said:
            frame = conform(kind, pl.DataFrame(said, infer_schema_length=None), provenance=True)
            tables[name] = frame.sort("key")
        else:
            tables[name] = no_rows(kind, provenance=True)
    return Facts(1, "test", tables)
