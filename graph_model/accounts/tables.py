"""The tables of accounts, sessions, tokens and sign-ins under way, and how secrets are kept."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import sqlalchemy as sa

from graph_model.access import User

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

ACCOUNTS = sa.select(ACCOUNT, COMPANY.c.company).outerjoin_from(
    ACCOUNT, COMPANY, COMPANY.c.account == ACCOUNT.c.account
)
"""Accounts with the company that they are of."""

TOUCH_SECONDS = 30.0
"""How long it may take until the database knows that a session or token was used again."""


def digest(key: bytes, secret: str) -> str:
    """The keyed hash of a secret: all that is kept of it."""
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()


def user_of(row: Any, *, via: str, session: str, scopes: frozenset[str] | None = None) -> User:
    """Who asks: an account's row with its company, by session or token."""
    return User(
        row["account"], row["name"], frozenset(json.loads(row["roles"])), via, scopes,
        row["must_change"], session, row["company"],
    )  # fmt: skip
