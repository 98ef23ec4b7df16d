"""Is the service up, can it answer, and how busy is it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.auth.guard import guard

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> dict[str, str]:
    """The process is up."""
    return {"status": "up"}


@router.get("/ready", responses={503: {"description": "Not yet; `waits_for` says for what"}})
def ready(request: Request, response: Response) -> dict[str, Any]:
    """Graph and arrays stand on the last batch, and the ledger can be written."""
    plant = request.app.state.plant
    waits = [
        name for name, good in (("graph", plant.ready), ("ledger", plant.writable())) if not good
    ]
    if waits:
        response.status_code = 503
        response.headers["retry-after"] = "5"
    return {"ready": not waits, "waits_for": waits}


@router.get("/metrics", dependencies=[guard("metrics.read", audit="metrics.read")],
            response_class=Response)  # fmt: skip
def metrics(request: Request) -> Response:
    """Counters for Prometheus, of all workers together."""
    return Response(generate_latest(request.app.state.metrics), media_type=CONTENT_TYPE_LATEST)
