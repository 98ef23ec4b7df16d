"""Oneself, accounts, sessions and API tokens."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import listed
from api.asked import Word
from api.auth.guard import guard
from api.doors import Rows, answered
from graph_model.access import FIELDS, PERMISSIONS, signed_in
from graph_model.accounts import Accounts
from graph_model.accounts.tokens import TOKEN_DAYS
from graph_model.errors import NotFound

router = APIRouter(prefix="/api/v1", tags=["people"])

AnyRow = Rows[dict[str, Any]]
Role = Literal["viewer", "quality", "purchasing", "management", "auditor", "admin", "partner"]
Password = Annotated[
    str, Field(min_length=1, max_length=1000, json_schema_extra={"format": "password"})
]


class Closed(BaseModel):
    """Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Me(BaseModel):
    """Who is signed in, and what they may."""

    account: str
    name: str
    roles: list[str]
    via: str
    permissions: list[str]


class AccountShown(BaseModel):
    """An account without its secrets."""

    account: str
    name: str
    roles: list[str]
    active: bool
    must_change: bool
    locked: bool
    by_password: bool
    company: str | None


class AccountNew(Closed):
    """A new account; the password has to be changed at the first sign-in."""

    account: Word
    name: Word = ""
    roles: list[Role]
    password: Password
    company: Word = Field(default="", description="Code of the company that a partner is of")


class AccountChange(Closed):
    """What is changed; fields left out stay."""

    name: Word | None = None
    roles: list[Role] | None = None
    active: bool | None = None
    company: Word | None = Field(default=None, description="Code of the company of a partner")
    password: Password | None = Field(default=None, description="New first password")


class PasswordChange(Closed):
    """One's own password."""

    old_password: Password
    new_password: Password


class TokenShown(BaseModel):
    """A token without its secret; times are seconds UTC."""

    id: str
    account: str
    label: str
    scopes: list[str]
    made_at: float
    expires_at: float
    used_at: float | None
    revoked_at: float | None


class TokenNew(Closed):
    """A new token: for what, with which permissions, for how long."""

    label: Word = Field(min_length=1)
    scopes: list[Word] = Field(min_length=1, max_length=100, description="Permissions")
    days: int = Field(default=90, ge=1, le=TOKEN_DAYS)


class TokenMade(TokenShown):
    """The secret is shown this once; the service keeps only its hash."""

    secret: str


def _accounts(request: Request) -> Accounts:
    found: Accounts = request.app.state.accounts
    return found


@router.get("/me", dependencies=[guard("account.own", audit="me.read")])
def me() -> Me:
    """Who is signed in, with roles and permissions."""
    user = signed_in()
    return Me(account=user.account, name=user.name, roles=sorted(user.roles), via=user.via,
              permissions=sorted(user.permissions))  # fmt: skip


@router.post("/me/password", status_code=204,
             dependencies=[guard("account.own", audit="password.changed")])  # fmt: skip
def change_password(request: Request, asked: PasswordChange) -> None:
    """Changes one's own password; every session of the account ends."""
    request.app.state.attempts.count(_origin(request), signed_in().account)
    _accounts(request).change_password(signed_in().account, asked.old_password, asked.new_password)


@router.get("/me/sessions", dependencies=[guard("account.own", audit="sessions.read")],
            response_class=Response, responses=answered(AnyRow))  # fmt: skip
def sessions(request: Request) -> Response:
    """One's own open sessions; `current` is the one that asks."""
    user = signed_in()
    rows = [
        asdict(one) | {"current": one.id == user.session}
        for one in _accounts(request).sessions.of(user.account)
    ]
    return listed(request, rows)


@router.delete("/me/sessions/{session}", status_code=204,
               dependencies=[guard("account.own", audit="session.revoked")])  # fmt: skip
def end_session(request: Request, session: Word) -> None:
    """Ends a session of one's own, at once."""
    if not _accounts(request).sessions.end(session, signed_in().account):
        raise NotFound("no_such_session")


