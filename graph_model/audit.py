"""The audit trail: who did what, when, from where, on what; each entry hashed with the one before.

Its own SQLite file beside the ledger, or the records database where that is PostgreSQL. Entries are
written by one thread, all that wait together in one transaction, and an answer leaves only after
its entry is on disk: a trail that cannot be written stops the answers.
"""

from __future__ import annotations

import hashlib
import json
import queue
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from graph_model.accounts.tokens import TOKEN_MARK
from graph_model.errors import EngineError
from graph_model.records import Records

META = sa.MetaData()
ENTRY = sa.Table(
    "audit",
    META,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False, index=True),
    sa.Column("account", sa.Text, nullable=False, index=True),
    sa.Column("via", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("params", sa.Text, nullable=False),
    sa.Column("batch", sa.BigInteger),
    sa.Column("size", sa.BigInteger),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)
_ADVISORY = 0x4C4F5447  # "LOTG": one writer of the chain at a time on a server
_PAGE = 10_000
_SECRET = ("password", "passphrase", "secret", "token")
_TOKEN = re.compile(re.escape(TOKEN_MARK) + r"[\w-]+")
_LONGEST = 4_000


@dataclass(frozen=True)
class Event:
    """What is to be written down. `size`: rows of the answer; `batch`: what it stands on."""

    event: str
    account: str = ""
    via: str = ""
    origin: str = ""
    request: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    batch: int | None = None
    size: int | None = None
    status: int = 200


@dataclass(frozen=True)
class Entry:
    """One row of the trail; `params` is JSON."""

    number: int
    at: str
    event: str
    account: str
    via: str
    origin: str
    request: str
    params: str
    batch: int | None
    size: int | None
    status: int
    previous: str
    hash: str


