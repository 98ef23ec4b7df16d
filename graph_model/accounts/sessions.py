"""Sessions: a secret in a cookie stands for an account until it is over, idle or revoked."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

import sqlalchemy as sa

from graph_model.access import User
from graph_model.accounts.tables import ACCOUNT, ACCOUNTS, SESSION, TOUCH_SECONDS, digest, user_of

IDLE_SECONDS, SESSION_SECONDS = 3600, 12 * 3600


@dataclass(frozen=True)
class Session:
    """A session of an account; `id` revokes it and opens nothing."""

    id: str
    account: str
    began_at: float
    used_at: float
    origin: str
    agent: str


class Sessions:
    """The sessions of one data folder. `key` keys the hashes of their secrets."""

    def __init__(self, engine: sa.Engine, key: bytes) -> None:
        self._engine, self._key = engine, key

    def begin(self, account: str, *, origin: str = "", agent: str = "") -> str:
        """Starts a session; gives the secret for the cookie."""
        secret, now = secrets.token_urlsafe(32), time.time()
        values = {
            "hash": digest(self._key, secret), "account": account, "began_at": now,
            "used_at": now, "origin": origin, "agent": agent[:200],
        }  # fmt: skip
        with self._engine.begin() as connection:
            old = SESSION.c.began_at < now - SESSION_SECONDS
            connection.execute(sa.delete(SESSION).where(old))
            connection.execute(sa.insert(SESSION).values(values))
        return secret

    def user(self, secret: str) -> User | None:
        """Who a session's cookie stands for; None when it does not exist or is over."""
        hashed, now = digest(self._key, secret), time.time()
        joined = ACCOUNTS.add_columns(SESSION).join(SESSION, SESSION.c.account == ACCOUNT.c.account)
        with self._engine.connect() as connection:
            row = connection.execute(joined.where(SESSION.c.hash == hashed)).mappings().first()
        if row is None or not row["active"]:
            return None
        if row["used_at"] < now - IDLE_SECONDS or row["began_at"] < now - SESSION_SECONDS:
            self.end(hashed)
            return None
        if row["used_at"] < now - TOUCH_SECONDS:
            with self._engine.begin() as connection:
                mine = sa.update(SESSION).where(SESSION.c.hash == hashed)
                connection.execute(mine.values(used_at=now))
        return user_of(row, via="session", session=hashed)

    def of(self, account: str) -> list[Session]:
        """Open sessions of an account, the newest first."""
        query = sa.select(SESSION).where(SESSION.c.account == account)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(SESSION.c.began_at.desc())).mappings()
            return [
                Session(**{name: row[name] for name in row if name != "hash"}, id=row["hash"])
                for row in rows
            ]

    def end(self, session: str, account: str | None = None) -> bool:
        """Ends a session by its id; with `account`: only if it is that account's."""
        query = sa.delete(SESSION).where(SESSION.c.hash == session)
        if account is not None:
            query = query.where(SESSION.c.account == account)
        with self._engine.begin() as connection:
            return bool(connection.execute(query).rowcount)

    def end_others(self, account: str, keep: str) -> int:
        """Ends all sessions of an account but one."""
        others = sa.delete(SESSION).where(SESSION.c.account == account, SESSION.c.hash != keep)
        with self._engine.begin() as connection:
            return connection.execute(others).rowcount
