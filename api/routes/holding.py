"""Holding the goods of an incident: held, blocked, found, disposed of, released by two persons."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from api import holding
from api.answers import listed, moment_of
from api.asked import Asked, Signed, Word
from api.auth.guard import guard
from api.deeds import ROWS, acts, key_of
from graph_model.access import redact, signed_in
from graph_model.plant import Plant
from queries.incidents import cases as reading
from queries.incidents import freeze_lists, holds

router = APIRouter(prefix="/api/v1", tags=["holds"])
_acts = partial(acts, router)


class Blocked(Signed):
    """The system that blocked the stock, by its document."""

    document: Word = Field(min_length=1)
    lots: list[Word] = Field(default=[], max_length=10_000, description="Default: all holds")


class Stopped(Signed):
    """The order by which production was stopped."""

    document: Word = Field(min_length=1)
    orders: list[Word] = Field(default=[], max_length=10_000, description="Default: all open ones")


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
    ago: float = Field(
        default=0, ge=0, le=1e8, description="Seconds that it waited on a device without connection"
    )


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


@router.get("/incidents/{number}/holds", dependencies=[guard("hold.read", audit="holds.read")])
def hold_list(request: Request, number: Word, asked: Annotated[Asked, Query()]) -> dict[str, Any]:
    """The hold list by place: expected, found, missing, disposed; open orders; what is not held."""
    moment = moment_of(request, asked.as_of, keep=False)
    found = holds.hold_list(moment.facts, moment.lineage, key_of(moment, number))
    whole: dict[str, Any] = redact(found, signed_in())
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
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


def _line(plant: Plant, number: str, asked: OnHold) -> holds.Line:
    return holding.line_of(plant, number, asked.lot, asked.site)


def _counted(plant: Plant, number: str, asked: Counted) -> holds.Line:
    if asked.hold is None:
        return _line(plant, number, asked)
    return holding.labelled(plant, number, asked.hold, asked.lot)


_acts("holds", Signed, "hold.place", "hold.placed",
     "Holds every lot of the scope wherever it can be stopped, in one act.",
     lambda _, plant, actor, number, asked: holding.hold_all(plant, actor, number))  # fmt: skip
_acts("blocked", Blocked, "hold.place", "hold.blocked", "States that holds are blocked.",
     lambda _, plant, actor, number, asked: holding.block(
         plant, actor, number, asked.document,
         [holding.line_of(plant, number, lot).hold["key"] for lot in asked.lots]))  # fmt: skip
_acts("stopped", Stopped, "hold.place", "orders.stopped",
     "States that open production orders of the scope were stopped.",
     lambda _, plant, actor, number, asked: holding.stop(
         plant, actor, number, asked.document, asked.orders))  # fmt: skip
_acts("found", Counted, "hold.place", "hold.counted", "States what was found of a hold.",
     lambda _, plant, actor, number, asked: holding.count(
         plant, actor, number, _counted(plant, number, asked), asked.quantity,
         scanned=asked.scanned, recount=asked.recount, ago=asked.ago))  # fmt: skip
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
