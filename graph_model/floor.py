"""Recording on the floor: what a person enters at the place of the deed, step by step.

An entry is a fact about who did what when, by which clock; the movement itself stands beside it as
a row of the sheet of its step, read as any file is (`SHEETS`). Entries are stated once; what is
said of them later are answers beside them, so that nothing recorded is changed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from graph_model import keys
from graph_model.fields import prop

SOURCE = "floor"
"""Source of the ledger's batches; rows carry `floor.<sheet>`."""

SHEETS = {
    "receive": "receipts",
    "issue": "issues",
    "make": "outputs",
    "move": "moves",
    "count": "counts",
    "ship": "shipments",
    "inspect": "inspections",
}
"""Sheet that the row of a step belongs to."""
HOLD, LIFT = "hold", "lift"
STEPS = (*SHEETS, HOLD, LIFT)
CONFIRM, REFUSE, WITHDRAW = ANSWERS = ("confirm", "refuse", "withdraw")
LASTING = ("inspect", HOLD, LIFT)
"""Steps that are not taken back: a newer check, or the end of the hold, stands beside them."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One step as it was entered; times are microseconds UTC by the device's own clock.

    `code` is what was scanned or typed; `lot` the key of the lot that a person chose of several.
    `waited`: it was done while nobody could be asked, so it has happened whatever is said now.
    """

    id: str
    step: str
    at: int
    code: str = ""
    lot: str = ""
    item: str = ""
    lot_no: str = ""
    quantity: float | None = None
    uom: str = ""
    order: str = ""
    order_item: str = ""
    line: str = ""
    supplier: str = ""
    supplier_lot: str = ""
    purchase_order: str = ""
    customer: str = ""
    delivery: str = ""
    place: str = ""
    to_place: str = ""
    expiry: str = ""
    made_on: str = ""
    check: str = ""
    value: str = ""
    result: str = ""
    reason: str = ""
    proposed: str = ""
    scanned: bool = False
    waited: bool = False

    def content(self) -> dict[str, Any]:
        """What was entered, without what is empty."""
        return {name: value for name, value in asdict(self).items() if value not in ("", None)}

    def repeats(self, before: Entry) -> bool:
        """Whether it is the entry that was recorded before, which the service has completed."""
        return all(getattr(self, name) == getattr(before, name) for name in _ENTERED)


_ENTERED = (
    "id", "step", "at", "code", "quantity", "order", "place", "to_place", "delivery", "customer",
    "result", "check", "value",
)  # fmt: skip
"""What the service never completes or corrects."""


def key(entry_no: str) -> str:
    """Key of an entry by the number that the device gave it."""
    return keys.join("floor", entry_no)


@dataclass(frozen=True, kw_only=True)
class FloorEntry:
    """A step that a person recorded with a device: by which clocks, for whom, against what."""

    entry_no: str = prop("Number that the device gave it")
    device: str = prop("Device")
    step: str = prop(", ".join(STEPS), label="floor_step")
    lot: str | None = prop("Key of the lot")
    item: str | None = prop("Key of the item")
    operation: str | None = prop("Key of the order")
    quantity: float | None = prop("Amount", unit="uom")
    uom: str | None = prop("Unit")
    occurred_at: int | None = prop("The device's clock when it was done", unit="us")
    sent_at: int | None = prop("The device's clock when it was sent", unit="us")
    received_at: int | None = prop("The service's clock when it came", unit="us")
    scanned: bool | None = prop("The label was scanned, not typed")
    waited: bool | None = prop("It waited on the device until it could be sent")
    against: str | None = prop("Stops that it was recorded against, separated by ;")
    proposed: str | None = prop("Key of the lot that was proposed, by first expiry")
    person: str | None = prop("Pseudonym of whose account it is")
    responsible: str | None = prop("Pseudonym of who answers for it")
    second_person: str | None = prop("Pseudonym of who worked along")
    reason: str | None = prop("Reason")
    content: str | None = prop("What was entered, as JSON; without names")


@dataclass(frozen=True, kw_only=True)
class FloorAnswer:
    """What another person said of an entry, or that it was taken back."""

    entry: str = prop("Key of the entry")
    kind: str = prop(", ".join(ANSWERS))
    person: str | None = prop("Pseudonym of who said it")
    role: str | None = prop("Role")
    reason: str | None = prop("Reason")
    at: int | None = prop("Time", unit="us")


FLOOR: tuple[type, ...] = (FloorEntry, FloorAnswer)
"""Kinds of which graph and arrays show nothing: what moved stands in rows of its own."""
