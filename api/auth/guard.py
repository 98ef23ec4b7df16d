"""Each route names its permission and its audit event: `dependencies=[guard(...)]`.

`check` refuses to start an application with a route that names none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.params import Depends
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from graph_model.access import PERMISSIONS, signed_in
from graph_model.audit import tell

PUBLIC = frozenset({
    "/health", "/ready", "/login", "/login/oidc", "/login/oidc/callback", "/push/{name}",
})  # fmt: skip
"""All routes that can be reached without being signed in. What is pushed is signed itself."""

_PUSH = "/push/"

OWN = frozenset({"/logout", "/password"})
"""What anybody signed in may do, also before the first password is changed."""

_BODY_SHOWN = 20_000


def is_public(path: str) -> bool:
    """Whether an address is one of a public route."""
    return path in PUBLIC or (path.startswith(_PUSH) and "/" not in path.removeprefix(_PUSH))


class Guard:
    """Lets a request through if its user has the permission; either way the trail hears of it."""

    def __init__(self, permission: str, audit: str) -> None:
        if permission not in PERMISSIONS:
            raise ValueError(f"no such permission: {permission}")
        self.permission = permission
        self.audit = audit

    async def __call__(self, request: Request) -> None:
        params = {**request.path_params, **_query(request), **await _body(request)}
        request.state.told = tell(self.audit, **params)
        signed_in().need(self.permission)


def guard(permission: str, *, audit: str) -> Depends:
    """The permission that a route needs, and what the audit trail calls it."""
    return Depends(Guard(permission, audit))


def guarded(app: FastAPI) -> Iterator[tuple[RouteContext, list[Guard]]]:
    """Every route of the service that is not public, with its guards."""
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute) and route.path not in PUBLIC | OWN:
            named = [one.dependency for one in route.dependencies]
            yield route, [one for one in named if isinstance(one, Guard)]


def check(app: FastAPI) -> None:
    """Raises RuntimeError for a route that is not public and has not exactly one guard."""
    for route, found in guarded(app):
        if len(found) != 1:
            raise RuntimeError(f"{route.path} has {len(found)} guards")


def _query(request: Request) -> dict[str, Any]:
    query = request.query_params
    return {name: values if len(values := query.getlist(name)) > 1 else values[0] for name in query}


async def _body(request: Request) -> dict[str, Any]:
    """What was sent as JSON; files are told by the routes that take them."""
    if "json" not in request.headers.get("content-type", ""):
        return {}
    size = request.headers.get("content-length", "")
    if size.isascii() and size.isdigit() and int(size) > _BODY_SHOWN:
        return {"body_bytes": int(size)}
    content = await request.body()
    if len(content) > _BODY_SHOWN:
        return {"body_bytes": len(content)}
    try:
        sent = json.loads(content)
    except ValueError:
        return {}
    return sent if isinstance(sent, dict) else {"body": sent}
