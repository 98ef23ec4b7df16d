"""Append sealed batches and fold them."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from filelock import FileLock, Timeout

from graph_model.errors import Locked
from graph_model.ledger.fold import fold_kind
from graph_model.ledger.manifest import BATCHES, META
from graph_model.schema import KINDS, VERSION, conform, frame_schema


@dataclass(frozen=True)
class BatchInfo:
    """One committed batch."""

    number: int
    schema_version: int
    source: str
    who: str
    note: str
    at: str
    counts: dict[str, int]
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class Facts:
    """The fold at a batch: every kind, one row a key."""

    batch: int
    head: str
    tables: dict[str, pl.DataFrame]

    def __getitem__(self, kind: type) -> pl.DataFrame:
        return self.tables[kind.__name__]


def _info(row: sa.Row[Any]) -> BatchInfo:
    files = json.loads(row.files)
    counts = {kind: entry["rows"] for kind, entry in files.items()}
    return BatchInfo(
        row.number, row.schema_version, row.source, row.who, row.note, row.at, counts,
        row.previous_hash, row.hash,
    )  # fmt: skip


class Ledger:
    """The ledger of one data folder."""

    def __init__(self, data: Path, url: str = "") -> None:
        self.folder = data / "batches"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(url or f"sqlite:///{data / 'ledger.sqlite'}")
        META.create_all(self._engine)
        self._lease = FileLock(data / "import.lock", timeout=0)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    def batches(self) -> list[BatchInfo]:
        """All committed batches, oldest first."""
        with self._engine.connect() as db:
            return [_info(row) for row in db.execute(sa.select(BATCHES).order_by("number"))]

    def head(self) -> tuple[int, str]:
        """Number and hash of the last batch; (0, "") when empty."""
        batches = self.batches()
        return (batches[-1].number, batches[-1].hash) if batches else (0, "")

    def append(
        self, tables: dict[str, pl.DataFrame], *, source: str, who: str, note: str = ""
    ) -> BatchInfo:
        """Seal the tables as the next batch. Raises Locked while another process writes."""
        try:
            with self._lease:
                return self._append(tables, source, who, note)
        except Timeout as error:
            raise Locked("ledger.locked", path=str(self._lease.lock_file)) from error

    def _append(
        self, tables: dict[str, pl.DataFrame], source: str, who: str, note: str
    ) -> BatchInfo:
        number, previous = self.head()
        number += 1
        files = {
            kind: self._seal(number, kind, tables[kind])
            for kind in sorted(tables)
            if tables[kind].height
        }
        row = {
            "number": number, "schema_version": VERSION, "source": source, "who": who,
            "note": note, "at": datetime.now(UTC).isoformat(),
            "files": json.dumps(files, sort_keys=True), "previous_hash": previous,
        }  # fmt: skip
        row["hash"] = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
        with self._engine.begin() as db:
            db.execute(BATCHES.insert().values(row))
        return self.batches()[-1]

    def _seal(self, number: int, kind: str, frame: pl.DataFrame) -> dict[str, Any]:
        path = self.folder / f"{number:08d}-{kind}.parquet"
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            conform(KINDS[kind], frame, provenance=True).write_parquet(file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(self.folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        with path.open("rb") as sealed:
            digest = hashlib.file_digest(sealed, "sha256").hexdigest()
        return {"file": path.name, "rows": frame.height, "sha256": digest}

    def fold(self, as_of: int | None = None) -> Facts:
        """What is known now, or as of a batch."""
        batches = [b for b in self.batches() if as_of is None or b.number <= as_of]
        tables = {name: self._fold(name, kind, batches) for name, kind in KINDS.items()}
        last = batches[-1] if batches else None
        return Facts(last.number if last else 0, last.hash if last else "", tables)

    def _fold(self, name: str, kind: type, batches: list[BatchInfo]) -> pl.DataFrame:
        frames = [
            pl.read_parquet(self.folder / f"{b.number:08d}-{name}.parquet").with_columns(
                _batch=pl.lit(b.number), _source=pl.lit(b.source)
            )
            for b in batches
            if name in b.counts
        ]
        if not frames:
            return pl.DataFrame(schema=frame_schema(kind, provenance=True))
        return fold_kind(kind, pl.concat(frames))
