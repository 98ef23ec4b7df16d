"""Accounts, sessions and API tokens, in the records database.

Secrets are random and shown once; the database holds keyed hashes of them only, and argon2 hashes
of passwords. A session ends on the server: after a while without use, after its longest time, or
when it is revoked.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pwdlib import PasswordHash

from graph_model.access import PERMISSIONS, ROLES, User
from graph_model.errors import BadInput, NotAllowed, NotFound, NotSignedIn, TooMany
from graph_model.passwords import check_password
from graph_model.records import Records

META = sa.MetaData()
ACCOUNT = sa.Table(
    "account",
    META,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("roles", sa.Text, nullable=False),
    sa.Column("password", sa.Text),
    sa.Column("subject", sa.Text, unique=True),
    sa.Column("must_change", sa.Boolean, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("locked_until", sa.Float, nullable=False),
    sa.Column("made_at", sa.Float, nullable=False),
)
SESSION = sa.Table(
    "session",
    META,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, nullable=False, index=True),
    sa.Column("began_at", sa.Float, nullable=False),
    sa.Column("used_at", sa.Float, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("agent", sa.Text, nullable=False),
)
COMPANY = sa.Table(  # of which company a partner's account is
    "account_company",
    META,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("company", sa.Text, nullable=False),
)
TOKEN = sa.Table(
    "token",
    META,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Column("account", sa.Text, nullable=False, index=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("made_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("used_at", sa.Float),
    sa.Column("revoked_at", sa.Float),
)
FLOW = sa.Table(  # a sign-in that went to another server and has not come back
    "sign_in_flow",
    META,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
)

_ACCOUNTS = sa.select(ACCOUNT, COMPANY.c.company).outerjoin_from(
    ACCOUNT, COMPANY, COMPANY.c.account == ACCOUNT.c.account
)
TOKEN_MARK = "lgt_"
FAILURES, LOCK_SECONDS = 5, 900
IDLE_SECONDS, SESSION_SECONDS = 3600, 12 * 3600
TOKEN_DAYS = 366
FLOW_SECONDS = 600
_TOUCH_SECONDS = 30.0


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


@dataclass(frozen=True)
class Session:
    """A session of an account; `id` revokes it and opens nothing."""

    id: str
    account: str
    began_at: float
    used_at: float
    origin: str
    agent: str


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


class Accounts:
    """The accounts of one data folder. `key` keys the hashes of sessions and tokens."""

    def __init__(self, records: Records, key: bytes) -> None:
        self._engine = records.engine
        self._key = key
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
            rows = connection.execute(_ACCOUNTS.order_by(ACCOUNT.c.account)).mappings()
            return [_account(row) for row in rows]

    def add(
        self, account: str, roles: Iterable[str], password: str, *, name: str = "",
        must_change: bool = True,
    ) -> Account:  # fmt: skip
        """A new account with a password. Raises BadInput for a bad name, role or password."""
        account = account.strip()
        if (
            not 2 <= len(account) <= 64
            or not account.replace("@", "a")
            .replace(".", "a")
            .replace("-", "a")
            .replace("_", "a")
            .isalnum()
        ):
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
                _ACCOUNTS.where(ACCOUNT.c.account == account.strip())
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
                _ACCOUNTS.where(ACCOUNT.c.subject == subject)
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
        query = _ACCOUNTS.where(ACCOUNT.c.account == account)
        if connection is not None:
            row = connection.execute(query).mappings().first()
        else:
            with self._engine.connect() as own:
                row = own.execute(query).mappings().first()
        if row is None:
            raise NotFound("no_such_account", account=account)
        return row

    # ------------------------------------------------------------------ sessions

    def begin(self, account: str, *, origin: str = "", agent: str = "") -> str:
        """Starts a session; gives the secret for the cookie."""
        secret, now = secrets.token_urlsafe(32), time.time()
        values = {"hash": self._hash(secret), "account": account, "began_at": now, "used_at": now,
                  "origin": origin, "agent": agent[:200]}  # fmt: skip
        with self._engine.begin() as connection:
            old = SESSION.c.began_at < now - SESSION_SECONDS
            connection.execute(sa.delete(SESSION).where(old))
            connection.execute(sa.insert(SESSION).values(values))
        return secret

    def by_session(self, secret: str) -> User | None:
        """Who a session's cookie stands for; None when it does not exist or is over."""
        digest, now = self._hash(secret), time.time()
        joined = sa.select(ACCOUNT, COMPANY.c.company, SESSION).join_from(
            SESSION, ACCOUNT, SESSION.c.account == ACCOUNT.c.account
        )
        joined = joined.outerjoin(COMPANY, COMPANY.c.account == ACCOUNT.c.account)
        with self._engine.connect() as connection:
            row = connection.execute(joined.where(SESSION.c.hash == digest)).mappings().first()
        if row is None or not row["active"]:
            return None
        if row["used_at"] < now - IDLE_SECONDS or row["began_at"] < now - SESSION_SECONDS:
            self.end(digest)
            return None
        if row["used_at"] < now - _TOUCH_SECONDS:
            with self._engine.begin() as connection:
                mine = sa.update(SESSION).where(SESSION.c.hash == digest)
                connection.execute(mine.values(used_at=now))
        return _user(row, via="session", session=digest)

    def sessions(self, account: str) -> list[Session]:
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

    # ------------------------------------------------------------------ tokens

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
            "id": secrets.token_hex(8), "hash": self._hash(secret), "account": user.account,
            "label": label.strip()[:100], "scopes": json.dumps(wanted), "made_at": now,
            "expires_at": now + days * 86_400, "used_at": None, "revoked_at": None,
        }  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(sa.insert(TOKEN).values(values))
        return secret, _token(values)

    def by_token(self, secret: str) -> User | None:
        """Who an API token stands for; None when it does not exist, is over or revoked."""
        if not secret.startswith(TOKEN_MARK):
            return None
        digest, now = self._hash(secret), time.time()
        joined = sa.select(
            ACCOUNT, COMPANY.c.company, TOKEN.c.id, TOKEN.c.scopes, TOKEN.c.used_at,
            TOKEN.c.expires_at, TOKEN.c.revoked_at,
        ).join_from(TOKEN, ACCOUNT, TOKEN.c.account == ACCOUNT.c.account)  # fmt: skip
        joined = joined.outerjoin(COMPANY, COMPANY.c.account == ACCOUNT.c.account)
        with self._engine.connect() as connection:
            row = connection.execute(joined.where(TOKEN.c.hash == digest)).mappings().first()
        if row is None or not row["active"] or row["revoked_at"] or row["expires_at"] < now:
            return None
        if (row["used_at"] or 0.0) < now - _TOUCH_SECONDS:
            with self._engine.begin() as connection:
                mine = sa.update(TOKEN).where(TOKEN.c.hash == digest)
                connection.execute(mine.values(used_at=now))
        scopes = frozenset(json.loads(row["scopes"]))
        return _user(row, via="token", session=row["id"], scopes=scopes)

    def tokens(self, account: str | None = None) -> list[Token]:
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

    # ------------------------------------------------------------------ sign-in elsewhere

    def leave(self, content: dict[str, str]) -> str:
        """Keeps what a sign-in at another server needs when it comes back; gives its secret."""
        secret, now = secrets.token_urlsafe(32), time.time()
        values = {"hash": self._hash(secret), "content": json.dumps(content),
                  "expires_at": now + FLOW_SECONDS}  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(sa.delete(FLOW).where(FLOW.c.expires_at < now))
            connection.execute(sa.insert(FLOW).values(values))
        return secret

    def come_back(self, secret: str) -> dict[str, str]:
        """What was kept, once. Raises NotSignedIn where there is nothing, or too late."""
        digest = self._hash(secret)
        with self._engine.begin() as connection:
            row = connection.execute(sa.select(FLOW).where(FLOW.c.hash == digest)).first()
            gone = connection.execute(sa.delete(FLOW).where(FLOW.c.hash == digest)).rowcount
        if row is None or not gone or row.expires_at < time.time():
            raise NotSignedIn("sign_in_failed")
        found: dict[str, str] = json.loads(row.content)
        return found

    def _hash(self, secret: str) -> str:
        return hmac.new(self._key, secret.encode(), hashlib.sha256).hexdigest()


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


def _user(row: Any, *, via: str, session: str, scopes: frozenset[str] | None = None) -> User:
    return User(
        row["account"], row["name"], frozenset(json.loads(row["roles"])), via, scopes,
        row["must_change"], session, row["company"],
    )  # fmt: skip


def _token(row: Any) -> Token:
    return Token(
        row["id"], row["account"], row["label"], tuple(json.loads(row["scopes"])), row["made_at"],
        row["expires_at"], row["used_at"], row["revoked_at"],
    )  # fmt: skip
