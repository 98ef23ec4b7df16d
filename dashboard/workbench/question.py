"""What a recall asks, as the address says it: roots, hazard, batch, and what is tried out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.url import State
from dashboard.visit import Judged, Visit
from graph_model.errors import BadInput
from queries.incidents import cases
from queries.recall import hazard
from queries.recall.roots import Suspects

NAMES = ("supplier", "supplier_lot", "item", "operation", "machine", "site", "shipment",
         "customer", "complaint")  # fmt: skip


@dataclass(frozen=True)
class Question:
    """The scope as recorded, and the scope as it would be with what is tried out (else None)."""

    asked: Suspects
    recorded: Judged
    what_if: Judged | None
    clean: tuple[str, ...]
    incident: dict[str, Any] | None = None
    """The incident that asks, where the address names one: see `queries.incidents.cases.whole`."""

    @property
    def shown(self) -> Judged:
        """The scope that what-if figures are of, or else the recorded one."""
        return self.what_if or self.recorded


def read(visit: Visit, state: State) -> Question | None:
    """The question of an address; None where it names nothing suspect."""
    batch, clean = state.whole("as_of"), tuple(sorted(set(state.all("clean"))))
    number, incident = state.one("incident"), None
    if number:
        facts = visit.facts(batch)
        row = cases.find(facts, number)
        asked = cases.asked(facts, row, cases.deeds(facts, row["key"]))
        harm = cases.hazard(row)
        incident = cases.whole(facts, number, cases.Home.of(visit.desk.live.settings))
    else:
        asked = suspects(visit, state)
        harm = hazard.read(state.one("hazard")) if state.one("hazard") else hazard.UNKNOWN
    if not asked.given():
        return None
    recorded = visit.scope(asked, batch, hazard=harm)
    tried = visit.scope(asked, batch, clean, harm) if clean else None
    return Question(asked, recorded, tried, clean, incident)


def suspects(visit: Visit, state: State) -> Suspects:
    """What the address suspects. Raises BadInput for a date that is none."""
    operator = state.one("operator")
    return Suspects(
        lots=state.all("lot"),
        start=_moment(state.one("from"), visit.zone, end=False),
        end=_moment(state.one("to"), visit.zone, end=True),
        printed_from=_moment(state.one("printed_from"), visit.zone, end=False),
        printed_to=_moment(state.one("printed_to"), visit.zone, end=True),
        operator=visit.desk.ledger.records.pseudonym(operator) if operator else None,
        **{name: state.one(name) or None for name in NAMES},
    )


def suspected(state: State) -> dict[str, Any]:
    """What the address suspects, as the service is told it."""
    times = {"start": state.one("from"), "end": state.one("to")}
    others = (*NAMES, "operator", "printed_from", "printed_to")
    told = {name: state.one(name) for name in others} | times
    return {"lot": list(state.all("lot"))} | {name: one for name, one in told.items() if one}


def _moment(content: str, zone: str, *, end: bool) -> int | None:
    if not content:
        return None
    try:
        stamp = datetime.fromisoformat(content)
    except ValueError as error:
        raise BadInput("bad_time", value=content) from error
    stamp = stamp if stamp.tzinfo else stamp.replace(tzinfo=ZoneInfo(zone))
    if end and len(content) <= 10:
        stamp += timedelta(days=1, microseconds=-1)
    return round(stamp.timestamp() * 1e6)
