"""Recording on the floor: what a device keeps, what it sends, and what becomes of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, BackgroundTasks, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api import floor as taking
from api import watching
from api.answers import listed, moment_of
from api.asked import Asked, Signed, Word, size, who
from api.auth.guard import guard
from api.deeds import ROWS, Done, deed, done, time_of
from graph_model import keys
from graph_model.access import PERMISSIONS, signed_in
from graph_model.errors import NotFound
from graph_model.floor import STEPS, WITHDRAW, Entry
from graph_model.live import LivePlant, Moment
from loaders.entries import now
from queries import names as naming
from queries.floor import entries, labels, plan, work

router = APIRouter(prefix="/api/v1", tags=["floor"])
MOST = 200
"""Entries of one list: a queue that is longer is sent in parts."""
Number = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Moment_ = Annotated[int, Field(ge=0, le=4_102_444_800_000, description="ms UTC, device's clock")]


class EntryGiven(BaseModel):
    """One step as it was entered; `code` is what was scanned or typed."""

    model_config = ConfigDict(extra="forbid")

    id: Number = Field(description="Number that the device gave it; sent again, it stays one")
    step: Literal[STEPS]  # type: ignore[valid-type] # the table of steps is one
    at: Moment_
    code: Word = ""
    lot: Word = Field(default="", description="Key of the lot that was chosen of several")
    item: Word = ""
    lot_no: Word = Field(default="", description="Own number; empty: by the plant's rule")
    quantity: float | None = Field(default=None, ge=0, le=1e15)
    uom: Word = ""
    order: Word = ""
    order_item: Word = Field(default="", description="What an order makes that nobody stated yet")
    line: Word = ""
    supplier: Word = ""
    supplier_lot: Word = ""
    purchase_order: Word = ""
    customer: Word = ""
    delivery: Word = ""
    place: Word = Field(default="", description="Where it was; where it is counted")
    to_place: Word = ""
    expiry: Word = Field(default="", description="Last day of use, ISO")
    made_on: Word = ""
    check: Word = ""
    value: Word = ""
    result: Literal["", "conforming", "nonconforming", "pending", "concession", "scrap"] = ""
    reason: Word = ""
    proposed: Word = Field(default="", description="Key of the lot that was proposed")
    scanned: bool = False
    waited: bool = Field(default=False, description="Done while the service could not be asked")
    responsible: Word = Field(default="", description="Who answers for it; default: who sends")
    second_person: Word = Field(default="", description="Who worked along")
    despite: Word = Field(default="", description="Why it goes against a stop")


class Sent(BaseModel):
    """What a device sends: at once, or what waited on it."""

    model_config = ConfigDict(extra="forbid")

    device: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$")]
    sent_at: Moment_
    entries: list[EntryGiven] = Field(min_length=1, max_length=MOST)


class OutcomeTold(BaseModel):
    """recorded, known (it came before), stopped or refused, with the reasons in words."""

    id: str
    state: str
    reasons: list[str]
    rules: list[str]
    lot: str | None
    lot_no: str
    item: str
    quantity: float | None
    uom: str
    choices: list[dict[str, str]]


class Taken(BaseModel):
    """What became of a list; `clock_off_ms`: how far the device's clock is ahead of ours."""

    batch: int
    clock_off_ms: int
    entries: list[OutcomeTold]


class Listed(Asked):
    """Which entries."""

    waiting: bool = Field(default=False, description="Only what you are asked to confirm")


class Period(Asked):
    """Work of a time; times without zone are the plant's."""

    start: Word | None = Field(default=None, description="ISO")
    end: Word | None = Field(default=None, description="ISO")


class Said(Signed):
    """What a person says of an entry."""

    kind: Literal["confirm", "refuse", "withdraw"]


@router.get("/floor/plan", dependencies=[guard("floor.record", audit="floor.plan")])
def read_plan(request: Request) -> dict[str, Any]:
    """What a device keeps to work without a connection: orders, stock by first expiry, people."""
    moment = moment_of(request, None, keep=False)
    settings = request.app.state.settings
    found = plan.plan(moment.facts, moment.lineage, settings.company, now())
    size(request, len(found["orders"]) + len(found["lots"]))
    people = {
        account.name or account.account
        for account in request.app.state.accounts.all()
        if account.active and PERMISSIONS["floor.record"] & set(account.roles)
    }
    return found | {
        "as_of": moment.batch, "at": now() // 1000, "me": who(request),
        "people": sorted(people - {who(request)}), "lot_rule": settings.lot_rule,
        "zone": settings.timezone,
    }  # fmt: skip