@router.get("/permissions", dependencies=[guard("account.own", audit="permissions.read")])
def permissions() -> dict[str, Any]:
    """Which role has which permission, and which fields are seen only with one."""
    return {
        "permissions": {name: sorted(roles) for name, roles in PERMISSIONS.items()},
        "fields": {name: sorted(fields) for name, fields in FIELDS.items()},
    }


@router.get("/accounts", dependencies=[guard("account.manage", audit="accounts.read")],
            response_class=Response, responses=answered(Rows[AccountShown]))  # fmt: skip
def accounts(request: Request) -> Response:
    """All accounts."""
    return listed(request, [asdict(one) for one in _accounts(request).all()])


@router.post("/accounts", status_code=201,
             dependencies=[guard("account.manage", audit="account.added")])  # fmt: skip
def add_account(request: Request, asked: AccountNew) -> AccountShown:
    """Makes an account."""
    held = _accounts(request)
    made = held.add(asked.account, asked.roles, asked.password, name=asked.name)
    if asked.company:
        made = held.belongs(made.account, asked.company)
    return AccountShown(**asdict(made))


@router.patch("/accounts/{account}",
              dependencies=[guard("account.manage", audit="account.changed")])  # fmt: skip
def change_account(request: Request, account: Word, asked: AccountChange) -> AccountShown:
    """Changes name, roles or state, or sets a first password; its sessions end."""
    held = _accounts(request)
    made = held.change(account, name=asked.name, roles=asked.roles, active=asked.active)
    if asked.company is not None:
        made = held.belongs(account, asked.company)
    if asked.password is not None:
        held.set_password(account, asked.password, must_change=True)
        made = held.get(account)
    return AccountShown(**asdict(made))


@router.get("/accounts/{account}/sessions",
            dependencies=[guard("account.manage", audit="sessions.read")],
            response_class=Response, responses=answered(AnyRow))  # fmt: skip
def account_sessions(request: Request, account: Word) -> Response:
    """Open sessions of an account."""
    held = _accounts(request)
    held.get(account)
    return listed(request, [asdict(one) for one in held.sessions.of(account)])


@router.delete("/accounts/{account}/sessions", status_code=204,
               dependencies=[guard("account.manage", audit="session.revoked")])  # fmt: skip
def end_account_sessions(request: Request, account: Word) -> None:
    """Ends every session of an account, at once."""
    held = _accounts(request)
    held.get(account)
    held.sessions.end_others(account, keep="")


@router.get("/tokens", dependencies=[guard("token.own", audit="tokens.read")],
            response_class=Response, responses=answered(Rows[TokenShown]))  # fmt: skip
def tokens(
    request: Request,
    every: Annotated[bool, Query(alias="all", description="Of all accounts; for admins")] = False,
) -> Response:
    """One's own tokens, or with `all` everybody's."""
    user = signed_in()
    if every:
        user.need("account.manage")
    found = _accounts(request).tokens.of(None if every else user.account)
    return listed(request, [asdict(one) for one in found])


@router.post("/tokens", status_code=201, dependencies=[guard("token.own", audit="token.issued")])
def issue_token(request: Request, asked: TokenNew) -> TokenMade:
    """Makes a token of one's own. Its secret is shown this once."""
    secret, made = _accounts(request).tokens.issue(
        signed_in(), asked.label, asked.scopes, asked.days
    )
    return TokenMade(secret=secret, **asdict(made))


@router.delete("/tokens/{token}", status_code=204,
               dependencies=[guard("token.own", audit="token.revoked")])  # fmt: skip
def revoke_token(request: Request, token: Word) -> None:
    """Ends a token: one's own, or for who manages accounts anybody's."""
    user = signed_in()
    anybody = user.can("account.manage")
    _accounts(request).tokens.revoke(token, None if anybody else user.account)


def _origin(request: Request) -> str:
    return request.client.host if request.client else ""
