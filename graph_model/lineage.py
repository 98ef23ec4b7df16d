"""The whole plant's network as arrays: compressed sparse rows both ways, times, amounts, basis.

Lots and operations are numbered privately, in key order. On disk they are sealed by batch, each
file with its hash, and mapped into memory by any number of processes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, wraps
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from graph_model.births import births, recorded_recipes
from graph_model.derived import kin
from graph_model.interval import MAX, MIN
from graph_model.network import Network
from graph_model.search import Index as Index
from graph_model.search import Neighbours, Numbers, search
from graph_model.search import Reach as Reach
from graph_model.search import spans as spans

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
FORMAT = 7
_ABOUT = "about.json"


@dataclass(frozen=True)
class Rows:
    """Compressed sparse rows: `rows[first[i]:first[i + 1]]` are the flow rows of node i."""

    first: Index
    rows: Numbers

    @staticmethod
    def of(nodes: Numbers | Index, count: int) -> Rows:
        """Flow rows grouped by node number."""
        first = np.zeros(count + 1, dtype=np.int64)
        np.cumsum(np.bincount(nodes, minlength=count), out=first[1:])
        return Rows(first, np.argsort(nodes, kind="stable").astype(np.int32))

    def at(self, nodes: Index) -> Index:
        """Flow rows of all these nodes."""
        return self.rows[spans(self.first[nodes], self.first[nodes + 1])[0]].astype(np.int64)


@dataclass(frozen=True, eq=False)
class Lineage:
    """Frames of lots and operations in key order and of flows, with node numbers `lot`, `op`.

    `retracted` are lots that only cancelled or reversed rows name.
    `births` has a row for each lot; `recipes` says which items went into which, as recorded;
    `units` are those of the items (key, uom, pack_uom, units_per_pack).
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
    retracted: pl.DataFrame
    births: pl.DataFrame
    recipes: pl.DataFrame
    units: pl.DataFrame
    folder: Path | None = None
    """Where the arrays are sealed; None while they are in memory only."""

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
            network.retracted.join(lot_no, on="lot").select(lot="n"),
            births(
                len(lots),
                operations["kind"],
                consumed,
                produced,
                shipped,
                _numbered_kin(kin.of(network.lots.filter(pl.col("rule").is_null())), lot_no),
            ),
            recorded_recipes(consumed, produced),
            network.units,
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
        return self._rows("uses", self.consumed["lot"], len(self.lots))

    @cached_property
    def inputs(self) -> Rows:
        """Consumption rows by operation."""
        return self._rows("inputs", self.consumed["op"], len(self.operations))

    @cached_property
    def outputs(self) -> Rows:
        """Production rows by operation."""
        return self._rows("outputs", self.produced["op"], len(self.operations))

    @cached_property
    def origins(self) -> Rows:
        """Production rows by lot."""
        return self._rows("origins", self.produced["lot"], len(self.lots))

    @cached_property
    def sent(self) -> Rows:
        """Shipment rows by lot."""
        return self._rows("sent", self.shipped["lot"], len(self.lots))

    @cached_property
    def stocked(self) -> Rows:
        """Stock rows by lot."""
        return self._rows("stocked", self.stock["lot"], len(self.lots))

    @cached_property
    def given_back(self) -> Rows:
        """Return rows by lot."""
        return self._rows("given_back", self.returned["lot"], len(self.lots))

    def _rows(self, name: str, nodes: pl.Series, count: int) -> Rows:
        if self.folder is not None:
            return Rows(
                _mapped_array(self.folder, f"{name}.first"),
                _mapped_array(self.folder, f"{name}.rows"),
            )
        return Rows.of(_array(nodes), count)

    @cached_property
    def forward_ways(self) -> tuple[Neighbours, Neighbours]:
        """Lots to the operations that used them, operations to the lots they made."""
        return (
            self._neighbours("uses", self.uses, self.consumed["op"]),
            self._neighbours("outputs", self.outputs, self.produced["lot"]),
        )

    @cached_property
    def backward_ways(self) -> tuple[Neighbours, Neighbours]:
        """Lots to the operations that made them, operations to the lots they used."""
        return (
            self._neighbours("origins", self.origins, self.produced["op"]),
            self._neighbours("inputs", self.inputs, self.consumed["lot"]),
        )

    def _neighbours(self, name: str, rows: Rows, other_ends: pl.Series) -> Neighbours:
        if self.folder is not None:
            return Neighbours(rows.first, _mapped_array(self.folder, f"{name}.targets"))
        return Neighbours(rows.first, _array(other_ends)[rows.rows])

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
        return search(*self.forward_ways, roots)

    def backward(self, roots: Index) -> Reach:
        """Everything the roots can be made from, over all flows."""
        return search(*self.backward_ways, roots)

    # ------------------------------------------------------------------ disk

    def save(self, folder: Path) -> None:
        """Writes the arrays as a sealed folder of their batch below `folder`; whole or not at all.

        Processes that have older arrays mapped keep them; of older folders the newest one stays.
        """
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="draft-", dir=folder))
        for name in _frames():
            getattr(self, name).write_ipc(draft / f"{name}.arrow", compression="uncompressed")
        for name in ("uses", "inputs", "outputs", "origins", "sent", "stocked", "given_back"):
            rows: Rows = getattr(self, name)
            np.save(draft / f"{name}.first.npy", rows.first)
            np.save(draft / f"{name}.rows.npy", rows.rows)
        ways = zip(
            ("uses", "outputs", "origins", "inputs"),
            (*self.forward_ways, *self.backward_ways),
            strict=True,
        )
        for name, neighbours in ways:
            np.save(draft / f"{name}.targets.npy", neighbours.targets)
        sealed = {path.name: _sha256(path) for path in sorted(draft.iterdir())}
        about = {"format": FORMAT, "batch": self.batch, "head": self.head, "sha256": sealed}
        (draft / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
        place = folder / f"{self.batch}-{self.head[:12]}"
        shutil.rmtree(place, ignore_errors=True)
        draft.rename(place)
        _remove_old(folder, keep=place)

    @staticmethod
    def heads_on_disk(folder: Path) -> list[tuple[int, str]]:
        """Batch and ledger head of each set of arrays below the folder, oldest first."""
        return [(about["batch"], about["head"]) for _, about in _sealed(folder)]

    @staticmethod
    def damaged(folder: Path) -> list[Path]:
        """Files of sealed arrays that are not as they were written."""
        return [
            place / name
            for place, about in _sealed(folder)
            for name, digest in about["sha256"].items()
            if not (place / name).exists() or _sha256(place / name) != digest
        ]

    @staticmethod
    def load(folder: Path, batch: int, head: str) -> Lineage | None:
        """The arrays of exactly this batch, or None if these are not there. Mapped, not read."""
        for place, about in _sealed(folder):
            if (about["format"], about["batch"], about["head"]) == (FORMAT, batch, head):
                try:
                    frames = {name: _mapped(place / f"{name}.arrow") for name in _frames()}
                except (OSError, ValueError, pl.exceptions.PolarsError):
                    return None
                return Lineage(batch, head, **frames, folder=place)
        return None


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


def _numbered_kin(pairs: pl.DataFrame, lot_no: pl.DataFrame) -> pl.DataFrame:
    """lot, other: numbers of lots instead of keys."""
    pairs = pairs.join(lot_no, on="lot").join(lot_no, left_on="other", right_on="lot")
    return pairs.select(lot="n", other="n_right")


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


def _mapped_array(folder: Path, name: str) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r")
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sealed(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Sealed folders with what they say of themselves, oldest batch first."""
    found = []
    for path in folder.glob(f"[0-9]*/{_ABOUT}"):
        try:
            found.append((path.parent, json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError):
            continue
    return sorted(found, key=lambda entry: entry[1]["batch"])


def _remove_old(folder: Path, keep: Path) -> None:
    others = [place for place, _ in _sealed(folder) if place != keep]
    drafts = [path for path in folder.glob("draft-*") if time.time() - path.stat().st_mtime > 3600]
    for place in (*others[:-1], *drafts):
        shutil.rmtree(place, ignore_errors=True)


def _mapped(path: Path) -> pl.DataFrame:
    # Mapped by Arrow rather than read: opening a large plant costs nothing until it is touched.
    with pa.memory_map(str(path)) as source:
        frame = pl.from_arrow(pa.ipc.open_file(source).read_all())
    assert isinstance(frame, pl.DataFrame)
    return frame


def _frames() -> Iterable[str]:
    return (item.name for item in fields(Lineage) if item.name not in ("batch", "head", "folder"))


def _numbers(sorted_keys: pl.Series, keys: Sequence[str]) -> Index:
    wanted = pl.Series(keys, dtype=pl.String)
    if not len(sorted_keys) or not len(wanted):
        return np.full(len(wanted), -1, dtype=np.int64)
    at = sorted_keys.search_sorted(wanted).to_numpy().astype(np.int64)
    inside = np.minimum(at, len(sorted_keys) - 1)
    equal = (sorted_keys[inside] == wanted).to_numpy()
    return np.where(equal, inside, -1)
