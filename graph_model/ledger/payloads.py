"""Payloads of batches: sealed Parquet files for many rows, bytes in the records for few."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from graph_model.errors import LedgerError
from graph_model.ledger.manifest import Part
from graph_model.ledger.sums import Sums, packed, row_sums, unpacked
from graph_model.records import PAYLOAD, Records

INLINE_ROWS = 200
"""A batch of no more rows stands in the records database as a whole."""


class Payloads:
    """Where the payloads of one ledger are kept."""

    def __init__(self, folder: Path, records: Records) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._records = records

    def frame(self, batch: int, kind: str, part: Part) -> pl.DataFrame:
        """A payload as it was sealed. Raises LedgerError where it is not."""
        try:
            data = self.data(batch, kind, part)
            if hashlib.sha256(data).hexdigest() != part.sha256:
                raise ValueError("the payload fails its hash")
            return pl.read_parquet(io.BytesIO(data))
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise LedgerError("batch_unreadable", batch=batch, file=part.file or kind) from error

    def data(self, batch: int, kind: str, part: Part) -> bytes:
        """The bytes of a payload, unchecked. Raises OSError or LedgerError where there are none."""
        if part.file:
            return self.path(part.file).read_bytes()
        with self._records.engine.connect() as connection:
            query = sa.select(PAYLOAD.c.data).where(
                (PAYLOAD.c.batch == batch) & (PAYLOAD.c.kind == kind)
            )
            data = connection.execute(query).scalar()
        if data is None:
            raise LedgerError("batch_unreadable", batch=batch, file=kind)
        return data.encode() if isinstance(data, str) else bytes(data)

    def sums(self, part: Part) -> Sums:
        """The row sums of a payload; none where it was sealed without.

        Raises OSError or ValueError where they are not as they were sealed.
        """
        if not part.sums or not part.file:
            return unpacked(base64.b64decode(part.sums))
        data = self.path(sums_file(part.file)).read_bytes()
        if hashlib.sha256(data).hexdigest() != part.sums:
            raise ValueError("the row sums fail their hash")
        return unpacked(data)

    def path(self, file: str) -> Path:
        """Where a payload file stands."""
        return self._folder / file

    def inline(self, frame: pl.DataFrame) -> tuple[Part, bytes]:
        """A payload for the records database: what the manifest says of it, and its bytes."""
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd")
        data = buffer.getvalue()
        sums = base64.b64encode(packed(row_sums(frame))).decode()
        return Part("", hashlib.sha256(data).hexdigest(), len(frame), sums), data

    def seal(self, file: str, frame: pl.DataFrame) -> Part:
        """Writes a payload file and its row sums; on disk when `settle` returns."""
        path = self.path(file)
        frame.write_parquet(path, compression="zstd", compression_level=1, statistics=False)
        beside = self.path(sums_file(file))
        beside.write_bytes(packed(row_sums(frame)))
        return Part(file, _flushed(path), len(frame), _flushed(beside))

    def settle(self) -> None:
        """Brings the names of new files to disk."""
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def drop(self, batch: int) -> None:
        """Removes the files of a batch that was not committed."""
        for stray in self._folder.glob(f"{batch:08d}-*"):
            stray.unlink()


def sums_file(file: str) -> str:
    """Name of the file with the row sums of a payload file."""
    return file.removesuffix(".parquet") + ".sums"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flushed(path: Path) -> str:
    """Brings a file to disk; its SHA-256."""
    with path.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    return digest
