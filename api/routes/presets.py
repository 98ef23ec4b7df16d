"""Presets: how tables of files are read, kept under names by who confirmed it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.answers import listed
from api.asked import size
from api.auth.guard import guard
from api.doors import Rows, answered
from loaders.presets import Presets

router = APIRouter(prefix="/api/v1", tags=["imports"])

Name = Annotated[str, Path(max_length=300, description="Name of the preset")]


class Kept(BaseModel):
    """A preset: who kept it when (seconds since 1970), and its tables."""

    name: str
    who: str
    at: float
    tables: list[dict[str, Any]]


def _presets(request: Request) -> Presets:
    return Presets(request.app.state.records)


@router.get("/presets", dependencies=[guard("import.read", audit="presets.listed")],
            response_class=Response, responses=answered(Rows[Kept]))  # fmt: skip
def presets(request: Request) -> Response:
    """How files are read by headings that were seen before, the newest first."""
    return listed(request, [one.to_dict() for one in _presets(request).all()])


@router.get("/presets/{name}", dependencies=[guard("import.read", audit="preset.read")])
def one(request: Request, name: Name) -> Kept:
    """One preset; its tables serve as the `mapping` of an import."""
    found = _presets(request).get(name)
    size(request, len(found.tables))
    return Kept(**found.to_dict())


@router.delete("/presets/{name}", status_code=204,
               dependencies=[guard("import.run", audit="preset.deleted")])  # fmt: skip
def delete(request: Request, name: Name) -> None:
    """Forgets a preset; what was read by it stays."""
    _presets(request).delete(name)
