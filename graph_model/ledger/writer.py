"""A batch while it is written: sealed payload by payload, there when it is committed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from graph_model.errors import BadInput
from graph_model.ledger.manifest import RESTATED, BatchInfo, Part, batch_info, files_text
from graph_model.ledger.payloads import INLINE_ROWS, Payloads
from graph_model.ledger.restated import restatement
from graph_model.ledger.verify import row_hash
from graph_model.records import BATCH, PAYLOAD, Records
from graph_model.schema import KINDS, VERSION, columns, conform

PART_ROWS = 500_000
"""So many rows of a kind are written as soon as they are stated, and freed."""

Known = Callable[[str, pl.DataFrame], pl.DataFrame | None]
"""Of statements of a kind, the keys whose statement adds nothing to what their source said.

None where the source said nothing of that kind."""

Also = Callable[[sa.Connection, int], None]
"""What else the transaction writes that makes a batch exist, told its number."""


class Batch:
    """Takes statements until it is committed. `info` is its manifest row from then on."""

    info: BatchInfo

    def __init__(self, number: int, payloads: Payloads, known: Known) -> None:
        self.number = number
        self._payloads = payloads
        self._known = known
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self._parts: dict[str, list[Part]] = {}
        self._new: dict[str, list[pl.DataFrame]] = {}
        self._names: dict[str, str] = {}
        payloads.drop(number)  # left by a writer that died before its commit

    def add(
        self, tables: Mapping[str, pl.DataFrame], names: Mapping[str, str] | None = None
    ) -> None:
        """States tables by kind; a later statement of a property wins, also within the batch.

        Statements that add nothing are kept as restated keys only. `names` (by pseudonym) go to
        the records database. Raises BadInput where a key or a required column is empty, before
        anything of `tables` is kept.
        """
        stated = {
            name: conform(KINDS[name], frame, provenance=True)
            for name, frame in tables.items()
            if len(frame)
        }
        for name, frame in stated.items():
            _require(name, frame)
        for name in sorted(stated):
            self._state(name, stated.pop(name))
        self._names |= names or {}

    def _state(self, name: str, frame: pl.DataFrame) -> None:
        known = self._known(name, frame)
        if known is not None:
            for keys in self._new.get(name, []):  # said otherwise by this very batch
                known = known.join(keys, on="key", how="anti")
            self._hold(RESTATED, restatement(name, frame, known))
            frame = frame.join(known, on="key", how="anti", maintain_order="left")
            self._new.setdefault(name, []).append(frame.select("key"))
        self._hold(name, frame)

    def _hold(self, kind: str, frame: pl.DataFrame) -> None:
        if len(frame):
            self._waiting.setdefault(kind, []).append(frame)
        if self._held(kind) >= PART_ROWS:
            self._write(kind)

    def _held(self, kind: str) -> int:
        return sum(len(frame) for frame in self._waiting.get(kind, []))

    def _write(self, kind: str) -> None:
        """Seals what waits of a kind, in key order, in which the fold need not sort."""
        frame = pl.concat(self._waiting.pop(kind), rechunk=False)
        order = frame.select(pl.arg_sort_by("key", maintain_order=True)).to_series()
        parts = self._parts.setdefault(kind, [])
        for rows in order.to_frame().iter_slices(PART_ROWS):
            nth = f"-{len(parts) + 1}" if parts else ""
            file = f"{self.number:08d}-{kind.strip('_').lower()}{nth}.parquet"
            parts.append(self._payloads.seal(file, frame[rows.to_series()]))

    def _inline(self) -> dict[str, bytes]:
        """The payloads of a small batch by kind."""
        data = {}
        for kind in list(self._waiting):
            frame = pl.concat(self._waiting.pop(kind)).sort("key", maintain_order=True)
            part, data[kind] = self._payloads.inline(frame)
            self._parts[kind] = [part]
        return data

    def commit(
        self,
        records: Records,
        connection: sa.Connection,
        previous: str,
        also: Also | None = None,
        **stated: Any,
    ) -> None:
        """Makes the batch exist, with the names of people that came with it, and what `also` does.

        All of it is there then, or nothing."""
        small = not self._parts and sum(map(self._held, self._waiting)) <= INLINE_ROWS
        inline = self._inline() if small else {}
        for kind in list(self._waiting):
            self._write(kind)
        self._payloads.settle()
        row: dict[str, Any] = {
            "number": self.number,
            "schema_version": VERSION,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "files": files_text(self._parts),
            "previous": previous,
            **stated,
        }
        row["hash"] = row_hash(row)
        with connection.begin():
            records.remember(self._names, connection)
            if inline:
                connection.execute(
                    sa.insert(PAYLOAD),
                    [{"batch": self.number, "kind": k, "data": raw} for k, raw in inline.items()],
                )
            connection.execute(sa.insert(BATCH), row)
            if also is not None:
                also(connection, self.number)
        self.info = batch_info(row)


def _require(name: str, frame: pl.DataFrame) -> None:
    needed = ["key", *(column.name for column in columns(KINDS[name]) if column.required)]
    for column in needed:
        if frame[column].null_count() or (column == "key" and (frame["key"] == "").any()):
            raise BadInput("required_empty", kind=name, column=column)
