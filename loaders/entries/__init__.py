"""What people enter: decisions with name, role, reason and time, as facts for the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from graph_model import keys
from graph_model.errors import BadInput
from graph_model.schema import Decision, conform


def now() -> int:
    """Microseconds UTC."""
    return round(datetime.now(UTC).timestamp() * 1e6)


@dataclass(frozen=True)
class Signature:
    """Who enters something: pseudonym, role and reason. Raises BadInput where one is empty."""

    person: str
    role: str
    reason: str

    def __post_init__(self) -> None:
        if not (self.person.strip() and self.role.strip() and self.reason.strip()):
            raise BadInput("decision_unsigned")

    def fields(self) -> dict[str, str]:
        """As fields of a fact."""
        return {"person": self.person, "role": self.role, "reason": self.reason}


def fact(of: type, key: str, /, **values: Any) -> pl.DataFrame:
    """One row of a kind."""
    return conform(of, pl.DataFrame([{"key": key, **values}]), provenance=True)


def decision(
    kind: str,
    subject: str,
    *,
    person: str,
    role: str,
    reason: str,
    target: str | None = None,
    late: int | None = None,
    early: int | None = None,
) -> pl.DataFrame:
    """One decision; `person` is a pseudonym, `late` and `early` are microseconds.

    Raises BadInput where person, role or reason is empty.
    """
    signed, at = Signature(person, role, reason), now()
    return fact(
        Decision, keys.join("decision", kind, subject, str(at)), kind=kind, subject=subject,
        target=target, late=late, early=early, decided_at=at, **signed.fields(),
    )  # fmt: skip
