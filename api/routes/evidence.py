"""Evidence: put forward, accepted by a second person where it only judges, revoked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import Response
from pydantic import Field

from api import proving, watching
from api.answers import listed, moment_of
from api.asked import Asked, Signed, Word, who
from api.auth.guard import guard
from api.deeds import ROWS, Done, deed, done
from graph_model.plant import Plant
from graph_model.schema import Evidence
from loaders.entries import Signature
from loaders.entries import evidence as entries

router = APIRouter(prefix="/api/v1", tags=["evidence"])

Number = Annotated[float | None, Field(ge=0, le=1e15)]
Needed = Annotated[Word, Field(min_length=1)]


class Inspected(Signed):
    """An inspection of a lot."""

    kind: Literal["inspection"]
    lot: Needed
    result: Needed
    hazard: Word = "unknown"
    full: bool = Field(default=False, description="Every unit was examined")
    sample_size: Number = None
    acceptance: Number = Field(default=None, description="Bad units that still pass")
    unit_size: Number = None
    unit: Word | None = None
    composite: Number = None
    method: Word | None = None
    detection_limit: Word | None = None
    place: Word | None = None
    laboratory: Word | None = None
    at: Word | None = None


class Measured(Signed):
    """A measured value of a step."""

    kind: Literal["process_value"]
    operation: Needed
    step: Needed
    param: Needed
    measured: Needed
    unit: Word | None = None
    lot: Word | None = None
    at: Word | None = None


class Cleaned(Signed):
    """A cleaning or line clearance."""

    kind: Literal["cleaning"]
    site: Needed
    result: Needed
    at: Word | None = None
    method: Word | None = None
    verified: bool = False
    clearance: bool = False


class Counted(Signed):
    """A count or an empty mark."""

    kind: Literal["count"]
    site: Needed
    quantity: float = Field(default=0.0, ge=0, le=1e15)
    unit: Word | None = None
    item: Word | None = None
    lot: Word | None = None
    empty: bool = False
    at: Word | None = None


class Labelled(Signed):
    """A version of a label."""

    kind: Literal["label"]
    item: Needed
    contains: Word
    market: Word | None = None
    version: Word | None = None
    start: Word | None = None
    end: Word | None = None


class Judged(Signed):
    """A judgement: of a hazard in a lot, or of how it moved. A second person accepts it."""

    kind: Literal["decision"]
    lot: Needed
    hazard: Word | None = None
    operation: Word | None = None
    not_before: Word | None = None


class Invalid(Signed):
    """That an inspection is invalid. A second person accepts it."""

    kind: Literal["invalidation"]
    inspection: Needed


class Recorded(Signed):
    """A record that was imported."""

    kind: Literal["record"]
    record: Needed


PutForward = Annotated[
    Inspected | Measured | Cleaned | Counted | Labelled | Judged | Invalid | Recorded,
    Body(discriminator="kind"),
]


@router.get("/evidence", dependencies=[guard("decision.read", audit="evidence.read")], **ROWS)
def list_evidence(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """All evidence, who put it forward, how far it came and by whom."""
    moment = moment_of(request, asked.as_of, asked.after, keep=False)
    rows = proving.listed(moment.facts, request.app.state.plant.names)
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


@router.post("/evidence", status_code=201,
             dependencies=[guard("decision.make", audit="evidence.put_forward")])  # fmt: skip
def put_forward(request: Request, asked: PutForward) -> Done:
    """Puts evidence forward; it acts once it is accepted."""
    given = asked.model_dump(exclude={"kind", "reason", "role"})

    def stated(plant: Plant, signed: Signature) -> tuple[str, entries.Tables]:
        ground = proving.Ground(plant.facts(), plant.lineage(), plant.settings)
        tables = proving.put_forward(ground, asked.kind, given, signed)
        return tables[Evidence.__name__]["key"][0], tables

    return _append(request, asked, asked.kind, stated)


@router.post("/evidence/{evidence:path}/accept",
             dependencies=[guard("decision.make", audit="evidence.accepted")])  # fmt: skip
def accept(request: Request, evidence: Word, asked: Signed) -> Done:
    """Accepts evidence: it acts from now on. What only judges needs a second person."""

    def stated(plant: Plant, signed: Signature) -> tuple[str, entries.Tables]:
        return proving.accept(plant, evidence, signed, who(request))

    return _append(request, asked, "accept", stated)


@router.post("/evidence/{evidence:path}/revoke",
             dependencies=[guard("decision.make", audit="evidence.revoked")])  # fmt: skip
def revoke(request: Request, evidence: Word, asked: Signed) -> Done:
    """Revokes evidence: it acts no more."""

    def stated(plant: Plant, signed: Signature) -> tuple[str, entries.Tables]:
        key = entries.resolve(plant.facts(), evidence)
        return key, entries.revoke(plant.facts(), key, **signed.fields())

    return _append(request, asked, "revoke", stated)


def _append(
    request: Request,
    asked: Signed,
    note: str,
    stated: Callable[[Plant, Signature], tuple[str, entries.Tables]],
) -> Done:
    """What was stated, in a batch of its own; the evidence as it is then."""
    with deed(request, asked) as (plant, actor):
        signed = actor.signed(plant)
        key, tables = stated(plant, signed)
        plant.ledger.append(tables, source="evidence", who=actor.name, note=note,
                            names={signed.person: actor.name})  # fmt: skip
    live = request.app.state.plant
    watching.look_again(live)
    rows: list[dict[str, Any]] = proving.listed(live.now().facts, live.names)
    return done(request, next(row for row in rows if row["key"] == key))
