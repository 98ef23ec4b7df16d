"""The embedded engine: a graph in one file, behind a lock of our own.

A full load is built beside the live file and renamed, so that a kill leaves the old graph or none.
A file that cannot be opened is put away and rebuilt from the ledger: it never holds the only copy.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import ladybug
import polars as pl
from filelock import FileLock, Timeout

from graph_model.engines.base import Change, Query, Row, State
from graph_model.engines.ladybug_search import is_search, search
from graph_model.engines.tables import Table, edges, nodes
from graph_model.errors import EngineError, Locked

_TYPES: dict[pl.DataType, str] = {
    pl.String(): "STRING",
    pl.Int64(): "INT64",
    pl.Float64(): "DOUBLE",
    pl.Boolean(): "BOOL",
}
_BRANCH = re.compile(r"(\bUNION(?: ALL)?\n)")
_UNWIND = re.compile(r"UNWIND \$(\w+) AS k\n")
_BUFFER = 1 << 30
# A COPY of edges holds all its rows in the buffer, some 900 bytes each, and fails where they do
# not fit. Several COPY cost more time in all than one, so only large tables are cut.
_LOAD_BUFFER = 3 << 30
_LOAD_ROWS = 2_500_000
_TRACED = ("Lot", "Operation")
_STATE_DDL = (
    "CREATE NODE TABLE Projection(key STRING, batch INT64, head STRING, form STRING, whole BOOL, "
    "PRIMARY KEY(key))"
)


class LadybugGraph:
    """A graph in `folder`. `write=True` takes the writer's lock; a second writer gets Locked.

    `damaged` is true when a file could not be opened and was put away: project again and tell
    the user (text `graph.rebuilt_after_damage`).
    """

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        self._folder = folder
        self._file = folder / "graph.lbug"
        self._write = write
        self.damaged = False
        self._database: Any = None
        self._connection: Any = None
        self._searching = False
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / "graph.lock")
        if write:
            self._take_lock()
        try:
            self._open()
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

    def another(self) -> LadybugGraph:
        """A further connection to the same open file, for another thread; it only reads."""
        made = copy.copy(self)
        made._connection = ladybug.Connection(self._database)
        made._searching = made._write = False
        made._lock = FileLock(self._folder / "graph.lock")
        return made

    # ------------------------------------------------------------------ questions

    def read(self, query: Query[Row], **params: Any) -> list[Row]:
        """Rows of the answer, complete."""
        return query.rows(self.read_columns(query, **params))

    def read_columns(self, query: Query[Any], **params: Any) -> pl.DataFrame:
        """The answer as columns, complete whatever the depth."""
        text = query.text_for("ladybug")
        if is_search(text):
            self._prepare_search()
            return query.conform(search(self._run_within, text, params))
        text, params = _look_up_single_keys(text, params)
        return query.conform(self._frame(text, params))

    # ------------------------------------------------------------------ projection

    def state(self) -> State | None:
        """What it holds; None for an empty graph."""
        if self._connection is None:
            return None
        rows = self._frame("MATCH (p:Projection) RETURN p.batch, p.head, p.form, p.whole", {})
        return State(*rows.row(0)) if len(rows) else None

    def replace(self, frames: Mapping[str, pl.DataFrame], state: State) -> None:
        """Build a fresh graph beside the live one, then rename it."""
        self._need_lock()
        self._shut()
        fresh = self._folder / "fresh.lbug"
        _remove(fresh)
        self._connect(fresh, read_only=False, buffer=_LOAD_BUFFER)
        for statement in ddl():
            self._run(statement)
        for table in (*nodes(), *edges()):
            self._copy(table, frames[table.id])
        self._set_state(state)
        self._shut()
        _remove(self._file)
        fresh.rename(self._file)
        self._open()

    def replaces(self, touched: int, rows: int) -> bool:
        """Row by row changes cost some hundred times a bulk load."""
        return touched > 20_000 and touched * 20 > rows

    def apply(self, changes: list[Change], state: State) -> None:
        """Edges leave before their nodes, nodes come before their edges."""
        self._need_lock()
        self._set_state(State(state.batch, state.head, state.form, whole=False))
        edge_changes = [change for change in changes if change.table.ends]
        node_changes = [change for change in changes if not change.table.ends]
        # One transaction: a checkpoint after each small COPY would cost more than the rows.
        self._run("BEGIN TRANSACTION")
        try:
            for change in edge_changes:
                self._delete_edges(change.table, pl.concat([change.gone, _ends(change.changed)]))
            for change in node_changes:
                self._set_nodes(change.table, change.changed)
                self._copy(change.table, change.new)
            for change in edge_changes:
                self._copy(change.table, pl.concat([change.new, change.changed]))
            for change in node_changes:
                self._delete_nodes(change.table, change.gone)
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")
        self._run("CHECKPOINT")
        self._set_state(state)

    def hashes(self, table: Table) -> pl.DataFrame:
        """`key` and `row_hash` of all rows; `from` and `to` besides for edges."""
        if table.key_parts:
            return table.hashed(self.rows(table))
        return self._columns(table, ["key", "row_hash"])

    def rows(self, table: Table) -> pl.DataFrame:
        """All rows with the table's columns; `from` and `to` besides for edges."""
        frame = self._columns(table, [name for name in _stored(table) if name != "row_hash"])
        if table.key_parts:
            frame = table.with_key(frame)
        return frame.with_columns(pl.col(name).cast(t) for name, t in table.columns.items())

    def close(self) -> None:
        """Close the file and give up the lock."""
        self._shut()
        if self._lock.is_locked:
            (self._folder / "graph.holder").unlink(missing_ok=True)
            self._lock.release()

    # ------------------------------------------------------------------ inside

    def _run_within(self, text: str, params: dict[str, Any], bound: int) -> pl.DataFrame:
        self._run(f"CALL var_length_extend_max_depth={bound}")
        return self._frame(text, params)

    def _prepare_search(self) -> None:
        """Let a search keep the list of nodes it found until that is longer than a scan of all.

        By default the engine scans every node of the graph at every step once it found 1,000.
        """
        if self._searching:
            return
        found = (self._frame(f"MATCH (x:{name}) RETURN count(*)", {}).item() for name in _TRACED)
        self._run(f"CALL sparse_frontier_threshold={max(1_000, sum(found) // 16)}")
        self._searching = True

    def _columns(self, table: Table, names: list[str]) -> pl.DataFrame:
        wanted = ", ".join(f"x.`{name}` AS `{name}`" for name in names)
        if table.ends is None:
            return self._frame(f"MATCH (x:{table.name}) RETURN {wanted}", {})
        start, end = table.ends
        return self._frame(
            f"MATCH (a:{start})-[x:{table.name}]->(b:{end}) "
            f"RETURN a.key AS `from`, b.key AS `to`, {wanted}",
            {},
        )

    def _copy(self, table: Table, frame: pl.DataFrame) -> None:
        if frame.is_empty():
            return
        pair = ""
        if table.ends and sum(other.name == table.name for other in edges()) > 1:
            pair = f" (from='{table.ends[0]}', to='{table.ends[1]}')"
        for part in frame.iter_slices(_LOAD_ROWS):
            self._run(f"COPY {table.name} FROM $frame{pair}", {"frame": _arrow(table, part)})

    def _delete_edges(self, table: Table, frame: pl.DataFrame) -> None:
        if frame.is_empty() or table.ends is None:
            return
        start, end = table.ends
        rows = frame.select(f="from", t="to", k="key").to_dicts()
        key = "" if table.key_parts else " {key: r.k}"
        self._run(
            f"UNWIND $rows AS r MATCH (a:{start} {{key: r.f}})-[e:{table.name}{key}]->"
            f"(b:{end} {{key: r.t}}) DELETE e",
            {"rows": rows},
        )

    def _set_nodes(self, table: Table, frame: pl.DataFrame) -> None:
        names = [name for name in (*table.columns, "row_hash") if name != "key"]
        # One prepared statement a row: a list of maps cannot carry a column that is all null.
        # Parameters are numbered: a name such as `order` is a word of the language.
        text = f"MATCH (x:{table.name} {{key: $p0}}) SET " + ", ".join(
            f"x.`{name}` = $p{n}" for n, name in enumerate(names, 1)
        )
        for row in frame.select("key", *names).iter_rows():
            self._run(text, {f"p{n}": value for n, value in enumerate(row)})

    def _delete_nodes(self, table: Table, frame: pl.DataFrame) -> None:
        if len(frame):
            self._run(
                f"UNWIND $keys AS k MATCH (x:{table.name} {{key: k}}) DETACH DELETE x",
                {"keys": frame["key"].to_list()},
            )

    def _set_state(self, state: State) -> None:
        self._run(
            "MERGE (p:Projection {key: 'state'}) "
            "SET p.batch = $batch, p.head = $head, p.form = $form, p.whole = $whole",
            {"batch": state.batch, "head": state.head, "form": state.form, "whole": state.whole},
        )

    def _frame(self, text: str, params: dict[str, Any]) -> pl.DataFrame:
        result = self._run(text, params)
        try:
            frame = pl.from_arrow(result.get_as_arrow())
        finally:
            result.close()
        assert isinstance(frame, pl.DataFrame)
        return frame

    def _run(self, text: str, params: dict[str, Any] | None = None) -> Any:
        if self._connection is None:
            raise EngineError("graph_empty")
        try:
            return self._connection.execute(text, params or None)
        except RuntimeError as error:
            raise EngineError("graph_no_answer", detail=str(error)) from error

    def _need_lock(self) -> None:
        if not self._lock.is_locked:
            raise EngineError("graph_read_only")

    def _take_lock(self) -> None:
        holder = self._folder / "graph.holder"
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            held = json.loads(holder.read_text()) if holder.exists() else {"pid": 0, "host": "?"}
            raise Locked("graph_locked", **held) from None
        holder.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))

    def _open(self) -> None:
        if not self._file.exists():
            return
        try:
            self._connect(self._file, read_only=not self._write)
        except RuntimeError as error:
            self._shut()
            if "lock" in str(error).lower():
                raise Locked("graph_busy") from error
            if self._write:
                self._put_away()
            else:
                self._open_at_rest()

    def _open_at_rest(self) -> None:
        """While somebody changes a file it looks damaged: it is so if it cannot be read at rest."""
        try:
            with self._lock.acquire(timeout=0):
                self._connect(self._file, read_only=True)
        except Timeout as error:
            raise Locked("graph_busy") from error
        except RuntimeError as error:
            self._shut()
            raise EngineError("graph_damaged") from error

    def _connect(self, path: Path, *, read_only: bool, buffer: int = _BUFFER) -> None:
        self._database = ladybug.Database(path, buffer_pool_size=buffer, read_only=read_only)
        self._connection = ladybug.Connection(self._database)
        self._searching = False

    def _put_away(self) -> None:
        """Keep the damaged file for a look at it, out of the way of the new one."""
        for path in self._folder.glob("graph.lbug*"):
            path.replace(self._folder / f"damaged-{path.name}")
        self.damaged = True

    def _shut(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._database is not None:
            self._database.close()
        self._connection = self._database = None


def copy_files(folder: Path, to: Path) -> None:
    """Copies the graph of `folder` as it is between two changes. Raises Locked during one."""
    try:
        with FileLock(folder / "graph.lock", timeout=0):
            for file in folder.glob("graph.lbug*"):
                shutil.copyfile(file, to / file.name)
    except Timeout as error:
        raise Locked("graph_busy") from error


def ddl() -> list[str]:
    """Statements that create the tables of the schema."""
    statements = [_STATE_DDL]
    statements += [f"CREATE NODE TABLE {t.name}({_typed(t)}, PRIMARY KEY(key))" for t in nodes()]
    by_name: dict[str, list[Table]] = {}
    for table in edges():
        by_name.setdefault(table.name, []).append(table)
    for name, group in by_name.items():
        pairs = ", ".join(f"FROM {t.ends[0]} TO {t.ends[1]}" for t in group if t.ends)
        statements.append(f"CREATE REL TABLE {name}({pairs}, {_typed(group[0])})")
    return statements


def _look_up_single_keys(text: str, params: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The same question with `UNWIND [x] AS k` as x itself.

    The engine finds one key in its index, but scans the whole table for a list, however short.
    """
    single = {name: v[0] for name, v in params.items() if isinstance(v, list) and len(v) == 1}
    branches = _BRANCH.split(re.sub(r"//.*", "", text)) if single else [text]
    for number, branch in enumerate(branches):
        match = _UNWIND.search(branch)
        if match and match[1] in single:
            rest = branch.replace(match[0], "")
            branches[number] = re.sub(r"\bk\b", f"$one_{match[1]}", rest)
    text = "".join(branches)
    wanted = params | {f"one_{name}": value for name, value in single.items()}
    used = set(re.findall(r"\$(\w+)", text))
    return text, {name: value for name, value in wanted.items() if name in used}


def _stored(table: Table) -> dict[str, pl.DataType]:
    """What the file holds of a table. A key that follows from the ends is not written: text that
    is different in every row is what loading costs most."""
    if table.key_parts:
        return {name: dtype for name, dtype in table.columns.items() if name != "key"}
    return table.columns | {"row_hash": pl.Int64()}


def _typed(table: Table) -> str:
    return ", ".join(f"`{name}` {_TYPES[dtype]}" for name, dtype in _stored(table).items())


def _ends(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select("from", "to", "key")


def _arrow(table: Table, frame: pl.DataFrame) -> Any:
    ends = ("from", "to") if table.ends else ()
    return frame.select(*ends, *_stored(table)).to_arrow()


def _remove(path: Path) -> None:
    for found in path.parent.glob(f"{path.name}*"):
        if found.is_dir():
            shutil.rmtree(found)
        else:
            found.unlink()
