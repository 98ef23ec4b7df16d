"""Incidents as cases: opened, frozen, held, told, closed; each deed signed by who is signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api import holding, incidents, telling, watching
from api.answers import listed, moment_of
from api.asked import Asked, Suspicion, Word, who
from api.auth.guard import guard
from api.doors import Rows, answered
from api.incidents import Actor, Opening
from api.routes.ledger import Signed
from api.routes.scopes import suspects
from graph_model.access import redact, signed_in
from graph_model.live import LivePlant, Moment
from graph_model.plant import Plant
from queries import given
from queries.incidents import alerts, deadlines, freeze_lists, holds, notices
from queries.incidents import cases as reading
from queries.incidents.cases import Home
from queries.recall import hazard

router = APIRouter(prefix="/api/v1", tags=["incidents"])

AnyRow = Rows[dict[str, Any]]
ROWS: Any = {"response_class": Response, "responses": answered(AnyRow)}


class Opened(Signed):
    """A new incident."""

    title: Word = Field(min_length=1)
    suspected: Suspicion
    kind: Literal["complaint", "supplier_notice", "test", "mock_recall"] = "complaint"
    number: Word | None = Field(default=None, description="Default: the next one of the year")
    product_kind: Word | None = None
    recall_class: Word | None = None
    hazard: Word = "unknown"
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


class Blocked(Signed):
    """The system that blocked the stock, by its document."""

    document: Word = Field(min_length=1)
    lots: list[Word] = Field(default=[], max_length=10_000, description="Default: all holds")


class OnHold(Signed):
    """An amount of a held lot, in the unit of the hold."""

    lot: Word = Field(min_length=1, description="Lot, or the key of a hold")
    site: Word | None = None
    quantity: float = Field(ge=0, le=1e15)


class Counted(OnHold):
    """What was found."""

    hold: Word | None = Field(
        default=None, description="Key of the hold that the label in `lot` has to be of"
    )
    scanned: bool = False
    recount: bool = False


class Disposed(OnHold):
    """What is done with an amount that was found."""

    disposition: Literal["scrap", "rework", "return", "use"]
    document: Word | None = None


class Judged(Signed):
    """A second person's answer to a release."""

    release: Word = Field(min_length=1, description="Key of the release")
    approve: bool


class Withdrawn(Signed):
    """A count or block that was wrong."""

    deed: Word = Field(min_length=1)


class Notified(Signed):
    """How far notices go, and how many of those told must be reached."""

    depth: Word = "consumer"
    level: Word = "A"
    share: float | None = Field(default=None, ge=0, le=1)


class Told(Signed):
    """Notices that were sent or confirmed."""

    what: Literal["sent", "confirmed"]
    customers: list[Word] = Field(default=[], max_length=10_000, description="Default: all")
    channel: Word | None = None
    document: Word | None = None
    at: Word | None = None


class Answered(Signed):
    """What a customer says of the goods it received."""

    customer: Word = Field(min_length=1)
    amounts: dict[Literal["recovered", "destroyed", "used"], float]
    lot: Word | None = None
    uom: Word | None = None


class Claimed(Signed):
    """A claim on a supplier."""

    supplier: Word = Field(min_length=1)
    kind: Literal["8d", "scar"] = "8d"
    reply_hours: float | None = Field(default=None, gt=0, le=100_000)
    amount: float | None = Field(default=None, ge=0, le=1e15)
    currency: Word | None = None


class OnClaim(Signed):
    """What happened to a claim."""

    supplier: Word = Field(min_length=1)
    what: Literal["claimed", "answered", "document", "recovered"]
    document: Word | None = None
    amount: float | None = Field(default=None, ge=0, le=1e15)
    at: Word | None = None


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


def _done(request: Request, result: Any = None) -> Done:
    plant: LivePlant = request.app.state.plant
    batch = plant.now().batch
    request.state.told.batch = batch
    return Done(batch=batch, result=redact(result, signed_in()))


def _home(request: Request) -> Home:
    return Home.of(request.app.state.settings)


def _at(request: Request, content: str | None) -> int | None:
    zone = request.app.state.settings.timezone
    return given.moment(content, zone, end=False) if content else None


def _key(moment: Moment, number: str) -> str:
    key: str = reading.find(moment.facts, number)["key"]
    return key


# ---------------------------------------------------------------------------- reading


@router.get("/incidents", dependencies=[guard("incident.read", audit="incidents.read")], **ROWS)
def list_incidents(
    request: Request, asked: Annotated[Asked, Query()], closed: bool = False
) -> Response:
    """Open incidents with their most urgent clock; with `closed` also those that are over."""
    moment = moment_of(request, asked.as_of, asked.after, keep=False)
    rows = reading.listing(moment.facts, _home(request), closed=closed)
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


