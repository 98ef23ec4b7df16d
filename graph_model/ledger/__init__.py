"""The ledger: append-only, sealed batches; the only truth. Graph and arrays are projections of it.

A batch exists when its manifest row is committed, not before. Each row's hash covers its content
and the hash before it. Undo voids a batch; a fact falls only when every batch that states it is
void.
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from filelock import FileLock, Timeout

from graph_model.errors import BadInput, LedgerError, Locked
from graph_model.events import settled
from graph_model.ledger.damage import Damage
from graph_model.ledger.fold import Facts, fold_kind, upcast
from graph_model.ledger.manifest import RESTATED, BatchInfo, Part, batch_info, stating, voided
from graph_model.ledger.payloads import Payloads
from graph_model.ledger.restated import Restating, in_force
from graph_model.ledger.store import store
from graph_model.ledger.verify import Fault, chain_faults, find_faults
from graph_model.ledger.writer import Also, Batch
from graph_model.records import BATCH, Records
from graph_model.schema import KINDS, VERSION, columns, conform

__all__ = ["Batch", "BatchInfo", "Damage", "Facts", "Fault", "Ledger", "Stated"]

_Folded = tuple[pl.DataFrame, pl.DataFrame]


@dataclass(frozen=True)
class Stated:
    """Statements of a kind in force, with `_source`; no frame: the file of `part` holds them."""

    kind: str
    batch: BatchInfo
    part: Part
    frame: pl.DataFrame | None


class Ledger:
    """The ledger of one data folder."""

    def __init__(
        self, folder: Path, database_url: str | None = None, batches_url: str = ""
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.records = Records(database_url or f"sqlite:///{folder / 'ledger.sqlite'}")
        self.files = store(folder / "batches", batches_url)
        self._payloads = Payloads(self.files, self.records)
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
        tables = settled({name: table for name, (table, _) in folded.items()})
        return Facts(*head, tables, pl.concat(found for _, found in folded.values()))

    def _fold(
        self,
        name: str,
        manifest: list[BatchInfo],
        source: str | None = None,
        of: pl.DataFrame | None = None,
    ) -> _Folded:
        """One kind, as all sources or one source say; kept until a batch touches it.

        `of`: only these keys are wanted.
        """
        own = stating(manifest, name, source)
        if source is not None and len(own) == len(stating(manifest, name, None)):
            return self._fold(name, manifest, of=of)
        void = voided(manifest)
        again = stating(manifest, RESTATED, source) if void else []
        touching = [batch.hash for batch in (*own, *again)]
        touching += [manifest[number - 1].hash for number in void.values()]
        kept = self._folds.get((name, source))
        if kept is not None and kept[0] == touching:
            return kept[1]
        statements = self._statements(name, own, again, void)
        if of is not None:
            rows = [
                frame.join(of, on="key", how="semi", maintain_order="left") for frame in statements
            ]
            return fold_kind(KINDS[name], rows)
        folded = fold_kind(KINDS[name], list(statements))
        self._folds[(name, source)] = (touching, folded)
        return folded

    def _statements(
        self, name: str, own: list[BatchInfo], again: list[BatchInfo], void: dict[int, int]
    ) -> Iterator[pl.DataFrame]:
        for batch in own:
            restating = self._restating(name, batch, again) if batch.number in void else []
            for part in batch.files[name]:
                frame = self._payloads.frame(batch.number, name, part)
                frame = upcast(name, frame, batch.schema_version)
                if batch.number in void:
                    frame = in_force(frame, batch.number, restating, void)
                yield frame.with_columns(_source=pl.lit(batch.source))

    def statements(self, kinds: Iterable[type]) -> Iterator[Stated]:
        """All statements in force of these kinds, payload by payload in the order they were stated.

        A sealed file that holds them just so is not read.
        """
        manifest = self.batches()
        void = voided(manifest)
        again = stating(manifest, RESTATED, None) if void else []
        for name in (kind.__name__ for kind in kinds):
            for batch in stating(manifest, name, None):
                parts = batch.files[name]
                as_sealed = batch.number not in void and batch.schema_version == VERSION
                if as_sealed and all(part.file for part in parts):
                    frames: Iterable[pl.DataFrame | None] = (None for _ in parts)
                else:
                    frames = self._statements(name, [batch], again, void)
                for part, frame in zip(parts, frames, strict=True):
                    yield Stated(name, batch, part, frame)

    def _restating(self, name: str, batch: BatchInfo, again: list[BatchInfo]) -> Restating:
        """What later batches of the same source state again of a kind."""
        return [
            (
                later.number,
                pl.concat(
                    self._payloads.frame(later.number, RESTATED, part).filter(kind=name)
                    for part in later.files[RESTATED]
                ),
            )
            for later in again
            if later.number > batch.number and later.source == batch.source
        ]

    def stated(self, number: int, *, again: bool = True) -> pl.DataFrame:
        """kind and key of every statement that a batch makes, makes again or voids.

        `again=False`: only of those it makes.
        """
        batch = self.batches()[number - 1]
        found = [pl.DataFrame(schema={"kind": pl.String, "key": pl.String})]
        for name, parts in batch.files.items():
            for part in parts if again or name != RESTATED else ():
                frame = self._payloads.frame(number, name, part)
                kind = pl.col("kind") if name == RESTATED else pl.lit(name)
                found.append(frame.select(kind.alias("kind"), pl.col("key")))
        if again and batch.voids is not None:
            found.append(self.stated(batch.voids))
        return pl.concat(found).unique()

    # ------------------------------------------------------------------ writing

    @contextlib.contextmanager
    def lease(self) -> Iterator[sa.Connection]:
        """The right to import, and the connection to commit by.

        Raises Locked for a second importer, and tells who holds it.
        """
        holder = self.folder / "import.holder"
        lock = FileLock(self.folder / "import.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise Locked("ledger_locked", holder=_holder(holder)) from error
        try:
            stamp = datetime.now(UTC).isoformat(timespec="seconds")
            holder.write_text(f"{socket.gethostname()} pid {os.getpid()} since {stamp}", "utf-8")
            with self.records.importing() as connection:
                yield connection
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
        found = {
            name: self._known(source, name, conform(KINDS[name], frame))
            for name, frame in tables.items()
        }
        none = pl.DataFrame(schema={"key": pl.String})
        return {name: none if keys is None else keys for name, keys in found.items()}

    def _known(self, source: str | None, name: str, frame: pl.DataFrame) -> pl.DataFrame | None:
        """None where nothing was said of that kind."""
        manifest = self.batches()
        if not stating(manifest, name, source):
            return None
        told = self._fold(name, manifest, source, of=frame.select("key"))[0]
        return _adding_nothing(KINDS[name], frame, told)

    @contextlib.contextmanager
    def batch(self, *, source: str, who: str, note: str = "") -> Iterator[Batch]:
        """A batch to add statements to, sheet by sheet; committed as a whole when the block ends.

        Nothing of it is kept when the block raises. What was added may be freed at once: it is
        sealed on disk in parts, so that the peak is that of one sheet. Statements are compared
        with the ledger as it was before the batch. `who` is a person's name; the ledger gets a
        pseudonym. Raises Locked while another process imports.
        """
        with self._writing(source, who, note, voids=None) as batch:
            yield batch

    def append(
        self,
        tables: dict[str, pl.DataFrame],
        *,
        source: str,
        who: str,
        note: str = "",
        names: dict[str, str] | None = None,
        also: Also | None = None,
    ) -> BatchInfo:
        """Seals the statements as one batch; see `batch` and `Batch.add`.

        `also` writes to the records database in the transaction that makes the batch exist.
        """
        with self._writing(source, who, note, voids=None, also=also) as batch:
            batch.add(tables, names)
        return batch.info

    def undo(self, batch: int, *, who: str, reason: str) -> BatchInfo:
        """Voids a batch by a new one; nothing is deleted.

        Raises BadInput for what was done in an incident: goods that are held would be let go
        without the second person that a release needs; and for what was recorded on the floor.
        """
        manifest = self.batches()
        if not 1 <= batch <= len(manifest) or manifest[batch - 1].voids is not None:
            raise BadInput("no_such_batch", batch=batch, last=len(manifest))
        if manifest[batch - 1].has_deeds:
            raise BadInput("batch_of_incident", batch=batch)
        if manifest[batch - 1].has_entries:
            raise BadInput("batch_of_floor", batch=batch)
        with self._writing(manifest[batch - 1].source, who, reason, voids=batch) as voiding:
            if batch in voided(self.batches()):
                raise BadInput("batch_void", batch=batch)
        return voiding.info

    @contextlib.contextmanager
    def _writing(
        self, source: str, who: str, note: str, voids: int | None, also: Also | None = None
    ) -> Iterator[Batch]:
        with self.lease() as connection:
            number, previous = self.head()
            batch = Batch(number + 1, self._payloads, functools.partial(self._known, source))
            pseudonym = self.records.pseudonym(who)
            try:
                yield batch
                batch.add({}, {pseudonym: who})
                batch.commit(
                    self.records, connection, previous, also,
                    source=source, who=pseudonym, note=note, voids=voids,
                )  # fmt: skip
            except BaseException:
                self._payloads.drop(batch.number)
                raise

    def verify(self, heads: Iterable[tuple[int, str]] = ()) -> list[Fault]:
        """Everything that is not as it was written, first batch first.

        `heads` are (number, hash) pairs kept elsewhere; with them a cut-off tail is found too.
        """
        return find_faults(self._rows(0), self._payloads, heads)


def _holder(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") or "?"
    except OSError:  # it ended just now, or has not written yet
        return "?"


def _adding_nothing(kind: type, stated: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Keys of statements whose every property is empty or as known."""
    at = stated.select("key").join(
        known.select("key").with_row_index("_at"), on="key", how="left", maintain_order="left"
    )["_at"]
    adding = at.is_null()
    for column in columns(kind):  # one by one: a copy of one column at a time
        told = stated[column.name]
        adding |= told.is_not_null() & told.ne_missing(known[column.name].gather(at))
    # A key stated twice in one batch is known only if each of its rows is.
    keys = stated.select("key")
    return keys.filter(~adding).unique().join(keys.filter(adding), on="key", how="anti")
