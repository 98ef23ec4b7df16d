"""What a recall asks, as the address says it: roots, hazard, batch, and what is tried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dashboard.url import State
from dashboard.visit import Judged, Visit
from queries import given
from queries.incidents import cases
from queries.recall import hazard
from queries.recall.roots import Suspects
from queries.recall.trials import Trial

NAMES = ("supplier", "supplier_lot", "item", "operation", "machine", "site", "shipment",
         "customer", "complaint")  # fmt: skip


@dataclass(frozen=True)
class Question:
    """The scope as recorded, and the scope as it would be with what is tried out (else None)."""

    asked: Suspects
    recorded: Judged
    what_if: Judged | None
    trial: Trial
    rules: str | None = None
    """TOML of the incident's own rules."""
    incident: dict[str, Any] | None = None
    """The incident that asks, where the address names one: see `queries.incidents.cases.whole`."""

    @property
    def shown(self) -> Judged:
        """The scope that what-if figures are of, or else the recorded one."""
        return self.what_if or self.recorded


def read(visit: Visit, state: State) -> Question | None:
    """The question of an address; None where it names nothing suspect."""
    batch, trial = state.whole("as_of"), tried_out(visit, state)
    number, incident, rules, case = state.one("incident"), None, None, None
    if number:
        facts = visit.facts(batch)
        row = cases.find(facts, number)
        asked = cases.asked(facts, row, cases.deeds(facts, row["key"]))
        harm, rules, case = cases.hazard(row), row["rules"], row["key"]
        incident = cases.whole(facts, number, cases.Home.of(visit.desk.live.settings))
    else:
        asked = suspects(visit, state)
        harm = hazard.read(state.one("hazard")) if state.one("hazard") else hazard.UNKNOWN
    if not asked.given():
        return None
    recorded = visit.scope(asked, batch, hazard=harm, rules=rules, incident=case)
    tried = visit.scope(asked, batch, trial, harm, rules, case) if trial.given() else None
    return Question(asked, recorded, tried, trial, rules, incident)


def tried_out(visit: Visit, state: State) -> Trial:
    """What the address tries out. Raises BadInput for what cannot be read."""
    pairs = {name: [one.rpartition("@") for one in sorted(set(state.all(name)))]
             for name in ("delay", "empty", "kill")}  # fmt: skip
    return Trial(
        clean=tuple(sorted(set(state.all("clean")))),
        delays=tuple((source, given.duration(late)) for source, _, late in pairs["delay"]),
        empty=tuple((site, given.moment(at, visit.zone, end=False))
                    for site, _, at in pairs["empty"]),
        kills=tuple((step, limits) for step, _, limits in pairs["kill"]),
        start=_moment(state.one("window_from"), visit.zone, end=False),
        end=_moment(state.one("window_to"), visit.zone, end=True),
    )  # fmt: skip


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
    return given.moment(content, zone, end=end) if content else None
