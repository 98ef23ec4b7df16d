"""Incidents as cases: opened, frozen, compared, closed; what of them waits, and their figures."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from api import incidents, watching
from api.answers import answer, listed, moment_of
from api.asked import Asked, Judged, Signed, Suspicion, Word
from api.auth.guard import guard
from api.deeds import ROWS, Done, acts, deed, done, home, key_of, reads, time_of
from api.doors import answered
from api.incidents import Opening
from api.scoping import suspects
from graph_model.access import redact, signed_in
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from queries.incidents import alerts, figures
from queries.incidents import cases as reading
from queries.recall import hazard

router = APIRouter(prefix="/api/v1", tags=["incidents"])
_reads, _acts = partial(reads, router), partial(acts, router)


class Opened(Signed, Judged):
    """A new incident. Its `rules` stay with it, whatever the plant's become."""

    title: Word = Field(min_length=1)
    suspected: Suspicion
    kind: Literal["complaint", "supplier_notice", "test", "mock_recall"] = "complaint"
    number: Word | None = Field(default=None, description="Default: the next one of the year")
    product_kind: Word | None = None
    recall_class: Word | None = None
    jurisdictions: list[Word] = Field(default=[], max_length=50)
    known_at: Word | None = Field(default=None, description="When it became known; default: now")


class Happened(Signed):
    """A trigger event or an act, and when it was."""

    event: Word
    at: Word | None = None


class Classified(Signed):
    """What kind of product, class, further countries; what is left out stays."""

    product_kind: Word | None = None
    recall_class: Word | None = None
    jurisdictions: list[Word] = Field(default=[], max_length=50)


class Supposed(Signed):
    """A hypothesis about the source."""

    name: Word = Field(min_length=1)
    suspected: Suspicion
    choose: bool = False


class Chosen(Signed):
    """The hypothesis that the scope follows; empty: what was suspected at first."""

    name: Word = ""


class Since(Asked):
    """What differs since a frozen scope."""

    since: Annotated[int | None, Field(ge=0, le=2**31, description="Batch it stands on")] = None


# ---------------------------------------------------------------------------- reading


@router.get("/incidents", dependencies=[guard("incident.read", audit="incidents.read")], **ROWS)
def list_incidents(
    request: Request, asked: Annotated[Asked, Query()], closed: bool = False
) -> Response:
    """Open incidents with their most urgent clock; with `closed` also those that are over."""
    moment = moment_of(request, asked.as_of, asked.after, keep=False)
    rows = reading.listing(moment.facts, home(request), closed=closed)
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


@router.get("/incidents/{number}", dependencies=[guard("incident.read", audit="incident.read")])
def show(request: Request, number: Word, asked: Annotated[Asked, Query()]) -> dict[str, Any]:
    """The whole case: scopes, hypotheses, clocks, deeds in order."""
    moment = moment_of(request, asked.as_of, keep=False)
    return _seen(request, reading.whole(moment.facts, number, home(request)))


@router.get("/incidents/{number}/report",
            dependencies=[guard("report.read", audit="report.closing")])  # fmt: skip
def closing(request: Request, number: Word, asked: Annotated[Asked, Query()]) -> dict[str, Any]:
    """All that was asked, done, told, found and paid, for the closing report."""
    moment = moment_of(request, asked.as_of, keep=False)
    whole = figures.closing(moment.facts, moment.lineage, number, home(request))
    return _seen(request, whole)


def _seen(request: Request, whole: dict[str, Any]) -> dict[str, Any]:
    """With the names of persons, for who may see them."""
    plant = request.app.state.plant
    found: dict[str, Any] = redact(reading.with_names(whole, plant.names), signed_in())
    return found


@router.get("/incidents/{number}/diff", response_class=Response, responses=answered(),
            dependencies=[guard("scope.read", audit="incident.compared")])  # fmt: skip
def diff(request: Request, number: Word, asked: Annotated[Since, Query()]) -> Response:
    """What differs now from a frozen scope (by default the newest that is another), and why."""
    plant, last = request.app.state.plant, moment_of(request, asked.as_of, asked.after, keep=False)

    def at(batch: int | None) -> tuple[Facts, Lineage]:
        moment = last if batch is None else plant.at(batch)
        return moment.facts, moment.lineage

    with request.app.state.budget.spend(signed_in().account):
        whole = incidents.differences(at, plant, number, asked.since)
    names = ("added", "removed", "changed")
    whole |= {
        "as_of": last.batch, "head": last.head, "missing": whole["after"]["missing"],
        "rows": [{"change": name, **row} for name in names for row in whole.pop(name)],
    }  # fmt: skip
    return answer(request, whole, "rows", limit=asked.limit, after=asked.after)


