"""What was recorded on the floor, with what was said of it since."""

from __future__ import annotations

from typing import Any

import polars as pl

from graph_model import floor, keys
from graph_model.floor import FloorAnswer, FloorEntry
from graph_model.network import Facts

ASKED = ("responsible", "second_person")


def listing(facts: Facts, of: pl.Expr | None = None) -> pl.DataFrame:
    """Entries (`of`: which), the newest first: `waits_for` (pseudonyms of who is asked and said
    nothing yet), `refused_by`, `withdrawn`.

    Who is named by somebody else, as responsible or as having worked along, is asked to confirm it.
    """
    rows = facts[FloorEntry] if of is None else facts[FloorEntry].filter(of)
    asked = pl.concat(
        rows.select("key", "person", asked=name).filter(
            pl.col("asked").is_not_null() & (pl.col("asked") != pl.col("person"))
        )
        for name in ASKED
    ).unique(["key", "asked"], maintain_order=True)
    asked = asked.join(
        last_said(facts).select("entry", "person", said="kind"), left_on=["key", "asked"],
        right_on=["entry", "person"], how="left",
    )  # fmt: skip
    waits = _people(asked.filter(pl.col("said").is_null()), "waits_for")
    refused = _people(asked.filter(pl.col("said") == floor.REFUSE), "refused_by")
    found = rows.join(waits, on="key", how="left").join(refused, on="key", how="left")
    return found.with_columns(withdrawn=pl.col("key").is_in(withdrawn(facts).implode())).sort(
        "occurred_at", "key", descending=True
    )


def withdrawn(facts: Facts) -> pl.Series:
    """Keys of the entries that were taken back."""
    return facts[FloorAnswer].filter(pl.col("kind") == floor.WITHDRAW)["entry"]


def last_said(facts: Facts) -> pl.DataFrame:
    """What each person who was asked about an entry said last: confirmed or refused."""
    answers = facts[FloorAnswer].filter(pl.col("kind") != floor.WITHDRAW).sort("at", "key")
    return answers.unique(["entry", "person"], keep="last", maintain_order=True)


def _people(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return rows.group_by("key").agg(pl.col("asked").alias(name))


def open_answers(facts: Facts, key: str) -> list[str]:
    """Pseudonyms of who is asked about an entry and said nothing yet."""
    rows = listing(facts, pl.col("key") == key)
    return [person for waiting in rows["waits_for"].to_list() for person in waiting or ()]


def plain(rows: pl.DataFrame, names: dict[str, str]) -> list[dict[str, Any]]:
    """Entries as JSON; people by name where `names` (by pseudonym) has one."""

    def who(pseudonym: str | None) -> str | None:
        return names.get(pseudonym or "", pseudonym)

    return [
        {
            "entry": row["entry_no"], "step": row["step"], "lot": row["lot"],
            "lot_no": keys.lot_parts(row["lot"])[2] if row["lot"] else None,
            "item": keys.parts(row["item"])[-1] if row["item"] else None,
            "order": keys.parts(row["operation"])[-1] if row["operation"] else None,
            "quantity": row["quantity"], "uom": row["uom"], "occurred_at": row["occurred_at"],
            "sent_at": row["sent_at"], "received_at": row["received_at"],
            "scanned": row["scanned"], "waited": row["waited"],
            "against": (row["against"] or "").split(";") if row["against"] else [],
            "person": who(row["person"]), "responsible": who(row["responsible"]),
            "second_person": who(row["second_person"]), "device": row["device"],
            "waits": bool(row["waits_for"]), "refused": bool(row["refused_by"]),
            "withdrawn": row["withdrawn"], "reason": row["reason"],
        }
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
