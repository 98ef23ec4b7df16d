"""The graph in a Neo4j database: questions, and projection from the ledger.

A Neo4j database is written in place, so a reader could meet half a projection. Every answer is
therefore taken together with the state of the graph: one that was being written, or that changed
since the reader opened it, is an error and never a short answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

import polars as pl

from graph_model import schema
from graph_model.engines import neo4j_cypher as cypher
from graph_model.engines.base import Change, Query, Row, State, difference
from graph_model.engines.neo4j import Neo4jDatabase
from graph_model.engines.neo4j_lock import LANES, LEASE_SECONDS, WAIT_SECONDS, ProjectionLock
from graph_model.engines.tables import Table, edges, nodes
from graph_model.errors import EngineError

BATCH = 10_000
"""Rows in one transaction: fewer waste round trips, more only cost memory."""

PAGE = 50_000
_INDEX_SECONDS = 3600


_Packed = Callable[[pl.DataFrame], list[Any]]


class Told(Protocol):
    """Called with (table, rows of it written, rows of it to write) while a graph is written."""

    def __call__(self, table: str, done: int, total: int, /) -> object: ...


class Neo4jGraph:
    """The graph in a database. `write=True` takes the projection lock, and waits for it."""

    def __init__(
        self,
        database: Neo4jDatabase,
        *,
        write: bool = False,
        progress: Told | None = None,
        waiting: Callable[[str, int], object] | None = None,
        lease: float = LEASE_SECONDS,
        wait: float = WAIT_SECONDS,
    ) -> None:
        self._database = database
        self._progress = progress
        self._lock: ProjectionLock | None = None
        if write:
            self._refuse_foreign()
            self._define(cypher.own_constraints())
            self._lock = ProjectionLock(database, lease=lease, wait=wait, waiting=waiting)
        try:
            self._opened = self._read_state()
            self._refuse_newer()
            if write:
                self._migrate()
                # With constraints in place. One that lacks rows is compared and mended like any.
                self._changed(cypher.SET_IMPORTED, {})
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up the lock. The database stays open: others may use it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # ------------------------------------------------------------------ questions

    def read(self, query: Query[Row], **params: Any) -> list[Row]:
        """Rows of the answer, complete."""
        return query.rows(self.read_columns(query, **params))

    def read_columns(self, query: Query[Any], **params: Any) -> pl.DataFrame:
        """The answer as columns, complete, from one state of the graph."""
        text = cypher.in_lists(query.text_for("neo4j"), tuple(query.columns))

        def ask(tx: Any) -> tuple[list[list[Any]], _Stamped | None]:
            return _columns(tx, text, params, len(query.columns)), _stamp(tx)

        columns, now = self._database.read(ask, question=query.path)
        self._check(now)
        names = zip(query.columns.items(), columns, strict=True)
        return pl.DataFrame({name: pl.Series(values, dtype=kind) for (name, kind), values in names})

    # ------------------------------------------------------------------ projection

    def state(self) -> State | None:
        """What it holds; None for an empty graph."""
        now = self._read_state()
        return None if now is None else now.state

    def replace(self, frames: Mapping[str, pl.DataFrame], state: State) -> None:
        """Hold exactly these frames. One that was interrupted goes on where it stopped.

        Rows that a program of the same form has written are left as they are; see `forget`.
        """
        held = self.state()
        trusted = held is not None and held.form == state.form
        if not trusted:
            self.forget()
            self._wipe()
        # From here on every row is of this form, so its hash tells whether it must be written.
        self._set_state(replace(state, whole=False))
        self._write(self._missing(frames, trusted=trusted))
        self._set_state(state)

    def forget(self) -> None:
        """Trust nothing that is there: the next `replace` writes every row anew."""
        self._set_state(State(0, "", "", whole=False))

    def replaces(self, touched: int, rows: int) -> bool:
        """Never: `replace` would compare once more, and keep readers out meanwhile."""
        return False

    def apply(self, changes: list[Change], state: State) -> None:
        """Apply changes; an interrupted one is made good by `replace`."""
        self._set_state(replace(state, whole=False))
        self._write(sorted(changes, key=lambda change: change.table.ends is not None))
        self._set_state(state)

    def hashes(self, table: Table) -> pl.DataFrame:
        """`key` and `row_hash` of all rows; `from` and `to` besides for edges."""
        return self._pages(table, {"key": pl.String(), "row_hash": pl.Int64()})

    def rows(self, table: Table) -> pl.DataFrame:
        """All rows with the table's columns; `from` and `to` besides for edges."""
        return self._pages(table, table.columns)

    # ------------------------------------------------------------------ inside

    def _check(self, now: _Stamped | None) -> None:
        if now is None:
            raise EngineError("graph_empty")
        if not now.state.whole:
            raise EngineError("graph_being_written")
        # The holder of the lock is the only writer, so what it reads cannot change under it.
        if self._lock is None and now != self._opened:
            raise EngineError("graph_changed")

    def _read_state(self) -> _Stamped | None:
        # The importer asks the leader: a follower may not have heard of the last projection yet.
        return self._database.read(_stamp) if self._lock is None else self._database.write(_stamp)

    def _refuse_foreign(self) -> None:
        """A database that holds something else is never written to, let alone wiped."""
        if self._database.read(_stamp) is None:
            found = self._database.read(lambda tx: tx.run(cypher.FOREIGN).single())
            if found is not None:
                raise EngineError("graph_foreign", labels=":".join(found["labels"]))

    def _refuse_newer(self) -> None:
        """A graph of a newer program may hold what this one does not know of."""
        held = self._opened.state.form.split("/") if self._opened else []
        if len(held) > 1 and held[1].isdigit() and int(held[1]) > schema.VERSION:
            raise EngineError("graph_newer", held=held[1], known=schema.VERSION)

    def _define(self, statements: Mapping[str, str]) -> None:
        for statement in statements.values():
            self._database.write(partial(_run, text=cypher.LANGUAGE + statement))

    def _migrate(self) -> None:
        """Constraints and indexes as the schema wants them; what was changed is recorded."""
        there = self._database.write(_schema_names)
        missing = {name: text for name, text in cypher.ddl().items() if name not in there}
        dropped = {
            name: f"DROP {kind} {name} IF EXISTS"
            for name, kind in there.items()
            if name not in cypher.ddl()
        }
        if not missing and not dropped:
            return
        self._define(dropped)
        self._define(missing)
        self._database.write(
            lambda tx: tx.run("CALL db.awaitIndexes($seconds)", seconds=_INDEX_SECONDS).consume()
        )
        recorded = {"schema": schema.VERSION, "made": [*missing], "dropped": [*dropped]}
        self._database.write(lambda tx: tx.run(cypher.SET_MIGRATION, recorded).consume())

    def _wipe(self) -> None:
        # Edges first: a hub with a million of them would not fit into one transaction.
        for text in (cypher.WIPE_EDGES, cypher.WIPE_NODES):
            while self._changed(text, {"rows": BATCH}):
                continue

    def _missing(self, frames: Mapping[str, pl.DataFrame], *, trusted: bool) -> Iterator[Change]:
        """What is to be written, one table at a time: all frames together may not fit."""
        for table in (*nodes(), *edges()):
            wanted = frames[table.id]
            yield difference(table, wanted, self.hashes(table) if trusted else wanted.clear())

    def _write(self, changes: Iterable[Change]) -> None:
        """Nodes come before edges, of which old ones leave first; nodes leave last."""
        left: list[Change] = []
        for change in changes:
            new = pl.concat([change.new, change.changed])
            if change.table.ends is None:
                left.append(change)
                self._send(change.table, cypher.put(change.table), new, _node_rows)
            else:
                self._send(change.table, cypher.drop(change.table), change.gone, _keys)
                self._send(change.table, cypher.put(change.table), _by_hub(new), _edge_rows)
        for change in left:
            self._send(change.table, cypher.drop(change.table), change.gone, _keys)

    def _send(self, table: Table, text: str, rows: pl.DataFrame, packed: _Packed) -> None:
        """Writes rows in batches, side by side in as many lanes as there are."""
        share = max(BATCH, -(-len(rows) // LANES))
        lanes = [rows[start : start + share] for start in range(0, len(rows), share)]
        done = 0
        with ThreadPoolExecutor(LANES) as pool:
            for start in range(0, share if lanes else 0, BATCH):
                parts = [part[start : start + BATCH] for part in lanes]
                sent = [
                    pool.submit(self._changed, text, {"rows": packed(part)}, lane)
                    for lane, part in enumerate(parts)
                    if len(part)
                ]
                for each in sent:
                    each.result()
                done += sum(map(len, parts))
                if self._progress:
                    self._progress(table.id, done, len(rows))

    def _changed(self, text: str, params: dict[str, Any], lane: int = 0) -> bool:
        """Runs a statement while the lock is ours; whether it changed anything."""
        lock = self._lock
        if lock is None:
            raise EngineError("graph_read_only")

        def work(tx: Any) -> bool:
            lock.fence(tx, lane)
            return bool(tx.run(cypher.LANGUAGE + text, params).consume().counters.contains_updates)

        return self._database.write(work)

    def _set_state(self, state: State) -> None:
        told = {"batch": state.batch, "head": state.head, "form": state.form, "whole": state.whole}
        self._changed(cypher.SET_STATE, told)

    def _pages(self, table: Table, typed: Mapping[str, pl.DataType]) -> pl.DataFrame:
        names = list(typed)
        all_typed = ({"from": pl.String(), "to": pl.String()} if table.ends else {}) | dict(typed)
        pages: list[pl.DataFrame] = []
        after = ""
        while not pages or len(pages[-1]) == PAGE:
            text = cypher.page(table, names, first=not pages)
            params = {"after": after, "rows": PAGE}
            ask = partial(_columns, text=text, params=params, width=len(all_typed))
            columns = self._database.read(ask, question=table.id)
            pages.append(pl.DataFrame(columns, schema=all_typed, orient="col"))
            after = pages[-1]["key"][-1] if len(pages[-1]) else after
        return pl.concat(pages)


@dataclass(frozen=True)
class _Stamped:
    """A state, and how often the graph had been written to then."""

    state: State
    run: int


def _stamp(tx: Any) -> _Stamped | None:
    found = tx.run(cypher.LANGUAGE + cypher.STATE).single()
    if found is None:
        return None
    *state, run = found.values()
    return _Stamped(State(*state), run)


def _columns(tx: Any, text: str, params: dict[str, Any], width: int) -> list[list[Any]]:
    columns: list[list[Any]] = [[] for _ in range(width)]
    for record in tx.run(text, params):
        for column, part in zip(columns, record.values(), strict=True):
            column += part
    return columns


def _run(tx: Any, text: str) -> None:
    tx.run(text).consume()


def _schema_names(tx: Any) -> dict[str, str]:
    """Names of our constraints and indexes that are there, with their kind."""
    found: dict[str, str] = {}
    for kind, many in (("CONSTRAINT", "CONSTRAINTS"), ("INDEX", "INDEXES")):
        for record in tx.run(f"SHOW {many} YIELD name"):
            if record["name"].startswith(cypher.PREFIX):
                # A constraint brings an index of the same name.
                found.setdefault(record["name"], kind)
    return found


def _by_hub(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows that share an end side by side: two lanes then seldom need the same node."""
    ends = ("from", "to")
    return frame.sort(min(ends, key=lambda end: frame[end].n_unique()), *ends)


def _keys(frame: pl.DataFrame) -> list[Any]:
    return frame["key"].to_list()


def _node_rows(frame: pl.DataFrame) -> list[Any]:
    return [{k: v for k, v in row.items() if v is not None} for row in frame.to_dicts()]


def _edge_rows(frame: pl.DataFrame) -> list[Any]:
    rows = _node_rows(frame.drop("from", "to"))
    ends = zip(frame["from"], frame["to"], rows, strict=True)
    return [{"from": start, "to": end, "row": row} for start, end, row in ends]
