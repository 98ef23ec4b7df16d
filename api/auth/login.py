"""Signing in and out, and the first password: plain pages that need no script."""

from __future__ import annotations

import html
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.auth.addresses import cookie_name, is_https, own_path
from api.auth.attempts import Attempts
from graph_model.access import signed_in
from graph_model.accounts import Accounts
from graph_model.accounts.sessions import SESSION_SECONDS
from graph_model.audit import tell
from graph_model.errors import LotgraphError
from graph_model.i18n import language, text
from graph_model.settings import Settings

router = APIRouter(include_in_schema=False)


@router.get("/login")
def show_login(request: Request, next: str = "/") -> Response:  # noqa: A002  the usual name
    """The sign-in page."""
    return HTMLResponse(_login_page(request, own_path(next)))


@router.post("/login")
def log_in(
    request: Request,
    account: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002  the usual name
) -> Response:
    """Signs in and goes on to the page that was wanted."""
    accounts: Accounts = request.app.state.accounts
    attempts: Attempts = request.app.state.attempts
    target = own_path(next)
    try:
        attempts.count(request.client.host if request.client else "", account)
        found = accounts.verify(account, password)
    except LotgraphError as error:
        tell("session.refused", account=account, code=error.code)
        page = _login_page(request, target, str(error))
        return HTMLResponse(page, error.status)
    tell("session.begun", account=found.account)
    return enter(request, found.account, "/password" if found.must_change else target)


def enter(request: Request, account: str, target: str) -> Response:
    """Starts a session, always under a new secret, and goes on to `target`."""
    accounts: Accounts = request.app.state.accounts
    settings: Settings = request.app.state.settings
    name = cookie_name(settings, request)
    if name in request.cookies:
        before = accounts.sessions.user(request.cookies[name])
        if before is not None:
            accounts.sessions.end(before.session)
    secret = accounts.sessions.begin(
        account, origin=request.client.host if request.client else "",
        agent=request.headers.get("user-agent", ""),
    )  # fmt: skip
    answer = RedirectResponse(target, 303)
    # Lax, not strict: a link in a mail must open as the person who is signed in. Changes need an
    # origin of ours besides.
    answer.set_cookie(
        name, secret, max_age=SESSION_SECONDS, path="/", httponly=True, samesite="lax",
        secure=is_https(settings, request),
    )  # fmt: skip
    return answer


@router.post("/logout")
def log_out(request: Request) -> Response:
    """Ends the session on the server."""
    accounts: Accounts = request.app.state.accounts
    settings: Settings = request.app.state.settings
    user = signed_in()
    if user.via == "session":
        accounts.sessions.end(user.session)
    tell("session.ended")
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_name(settings, request), path="/",
                         secure=is_https(settings, request), httponly=True)  # fmt: skip
    # What was shown is cleared by the worker of the screens; what waits to be sent has happened.
    answer.headers["clear-site-data"] = '"cache"'
    return answer


@router.get("/password")
def show_password(request: Request) -> Response:
    """The page to change one's own password."""
    return HTMLResponse(_password_page())


@router.post("/password")
def change_password(
    request: Request,
    old: Annotated[str, Form(max_length=1000)],
    new: Annotated[str, Form(max_length=1000)],
) -> Response:
    """Changes one's own password; every session ends, this browser gets a new one."""
    accounts: Accounts = request.app.state.accounts
    attempts: Attempts = request.app.state.attempts
    user = signed_in()
    try:
        attempts.count(request.client.host if request.client else "", user.account)
        accounts.change_password(user.account, old, new)
    except LotgraphError as error:
        tell("password.refused", code=error.code)
        return HTMLResponse(_password_page(str(error)), error.status)
    tell("password.changed")
    return enter(request, user.account, "/")


_STYLE = """
:root{color-scheme:light dark;--ink:#17202a;--paper:#f4f6f8;--card:#fff;--line:#c5ced8;
--accent:#1f5fa8;--bad:#a3231b}
@media (prefers-color-scheme:dark){:root{--ink:#e6ebf0;--paper:#12171d;--card:#1b222a;
--line:#3a4653;--accent:#7db4ef;--bad:#ff9d92}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;
background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,"Noto Sans SC",sans-serif}
main{width:min(24rem,92vw);background:var(--card);border:1px solid var(--line);
border-radius:10px;padding:2rem}h1{font-size:1.35rem;margin:0 0 1.2rem}
label{display:block;margin:.9rem 0 .3rem;font-size:.9rem}
input{width:100%;padding:.6rem .7rem;font:inherit;color:inherit;background:transparent;
border:1px solid var(--line);border-radius:6px}
button,.other{display:block;width:100%;margin-top:1.4rem;padding:.65rem;font:inherit;
font-weight:600;text-align:center;text-decoration:none;border-radius:6px;
border:1px solid var(--accent);background:var(--accent);color:var(--card);cursor:pointer}
.other{background:transparent;color:var(--accent)}.bad{color:var(--bad);margin:.2rem 0 0}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
nav{margin-top:1.4rem;font-size:.85rem}nav a{color:inherit;margin-right:1rem}
"""


def _page(title: str, body: str) -> str:
    lang = "zh-CN" if language() == "zh_CN" else "en"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Lotgraph · {html.escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>"
    )


def _field(name: str, key: str, kind: str, complete: str) -> str:
    return (
        f'<label for="{name}">{text(key)}</label><input id="{name}" name="{name}" type="{kind}" '
        f'autocomplete="{complete}" required>'
    )


def _bad(message: str) -> str:
    return f'<p class="bad" role="alert">{html.escape(message)}</p>' if message else ""


def _login_page(request: Request, target: str, message: str = "") -> str:
    settings: Settings = request.app.state.settings
    goal = html.escape(target, quote=True)
    other = ""
    if settings.oidc_issuer:
        other = f'<a class="other" href="/login/oidc">{text("login.oidc")}</a>'
    return _page(
        text("login.title"),
        _bad(message)
        + f'<form method="post" action="/login"><input type="hidden" name="next" value="{goal}">'
        + _field("account", "login.account", "text", "username")
        + _field("password", "login.password", "password", "current-password")
        + f"<button>{text('login.enter')}</button></form>{other}"
        + '<nav><a href="/login?lang=en">English</a><a href="/login?lang=zh-CN">中文</a></nav>',
    )


def refused_page(request: Request, message: str) -> str:
    """The sign-in page after a sign-in elsewhere that did not succeed."""
    return _login_page(request, "/", message)


def _password_page(message: str = "") -> str:
    return _page(
        text("login.change_title"),
        f"<p>{text('login.change_why')}</p>"
        + _bad(message)
        + '<form method="post" action="/password">'
        + _field("old", "login.old", "password", "current-password")
        + _field("new", "login.new", "password", "new-password")
        + f"<button>{text('login.change')}</button></form>",
    )
