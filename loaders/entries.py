"""What people enter: decisions with name, role, reason and time, as facts for the ledger."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from graph_model import keys
from graph_model.errors import BadInput
from graph_model.schema import Decision, conform


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
    if not (person.strip() and role.strip() and reason.strip()):
        raise BadInput("decision_unsigned")
    now = round(datetime.now(UTC).timestamp() * 1e6)
    row = {
        "key": keys.join("decision", kind, subject, str(now)), "kind": kind, "subject": subject,
        "target": target, "late": late, "early": early, "person": person, "role": role,
        "reason": reason, "decided_at": now,
    }  # fmt: skip
    return conform(Decision, pl.DataFrame([row]), provenance=True)
