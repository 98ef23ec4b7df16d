"""Claims on suppliers: sent, by when to be answered, what is asked for and what came back."""

from __future__ import annotations

from typing import Any

import polars as pl

from graph_model import cases
from graph_model.errors import NotFound
from graph_model.network import Facts
from queries.incidents.cases import deeds, now
from queries.incidents.deadlines import HOUR
from queries.recall.words import moment


def find(facts: Facts, incident: str, supplier: str) -> dict[str, Any]:
    """The newest claim on a supplier, or that of a key. Raises NotFound."""
    named = (pl.col("supplier") == supplier) | (pl.col("key") == supplier)
    own = facts[cases.Claim].filter((pl.col("incident") == incident) & named).sort("at")
    if own.is_empty():
        raise NotFound("no_such_claim", supplier=supplier)
    return own.row(-1, named=True)


def listing(facts: Facts, incident: str, at: int | None = None) -> list[dict[str, Any]]:
    """Claims with their reply clock, documents and what was recovered."""
    done, moment_now = deeds(facts, incident), now() if at is None else at
    own = facts[cases.Claim].filter(pl.col("incident") == incident).sort("at", "key")
    return [
        _told(row, done.filter(pl.col("subject") == row["key"]), moment_now)
        for row in own.iter_rows(named=True)
    ]


def _told(row: dict[str, Any], told: pl.DataFrame, at: int) -> dict[str, Any]:
    sent, answered = _first(told, "claimed"), _first(told, "answered")
    due = None if sent is None or row["reply_hours"] is None else sent + row["reply_hours"] * HOUR
    recovered = told.filter(pl.col("kind") == "recovered")["amount"].sum()
    papers = told.filter(pl.col("kind") == "document").sort("at")
    until = answered if answered is not None else at
    return {
        "claim": row["key"], "supplier": row["supplier"], "kind": row["kind"],
        "state": "answered" if answered else "sent" if sent else "prepared",
        "sent": None if sent is None else moment(sent),
        "due": None if due is None else moment(round(due)),
        "answered": None if answered is None else moment(answered),
        "overdue": due is not None and until > due,
        "left_seconds": None if due is None or answered else round((due - at) / 1e6),
        "amount": row["amount"], "currency": row["currency"], "recovered": recovered,
        "outstanding": None if row["amount"] is None else round(row["amount"] - recovered, 2),
        "documents": papers.select("document", "amount", "reason").to_dicts(),
        "documented": papers["amount"].sum(),
    }  # fmt: skip


def _first(told: pl.DataFrame, kind: str) -> int | None:
    at = told.filter(pl.col("kind") == kind).select(pl.coalesce("happened_at", "at")).to_series()
    first = at.min()
    return first if isinstance(first, int) else None
