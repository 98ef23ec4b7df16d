"""Evidence as people enter it: put forward, accepted, revoked; tables for `Ledger.append`."""

from __future__ import annotations

from typing import Any

import polars as pl

from graph_model import evidence, keys
from graph_model.errors import BadInput, NotFound
from graph_model.ledger import Facts
from graph_model.schema import (
    Cleaning,
    Count,
    Decision,
    Evidence,
    Inspection,
    LabelVersion,
    ProcessValue,
    RuleSet,
)
from loaders.entries import Signature, decision, fact, now
from loaders.headings import word_code

RECORDS: dict[str, type] = {
    "inspection": Inspection,
    "process_value": ProcessValue,
    "cleaning": Cleaning,
    "count": Count,
    "label": LabelVersion,
}
"""Kinds of evidence that stand on a record, and the record's kind."""

Tables = dict[str, pl.DataFrame]


def put_forward(
    kind: str, subject: str, *, person: str, role: str, reason: str, **about: Any
) -> Tables:
    """Evidence about a record, an inspection or a lot that the ledger has; `about`: its fields.

    `person` is a pseudonym. Raises BadInput where person, role or reason is empty.
    """
    signed, at = Signature(person, role, reason), now()
    row = fact(
        Evidence, keys.join("evidence", kind, str(at)), kind=kind, subject=subject,
        proposed_at=at, **signed.fields(), **about,
    )  # fmt: skip
    return {Evidence.__name__: row}


def record(
    kind: str, company: str, fields: dict[str, Any], *, person: str, role: str, reason: str
) -> Tables:
    """A new record of one of `RECORDS` and the evidence that stands on it.

    `fields` are those of the record, without key. Raises BadInput as `put_forward` does.
    """
    number = f"evidence-{now()}"
    own = {"company": company, "inspection_no": number} if kind == "inspection" else {}
    key = keys.join(company, number) if own else keys.join(company, kind, number)
    told = put_forward(kind, key, person=person, role=role, reason=reason)
    return {RECORDS[kind].__name__: fact(RECORDS[kind], key, **own, **fields), **told}


def result(word: str) -> str:
    """The code of a result as people write it. Raises BadInput."""
    code = word_code("result", word)
    if code is None:
        raise BadInput("bad_result", value=word)
    return code


def check_decision(hazard: str | None, operation: str | None, not_before: str | None) -> None:
    """A decision is about a stated hazard, or about how material moved. Raises BadInput."""
    about_movement = operation is not None and not_before is not None
    if (hazard is not None) == about_movement or hazard == "unknown" or (hazard and not_before):
        raise BadInput("decision_about_nothing")


def kind_of(facts: Facts, record: str) -> tuple[str, str]:
    """Kind and key of a record by its key, or of an inspection by its number. Raises NotFound."""
    for kind, stored in RECORDS.items():
        named = pl.col("key") == record
        if stored is Inspection:
            named |= pl.col("inspection_no") == record
        found = facts[stored].filter(named)["key"]
        if len(found) == 1:
            return kind, found[0]
    raise NotFound("no_such_record", key=record)


def resolve(facts: Facts, key: str) -> str:
    """Key of evidence by its own key or by that of its record. Raises NotFound."""
    found = facts[Evidence].filter(
        (pl.col("key") == key)
        | ((pl.col("subject") == key) & ~pl.col("kind").is_in(evidence.JUDGEMENT))
    )
    if found.is_empty():
        raise NotFound("no_such_evidence", key=key)
    newest: str = found.sort("proposed_at", "key")["key"][-1]
    return newest


def accept(facts: Facts, key: str, *, person: str, role: str, reason: str) -> Tables:
    """The acceptance of evidence. Raises NotFound, or BadInput where one person signs twice."""
    row = _row(facts, key)
    if row["kind"] in evidence.JUDGEMENT and row["person"] == person:
        raise BadInput("evidence_same_person", key=key)
    return _changed("accept_evidence", key, person, role, reason)


def revoke(facts: Facts, key: str, *, person: str, role: str, reason: str) -> Tables:
    """The revocation of evidence, which then acts no more. Raises NotFound.

    A failed result cannot be revoked, only invalidated: raises BadInput.
    """
    row = _row(facts, key)
    inspections = facts[Inspection].filter(pl.col("key") == row["subject"])
    failed = inspections["result"].is_in(evidence.FAILED).any()
    if row["kind"] == "inspection" and failed:
        raise BadInput("failed_result_stands", inspection=row["subject"])
    return _changed("revoke_evidence", key, person, role, reason)


def rules(content: str, file: str, *, person: str, role: str, reason: str) -> Tables:
    """A rules file as the record that applies from now on. Raises BadInput where unsigned."""
    signed, at = Signature(person, role, reason), now()
    row = fact(
        RuleSet, keys.join("rules", str(at)), content=content, file=file, decided_at=at,
        **signed.fields(),
    )  # fmt: skip
    return {RuleSet.__name__: row}


def _row(facts: Facts, key: str) -> dict[str, Any]:
    rows = facts[Evidence].filter(pl.col("key") == key)
    if rows.is_empty():
        raise NotFound("no_such_evidence", key=key)
    return rows.row(0, named=True)


def _changed(kind: str, key: str, person: str, role: str, reason: str) -> Tables:
    return {Decision.__name__: decision(kind, key, person=person, role=role, reason=reason)}
