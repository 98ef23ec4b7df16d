"""The audit trail, and the description of this API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.answers import listed
from api.asked import Asked, Word
from api.auth.guard import guard
from api.doors import Rows, answered
from graph_model.audit import Audit
from graph_model.errors import BadInput

router = APIRouter(prefix="/api/v1", tags=["audit"])


class Sought(Asked):
    """Entries of the trail, from the one behind `after` on."""

    account: Word | None = None
    event: Word | None = None
    since: Word | None = Field(default=None, description="ISO time in UTC")


class Verified(BaseModel):
    """Whether the trail is as it was written; keep `head` elsewhere to find a cut-off end."""

    head: str
    faults: list[int]


@router.get("/audit", dependencies=[guard("audit.read", audit="audit.read")],
            response_class=Response, responses=answered(Rows[dict[str, Any]]))  # fmt: skip
def entries(request: Request, asked: Annotated[Sought, Query()]) -> Response:
    """Who did what, when, from where, on what; each entry hashed with the one before.

    Pages by number: `after` is the number of the last entry read. Without `limit` all entries.
    """
    trail: Audit = request.app.state.audit
    after = asked.after or "0"
    if not (after.isascii() and after.isdigit()) or len(after) > 18:
        raise BadInput("bad_cursor", value=after)
    found = trail.entries(
        after=int(after), limit=asked.limit, account=asked.account, event=asked.event,
        since=asked.since,
    )  # fmt: skip
    return listed(request, [asdict(one) for one in found])


@router.get("/audit/verify", dependencies=[guard("audit.read", audit="audit.verified")])
def verify(request: Request) -> Verified:
    """Goes through the whole chain of hashes."""
    trail: Audit = request.app.state.audit
    number, digest = trail.head()
    return Verified(head=f"{number}:{digest}", faults=trail.faults())


@router.get("/audit/shared", dependencies=[guard("audit.read", audit="audit.read")],
            response_class=Response, responses=answered(Rows[dict[str, Any]]))  # fmt: skip
def shared(request: Request, hours: Annotated[float, Query(gt=0, le=8784)] = 1) -> Response:
    """Accounts that were used from several addresses within so many hours."""
    trail: Audit = request.app.state.audit
    return listed(request, trail.shared(hours))


@router.get("/openapi.json", dependencies=[guard("account.own", audit="api.described")])
def openapi(request: Request) -> dict[str, Any]:
    """This API as OpenAPI."""
    described: dict[str, Any] = request.app.openapi()
    return described
