"""The whole plant's network as arrays: compressed sparse rows both ways, times, amounts, basis.

Lots and operations are numbered privately, in key order. Search runs on numpy frontiers. Cached on
disk by batch as Arrow files that are mapped into memory.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, wraps
from pathlib import Path
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from graph_model.births import births, recorded_recipes
from graph_model.interval import MAX, MIN
from graph_model.network import Network

Index = npt.NDArray[np.int64]

LOT_COLUMNS = [
    "key", "owner", "item_code", "lot_no", "sublot", "item", "parent", "supplier", "kind",
    "source_lot_id",
    "quantity", "uom", "label_date", "rule",
]  # fmt: skip
OPERATION_COLUMNS = [
    "key", "kind", "order", "work_order_no", "doc_no", "item", "status", "planned_qty",
    "reported_qty", "uom", "site", "step", "shift", "earliest", "latest", "rule",
]  # fmt: skip
_FLOW_COLUMNS = [
    "key", "item", "quantity", "uom", "basis", "rule", "earliest", "latest", "t0", "t1",
    "doubtful", "source",
    "person", "doc_no", "doc_line_no", "from_place", "to_place", "lot_source", "status",
]  # fmt: skip
_SHIPMENT_COLUMNS = [
    "key", "delivery_no", "customer", "kind", "status", "ship_earliest", "arrival_latest",
]  # fmt: skip
FORMAT = 4


@dataclass(frozen=True)
class Rows:
    """Compressed sparse rows: `targets[first[i]:first[i + 1]]` are the flow rows of node i."""

    first: Index
    rows: Index

    @staticmethod
    def of(nodes: npt.NDArray[np.int32] | Index, count: int) -> Rows:
        """Flow rows grouped by node number."""
        first = np.zeros(count + 1, dtype=np.int64)
        np.cumsum(np.bincount(nodes, minlength=count), out=first[1:])
        return Rows(first, np.argsort(nodes, kind="stable").astype(np.int64))

    def at(self, nodes: Index) -> Index:
        """Flow rows of all these nodes."""
        found: Index = self.rows[spans(self.first[nodes], self.first[nodes + 1])[0]]
        return found


def spans(starts: Index, ends: Index) -> tuple[Index, Index]:
    """All positions of these stretches, and for each position the number of its stretch."""
    sizes = np.maximum(ends - starts, 0)
    owner = np.repeat(np.arange(len(starts)), sizes)
    offsets = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return starts[owner] + offsets, owner


@dataclass(frozen=True)
class Reach:
    """What a search found: lots and operations in the order found, with distance in steps."""

    lots: Index
    distance: Index
    operations: Index


@dataclass(frozen=True, eq=False)
class Lineage:
    """Frames of lots and operations in key order and of flows, with node numbers `lot`, `op`.

    `births` has a row for each lot; `recipes` says which items went into which, as recorded.
    """

    batch: int
    head: str
    lots: pl.DataFrame
    operations: pl.DataFrame
    consumed: pl.DataFrame
    produced: pl.DataFrame
    returned: pl.DataFrame
    shipped: pl.DataFrame
    stock: pl.DataFrame
    shipments: pl.DataFrame
    unresolved: pl.DataFrame
    sourceless: pl.DataFrame
    gap_unknown: pl.DataFrame
    gap_over: pl.DataFrame
    maybe_returned: pl.DataFrame
    births: pl.DataFrame
    recipes: pl.DataFrame

    @staticmethod
    def of(network: Network) -> Lineage:
        """Numbers the network's lots and operations and orders its flows."""
        lots = network.lots.select(LOT_COLUMNS).sort("key")
        operations = network.operations.select(OPERATION_COLUMNS).sort("key")
        lot_no = lots.select(lot="key", n=pl.int_range(pl.len(), dtype=pl.Int32))
        op_no = operations.select(end="key", m=pl.int_range(pl.len(), dtype=pl.Int32))

        def flows(frame: pl.DataFrame, end: str) -> pl.DataFrame:
            rows = frame.join(lot_no, on="lot", how="inner", maintain_order="left")
            extra = [name for name in ("output_kind", "shipment") if name in frame.columns]
            kept = [name for name in _FLOW_COLUMNS if name in frame.columns]
            if end == "operation":
                rows = rows.join(
                    op_no, left_on="operation", right_on="end", how="inner", maintain_order="left"
                )
                return rows.select(*kept, *extra, lot="n", op="m")
            return rows.select(*kept, *extra, lot="n")

        def timed(frame: pl.DataFrame) -> pl.DataFrame:
            return frame.with_columns(
                pl.col("t0").fill_null(MIN), pl.col("t1").fill_null(MAX),
                pl.col("doubtful").fill_null(False),
            )  # fmt: skip

        consumed = timed(flows(network.consumed, "operation"))
        produced = timed(flows(network.produced, "operation"))
        shipped = timed(flows(network.shipped, "shipment"))
        return Lineage(
            network.batch,
            network.head,
            lots,
            operations,
            consumed,
            produced,
            timed(flows(network.returned, "operation")),
            shipped,
            _newest(network.stock.join(lot_no, on="lot", how="inner", maintain_order="left")),
            network.shipments.select(_SHIPMENT_COLUMNS),
            network.unresolved,
            network.sourceless,
            network.gap_unknown,
            network.gap_over,
            _numbered(network.maybe_returned, lot_no, op_no),
            births(len(lots), operations["kind"], consumed, produced, shipped),
            recorded_recipes(consumed, produced),
        )

    # ------------------------------------------------------------------ arrays

    @cached_property
    def consumed_lot(self) -> npt.NDArray[np.int32]:
        """Lot of each consumption row."""
        return _array(self.consumed["lot"])

    @cached_property
    def consumed_op(self) -> npt.NDArray[np.int32]:
        """Operation of each consumption row."""
        return _array(self.consumed["op"])

    @cached_property
    def produced_lot(self) -> npt.NDArray[np.int32]:
        """Lot of each production row."""
        return _array(self.produced["lot"])

    @cached_property
    def produced_op(self) -> npt.NDArray[np.int32]:
        """Operation of each production row."""
        return _array(self.produced["op"])

    @cached_property
    def uses(self) -> Rows:
        """Consumption rows by lot."""
        return Rows.of(self.consumed_lot, len(self.lots))

    @cached_property
    def inputs(self) -> Rows:
        """Consumption rows by operation."""
        return Rows.of(self.consumed_op, len(self.operations))

    @cached_property
    def outputs(self) -> Rows:
        """Production rows by operation."""
        return Rows.of(self.produced_op, len(self.operations))

    @cached_property
    def origins(self) -> Rows:
        """Production rows by lot."""
        return Rows.of(self.produced_lot, len(self.lots))

    @cached_property
    def sent(self) -> Rows:
        """Shipment rows by lot."""
        return Rows.of(_array(self.shipped["lot"]), len(self.lots))

    @cached_property
    def stocked(self) -> Rows:
        """Stock rows by lot."""
        return Rows.of(_array(self.stock["lot"]), len(self.lots))

    @cached_property
    def given_back(self) -> Rows:
        """Return rows by lot."""
        return Rows.of(_array(self.returned["lot"]), len(self.lots))

    @cached_property
    def recorded(self) -> npt.NDArray[np.bool_]:
        """Lots that stand in the records; false for those that a rule derived."""
        flags: npt.NDArray[np.bool_] = self.lots["rule"].is_null().to_numpy()
        return flags

    # ------------------------------------------------------------------ look-up

    def number(self, keys: Sequence[str]) -> Index:
        """Lot numbers of keys, -1 where a key is unknown."""
        return _numbers(self.lots["key"], keys)

    def operation_number(self, keys: Sequence[str]) -> Index:
        """Operation numbers of keys, -1 where a key is unknown."""
        return _numbers(self.operations["key"], keys)

    def with_parts(self, lots: Index) -> Index:
        """The lots and all recorded parts of them."""
        keys = self.lots["key"][lots]
        parts = self._parts.filter(pl.col("parent").is_in(keys.implode()))["part"].to_numpy()
        return np.unique(np.concatenate([lots, parts.astype(np.int64)]))

    @cached_property
    def _parts(self) -> pl.DataFrame:
        return self.lots.select("parent", part=pl.int_range(pl.len(), dtype=pl.Int64)).filter(
            pl.col("parent").is_not_null()
        )

    # ------------------------------------------------------------------ search

    def forward(self, roots: Index) -> Reach:
        """Everything that can contain material of the roots, over all flows."""
        return self._search(roots, self.uses, self.consumed_op, self.outputs, self.produced_lot)

    def backward(self, roots: Index) -> Reach:
        """Everything the roots can be made from, over all flows."""
        return self._search(roots, self.origins, self.produced_op, self.inputs, self.consumed_lot)

    def _search(
        self,
        roots: Index,
        out: Rows,
        ops: npt.NDArray[np.int32],
        into: Rows,
        lots: npt.NDArray[np.int32],
    ) -> Reach:
        seen = np.zeros(len(self.lots), dtype=bool)
        tried = np.zeros(len(self.operations), dtype=bool)
        frontier = np.unique(roots).astype(np.int64)
        seen[frontier] = True
        found, steps = [frontier], [frontier[:0]]
        while frontier.size:
            op = np.unique(ops[out.at(frontier)]).astype(np.int64)
            op = op[~tried[op]]
            tried[op] = True
            lot = np.unique(lots[into.at(op)]).astype(np.int64)
            frontier = lot[~seen[lot]]
            seen[frontier] = True
            found.append(frontier)
            steps.append(op)
        depth = np.repeat(np.arange(len(found)), [len(level) for level in found])
        return Reach(np.concatenate(found), depth, np.concatenate(steps))

    # ------------------------------------------------------------------ disk

    def save(self, folder: Path) -> None:
        """Writes the arrays; the folder appears whole or not at all."""
        draft = folder.with_name(folder.name + ".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for name in _frames():
            getattr(self, name).write_ipc(draft / f"{name}.arrow", compression="uncompressed")
        about = {"format": FORMAT, "batch": self.batch, "head": self.head}
        (draft / "about.json").write_text(json.dumps(about), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)

    @staticmethod
    def head_on_disk(folder: Path) -> tuple[int, str] | None:
        """Batch and ledger head that the saved arrays stand on."""
        try:
            about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return int(about["batch"]), str(about["head"])

    @staticmethod
    def load(folder: Path, batch: int, head: str) -> Lineage | None:
        """The arrays of exactly this batch, or None if these are not there."""
        try:
            about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
            if about != {"format": FORMAT, "batch": batch, "head": head}:
                return None
            frames = {name: _mapped(folder / f"{name}.arrow") for name in _frames()}
        except (OSError, ValueError, pl.exceptions.PolarsError):
            return None
        return Lineage(batch, head, **frames)


Made = TypeVar("Made")


def once(make: Callable[[Lineage], Made]) -> Callable[[Lineage], Made]:
    """Keeps what is made of a plant's arrays for as long as the arrays are kept."""
    kept: WeakKeyDictionary[Lineage, Made] = WeakKeyDictionary()

    @wraps(make)
    def made(lineage: Lineage) -> Made:
        if lineage not in kept:
            kept[lineage] = make(lineage)
        return kept[lineage]

    return made


def _numbered(pairs: pl.DataFrame, lots: pl.DataFrame, ops: pl.DataFrame) -> pl.DataFrame:
    """Pairs of operation and lot by number."""
    rows = pairs.join(lots, on="lot").join(ops, left_on="operation", right_on="end")
    return rows.select(lot="n", op="m")


def _newest(stock: pl.DataFrame) -> pl.DataFrame:
    """The last statement of each lot at each place: lot, site, quantity, uom, status, as_of."""
    newest = stock.sort("as_of", nulls_last=False, maintain_order=True)
    newest = newest.unique(["n", "site"], keep="last", maintain_order=True)
    return newest.select("site", "quantity", "uom", "quality_status", "as_of", lot="n")


def _array(column: pl.Series) -> npt.NDArray[np.int32]:
    return np.asarray(column.to_numpy(), dtype=np.int32)


def _mapped(path: Path) -> pl.DataFrame:
    # Mapped by Arrow rather than read: opening a large plant costs nothing until it is touched.
    with pa.memory_map(str(path)) as source:
        frame = pl.from_arrow(pa.ipc.open_file(source).read_all())
    assert isinstance(frame, pl.DataFrame)
    return frame


def _frames() -> Iterable[str]:
    return (item.name for item in fields(Lineage) if item.name not in ("batch", "head"))


def _numbers(sorted_keys: pl.Series, keys: Sequence[str]) -> Index:
    wanted = pl.Series(keys, dtype=pl.String)
    if not len(sorted_keys) or not len(wanted):
        return np.full(len(wanted), -1, dtype=np.int64)
    at = sorted_keys.search_sorted(wanted).to_numpy().astype(np.int64)
    inside = np.minimum(at, len(sorted_keys) - 1)
    equal = (sorted_keys[inside] == wanted).to_numpy()
    return np.where(equal, inside, -1)
