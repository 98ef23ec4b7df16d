"""The fold: what the ledger says now, or said as of a batch.

Per property, an empty cell states nothing, and a later statement of the same source wins. Where two
sources disagree on time, place, lot or quantity of a movement both are kept: the widest interval,
the larger amount, the other lot as a second row, and a conflict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from graph_model.schema import KINDS, MOVEMENTS, VERSION, conform, frame_schema

Upcast = Callable[[str, pl.DataFrame], pl.DataFrame]
UPCASTS: dict[int, Upcast] = {}
"""Schema version -> what turns a frame of that version into one of the next."""

_DISPUTED = ("lot", "quantity", "earliest", "latest", "from_place", "to_place")
CONFLICT_SCHEMA = {"key": pl.String, "kind": pl.String, "column": pl.String, "values": pl.String}


@dataclass(frozen=True)
class Facts:
    """One frame a kind, one row a key, in key order; `conflicts` lists where sources disagree."""

    batch: int
    head: str
    tables: dict[str, pl.DataFrame]
    conflicts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CONFLICT_SCHEMA))

    def __getitem__(self, kind: type) -> pl.DataFrame:
        return self.tables[kind.__name__]


def upcast(kind: str, frame: pl.DataFrame, version: int) -> pl.DataFrame:
    """A frame written under an older schema, as the present one."""
    for step in range(version, VERSION):
        frame = UPCASTS[step](kind, frame)
    return conform(KINDS[kind], frame, provenance=True)


def fold_kind(kind: type, statements: list[pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Statements in batch order, each with `_source`, to one row a key; and conflicts."""
    none = pl.DataFrame(schema=CONFLICT_SCHEMA)
    schema = frame_schema(kind, provenance=True)
    if not statements:
        return pl.DataFrame(schema=schema), none
    rows = pl.concat(statements)
    repeated = rows["key"].is_duplicated()
    if not repeated.any():
        return rows.select(*schema).sort("key"), none
    single = rows.filter(~repeated).select(*schema)
    latest = (
        rows.filter(repeated)
        .group_by("key", "_source", maintain_order=True)
        .agg(pl.col(name).drop_nulls().last() for name in schema if name != "key")
    )
    merged, conflicts = _across_sources(kind, latest, schema)
    return pl.concat([single, merged.select(*schema)]).sort("key"), conflicts


def _across_sources(
    kind: type, latest: pl.DataFrame, schema: dict[str, pl.DataType]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    movement = kind in MOVEMENTS

    def best(name: str) -> pl.Expr:
        column = pl.col(name)
        if movement and name == "earliest":
            return column.min()
        if movement and name in ("latest", "quantity"):
            return column.max()
        return column.drop_nulls().last()

    merged = latest.group_by("key", maintain_order=True).agg(
        best(name).alias(name) for name in schema if name != "key"
    )
    if not movement:
        return merged, pl.DataFrame(schema=CONFLICT_SCHEMA)
    conflicts = [
        latest.group_by("key", maintain_order=True)
        .agg(values=pl.col(name).drop_nulls().unique(maintain_order=True).cast(pl.String))
        .filter(pl.col("values").list.len() > 1)
        .select(
            "key",
            kind=pl.lit(kind.__name__),
            column=pl.lit(name),
            values=pl.col("values").list.join(" | "),
        )
        for name in _DISPUTED
    ]
    return pl.concat([merged, *_other_lots(latest, merged)]), pl.concat(conflicts)


def _other_lots(latest: pl.DataFrame, merged: pl.DataFrame) -> list[pl.DataFrame]:
    """A second row, `key~2` and so on, for each further lot that a source names."""
    lots = latest.filter(pl.col("lot").is_not_null()).select("key", "lot").unique()
    kept = merged.select("key", kept="lot")
    others = lots.join(kept, on="key").filter(pl.col("lot") != pl.col("kept")).sort("key", "lot")
    if others.is_empty():
        return []
    others = others.select("key", "lot", n=(pl.int_range(pl.len()).over("key") + 2).cast(pl.String))
    rows = merged.drop("lot").join(others, on="key")
    rows = rows.with_columns(key=pl.concat_str("key", pl.lit("~"), "n"))
    return [rows.select(*merged.columns)]
