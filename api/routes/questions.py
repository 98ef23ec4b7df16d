"""find, every question of the catalogue by name, and traces."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any, Literal, get_args, get_type_hints

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, create_model

from api.answers import answer, listed, moment_of
from api.asked import Asked, Word, Words
from api.auth.guard import guard
from api.doors import Rows, answered, asks
from graph_model.access import signed_in
from graph_model.errors import NotFound
from queries import catalogue, given, traces
from queries.catalogue import Question

router = APIRouter(prefix="/api/v1", tags=["questions"])

_PERSONS = {"lots_of_operator"}
"""Questions that take the name of a person: the ledger knows the pseudonym."""


class Named(Asked):
    """Anything printed or typed."""

    number: Word = Field(min_length=1, description="Lot, order, delivery, item, customer …")


class Traced(Asked):
    """Where lots went, or came from."""

    lot: Words = Field(min_length=1, description="NUMBER, ITEM/NUMBER or OWNER/ITEM/NUMBER")
    direction: Literal["forward", "backward", "both"] = "forward"


@asks(
    router, "/find", Named, permission="lot.read", audit="lot.found", answers=Rows[dict[str, Any]]
)
def find(request: Request, asked: Named) -> Response:
    """Anything that carries a number: lots, orders, deliveries, items, companies."""
    moment = moment_of(request, asked.as_of, asked.after)
    with moment.graph() as graph:
        found = given.rows(catalogue.questions()["find"].function(graph, number=asked.number))
    if not found or not asked.number.strip():
        raise NotFound("number_not_found", number=asked.number)
    return listed(request, found, moment, limit=asked.limit, after=asked.after)


@asks(router, "/trace", Traced, permission="trace.read", audit="lot.traced")
def trace(request: Request, asked: Traced) -> Response:
    """Where lots went (`forward`), came from (`backward`), or both: lots, flows, shipments."""
    moment = moment_of(request, asked.as_of, asked.after)
    with request.app.state.budget.spend(signed_in().account):
        roots = given.lots(moment.lineage, asked.lot)
        found = traces.to_dict(moment.facts, moment.lineage, roots, asked.direction)
    return answer(request, found, "lots", limit=asked.limit, after=asked.after)


@router.get("/questions", dependencies=[guard("lot.read", audit="questions.listed")],
            response_class=Response, responses=answered(Rows[dict[str, Any]]))  # fmt: skip
def questions(request: Request) -> Response:
    """Every question by name, in words, with its parameters."""
    rows = [
        {"name": one.name, "title": one.title, "params": list(one.params)}
        for one in catalogue.questions().values()
    ]
    return listed(request, rows)


def _fields(question: Question) -> type[BaseModel]:
    """The parameters of a question as fields; what they must be is judged where they are read."""
    fields: dict[str, Any] = {}
    for name, hint in question.params.items():
        several = name == "lots" or str(hint).startswith(("list", "collections.abc.Sequence"))
        fields[name] = (Words, []) if several else (Word | None, None)
    return create_model(f"{question.name}_asked", __base__=Asked, **fields)


def _answers(question: Question) -> Any:
    """The model of a question's answer, by the row type of its function."""
    rows = get_args(get_type_hints(question.function).get("return"))
    row: Any = rows[0] if rows and is_dataclass(rows[0]) else dict[str, Any]
    return Rows.__class_getitem__(row)


def _register(question: Question) -> None:
    own = list(question.params)

    @asks(
        router, f"/questions/{question.name}", _fields(question), permission="trace.read",
        audit="question.asked", answers=_answers(question), title=question.name,
    )  # fmt: skip
    def ask(request: Request, asked: Any) -> Response:
        moment = moment_of(request, asked.as_of, asked.after)
        values = {name: getattr(asked, name) for name in own if getattr(asked, name)}
        plant = request.app.state.plant
        if question.name in _PERSONS and "person" in values:
            values["person"] = plant.pseudonym(values["person"])
        arguments = given.arguments(question, values, moment.lineage, plant.settings.timezone)
        with request.app.state.budget.spend(signed_in().account), moment.graph() as graph:
            found = given.rows(question.function(graph, **arguments))
        return listed(request, found, moment, limit=asked.limit, after=asked.after)


for _question in catalogue.questions().values():
    _register(_question)
