"""A question as two addresses: GET with a query, which can be a 304, and POST for long lists."""

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import ARROW, CSV, NDJSON, XLSX
from api.auth.guard import guard

# No postponed annotations here: FastAPI reads the models that `asks` is given from them.

Row = TypeVar("Row")


class Missing(BaseModel):
    """What an answer lacks: kind, how many, in words, and the lots concerned."""

    model_config = ConfigDict(extra="allow")

    kind: str
    text: str


class Answer(BaseModel):
    """What every answer says of itself; its other fields are described in docs/cli.md."""

    model_config = ConfigDict(extra="allow")

    as_of: int | None = Field(default=None, description="Ledger batch that it stands on")
    head: str | None = Field(default=None, description="Number and hash of that batch")
    complete: bool = Field(description="False: `missing` says what is missing")
    missing: list[Missing]
    withheld: list[str] | None = Field(default=None, description="Fields that your role hides")
    total: int | None = Field(default=None, description="Rows of the whole list")
    next: str | None = Field(default=None, description="Where the next page begins (`after`)")


class Rows(Answer, Generic[Row]):
    """An answer that is one list."""

    rows: list[Row]


def answered(model: Any = Answer) -> dict[int | str, dict[str, Any]]:
    """How a successful answer is described in OpenAPI."""
    others: dict[str, Any] = {kind: {} for kind in (NDJSON, CSV, ARROW, XLSX)}
    return {
        200: {"model": model, "content": others},
        304: {"description": "Your copy (If-None-Match) is of this batch"},
        406: {"description": "No format that you accept"},
    }


def asks(
    router: APIRouter,
    path: str,
    model: type[BaseModel],
    *,
    permission: str,
    audit: str,
    answers: Any = Answer,
    described: dict[int | str, dict[str, Any]] | None = None,
    title: str = "",
) -> Callable[[Callable[[Request, Any], Response]], Callable[[Request, Any], Response]]:
    """Makes a function `(request, asked) -> Response` answer at `path` by GET and POST.

    `model`: the fields of the question; `answers`: the model of an answer, or `described`: how
    it is told in OpenAPI where it is no list. The function's docstring describes both addresses.
    """

    def register(
        function: Callable[[Request, Any], Response],
    ) -> Callable[[Request, Any], Response]:
        def get(request: Request, asked: Annotated[model, Query()]) -> Response:  # type: ignore[valid-type]
            return function(request, asked)

        def post(request: Request, asked: Annotated[model, Body()]) -> Response:  # type: ignore[valid-type]
            return function(request, asked)

        name = path.strip("/").replace("/", "_").replace("-", "_").removeprefix("api_v1_")
        for method, door in (("GET", get), ("POST", post)):
            door.__doc__ = function.__doc__
            router.add_api_route(
                path, door, methods=[method], dependencies=[guard(permission, audit=audit)],
                response_class=Response, responses=described or answered(answers),
                summary=title or None,
                operation_id=f"{name}_{method.lower()}", name=f"{name}_{method.lower()}",
            )  # fmt: skip
        return function

    return register
