"""Everything that can have happened in a tiny plant, and what its records would say each time.

A `Step` is fixed but for which goods are taken; `play` takes the next combination of picks. It
shares no code with the rules that it tests: goods are single units that carry every number they
ever went under.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from graph_model.schema import (
    Alias,
    Component,
    Consumed,
    Count,
    Decision,
    Item,
    Lot,
    Operation,
    Produced,
    Returned,
    Shipment,
    Shipped,
    Site,
)
from tests.history_steps import GOOD, PLACES, RAW, STEP, Choices, Setting, Step, Unit

Rows = dict[type, list[dict[str, Any]]]


@dataclass
class History:
    """One way it can have been: where each unit is, what is recorded, what each number held."""

    setting: Setting
    choices: Choices
    stock: dict[str, list[Unit]] = field(default_factory=lambda: defaultdict(list))
    held: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    rows: Rows = field(default_factory=lambda: defaultdict(list))
    silent: set[int] = field(default_factory=set)
    swapped: bool = False
    clock: int = 0

    # ------------------------------------------------------------------ goods

    def take(self, place: str, item: str, units: int) -> list[Unit]:
        """Any units of the item at a place; none where there are not enough."""
        if sum(unit.item == item for unit in self.stock[place]) < units:
            return []
        taken = []
        for _ in range(units):
            options = sorted(
                {unit for unit in self.stock[place] if unit.item == item},
                key=lambda unit: (unit.label or "", sorted(unit.was)),
            )
            taken.append(self.choices.pick(options))
            self.stock[place].remove(taken[-1])
        return taken

    def put(self, place: str, units: Sequence[Unit]) -> None:
        """Units at a place; what is in a tank mixes."""
        here = [*self.stock[place], *units]
        if place == "T1":
            was = frozenset().union(*(unit.was for unit in here))
            here = [Unit(unit.item, unit.label, was) for unit in here]
        self.stock[place] = here
        self.note(here)

    def note(self, units: Sequence[Unit]) -> None:
        """What a number holds, it has held."""
        for unit in units:
            if unit.label is not None:
                self.held[unit.label] |= unit.was

    # ------------------------------------------------------------------ records

    def key(self, *parts: str) -> str:
        """A key of this plant."""
        return "/".join((self.setting.company, *parts))

    def lot(self, label: str, code: str) -> str:
        """Key of a lot as recorded under a code of its item; the number becomes known."""
        item, number = label.split(":")
        code = code if item == "A" else item
        key = self.key(code, number)
        self.add(
            Lot, key=key, owner=self.setting.company, item_code=code, lot_no=number,
            item=self.key(code),
        )  # fmt: skip
        return key

    def add(self, kind: type, /, **fields: Any) -> None:
        """A row, once a key."""
        if all(row["key"] != fields["key"] for row in self.rows[kind]):
            self.rows[kind].append(fields)

    def line(self, kind: type, step: Step, label: str | None, units: int, **fields: Any) -> None:
        """A movement as the step's record tells it."""
        code = step.code if step.item == "A" else step.item
        known = label is not None and step.told in ("lot", "guess", "exact")
        told: dict[str, Any] = {"item": self.key(code), "lot": None, "lot_no": None}
        if known and label is not None:
            told |= {"lot": self.lot(label, step.code), "lot_no": label.split(":")[1]}
        elif label is not None and step.told == "number":
            self.lot(label, step.code)
            told = {"item": None, "lot": None, "lot_no": label.split(":")[1]}
        stamp = (self.clock + step.off) * STEP
        time = {"earliest": stamp, "latest": stamp} if step.dated else {"entered_at": stamp}
        guess = "system_proposed" if step.told == "guess" and known else "typed"
        self.add(
            kind, key=self.key("row", str(sum(map(len, self.rows.values())))), **told,
            owner=self.setting.company, quantity=float(units), uom="pcs", **time,
            source=self.setting.company, lot_source=guess, status="posted",
            **({"basis": "exact"} if kind in (Consumed, Produced) else {}), **fields,
        )  # fmt: skip

    def lines(self, kind: type, step: Step, units: Sequence[Unit], **fields: Any) -> None:
        """One line a number; one line where numbers are not told."""
        groups: dict[str | None, int] = defaultdict(int)
        for unit in units:
            groups[unit.label if step.told in ("lot", "number", "exact") else None] += 1
        if step.told == "guess":
            known = sorted(label for label in self.held if label.startswith(units[0].item + ":"))
            groups = {known[step.label % len(known)] if known else None: len(units)}
        for label, count in sorted(groups.items(), key=lambda pair: pair[0] or ""):
            self.line(kind, step, label, count, **fields)

    def place(self, step: Step, place: str) -> str | None:
        """Key of a place where the record tells it."""
        return self.key(place) if step.where else None

    def operation(self, kind: str, number: str, /, **fields: Any) -> str:
        """Key of an operation."""
        key = self.key(kind, number)
        self.add(
            Operation, key=key, company=self.setting.company, kind=kind, number=number, **fields
        )
        return key

    def order(self, number: int) -> str:
        """Key of an order of production."""
        setting = self.setting
        return self.operation(
            "produce", str(number), work_order_no=str(number), item=self.key(GOOD),
            status="closed" if setting.closed[number] else "open",
            site=self.key("L1") if setting.line[number] else None,
        )  # fmt: skip

    # ------------------------------------------------------------------ deeds

    def receive(self, step: Step) -> None:
        """A supplier's lot becomes ours, with a number of our own or without."""
        label = f"{step.item}:{step.label}" if step.told == "lot" else None
        supplied = f"V:{step.item}{step.label}"
        was = {supplied} | ({label} if label else set())
        key = self.operation("receive", str(self.clock))
        code = step.code if step.item == "A" else step.item
        theirs = f"{self.setting.company}V/{code}/S{step.label}"
        self.add(
            Lot, key=theirs, owner=f"{self.setting.company}V", item_code=code,
            lot_no=f"S{step.label}", item=self.key(code),
        )  # fmt: skip
        stamp = (self.clock + step.off) * STEP
        self.add(
            Consumed, key=self.key("from", str(self.clock)), operation=key, lot=theirs,
            item=self.key(code), lot_no=f"S{step.label}", owner=f"{self.setting.company}V",
            earliest=stamp, latest=stamp, source=self.setting.company, basis="exact",
        )  # fmt: skip
        self.put(step.to, [Unit(step.item, label, frozenset(was))] * step.units)
        self.line(
            Produced, step, label, step.units, operation=key, to_place=self.place(step, step.to)
        )

    def move(self, step: Step) -> None:
        """From one place to another."""
        units = self.take(step.at, step.item, step.units)
        for number, label in enumerate(sorted({unit.label or "" for unit in units})):
            part = [unit for unit in units if (unit.label or "") == label]
            key = self.operation("transfer", f"{self.clock}-{number}")
            self.lines(Consumed, step, part, operation=key, from_place=self.place(step, step.at))
            self.lines(Produced, step, part, operation=key, to_place=self.place(step, step.to))
        self.put(step.to, units)

    def fill(self, step: Step) -> None:
        """Into the tank, whose contents get a new number or none."""
        units = self.take(step.at, step.item, step.units)
        if not units or any(unit.item != step.item for unit in self.stock["T1"]):
            self.put(step.at, units)
            return
        key = self.operation("fill", str(self.clock))
        empty = not self.stock["T1"]
        self.lines(Consumed, step, units, operation=key, from_place=self.place(step, step.at))
        label = f"{step.item}:{step.label}" if step.told == "lot" else None
        new = {label} if label else set()
        inside = [*self.stock["T1"], *units]
        self.stock["T1"] = []
        self.put("T1", [Unit(step.item, label, unit.was | new) for unit in inside])
        self.line(Produced, step, label, step.units, operation=key, to_place=self.key("T1"))
        if not empty:
            rest = replace(step, told="none")
            self.line(Consumed, rest, None, 1, operation=key, from_place=self.key("T1"))
        else:
            self.zero(step, "T1")

    def issue(self, step: Step) -> None:
        """Goods to an order; `told` as "missing" leaves no record."""
        units = self.take(step.at, step.item, step.units)
        self.put(f"order {step.order}", units)
        if step.told == "missing":
            self.silent.add(step.order)
        elif units:
            key = self.order(step.order)
            self.lines(Consumed, step, units, operation=key, from_place=self.place(step, step.at))
            for row in self.rows[Consumed][-len(units) :]:
                if row["operation"] == key:
                    row["basis"] = "by_order"

    def output(self, step: Step) -> None:
        """An order makes as many units as it has goods for."""
        wip = self.stock[f"order {step.order}"]
        needs = self.setting.bom
        if not wip or any(sum(unit.item == item for unit in wip) < step.units for item in needs):
            return
        made = []
        label = f"{GOOD}:{step.label}" if step.told == "lot" else None
        new = frozenset({label}) if label else frozenset[str]()
        for _ in range(step.units):
            parts = [unit for item in needs for unit in self.take(f"order {step.order}", item, 1)]
            parts = parts or wip
            made.append(Unit(GOOD, label, new.union(*(unit.was for unit in parts))))
        if self.setting.homogeneous:
            mixed = new.union(*(unit.was for unit in made))
            made = [Unit(GOOD, label, mixed) for _ in made]
        if not needs:
            self.stock[f"order {step.order}"] = []
        self.put(step.to, made)
        told = replace(step, item=GOOD)
        self.line(
            Produced, told, label, step.units, operation=self.order(step.order),
            to_place=self.place(step, step.to), output_kind="product",
        )  # fmt: skip
        self.rows[Produced][-1]["basis"] = "by_order"

    def make(self, step: Step) -> None:
        """One unit of the product from one unit that is recorded to have gone into it."""
        order = f"order {step.order}"
        others = [item for item in self.setting.bom if item != "A"]
        units = self.take(step.at, "A", 1)
        rest = [unit for item in others for unit in self.take(order, item, 1)]
        if not units or len(rest) < len(others):
            self.put(step.at, units)
            return
        label = f"{GOOD}:{step.label}"
        was = frozenset({label}).union(*(unit.was for unit in (*units, *rest)))
        self.put(step.to, [Unit(GOOD, label, was)])
        whole = self.order(step.order)
        part = self.operation("produce", f"{step.order}/{step.label}", order=whole)
        self.lines(Consumed, step, units, operation=part, from_place=self.place(step, step.at))
        pair = replace(step, item=GOOD, told="exact")
        self.line(Produced, pair, label, 1, operation=part, output_kind="product")
        self.rows[Produced][-1]["quantity"] = None
        if step.told == "lot":  # else only the pair names the output
            self.line(
                Produced, pair, label, 1, operation=whole, to_place=self.place(step, step.to),
                output_kind="product",
            )  # fmt: skip
            self.rows[Produced][-1]["basis"] = "by_order"

    def give_back(self, step: Step) -> None:
        """What an order did not use goes back to a warehouse."""
        units = self.take(f"order {step.order}", step.item, step.units)
        if not units:
            return
        self.swapped |= step.order in self.silent
        self.put(step.to, units)
        key = self.order(step.order)
        self.lines(Returned, step, units, operation=key, to_place=self.place(step, step.to))

    def ship(self, step: Step) -> None:
        """To a customer."""
        units = self.take(step.at, step.item, step.units)
        if not units:
            return
        key = self.key(f"D{self.clock}")
        self.held[f"D:{self.clock}"] |= frozenset().union(*(unit.was for unit in units))
        self.put("customer", units)
        self.add(Shipment, key=key, company=self.setting.company, delivery_no=f"D{self.clock}")
        self.lines(Shipped, step, units, shipment=key, from_place=self.place(step, step.at))

    def take_back(self, step: Step) -> None:
        """From a customer."""
        units = self.take("customer", step.item, step.units)
        for number, label in enumerate(sorted({unit.label or "" for unit in units})):
            part = [unit for unit in units if (unit.label or "") == label]
            key = self.operation("return", f"{self.clock}-{number}")
            self.lines(Consumed, step, part, operation=key)
            self.lines(Produced, step, part, operation=key, to_place=self.place(step, step.to))
        self.put(step.to, units)

    def relabel(self, step: Step) -> None:
        """A unit gets another number, and nobody writes it down."""
        units = self.take(step.at, step.item, 1)
        label = f"{step.item}:{step.label}"
        self.put(step.at, [Unit(step.item, label, unit.was | {label}) for unit in units])

    def count(self, step: Step) -> None:
        """A count is recorded where nothing was found."""
        if not any(unit.item == step.item for unit in self.stock[step.at]):
            self.zero(step, step.at)

    def zero(self, step: Step, place: str) -> None:
        """A count of zero."""
        stamp = (self.clock + step.off) * STEP
        code = step.code if step.item == "A" else step.item
        self.add(
            Count, key=self.key("count", str(self.clock)), site=self.key(place),
            item=self.key(code), quantity=0.0, earliest=stamp, latest=stamp,
            source=self.setting.company, status="posted",
        )  # fmt: skip

    # ------------------------------------------------------------------ whole

    def play(self) -> History:
        """All steps, then what never left its order lies at the line."""
        for step in self.setting.steps:
            self.clock += 1
            getattr(self, step.deed)(step)
            for order in range(len(self.setting.closed)):
                self._clear(order)
        for order in self.silent:
            self.swapped |= bool(self.stock[f"order {order}"])
        self._masters()
        return self

    def _clear(self, order: int) -> None:
        """After its last step the rest of a closed order stays at the line."""
        later = self.setting.steps[self.clock :]
        if self.setting.closed[order] and all(step.order != order for step in later):
            rest = self.stock.pop(f"order {order}", [])
            self.swapped |= bool(rest) and order in self.silent
            self.put("L1", rest)

    def _masters(self) -> None:
        company = self.setting.company
        for code in (*RAW, "A2", GOOD):
            self.add(
                Item, key=self.key(code), company=company, item_code=code, uom="pcs",
                homogeneous=self.setting.homogeneous,
            )  # fmt: skip
        for place in PLACES:
            kind = {"T1": "tank", "L1": "line"}.get(place, "warehouse")
            self.add(Site, key=self.key(place), company=company, site_code=place, kind=kind)
        for item in self.setting.bom:
            self.add(
                Component, key=self.key("bom", item), item=self.key(item),
                parent=self.key(GOOD), quantity=1.0, uom="pcs",
            )  # fmt: skip
        if self.setting.aliases:
            self.add(
                Alias, key=self.key("alias"), kind="item", alias=self.key("A2"),
                target=self.key("A"),
            )  # fmt: skip
        if self.setting.confirmed is not None:
            bound = self.setting.confirmed * STEP
            self.add(
                Decision, key=self.key("delay"), kind="delay", subject=company, late=bound,
                early=bound, decided_at=1,
            )  # fmt: skip
