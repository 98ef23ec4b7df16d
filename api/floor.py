"""Taking what was entered on the floor: each entry judged on the records, all of them one batch.

The lease of the ledger is held from judging to writing, and an entry has the number that its device
gave it: the same list sent again, whole or in part, records nothing twice.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from api.holding import different
from api.incidents import Actor
from graph_model import floor
from graph_model.errors import BadInput, NotAllowed, NotFound
from graph_model.floor import Entry, FloorEntry
from graph_model.ledger import Facts
from graph_model.plant import Plant
from loaders.entries import floor as entering
from loaders.entries import now
from loaders.entries.floor import Taken
from queries.floor import judging
from queries.floor.entries import open_answers, withdrawn
from queries.floor.judging import Judged
from queries.floor.records import Records

RECORDED, KNOWN, STOPPED, REFUSED = "recorded", "known", "stopped", "refused"


@dataclass(frozen=True)
class Given:
    """An entry as it comes: who answers for it, who worked along, and why it goes against a stop.

    Names are of persons; empty `responsible`: whose account it is. `despite` is empty unless the
    account may go against a stop and says why.
    """

    entry: Entry
    responsible: str = ""
    second_person: str = ""
    despite: str = ""


@dataclass(frozen=True)
class Device:
    """What sends, and its clock at that moment (us UTC)."""

    name: str
    sent_at: int


@dataclass(frozen=True)
class Outcome:
    """What became of an entry: recorded, known, stopped or refused, with the reasons in words."""

    id: str
    state: str
    reasons: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    lot: str | None = None
    lot_no: str = ""
    item: str = ""
    quantity: float | None = None
    uom: str = ""
    choices: tuple[dict[str, str], ...] = ()

    @staticmethod
    def of(state: str, judged: Judged, *, choices: bool = False) -> Outcome:
        """The outcome of an entry that was judged."""
        entry = judged.entry
        may_be = tuple(
            {"lot": lot.key, "item": lot.item_code, "lot_no": lot.lot_no} for lot in judged.choices
        )
        return Outcome(
            entry.id, state, tuple(map(str, judged.stops)),
            tuple(stop.rule for stop in judged.stops),
            judged.lot.key if judged.lot else None, entry.lot_no, entry.item, entry.quantity,
            entry.uom, may_be if choices else (),
        )  # fmt: skip


class _NothingNew(Exception):
    """Nothing of a list is to be recorded: no batch is made."""


def take(
    plant: Plant, who: str, device: Device, given: Iterable[Given], *, may_lift: bool
) -> list[Outcome]:
    """Records what can be recorded and says of every entry what became of it, in their order.

    `may_lift`: the account may end holds. Raises Locked while somebody imports.
    """
    outcomes: list[Outcome] = []
    with (
        contextlib.suppress(_NothingNew),
        plant.ledger.batch(source=floor.SOURCE, who=who, note=device.name) as batch,
    ):
        desk = _Desk(plant, who, device, may_lift=may_lift)
        outcomes = desk.all(list(given))
        if not desk.taken:
            raise _NothingNew
        batch.add(entering.tables(desk.taken, plant.settings), desk.names)
    return outcomes


class _Desk:
    """One list under way."""

    def __init__(self, plant: Plant, who: str, device: Device, *, may_lift: bool) -> None:
        self._settings = plant.settings
        self._records = Records(plant.facts(), plant.settings.company)
        self._pseudonym = plant.ledger.records.pseudonym
        self._device, self._who, self._may_lift = device, who, may_lift
        self._received = now()
        self._told: dict[str, Entry] = {}
        self.taken: list[Taken] = []
        self.names: dict[str, str] = {}

    def all(self, given: list[Given]) -> list[Outcome]:
        """What becomes of each entry; what is recorded is in `taken`."""
        numbers = pl.Series([one.entry.id for one in given], dtype=pl.String)
        told = self._records.facts[FloorEntry].filter(pl.col("entry_no").is_in(numbers.implode()))
        for number, content in told.select("entry_no", "content").iter_rows():
            self._told[number] = Entry(**json.loads(content))
        return [self._take(one) for one in given]

    def _take(self, given: Given) -> Outcome:
        entry = given.entry
        if entry.id in self._told:
            return self._again(entry)
        try:
            judged = judging.judge(self._records, entry, self._settings)
            self._check_people(given, judged)
        except (BadInput, NotAllowed) as error:
            return Outcome(entry.id, REFUSED, (str(error),))
        if judged.stops and not (entry.waited or given.despite):
            return Outcome.of(STOPPED, judged, choices=True)
        self._keep(given, judged)
        return Outcome.of(RECORDED, judged)

    def _again(self, entry: Entry) -> Outcome:
        """The number is known: it is the same entry, or else a device gave one number twice."""
        before = self._told[entry.id]
        if not entry.repeats(before):
            return Outcome(entry.id, REFUSED, (str(BadInput("floor_entry_differs",
                                                            entry=entry.id)),))  # fmt: skip
        return Outcome(entry.id, KNOWN, lot_no=before.lot_no, item=before.item,
                       quantity=before.quantity, uom=before.uom)  # fmt: skip

    def _keep(self, given: Given, judged: Judged) -> None:
        entry = judged.entry
        judging.learn(self._records, judged, self._pseudonym(self._who))
        self._told[entry.id] = entry
        if given.despite and judged.stops:
            entry = replace(entry, reason="; ".join(filter(None, (entry.reason, given.despite))))
        self.taken.append(
            Taken(
                entry=entry, device=self._device.name, person=self._person(self._who),
                responsible=self._person(given.responsible or self._who),
                second_person=self._person(given.second_person),
                sent_at=self._device.sent_at, received_at=self._received,
                lot=judged.lot.key if judged.lot else None, item=judged.item,
                order=judged.order.key if judged.order else None,
                against=tuple(stop.rule for stop in judged.stops),
            )
        )  # fmt: skip

    def _person(self, name: str) -> str:
        """The pseudonym of a person, whose name is remembered beside the ledger."""
        if not name.strip():
            return ""
        pseudonym = self._pseudonym(name)
        self.names[pseudonym] = name.strip()
        return pseudonym

    def _check_people(self, given: Given, judged: Judged) -> None:
        if given.second_person:
            different(given.second_person, self._who)
        if given.entry.step == floor.LIFT:
            if not self._may_lift:
                raise NotAllowed("not_allowed", permission="hold.release")
            if judged.lot is not None:
                self._check_lift(judged.lot.key)

    def _check_lift(self, lot: str) -> None:
        """Who placed a hold does not end it."""
        held = self._records.held(lot)
        if held is not None and held.person == self._pseudonym(self._who):
            raise BadInput("second_person_same")


def say(plant: Plant, actor: Actor, number: str, kind: str) -> None:
    """Who answers for an entry, or worked along, confirms or refuses it; or it is taken back.

    The caller sees to it that only who entered it, or may correct others, takes it back. Raises
    NotFound, BadInput.
    """
    signed = actor.signed(plant)
    with plant.ledger.batch(source=floor.SOURCE, who=actor.name, note=kind) as batch:
        facts = plant.facts()
        row = _entry(facts, number)
        if kind == floor.WITHDRAW:
            _check_withdraw(facts, row)
            batch.add(entering.tables([entering.again(row)], plant.settings, cancelled=True))
        elif signed.person not in open_answers(facts, row["key"]):
            raise BadInput("floor_not_asked", entry=number)
        batch.add(entering.answer(row["key"], kind, **signed.fields()))


def _entry(facts: Facts, number: str) -> dict[str, Any]:
    rows = facts[FloorEntry].filter(pl.col("entry_no") == number)
    if rows.is_empty():
        raise NotFound("floor_no_entry", entry=number)
    return rows.row(0, named=True)


def _check_withdraw(facts: Facts, row: dict[str, Any]) -> None:
    if row["step"] in floor.LASTING:
        raise BadInput("floor_lasting", entry=row["entry_no"])
    if row["key"] in withdrawn(facts):
        raise BadInput("floor_withdrawn", entry=row["entry_no"])


def own(plant: Plant, number: str, who: str) -> bool:
    """Whether an entry is of this person."""
    mine: bool = _entry(plant.facts(), number)["person"] == plant.ledger.records.pseudonym(who)
    return mine
