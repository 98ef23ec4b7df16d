"""Time limits of incidents: those in force, and those that a plant states itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from api import incidents
from api.answers import listed, moment_of
from api.asked import Asked, Signed, Word
from api.auth.guard import guard
from api.deeds import ROWS, Done, deed, done
from queries.incidents import deadlines

router = APIRouter(prefix="/api/v1", tags=["deadlines"])


class DeadlineSet(Signed):
    """A time limit of the plant's own, or a change of a shipped one; what is left out stays."""

    jurisdiction: Word | None = None
    product_kind: Word | None = None
    recall_class: Word | None = None
    customer: Word | None = None
    binding: Word | None = None
    trigger: Word | None = None
    act: Word | None = None
    hours: float | None = Field(default=None, gt=0, le=100_000)
    working_days: int | None = Field(default=None, ge=1, le=10_000)
    calendar: Word | None = None
    timezone: Word | None = None
    title_en: Word | None = None
    title_zh: Word | None = None
    citation: Word | None = None
    text_date: Word | None = None
    checked: Word | None = None
    active: bool | None = None


@router.get("/deadlines", dependencies=[guard("incident.read", audit="deadlines.read")], **ROWS)
def list_deadlines(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Every time limit in force, with its source and when its text was checked."""
    moment = moment_of(request, asked.as_of, asked.after)
    rows = [{"rule": name} | vars(rule) for name, rule in deadlines.rules(moment.facts).items()]
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


@router.put("/deadlines/{rule}", dependencies=[guard("rules.write", audit="deadline.set")])
def set_deadline(request: Request, rule: Word, asked: DeadlineSet) -> Done:
    """States a time limit, or changes a shipped one; its history stays in the ledger."""
    values = asked.model_dump(exclude={"reason", "role"})
    with deed(request, asked) as (plant, actor):
        incidents.set_deadline(plant, actor, rule, values)
    return done(request)
