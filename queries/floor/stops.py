"""What must not be done, and why: a wrong item, goods that are blocked or past their last day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graph_model import floor
from graph_model.floor import Entry
from graph_model.i18n import date_text, text
from queries.floor.records import DAY, KnownLot, Order, Records

USES = ("issue", "ship")
"""Steps after which goods are gone from the shelf: what is blocked is stopped here."""


@dataclass(frozen=True)
class Stop:
    """One reason why a step is stopped."""

    rule: str
    params: dict[str, Any]

    def __str__(self) -> str:
        return text(f"floor.stop.{self.rule}", **self.params)


def stops(records: Records, entry: Entry, lot: KnownLot | None, order: Order | None) -> list[Stop]:
    """Everything that speaks against an entry, the weightiest first; empty: it may be done."""
    found: list[Stop] = []
    if order is not None and order.status == "closed":
        found.append(Stop("order_closed", {"order": order.number}))
    if entry.step == "issue" and order is not None and lot is not None:
        found += _wrong_item(records, entry, lot, order)
    if entry.step in USES and lot is not None:
        found += _blocked(records, entry, lot)
    if entry.step == "make" and lot is not None and order is not None:
        found += _other_order(records, lot, order)
    if entry.step == "receive" and not records.may_deliver(entry.supplier, entry.item):
        params = {"supplier": entry.supplier, "item": entry.item}
        found.append(Stop("supplier_blocked", params))
    if entry.step == floor.LIFT and lot is not None and records.blocked(lot.key) is None:
        found.append(Stop("not_held", {"lot": lot.lot_no}))
    return found


def _wrong_item(records: Records, entry: Entry, lot: KnownLot, order: Order) -> list[Stop]:
    """Rework takes what it makes; where no recipe is known, nothing is known to be wrong."""
    if order.kind == "rework" or not order.item_code:
        return []
    needs = records.needs(order.item_code, entry.at)
    if needs is None or records.usual(lot.item_code) in needs:
        return []
    params = {"item": lot.item_code, "order": order.number, "made": order.item_code}
    return [Stop("wrong_item", params)]


def _blocked(records: Records, entry: Entry, lot: KnownLot) -> list[Stop]:
    found = []
    blocked = records.blocked(lot.key)
    if blocked is not None:
        rule, told = blocked
        found.append(Stop(rule, {"lot": lot.lot_no, "why": told}))
    if lot.expiry is not None and entry.at >= lot.expiry + DAY:
        found.append(Stop("expired", {"lot": lot.lot_no, "day": date_text(lot.expiry)}))
    return found


def _other_order(records: Records, lot: KnownLot, order: Order) -> list[Stop]:
    """A number that another order gave already would make two lots one."""
    others = records.makers(lot.key) - {order.number}
    return [Stop("number_taken", {"lot": lot.lot_no, "item": lot.item_code})] if others else []
