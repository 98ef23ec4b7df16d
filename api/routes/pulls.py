"""Source systems: where they stand, a pull by hand, and documents that they push."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Annotated, Any, NamedTuple

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api import pulling
from api.answers import listed
from api.asked import Word, who
from api.auth.guard import guard
from api.doors import Rows, answered
from api.routes.imports import Progress
from graph_model import audit
from graph_model.access import signed_in
from graph_model.errors import BadInput, NotSignedIn
from graph_model.settings import Settings
from loaders.sources import config
from loaders.sources.jiandaoyun import check_push
from loaders.sources.pulling import How
from loaders.sources.standing import standing
from loaders.sources.state import States

router = APIRouter(tags=["sources"])

_MOST_BYTES = 1 << 20


class Standing(BaseModel):
    """A source: `cursor` is the newest change seen by form, `waiting` what was pushed and waits."""

    name: str
    kind: str
    address: str
    every: int
    pulled_at: float | None
    batch: int | None
    cursor: dict[str, str]
    waiting: int
    error: str | None


class Pull(BaseModel):
    """How to pull."""

    model_config = ConfigDict(extra="forbid")

    full: bool = Field(default=False, description="All that the source has, not only what is new")
    accept_empty: bool = Field(
        default=False, description="Believe forms that had documents and give none any more"
    )
    dry_run: bool = Field(default=False, description="Read and check only")


@router.get("/api/v1/sources", dependencies=[guard("import.read", audit="sources.listed")],
            response_class=Response, responses=answered(Rows[Standing]))  # fmt: skip
def sources(request: Request) -> Response:
    """The sources of `sources.toml` and where they stand."""
    known = config.read(request.app.state.settings)
    return listed(request, standing(request.app.state.records, known))


@router.post("/api/v1/pulls/{name}", status_code=202,
             dependencies=[guard("import.run", audit="pull.begun")])  # fmt: skip
def pull(request: Request, name: Word, options: Pull) -> Progress:
    """Pulls a source in the background; the job is one of the imports."""
    source = config.one(request.app.state.settings, name)
    state = request.app.state
    job = pulling.begin(
        state.plant, state.jobs, source, signed_in().account, who(request),
        How(**options.model_dump()),
    )  # fmt: skip
    return Progress(**asdict(job))


@router.post("/push/{name}", status_code=202)
async def push(
    request: Request,
    name: Word,
    nonce: Annotated[Word, Query(description="As signed")] = "",
    timestamp: Annotated[Word, Query(description="Seconds since 1970, as signed")] = "",
) -> dict[str, Any]:
    """A document that a source sends by itself, signed with the secret it shares with us.

    Kept before the answer; a delivery that comes again is told so and changes nothing.
    """
    payload = await _payload(request)
    said = request.headers.get("x-jdy-signature", "")
    # Without an id of its own a delivery is known by what it says and when.
    delivery = request.headers.get("x-jdy-deliverid") or said
    signed = _Signed(name, payload, nonce, timestamp, said, delivery)
    fresh = await anyio.to_thread.run_sync(_keep, request, signed)
    audit.tell("push.received", source=name, delivery=delivery, fresh=fresh)
    return {"kept": fresh}


class _Signed(NamedTuple):
    name: str
    payload: str
    nonce: str
    timestamp: str
    said: str
    delivery: str


def _keep(request: Request, pushed: _Signed) -> bool:
    """Keeps a push whose signature is right. A stranger learns no name of a source."""
    settings: Settings = request.app.state.settings
    source = config.read(settings).get(pushed.name)
    if source is None or source.kind != "jiandaoyun":
        raise NotSignedIn("push_signature")
    secret = source.secret(settings, "push_secret")
    check_push(secret, pushed.payload, pushed.nonce, pushed.timestamp, pushed.said, time.time())
    try:
        content = json.loads(pushed.payload)
    except ValueError as error:
        raise BadInput("push_unreadable") from error
    if not isinstance(content, dict) or not isinstance(content.get("data"), dict):
        raise BadInput("push_unreadable")
    return States(request.app.state.records).keep(pushed.name, pushed.delivery, content)


async def _payload(request: Request) -> str:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > _MOST_BYTES:
            raise HTTPException(413)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BadInput("push_unreadable") from error
