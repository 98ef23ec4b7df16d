"""The gate: one middleware in front of everything, mounted applications included.

Nothing passes without a user but the few addresses that `guard.is_public` knows. It gives each
request an id and a language, finds out who asks, checks where a change comes from, writes the audit
trail before an answer leaves, and sets the security headers.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from urllib.parse import quote, urlsplit

import anyio.to_thread
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.addresses import cookie_name, from_loopback, is_https, own_origins
from api.auth.guard import OWN, is_public
from api.auth.headers import security_headers
from api.logs import log
from api.problems import plain, problem
from graph_model import audit
from graph_model.access import User, set_user
from graph_model.accounts import Accounts
from graph_model.audit import Audit, Event
from graph_model.errors import BadInput, LotgraphError, NotAllowed, NotSignedIn
from graph_model.i18n import use_language
from graph_model.live import at_least
from graph_model.settings import Settings

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LANGUAGE_COOKIE = "lotgraph_lang"
SEEN_COOKIE = "lotgraph_seen"
"""The newest batch that a browser was shown: no worker shows it an older one."""

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
DEMO = User("demo", "Demo", frozenset({"admin"}), via="demo")


class Gate:
    """See the module."""

    def __init__(
        self, inner: ASGIApp, service: FastAPI, settings: Settings, accounts: Accounts, trail: Audit
    ) -> None:
        self._inner = inner
        self._service = service
        self._settings = settings
        self._accounts = accounts
        self._trail = trail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
        elif scope["type"] == "http":
            await _Passage(self, scope, receive, send).run()
        else:  # nothing here speaks by websocket
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def user(self, request: Request) -> User | None:
        """Who asks; None: nobody. Raises NotSignedIn for a token that does not hold."""
        if self._settings.demo:
            if not from_loopback(request):
                raise NotAllowed("demo_is_local")
            return DEMO
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind:
            bearer = kind.lower() == "bearer"
            found = await anyio.to_thread.run_sync(self._accounts.tokens.user, secret)
            if not bearer or found is None:
                raise NotSignedIn("token_not_valid")
            return found
        cookie = request.cookies.get(self.cookie_name(request))
        if not cookie:
            return None
        return await anyio.to_thread.run_sync(self._accounts.sessions.user, cookie)

    def cookie_name(self, request: Request) -> str:
        """Over https the browser itself holds the cookie to this host."""
        return cookie_name(self._settings, request)


class _Passage:
    """One request on its way through the gate."""

    def __init__(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        self._gate, self._scope, self._receive, self._send = gate, scope, receive, send
        self._settings = gate._settings
        self._request = Request(scope, receive)
        self._id = secrets.token_hex(8)
        self._user: User | None = None
        self._told = audit.listen()
        self._began = time.perf_counter()
        self._started = self._dropping = False
        self._bytes = 0

    async def run(self) -> None:
        self._request.state.id = self._id
        self._speak()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=self._id)
        try:
            refused = await self._refused()
            if refused is not None:
                await refused(self._scope, self._receive, self._out)
            else:
                await self._gate._inner(self._scope, self._limited, self._out)
        except HTTPException as error:
            await self._fail(plain("http_413", error.status_code, self._id))
        except Exception:
            log.exception("request.failed", path=self._request.url.path)
            await self._fail(plain("failed", 500, self._id))

    async def _fail(self, answer: Response) -> None:
        if not self._started:
            await answer(self._scope, self._receive, self._out)

    def _speak(self) -> None:
        request = self._request
        wanted = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
        accepted = request.headers.get("accept-language", "")
        use_language(wanted or accepted or self._settings.lang)

    # ------------------------------------------------------------------ who, and may it

    async def _refused(self) -> Response | None:
        request, path = self._request, self._request.url.path
        set_user(None)
        try:
            self._check_host()
            self._check_size()
            if is_public(path):
                self._check_origin()
                return None
            user = self._user = await self._gate.user(request)
            if user is None:
                return self._to_login()
            set_user(user)
            request.state.user = user
            at_least(self._seen)
            if user.via != "token":
                self._check_origin()
            if path in OWN and user.via != "token":
                return None
            if user.must_change:
                return self._to_password()
            if not path.startswith("/api/") and path != "/metrics":
                user.need("screen.use")
        except LotgraphError as error:
            if isinstance(error, NotSignedIn | NotAllowed):
                audit.tell("request.refused", path=path, code=error.code)
            return problem(error, self._id)
        return None

    def _check_host(self) -> None:
        host = urlsplit("//" + self._request.headers.get("host", "")).hostname or ""
        public = urlsplit(self._settings.public_url).hostname
        if self._settings.demo and host not in LOOPBACK_NAMES:
            raise BadInput("host_unknown", host=host)
        if public and host not in {public, *LOOPBACK_NAMES}:
            raise BadInput("host_unknown", host=host)

    def _check_size(self) -> None:
        length = self._request.headers.get("content-length", "")
        if length.isdigit() and int(length) > self._settings.upload_mb << 20:
            raise HTTPException(413)

    def _check_origin(self) -> None:
        """A change must come from our own pages, not from another site in the same browser."""
        request = self._request
        if request.method in SAFE:
            return
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        if origin is not None:
            if origin not in own_origins(self._settings, request):
                raise NotAllowed("foreign_origin", origin=origin)
        elif site not in (None, "same-origin", "none"):
            raise NotAllowed("foreign_origin", origin=site)

    def _to_login(self) -> Response:
        request = self._request
        if _wants_page(request):
            target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?next={quote(target)}", 303)
        return problem(NotSignedIn("not_signed_in"), self._id)

    def _to_password(self) -> Response:
        if _wants_page(self._request):
            return RedirectResponse("/password", 303)
        return problem(NotAllowed("password_must_change"), self._id)

    # ------------------------------------------------------------------ in and out

    async def _limited(self) -> Message:
        """Bodies without a stated length are counted as they come."""
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._settings.upload_mb << 20:
            raise HTTPException(413)
        return message

    async def _out(self, message: Message) -> None:
        if self._dropping:
            return
        if message["type"] == "http.response.start":
            self._started = True
            unwritten = await self._write_trail(message["status"])
            if unwritten is not None:
                self._dropping = True
                await unwritten(self._scope, self._receive, self._headed)
                return
        await self._headed(message)

    async def _headed(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self._id
            if self._settings.workers > 1 and self._user is not None:
                self._keep_seen(headers)
            for name, value in security_headers(self._gate._service, self._https).items():
                headers.setdefault(name, value)
            log.info(
                "request", method=self._request.method, path=self._request.url.path,
                status=message["status"], account=self._user.account if self._user else "",
                ms=round((time.perf_counter() - self._began) * 1000, 1),
            )  # fmt: skip
        await self._send(message)

    @property
    def _seen(self) -> int:
        """The newest batch that this browser says it was shown; 0 for none."""
        told = self._request.cookies.get(SEEN_COOKIE, "")
        return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else 0

    def _keep_seen(self, headers: MutableHeaders) -> None:
        """Workers follow the ledger one a little behind the other."""
        newest = max(
            self._gate._service.state.plant.newest, getattr(self._request.state, "seen", 0)
        )
        if newest > self._seen:
            secure = "; Secure" if self._https else ""
            headers.append(
                "set-cookie", f"{SEEN_COOKIE}={newest}; Path=/; HttpOnly; SameSite=Lax{secure}"
            )

    @property
    def _https(self) -> bool:
        return is_https(self._settings, self._request)

    async def _write_trail(self, status: int) -> Response | None:
        """The events on disk; else the answer to give instead of the one that was made."""
        user = self._user
        origin = self._request.client.host if self._request.client else ""
        futures = [
            self._gate._trail.enter(
                Event(
                    one.event, user.account if user else "", user.via if user else "",
                    origin, self._id, one.params, one.batch, one.size, status,
                )
            )
            for one in self._told
        ]  # fmt: skip
        self._told.clear()
        try:
            for future in futures:
                await asyncio.wrap_future(future)
        except LotgraphError as error:
            log.error("audit.unwritable", why=str(error))
            return problem(error, self._id)
        return None


def _wants_page(request: Request) -> bool:
    path = request.url.path
    asked = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    return asked and not path.startswith("/api/")
