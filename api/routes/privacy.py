"""Names of people: how long they are kept, and making one unreadable."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from api import privacy
from api.answers import listed, moment_of
from api.asked import Asked, Signed, Word
from api.auth.guard import guard
from api.deeds import ROWS, Done, deed, done
from queries import retention

router = APIRouter(prefix="/api/v1", tags=["privacy"])


class Kept(Signed):
    """How long personal data of one kind are kept; what is left out stays."""

    subject: Literal["operator", "contact"] | None = None
    months: float | None = Field(default=None, ge=0, le=12_000)
    citation: Word | None = None
    checked: Word | None = None


@router.get("/people", dependencies=[guard("privacy.erase", audit="people.read")], **ROWS)
def people(
    request: Request, asked: Annotated[Asked, Query()],
    due: Annotated[bool, Query(description="Only whose time is over")] = False,
) -> Response:  # fmt: skip
    """Everyone the ledger names, and until when the name is kept."""
    moment = moment_of(request, asked.as_of, asked.after, keep=False)
    rows = privacy.listing(moment.facts, request.app.state.plant.names, due=due)
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


@router.post("/people/{person}/erase",
             dependencies=[guard("privacy.erase", audit="person.erased")])  # fmt: skip
def erase(request: Request, person: Word, asked: Signed) -> Done:
    """Makes a person unreadable, by pseudonym or name; the ledger stays as it is."""
    with deed(request, asked) as (plant, actor):
        pseudonym = privacy.erase(plant, actor, person)
    return done(request, {"erased": pseudonym})


@router.get("/retention", dependencies=[guard("privacy.erase", audit="retention.read")], **ROWS)
def rules(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """How long names are kept, with the source of each rule."""
    moment = moment_of(request, asked.as_of, asked.after)
    rows = [vars(rule) for rule in retention.rules(moment.facts).values()]
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


@router.put("/retention/{rule}", dependencies=[guard("privacy.erase", audit="retention.set")])
def keep(request: Request, rule: Word, asked: Kept) -> Done:
    """States how long personal data are kept; its history stays in the ledger."""
    values = asked.model_dump(exclude={"reason", "role"})
    with deed(request, asked) as (plant, actor):
        privacy.keep(plant, actor, rule, **values)
    return done(request)
