"""Accounts, sessions and API tokens, in the records database.

Secrets are random and shown once; the database holds keyed hashes of them only, and argon2 hashes
of passwords. A session ends on the server: after a while without use, after its longest time, or
when it is revoked.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pwdlib import PasswordHash

from graph_model.access import ROLES
from graph_model.accounts.flows import Flows
from graph_model.accounts.sessions import Sessions
from graph_model.accounts.tables import ACCOUNT, ACCOUNTS, COMPANY, META, SESSION
from graph_model.accounts.tokens import Tokens
from graph_model.errors import BadInput, NotFound, NotSignedIn, TooMany
from graph_model.passwords import check_password
from graph_model.records import Records

FAILURES, LOCK_SECONDS = 5, 900
_NAME = re.compile(r"[\w@.-]{2,64}")


@dataclass(frozen=True)
class Account:
    """An account as others see it: no secret. `company`: code of the company of a partner."""

    account: str
    name: str
    roles: tuple[str, ...]
    active: bool
    must_change: bool
    locked: bool
    by_password: bool
    company: str | None = None


class Accounts:
    """The accounts of one data folder, with their `sessions`, `tokens` and sign-ins under way.

    `key` keys the hashes of secrets.
    """

    def __init__(self, records: Records, key: bytes) -> None:
        self._engine = records.engine
        self.sessions = Sessions(self._engine, key)
        self.tokens = Tokens(self._engine, key)
        self.flows = Flows(self._engine, key)
        self._hasher = PasswordHash.recommended()
        # Compared with when there is no such account, so that an answer takes equally long.
        self._nobody = self._hasher.hash(secrets.token_urlsafe())
        META.create_all(self._engine)

    # ------------------------------------------------------------------ accounts

    def any(self) -> bool:
        """Whether there is an account at all."""
        with self._engine.connect() as connection:
            return connection.execute(sa.select(ACCOUNT.c.account).limit(1)).first() is not None

    def all(self) -> list[Account]:
        """Every account by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(ACCOUNTS.order_by(ACCOUNT.c.account)).mappings()
            return [_account(row) for row in rows]

    def add(
        self, account: str, roles: Iterable[str], password: str, *, name: str = "",
        must_change: bool = True,
    ) -> Account:  # fmt: skip
        """A new account with a password. Raises BadInput for a bad name, role or password."""
        account = account.strip()
        if not _NAME.fullmatch(account):
            raise BadInput("account_name", account=account)
        check_password(password, account, name)
        self._insert(account, name or account, roles, self._hasher.hash(password), must_change)
        return self.get(account)

    def get(self, account: str) -> Account:
        """One account. Raises NotFound."""
        return _account(self._row(account))

    def change(
        self, account: str, *, name: str | None = None, roles: Iterable[str] | None = None,
        active: bool | None = None,
    ) -> Account:  # fmt: skip
        """Changes an account; its sessions end where roles or state change.

        Raises BadInput where no active admin would be left.
        """
        values: dict[str, Any] = {}
        if name is not None:
            values["name"] = name
        if roles is not None:
            values["roles"] = _roles_text(roles)
        if active is not None:
            values["active"] = active
        with self._engine.begin() as connection:
            self._row(account, connection)
            if values:
                connection.execute(_of(account).values(values))
            admins = connection.execute(
                sa.select(ACCOUNT.c.roles).where(ACCOUNT.c.active.is_(True))
            ).scalars()
            if not any("admin" in json.loads(held) for held in admins):
                raise BadInput("last_admin")
            if roles is not None or active is not None:
                connection.execute(sa.delete(SESSION).where(SESSION.c.account == account))
        return self.get(account)

    def belongs(self, account: str, company: str) -> Account:
        """Says of which company a partner's account is; the empty text: of none."""
        self._row(account)
        with self._engine.begin() as connection:
            connection.execute(sa.delete(COMPANY).where(COMPANY.c.account == account))
            if company:
                values = {"account": account, "company": company}
                connection.execute(sa.insert(COMPANY).values(values))
        return self.get(account)

    def set_password(self, account: str, password: str, *, must_change: bool) -> None:
        """A new password; all sessions of the account end, and a lock is lifted."""
        row = self._row(account)
        check_password(password, account, row["name"])
        values = {"password": self._hasher.hash(password), "must_change": must_change,
                  "failures": 0, "locked_until": 0.0}  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(_of(account).values(values))
            connection.execute(sa.delete(SESSION).where(SESSION.c.account == account))

    def change_password(self, account: str, old: str, new: str) -> None:
        """The owner's own change. Raises NotSignedIn where the old one is wrong."""
        self.verify(account, old)
        if old == new:
            raise BadInput("password_same")
        self.set_password(account, new, must_change=False)

    def verify(self, account: str, password: str) -> Account:
        """The account, if the password is right. Raises NotSignedIn, or TooMany while locked.

        Wrong name, wrong password and an inactive account answer alike.
        """
        now = time.time()
        with self._engine.connect() as connection:
            row = connection.execute(
                ACCOUNTS.where(ACCOUNT.c.account == account.strip())
            ).mappings().first()  # fmt: skip
        if row is not None and row["locked_until"] > now:
            raise TooMany("account_locked", seconds=round(row["locked_until"] - now) + 1)
        stored = row["password"] if row is not None and row["password"] else self._nobody
        right, renewed = self._hasher.verify_and_update(password, stored)
        if row is None or not right or not row["password"] or not row["active"]:
            if row is not None:
                self._failed(row["account"], now)
            raise NotSignedIn("sign_in_failed")
        values: dict[str, Any] = {"failures": 0, "locked_until": 0.0}
        if renewed is not None:
            values["password"] = renewed
        if row["failures"] or renewed is not None:
            with self._engine.begin() as connection:
                connection.execute(_of(row["account"]).values(values))
        return _account(row)

    def _failed(self, account: str, now: float) -> None:
        """Counts in the database, so that guesses in parallel count too."""
        with self._engine.begin() as connection:
            connection.execute(_of(account).values(failures=ACCOUNT.c.failures + 1))
            many = ACCOUNT.c.failures >= FAILURES
            locked = {"failures": 0, "locked_until": now + LOCK_SECONDS}
            connection.execute(_of(account).where(many).values(locked))

    def of_subject(self, subject: str, name: str, roles: Iterable[str]) -> Account:
        """The account of somebody whom another server vouches for; made at the first sign-in.

        Roles follow what that server says each time. Raises NotSignedIn for an inactive account.
        """
        with self._engine.connect() as connection:
            row = connection.execute(
                ACCOUNTS.where(ACCOUNT.c.subject == subject)
            ).mappings().first()  # fmt: skip
        if row is None:
            account = "oidc-" + hashlib.sha256(subject.encode()).hexdigest()[:16]
            self._insert(account, name, roles, None, False, subject)
            return self.get(account)
        if not row["active"]:
            raise NotSignedIn("sign_in_failed")
        with self._engine.begin() as connection:
            connection.execute(_of(row["account"]).values(name=name, roles=_roles_text(roles)))
        return self.get(row["account"])

    def _insert(
        self, account: str, name: str, roles: Iterable[str], password: str | None,
        must_change: bool, subject: str | None = None,
    ) -> None:  # fmt: skip
        values = {
            "account": account, "name": name.strip(), "roles": _roles_text(roles),
            "password": password, "subject": subject, "must_change": must_change, "active": True,
            "failures": 0, "locked_until": 0.0, "made_at": time.time(),
        }  # fmt: skip
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(ACCOUNT).values(values))
        except sa.exc.IntegrityError as error:
            raise BadInput("account_taken", account=account) from error

    def _row(self, account: str, connection: sa.Connection | None = None) -> Any:
        query = ACCOUNTS.where(ACCOUNT.c.account == account)
        if connection is not None:
            row = connection.execute(query).mappings().first()
        else:
            with self._engine.connect() as own:
                row = own.execute(query).mappings().first()
        if row is None:
            raise NotFound("no_such_account", account=account)
        return row


def _of(account: str) -> sa.Update:
    return sa.update(ACCOUNT).where(ACCOUNT.c.account == account)


def _roles_text(roles: Iterable[str]) -> str:
    wanted = sorted(set(roles))
    unknown = set(wanted) - set(ROLES)
    if unknown:
        raise BadInput("no_such_role", role=", ".join(sorted(unknown)), roles=", ".join(ROLES))
    return json.dumps(wanted)


def _account(row: Any) -> Account:
    return Account(
        row["account"], row["name"], tuple(json.loads(row["roles"])), row["active"],
        row["must_change"], row["locked_until"] > time.time(), row["password"] is not None,
        row["company"],
    )  # fmt: skip
