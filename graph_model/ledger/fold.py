"""The fold: what the ledger says now, or said as of a batch.

Per property, an empty cell states nothing, and a later statement of the same source wins. Where two
sources disagree on time, place, lot or quantity of a movement both are kept: the widest interval,
the larger amount, the other lot as a second row, and a conflict. Which source came first is no
matter there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache

import polars as pl

from graph_model.ledger.groups import Groups, taken
from graph_model.ledger.hull import CONFLICT_SCHEMA, over, said
from graph_model.schema import KINDS, MOVEMENTS, VERSION, conform, frame_schema, no_rows

Upcast = Callable[[str, pl.DataFrame], pl.DataFrame]
UPCASTS: dict[int, Upcast] = {}
"""Schema version -> what turns a frame of that version into one of the next."""


@dataclass(frozen=True)
class Facts:
    """One frame a kind, one row a key, in key order; `conflicts` lists where sources disagree."""

    batch: int
    head: str
    tables: dict[str, pl.DataFrame]
    conflicts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CONFLICT_SCHEMA))

    def __getitem__(self, kind: type) -> pl.DataFrame:
        return self.tables[kind.__name__]


@cache
def _no_conflicts() -> pl.DataFrame:
    return pl.DataFrame(schema=CONFLICT_SCHEMA)


def upcast(kind: str, frame: pl.DataFrame, version: int) -> pl.DataFrame:
    """A frame written under an older schema, as the present one."""
    for step in range(version, VERSION):
        frame = UPCASTS[step](kind, frame)
    return conform(KINDS[kind], frame, provenance=True)


def fold_kind(kind: type, statements: Iterable[pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Statements in batch order, each with `_source`, to one row a key; and conflicts."""
    schema = frame_schema(kind, provenance=True)
    none = _no_conflicts()
    frames = list(statements)
    if not frames:
        return no_rows(kind, provenance=True), none
    rows = pl.concat(frames, rechunk=False)
    frames.clear()
    keys = Groups.of(rows["key"])
    if len(keys) == len(rows):
        table = rows.select(*schema)
        return (table if keys.in_order else taken(table, keys.order)), none
    # Column by column: the peak is what was stated, what holds, and one column.
    table = pl.DataFrame([keys.last(rows[name]) for name in schema])
    disputed = said(rows, keys) if kind in MOVEMENTS else None
    del rows
    return (table, none) if disputed is None else over(kind, table, disputed)
