"""The tables a graph holds, derived from the schema: nodes, edges, and edges of references.

Frames have a `row_hash`, so that a projection finds what changed without comparing every column.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from graph_model import schema


@dataclass(frozen=True)
class Table:
    """A node table, or an edge table between two labels. One edge name may have several pairs.

    `columns` are the properties shown; edge frames have `from` and `to` besides. `kind` states its
    rows; `sides` are the fields of the kind that name the ends. `key_parts`: what the key of an
    edge without facts of its own is made of (`from`, `to` or a text), so that an engine need not
    store it. `derived`: computed from other rows, so not part of the graph hash.
    """

    name: str
    columns: dict[str, pl.DataType]
    kind: type
    ends: tuple[str, str] | None = None
    sides: tuple[str, str] | None = None
    key_parts: tuple[str, ...] = ()
    derived: bool = False

    @property
    def id(self) -> str:
        """Name that is unique among all tables, such as `PART_OF:Lot:Site`."""
        return ":".join((self.name, *(self.ends or ())))

    @property
    def frame_columns(self) -> list[str]:
        """Columns of its frame in loading order."""
        return [*(("from", "to") if self.ends else ()), *self.columns, "row_hash"]

    def with_key(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the key that follows from its ends."""
        parts = (pl.col(p) if p in ("from", "to") else pl.lit(p) for p in self.key_parts)
        return frame.with_columns(key=pl.concat_str(list(parts)))

    def hashed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame in loading order with `row_hash`."""
        frame = frame.select(name for name in self.frame_columns if name != "row_hash")
        return frame.with_columns(row_hash=frame.hash_rows(seed=1).reinterpret(signed=True))


@cache
def nodes() -> tuple[Table, ...]:
    """One table a kind of node."""
    return tuple(Table(k.__name__, schema.graph_schema(k), k) for k in schema.NODES)


@cache
def edges() -> tuple[Table, ...]:
    """One table a kind of edge, then one a reference, then who performed an operation."""
    own = [
        Table(k.EDGE[0], schema.graph_schema(k), k, (k.EDGE[1], k.EDGE[3]), (k.EDGE[2], k.EDGE[4]))
        for k in edge_kinds()
    ]
    performed = _bare_table(
        "PERFORMED_BY",
        schema.Operation,
        ("Operation", "Person"),
        ("operation", "person"),
        ("from", " ", "to"),
        derived=True,
    )
    return (*own, *(_reference_table(*reference) for reference in references()), performed)


def edge_kinds() -> tuple[Any, ...]:
    """The kinds that are edges with facts of their own; each has `EDGE`."""
    return schema.EDGES


def references() -> Iterator[tuple[type, str, schema.Ref]]:
    """Every reference field: (kind, field, reference)."""
    for kind in schema.NODES:
        for name, ref in schema.references(kind):
            yield kind, name, ref


def _reference_table(kind: type, name: str, ref: schema.Ref) -> Table:
    """One field names one node, so its edge is told by its ends."""
    if ref.reverse:
        ends, sides = (ref.target, kind.__name__), (name, "key")
        return _bare_table(ref.edge, kind, ends, sides, ("to", f" {name}"))
    ends, sides = (kind.__name__, ref.target), ("key", name)
    return _bare_table(ref.edge, kind, ends, sides, ("from", f" {name}"))


def _bare_table(
    edge: str,
    kind: type,
    ends: tuple[str, str],
    sides: tuple[str, str],
    key_parts: tuple[str, ...],
    *,
    derived: bool = False,
) -> Table:
    columns: dict[str, pl.DataType] = {"key": pl.String(), "rule": pl.String()}
    return Table(edge, columns, kind, ends, sides, key_parts, derived)
