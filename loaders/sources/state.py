"""Where each source stands, in the records database; and what was pushed and waits to be taken.

A cursor moves in the transaction that makes its batch exist: a process killed at any moment has
taken a page as a whole and remembers it, or neither. A pushed document is there once its sender
was told so, and goes when the batch that has it exists.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from graph_model.records import Records

META = sa.MetaData()
SOURCE = sa.Table(
    "source",
    META,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("cursors", sa.Text, nullable=False),
    sa.Column("began_at", sa.Float),
    sa.Column("pulled_at", sa.Float),
    sa.Column("batch", sa.Integer),
    sa.Column("error", sa.Text),
)
PUSHED = sa.Table(
    "pushed",
    META,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("delivery", sa.Text, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("content", sa.Text),
)
KEPT_SECONDS = 30 * 86_400
"""So long the ids of deliveries are remembered after their documents were taken."""


@dataclass(frozen=True)
class State:
    """Where a source stands. `pulled_at`: end of its last whole pull; `error`: of a later one."""

    cursors: dict[str, dict[str, Any]]
    began_at: float | None = None
    pulled_at: float | None = None
    batch: int | None = None
    error: str | None = None


class States:
    """The states of all sources of a plant."""

    def __init__(self, records: Records) -> None:
        self._engine = records.engine
        META.create_all(self._engine)

    def get(self, name: str) -> State:
        """The state of a source; an empty one before its first pull."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(SOURCE).where(SOURCE.c.name == name)).first()
        if row is None:
            return State({})
        return State(json.loads(row.cursors), row.began_at, row.pulled_at, row.batch, row.error)

    def set(self, name: str, connection: sa.Connection | None = None, /, **values: Any) -> None:
        """Changes what is named; with `connection`, as part of its transaction."""
        if connection is None:
            with self._engine.begin() as connection:
                return self.set(name, connection, **values)
        if "cursors" in values:
            values["cursors"] = json.dumps(values["cursors"], ensure_ascii=False)
        changed = sa.update(SOURCE).where(SOURCE.c.name == name).values(values)
        if not connection.execute(changed).rowcount:
            connection.execute(sa.insert(SOURCE).values({"name": name, "cursors": "{}", **values}))
        return None

    def claim(self, name: str, every: float) -> bool:
        """Whether it is time to pull, and this process is the one to begin."""
        now = time.time()
        due = sa.or_(SOURCE.c.began_at.is_(None), SOURCE.c.began_at <= now - every)
        with self._engine.begin() as connection:
            known = sa.select(SOURCE.c.name).where(SOURCE.c.name == name)
            if connection.execute(known).first() is None:
                connection.execute(sa.insert(SOURCE).values(name=name, cursors="{}"))
            taken = sa.update(SOURCE).where(SOURCE.c.name == name, due).values(began_at=now)
            return connection.execute(taken).rowcount == 1

    # ------------------------------------------------------------------ pushed documents

    def keep(self, source: str, delivery: str, content: Mapping[str, Any]) -> bool:
        """Keeps a pushed document until it is taken; False where that delivery came before."""
        values = {
            "source": source, "delivery": delivery, "at": time.time(),
            "content": json.dumps(content, ensure_ascii=False),
        }  # fmt: skip
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(PUSHED).values(values))
        except sa.exc.IntegrityError:
            return False
        return True

    def waiting(self, source: str) -> dict[str, dict[str, Any]]:
        """Pushed documents that wait, by delivery, the oldest first."""
        query = (
            sa.select(PUSHED)
            .where(PUSHED.c.source == source, PUSHED.c.content.is_not(None))
            .order_by(PUSHED.c.at)
        )
        with self._engine.connect() as connection:
            return {row.delivery: json.loads(row.content) for row in connection.execute(query)}

    def anything_waits(self, source: str) -> bool:
        """Whether a pushed document of that source waits."""
        waits = sa.exists().where(PUSHED.c.source == source, PUSHED.c.content.is_not(None))
        with self._engine.connect() as connection:
            return bool(connection.execute(sa.select(waits)).scalar())

    def taken(self, source: str, deliveries: Iterable[str], connection: sa.Connection) -> None:
        """Lets the documents go; their ids stay for a while, so that none is taken twice."""
        own = PUSHED.c.source == source
        for delivery in deliveries:
            done = sa.update(PUSHED).where(own, PUSHED.c.delivery == delivery)
            connection.execute(done.values(content=None))
        old = (PUSHED.c.at < time.time() - KEPT_SECONDS) & PUSHED.c.content.is_(None)
        connection.execute(sa.delete(PUSHED).where(own, old))
