"""What requests say of a scope, and the scope that they are about."""

from __future__ import annotations

from fastapi import Request

from api.asked import Judged, Scoped, Suspicion
from graph_model.access import signed_in
from graph_model.live import Moment
from queries import given
from queries.recall import hazard, tables
from queries.recall.roots import Suspects, each_lot
from queries.recall.scope import Premises, Scope, compute


def suspects(request: Request, asked: Suspicion) -> Suspects:
    """What is suspected. Raises BadInput where nothing is named."""
    plant = request.app.state.plant
    return given.suspects(asked.model_dump(), asked.lot, plant.settings.timezone, plant.pseudonym)


def premises(asked: Judged) -> Premises:
    """Hazard and rules of a scope. Raises BadInput for what cannot be read."""
    book = None if asked.rules is None else tables.read_rules(asked.rules)
    return Premises(hazard=hazard.read(asked.hazard), rulebook=book)


def scope_of(request: Request, asked: Scoped, moment: Moment) -> Scope:
    """The scope, computed on the account's bill; one that was computed for the batch is kept."""
    wanted, judged = suspects(request, asked), premises(asked)
    clean = frozenset(each_lot(moment.lineage, asked.clean).tolist())

    def made() -> Scope:
        with request.app.state.budget.spend(signed_in().account):
            return compute(moment.facts, moment.lineage, wanted, clean=clean,
                           prevalence=asked.prevalence, **judged)  # fmt: skip

    key = (moment.head, wanted, judged["hazard"], asked.rules, clean, asked.prevalence)
    kept: Scope = request.app.state.kept.once(key, made)
    return kept


def named(asked: Scoped) -> bool:
    """Whether anything was said of what is suspected and how it is judged."""
    own = asked.model_dump(include=set(Suspicion.model_fields) | set(Judged.model_fields))
    return any(value for name, value in own.items() if (name, value) != ("hazard", "unknown"))
