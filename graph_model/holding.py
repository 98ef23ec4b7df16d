"""What becomes of a held amount: found, disposed of, released; no step loses any of it.

expected + surplus = found + missing, and found = in hand + disposed of, after every deed. A release
needs a second, different person: until then its amount is still held.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graph_model.cases import DISPOSITIONS
from graph_model.errors import BadInput

RELEASE = "release"
PLACES = 6
"""Amounts are rounded so, as at intake."""
DeedRow = Mapping[str, Any]


@dataclass(frozen=True)
class Held:
    """The amounts of one lot at one place, in the unit of its hold.

    `waiting`: releases that no second person approved yet, by the key of their deed: amount and
    who asked. `searched`: somebody looked, if only to find nothing.
    """

    expected: float
    found: float = 0.0
    scanned: float = 0.0
    searched: bool = False
    disposed: Mapping[str, float] = field(default_factory=dict)
    waiting: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    blocked: tuple[str, ...] = ()
    counts: Mapping[str, float] = field(default_factory=dict)

    @property
    def missing(self) -> float:
        """Expected and not found."""
        return round(max(self.expected - self.found, 0.0), PLACES)

    @property
    def surplus(self) -> float:
        """Found and not expected."""
        return round(max(self.found - self.expected, 0.0), PLACES)

    @property
    def in_hand(self) -> float:
        """Found and not disposed of."""
        return round(self.found - sum(self.disposed.values()), PLACES)

    @property
    def free(self) -> float:
        """What can be disposed of: in hand, and not waiting for a release."""
        return round(self.in_hand - sum(amount for amount, _ in self.waiting.values()), PLACES)


def fold(expected: float, deeds: Iterable[DeedRow]) -> Held:
    """The state after deeds, oldest first; one that says nothing valid changes nothing."""
    held = Held(expected)
    for deed in deeds:
        held = after(held, deed)
    return held


def after(held: Held, deed: DeedRow) -> Held:
    """The state after one deed."""
    kind, subject, amount = deed["kind"], deed["subject"], deed["quantity"] or 0.0
    if kind == "blocked":
        return replace(held, blocked=(*held.blocked, deed["document"] or ""))
    if kind == "found":
        return _found(held, deed, amount)
    if kind == "dispose":
        return _dispose(held, deed["disposition"], amount)
    if kind == RELEASE:
        return replace(held, waiting={**held.waiting, deed["key"]: (amount, deed["person"] or "")})
    if kind in ("approve", "refuse") and subject in held.waiting:
        wanted, asker = held.waiting[subject]
        if kind == "approve" and deed["person"] == asker:
            return held
        rest = {key: one for key, one in held.waiting.items() if key != subject}
        held = replace(held, waiting=rest)
        return _dispose(held, RELEASE, wanted) if kind == "approve" else held
    return held


def _found(held: Held, deed: DeedRow, amount: float) -> Held:
    again = bool(deed["recount"])
    counts = {**({} if again else held.counts), deed["key"]: amount}
    scanned = (0.0 if again else held.scanned) + (amount if deed["scanned"] else 0.0)
    return replace(
        held, counts=counts, found=round(sum(counts.values()), PLACES),
        scanned=round(scanned, PLACES), searched=True,
    )  # fmt: skip


def _dispose(held: Held, disposition: str, amount: float) -> Held:
    so_far = held.disposed.get(disposition, 0.0)
    return replace(held, disposed={**held.disposed, disposition: round(so_far + amount, PLACES)})


def check(held: Held, deed: DeedRow) -> None:
    """Raises BadInput where a deed cannot be done in this state, with what can be."""
    kind, amount = deed["kind"], deed["quantity"]
    if kind in ("found", "dispose", RELEASE):
        if amount is None or not math.isfinite(amount) or amount < 0:
            raise BadInput("bad_amount", amount=amount)
        if kind != "found" and amount == 0:
            raise BadInput("bad_amount", amount=amount)
    if kind == "dispose" and deed["disposition"] not in DISPOSITIONS[:-1]:
        raise BadInput("bad_disposition", value=deed["disposition"],
                       known=", ".join(DISPOSITIONS[:-1]))  # fmt: skip
    if kind in ("dispose", RELEASE) and round(amount, PLACES) > held.free:
        raise BadInput("more_than_held", amount=f"{amount:g}", free=f"{held.free:g}")
    if kind == "found" and deed["recount"] and after(held, deed).free < 0:
        least = held.found - held.free
        raise BadInput("counted_below_disposed", amount=f"{amount:g}", least=f"{least:g}")
    if kind in ("approve", "refuse"):
        _check_second(held, deed)


def _check_second(held: Held, deed: DeedRow) -> None:
    if deed["subject"] not in held.waiting:
        raise BadInput("no_such_release", release=deed["subject"])
    if deed["kind"] == "approve" and deed["person"] == held.waiting[deed["subject"]][1]:
        raise BadInput("second_person_same")
