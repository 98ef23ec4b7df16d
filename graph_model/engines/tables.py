"""The tables a graph holds, derived from the schema: nodes, edges, and edges of references.

Every table has a `row_hash`, so that a projection finds what changed without reading it all.
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

    `columns` are the stored properties; edge frames have `from` and `to` besides.
    `derived`: computed from other rows, so not part of the graph hash.
    """

    name: str
    columns: dict[str, pl.DataType]
    ends: tuple[str, str] | None = None
    derived: bool = False

    @property
    def id(self) -> str:
        """Name that is unique among all tables, such as `PART_OF:Lot:Site`."""
        return ":".join((self.name, *(self.ends or ())))

    @property
    def frame_columns(self) -> list[str]:
        """Columns of its frame in loading order."""
        return [*(("from", "to") if self.ends else ()), *self.columns, "row_hash"]


def _reference_table(kind: type, ref: schema.Ref, *, derived: bool = False) -> Table:
    ends = (ref.target, kind.__name__) if ref.reverse else (kind.__name__, ref.target)
    return Table(ref.edge, {"key": pl.String(), "rule": pl.String()}, ends, derived)


@cache
def nodes() -> tuple[Table, ...]:
    """One table a kind of node."""
    return tuple(Table(kind.__name__, schema.frame_schema(kind)) for kind in schema.NODES)


@cache
def edges() -> tuple[Table, ...]:
    """One table a kind of edge, then one a reference, then who performed an operation."""
    own = [Table(k.EDGE[0], schema.frame_schema(k), (k.EDGE[1], k.EDGE[3])) for k in edge_kinds()]
    refs = [_reference_table(kind, ref) for kind, _, ref in references()]
    performed = _reference_table(
        schema.Operation, schema.Ref("Person", "PERFORMED_BY"), derived=True
    )
    return (*own, *refs, performed)


def edge_kinds() -> tuple[Any, ...]:
    """The kinds that are edges with facts of their own; each has `EDGE`."""
    return schema.EDGES


def references() -> Iterator[tuple[type, str, schema.Ref]]:
    """Every reference field: (kind, field, reference)."""
    for kind in schema.NODES:
        for name, ref in schema.references(kind):
            yield kind, name, ref
