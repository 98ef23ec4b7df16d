"""The records as far as a step on the floor needs them, with what the same list stated before it.

Several entries that waited on a device come together, and one may stand on another: goods received
and issued while there was no connection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from graph_model import cases, floor, keys
from graph_model.derived.codes import Codes, aliases
from graph_model.network import Facts
from graph_model.schema import (
    Approval,
    Component,
    Inspection,
    Item,
    Lot,
    Operation,
    Produced,
    Stock,
)
from queries.floor import labels
from queries.incidents import holds
from queries.incidents.cases import OPEN, deeds, status

DAY = 86_400_000_000
_GOOD = ("conforming", "concession")
_BAD = ("nonconforming", "hold", "pending")


@dataclass(frozen=True)
class KnownLot:
    """A lot of ours that a code can mean; `expiry` in us UTC: the begin of its last day."""

    key: str
    item_code: str
    lot_no: str
    expiry: int | None = None


@dataclass(frozen=True)
class Order:
    """A production order; `item_code` is empty and `status` None where nobody stated it."""

    key: str
    number: str
    item_code: str
    kind: str
    status: str | None


@dataclass(frozen=True)
class FloorHold:
    """A hold that a person (pseudonym) placed on the floor."""

    person: str
    reason: str


class Records:
    """Looks into the facts of one batch; `learn_*` adds what was stated after it."""

    def __init__(self, facts: Facts, company: str) -> None:
        self.facts, self.company = facts, company
        self._codes = Codes.of(aliases(facts), facts[Item])
        self._lots: dict[str, KnownLot] = {}
        self._orders: dict[str, Order] = {}
        self._held = _held_on_floor(facts)
        self._held_in: dict[str, set[str]] = {}

    # ------------------------------------------------------------------ lots

    def learn_lot(self, lot: KnownLot) -> None:
        """A lot that an entry of the same list named first."""
        self._lots.setdefault(lot.key, lot)

    def lots(self, code: str) -> list[KnownLot]:
        """Lots of ours that a label or a typed number can mean, whole lots before their parts."""
        label = labels.read(code)
        if label.key:
            return self._of_key(label.key)
        for number in dict.fromkeys((keys.plain(code), label.lot_no)):
            found = self._of_number(number)
            if found:
                return found
        item, _, number = keys.plain(code).rpartition("/")
        return self._of_key(keys.lot_key(self.company, item, number)) if item else []

    def lot(self, key: str) -> KnownLot | None:
        """One lot by its key."""
        return next(iter(self._of_key(key)), None)

    def _of_key(self, key: str) -> list[KnownLot]:
        return self._with_new(self._own.filter(pl.col("key") == key), lambda lot: lot.key == key)

    def _of_number(self, number: str) -> list[KnownLot]:
        plain = number.casefold()
        return self._with_new(
            self._own.filter(pl.col("lot_no").str.to_lowercase() == number.lower()),
            lambda lot: lot.lot_no.casefold() == plain,
        )

    @cached_property
    def _own(self) -> pl.DataFrame:
        lots = self.facts[Lot]
        goods = pl.col("kind").is_null() | ~pl.col("kind").is_in(["container", "pool", "part"])
        return lots.filter((pl.col("owner") == self.company) & goods & (pl.col("item_code") != ""))

    def _with_new(self, rows: pl.DataFrame, fits: Callable[[KnownLot], bool]) -> list[KnownLot]:
        columns = ["key", "item_code", "lot_no", "expiry_date"]
        known = [KnownLot(*row) for row in rows.sort("sublot", "key").select(columns).iter_rows()]
        seen = {lot.key for lot in known}
        return known + [new for new in self._lots.values() if new.key not in seen and fits(new)]

    def numbers(self, item_code: str) -> set[str]:
        """Numbers of all lots of an item."""
        own = self.facts[Lot].filter(
            (pl.col("owner") == self.company) & (pl.col("item_code") == item_code)
        )
        new = {lot.lot_no for lot in self._lots.values() if lot.item_code == item_code}
        return {*own["lot_no"], *new}

    def makers(self, lot: str) -> set[str]:
        """Numbers of the orders that made a lot."""
        rows = self.facts[Produced].filter(
            (pl.col("lot") == lot) & pl.col("status").ne_missing("cancelled")
        )
        named = (keys.parts(operation) for operation in rows["operation"].unique())
        return {parts[2] for parts in named if parts[1] == "produce"}

    # ------------------------------------------------------------------ items and orders

    def item(self, code: str) -> dict[str, object] | None:
        """An item of ours by its code."""
        rows = self.facts[Item].filter(pl.col("key") == keys.join(self.company, code))
        return rows.row(0, named=True) if len(rows) else None

    def learn_order(self, order: Order) -> None:
        """An order that an entry of the same list opened."""
        self._orders.setdefault(order.number, order)

    def order(self, number: str) -> Order | None:
        """An order by its number."""
        key = keys.join(self.company, "produce", number)
        rows = self.facts[Operation].filter(pl.col("key") == key)
        if rows.is_empty():
            return self._orders.get(number)
        row = rows.row(0, named=True)
        code = keys.parts(row["item"])[-1] if row["item"] else ""
        new = self._orders.get(number)
        return Order(key, number, code or (new.item_code if new else ""), row["kind"],
                     row["status"])  # fmt: skip

    def needs(self, item_code: str, at: int) -> set[str] | None:
        """Items that go into an item by its recipes in force, by their usual code.

        None where no recipe is known: then anything may go in, and nothing is stopped.
        """
        parent = self.usual(item_code)
        own = self._components.filter(
            (pl.col("parent") == parent)
            & (pl.col("valid_from").is_null() | (pl.col("valid_from") <= at))
            & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= at))
        )
        return set(own["item"]) if len(own) else None

    @cached_property
    def _components(self) -> pl.DataFrame:
        """What goes into what, by usual codes."""
        rows = self.facts[Component].filter(pl.col("co_product").ne_missing(True))
        return rows.with_columns(pl.col("parent", "item").replace(self._codes.items))

    def usual(self, item_code: str) -> str:
        """Key of an item under its usual code."""
        key = keys.join(self.company, item_code)
        return self._codes.items.get(key, key)

    def may_deliver(self, supplier: str, item_code: str) -> bool:
        """Whether nobody blocked a supplier for an item."""
        rows = self.facts[Approval].filter(
            (pl.col("supplier") == keys.join(supplier))
            & (pl.col("item") == keys.join(self.company, item_code))
        )
        return "blocked" not in rows["approval"].to_list()

    # ------------------------------------------------------------------ what is blocked

    def learn_hold(self, lot: str, hold: FloorHold | None) -> None:
        """A hold of the same list, or its end (None)."""
        whole = keys.whole(lot)
        if hold is not None:
            self._held[whole] = hold
        else:
            self._held.pop(whole, None)

    def held(self, lot: str) -> FloorHold | None:
        """The hold of a lot that was placed on the floor and that nobody lifted."""
        return self._held.get(keys.whole(lot))

    def blocked(self, lot: str) -> tuple[str, str] | None:
        """Why a lot may not be used: (rule, what is told with it); None: it may.

        A hold of the whole lot blocks each part of it, and that of a part the whole.
        """
        hold = self.held(lot)
        if hold is not None:
            return "held", hold.reason
        whole = keys.whole(lot)
        number = self._incident_of(whole)
        if number:
            return "held_in", number
        return self._judged(whole)

    def doubted(self) -> set[str]:
        """Keys of whole lots of which any record says that they may not be used, now or once."""
        held = self.facts[cases.Hold]["lot"]
        checked = self.facts[Inspection].filter(~pl.col("result").is_in(_GOOD))["lot"]
        stocked = self.facts[Stock].filter(pl.col("quality_status").is_in(_BAD))["lot"]
        named = pl.concat([held, checked, stocked]).drop_nulls().unique()
        return {*map(keys.whole, named), *self._held}

    def _incident_of(self, whole: str) -> str | None:
        """Number of an open incident in which some of a lot is still held."""
        rows = self.facts[cases.Hold].filter(_is_of(whole))
        for incident in rows["incident"].unique(maintain_order=True):
            if incident not in self._held_in:
                self._held_in[incident] = _held_in(self.facts, incident)
            if whole in self._held_in[incident]:
                return keys.parts(incident)[-1]
        return None

    def _judged(self, whole: str) -> tuple[str, str] | None:
        """By the last result of each check, then by the last word of the stock."""
        checks = self.facts[Inspection].filter(_is_of(whole)).sort("latest", nulls_last=False)
        last = checks.group_by("inspection_item", maintain_order=True).last()
        for result in ("nonconforming", "pending"):
            rows = last.filter(pl.col("result") == result)
            if len(rows):
                return result, rows["inspection_item"][0] or rows["inspection_no"][0]
        if len(last):  # judged after it came into stock
            return None
        stock = self.facts[Stock].filter(_is_of(whole)).sort("as_of").tail(1)
        said = stock["quality_status"][0] if len(stock) else None
        return ("stock_" + said, "") if said in _BAD else None


def _is_of(whole: str) -> pl.Expr:
    """Rows about a lot or a part of it."""
    lot = pl.col("lot")
    return (lot == whole) | lot.str.starts_with(whole + "#")


def _held_on_floor(facts: Facts) -> dict[str, FloorHold]:
    """Holds that people placed on the floor and nobody lifted, by whole lot."""
    rows = facts[floor.FloorEntry].filter(
        pl.col("step").is_in([floor.HOLD, floor.LIFT]) & pl.col("lot").is_not_null()
    )
    # In the order they came: a hold that waited on a device is one all the same.
    rows = rows.sort("received_at", "occurred_at", "key").with_columns(
        pl.col("lot").str.split("#").list.first()
    )
    last = rows.unique("lot", keep="last").filter(pl.col("step") == floor.HOLD)
    held = last.select("lot", "person", pl.col("reason").fill_null(""))
    return {lot: FloorHold(person, reason) for lot, person, reason in held.iter_rows()}


def _held_in(facts: Facts, incident: str) -> set[str]:
    """Whole lots of which an open incident still holds some; none of a closed one."""
    if status(deeds(facts, incident)) != OPEN:
        return set()
    states = holds.states(facts, incident)
    own = facts[cases.Hold].filter(pl.col("incident") == incident)
    # What was not found is expected to turn up, and then it is held.
    return {
        keys.whole(lot)
        for key, lot in own.select("key", "lot").iter_rows()
        if (held := states[key]).in_hand > 0 or held.missing > 0 or not held.searched
    }
