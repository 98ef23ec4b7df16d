"""Addresses of an incident: lists that are read, and deeds signed by who is signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.answers import listed, moment_of
from api.asked import Asked, Signed, Word, who
from api.auth.guard import guard
from api.doors import Rows, answered
from api.incidents import Actor
from graph_model.access import redact, signed_in
from graph_model.live import LivePlant, Moment
from graph_model.plant import Plant
from queries import given
from queries.incidents import cases as reading
from queries.incidents.cases import Home

AnyRow = Rows[dict[str, Any]]
ROWS: Any = {"response_class": Response, "responses": answered(AnyRow)}


class Done(BaseModel):
    """What a deed led to."""

    batch: int
    result: Any = None


@contextmanager
def deed(request: Request, asked: Signed) -> Iterator[tuple[Plant, Actor]]:
    """The plant to write and who does it; readers see the deed when the block has ended."""
    plant: LivePlant = request.app.state.plant
    role = asked.role or ", ".join(sorted(signed_in().roles))
    with plant.writing() as writer:
        yield writer, Actor(who(request), role, asked.reason)


def done(request: Request, result: Any = None) -> Done:
    """The answer to a deed, without what its doer may not see."""
    plant: LivePlant = request.app.state.plant
    batch = plant.now().batch
    request.state.told.batch = batch
    return Done(batch=batch, result=redact(result, signed_in()))


def home(request: Request) -> Home:
    """The plant's country and time zone."""
    return Home.of(request.app.state.settings)


def time_of(request: Request, content: str | None) -> int | None:
    """Microseconds UTC of a time as it was sent; None for none. Raises BadInput."""
    zone = request.app.state.settings.timezone
    return given.moment(content, zone, end=False) if content else None


def key_of(moment: Moment, number: str) -> str:
    """Key of an incident by its number. Raises NotFound."""
    key: str = reading.find(moment.facts, number)["key"]
    return key


def reads(
    router: APIRouter, path: str, permission: str, audit: str, words: str,
    make: Callable[[Request, Moment, str], list[dict[str, Any]]],
) -> None:  # fmt: skip
    """One list about one incident."""

    def read(request: Request, number: Word, asked: Annotated[Asked, Query()]) -> Response:
        moment = moment_of(request, asked.as_of, asked.after, keep=False)
        rows = make(request, moment, number)
        return listed(request, rows, moment, limit=asked.limit, after=asked.after)

    read.__doc__ = words
    router.add_api_route(
        f"/incidents/{{number}}/{path}", read, methods=["GET"], name=f"incident_{path}",
        dependencies=[guard(permission, audit=audit)], **ROWS,
    )  # fmt: skip


def acts(
    router: APIRouter, path: str, model: type[Signed], permission: str, audit: str, words: str,
    act: Callable[[Request, Plant, Actor, str, Any], Any],
) -> None:  # fmt: skip
    """One deed in an incident."""

    def do(request: Request, number: str, asked: Any) -> Done:
        with deed(request, asked) as (plant, actor):
            result = act(request, plant, actor, number, asked)
        return done(request, result)

    do.__doc__ = words
    do.__annotations__ = {"request": Request, "number": Word, "asked": model, "return": Done}
    router.add_api_route(
        f"/incidents/{{number}}/{path}", do, methods=["POST"], name=f"incident_{path}_post",
        dependencies=[guard(permission, audit=audit)],
    )  # fmt: skip
