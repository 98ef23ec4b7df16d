"""A checksum a row, so that `verify` can name the row of a payload that was edited.

The payload's SHA-256 is what guards it; these sums only say where it differs. They are defined here
to the bit and depend on no library version, for a ledger is verified years after it was written.
An empty cell adds nothing to the sum of its row: a column that a later schema adds changes none.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt
import polars as pl

Sums = npt.NDArray[np.uint32]
_Words = npt.NDArray[np.uint64]

BYTES = 3
"""Stored of each sum. An edited row keeps its sum once in 16.7 million times."""

_BLOCK = 65_536  # rows at once, so that the work stays in the processor's cache
_ODD = np.uint64(0x9E3779B97F4A7C15)
_HIGH = np.uint64(32)
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(9)], dtype=np.uint64)


def row_sums(frame: pl.DataFrame) -> Sums:
    """The sum of each row, over all its columns in any order."""
    parts = [_block_sums(frame.slice(at, _BLOCK)) for at in range(0, len(frame), _BLOCK)]
    return np.concatenate(parts) if parts else np.empty(0, np.uint32)


def packed(sums: Sums) -> bytes:
    """The sums as they are stored."""
    return sums.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :BYTES].tobytes()


def unpacked(data: bytes) -> Sums:
    """The sums of stored bytes. Raises ValueError where they are cut off."""
    stored = np.frombuffer(data, np.uint8).reshape(-1, BYTES)
    whole = np.zeros((len(stored), 4), np.uint8)
    whole[:, :BYTES] = stored
    return whole.view("<u4").ravel()


def _block_sums(block: pl.DataFrame) -> Sums:
    total = np.zeros(len(block), np.uint64)
    for column in block:
        if column.null_count() == len(column):
            continue
        seed = np.uint64(zlib.crc32(column.name.encode()))
        if not column.null_count() and (column == column[0]).all():  # most columns are
            total += _mixed(_hashed(column[:1]) + seed)
        else:
            value = _mixed(_hashed(column) + seed)
            if column.null_count():
                value[column.is_null().to_numpy()] = 0
            total += value
    return (_mixed(total) >> np.uint64(64 - 8 * BYTES)).astype(np.uint32)


def _mixed(words: _Words) -> _Words:
    words = (words ^ (words >> _HIGH)) * _ODD
    words ^= words >> _HIGH
    words *= _ODD
    return words


def _hashed(column: pl.Series) -> _Words:
    if column.dtype == pl.String:
        return _hashed_text(column)
    if column.dtype not in (pl.Int64, pl.Float64):
        column = column.cast(pl.Int64)
    values = column.fill_null(0) if column.null_count() else column
    return values.to_numpy().view(np.uint64)


def _hashed_text(column: pl.Series) -> _Words:
    """The length and, eight bytes at a time, the words of each text, each by its own factor."""
    array = (column.fill_null("") if column.null_count() else column).to_arrow()
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64, len(column) + 1, array.offset * 8)
    start, size = ends[:-1], ends[1:] - ends[:-1]
    longest = int(size.max())
    text = np.zeros(int(ends[-1]) + longest + 8, np.uint8)  # words reach over the end
    if longest:
        text[: ends[-1]] = np.frombuffer(data, np.uint8, int(ends[-1]))
    words = np.ndarray(len(text) - 7, "<u8", text, strides=(1,))
    total = size.astype(np.uint64)
    factor = 1
    for at in range(0, longest, 8):
        factor = factor * int(_ODD) % 2**64
        word = words[start + at]
        word &= _MASKS[np.minimum(np.maximum(size - at, 0), 8)]
        word *= np.uint64(factor)
        total += word
    return total
