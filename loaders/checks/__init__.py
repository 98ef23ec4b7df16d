"""Checks of the facts: `run` gives what is doubtful, at its place in the user's own file.

Nothing is refused or changed here. A rule is a function from `Records` to a frame of places; it
registers itself with a name, whose texts stand in the catalogues under `finding.<name>`.
"""

from __future__ import annotations

import time

from graph_model.ledger.fold import Facts
from loaders.checks import (  # noqa: F401  rules register themselves
    amounts,
    events,
    lots,
    numbers,
    orders,
    people,
    sources,
    times,
    twice,
)
from loaders.checks.records import Records
from loaders.checks.registry import RULES, Rule, findings_of, rule
from loaders.findings import Finding

__all__ = ["RULES", "Records", "Rule", "rule", "run"]


def run(
    facts: Facts,
    company: str = "PLANT",
    *,
    timezone: str = "Asia/Shanghai",
    now: int | None = None,
) -> list[Finding]:
    """All findings of all rules, by file, sheet and row.

    `company`: whose records these are, beside all companies that the operations name.
    `timezone`: in which times are shown. `now`: µs UTC, the machine's clock when not given.
    """
    moment = time.time_ns() // 1000 if now is None else now
    records = Records(facts, company, timezone, moment)
    found = [finding for rule in RULES.values() for finding in findings_of(rule, records)]
    return sorted(found, key=lambda finding: (finding.file, finding.sheet, finding.row))
