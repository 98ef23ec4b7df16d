"""What requests are made of: fields that several routes share, each described once."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from graph_model.access import signed_in
from graph_model.audit import Told
from queries.recall.inspections import PREVALENCE

AsOf = Annotated[
    int | None, Field(ge=0, le=2**31, description="Ledger batch; default: the last one")
]
Limit = Annotated[
    int | None, Field(ge=1, le=10_000, description="Rows of a page; default: all rows")
]
After = Annotated[str | None, Field(max_length=30, description="`next` of the page before")]
Word = Annotated[str, Field(max_length=300)]
Words = Annotated[list[Word], Field(max_length=100_000)]
Reason = Annotated[str, Field(min_length=1, max_length=2000, description="Why")]
Toml = Annotated[str, Field(max_length=200_000)]


class Asked(BaseModel):
    """Fields of every question: which batch, which page."""

    model_config = ConfigDict(extra="forbid")

    as_of: AsOf = None
    limit: Limit = None
    after: After = None


class Signed(BaseModel):
    """A deed: who does it is known, the role they act in and why they say."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    role: Word = Field(default="", description="Role acted in; default: the account's roles")


class Suspicion(BaseModel):
    """What is suspected; at least one field. Times without zone are the plant's."""

    model_config = ConfigDict(extra="forbid")

    lot: Words = Field(default=[], description="Lots: number, ITEM/NUMBER or OWNER/ITEM/NUMBER")
    supplier: Word | None = Field(default=None, description="Supplier code")
    supplier_lot: Word | None = Field(default=None, description="The supplier's own lot number")
    item: Word | None = Field(default=None, description="Item code, with a period")
    start: Word | None = Field(default=None, description="Begin of the period, ISO")
    end: Word | None = Field(default=None, description="End of the period, ISO")
    operation: Word | None = Field(default=None, description="Operation or work order")
    operator: Word | None = Field(default=None, description="Person, by name")
    machine: Word | None = Field(default=None, description="Machine or line")
    site: Word | None = Field(default=None, description="Place, with everything inside")
    shipment: Word | None = Field(default=None, description="Delivery number")
    customer: Word | None = Field(default=None, description="Customer code")
    complaint: Word | None = Field(default=None, description="Complaint number")
    printed_from: Word | None = Field(default=None, description="Printed from, of named lots; ISO")
    printed_to: Word | None = Field(default=None, description="Printed to, of named lots; ISO")
    serial_from: Word | None = Field(default=None, description="First serial, of named lots")
    serial_to: Word | None = Field(default=None, description="Last serial, of named lots")


class Judged(BaseModel):
    """What a scope is judged by, besides what is suspected."""

    hazard: Word = Field(default="unknown", description="KIND or KIND:AGENT, as --hazard")
    rules: Toml | None = Field(
        default=None, description="TOML, as --rules; default: the plant's own, else the shipped"
    )


class Scoped(Suspicion, Judged, Asked):
    """A question to the scope of what is suspected."""

    clean: Words = Field(default=[], description="Lots taken as examined in every unit and clean")
    prevalence: float = Field(
        default=PREVALENCE, ge=0, le=1, description="Share of bad units that samples may miss"
    )


def size(request: Request, rows: int) -> None:
    """Tells the audit trail how much was answered, for answers that are no list."""
    told: Told = request.state.told
    told.size = rows


def who(request: Request) -> str:
    """The name under which an entry of this user stands in the ledger."""
    user = signed_in()
    return user.name or user.account


Json = dict[str, Any]
