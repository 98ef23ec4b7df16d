"""Codes that a named person declares equal count like recorded aliases, until taken back."""

from __future__ import annotations

import polars as pl

from graph_model.derived.codes import aliases
from graph_model.schema import Alias, conform
from loaders import entries
from tests.facts import fold


def decided(kind: str, subject: str, target: str | None = None) -> pl.DataFrame:
    """A signed decision."""
    return entries.decision(
        kind, subject, target=target, person="p-1", role="QA", reason="same goods"
    )


def recorded() -> pl.DataFrame:
    row = {"key": "a", "kind": "item", "alias": "PLANT/OLD", "target": "PLANT/NEW"}
    return conform(Alias, pl.DataFrame([row]), provenance=True)


def test_decided_codes_stand_beside_recorded_ones() -> None:
    item = decided("alias", "PLANT/B", "PLANT/A")
    company = decided("alias", "SUP-1", "S1")
    found = aliases(fold({"Alias": recorded(), "Decision": pl.concat([item, company])}))
    assert sorted(found.rows()) == [
        ("company", "SUP-1", "S1"),
        ("item", "PLANT/B", "PLANT/A"),
        ("item", "PLANT/OLD", "PLANT/NEW"),
    ]


def test_a_revoked_code_no_longer_counts() -> None:
    item = decided("alias", "PLANT/B", "PLANT/A")
    taken_back = decided("revoke", item["key"][0])
    found = aliases(fold({"Decision": pl.concat([item, taken_back])}))
    assert found.is_empty()
