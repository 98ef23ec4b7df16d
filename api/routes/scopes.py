"""The minimal recall scope, and what to do about it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import answer, moment_of
from api.asked import Asked, Judged, Scoped, Suspicion, Toml, Word, Words
from api.auth.guard import guard
from api.doors import answered, asks
from api.scoping import premises, scope_of, suspects
from graph_model.access import signed_in
from graph_model.errors import BadInput
from queries import given
from queries.recall import acting, compare, containment, report, spread
from queries.recall import pivot as pivoting
from queries.recall.roots import Suspects
from queries.recall.scope import compute
from queries.recall.totals import incomplete

router = APIRouter(prefix="/api/v1", tags=["scopes"])


class Why(Scoped):
    """Why a lot is in the scope, or is not."""

    of: Word = Field(description="The lot: NUMBER, ITEM/NUMBER or OWNER/ITEM/NUMBER")


class Contained(Scoped):
    """Where to act first."""

    by: Literal["cost", "amount"] = "cost"


class Tested(Scoped):
    """Which lot to test next."""

    tests: int = Field(default=1, ge=1, le=20, description="Tests that can be made at once")
    method: Word = ""
    turnaround: Word = Field(default="0", description="Until the result: 12h, 3d")
    deadline: Word | None = Field(default=None, description="When it must be known")
    probability: float | None = Field(default=None, ge=0, le=1, description="That a lot is clean")


class Between(Scoped):
    """What changed between two batches."""

    first: Annotated[int, Field(ge=0, le=2**31, description="The older batch")]


class Guess(BaseModel):
    """One hypothesis."""

    model_config = ConfigDict(extra="forbid")

    name: Word
    suspected: Suspicion
    hazard: Word | None = Field(default=None, description="Default: that of all")
    rules: Toml | None = Field(default=None, description="Default: those of all")


class Guesses(Judged, Asked):
    """Hypotheses side by side, each by its own hazard and rules or by those of all."""

    guesses: Annotated[list[Guess], Field(min_length=2, max_length=20)]


class Effects(Judged, Asked):
    """Complaints, shipments, customers or lots that something is wrong with."""

    complaint: Words = Field(default=[], description="Complaint numbers")
    shipment: Words = Field(default=[], description="Delivery numbers")
    customer: Words = Field(default=[], description="Customer codes")
    lot: Words = Field(default=[], description="Lots")
    choose: Word | None = Field(default=None, description="Input to compute the scope of")


@asks(router, "/scope", Scoped, permission="scope.read", audit="scope.computed")
def scope(request: Request, asked: Scoped) -> Response:
    """The scope in three tiers, each lot with its reason, places, cost, and what is missing."""
    found = scope_of(request, asked, moment_of(request, asked.as_of, asked.after))
    whole = report.to_dict(found)
    plant = request.app.state.plant
    names = plant.names(name for piece in whole["evidence"] for name in piece["persons"])
    for piece in whole["evidence"]:
        piece["persons"] = [names.get(person, person) for person in piece["persons"]]
    return answer(request, whole, "lots", limit=asked.limit, after=asked.after)


@asks(router, "/scope/spread", Scoped, permission="scope.read", audit="scope.spread")
def show_spread(request: Request, asked: Scoped) -> Response:
    """Where the suspect material itself went, in proportion to the recorded amounts."""
    found = scope_of(request, asked, moment_of(request, asked.as_of, asked.after))
    with request.app.state.budget.spend(signed_in().account):
        whole = spread.to_dict(found, spread.spread(found))
    return answer(request, whole, "links", limit=asked.limit, after=asked.after)


@asks(router, "/scope/why", Why, permission="scope.read", audit="scope.explained")
def why(request: Request, asked: Why) -> Response:
    """The whole way that puts a lot in the scope, or the cuts that keep it out."""
    moment = moment_of(request, asked.as_of, asked.after)
    found = scope_of(request, asked, moment)
    told = acting.why(found, asked.of)
    whole = told | {"as_of": moment.batch, "head": moment.head, "complete": not incomplete(found),
                    "missing": [entry.to_dict() for entry in found.missing],
                    "why": [{"text": line} for line in told["why"]]}  # fmt: skip
    return answer(request, whole, "why", limit=asked.limit, after=asked.after)


@asks(router, "/scope/contain", Contained, permission="scope.read", audit="scope.contained")
def contain(request: Request, asked: Contained) -> Response:
    """The cheapest cut between what is suspected and customers. It never shortens the hold list."""
    found = scope_of(request, asked, moment_of(request, asked.as_of, asked.after))
    with request.app.state.budget.spend(signed_in().account):
        whole = containment.to_dict(containment.contain(found, asked.by))
    return answer(request, whole, "cut", limit=asked.limit, after=asked.after)


@asks(router, "/scope/next-test", Tested, permission="decision.read", audit="scope.next_test")
def next_test(request: Request, asked: Tested) -> Response:
    """Which lot to test next, and what a clean result would let go."""
    found = scope_of(request, asked, moment_of(request, asked.as_of, asked.after, keep=False))
    zone = request.app.state.settings.timezone
    ready = acting.ready_at(given.duration(asked.turnaround))
    deadline = given.moment(asked.deadline, zone, end=True) if asked.deadline else None
    with request.app.state.budget.spend(signed_in().account):
        whole = acting.next_tests(
            found, count=asked.tests, method=asked.method, ready=ready, deadline=deadline,
            probability=asked.probability,
        )  # fmt: skip
    return answer(request, whole, "candidates", limit=asked.limit, after=asked.after)


@asks(router, "/scope/diff", Between, permission="scope.read", audit="scope.compared")
def diff(request: Request, asked: Between) -> Response:
    """What came, went or changed tier between two batches, and which batches did it."""
    plant = request.app.state.plant
    last = moment_of(request, asked.as_of, asked.after)
    first = plant.at(min(asked.first, last.batch))
    old, new = scope_of(request, asked, first), scope_of(request, asked, last)
    whole = acting.difference(plant, old, new)
    names = ("added", "removed", "changed")
    whole |= {
        "as_of": last.batch, "head": last.head, "missing": whole["after"]["missing"],
        "complete": not incomplete(new),
        "rows": [{"change": name, **row} for name in names for row in whole.pop(name)],
    }  # fmt: skip
    return answer(request, whole, "rows", limit=asked.limit, after=asked.after)


@asks(router, "/scope/pivot", Effects, permission="scope.read", audit="scope.pivoted")
def pivot(request: Request, asked: Effects) -> Response:
    """What complaints have in common, and the scope of the input that is chosen."""
    moment = moment_of(request, asked.as_of, asked.after)
    with request.app.state.budget.spend(signed_in().account):
        found = pivoting.pivot(moment.facts, moment.lineage, pivoting.effects(
            complaint=asked.complaint, shipment=asked.shipment, customer=asked.customer,
            lot=asked.lot,
        ))  # fmt: skip
        chosen = None
        if asked.choose is not None:
            one = Suspects(lots=(asked.choose,))
            chosen = compute(moment.facts, moment.lineage, one, **premises(asked))
        whole = pivoting.to_dict(found, chosen)
    return answer(request, whole, "inputs", limit=asked.limit, after=asked.after)


@router.post("/scope/compare", dependencies=[guard("scope.read", audit="scope.hypotheses")],
             response_class=Response, responses=answered())  # fmt: skip
def hypotheses(request: Request, asked: Guesses) -> Response:
    """Hypotheses side by side: what each would hold, what all share, what sets pairs apart."""
    moment = moment_of(request, asked.as_of, asked.after)
    if len({one.name for one in asked.guesses}) < len(asked.guesses):
        raise BadInput("too_few_cases")
    wanted = {one.name: suspects(request, one.suspected) for one in asked.guesses}
    judged = {
        one.name: premises(
            Judged(hazard=one.hazard or asked.hazard, rules=one.rules or asked.rules)
        )
        for one in asked.guesses
    }
    with request.app.state.budget.spend(signed_in().account):
        found = compare.compare(moment.facts, moment.lineage, wanted, premises=judged)
        whole = compare.to_dict(found)
    whole |= {"as_of": moment.batch, "head": moment.head}
    return answer(request, whole, "hypotheses", limit=asked.limit, after=asked.after)
