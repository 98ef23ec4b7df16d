"""What was put forward as evidence, how far it came, and which records may act.

Life: proposed → accepted → revoked. Each change is a decision with name, role, reason and time; the
latest one holds. What only judges (`JUDGEMENT`) acts with two different signed persons: who put it
forward and who accepted it.
"""

from __future__ import annotations

import polars as pl

from graph_model.derived.facts import Facts
from graph_model.interval import in_force
from graph_model.schema import Decision, Evidence

PROPOSED, ACCEPTED, REVOKED = "proposed", "accepted", "revoked"
JUDGEMENT = ("decision", "invalidation")
"""Kinds of evidence that no record carries, only persons."""
FAILED = ("nonconforming", "concession")
"""Results of inspections that found something; a concession lets it pass, and it is there."""
_CHANGES = {"accept_evidence": ACCEPTED, "revoke_evidence": REVOKED}


def states(facts: Facts) -> pl.DataFrame:
    """All evidence, oldest first, with its `state` and who changed it last.

    Adds `by`, `by_role`, `by_reason`, `at`: the last acceptance or revocation, null before one.
    """
    changes = in_force(facts[Decision]).filter(pl.col("kind").is_in(list(_CHANGES)))
    last = changes.unique("subject", keep="last", maintain_order=True).select(
        key="subject", state=pl.col("kind").replace_strict(_CHANGES, return_dtype=pl.String),
        by="person", by_role="role", by_reason="reason", at="decided_at",
    )  # fmt: skip
    found = facts[Evidence].join(last, on="key", how="left", maintain_order="left")
    state = pl.col("state").fill_null(PROPOSED)
    unsigned = pl.col("kind").is_in(JUDGEMENT) & (state == ACCEPTED) & ~_two_persons()
    state = pl.when(unsigned).then(pl.lit(PROPOSED)).otherwise(state)
    return found.with_columns(state=state).sort("proposed_at", "key", nulls_last=False)


def _two_persons() -> pl.Expr:
    """Two different persons, each with role and reason."""
    signed = pl.all_horizontal(
        pl.col(name).fill_null("").str.strip_chars() != ""
        for name in ("person", "role", "reason", "by", "by_role", "by_reason")
    )
    return signed & (pl.col("person") != pl.col("by"))


def accepted(facts: Facts, *kinds: str) -> pl.DataFrame:
    """The accepted evidence of these kinds; the rows of `states`."""
    return states(facts).filter((pl.col("state") == ACCEPTED) & pl.col("kind").is_in(kinds))


def acting(facts: Facts, kind: type) -> pl.DataFrame:
    """The records of a kind that may act: all but those whose evidence is not accepted."""
    records = facts[kind]
    if facts[Evidence].is_empty():
        return records
    told = states(facts).filter(~pl.col("kind").is_in(JUDGEMENT))
    kept = told.filter(pl.col("state") == ACCEPTED)["subject"]
    doubted = told.filter(~pl.col("subject").is_in(kept.implode()))["subject"].unique()
    return records.filter(~pl.col("key").is_in(doubted.implode()))
