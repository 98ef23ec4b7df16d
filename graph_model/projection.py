"""Ledger to graph: in full when the graph is empty or half written, else only what changed.

The graph hash is taken over recorded rows sorted by key, so it is equal for equal content
whatever the order of loading; derived rows and where a fact was read are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import polars as pl

from graph_model import keys, schema
from graph_model.engines.base import Graph, State, difference
from graph_model.engines.tables import Table, edges, nodes

Progress = Callable[[str, int, int], None]
"""Called with (table, tables done, tables in all)."""

FORM = f"5/{schema.VERSION}/{pl.__version__}"
"""Row hashes compare only within one form; another form in the graph means: project in full."""

_NETWORK: dict[type, str] = {
    schema.Lot: "lots",
    schema.Operation: "operations",
    schema.Consumed: "consumed",
    schema.Produced: "produced",
    schema.Returned: "returned",
    schema.Shipped: "shipped",
}


class Facts(Protocol):
    """What `Ledger.fold` gives."""

    @property
    def batch(self) -> int: ...
    @property
    def head(self) -> str: ...
    def __getitem__(self, kind: type) -> pl.DataFrame: ...


class Network(Protocol):
    """Recorded and derived lots, operations and movements."""

    @property
    def lots(self) -> pl.DataFrame: ...
    @property
    def operations(self) -> pl.DataFrame: ...
    @property
    def consumed(self) -> pl.DataFrame: ...
    @property
    def produced(self) -> pl.DataFrame: ...
    @property
    def returned(self) -> pl.DataFrame: ...
    @property
    def shipped(self) -> pl.DataFrame: ...


def project(
    network: Network, facts: Facts, graph: Graph, progress: Progress | None = None
) -> State:
    """Make the graph hold what the ledger says. A projection that died midway is done again."""
    state = State(facts.batch, facts.head, FORM, whole=True)
    held = graph.state()
    if held == state:
        return state
    frames = Frames(network, facts)
    if held is None or not held.whole or held.form != FORM:
        graph.replace(frames, state)
        return state
    changes, rows = [], 0
    tables = (*nodes(), *edges())
    for done, table in enumerate(tables):
        if progress:
            progress(table.id, done, len(tables))
        wanted = frames[table.id]
        rows += len(wanted)
        changes.append(difference(table, wanted, graph.hashes(table)))
    touched = sum(len(c.new) + len(c.changed) + len(c.gone) for c in changes)
    if graph.replaces(touched, rows):
        changes.clear()
        graph.replace(frames, state)
    else:
        graph.apply(changes, state)
    return state


def rebuild(network: Network, facts: Facts, graph: Graph) -> State:
    """Write the whole graph anew."""
    state = State(facts.batch, facts.head, FORM, whole=True)
    graph.replace(Frames(network, facts), state)
    return state


class Frames(Mapping[str, pl.DataFrame]):
    """The rows of every table of the graph by table id, with `row_hash`.

    A frame is made when it is asked for and not kept: all of them together would not fit beside
    a large network.
    """

    def __init__(self, network: Network, facts: Facts) -> None:
        self._network = network
        self._facts = facts
        self._tables = {table.id: table for table in (*nodes(), *edges())}

    def __getitem__(self, table_id: str) -> pl.DataFrame:
        table = self._tables[table_id]
        return table.hashed(self._edges(table) if table.ends else self._nodes(table))

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def _kind(self, kind: type) -> pl.DataFrame:
        attribute = _NETWORK.get(kind)
        return getattr(self._network, attribute) if attribute else self._facts[kind]

    def _nodes(self, table: Table) -> pl.DataFrame:
        """A node that is only named by an edge exists too: dropping the edge would hide a flow."""
        stated = schema.conform(table.kind, self._kind(table.kind))
        named = [
            self._ends(edge).select(key=side).unique()
            for edge in edges()
            for side, label in zip(("from", "to"), edge.ends or (), strict=True)
            if label == table.name
        ]
        missing = (
            pl.concat(named).unique().join(stated.select("key"), on="key", how="anti")["key"].sort()
        )
        rows = [{"key": key} | _identity(table.kind, key) for key in missing]
        return pl.concat([stated, pl.DataFrame(rows, schema=stated.schema)])

    def _ends(self, table: Table, *more: pl.Expr) -> pl.DataFrame:
        """`from` and `to` of every edge, and more columns of the rows that state it."""
        start, end = table.sides or ("", "")
        if table.derived:
            kinds = (schema.Consumed, schema.Produced, schema.Returned)
            frame = pl.concat([self._kind(k).select(start, end) for k in kinds]).unique()
        else:
            frame = self._kind(table.kind)
        both = pl.col(start).is_not_null() & pl.col(end).is_not_null()
        ends = {"from": pl.col(start), "to": pl.col(end)}
        return frame.lazy().filter(both).select(*more, **ends).collect()

    def _edges(self, table: Table) -> pl.DataFrame:
        given = set() if table.derived else set(self._kind(table.kind).columns)
        rows = self._ends(table, *(_cell(name, dtype, given) for name, dtype in _stated(table)))
        return table.with_key(rows) if table.key_parts else rows


def facts_hash(network: Network, facts: Facts) -> str:
    """SHA-256 of the recorded rows as the ledger gives them."""
    frames = Frames(network, facts)
    return _hash_tables(lambda table: frames[table.id])


def graph_hash(graph: Graph) -> str:
    """SHA-256 of the recorded rows that the graph holds; equal to `facts_hash`."""
    return _hash_tables(graph.rows)


def _hash_tables(rows: Callable[[Table], pl.DataFrame]) -> str:
    digest = hashlib.sha256()
    for table in (*nodes(), *edges()):
        if not table.derived:
            _update(digest, table, rows(table))
    return digest.hexdigest()


def _update(digest: Any, table: Table, frame: pl.DataFrame) -> None:
    names = [*(("from", "to") if table.ends else ()), *table.columns]
    if "rule" in table.columns:
        frame = frame.filter(pl.col("rule").is_null())
    digest.update(f"{table.id}:{len(frame)}\n".encode())
    for column in frame.select(names).sort("key").get_columns():
        nulls = column.is_null()
        digest.update(nulls.cast(pl.UInt8).to_numpy().tobytes())
        if column.dtype == pl.String:
            filled = column.fill_null("")
            digest.update(filled.str.len_bytes().to_numpy().tobytes())
            digest.update((filled.str.join("").item() if len(filled) else "").encode())
        else:
            digest.update(
                column.cast(pl.Float64).fill_null(0).to_numpy().tobytes()
                if column.dtype == pl.Float64
                else column.cast(pl.Int64).fill_null(0).to_numpy().tobytes()
            )


def _stated(table: Table) -> Iterable[tuple[str, pl.DataType]]:
    """The columns that a row states: all but a key that follows from the ends."""
    return ((n, t) for n, t in table.columns.items() if n != "key" or not table.key_parts)


def _cell(name: str, dtype: pl.DataType, given: set[str]) -> pl.Expr:
    return (pl.col(name) if name in given else pl.lit(None)).cast(dtype).alias(name)


def _identity(kind: type, key: str) -> dict[str, str]:
    names: Iterable[str] = kind.KEY  # type: ignore[attr-defined]
    parts = keys.lot_parts(key) if kind is schema.Lot and key.count("/") == 2 else keys.parts(key)
    return dict(zip(names, parts, strict=False))
