"""Which rows of a payload are not as they were sealed."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from graph_model.ledger.sums import Sums, row_sums

LIMIT = 20
"""Runs of rows that are named of one payload; a `more` run says that there are others."""

_SAME = 8  # equal rows in a row that count as the same place


@dataclass(frozen=True)
class Damage:
    """A run of rows: `row` is the first, counted from 1 as sealed, `rows` how many.

    changed, moved, removed; added: before sealed row `row`; unreadable: the file does not give
    them; more: further rows differ, from `row` on. `key` and `origin` (file, sheet and row that it
    was read from) are of the first row as the payload has it now, empty where it is gone.
    """

    what: str
    row: int
    rows: int
    key: str = ""
    origin: str = ""


@dataclass(frozen=True)
class _Run:
    what: str
    row: int  # from 0, as sealed
    rows: int
    at: int  # from 0, as found


def damages(sealed: Sums, frame: pl.DataFrame) -> tuple[Damage, ...]:
    """The first runs of rows of `frame` that differ from what was sealed."""
    found = row_sums(frame)
    runs: list[_Run] = []
    for run in _runs(sealed, found):
        if len(runs) == LIMIT:
            runs.append(dataclasses.replace(run, what="more"))
            break
        runs.append(run)
    return tuple(_named(run, frame) for run in _moved(runs, sealed, found))


def read_rows(data: bytes) -> tuple[pl.DataFrame, tuple[Damage, ...]] | None:
    """What a damaged payload still gives, and the runs of rows that it does not; None: nothing."""
    try:
        return pl.read_parquet(io.BytesIO(data)), ()
    except (pl.exceptions.PolarsError, OSError, ValueError):
        pass
    frames, unreadable, row = [], [], 1
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        sizes = [file.metadata.row_group(nth).num_rows for nth in range(file.num_row_groups)]
    except (pa.ArrowException, OSError, ValueError):
        return None
    for nth, size in enumerate(sizes):
        try:
            frames.append(pl.DataFrame(pl.from_arrow(file.read_row_group(nth))))
        except (pl.exceptions.PolarsError, pa.ArrowException, OSError, ValueError):
            unreadable.append(Damage("unreadable", row, size))
        row += size
    return (pl.concat(frames) if frames else pl.DataFrame()), tuple(unreadable)


def _named(run: _Run, frame: pl.DataFrame) -> Damage:
    key = origin = ""
    if run.what != "removed" and run.at < len(frame):
        row = frame.row(run.at, named=True)
        key = str(row.get("key") or "")
        read = (row.get(name) for name in ("_file", "_sheet", "_row"))
        origin = " · ".join(str(part) for part in read if part is not None)
    return Damage(run.what, run.row + 1, run.rows, key, origin)


def _moved(runs: list[_Run], sealed: Sums, found: Sums) -> list[_Run]:
    """The runs, as moved rows where each of them stands elsewhere now."""
    gone = [row for run in runs if run.what != "added" for row in _rows(run.row, run)]
    come = [at for run in runs if run.what != "removed" for at in _rows(run.at, run)]
    if not np.array_equal(np.sort(sealed[gone]), np.sort(found[come])):
        return runs
    places = dict(zip(found[come].tolist(), come, strict=True))
    return [
        dataclasses.replace(run, what="moved", at=places[int(sealed[run.row])])
        for run in runs
        if run.what != "added"  # the other end of a removed one
    ]


def _rows(first: int, run: _Run) -> range:
    return range(first, first + run.rows)


def _runs(sealed: Sums, found: Sums) -> Iterator[_Run]:
    """What differs, in order."""
    row = at = 0
    while True:
        same = _same(sealed[row:], found[at:])
        row, at = row + same, at + same
        gone, come = _resync(sealed[row:], found[at:])
        both = min(gone, come)
        yield from _changed(sealed[row : row + both], found[at : at + both], row, at)
        if gone > both:
            yield _Run("removed", row + both, gone - both, at + both)
        elif come > both:
            yield _Run("added", row + both, come - both, at + both)
        elif not both:
            return
        row, at = row + gone, at + come


def _changed(sealed: Sums, found: Sums, row: int, at: int) -> Iterator[_Run]:
    edges = np.flatnonzero(np.diff(sealed != found, prepend=False, append=False))
    for first, end in edges.reshape(-1, 2).tolist():
        yield _Run("changed", row + first, end - first, at + first)


def _same(one: Sums, other: Sums) -> int:
    """How many rows are equal from here on."""
    size = min(len(one), len(other))
    differ = np.flatnonzero(one[:size] != other[:size])
    return int(differ[0]) if len(differ) else size


def _resync(sealed: Sums, found: Sums) -> tuple[int, int]:
    """After how many sealed rows, and how many found ones, both are the same again."""
    if not len(sealed) or not len(found):
        return len(sealed), len(found)
    size = min(len(sealed), len(found))
    steps = [(count, count) for count in _first_run(sealed[:size] == found[:size])]
    steps += [(count, 0) for count in _find(sealed, found)]
    steps += [(0, count) for count in _find(found, sealed)]
    return min(steps, key=sum, default=(len(sealed), len(found)))


def _first_run(equal: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> list[int]:
    """Where `_SAME` equal rows begin, or equal ones to the end."""
    breaks = np.flatnonzero(np.append(~equal, True))
    lengths = np.diff(breaks) - 1
    long = np.flatnonzero((lengths >= _SAME) | ((breaks[1:] == len(equal)) & (lengths > 0)))
    return [int(breaks[long[0]]) + 1] if len(long) else []


def _find(rows: Sums, wanted: Sums) -> list[int]:
    """Where in `rows` the next of `wanted` are."""
    size = min(_SAME, len(wanted))
    for at in np.flatnonzero(rows[1 : len(rows) - size + 1] == wanted[0])[:1000]:
        if np.array_equal(rows[at + 1 : at + 1 + size], wanted[:size]):
            return [int(at) + 1]
    return []