def _reads(
    path: str, permission: str, audit: str, words: str,
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


_reads(
    "clocks", "incident.read", "incident.read", "Deadlines of an incident, the nearest first.",
    lambda request, moment, number: [
        one.to_dict()
        for one in reading.clocks(
            moment.facts, reading.find(moment.facts, number), _home(request)
        )
    ],
)  # fmt: skip
_reads(
    "alerts", "incident.read", "alerts.read", "Alerts of an incident that nobody saw yet.",
    lambda _, moment, number: alerts.listing(moment.facts, _key(moment, number)),
)  # fmt: skip
_reads(
    "notices", "incident.read", "notices.read", "Parties with their notice, state and amounts.",
    lambda _, moment, number: notices.listing(moment.facts, _key(moment, number)),
)  # fmt: skip


@router.get("/incidents/{number}", dependencies=[guard("incident.read", audit="incident.read")])
def show(request: Request, number: Word, asked: Annotated[Asked, Query()]) -> dict[str, Any]:
    """The whole case: scopes, hypotheses, clocks, deeds in order."""
    moment = moment_of(request, asked.as_of, keep=False)
    whole: dict[str, Any] = redact(reading.whole(moment.facts, number, _home(request)), signed_in())
    return whole


@router.get("/incidents/{number}/holds", dependencies=[guard("hold.read", audit="holds.read")])
def hold_list(request: Request, number: Word, asked: Annotated[Asked, Query()]) -> dict[str, Any]:
    """The hold list by place: expected, found, missing, disposed; what is not held yet."""
    moment = moment_of(request, asked.as_of, keep=False)
    whole: dict[str, Any] = redact(holds.hold_list(moment.facts, _key(moment, number)), signed_in())
    return whole


@router.get("/incidents/{number}/freeze-list", dependencies=[guard("hold.read",
            audit="freeze_list.read")], **ROWS)  # fmt: skip
def freeze_list(
    request: Request, number: Word, asked: Annotated[Asked, Query()],
    form: Annotated[Word, Query(description="Whose form: generic, kingdee, u8")] = "generic",
) -> Response:  # fmt: skip
    """The holds in the form of the system that is to block the stock."""
    moment = moment_of(request, asked.as_of, asked.after, keep=False)
    row = reading.find(moment.facts, number)
    rows = freeze_lists.rows(holds.lines(moment.facts, row["key"]), form, row["incident_no"])
    told = [dict(one) if isinstance(one, dict) else vars(one) for one in rows]
    return listed(request, told, moment, limit=asked.limit, after=asked.after)


@router.get("/alerts", dependencies=[guard("incident.read", audit="alerts.read")], **ROWS)
def list_alerts(request: Request, asked: Annotated[Asked, Query()], seen: bool = False) -> Response:
    """Alerts of all incidents, the newest first."""
    moment = moment_of(request, asked.as_of, asked.after, keep=False)
    rows = alerts.listing(moment.facts, seen=seen)
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


@router.get("/deadlines", dependencies=[guard("incident.read", audit="deadlines.read")], **ROWS)
def list_deadlines(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Every time limit in force, with its source and when its text was checked."""
    moment = moment_of(request, asked.as_of, asked.after)
    rows = [{"rule": name} | vars(rule) for name, rule in deadlines.rules(moment.facts).items()]
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


# ---------------------------------------------------------------------------- deeds


@router.post("/incidents", status_code=201,
             dependencies=[guard("incident.write", audit="incident.opened")])  # fmt: skip
def open_incident(request: Request, asked: Opened) -> Done:
    """Opens an incident and freezes its first scope."""
    opening = Opening(
        asked=suspects(request, asked.suspected), title=asked.title, kind=asked.kind,
        number=asked.number, product_kind=asked.product_kind, recall_class=asked.recall_class,
        hazard=hazard.read(asked.hazard), known_at=_at(request, asked.known_at),
        jurisdictions=tuple(code.upper() for code in asked.jurisdictions),
    )  # fmt: skip
    with deed(request, asked) as (plant, actor):
        whole = incidents.open_incident(plant, actor, opening)
    return _done(request, whole)


def _acts(
    path: str, model: type[Signed], permission: str, audit: str, words: str,
    act: Callable[[Request, Plant, Actor, str, Any], Any],
) -> None:  # fmt: skip
    """One deed in an incident."""

    def do(request: Request, number: str, asked: Any) -> Done:
        with deed(request, asked) as (plant, actor):
            result = act(request, plant, actor, number, asked)
        return _done(request, result)

    do.__doc__ = words
    do.__annotations__ = {"request": Request, "number": Word, "asked": model, "return": Done}
    router.add_api_route(
        f"/incidents/{{number}}/{path}", do, methods=["POST"], name=f"incident_{path}_post",
        dependencies=[guard(permission, audit=audit)],
    )  # fmt: skip


def _line(plant: Plant, number: str, asked: OnHold) -> holds.Line:
    return holding.line_of(plant, number, asked.lot, asked.site)


def _counted(plant: Plant, number: str, asked: Counted) -> holds.Line:
    if asked.hold is None:
        return _line(plant, number, asked)
    return holding.labelled(plant, number, asked.hold, asked.lot)


_acts("freeze", Signed, "incident.write", "scope.frozen", "Keeps what the scope says as of now.",
      lambda _, plant, actor, number, asked: incidents.freeze(plant, actor, number))  # fmt: skip
_acts("events", Happened, "incident.write", "incident.event", "States when an event or act was.",
      lambda request, plant, actor, number, asked: incidents.mark(
          plant, actor, number, asked.event, _at(request, asked.at)))  # fmt: skip
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
_acts("holds", Signed, "hold.place", "hold.placed",
      "Holds every lot of the scope wherever it can be stopped, in one act.",
      lambda _, plant, actor, number, asked: holding.hold_all(plant, actor, number))  # fmt: skip
_acts("blocked", Blocked, "hold.place", "hold.blocked", "States that holds are blocked.",
      lambda _, plant, actor, number, asked: holding.block(
          plant, actor, number, asked.document,
          [holding.line_of(plant, number, lot).hold["key"] for lot in asked.lots]))  # fmt: skip
_acts("found", Counted, "hold.place", "hold.counted", "States what was found of a hold.",
      lambda _, plant, actor, number, asked: holding.count(
          plant, actor, number, _counted(plant, number, asked), asked.quantity,
          scanned=asked.scanned, recount=asked.recount))  # fmt: skip
_acts("dispositions", Disposed, "hold.place", "hold.disposed",
      "Scraps, reworks, returns or uses an amount that was found.",
      lambda _, plant, actor, number, asked: holding.dispose(
          plant, actor, number, _line(plant, number, asked), asked.quantity, asked.disposition,
          asked.document))  # fmt: skip
_acts("releases", OnHold, "hold.release", "release.asked",
      "Asks for a release; it stays held until a second person agrees.",
      lambda _, plant, actor, number, asked: holding.release(
          plant, actor, number, _line(plant, number, asked), asked.quantity))  # fmt: skip
_acts("judge", Judged, "hold.release", "release.judged",
      "A second, different person approves or refuses a release.",
      lambda _, plant, actor, number, asked: holding.judge(
          plant, actor, number, asked.release, approve=asked.approve))  # fmt: skip
_acts("withdraw", Withdrawn, "hold.place", "hold.withdrawn", "Takes back a wrong count or block.",
      lambda _, plant, actor, number, asked: holding.withdraw(
          plant, actor, number, asked.deed))  # fmt: skip
_acts("notify", Notified, "notice.write", "notices.prepared",
      "Prepares a notice for every party that has none.",
      lambda _, plant, actor, number, asked: telling.prepare(
          plant, actor, number, depth=asked.depth, level=asked.level,
          share=asked.share))  # fmt: skip
_acts("told", Told, "notice.write", "notices.told", "States that notices were sent or confirmed.",
      lambda request, plant, actor, number, asked: telling.tell(
          plant, actor, number, asked.what, asked.customers, channel=asked.channel,
          document=asked.document, at=_at(request, asked.at)))  # fmt: skip
_acts("answers", Answered, "notice.write", "notice.answered", "States what a customer answers.",
      lambda _, plant, actor, number, asked: telling.answer(
          plant, actor, number, asked.customer, asked.amounts, lot=asked.lot,
          uom=asked.uom))  # fmt: skip
_acts("claims", Claimed, "supplier.claim", "claim.prepared", "Prepares a claim on a supplier.",
      lambda _, plant, actor, number, asked: telling.claim(
          plant, actor, number, asked.supplier, asked.kind, reply_hours=asked.reply_hours,
          amount=asked.amount, currency=asked.currency))  # fmt: skip
_acts("on-claim", OnClaim, "supplier.claim", "claim.followed", "States what became of a claim.",
      lambda request, plant, actor, number, asked: telling.on_claim(
          plant, actor, number, asked.supplier, asked.what, document=asked.document,
          amount=asked.amount, at=_at(request, asked.at)))  # fmt: skip


@router.post("/alerts/{alert:path}/seen",
             dependencies=[guard("incident.write", audit="alert.seen")])  # fmt: skip
def see(request: Request, alert: Word, asked: Signed) -> Done:
    """States that an alert was seen, and what is done about it (`reason`)."""
    with deed(request, asked) as (plant, actor):
        watching.see(plant, actor, alert)
    return _done(request)


@router.put("/deadlines/{rule}", dependencies=[guard("rules.write", audit="deadline.set")])
def set_deadline(request: Request, rule: Word, asked: DeadlineSet) -> Done:
    """States a time limit, or changes a shipped one; its history stays in the ledger."""
    values = asked.model_dump(exclude={"reason", "role"})
    with deed(request, asked) as (plant, actor):
        incidents.set_deadline(plant, actor, rule, values)
    return _done(request)
