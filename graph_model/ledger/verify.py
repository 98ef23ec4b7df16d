"""Is the ledger as it was written? Hash chain, payloads, and heads kept elsewhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graph_model.errors import LedgerError
from graph_model.ledger.damage import Damage, damages, read_rows
from graph_model.ledger.manifest import BatchInfo, Part, batch_info
from graph_model.ledger.payloads import Payloads, sums_file
from graph_model.ledger.restated import SCHEMA
from graph_model.ledger.sums import Sums
from graph_model.schema import KINDS, VERSION, frame_schema


@dataclass(frozen=True)
class Fault:
    """What is wrong with a batch, in which file, in which rows and columns.

    manifest_edited: its row is not as hashed; reordered: its row is one of another place;
    chain_broken: the row before it, or this one, was replaced with a new hash; lost: its row or
    content is gone or unreadable; edited: its content is not as hashed; replaced: its content is
    that of another payload; tail_lost, head_differs: against a head. `rows` is empty where the
    content cannot be read at all, where it says the same in other bytes, and where it was sealed
    before there were row sums. `columns` are those that are gone.
    """

    batch: int
    what: str
    file: str = ""
    rows: tuple[Damage, ...] = ()
    columns: tuple[str, ...] = ()


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
    manifest: list[dict[str, Any]], payloads: Payloads, heads: Iterable[tuple[int, str]]
) -> list[Fault]:
    """All faults, first batch first."""
    faults = list(chain_faults(manifest))
    broken = {fault.batch for fault in faults if fault.what in ("manifest_edited", "reordered")}
    whole = [batch_info(row) for row in manifest if row["number"] not in broken]
    sealed = {part.sha256 for batch in whole for parts in batch.files.values() for part in parts}
    for batch in whole:
        for kind, parts in batch.files.items():
            for part in parts:
                faults += _part_faults(batch, kind, part, payloads, sealed)
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


def _part_faults(
    batch: BatchInfo, kind: str, part: Part, payloads: Payloads, sealed: set[str]
) -> Iterator[Fault]:
    name = part.file or kind
    try:
        data = payloads.data(batch.number, kind, part)
    except (OSError, LedgerError):
        yield Fault(batch.number, "lost", name)
        data = None
    digest = part.sha256 if data is None else hashlib.sha256(data).hexdigest()
    sums: Sums | None = None
    try:
        sums = payloads.sums(part)
    except (OSError, ValueError) as error:
        what = "lost" if isinstance(error, OSError) else "edited"
        yield Fault(batch.number, what, sums_file(part.file))
    if data is not None and digest != part.sha256:
        if digest in sealed:
            yield Fault(batch.number, "replaced", name)
        else:
            yield Fault(batch.number, "edited", name, *_rows(data, batch, kind, sums))


def _rows(
    data: bytes, batch: BatchInfo, kind: str, sums: Sums | None
) -> tuple[tuple[Damage, ...], tuple[str, ...]]:
    """The rows that differ, and the columns that are gone, as far as the file can be read."""
    read = read_rows(data)
    if read is None:
        return (), ()
    frame, unreadable = read
    expected = set(frame_schema(KINDS[kind], provenance=True)) if kind in KINDS else set(SCHEMA)
    whole = batch.schema_version != VERSION or not frame.columns
    lost = set() if whole else expected - set(frame.columns)
    if unreadable or sums is None or not len(sums):
        return unreadable, tuple(sorted(lost))
    return damages(sums, frame), tuple(sorted(lost))
