"""Ledger to graph: in full when the graph is empty or half written, else only what changed.

The graph hash is taken over recorded rows sorted by key, so it is equal for equal content
whatever the order of loading; derived rows and where a fact was read are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import polars as pl

from graph_model import keys, schema
from graph_model.engines.base import Graph, State, difference
from graph_model.engines.tables import Table, edge_kinds, edges, nodes, references

Progress = Callable[[str, int, int], None]
"""Called with (table, tables done, tables in all)."""

FORM = f"1/{schema.VERSION}/{pl.__version__}"
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
    frames = graph_frames(network, facts)
    if held is None or not held.whole or held.form != FORM:
        graph.replace(frames, state)
        return state
    changes = []
    tables = (*nodes(), *edges())
    for done, table in enumerate(tables):
        if progress:
            progress(table.id, done, len(tables))
        changes.append(difference(table, frames[table.id], graph.hashes(table)))
    touched = sum(len(c.new) + len(c.changed) + len(c.gone) for c in changes)
    # Row by row changes cost some hundred times a bulk load.
    if touched > 20_000 and touched * 20 > sum(map(len, frames.values())):
        graph.replace(frames, state)
    else:
        graph.apply(changes, state)
    return state


def rebuild(network: Network, facts: Facts, graph: Graph) -> State:
    """Write the whole graph anew."""
    state = State(facts.batch, facts.head, FORM, whole=True)
    graph.replace(graph_frames(network, facts), state)
    return state


def graph_frames(network: Network, facts: Facts) -> dict[str, pl.DataFrame]:
    """The rows of every table of the graph by table id, with `row_hash`."""
    kinds = {kind: _kind_frame(kind, network, facts) for kind in (*schema.NODES, *schema.EDGES)}
    plain: dict[str, pl.DataFrame] = {k.__name__: kinds[k] for k in schema.NODES}
    own = zip(edges(), edge_kinds(), strict=False)
    plain |= {table.id: _own_edges(kind, kinds[kind]) for table, kind in own}
    for kind, name, ref in references():
        frame = _reference_edges(kind, name, ref, kinds[kind])
        table_id = _reference_id(kind, ref)
        # Two fields of one kind may make the same edge.
        plain[table_id] = pl.concat([plain[table_id], frame]) if table_id in plain else frame
    plain["PERFORMED_BY:Operation:Person"] = _performed(kinds)
    _add_named_nodes(plain)
    return {table.id: _hashed(table, plain[table.id]) for table in (*nodes(), *edges())}


def facts_hash(network: Network, facts: Facts) -> str:
    """SHA-256 of the recorded rows as the ledger gives them."""
    frames = graph_frames(network, facts)
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


def _kind_frame(kind: type, network: Network, facts: Facts) -> pl.DataFrame:
    attribute = _NETWORK.get(kind)
    frame = getattr(network, attribute) if attribute else facts[kind]
    return schema.conform(kind, frame)


def _own_edges(kind: type, frame: pl.DataFrame) -> pl.DataFrame:
    _, _, start, _, end = kind.EDGE  # type: ignore[attr-defined]
    return frame.with_columns(**{"from": pl.col(start), "to": pl.col(end)}).drop_nulls(
        ["from", "to"]
    )


def _reference_id(kind: type, ref: schema.Ref) -> str:
    ends = (ref.target, kind.__name__) if ref.reverse else (kind.__name__, ref.target)
    return ":".join((ref.edge, *ends))


def _reference_edges(kind: type, name: str, ref: schema.Ref, frame: pl.DataFrame) -> pl.DataFrame:
    start, end = (name, "key") if ref.reverse else ("key", name)
    rule = pl.col("rule") if "rule" in frame.columns else pl.lit(None, pl.String)
    return frame.filter(pl.col(name).is_not_null()).select(
        pl.col(start).alias("from"),
        pl.col(end).alias("to"),
        pl.concat_str("key", pl.lit(f" {name}")).alias("key"),
        rule.alias("rule"),
    )


def _performed(kinds: dict[type, pl.DataFrame]) -> pl.DataFrame:
    moves = [kinds[k] for k in (schema.Consumed, schema.Produced, schema.Returned)]
    pairs = pl.concat([m.select("operation", "person") for m in moves]).drop_nulls().unique()
    return pairs.select(
        pl.col("operation").alias("from"),
        pl.col("person").alias("to"),
        pl.concat_str("operation", "person", separator=" ").alias("key"),
        pl.lit(None, pl.String).alias("rule"),
    )


def _add_named_nodes(plain: dict[str, pl.DataFrame]) -> None:
    """A node that is only named by an edge exists too: dropping the edge would hide a flow."""
    kinds = {kind.__name__: kind for kind in schema.NODES}
    for label, kind in kinds.items():
        named = [
            plain[table.id].select(pl.col(side).alias("key"))
            for table in edges()
            for side, end in zip(("from", "to"), table.ends or (), strict=False)
            if end == label
        ]
        missing = pl.concat(named).unique().join(plain[label].select("key"), on="key", how="anti")
        if len(missing):
            rows = [{"key": key} | _identity(kind, key) for key in missing["key"].sort()]
            plain[label] = pl.concat(
                [plain[label], pl.DataFrame(rows, schema=schema.frame_schema(kind))]
            )


def _identity(kind: type, key: str) -> dict[str, str]:
    names: Iterable[str] = kind.KEY  # type: ignore[attr-defined]
    parts = keys.lot_parts(key) if kind is schema.Lot and key.count("/") == 2 else keys.parts(key)
    return dict(zip(names, parts, strict=False))


def _hashed(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    names = [name for name in table.frame_columns if name != "row_hash"]
    frame = frame.select(names)
    return frame.with_columns(row_hash=frame.hash_rows(seed=1).reinterpret(signed=True))
