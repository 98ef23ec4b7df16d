"""Delivery networks for tests: loaded as files are, and the definition written out with sets.

The oracle follows FoodChain-Lab's definition word by word and shares no code with the product.
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import polars as pl

from graph_model import network
from graph_model.ledger.fold import Facts
from graph_model.lineage import Lineage
from graph_model.schema import KINDS, frame_schema
from loaders.intake import read

Pair = tuple[str, str]
Day = tuple[int, ...]
"""Year, month, day, as many as are known."""


@dataclass(frozen=True)
class Delivery:
    """One row of a network."""

    id: str
    supplier: str
    recipient: str
    departure: Day = ()
    arrival: Day = ()
    lot: str = ""


@dataclass(frozen=True)
class Net:
    """Deliveries and relations between them."""

    deliveries: list[Delivery]
    relations: set[Pair]
    stations: list[str] = field(default_factory=list)

    def load(self, folder: Path) -> tuple[Facts, Lineage]:
        """The network as the product reads it from three files."""
        ends = {name for d in self.deliveries for name in (d.supplier, d.recipient)}
        rows: dict[str, list[list[str]]] = {
            "stations": [["ID", "Name"], *([n, n] for n in sorted(ends | {*self.stations}))],
            "deliveries": [
                ["ID", "from", "to", "Name", "Lot ID", "Date Delivery", "Date Delivery Arrival"],
                *(
                    [d.id, d.supplier, d.recipient, "", d.lot, day(d.departure), day(d.arrival)]
                    for d in self.deliveries
                ),
            ],
            "delivery_relations": [
                ["from", "to"],
                *(list(pair) for pair in sorted(self.relations)),
            ],
        }
        folder.mkdir(parents=True, exist_ok=True)
        for name, lines in rows.items():
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream).writerows(lines)
        return loaded(folder)


def day(parts: Day) -> str:
    """A date as it is typed, as far as it is known."""
    return "-".join(f"{part:02d}" for part in parts)


def loaded(path: Path) -> tuple[Facts, Lineage]:
    """Facts and arrays of what was read, as if it were the whole ledger."""
    tables: Mapping[str, pl.DataFrame] = read(path).tables
    whole = {
        name: tables.get(name, pl.DataFrame(schema=frame_schema(kind, provenance=True)))
        for name, kind in KINDS.items()
    }
    facts = Facts(1, "", whole)
    return facts, Lineage.of(network.build(facts))


@dataclass(frozen=True)
class Asked:
    """Parameters of a run, in the words of the definition."""

    temporal: bool = True
    cc_stations: tuple[str, ...] = ()
    cc_deliveries: tuple[str, ...] = ()
    kill_stations: tuple[str, ...] = ()
    kill_deliveries: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    within_days: int | None = None


class Oracle:
    """Links, traces and scores by the definition, set by set. `within` needs whole dates."""

    def __init__(self, net: Net, asked: Asked) -> None:
        def named(name: str) -> str:
            return asked.groups.get(name, name)

        self.asked = asked
        self.of = {
            d.id: Delivery(
                d.id, named(d.supplier), named(d.recipient), d.departure or d.arrival,
                d.arrival or d.departure, d.lot,
            )
            for d in net.deliveries
        }  # fmt: skip
        self.stations = {named(name) for name in net.stations} | {
            name for d in self.of.values() for name in (d.supplier, d.recipient)
        }
        self.links = self._links({(a, b) for a, b in net.relations if {a, b} <= self.of.keys()})

    def _may(self, first: str, second: str) -> bool:
        came, left = self.of[first].arrival, self.of[second].departure
        if self.asked.within_days is not None and len(came) == len(left) == 3:
            gap = datetime.date(*left) - datetime.date(*came)
            # From the end of the day of arrival to the start of the day of departure.
            if gap.days - 1 >= self.asked.within_days:
                return False
        if not self.asked.temporal:
            return True
        for a, b in zip(came, left, strict=False):
            if a != b:
                return a < b
        return True

    def _links(self, links: set[Pair]) -> set[Pair]:
        asked, of = self.asked, self.of
        links = set(links)
        for station in asked.cc_stations:
            for a in of:
                for b in of:
                    inside = of[a].recipient == station == of[b].supplier
                    if inside and a != b and self._may(a, b):
                        links.add((a, b))
        whole = set(links)
        for a in asked.cc_deliveries:
            for b in asked.cc_deliveries:
                if a != b and of[a].recipient == of[b].recipient:
                    links |= {(a, f) for g, f in whole if g == b and f != a and self._may(a, f)}
        dead = set(asked.kill_stations)
        links = {
            (a, b) for a, b in links if of[a].recipient not in dead and of[b].supplier not in dead
        }
        return {(a, b) for a, b in links if a not in asked.kill_deliveries}

    def _closure(self, delivery: str, links: Iterable[Pair]) -> set[str]:
        found, fresh = set[str](), {delivery}
        while fresh:
            fresh = {b for a, b in links if a in fresh} - found
            found |= fresh
        return found - {delivery}

    def forward(self, delivery: str) -> set[str]:
        return self._closure(delivery, self.links)

    def backward(self, delivery: str) -> set[str]:
        return self._closure(delivery, {(b, a) for a, b in self.links})

    def recipients(self, delivery: str) -> set[str]:
        """Forward stations of a delivery."""
        own = set() if delivery in self.asked.kill_deliveries else {self.of[delivery].recipient}
        return own | {self.of[d].recipient for d in self.forward(delivery)}

    def suppliers(self, delivery: str) -> set[str]:
        """Backward stations of a delivery."""
        own = {self.of[delivery].supplier} - set(self.asked.kill_stations)
        return own | {self.of[d].supplier for d in self.backward(delivery)}

    def outgoing(self, station: str) -> set[str]:
        if station in self.asked.kill_stations:
            return set()
        return {d for d in self.of if self.of[d].supplier == station}

    def incoming(self, station: str) -> set[str]:
        dead = self.asked.kill_deliveries
        return {d for d in self.of if self.of[d].recipient == station and d not in dead}

    def trace(self, name: str) -> dict[str, set[str]]:
        """Forward and backward deliveries and stations of a station or delivery."""
        if name in self.of:
            ahead, behind = self.forward(name), self.backward(name)
            to, origin = self.recipients(name), self.suppliers(name)
        else:
            sent, came = self.outgoing(name), self.incoming(name)
            ahead = sent.union(*(self.forward(d) for d in sent))
            behind = came.union(*(self.backward(d) for d in came))
            to = set[str]().union(*(self.recipients(d) for d in ahead))
            origin = set[str]().union(*(self.suppliers(d) for d in behind))
        return {
            "forward_deliveries": ahead, "forward_stations": to,
            "backward_deliveries": behind, "backward_stations": origin,
        }  # fmt: skip

    def scores(
        self, w_st: Mapping[str, Fraction], w_de: Mapping[str, Fraction]
    ) -> dict[str, dict[str, dict[str, Fraction]]]:
        """score, positive, negative, normalized of every station, delivery and lot."""

        def reached(name: str) -> tuple[set[str], set[str]]:
            trace = self.trace(name)
            return trace["forward_stations"], trace["forward_deliveries"]

        lots = {d.lot or d.id for d in self.of.values()}
        members = {n: [d.id for d in self.of.values() if (d.lot or d.id) == n] for n in lots}
        found: dict[str, dict[str, dict[str, Fraction]]] = {}
        zero = Fraction(0)
        parts: dict[str, Callable[[Fraction], Fraction]] = {
            "score": lambda w: w,
            "positive": lambda w: max(w, zero),
            "negative": lambda w: max(-w, zero),
        }
        for part, of in parts.items():
            st = {name: of(w) for name, w in w_st.items()}
            de = {name: of(w) for name, w in w_de.items()}
            every = [*w_st.values(), *w_de.values()]
            p = sum((w for w in every if w > 0), Fraction(0))
            n = -sum((w for w in every if w < 0), Fraction(0))
            whole = {"score": max(p, n), "positive": p, "negative": n}[part]

            def total(
                own: Fraction, stations: set[str], deliveries: set[str],
                st: dict[str, Fraction] = st, de: dict[str, Fraction] = de,
                whole: Fraction = whole,
            ) -> Fraction:  # fmt: skip
                amount = own + sum((st.get(s, zero) for s in stations), zero)
                amount += sum((de.get(d, zero) for d in deliveries), zero)
                return amount / whole if whole else zero

            for s in self.stations:
                live = self.outgoing(s) | self.incoming(s)
                value = total(st.get(s, Fraction(0)), *reached(s)) if live else Fraction(0)
                found.setdefault("stations", {}).setdefault(s, {})[part] = value
            for d in self.of:
                value = total(de.get(d, Fraction(0)), *reached(d))
                found.setdefault("deliveries", {}).setdefault(d, {})[part] = value
            for lot, of_lot in members.items():
                sets = [reached(d) for d in of_lot]
                value = total(
                    Fraction(0),
                    set().union(*(a for a, _ in sets)),
                    set().union(*(b for _, b in sets)),
                )
                found.setdefault("lots", {}).setdefault(lot, {})[part] = value
        top = max(
            (abs(of["score"]) for kind in ("stations", "deliveries")
             for of in found.get(kind, {}).values()), default=Fraction(0),
        )  # fmt: skip
        for kind in found.values():
            for of_one in kind.values():
                of_one["normalized"] = of_one["score"] / top if top else Fraction(0)
        return found