@router.post("/floor/entries", dependencies=[guard("floor.record", audit="floor.recorded")])
def record(request: Request, asked: Sent, after: BackgroundTasks) -> Taken:
    """Records what was done. Each entry has its own answer; what came before is not doubled.

    What was recorded against a stop may be held goods that went: open incidents look again.
    """
    plant: LivePlant = request.app.state.plant
    user = signed_in()
    if any(one.despite for one in asked.entries):
        user.need("floor.override")
    given = [
        taking.Given(
            Entry(at=one.at * 1000, **one.model_dump(exclude=_BESIDE)), one.responsible,
            one.second_person, one.despite,
        )
        for one in asked.entries
    ]  # fmt: skip
    device, came = taking.Device(asked.device, asked.sent_at * 1000), now()
    with plant.writing() as writer:
        outcomes = taking.take(writer, who(request), device, given,
                               may_lift=user.can("hold.release"))  # fmt: skip
    batch = request.state.told.batch = plant.now().batch
    size(request, len(outcomes))
    if any(one.state == taking.RECORDED and one.rules for one in outcomes):
        after.add_task(watching.look_again, plant)
    return Taken(
        batch=batch, clock_off_ms=asked.sent_at - came // 1000,
        entries=[OutcomeTold(**vars(one)) for one in outcomes],
    )  # fmt: skip


_BESIDE = {"at", "responsible", "second_person", "despite"}


@router.get("/floor/entries", dependencies=[guard("floor.record", audit="floor.listed")], **ROWS)
def list_entries(request: Request, asked: Annotated[Listed, Query()]) -> Response:
    """Entries of your own and those that you are asked about, the newest first; all of them for
    whoever may correct others."""
    moment = moment_of(request, asked.as_of, asked.after, keep=False)
    plant: LivePlant = request.app.state.plant
    me = plant.pseudonym(who(request))
    mine = (pl.col("person") == me) | (pl.col("responsible") == me) | (
        pl.col("second_person") == me)  # fmt: skip
    every = signed_in().can("floor.override") and not asked.waiting
    rows = entries.listing(moment.facts, None if every else mine)
    if asked.waiting:
        rows = rows.filter(pl.col("waits_for").list.contains(me) & ~pl.col("withdrawn"))
    told = plant.names({*rows["person"], *rows["responsible"], *rows["second_person"]} - {None})
    found = entries.plain(rows, told)
    if asked.waiting:  # who asks somebody is no secret to them
        found = [row | {"asked_by": row["person"]} for row in found]
    return listed(request, found, moment, limit=asked.limit, after=asked.after)


@router.post("/floor/entries/{number}/answer",
             dependencies=[guard("floor.record", audit="floor.answered")])  # fmt: skip
def answer(request: Request, number: Word, asked: Said) -> Done:
    """Confirms or refuses what somebody recorded with you, or takes an entry back.

    Your own entries, or any with the permission to go against stops.
    """
    with deed(request, asked) as (plant, actor):
        if asked.kind == WITHDRAW and not taking.own(plant, number, actor.name):
            signed_in().need("floor.override")
        taking.say(plant, actor, number, asked.kind)
    return done(request)


@router.get("/floor/label", dependencies=[guard("floor.record", audit="floor.label")])
def label(
    request: Request, lot: Annotated[Word, Query(description="Key of the lot")]
) -> dict[str, str]:
    """What stands on the label of a lot, with its QR code: scanning it opens the lot's trace."""
    moment = moment_of(request, None, keep=False)
    _known(moment, lot)
    address = request.app.state.settings.public_url or str(request.base_url)
    _, item, number, _ = keys.lot_parts(lot)
    names = naming.of(moment.facts)
    return {
        "lot": lot, "lot_no": number, "item": names.item(None, item),
        "code": labels.picture(labels.address(address.rstrip("/"), lot)),
    }  # fmt: skip


def _known(moment: Moment, lot: str) -> None:
    if moment.lineage.number([lot])[0] < 0:
        raise NotFound("floor_no_lot", lot=lot)


@router.get("/floor/work", dependencies=[guard("work.read", audit="floor.work")], **ROWS)
def work_report(request: Request, asked: Annotated[Period, Query()]) -> Response:
    """Who recorded how much of what in which hour; a person's name needs `person.see` besides."""
    return _work(request, asked, None)


@router.get(
    "/floor/work/mine", dependencies=[guard("floor.record", audit="floor.own_work")], **ROWS
)
def own_work(request: Request, asked: Annotated[Period, Query()]) -> Response:
    """How much of what you recorded in which hour."""
    plant: LivePlant = request.app.state.plant
    return _work(request, asked, plant.pseudonym(who(request)))


def _work(request: Request, asked: Period, person: str | None) -> Response:
    moment = moment_of(request, asked.as_of, asked.after, keep=False)
    plant: LivePlant = request.app.state.plant
    span = time_of(request, asked.start), time_of(request, asked.end)
    rows = work.hours(moment.facts, request.app.state.settings.timezone, *span, person)
    told = work.plain(rows, plant.names(set(rows["person"])))
    return listed(request, told, moment, limit=asked.limit, after=asked.after)
