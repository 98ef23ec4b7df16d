"""Yonyou U8 (用友U8): the tables of an account set, read only, or exports of them.

Credential `database_url` (SQLAlchemy); or option `folder`, with one file a table, named after it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from graph_model.errors import BadInput, SourceError
from graph_model.settings import Settings
from loaders.intake import input_files
from loaders.reading import ROW, read_grids
from loaders.sources.base import Cursor, Offered, Page
from loaders.sources.config import Configured
from loaders.sources.door import Pace, allowed
from loaders.sources.forms import Form

DEFAULT_PACE = Pace()
DOCUMENTS = 500
"""Documents of a page."""
_OVERLAP = timedelta(minutes=10)
_FIRST_LINE = "1"


class U8Tables:
    """One account set of one year."""

    def __init__(
        self, configured: Configured, settings: Settings, pace: Pace = DEFAULT_PACE
    ) -> None:
        self._configured = configured
        self._zone = ZoneInfo(settings.timezone)
        folder = configured.options.get("folder")
        self._is_export = bool(folder)
        self._engine = (
            _exports(settings.data / str(folder))
            if folder
            else _database(configured, configured.secret(settings, "database_url"))
        )

    def close(self) -> None:
        """Ends all connections."""
        self._engine.dispose()

    def forms(self) -> list[Form]:
        """The documents of the profile, with the plant's own tables in their place."""
        return self._configured.forms()

    def offers(self) -> list[Offered]:
        """The tables that are read, with the columns that are there."""
        inspector = sa.inspect(self._engine)
        there = {name.lower(): name for name in inspector.get_table_names()}
        found = []
        for form in self.forms():
            table = there.get(form.query["head"].lower())
            names = [column["name"] for column in inspector.get_columns(table)] if table else []
            found.append(Offered(form.name, form.title, tuple(names), form.sheet))
        return found

    def pages(self, form: Form, cursor: Cursor) -> Iterator[Page]:
        """Whole documents in the order of their internal numbers; stock once a day."""
        today = f"{datetime.now(self._zone):%Y-%m-%d}"
        if form.snapshot and cursor.get("day") == today:
            yield Page(form, [], cursor, unasked=True)
            return
        query = _Query(form)
        high = cursor.get("next") or cursor.get("high", "")
        since = cursor.get("since") or _shortly_before(cursor.get("high", ""))
        after = cursor.get("after")
        with self._connected() as connection:
            while numbers := self._numbers(connection, query, since, after):
                after = numbers[-1]
                rows = self._rows(connection, query, numbers)
                high = max(
                    high, *(_moment(row[name]) for row in rows for name in query.changes), ""
                )
                place = {"after": after, "since": since, "next": high}
                lines = [_made(form, row, today) for row in rows]
                yield Page(form, lines, {"high": cursor.get("high", ""), **place})
        yield Page(form, [], {"high": high, **({"day": today} if form.snapshot else {})})

    def _connected(self) -> sa.Connection:
        try:
            return self._engine.connect()
        except sa.exc.SQLAlchemyError as error:
            raise self._failed(error) from error

    def _numbers(
        self, connection: sa.Connection, query: _Query, since: str, after: Any
    ) -> list[Any]:
        """The next internal numbers of documents that changed."""
        wanted = sa.select(query.id).order_by(query.id).limit(DOCUMENTS)
        if after is not None:
            wanted = wanted.where(query.id > after)
        # Exports are whole, and write times in any form.
        begin = "" if self._is_export else since or self._configured.since
        if begin and query.changes:
            moment = datetime.fromisoformat(begin)
            begun = sa.literal(moment, sa.DateTime())
            times = (query.column(name) for name in query.changes)
            wanted = wanted.where(sa.or_(*(time >= begun for time in times)))
        return list(self._asked(connection, wanted).scalars())

    def _rows(
        self, connection: sa.Connection, query: _Query, numbers: list[Any]
    ) -> list[dict[str, Any]]:
        wanted = query.select.where(query.id.in_(numbers)).order_by(query.id)
        names = query.names
        return [dict(zip(names, row, strict=True)) for row in self._asked(connection, wanted).all()]

    def _asked(self, connection: sa.Connection, wanted: Any) -> sa.CursorResult[Any]:
        try:
            return connection.execute(wanted)
        except sa.exc.SQLAlchemyError as error:
            raise self._failed(error) from error

    def _failed(self, error: sa.exc.SQLAlchemyError) -> SourceError:
        # The text of the statement is left out, and so is what the address of the database says.
        why = str(getattr(error, "orig", "") or type(error).__name__)
        return SourceError("source_database", source=self._configured.name, why=why)


