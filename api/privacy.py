"""Making a person unreadable: the name goes, the ledger keeps the pseudonym and its hashes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from api.incidents import Actor
from graph_model import cases, keys
from graph_model.errors import NotFound
from graph_model.ledger import Facts
from graph_model.plant import Plant
from loaders import entries
from queries import retention


def listing(
    facts: Facts, names: Callable[[Iterable[str]], dict[str, str]], *, due: bool = False
) -> list[dict[str, Any]]:
    """Everyone by pseudonym, with name (None once erased) and until when it is kept."""
    found = retention.people(facts, retention.now())
    known = names(one["person"] for one in found)
    return [
        one | {"name": known.get(one["person"])}
        for one in found
        if not due or (one["due"] and one["person"] in known)
    ]


def erase(plant: Plant, actor: Actor, person: str) -> str:
    """Erases the name of a person, by pseudonym or name; the pseudonym. It cannot be undone.

    That it was done, by whom and why, is a fact of the ledger. Raises NotFound where no name is
    kept for that person.
    """
    signed = actor.signed(plant)
    records = plant.ledger.records
    pseudonym = person if records.names([person]) else records.pseudonym(person)
    if not records.names([pseudonym]):
        raise NotFound("no_such_person", person=person)
    done = entries.decision(
        "erase_person", pseudonym, person=signed.person, role=signed.role, reason=signed.reason
    )
    plant.ledger.append({"Decision": done}, source="decisions", who=actor.name, note="erase_person")
    records.forget(pseudonym)
    return pseudonym


def keep(
    plant: Plant, actor: Actor, rule: str, *, subject: str | None, months: float | None,
    citation: str | None, checked: str | None,
) -> None:  # fmt: skip
    """States how long personal data are kept."""
    signed, at = actor.signed(plant), entries.now()
    made = entries.fact(
        cases.RetentionRule, keys.join("retention", rule, str(at)), rule=rule, subject=subject,
        months=months, citation=citation, checked=checked, at=at, **signed.fields(),
    )  # fmt: skip
    plant.ledger.append({"RetentionRule": made}, source="decisions", who=actor.name, note=rule)