class Audit:
    """The trail of one data folder. Thread-safe."""

    def __init__(self, folder: Path, records: Records) -> None:
        self._own = records.engine.dialect.name == "sqlite"
        self._records = Records(f"sqlite:///{folder / 'audit.sqlite'}") if self._own else records
        self._engine = self._records.engine
        META.create_all(self._engine)
        self._waiting: queue.Queue[tuple[Event, Future[int]] | None] = queue.Queue()
        self._writer = threading.Thread(target=self._write, name="audit", daemon=True)
        self._writer.start()

    def close(self) -> None:
        """Writes what waits, then ends."""
        self._waiting.put(None)
        self._writer.join()
        if self._own:
            self._records.close()

    def enter(self, event: Event) -> Future[int]:
        """Hands an event to the writer; the future gives its number once it is on disk.

        The future raises EngineError where the trail cannot be written.
        """
        told: Future[int] = Future()
        if self._writer.is_alive():
            self._waiting.put((event, told))
        else:
            told.set_exception(EngineError("audit_unwritable", why="closed"))
        return told

    def note(self, event: Event) -> int:
        """Writes an event down and gives its number. Raises EngineError."""
        return self.enter(event).result()

    def _write(self) -> None:
        while (first := self._waiting.get()) is not None:
            some, over = [first], False
            while not self._waiting.empty():
                another = self._waiting.get()
                if another is None:
                    over = True
                    break
                some.append(another)
            self._append(some)
            if over:
                return

    def _append(self, some: list[tuple[Event, Future[int]]]) -> None:
        try:
            with self._engine.begin() as connection:
                if self._own:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                else:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY)))
                number, previous = self._head(connection)
                rows = []
                for event, _ in some:
                    row = _row(event, number := number + 1, previous)
                    previous = row["hash"]
                    rows.append(row)
                connection.execute(sa.insert(ENTRY), rows)
        except Exception as error:  # whatever it is, those who wait must hear of it
            for _, told in some:
                told.set_exception(_unwritable(error))
            return
        for (_, told), row in zip(some, rows, strict=True):
            told.set_result(row["number"])

    def _head(self, connection: sa.Connection) -> tuple[int, str]:
        query = sa.select(ENTRY.c.number, ENTRY.c.hash).order_by(ENTRY.c.number.desc()).limit(1)
        row = connection.execute(query).first()
        return (row.number, row.hash) if row else (0, "")

    # ------------------------------------------------------------------ reading

    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry: kept elsewhere, it shows a tail that was cut off."""
        with self._engine.connect() as connection:
            return self._head(connection)

    def entries(
        self,
        *,
        after: int = 0,
        limit: int | None = None,
        account: str | None = None,
        event: str | None = None,
        since: str | None = None,
    ) -> list[Entry]:
        """Entries in order, from the one behind `after` on."""
        query = sa.select(ENTRY).where(ENTRY.c.number > after).order_by(ENTRY.c.number)
        if account:
            query = query.where(ENTRY.c.account == account)
        if event:
            query = query.where(ENTRY.c.event == event)
        if since:
            query = query.where(ENTRY.c.at >= since)
        with self._engine.connect() as connection:
            return [Entry(**row) for row in connection.execute(query.limit(limit)).mappings()]

    def faults(self) -> list[int]:
        """Numbers of entries that are not as they were written, or do not follow the last one."""
        found, number, previous = [], 0, ""
        for entry in self._all():
            if (
                entry.number != number + 1
                or entry.previous != previous
                or entry.hash != _digest(asdict(entry))
            ):
                found.append(entry.number)
            number, previous = entry.number, entry.hash
        return found

    def _all(self) -> Iterator[Entry]:
        after = 0
        while page := self.entries(after=after, limit=_PAGE):
            yield from page
            after = page[-1].number

    def shared(self, hours: float = 1, origins: int = 2) -> list[dict[str, Any]]:
        """Accounts used from several places within so many hours: perhaps shared by people."""
        since = _stamp(datetime.now(UTC) - timedelta(hours=hours))
        query = (
            sa.select(ENTRY.c.account, ENTRY.c.origin)
            .where(ENTRY.c.at >= since, ENTRY.c.via == "session", ENTRY.c.account != "")
            .distinct()
            .order_by(ENTRY.c.account, ENTRY.c.origin)
        )
        places: dict[str, list[str]] = {}
        with self._engine.connect() as connection:
            for account, origin in connection.execute(query):
                places.setdefault(account, []).append(origin)
        return [
            {"account": account, "origins": found}
            for account, found in places.items()
            if len(found) >= origins
        ]


def _row(event: Event, number: int, previous: str) -> dict[str, Any]:
    row: dict[str, Any] = asdict(event) | {
        "number": number,
        "at": _stamp(datetime.now(UTC)),
        "params": json.dumps(unsecret(event.params), ensure_ascii=False, default=str),
        "previous": previous,
    }
    row = {name: _storable(value) for name, value in row.items()}
    return row | {"hash": _digest(row)}


def _storable(value: Any) -> Any:
    """Text that every database takes: half a surrogate pair, which JSON can carry, is spelt out.

    Else its sender would be in no trail, nor would anybody who was written down with it.
    """
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def _digest(row: dict[str, Any]) -> str:
    content = {name: value for name, value in row.items() if name != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _unwritable(error: Exception) -> EngineError:
    told = EngineError("audit_unwritable", why=str(error).splitlines()[0])
    told.__cause__ = error
    return told


def unsecret(value: Any) -> Any:
    """Parameters without what nobody may read later, and without what would fill the trail.

    An API token is taken out wherever it stands, also where it was typed by mistake.
    """
    if isinstance(value, dict):
        return {
            unsecret(name): "***" if any(word in str(name).lower() for word in _SECRET)
            else unsecret(part)
            for name, part in value.items()
        }  # fmt: skip
    if isinstance(value, list | tuple):
        kept = [unsecret(part) for part in value[:200]]
        return kept if len(value) <= 200 else [*kept, f"… {len(value)}"]
    if isinstance(value, str):
        value = _TOKEN.sub(TOKEN_MARK + "***", value)
        return value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
    return value


# ---------------------------------------------------------------------------- of one request


@dataclass
class Told:
    """An event of the request under way; `size` and `batch` may be filled in until it answers."""

    event: str
    params: dict[str, Any]
    batch: int | None = None
    size: int | None = None


_told: ContextVar[list[Told] | None] = ContextVar("told", default=None)


def listen() -> list[Told]:
    """Begins a request: the list that `tell` adds to, in this context and its copies."""
    told: list[Told] = []
    _told.set(told)
    return told


def tell(event: str, /, **params: Any) -> Told:
    """Says what the request under way does; it is on disk before the answer leaves.

    For routes and callbacks alike: `tell("lot.traced", lots=keys).size = len(rows)`. Raises
    RuntimeError outside a request, where nobody would write it down.
    """
    told = _told.get()
    if told is None:
        raise RuntimeError(f"{event}: no request is under way")
    told.append(Told(event, params))
    return told[-1]
