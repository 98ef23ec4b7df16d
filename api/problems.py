"""Errors as problem+json (RFC 9457): one shape for all doors, in the reader's language."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.answers import Unchanged
from graph_model.errors import Ambiguous, EngineError, Locked, LotgraphError, TooMany
from graph_model.i18n import catalogue, language, text

RETRY_SECONDS = 5
"""After which a graph that did not answer, or an importer that holds the ledger, is tried again."""


class Problem(BaseModel):
    """What every error answers with."""

    type: str = Field(description="lotgraph:<code>; the code is stable")
    title: str = Field(description="What is wrong and what to do, in the reader's language")
    status: int
    code: str
    request: str = Field(description="Id of the request, as in the log and the audit trail")
    params: dict[str, Any] = {}
    choices: list[Any] | None = Field(default=None, description="What an ambiguous number fits")
    errors: list[dict[str, Any]] | None = Field(default=None, description="Bad fields, one each")


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {"application/problem+json": {}}, "description": words}
    for status, words in (
        (400, "The request cannot be understood"),
        (401, "Nobody is signed in"),
        (403, "The role lacks the permission"),
        (404, "Nothing carries that number or name"),
        (409, "The number fits several things"),
        (413, "The body is too large"),
        (422, "Something given cannot be used"),
        (423, "Another process is importing"),
        (429, "Too many requests, or too dear a question"),
        (500, "The ledger is damaged, or the service failed"),
        (503, "The graph does not answer; try again"),
    )
}


def problem(error: LotgraphError, request: str) -> Response:
    """The answer to an error of the tree."""
    headers = {}
    if isinstance(error, TooMany):
        headers["retry-after"] = str(error.seconds)
    elif isinstance(error, EngineError | Locked):
        headers["retry-after"] = str(RETRY_SECONDS)
    content = _content(error.code, str(error), error.status, request, params=error.params)
    if isinstance(error, Ambiguous):
        content["choices"] = error.choices
    return _answer(content, headers)


def plain(code: str, status: int, request: str, **more: Any) -> Response:
    """The answer to what is no error of the tree: an unknown address, a failure."""
    return _answer(_content(code, text(f"problem.{code}"), status, request, **more), {})


def _content(code: str, title: str, status: int, request: str, **more: Any) -> dict[str, Any]:
    return {"type": f"lotgraph:{code}", "title": title, "status": status, "code": code,
            "request": request, **more}  # fmt: skip


def _answer(content: dict[str, Any], headers: dict[str, str]) -> Response:
    shown = {
        name: value if isinstance(value, str | int | float | list | dict | None) else str(value)
        for name, value in content.items()
    }
    if "params" in shown:
        shown["params"] = {
            name: value if isinstance(value, str | int | float | None) else str(value)
            for name, value in content["params"].items()
        }
    return JSONResponse(shown, content["status"], headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Makes the application answer all its errors in this shape."""

    @app.exception_handler(LotgraphError)
    async def known(request: Request, error: LotgraphError) -> Response:
        return problem(error, request.state.id)

    @app.exception_handler(Unchanged)
    async def unchanged(request: Request, same: Unchanged) -> Response:
        return Response(status_code=304, headers={"etag": same.etag})

    @app.exception_handler(RequestValidationError)
    async def bad_fields(request: Request, error: RequestValidationError) -> Response:
        errors = [
            {"field": ".".join(map(str, one["loc"])), "problem": one["msg"], "kind": one["type"]}
            for one in error.errors()
        ]
        return plain("bad_fields", 422, request.state.id, errors=errors)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        code = f"http_{error.status_code}"
        known_text = f"problem.{code}" in catalogue(language())
        answer = plain(code if known_text else "http_400", error.status_code, request.state.id)
        answer.headers.update(error.headers or {})
        return answer