class _Query:
    """The tables and columns of a form as a statement."""

    def __init__(self, form: Form) -> None:
        query = form.query
        head = query["head"]
        self.changes = [f"{head}.{name}" for name in query["changes"]]
        asked = [*form.asked, *query.get("order", []), *query.get("seq", []), *self.changes]
        asked += [query["handler"]] if "handler" in query else []
        self.names = list(dict.fromkeys(name for name in asked if not name.startswith("_")))
        tables = [head, *(name for name, _, _ in query["joins"])]
        keys = [f"{head}.{query['id']}"]
        keys += [key for name, left, own in query["joins"] for key in (left, f"{name}.{own}")]
        columns: dict[str, dict[str, sa.ColumnClause[Any]]] = {name: {} for name in tables}
        for name in dict.fromkeys([*self.names, *keys]):
            table, _, column = name.partition(".")
            columns[table][column] = sa.column(column)
        self._tables = {name: sa.table(name, *own.values()) for name, own in columns.items()}
        joined: Any = self._tables[head]
        for nth, (name, left, own) in enumerate(query["joins"]):
            # The lines of a document are part of it; what they refer to may be missing.
            is_lines = nth == 0 and left == keys[0]
            on = self.column(left) == self.column(f"{name}.{own}")
            joined = joined.join(self._tables[name], on, isouter=not is_lines)
        self.id = self.column(keys[0])
        self.select = sa.select(*map(self.column, self.names)).select_from(joined)

    def column(self, name: str) -> Any:
        """A column by table.column."""
        table, _, column = name.partition(".")
        return self._tables[table].c[column]


def _made(form: Form, row: dict[str, Any], today: str) -> dict[str, Any]:
    """The line with the fields that the connector makes."""
    query = form.query
    row["_today"] = today
    if "handler" in query:
        row["_status"] = "posted" if row[query["handler"]] else "draft"
    if "order" in query:
        code = next((row[name] for name in query["order"] if row[name]), None)
        seq = next((str(row[name]) for name in query["seq"] if row[name]), _FIRST_LINE)
        row["_order"] = code if seq == _FIRST_LINE or not code else f"{code}/{seq}"
    return row


def _moment(value: Any) -> str:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value or "")


def _shortly_before(moment: str) -> str:
    return f"{datetime.fromisoformat(moment) - _OVERLAP}" if moment else ""


def _database(configured: Configured, url: str) -> sa.Engine:
    """An engine for the database, if its host may be asked. Raises BadInput."""
    try:
        address = sa.make_url(url)
        if address.host:
            allowed(configured.name, address.host, address.port or 0, configured.network)
        return sa.create_engine(address, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise BadInput("no_database_driver", module=error.name or "?") from error
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, socket.gaierror) as error:
        raise BadInput("source_database_url", source=configured.name) from error


def _exports(folder: Path) -> sa.Engine:
    """The files of a folder as tables in memory: a table is called as its file or its sheet."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.begin() as connection:
        for file in input_files(folder):
            for grid in read_grids(file, file.name):
                columns = [name for name in grid.frame.columns if name != ROW]
                head, *rows = grid.frame.select(columns).rows()
                names = [name for name in head if name]
                table = sa.Table(grid.sheet, sa.MetaData(), *(sa.Column(n, sa.Text) for n in names))
                table.create(connection)
                if rows:
                    values = [_named(head, row) for row in rows]
                    connection.execute(sa.insert(table), values)
    return engine


def _named(head: tuple[Any, ...], row: tuple[Any, ...]) -> Mapping[str, Any]:
    return {name: value for name, value in zip(head, row, strict=True) if name}
