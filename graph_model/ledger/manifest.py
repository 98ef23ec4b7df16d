"""One row of the manifest, and what a list of them says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graph_model.ledger.batches import RESTATED


@dataclass(frozen=True)
class BatchInfo:
    """One manifest row. `files`: by kind, its file (empty: inline), SHA-256 and rows."""

    number: int
    schema_version: int
    source: str
    who: str
    at: str
    note: str
    voids: int | None
    files: dict[str, dict[str, Any]]
    previous: str
    hash: str

    @property
    def counts(self) -> dict[str, int]:
        """New statements by kind."""
        return {k: f["rows"] for k, f in self.files.items() if k != RESTATED}

    @property
    def restated(self) -> int:
        """Statements that were known already."""
        return int(self.files.get(RESTATED, {"rows": 0})["rows"])


def batch_info(row: Mapping[str, Any]) -> BatchInfo:
    """A manifest row as it is used."""
    return BatchInfo(**{**row, "files": json.loads(row["files"])})


def voided(manifest: list[BatchInfo]) -> dict[int, int]:
    """Void batches, each with the batch that voids it."""
    return {batch.voids: batch.number for batch in manifest if batch.voids is not None}


def stating(manifest: list[BatchInfo], kind: str, source: str | None) -> list[BatchInfo]:
    """The batches with rows of a kind, from one source or (None) from all."""
    return [
        batch
        for batch in manifest
        if kind in batch.files and (source is None or batch.source == source)
    ]
