"""One row of the manifest, and what a list of them says."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RESTATED = "_restated"
"""Pseudo kind: what a batch stated again without change (columns kind, key, columns)."""


@dataclass(frozen=True)
class Part:
    """One payload: its file (empty: inline), SHA-256 and rows.

    `sums`: SHA-256 of the file with its row sums; the sums themselves where it is inline; empty in
    batches of before there were any.
    """

    file: str
    sha256: str
    rows: int
    sums: str = ""


@dataclass(frozen=True)
class BatchInfo:
    """One manifest row. `files`: by kind, its payloads in the order they were stated."""

    number: int
    schema_version: int
    source: str
    who: str
    at: str
    note: str
    voids: int | None
    files: dict[str, list[Part]]
    previous: str
    hash: str

    @property
    def counts(self) -> dict[str, int]:
        """New statements by kind."""
        return {kind: _rows(parts) for kind, parts in self.files.items() if kind != RESTATED}

    @property
    def has_deeds(self) -> bool:
        """Whether it states what was done in an incident; no such batch is voided."""
        return not {"Deed", "Hold"}.isdisjoint(self.files)

    @property
    def has_entries(self) -> bool:
        """Whether people recorded it on the floor; entries are taken back one by one."""
        return not {"FloorEntry", "FloorAnswer"}.isdisjoint(self.files)

    @property
    def restated(self) -> int:
        """Statements that were known already."""
        return _rows(self.files.get(RESTATED, []))


def _rows(parts: list[Part]) -> int:
    return sum(part.rows for part in parts)


def batch_info(row: Mapping[str, Any]) -> BatchInfo:
    """A manifest row as it is used."""
    return BatchInfo(**{**row, "files": read_files(row["files"])})


def read_files(text: str) -> dict[str, list[Part]]:
    """The payloads by kind that a manifest row names."""
    return {
        # The first batches had one payload a kind, without a list around it.
        kind: [Part(**part) for part in (parts if isinstance(parts, list) else [parts])]
        for kind, parts in json.loads(text).items()
    }


def files_text(files: Mapping[str, list[Part]]) -> str:
    """The payloads by kind as a manifest row keeps them."""
    named = {kind: [dataclasses.asdict(part) for part in parts] for kind, parts in files.items()}
    return json.dumps(named, sort_keys=True)


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
