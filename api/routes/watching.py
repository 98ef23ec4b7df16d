"""What to know before anything happens: exposure, scorecard, warnings, drills, checks, sources."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import answer, listed, moment_of
from api.asked import Asked, Word, Words, who
from api.auth.guard import guard
from api.doors import Rows, answered, asks
from graph_model.access import signed_in
from graph_model.errors import BadInput
from graph_model.live import Moment
from loaders import checks, findings_workbook
from queries import drill, early_warnings, given, scorecard
from queries.recall import inference, inference_cases, inference_likelihood, inference_why, tables
from queries.recall.dispersion import dispersion
from queries.recall.exposure import Exposure, exposure

router = APIRouter(prefix="/api/v1", tags=["watching"])

AnyRow = Rows[dict[str, Any]]


class Exposed(Asked):
    """What a defect in each supplier's lot would touch."""

    sketch: int | None = Field(default=None, ge=2, le=4096, description="Ranks; default: exact")
    of: Literal["lots", "suppliers", "items"] = Field(default="lots", description="Main list")


class Warned(Asked):
    """Early warnings."""

    at: Word | None = Field(default=None, description="Now, where it is another time; ISO")


class CaseRow(BaseModel):
    """One case of an outbreak."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["site", "customer", "delivery", "shipment", "lot"]
    id: Word
    weight: Word = "1"


class Inferred(Asked):
    """From complaints to the source."""

    cases: list[CaseRow] = Field(default=[], max_length=10_000)
    observe: Words = Field(default=[], description="Ids whose ways are told")
    why: Word | None = Field(default=None, description="A candidate to be explained")
    likelihood: bool = Field(default=False, description="Also rank by likelihood")
    of: Literal["stations", "deliveries", "lots"] = Field(default="stations",
                                                         description="Main list")  # fmt: skip


class Drilled(BaseModel):
    """A drill: random lots traced against the clock."""

    model_config = ConfigDict(extra="forbid")

    lots: int = Field(default=drill.LOTS, ge=1, le=500)
    seed: int | None = Field(default=None, ge=0, le=2**32 - 1)
    hours: float = Field(default=drill.TARGET / 3600, ge=0, le=1000)


def exposed(request: Request, moment: Moment, ranks: int | None = None) -> Exposure:
    """The exposure of a batch, computed on the account's bill and kept."""
    zone = request.app.state.settings.timezone

    def made() -> Exposure:
        with request.app.state.budget.spend(signed_in().account):
            table = tables.costs(moment.facts)
            return exposure(moment.facts, moment.lineage, table, timezone=zone, ranks=ranks)

    kept: Exposure = request.app.state.kept.once(("exposure", moment.head, ranks), made)
    return kept


@asks(router, "/exposure", Exposed, permission="exposure.read", audit="exposure.read")
def show_exposure(request: Request, asked: Exposed) -> Response:
    """What a defect in each supplier's lot would touch, and what that would cost."""
    moment = moment_of(request, asked.as_of, asked.after)
    found = exposed(request, moment, asked.sketch)
    whole = found.to_dict() | {"dispersion": dispersion(found).to_dict()}
    return answer(request, whole, asked.of, limit=asked.limit, after=asked.after)


@asks(router, "/scorecard", Asked, permission="exposure.read", audit="scorecard.read")
def show_scorecard(request: Request, asked: Asked) -> Response:
    """Suppliers side by side."""
    moment = moment_of(request, asked.as_of, asked.after)
    found = exposed(request, moment)
    weighting = tables.weights(moment.facts)
    rows = scorecard.scorecard(moment.facts, found.lineage, found, weighting)
    whole = scorecard.to_dict(found, rows)
    return answer(request, whole, "suppliers", limit=asked.limit, after=asked.after)


@asks(router, "/warnings", Warned, permission="exposure.read", audit="warnings.read",
      answers=AnyRow)  # fmt: skip
def show_warnings(request: Request, asked: Warned) -> Response:
    """Signs that something goes wrong, each in words."""
    moment = moment_of(request, asked.as_of, asked.after, keep=False)
    zone = request.app.state.settings.timezone
    now = given.moment(asked.at, zone, end=False) if asked.at else None
    found = exposed(request, moment)
    signs = early_warnings.warnings(moment.facts, found.lineage, found, now=now)
    rows = [sign.to_dict() for sign in signs]
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


@asks(router, "/checks", Asked, permission="check.read", audit="checks.read", answers=AnyRow)
def show_checks(request: Request, asked: Asked) -> Response:
    """Everything that the checks find in what the ledger holds."""
    moment = moment_of(request, asked.as_of, asked.after)
    settings = request.app.state.settings
    with request.app.state.budget.spend(signed_in().account):
        found = checks.run(moment.facts, settings.company, timezone=settings.timezone)
    rows = [findings_workbook.to_dict(one) for one in found]
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


@router.get("/drills", dependencies=[guard("drill.read", audit="drills.read")],
            response_class=Response, responses=answered(AnyRow))  # fmt: skip
def list_drills(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Drills of the past, by month."""
    moment = moment_of(request, asked.as_of, asked.after)
    rows = drill.history(moment.facts, request.app.state.settings.timezone)
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


@router.post("/drills", dependencies=[guard("drill.run", audit="drill.run")],
             response_class=Response, responses=answered())  # fmt: skip
def run_drill(request: Request, asked: Drilled) -> Response:
    """Traces random lots against the clock; the result is kept in the ledger."""
    plant, target, name = request.app.state.plant, asked.hours * 3600, who(request)
    moment = moment_of(request, None, keep=False)
    facts, lineage = moment.facts, moment.lineage
    with request.app.state.budget.spend(signed_in().account):
        traced = drill.run(facts, lineage, lots=asked.lots, seed=asked.seed, target=target)
    with plant.writing() as writer:
        person = writer.ledger.records.pseudonym(name)
        kept = drill.rows(traced, lineage, seed=asked.seed, target=target, person=person)
        writer.ledger.append(
            {"Drill": kept}, source="drills", who=name, note="drill", names={person: name}
        )
    whole = drill.to_dict(traced, lineage, target)
    whole |= {"as_of": moment.batch, "head": moment.head, "complete": True, "missing": []}
    return answer(request, whole, "lots")


@router.post("/inference", dependencies=[guard("inference.read", audit="source.inferred")],
             response_class=Response, responses=answered())  # fmt: skip
def infer(request: Request, asked: Inferred) -> Response:
    """Which station, delivery or lot leads to the cases, by scores and by likelihood."""
    if not asked.cases and not asked.observe:
        raise BadInput("no_cases")
    moment = moment_of(request, asked.as_of, asked.after)
    rows = inference_cases.read([one.model_dump() for one in asked.cases])
    with request.app.state.budget.spend(signed_in().account):
        book = tables.rules(moment.facts)
        found = inference.infer(moment.facts, moment.lineage, rows, book, asked.observe)
        whole = inference.to_dict(found)
        if asked.likelihood:
            ranked = inference_likelihood.likelihood(found)
            whole["likelihood"] = inference_likelihood.to_dict(ranked)
        if asked.why is not None:
            whole["why"] = [one.to_dict() for one in inference_why.why(found, asked.why)]
    return answer(request, whole, asked.of, limit=asked.limit, after=asked.after)
