"""Writes old workbooks (BIFF8 in a compound file), since no library that writes them is at hand."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

Rows = Sequence[Sequence[str | float]]
_SECTOR, _FREE, _END, _TABLE = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def write(path: Path, sheets: Mapping[str, Rows]) -> None:
    """A workbook of texts and numbers; one table of sectors holds about 60 KB."""
    path.write_bytes(_compound(_stream(sheets)))


def _record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _begin(what: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, what, 0, 0, 0, 0))


def _cell(row: int, column: int, value: str | float) -> bytes:
    place = struct.pack("<HHH", row, column, 0)
    if isinstance(value, str):
        wide = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
        return _record(0x0204, place + wide)
    return _record(0x0203, place + struct.pack("<d", value))


def _stream(sheets: Mapping[str, Rows]) -> bytes:
    bodies = []
    for rows in sheets.values():
        size = struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0)
        cells = (_cell(r, c, v) for r, row in enumerate(rows) for c, v in enumerate(row))
        bodies.append(_begin(0x10) + _record(0x0200, size) + b"".join(cells) + _record(0x0A))

    def head(starts: Sequence[int]) -> bytes:
        named = (
            struct.pack("<IBBBB", start, 0, 0, len(name), 1) + name.encode("utf-16-le")
            for name, start in zip(sheets, starts, strict=True)
        )
        return _begin(0x05) + b"".join(_record(0x85, each) for each in named) + _record(0x0A)

    at, starts = len(head([0] * len(sheets))), []
    for body in bodies:
        starts.append(at)
        at += len(body)
    return head(starts) + b"".join(bodies)


def _compound(stream: bytes) -> bytes:
    """Header, table of sectors, directory, then the one stream."""
    sectors = max(8, -(-len(stream) // _SECTOR))
    after = [*range(3, 2 + sectors), _END]
    table = [_TABLE, _END, *after, *[_FREE] * (126 - sectors)]
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, 1, 0, 4096, _END, 0, _END, 0,
    ) + struct.pack("<109I", 0, *[_FREE] * 108)  # fmt: skip

    def entry(name: str, kind: int, start: int, size: int, child: int) -> bytes:
        raw = name.encode("utf-16-le") + b"\0\0"
        tree = (kind, 1, _FREE, _FREE, child)
        return struct.pack("<64sHBBIII36xIQ", raw, len(raw), *tree, start, size)

    entries = entry("Root Entry", 5, _END, 0, 1) + entry("Workbook", 2, 2, sectors * _SECTOR, _FREE)
    return (
        header
        + struct.pack("<128I", *table)
        + entries.ljust(_SECTOR, b"\0")
        + stream.ljust(sectors * _SECTOR, b"\0")
    )
