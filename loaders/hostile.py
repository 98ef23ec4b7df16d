"""Workbooks that would take the memory of the machine are refused before anything opens them.

A workbook is a zip of XML: what unpacks to far more than its size, entities, one text that many
cells repeat, and lone cells that span an enormous sheet. An old workbook (xls) can do the same in
ways that only its reader sees; it is read on trial by a process that may not take much.
"""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from graph_model.errors import BadFile

_UNREADABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    OSError,
    EOFError,
    RuntimeError,  # a packing that zipfile does not know, a part that is locked by a password
)
"""How a zip that is damaged, or packed as no workbook is, fails when it is read."""
_RATIO = 150
_FREE = 32 << 20
_REPEATED = 50
"""So many bytes of text in cells are usual for each byte of a file."""
_TRIAL, _NO_MEMORY = 160 << 20, 3
_READ = f"""
import resource, sys, python_calamine
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
try:
    book = python_calamine.load_workbook(sys.argv[1])
    for name in book.sheet_names:
        book.get_sheet_by_name(name)
except MemoryError:
    sys.exit({_NO_MEMORY})
"""
_DENSE = 3_000_000
_CHUNK = 1 << 20
_KEPT = 200
"""A cell's start tag is short; what is cut in two is seen whole the second time."""
_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?r="([A-Z]{1,3})(\d{1,7})"')
_BARE = tuple(
    mark + end for mark in (b"<c", b":c") for end in (b" ", b">", b"/", b"\t", b"\n", b"\r")
)
_TAG = re.compile(rb'<(?:\w+:)?(row|c)[\s/>](?:[^>]*?r="(\d{1,7})")?')
_TEXT_ENDS = re.compile(rb"</(?:\w+:)?si>")
_SHARED = re.compile(rb"""t\s*=\s*["']s["']""")
_INDEX = re.compile(rb"""t\s*=\s*["']s["'][^>]*><(?:\w+:)?v>(\d{1,9})<""")


def guard_zip(path: Path, shown: str) -> None:
    """Refuse what unpacks to far more than a table of that size can hold. Raises BadFile."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            if not any(name.startswith("xl/workbook") for name in names):
                raise BadFile("file_not_workbook", file=shown)
            size = path.stat().st_size
            total = sum(entry.file_size for entry in entries)
            if len(entries) > 5_000 or total > _FREE + _RATIO * size:
                raise BadFile("file_unpacks_too_large", file=shown)
            sheets = [
                _looked_over(archive, entry, shown)
                for entry in entries
                if entry.filename.endswith((".xml", ".rels"))
            ]
            if _repeated(archive, sheets) > _FREE + _REPEATED * size:
                raise BadFile("file_unpacks_too_large", file=shown)
    except _UNREADABLE as error:
        raise BadFile("file_damaged", file=shown) from error


def guard_xls(path: Path, shown: str) -> None:
    """Refuse what cannot be read within some multiple of its size. Raises BadFile."""
    memory = _TRIAL + _REPEATED * path.stat().st_size
    command = [sys.executable, "-c", _READ, str(path), str(memory)]
    done = subprocess.run(command, capture_output=True, check=False)
    # Whatever else is wrong with the file is told when it is read in earnest.
    if done.returncode < 0 or done.returncode == _NO_MEMORY:
        raise BadFile("file_unpacks_too_large", file=shown)


@dataclass
class _Part:
    """What one look over a part counted: cells with a place, cells at all, cells of shared text."""

    entry: zipfile.ZipInfo
    rows: int = 0
    columns: int = 0
    cells: int = 0
    tags: int = 0
    shared: int = 0
    blocks: int = 0


def _blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part in pieces, each with the end of the one before."""
    tail = b""
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            yield (block := tail + chunk)
            tail = block[-_KEPT:]


def _looked_over(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shown: str) -> _Part:
    """No document type (entities), and no lone far cell that would span an enormous sheet."""
    part = _Part(entry)
    is_sheet = "worksheets/" in entry.filename
    read = 0
    for block in _blocks(archive, entry):
        read += min(len(block), _CHUNK)
        if read > entry.file_size + _CHUNK:
            raise BadFile("file_damaged", file=shown)
        # Without NUL bytes, so that UTF-16 hides nothing.
        plain = block.replace(b"\0", b"")
        if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
            raise BadFile("file_has_entities", file=shown)
        if is_sheet:
            _count(block, part)
    if part.tags > part.cells + part.blocks:
        _placed_by_order(archive, part)
    if part.rows * part.columns > _DENSE + 20 * max(part.cells, part.tags):
        raise BadFile("file_cells_far", file=shown, sheet=entry.filename, rows=part.rows)
    return part


def _count(block: bytes, part: _Part) -> None:
    part.blocks += 1
    part.tags += sum(block.count(mark) for mark in _BARE)
    part.shared += len(_SHARED.findall(block))
    for name, number in _CELL.findall(block):
        part.cells += 1
        part.rows = max(part.rows, int(number))
        part.columns = max(part.columns, _column_number(name))


def _placed_by_order(archive: zipfile.ZipFile, part: _Part) -> None:
    """Cells without a place of their own lie side by side in their row."""
    rows = width = 0
    for block in _blocks(archive, part.entry):
        for tag, number in _TAG.findall(block):
            if tag == b"c":
                width += 1
                part.columns = max(part.columns, width)
                continue
            rows, width = max(rows + 1, int(number or 0)), 0
    part.rows = max(part.rows, rows)


def _column_number(name: bytes) -> int:
    number = 0
    for char in name:
        number = number * 26 + char - 64
    return number


def _repeated(archive: zipfile.ZipFile, parts: list[_Part]) -> int:
    """Bytes of text that cells take from the shared table, each cell its own copy."""
    texts = next((p.entry for p in parts if p.entry.filename.endswith("sharedStrings.xml")), None)
    used = [part for part in parts if part.shared]
    if texts is None or not used:
        return 0
    lengths = _lengths(archive, texts)
    longest, cells = int(lengths.max(initial=0)), sum(part.shared for part in used)
    if longest * cells <= _FREE:
        return longest * cells
    total = seen = 0
    for part in used:
        for block in _blocks(archive, part.entry):
            at = np.array([int(index) for index in _INDEX.findall(block)], dtype=np.int64)
            total += int(lengths[at[at < len(lengths)]].sum())
            seen += len(at)
    return total + longest * max(0, cells - seen - sum(2 * part.blocks for part in used))


def _lengths(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> npt.NDArray[np.int64]:
    """Size of each text of the shared table."""
    found: list[int] = []
    start = end = 0
    for block in _blocks(archive, entry):
        for mark in _TEXT_ENDS.finditer(block):
            # One that ends in the piece before is seen a second time.
            if (at := start + mark.end()) > end:
                found.append(at - end)
                end = at
        start += len(block) - min(len(block), _KEPT)
    return np.array(found, dtype=np.int64)
