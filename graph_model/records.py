"""The records database: manifest of the ledger, its inline payloads, and the names of people.

The ledger holds keyed pseudonyms; a name stands here only, so that a person can be made unreadable
without breaking a hash. Tables are portable SQLAlchemy Core (SQLite, PostgreSQL).
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa

from graph_model.errors import Ambiguous, BadInput, EngineError, LedgerError, Locked

META = sa.MetaData()
BATCH = sa.Table(
    "batch",
    META,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("schema_version", sa.Integer, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("voids", sa.Integer),
    sa.Column("files", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)
PAYLOAD = sa.Table(
    "payload",
    META,
    sa.Column("batch", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
PERSON = sa.Table(
    "person",
    META,
    sa.Column("pseudonym", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
)
SECRET = sa.Table(
    "secret",
    META,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

_ATTEMPTS = 20
_PAUSE = 0.1  # seconds


class Records:
    """The records database behind one URL."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _durable)
            sa.event.listen(self.engine, "handle_error", _torn)
        self._key = self._opened()

    def _opened(self) -> bytes:
        """The pseudonym key, when all tables are there."""
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(
                sa.exc.OperationalError, sa.exc.ProgrammingError, sa.exc.IntegrityError
            ):
                return self._made()
            # Another process makes the tables or the key just now.
            time.sleep(_PAUSE)
        try:
            return self._made()
        except sa.exc.OperationalError as error:
            url = self.engine.url.render_as_string()
            raise EngineError("records_unreachable", url=url, why=str(error.orig)) from error

    def _made(self) -> bytes:
        META.create_all(self.engine)
        return self._pseudonym_key()

    def close(self) -> None:
        """Ends all connections."""
        self.engine.dispose()

    def pseudonym(self, name: str) -> str:
        """The keyed pseudonym of a name; the same name gives the same pseudonym."""
        digest = hmac.new(self._key, name.strip().encode(), hashlib.sha256).hexdigest()
        return f"p-{digest[:16]}"

    def remember(self, names: Mapping[str, str], connection: sa.Connection | None = None) -> None:
        """Stores names by pseudonym; a person who was made unreadable stays so.

        With `connection`: as part of its transaction.
        """
        if connection is None:
            with self.engine.begin() as connection:
                return self.remember(names, connection)
        known = set(connection.execute(sa.select(PERSON.c.pseudonym)).scalars())
        new = [{"pseudonym": p, "name": n} for p, n in names.items() if p not in known]
        if new:
            connection.execute(sa.insert(PERSON), new)
        return None

    @contextlib.contextmanager
    def importing(self) -> Iterator[sa.Connection]:
        """The connection that may commit a batch; on a server no other one may meanwhile.

        A server finishes the commit of a client that was killed. The lock goes with the session, so
        that the next importer sees that batch, or none, and never writes over its files. Raises
        Locked where the lock does not come free.
        """
        with self.engine.connect() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.detach()  # closed, not pooled: the lock ends with the session
                _lock(connection)
            yield connection

    def names(self, pseudonyms: Iterable[str]) -> dict[str, str]:
        """Names by pseudonym; a person who was made unreadable has none."""
        wanted = set(pseudonyms)
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(PERSON.c.pseudonym, PERSON.c.name))
            return {pseudonym: name for pseudonym, name in rows if name and pseudonym in wanted}

    def person(self, written: str) -> str:
        """Pseudonym of whoever goes by this code, name or pseudonym. Raises Ambiguous."""
        said = written.strip()
        with self.engine.connect() as connection:
            people = dict(connection.execute(sa.select(PERSON.c.pseudonym, PERSON.c.name)).all())
        plain = self.pseudonym(written)
        meant = {key for key, name in people.items() if key in (said, plain) or name == said != ""}
        if len(meant) > 1:
            listed = sorted(meant)
            raise Ambiguous("person_ambiguous", listed, name=said, candidates=", ".join(listed))
        return meant.pop() if meant else plain

    def forget(self, pseudonym: str) -> None:
        """Makes a person unreadable for good; the ledger and its hashes stay as they are.

        The next import does not bring the name back: its row stays, without the name.
        """
        with self.engine.begin() as connection:
            gone = connection.execute(sa.delete(PERSON).where(PERSON.c.pseudonym == pseudonym))
            if gone.rowcount:
                connection.execute(sa.insert(PERSON).values(pseudonym=pseudonym, name=""))
        if self.engine.dialect.name == "sqlite":
            self._empty_log()

    def _empty_log(self) -> None:
        """Brings SQLite's write-ahead log, which still holds what was deleted, down to nothing."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def _pseudonym_key(self) -> bytes:
        with self.engine.begin() as connection:
            query = sa.select(SECRET.c.value).where(SECRET.c.name == "pseudonym")
            value = connection.execute(query).scalar()
            if value is None:
                value = secrets.token_hex(32)
                connection.execute(sa.insert(SECRET).values(name="pseudonym", value=value))
        return bytes.fromhex(value)


def _engine(url: str) -> sa.Engine:
    try:
        return sa.create_engine(url)
    except ModuleNotFoundError as error:
        raise BadInput("no_database_driver", module=error.name or "?") from error
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError) as error:
        raise BadInput("bad_database_url") from error


def _lock(connection: sa.Connection) -> None:
    free = sa.select(
        sa.func.pg_try_advisory_lock(
            sa.func.hashtext("lotgraph import"), sa.func.hashtext(sa.func.current_schema())
        )
    )
    for _ in range(_ATTEMPTS):
        if connection.execute(free).scalar():
            connection.commit()
            return
        connection.rollback()
        time.sleep(_PAUSE)
    raise Locked("ledger_locked", holder=connection.engine.url.render_as_string())


def _durable(connection: sqlite3.Connection, _record: object) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA secure_delete=ON")  # a forgotten name is overwritten on disk
    finally:
        cursor.close()


def _torn(context: sa.engine.ExceptionContext) -> None:
    """A damaged file is said to be one; "locked" and the like stay what they are."""
    error = context.original_exception
    codes = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    damaged = (
        getattr(error, "sqlite_errorcode", 0) & 0xFF in codes
        or "Could not decode to UTF-8" in str(error)  # has no code of its own
    )
    if isinstance(error, sqlite3.DatabaseError) and damaged:
        engine = context.engine
        file = engine.url.database if engine is not None else ""
        raise LedgerError("records_unreadable", file=file or "") from error
