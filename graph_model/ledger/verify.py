"""Is the ledger as it was written? Hash chain, payloads, and heads kept elsewhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_model.errors import LedgerError
from graph_model.ledger.batches import file_sha256


@dataclass(frozen=True)
class Fault:
    """What is wrong with a batch: edited, manifest_edited, reordered, lost, tail_lost, …"""

    batch: int
    what: str
    file: str = ""


def row_hash(row: dict[str, Any]) -> str:
    """Hash of a manifest row (without its own hash); covers content by the files' SHA-256."""
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()


def find_faults(
    manifest: list[dict[str, Any]],
    folder: Path,
    payload: Callable[[int, str], bytes],
    heads: Iterable[tuple[int, str]],
) -> list[Fault]:
    """All faults, first batch first."""
    faults: list[Fault] = []
    previous = ""
    for expected, batch in enumerate(manifest, start=1):
        number = batch["number"]
        if number != expected:
            faults.append(Fault(expected, "lost", f"batch {expected}"))
            break
        body = {name: value for name, value in batch.items() if name != "hash"}
        if row_hash(body) != batch["hash"]:
            faults.append(Fault(number, "manifest_edited"))
        elif batch["previous"] != previous:
            faults.append(Fault(number, "reordered"))
        faults += _content_faults(number, json.loads(batch["files"]), folder, payload)
        previous = batch["hash"]
    hashes = {batch["number"]: batch["hash"] for batch in manifest}
    for number, kept in heads:
        if number and hashes.get(number) != kept:
            faults.append(Fault(number, "head_differs" if number in hashes else "tail_lost"))
    return sorted(faults, key=lambda fault: fault.batch)


def _content_faults(
    number: int,
    files: dict[str, dict[str, Any]],
    folder: Path,
    payload: Callable[[int, str], bytes],
) -> Iterator[Fault]:
    for kind, about in files.items():
        try:
            if about["file"]:
                digest = file_sha256(folder / about["file"])
            else:
                digest = hashlib.sha256(payload(number, kind)).hexdigest()
        except (OSError, LedgerError):
            yield Fault(number, "lost", about["file"] or kind)
            continue
        if digest != about["sha256"]:
            yield Fault(number, "edited", about["file"] or kind)
