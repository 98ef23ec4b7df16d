"""Is the ledger as it was written? Hash chain, payloads, and heads kept elsewhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph_model.errors import LedgerError
from graph_model.ledger.batches import file_sha256


@dataclass(frozen=True)
class Fault:
    """What is wrong with a batch, and in which file.

    manifest_edited: its row is not as hashed; reordered: its row is one of another place;
    chain_broken: the row before it, or this one, was replaced with a new hash; lost: its row or
    content is gone or unreadable; edited: its content is not as hashed; tail_lost,
    head_differs: against a head.
    """

    batch: int
    what: str
    file: str = ""


def row_hash(row: Mapping[str, Any]) -> str:
    """Hash of a manifest row (without its own hash); covers content by the files' SHA-256."""
    body = {name: value for name, value in row.items() if name != "hash"}
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def chain_faults(
    manifest: list[dict[str, Any]], number: int = 0, previous: str = ""
) -> Iterator[Fault]:
    """Rows after batch `number` of hash `previous` that were edited, reordered or lost, in order.

    The content is not looked at.
    """
    hashes = {row["hash"] for row in manifest}
    expected = number + 1
    for row in manifest:
        number = row["number"]
        for missing in range(expected, number):
            yield Fault(missing, "lost")
        if row_hash(row) != row["hash"]:
            yield Fault(number, "reordered" if _moved(row, manifest) else "manifest_edited")
        elif number == expected and row["previous"] != previous:
            yield Fault(number, "reordered" if row["previous"] in hashes else "chain_broken")
        expected, previous = number + 1, row["hash"]


def find_faults(
    manifest: list[dict[str, Any]],
    folder: Path,
    payload: Callable[[int, str], bytes],
    heads: Iterable[tuple[int, str]],
) -> list[Fault]:
    """All faults, first batch first."""
    faults = list(chain_faults(manifest))
    broken = {fault.batch for fault in faults if fault.what in ("manifest_edited", "reordered")}
    for row in manifest:
        if row["number"] not in broken:
            faults += _content_faults(row, folder, payload)
    hashes = {row["number"]: row["hash"] for row in manifest}
    last = max(hashes, default=0)
    for number, kept in heads:
        if number > last:
            faults.append(Fault(number, "tail_lost"))
        elif number in hashes and hashes[number] != kept:
            faults.append(Fault(number, "head_differs"))
    return sorted(faults, key=lambda fault: fault.batch)


def _moved(row: dict[str, Any], manifest: list[dict[str, Any]]) -> bool:
    """Its hash is right under the number of another row."""
    others = (other["number"] for other in manifest)
    return any(row_hash({**row, "number": number}) == row["hash"] for number in others)


def _content_faults(
    row: dict[str, Any], folder: Path, payload: Callable[[int, str], bytes]
) -> Iterator[Fault]:
    for kind, about in json.loads(row["files"]).items():
        try:
            if about["file"]:
                digest = file_sha256(folder / about["file"])
            else:
                digest = hashlib.sha256(payload(row["number"], kind)).hexdigest()
        except (OSError, LedgerError):
            yield Fault(row["number"], "lost", about["file"] or kind)
            continue
        if digest != about["sha256"]:
            yield Fault(row["number"], "edited", about["file"] or kind)
