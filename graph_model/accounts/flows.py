"""Sign-ins that went to another server and have not come back."""

from __future__ import annotations

import json
import secrets
import time

import sqlalchemy as sa

from graph_model.accounts.tables import FLOW, digest
from graph_model.errors import NotSignedIn

FLOW_SECONDS = 600


class Flows:
    """The sign-ins under way of one data folder. `key` keys the hashes of their secrets."""

    def __init__(self, engine: sa.Engine, key: bytes) -> None:
        self._engine, self._key = engine, key

    def leave(self, content: dict[str, str]) -> str:
        """Keeps what a sign-in at another server needs when it comes back; gives its secret."""
        secret, now = secrets.token_urlsafe(32), time.time()
        values = {"hash": digest(self._key, secret), "content": json.dumps(content),
                  "expires_at": now + FLOW_SECONDS}  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(sa.delete(FLOW).where(FLOW.c.expires_at < now))
            connection.execute(sa.insert(FLOW).values(values))
        return secret

    def come_back(self, secret: str) -> dict[str, str]:
        """What was kept, once. Raises NotSignedIn where there is nothing, or too late."""
        hashed = digest(self._key, secret)
        with self._engine.begin() as connection:
            row = connection.execute(sa.select(FLOW).where(FLOW.c.hash == hashed)).first()
            gone = connection.execute(sa.delete(FLOW).where(FLOW.c.hash == hashed)).rowcount
        if row is None or not gone or row.expires_at < time.time():
            raise NotSignedIn("sign_in_failed")
        found: dict[str, str] = json.loads(row.content)
        return found
