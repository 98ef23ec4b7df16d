"""Telling customers, hearing what they answer, and claims on suppliers."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from api import telling
from api.answers import moment_of
from api.asked import Asked, Signed, Word
from api.auth.guard import guard
from api.deeds import acts, key_of, reads, time_of
from graph_model.access import redact, signed_in
from graph_model.live import Moment
from graph_model.plant import Plant
from queries import partner
from queries.incidents import cases as reading
from queries.incidents import claims, notices, scopes
from queries.recall.roots import one_lot

router = APIRouter(prefix="/api/v1", tags=["notices"])
_reads, _acts = partial(reads, router), partial(acts, router)


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


class Consignee(BaseModel):
    """Whom a customer passed goods on to."""

    model_config = ConfigDict(extra="forbid")

    consignee: Word = Field(min_length=1, description="Code or name")
    country: Word | None = None
    lot: Word | None = None
    quantity: float | None = Field(default=None, ge=0, le=1e15)
    uom: Word | None = None
    checked: bool | None = Field(default=None, description="An effectiveness check was made")
    reached: bool | None = Field(default=None, description="It was told and acted")


class PassedOn(Signed):
    """A customer's list of whom it passed goods on to."""

    customer: Word = Field(min_length=1)
    consignees: list[Consignee] = Field(min_length=1, max_length=100_000)


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


def _lot(plant: Plant, reference: str | None) -> str | None:
    """Key of a lot as it was sent; None for none. Raises NotFound, Ambiguous."""
    if reference is None:
        return None
    lineage = plant.lineage()
    key: str = lineage.lots["key"][one_lot(lineage, reference)]
    return key


def _listing(request: Request, moment: Moment, number: str) -> list[dict[str, Any]]:
    """Parties with the names of whom to tell; who may not see contacts gets none."""
    found = notices.listing(moment.facts, key_of(moment, number))
    people = request.app.state.plant.names(one["contact"] for one in found if one["contact"])
    return [one | {"contact": people.get(one["contact"], one["contact"])} for one in found]


_reads("notices", "incident.read", "notices.read",
      "Parties with their notice, state and amounts.", _listing)  # fmt: skip
_reads("claims", "price.see", "claims.read",
      "Claims with their reply clock, documents and what came back.",
      lambda _, moment, number: claims.listing(moment.facts, key_of(moment, number)))  # fmt: skip


@router.get("/incidents/{number}/packs/{customer:path}",
            dependencies=[guard("contact.see", audit="pack.read")])  # fmt: skip
def pack(
    request: Request, number: Word, customer: Word, asked: Annotated[Asked, Query()],
    name_suppliers: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """What one customer is told: its own lots, amounts and dates, and nobody else's."""
    moment = moment_of(request, asked.as_of, keep=False)
    row = reading.find(moment.facts, number)
    with request.app.state.budget.spend(signed_in().account):
        scope = scopes.scope_of(moment.facts, moment.lineage, row)
        found = partner.pack(scope, customer, name_suppliers=name_suppliers).to_dict()
    whole: dict[str, Any] = redact(found, signed_in())
    return whole


_acts("notify", Notified, "notice.write", "notices.prepared",
     "Prepares a notice for every party that has none.",
     lambda _, plant, actor, number, asked: telling.prepare(
         plant, actor, number, depth=asked.depth, level=asked.level,
         share=asked.share))  # fmt: skip
_acts("told", Told, "notice.write", "notices.told", "States that notices were sent or confirmed.",
     lambda request, plant, actor, number, asked: telling.tell(
         plant, actor, number, asked.what, asked.customers, channel=asked.channel,
         document=asked.document, at=time_of(request, asked.at)))  # fmt: skip
_acts("answers", Answered, "notice.write", "notice.answered", "States what a customer answers.",
     lambda _, plant, actor, number, asked: telling.answer(
         plant, actor, number, asked.customer, asked.amounts, lot=_lot(plant, asked.lot),
         uom=asked.uom))  # fmt: skip
_acts("consignees", PassedOn, "notice.write", "notice.consignees",
     "Takes a customer's list of whom it passed goods on to.",
     lambda _, plant, actor, number, asked: telling.pass_on(
         plant, actor, number, asked.customer,
         [one.model_dump() | {"lot": _lot(plant, one.lot)}
          for one in asked.consignees]))  # fmt: skip
_acts("claims", Claimed, "supplier.claim", "claim.prepared", "Prepares a claim on a supplier.",
     lambda _, plant, actor, number, asked: telling.claim(
         plant, actor, number, asked.supplier, asked.kind, reply_hours=asked.reply_hours,
         amount=asked.amount, currency=asked.currency))  # fmt: skip
_acts("on-claim", OnClaim, "supplier.claim", "claim.followed", "States what became of a claim.",
     lambda request, plant, actor, number, asked: telling.on_claim(
         plant, actor, number, asked.supplier, asked.what, document=asked.document,
         amount=asked.amount, at=time_of(request, asked.at)))  # fmt: skip
