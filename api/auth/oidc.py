"""Signing in at a company's own OpenID Connect server: authorization code with PKCE.

What comes back is trusted only if it belongs to a sign-in that began in this browser (state in a
cookie, kept on the server for one use), is signed by the server's key, and is meant for us.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.auth.addresses import cookie_name, is_https
from api.auth.login import enter, refused_page
from graph_model.accounts import Accounts
from graph_model.accounts.flows import FLOW_SECONDS
from graph_model.audit import tell
from graph_model.errors import LotgraphError, NotFound, NotSignedIn
from graph_model.settings import Settings

router = APIRouter(include_in_schema=False)

_SECONDS = 10
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_LEEWAY = 60


@router.get("/login/oidc")
def leave(request: Request) -> Response:
    """Sends the browser to the other server."""
    settings: Settings = request.app.state.settings
    accounts: Accounts = request.app.state.accounts
    if not settings.oidc_issuer:
        raise NotFound("no_oidc")
    try:
        known = _discovered(settings)
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise NotSignedIn("oidc_unreachable", issuer=settings.oidc_issuer) from error
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    state = accounts.flows.leave({"verifier": verifier, "nonce": nonce})
    address = prepare_grant_uri(
        known["authorization_endpoint"], settings.oidc_client_id, "code",
        redirect_uri=_own_address(settings, request), scope="openid profile email", state=state,
        nonce=nonce, code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
    )  # fmt: skip
    answer = RedirectResponse(address, 303)
    answer.set_cookie(
        _flow_cookie(settings, request), state, max_age=FLOW_SECONDS, path="/", httponly=True,
        samesite="lax", secure=is_https(settings, request),
    )  # fmt: skip
    return answer


@router.get("/login/oidc/callback")
def come_back(
    request: Request,
    state: Annotated[str, Query(max_length=500)] = "",
    code: Annotated[str, Query(max_length=5000)] = "",
) -> Response:
    """Takes who was vouched for, starts a session, goes to the start page."""
    settings: Settings = request.app.state.settings
    accounts: Accounts = request.app.state.accounts
    cookie = _flow_cookie(settings, request)
    try:
        if not state or request.cookies.get(cookie) != state:
            raise NotSignedIn("sign_in_failed")
        flow = accounts.flows.come_back(state)
        claims = _claims(settings, request, code, flow)
        found = accounts.of_subject(
            f"{claims['iss']} {claims['sub']}", _name(claims), _roles(settings, claims)
        )
    except LotgraphError as error:
        tell("session.refused", code=error.code)
        return HTMLResponse(refused_page(request, str(error)), error.status)
    tell("session.begun", account=found.account, name=found.name)
    answer = enter(request, found.account, "/")
    answer.delete_cookie(cookie, path="/", secure=is_https(settings, request), httponly=True)
    return answer


def _claims(
    settings: Settings, request: Request, code: str, flow: dict[str, str]
) -> dict[str, Any]:
    """The claims of the identity token, checked. Raises NotSignedIn."""
    try:
        known = _discovered(settings)
        token = _fetched(
            known["token_endpoint"],
            {
                "grant_type": "authorization_code", "code": code,
                "redirect_uri": _own_address(settings, request),
                "code_verifier": flow["verifier"],
            },
            (settings.oidc_client_id, settings.oidc_client_secret.get_secret_value()),
        )  # fmt: skip
        keys = KeySet.import_key_set({"keys": _fetched(known["jwks_uri"])["keys"]})
        claims = jwt.decode(token["id_token"], keys, algorithms=_ALGORITHMS).claims
        checks = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": known["issuer"]},
            aud={"essential": True, "value": settings.oidc_client_id},
            exp={"essential": True}, sub={"essential": True},
            nonce={"essential": True, "value": flow["nonce"]},
        )  # fmt: skip
        checks.validate(claims)
    except (httpx.HTTPError, JoseError, ValueError, KeyError) as error:
        raise NotSignedIn("oidc_refused", issuer=settings.oidc_issuer) from error
    return dict(claims)


def _discovered(settings: Settings) -> dict[str, Any]:
    """What the server says of itself (OpenID Connect Discovery 1.0, section 4)."""
    issuer = settings.oidc_issuer.rstrip("/")
    known = _fetched(f"{issuer}/.well-known/openid-configuration")
    if str(known["issuer"]).rstrip("/") != issuer:
        raise ValueError(known["issuer"])
    return known


def _fetched(
    address: str, form: dict[str, str] | None = None, auth: tuple[str, str] | None = None
) -> dict[str, Any]:
    """What the server answers, as JSON; with `form`: to a POST."""
    if form is None:
        answer = httpx.get(address, timeout=_SECONDS)
    else:
        answer = httpx.post(address, data=form, auth=auth, timeout=_SECONDS)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _own_address(settings: Settings, request: Request) -> str:
    base = settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    return f"{base}/login/oidc/callback"


def _flow_cookie(settings: Settings, request: Request) -> str:
    return cookie_name(settings, request) + "-oidc"


def _name(claims: dict[str, Any]) -> str:
    return str(claims.get("name") or claims.get("email") or claims["sub"])[:200]


def _roles(settings: Settings, claims: dict[str, Any]) -> set[str]:
    """Roles by the groups that the server names; an unknown group gives none."""
    groups = claims.get(settings.oidc_claim, [])
    named = groups if isinstance(groups, list) else [groups]
    return {settings.oidc_roles[name] for name in named if name in settings.oidc_roles}
