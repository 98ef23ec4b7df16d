"""The records database: manifest of the ledger, its inline payloads, and the names of people.

The ledger holds keyed pseudonyms; a name stands here only, so that a person can be made unreadable
without breaking a hash. Tables are portable SQLAlchemy Core (SQLite, PostgreSQL).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable

import sqlalchemy as sa

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


class Records:
    """The records database behind one URL."""

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url)
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _durable)
        META.create_all(self.engine)
        self._key = self._pseudonym_key()

    def close(self) -> None:
        """Ends all connections."""
        self.engine.dispose()

    def pseudonym(self, name: str) -> str:
        """The keyed pseudonym of a name; the same name gives the same pseudonym."""
        digest = hmac.new(self._key, name.strip().encode(), hashlib.sha256).hexdigest()
        return f"p-{digest[:16]}"

    def remember(self, names: dict[str, str]) -> None:
        """Stores names by pseudonym."""
        with self.engine.begin() as connection:
            known = set(connection.execute(sa.select(PERSON.c.pseudonym)).scalars())
            new = [{"pseudonym": p, "name": n} for p, n in names.items() if p not in known]
            if new:
                connection.execute(sa.insert(PERSON), new)

    def names(self, pseudonyms: Iterable[str]) -> dict[str, str]:
        """Names by pseudonym; a person who was made unreadable has none."""
        wanted = set(pseudonyms)
        with self.engine.connect() as connection:
            rows = connection.execute(sa.select(PERSON.c.pseudonym, PERSON.c.name))
            return {pseudonym: name for pseudonym, name in rows if pseudonym in wanted}

    def forget(self, pseudonym: str) -> None:
        """Makes a person unreadable; the ledger and its hashes stay as they are."""
        with self.engine.begin() as connection:
            connection.execute(sa.delete(PERSON).where(PERSON.c.pseudonym == pseudonym))

    def _pseudonym_key(self) -> bytes:
        with self.engine.begin() as connection:
            query = sa.select(SECRET.c.value).where(SECRET.c.name == "pseudonym")
            value = connection.execute(query).scalar()
            if value is None:
                value = secrets.token_hex(32)
                connection.execute(sa.insert(SECRET).values(name="pseudonym", value=value))
        return bytes.fromhex(value)


def _durable(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
