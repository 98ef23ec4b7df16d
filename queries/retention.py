"""Whose names are due to be erased: by the last record that names them, and how long it is kept.

Names stand in the records database only; the ledger goes on with the pseudonym.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from graph_model.cases import RetentionRule
from graph_model.network import Facts
from graph_model.schema import KINDS, Customer, Supplier, columns
from queries.recall.words import moment

MONTH = 365.25 / 12 * 86_400_000_000
"""Mean month in microseconds."""
_TIMES = ("latest", "at", "decided_at", "happened_at", "opened_at")
OPERATOR, CONTACT = "operator", "contact"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How long data of a subject (operator, contact) are kept after the last record."""

    rule: str
    subject: str = OPERATOR
    months: float = 0.0
    citation: str = ""
    checked: str | None = None
    origin: str = "shipped"


@cache
def _shipped() -> dict[str, Rule]:
    data = tomllib.loads(files("queries").joinpath("retention.toml").read_text(encoding="utf-8"))
    return {name: Rule(rule=name, **values) for name, values in data.items()}


def rules(facts: Facts) -> dict[str, Rule]:
    """All rules by name; one entered in the ledger goes before the shipped one of that name."""
    found = dict(_shipped())
    for row in facts[RetentionRule].sort("at", "key").iter_rows(named=True):
        known = asdict(found[row["rule"]]) if row["rule"] in found else {}
        stated = {
            n: row[n] for n in ("subject", "months", "citation", "checked") if row[n] is not None
        }
        base = {**known, "checked": None, "rule": row["rule"]}
        found[row["rule"]] = Rule(**{**base, **stated, "origin": "ledger"})
    return found


def people(facts: Facts, now: int) -> list[dict[str, Any]]:
    """Everyone the ledger names, by pseudonym: what as, last record, kept until, and if due.

    A person without a dated record has no date and is never due by itself.
    """
    months: dict[str, float] = {}
    for rule in rules(facts).values():
        months[rule.subject] = max(months.get(rule.subject, 0.0), rule.months)
    found = pl.concat([_operators(facts), _contacts(facts)])
    last = found.group_by("person", "subject").agg(pl.col("last").max())
    rows = []
    for person, subject, at in last.sort("person", "subject").iter_rows():
        until = None if at is None else round(at + months.get(subject, 0.0) * MONTH)
        rows.append(
            {"person": person, "subject": subject, "last": None if at is None else moment(at),
             "until": None if until is None else moment(until),
             "due": until is not None and until < now}
        )  # fmt: skip
    # Who is still kept in one respect is not due in another.
    kept = {row["person"] for row in rows if not row["due"]}
    return [row | {"due": row["due"] and row["person"] not in kept} for row in rows]


def _operators(facts: Facts) -> pl.DataFrame:
    frames = [pl.DataFrame(schema={"person": pl.String, "last": pl.Int64})]
    for kind in KINDS.values():
        names = {column.name for column in columns(kind)}
        times = [name for name in _TIMES if name in names]
        if "person" in names and times:
            last = pl.max_horizontal(times) if len(times) > 1 else pl.col(times[0])
            own = facts[kind].filter(pl.col("person").is_not_null())
            frames.append(own.group_by("person").agg(last.max().alias("last")))
    return pl.concat(frames).with_columns(subject=pl.lit(OPERATOR))


def _contacts(facts: Facts) -> pl.DataFrame:
    """Contacts, with the last delivery of their company as the last record."""
    sent = facts[KINDS["Shipment"]].select("customer", last="ship_latest")
    last = sent.group_by("customer").agg(pl.col("last").max())
    frames = [
        facts[kind].select("key", person="contact").drop_nulls("person")
        for kind in (Customer, Supplier)
    ]
    own = pl.concat(frames).join(last, left_on="key", right_on="customer", how="left")
    return own.select("person", "last", subject=pl.lit(CONTACT))


def now() -> int:
    """Microseconds UTC."""
    return round(datetime.now(UTC).timestamp() * 1e6)
