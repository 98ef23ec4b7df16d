"""API tokens: a secret that stands for an account with some of its permissions, for a while."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from graph_model.access import PERMISSIONS, User
from graph_model.accounts.tables import ACCOUNT, ACCOUNTS, TOKEN, TOUCH_SECONDS, digest, user_of
from graph_model.errors import BadInput, NotAllowed, NotFound

TOKEN_MARK = "lgt_"
TOKEN_DAYS = 366


@dataclass(frozen=True)
class Token:
    """An API token without its secret. `scopes` are permissions; times are seconds UTC."""

    id: str
    account: str
    label: str
    scopes: tuple[str, ...]
    made_at: float
    expires_at: float
    used_at: float | None
    revoked_at: float | None


class Tokens:
    """The API tokens of one data folder. `key` keys the hashes of their secrets."""

    def __init__(self, engine: sa.Engine, key: bytes) -> None:
        self._engine, self._key = engine, key

    def issue(self, user: User, label: str, scopes: Iterable[str], days: int) -> tuple[str, Token]:
        """A new API token and its secret, which is shown this once.

        Raises BadInput for an unknown scope, NotAllowed for one that the user does not have and
        for who comes by a token: what it makes would outlive it.
        """
        if user.via == "token":
            raise NotAllowed("token_by_token")
        wanted = sorted(set(scopes))
        if not wanted or set(wanted) - PERMISSIONS.keys() or not 1 <= days <= TOKEN_DAYS:
            raise BadInput("token_bad", days=TOKEN_DAYS)
        for scope in wanted:
            user.need(scope)
        secret, now = TOKEN_MARK + secrets.token_urlsafe(32), time.time()
        values = {
            "id": secrets.token_hex(8), "hash": digest(self._key, secret), "account": user.account,
            "label": label.strip()[:100], "scopes": json.dumps(wanted), "made_at": now,
            "expires_at": now + days * 86_400, "used_at": None, "revoked_at": None,
        }  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(sa.insert(TOKEN).values(values))
        return secret, _token(values)

    def user(self, secret: str) -> User | None:
        """Who an API token stands for; None when it does not exist, is over or revoked."""
        if not secret.startswith(TOKEN_MARK):
            return None
        hashed, now = digest(self._key, secret), time.time()
        joined = ACCOUNTS.add_columns(
            TOKEN.c.id, TOKEN.c.scopes, TOKEN.c.used_at, TOKEN.c.expires_at, TOKEN.c.revoked_at
        ).join(TOKEN, TOKEN.c.account == ACCOUNT.c.account)
        with self._engine.connect() as connection:
            row = connection.execute(joined.where(TOKEN.c.hash == hashed)).mappings().first()
        if row is None or not row["active"] or row["revoked_at"] or row["expires_at"] < now:
            return None
        if (row["used_at"] or 0.0) < now - TOUCH_SECONDS:
            with self._engine.begin() as connection:
                mine = sa.update(TOKEN).where(TOKEN.c.hash == hashed)
                connection.execute(mine.values(used_at=now))
        scopes = frozenset(json.loads(row["scopes"]))
        return user_of(row, via="token", session=row["id"], scopes=scopes)

    def of(self, account: str | None = None) -> list[Token]:
        """Tokens of one account or of all, the newest first."""
        query = sa.select(TOKEN).order_by(TOKEN.c.made_at.desc())
        if account is not None:
            query = query.where(TOKEN.c.account == account)
        with self._engine.connect() as connection:
            return [_token(row) for row in connection.execute(query).mappings()]

    def revoke(self, token: str, account: str | None = None) -> None:
        """Ends a token by its id; with `account`: only that account's. Raises NotFound."""
        query = sa.update(TOKEN).where(TOKEN.c.id == token, TOKEN.c.revoked_at.is_(None))
        if account is not None:
            query = query.where(TOKEN.c.account == account)
        with self._engine.begin() as connection:
            if not connection.execute(query.values(revoked_at=time.time())).rowcount:
                raise NotFound("no_such_token", token=token)


def _token(row: Any) -> Token:
    return Token(
        row["id"], row["account"], row["label"], tuple(json.loads(row["scopes"])), row["made_at"],
        row["expires_at"], row["used_at"], row["revoked_at"],
    )  # fmt: skip
