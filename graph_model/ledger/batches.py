"""Payloads of a batch: sealed Parquet files for many rows, bytes in the records for few."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import polars as pl

INLINE_ROWS = 200
RESTATED = "_restated"
"""Pseudo kind: what a batch stated again without change (columns kind, key, columns)."""


def encode(frame: pl.DataFrame) -> bytes:
    """A small payload."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def decode(data: bytes, sha256: str) -> pl.DataFrame:
    """The frame of a payload. Raises ValueError where the bytes are not as they were sealed."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError("the payload fails its hash")
    return pl.read_parquet(io.BytesIO(data))


def seal(frame: pl.DataFrame, path: Path) -> str:
    """Writes a payload file that appears whole and on disk, or not at all; its SHA-256."""
    draft = path.with_suffix(".draft")
    frame.write_parquet(draft, compression="zstd", compression_level=1)
    with draft.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return digest


def file_sha256(path: Path) -> str:
    """SHA-256 of a payload file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
