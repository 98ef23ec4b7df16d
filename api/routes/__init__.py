"""The addresses of the service: each module with a `router` takes part, nothing else lists them."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil

from fastapi import FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def include(app: FastAPI) -> None:
    """Adds the router of every module of this package."""
    for found in pkgutil.iter_modules(__path__):
        app.include_router(importlib.import_module(f"{__name__}.{found.name}").router)


def mount_screens(app: FastAPI) -> None:
    """Mounts the screens at `/`, behind all routes; what is below /api and unknown stays so."""

    async def unknown(request: Request) -> Response:
        here = {
            method
            for route in iter_route_contexts(app.routes)
            if route.original_route.matches(request.scope)[0] == Match.PARTIAL
            for method in route.methods or ()
        }
        if here:
            raise HTTPException(405, headers={"allow": ", ".join(sorted(here))})
        raise HTTPException(404)

    app.add_route("/api/{rest:path}", unknown, methods=_METHODS, include_in_schema=False)
    if importlib.util.find_spec("dashboard") is None:
        return
    screens = importlib.import_module("dashboard.server").mount(app, app.state.plant)
    app.state.script_hashes = tuple(screens.csp_hashes())
