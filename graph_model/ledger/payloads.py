"""Payloads of batches: sealed Parquet files for many rows, bytes in the records for few."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import IO

import polars as pl
import sqlalchemy as sa

from graph_model.errors import LedgerError
from graph_model.ledger.manifest import Part
from graph_model.ledger.store import Store
from graph_model.ledger.sums import Sums, packed, row_sums, unpacked
from graph_model.records import PAYLOAD, Records

INLINE_ROWS = 200
"""A batch of no more rows stands in the records database as a whole."""


class Payloads:
    """Where the payloads of one ledger are kept."""

    def __init__(self, files: Store, records: Records) -> None:
        self._files = files
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
            return self._files.read(part.file)
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
        data = self._files.read(sums_file(part.file))
        if hashlib.sha256(data).hexdigest() != part.sums:
            raise ValueError("the row sums fail their hash")
        return unpacked(data)

    def inline(self, frame: pl.DataFrame) -> tuple[Part, bytes]:
        """A payload for the records database: what the manifest says of it, and its bytes."""
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="zstd")
        data = buffer.getvalue()
        sums = base64.b64encode(packed(row_sums(frame))).decode()
        return Part("", hashlib.sha256(data).hexdigest(), len(frame), sums), data

    def seal(self, file: str, frame: pl.DataFrame) -> Part:
        """Writes a payload file and its row sums; there for good when `settle` returns.

        Raises LedgerError where they cannot be written.
        """

        def rows(out: IO[bytes]) -> None:
            frame.write_parquet(out, compression="zstd", compression_level=1, statistics=False)

        sums = packed(row_sums(frame))
        try:
            digest = self._files.write(file, rows)
            beside = self._files.write(sums_file(file), lambda out: out.write(sums))
        except OSError as error:
            raise LedgerError("batch_unwritable", file=file, reason=str(error)) from error
        return Part(file, digest, len(frame), beside)

    def settle(self) -> None:
        """Returns when all that was sealed is there for good."""
        self._files.settle()

    def drop(self, batch: int) -> None:
        """Removes the files of a batch that was not committed."""
        self._files.drop(f"{batch:08d}-")


def sums_file(file: str) -> str:
    """Name of the file with the row sums of a payload file."""
    return file.removesuffix(".parquet") + ".sums"
