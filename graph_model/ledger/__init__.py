"""The ledger: append-only, sealed batches; the only truth. Graph and arrays are projections of it.

A batch exists when its manifest row is committed, not before. Each row's hash covers its content
and the hash before it. Undo voids a batch; a fact falls only when every batch that states it is
void.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from filelock import FileLock, Timeout

from graph_model.errors import BadInput, LedgerError, Locked
from graph_model.ledger import batches
from graph_model.ledger.fold import Facts, fold_kind, upcast
from graph_model.ledger.manifest import BatchInfo, batch_info, stating, voided
from graph_model.ledger.restated import Restating, in_force, restatement
from graph_model.ledger.verify import Fault, chain_faults, find_faults, row_hash
from graph_model.records import BATCH, PAYLOAD, Records
from graph_model.schema import KINDS, VERSION, columns, conform

__all__ = ["BatchInfo", "Facts", "Fault", "Ledger"]

_Folded = tuple[pl.DataFrame, pl.DataFrame]


class Ledger:
    """The ledger of one data folder."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._files = folder / "batches"
        self._files.mkdir(exist_ok=True)
        self.records = Records(database_url or f"sqlite:///{folder / 'ledger.sqlite'}")
        self._manifest: list[BatchInfo] = []
        self._folds: dict[tuple[str, str | None], tuple[list[str], _Folded]] = {}

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all connections."""
        self.records.close()

    # ------------------------------------------------------------------ reading

    def batches(self) -> list[BatchInfo]:
        """The manifest in order. Raises LedgerError where a row is not as it was written."""
        number, previous = self._last()
        rows = self._rows(number)
        if number and (not rows or rows[0]["hash"] != previous):
            # Another ledger stands in the folder now: what was read before is not of it.
            self._manifest, self._folds, number, previous = [], {}, 0, ""
            rows = self._rows(0)
        new = [row for row in rows if row["number"] != number]
        for fault in chain_faults(new, number, previous):
            raise LedgerError("batch_unreadable", batch=fault.batch, file="manifest")
        self._manifest += [batch_info(row) for row in new]
        return list(self._manifest)

    def _last(self) -> tuple[int, str]:
        last = self._manifest[-1] if self._manifest else None
        return (last.number, last.hash) if last else (0, "")

    def _rows(self, start: int) -> list[dict[str, Any]]:
        with self.records.engine.connect() as connection:
            query = sa.select(BATCH).where(BATCH.c.number >= start).order_by(BATCH.c.number)
            return [dict(row) for row in connection.execute(query).mappings()]

    def head(self) -> tuple[int, str]:
        """Number and hash of the last batch; (0, "") when empty."""
        with self.records.engine.connect() as connection:
            query = sa.select(BATCH.c.number, BATCH.c.hash).order_by(BATCH.c.number.desc())
            row = connection.execute(query.limit(1)).first()
        return (row.number, row.hash) if row else (0, "")

    def fold(self, as_of: int | None = None) -> Facts:
        """What the ledger says now, or said when batch `as_of` was its last.

        Raises LedgerError where a batch is not as it was written: nothing is served from it.
        """
        manifest = self.batches()
        if as_of is not None and not 0 <= as_of <= len(manifest):
            raise BadInput("no_such_batch", batch=as_of, last=len(manifest))
        manifest = manifest[:as_of] if as_of is not None else manifest
        head = (manifest[-1].number, manifest[-1].hash) if manifest else (0, "")
        folded = {name: self._fold(name, manifest) for name in KINDS}
        tables = {name: table for name, (table, _) in folded.items()}
        return Facts(*head, tables, pl.concat(found for _, found in folded.values()))

    def _fold(self, name: str, manifest: list[BatchInfo], source: str | None = None) -> _Folded:
        """One kind, as all sources or one source say; kept until a batch touches it."""
        own = stating(manifest, name, source)
        if source is not None and len(own) == len(stating(manifest, name, None)):
            return self._fold(name, manifest)
        void = voided(manifest)
        again = stating(manifest, batches.RESTATED, source) if void else []
        touching = [batch.hash for batch in (*own, *again)]
        touching += [manifest[number - 1].hash for number in void.values()]
        kept = self._folds.get((name, source))
        if kept is None or kept[0] != touching:
            kept = (touching, fold_kind(KINDS[name], self._statements(name, own, again, void)))
            self._folds[(name, source)] = kept
        return kept[1]

    def _statements(
        self, name: str, own: list[BatchInfo], again: list[BatchInfo], void: dict[int, int]
    ) -> list[pl.DataFrame]:
        frames = []
        for batch in own:
            frame = upcast(name, self._read(batch, name), batch.schema_version)
            if batch.number in void:
                frame = in_force(frame, batch.number, self._restating(name, batch, again), void)
            frames.append(frame.with_columns(_source=pl.lit(batch.source)))
        return frames

    def _restating(self, name: str, batch: BatchInfo, again: list[BatchInfo]) -> Restating:
        """What later batches of the same source state again of a kind."""
        return [
            (later.number, self._read(later, batches.RESTATED).filter(kind=name))
            for later in again
            if later.number > batch.number and later.source == batch.source
        ]

    def _read(self, batch: BatchInfo, kind: str) -> pl.DataFrame:
        about = batch.files[kind]
        try:
            path = self._files / about["file"]
            data = path.read_bytes() if about["file"] else self._payload(batch.number, kind)
            return batches.decode(data, about["sha256"])
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise LedgerError(
                "batch_unreadable", batch=batch.number, file=about["file"] or kind
            ) from error

    def _payload(self, number: int, kind: str) -> bytes:
        with self.records.engine.connect() as connection:
            query = sa.select(PAYLOAD.c.data).where(
                (PAYLOAD.c.batch == number) & (PAYLOAD.c.kind == kind)
            )
            data = connection.execute(query).scalar()
        if data is None:
            raise LedgerError("batch_unreadable", batch=number, file=kind)
        return data.encode() if isinstance(data, str) else bytes(data)

    # ------------------------------------------------------------------ writing

    @contextlib.contextmanager
    def lease(self) -> Iterator[None]:
        """The right to import; a second importer is told who holds it."""
        holder = self.folder / "import.holder"
        lock = FileLock(self.folder / "import.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise Locked("ledger_locked", holder=_holder(holder)) from error
        try:
            stamp = datetime.now(UTC).isoformat(timespec="seconds")
            holder.write_text(f"{socket.gethostname()} pid {os.getpid()} since {stamp}", "utf-8")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def known(
        self, tables: dict[str, pl.DataFrame], source: str | None = None
    ) -> dict[str, pl.DataFrame]:
        """Keys by kind whose statement adds nothing to what the ledger says now.

        With `source`: to what this source says. What another source said already is then new,
        for this one vouches for it.
        """
        manifest = self.batches()
        return {
            name: _adding_nothing(
                KINDS[name], conform(KINDS[name], frame), self._fold(name, manifest, source)[0]
            )
            for name, frame in tables.items()
        }

    def append(
        self,
        tables: dict[str, pl.DataFrame],
        *,
        source: str,
        who: str,
        note: str = "",
        names: dict[str, str] | None = None,
    ) -> BatchInfo:
        """Seals the statements as a batch. `who` is a person's name; the ledger gets a pseudonym.

        Statements that add nothing are kept as restated keys only. `names` (by pseudonym) go to
        the records database. Raises BadInput where a key or a required column is empty, Locked
        while another process imports.
        """
        with self.lease():
            tables = {
                name: conform(KINDS[name], frame, provenance=True)
                for name, frame in tables.items()
                if len(frame)
            }
            for name, frame in tables.items():
                _require(name, frame)
            known = self.known(tables, source)
            payloads: dict[str, pl.DataFrame] = {}
            for name, frame in sorted(tables.items()):
                new = frame.join(known[name], on="key", how="anti", maintain_order="left")
                if len(new):
                    payloads[name] = new.sort("key", maintain_order=True)  # the fold is quick then
            again = [
                restatement(name, tables[name], keys)
                for name, keys in sorted(known.items())
                if len(keys)
            ]
            if again:
                payloads[batches.RESTATED] = pl.concat(again)
            self.records.remember(names or {})
            return self._commit(payloads, source, who, note, voids=None)

    def undo(self, batch: int, *, who: str, reason: str) -> BatchInfo:
        """Voids a batch by a new one; nothing is deleted."""
        with self.lease():
            manifest = self.batches()
            if not 1 <= batch <= len(manifest) or manifest[batch - 1].voids is not None:
                raise BadInput("no_such_batch", batch=batch, last=len(manifest))
            if batch in voided(manifest):
                raise BadInput("batch_void", batch=batch)
            return self._commit({}, manifest[batch - 1].source, who, reason, voids=batch)

    def _commit(
        self,
        payloads: dict[str, pl.DataFrame],
        source: str,
        who: str,
        note: str,
        voids: int | None,
    ) -> BatchInfo:
        number, previous = self.head()
        number += 1
        files, data = self._seal(number, payloads)
        pseudonym = self.records.pseudonym(who)
        self.records.remember({pseudonym: who})
        row: dict[str, Any] = {
            "number": number,
            "schema_version": VERSION,
            "source": source,
            "who": pseudonym,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "note": note,
            "voids": voids,
            "files": json.dumps(files, sort_keys=True),
            "previous": previous,
        }
        row["hash"] = row_hash(row)
        with self.records.engine.begin() as connection:
            if data:
                connection.execute(
                    sa.insert(PAYLOAD),
                    [{"batch": number, "kind": kind, "data": raw} for kind, raw in data.items()],
                )
            connection.execute(sa.insert(BATCH), row)
        return BatchInfo(**{**row, "files": files})

    def _seal(
        self, number: int, payloads: dict[str, pl.DataFrame]
    ) -> tuple[dict[str, dict[str, Any]], dict[str, bytes]]:
        """Writes the payloads: what the manifest says of each, and the bytes of inline ones."""
        for stray in self._files.glob(f"{number:08d}-*"):
            stray.unlink()  # left by a writer that died before its commit
        inline = sum(len(frame) for frame in payloads.values()) <= batches.INLINE_ROWS
        files: dict[str, dict[str, Any]] = {}
        data: dict[str, bytes] = {}
        for kind, frame in payloads.items():
            name = "" if inline else f"{number:08d}-{kind.strip('_').lower()}.parquet"
            if inline:
                data[kind] = batches.encode(frame)
                digest = hashlib.sha256(data[kind]).hexdigest()
            else:
                digest = batches.seal(frame, self._files / name)
            files[kind] = {"file": name, "sha256": digest, "rows": len(frame)}
        return files, data

    def verify(self, heads: Iterable[tuple[int, str]] = ()) -> list[Fault]:
        """Everything that is not as it was written, first batch first.

        `heads` are (number, hash) pairs kept elsewhere; with them a cut-off tail is found too.
        """
        return find_faults(self._rows(0), self._files, self._payload, heads)


def _holder(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") or "?"
    except OSError:  # it ended just now, or has not written yet
        return "?"


def _require(name: str, frame: pl.DataFrame) -> None:
    needed = ["key", *(c.name for c in columns(KINDS[name]) if c.required)]
    for column in needed:
        if frame[column].null_count() or (column == "key" and (frame["key"] == "").any()):
            raise BadInput("required_empty", kind=name, column=column)


def _adding_nothing(kind: type, stated: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Keys of statements whose every property is empty or as known."""
    names = [column.name for column in columns(kind)]
    known = known.select("key", *(pl.col(name).alias(f"={name}") for name in names))
    both = stated.join(known, on="key", how="inner", maintain_order="left")
    same = [
        pl.col(name).is_null() | pl.col(name).eq(pl.col(f"={name}")).fill_null(False)
        for name in names
    ]
    # A key stated twice in one batch is known only if each of its rows is.
    adding = both.filter(~pl.all_horizontal(same))
    return both.select("key").unique().join(adding.select("key").unique(), on="key", how="anti")
