"""What an incident suspects, and the deeds that say so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from graph_model import cases
from graph_model.network import Facts
from queries.recall.roots import Suspects


def deeds(facts: Facts, incident: str) -> pl.DataFrame:
    """What was done in an incident, oldest first, without what was withdrawn."""
    own = facts[cases.Deed].filter(pl.col("incident") == incident)
    gone = own.filter(pl.col("kind") == "withdraw")["subject"]
    return own.filter(~pl.col("key").is_in(gone.implode())).sort("at", "key")


def suspects(asked: str | None) -> Suspects:
    """A question that was kept as JSON."""
    given: dict[str, Any] = json.loads(asked or "{}")
    lots = tuple(given.pop("lots", ()))
    return Suspects(lots=lots, **given)


def asked(facts: Facts, row: Mapping[str, Any], own: pl.DataFrame) -> Suspects:
    """What an incident suspects: its chosen hypothesis, or else what it was opened with."""
    chosen = own.filter(pl.col("kind") == "choose")["subject"].to_list()
    if chosen and chosen[-1] != row["key"]:
        kept = facts[cases.Hypothesis].filter(pl.col("key") == chosen[-1])
        if len(kept):
            return suspects(kept["asked"][0])
    return suspects(row["asked"])