_reads(
    "clocks", "incident.read", "incident.read", "Deadlines of an incident, the nearest first.",
    lambda request, moment, number: [
        one.to_dict()
        for one in reading.clocks(moment.facts, reading.find(moment.facts, number), home(request))
    ],
)  # fmt: skip
_reads(
    "alerts", "incident.read", "alerts.read", "Alerts of an incident that nobody saw yet.",
    lambda _, moment, number: alerts.listing(moment.facts, key_of(moment, number)),
)  # fmt: skip
_reads(
    "waiting", "incident.read", "waiting.read", "What of an incident waits for a named person.",
    lambda _, moment, number: figures.waiting(moment.facts, key_of(moment, number)),
)  # fmt: skip
_reads(
    "progress", "incident.read", "incident.read",
    "Day by day and unit: amounts found, recovered, destroyed and used so far.",
    lambda request, moment, number: figures.over_time(
        moment.facts, key_of(moment, number), home(request)),
)  # fmt: skip


@router.get("/waiting", dependencies=[guard("incident.read", audit="waiting.read")], **ROWS)
def list_waiting(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """What waits for a named person in all open incidents."""
    moment = moment_of(request, asked.as_of, asked.after, keep=False)
    rows = figures.waiting(moment.facts)
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


@router.get("/incident-figures", response_class=Response, responses=answered(),
            dependencies=[guard("incident.read", audit="figures.read")])  # fmt: skip
def management(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """All incidents in figures: times, unaccounted, cost, claims."""
    moment = moment_of(request, asked.as_of, asked.after, keep=False)
    whole = figures.management(moment.facts, moment.lineage)
    whole |= {"as_of": moment.batch, "head": moment.head, "complete": True, "missing": []}
    return answer(request, whole, "incidents", limit=asked.limit, after=asked.after)


@router.get("/alerts", dependencies=[guard("incident.read", audit="alerts.read")], **ROWS)
def list_alerts(request: Request, asked: Annotated[Asked, Query()], seen: bool = False) -> Response:
    """Alerts of all incidents, the newest first."""
    moment = moment_of(request, asked.as_of, asked.after, keep=False)
    rows = alerts.listing(moment.facts, seen=seen)
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


# ---------------------------------------------------------------------------- deeds


@router.post("/incidents", status_code=201,
             dependencies=[guard("incident.write", audit="incident.opened")])  # fmt: skip
def open_incident(request: Request, asked: Opened) -> Done:
    """Opens an incident and freezes its first scope."""
    opening = Opening(
        asked=suspects(request, asked.suspected), title=asked.title, kind=asked.kind,
        number=asked.number, product_kind=asked.product_kind, recall_class=asked.recall_class,
        hazard=hazard.read(asked.hazard), known_at=time_of(request, asked.known_at),
        jurisdictions=tuple(code.upper() for code in asked.jurisdictions), rules=asked.rules,
    )  # fmt: skip
    with deed(request, asked) as (plant, actor):
        whole = incidents.open_incident(plant, actor, opening)
    return done(request, reading.with_names(whole, request.app.state.plant.names))


_acts("freeze", Signed, "incident.write", "scope.frozen", "Keeps what the scope says as of now.",
     lambda _, plant, actor, number, asked: incidents.freeze(plant, actor, number))  # fmt: skip
_acts("events", Happened, "incident.write", "incident.event", "States when an event or act was.",
     lambda request, plant, actor, number, asked: incidents.mark(
         plant, actor, number, asked.event, time_of(request, asked.at)))  # fmt: skip
_acts("classify", Classified, "incident.write", "incident.classified",
     "States kind of product, class or further countries.",
     lambda _, plant, actor, number, asked: incidents.classify(
         plant, actor, number, product_kind=asked.product_kind, recall_class=asked.recall_class,
         jurisdictions=tuple(code.upper() for code in asked.jurisdictions)))  # fmt: skip
_acts("hypotheses", Supposed, "incident.write", "incident.supposed", "Adds a hypothesis.",
     lambda request, plant, actor, number, asked: incidents.suppose(
         plant, actor, number, asked.name, suspects(request, asked.suspected),
         choose=asked.choose))  # fmt: skip
_acts("choose", Chosen, "incident.write", "incident.chosen", "Follows a hypothesis.",
     lambda _, plant, actor, number, asked: incidents.choose(
         plant, actor, number, asked.name))  # fmt: skip
_acts("close", Signed, "incident.write", "incident.closed", "Closes the incident.",
     lambda _, plant, actor, number, asked: incidents.close(plant, actor, number))  # fmt: skip
_acts("reopen", Signed, "incident.write", "incident.reopened", "Opens it again.",
     lambda _, plant, actor, number, asked: incidents.reopen(plant, actor, number))  # fmt: skip


@router.post("/alerts/{alert:path}/seen",
             dependencies=[guard("incident.write", audit="alert.seen")])  # fmt: skip
def see(request: Request, alert: Word, asked: Signed) -> Done:
    """States that an alert was seen, and what is done about it (`reason`)."""
    with deed(request, asked) as (plant, actor):
        watching.see(plant, actor, alert)
    return done(request)
