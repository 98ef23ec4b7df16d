"""What truly happened, as far as a recall asks: which labels hold material of which."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Reach:
    """Search along pairs of row numbers."""

    def __init__(self, src: Ints, dst: Ints, count: int) -> None:
        order = np.argsort(src, kind="stable")
        self._to = dst[order]
        self._start = np.searchsorted(src[order], np.arange(count + 1))
        self._count = count

    def from_(self, roots: Ints) -> Ints:
        """The roots and everything they lead to, sorted."""
        seen = np.zeros(self._count, bool)
        seen[roots] = True
        front = np.unique(roots)
        while len(front):
            starts, lengths = self._start[front], self._start[front + 1] - self._start[front]
            skip = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
            front = np.unique(self._to[np.arange(lengths.sum()) + skip])
            front = front[~seen[front]]
            seen[front] = True
        return np.flatnonzero(seen)


@dataclass(frozen=True)
class Truth:
    """The physical side. `ships`: lot, customer.

    `parts`: src, dst, hidden (no record shows it), killed (germs of src did not come through).
    `residue`: src, dst, kind (`residue.LINE`, `TOOL`, `LABEL`): what went on without being moved.

    `labels`: lot, key: every number under which a physical lot stands in the plant; `supplied`:
    lot, supplier_code, supplier_lot_no, key: the supplier's number of bought lots.
    """

    count: int
    parts: pl.DataFrame
    ships: pl.DataFrame
    labels: pl.DataFrame
    supplied: pl.DataFrame
    residue: pl.DataFrame

    @cached_property
    def _all(self) -> Reach:
        return Reach(self.parts["src"].to_numpy(), self.parts["dst"].to_numpy(), self.count)

    @cached_property
    def _recorded(self) -> Reach:
        shown = self.parts.filter(~pl.col("hidden"))
        return Reach(shown["src"].to_numpy(), shown["dst"].to_numpy(), self.count)

    def infected(
        self, roots: Iterable[str], *, traceable: bool = False, residue: Collection[str] = ()
    ) -> set[str]:
        """Keys of all lots, as labelled, that germs of the roots came into, past heat steps.

        `traceable` and `residue` as in `contaminated`.
        """
        roots = list(roots)
        alive = self.parts.filter(~pl.col("killed") & ~(pl.col("hidden") & traceable))
        return self._named(self._along(alive, residue).from_(self._rows(roots))) | set(roots)

    def _along(self, parts: pl.DataFrame, kinds: Collection[str]) -> Reach:
        """Search along these parts and the residue of these kinds."""
        left = self.residue.filter(pl.col("kind").is_in(list(kinds)))
        ways = pl.concat([rows.select("src", "dst") for rows in (parts, left)])
        return Reach(ways["src"].to_numpy(), ways["dst"].to_numpy(), self.count)

    def _physical(
        self, roots: Iterable[str], traceable: bool, residue: Collection[str] = ()
    ) -> Ints:
        if residue:
            shown = self.parts.filter(~(pl.col("hidden") & traceable))
            return self._along(shown, residue).from_(self._rows(roots))
        return (self._recorded if traceable else self._all).from_(self._rows(roots))

    def _rows(self, roots: Iterable[str]) -> Ints:
        keys = pl.Series("key", sorted(set(roots)), dtype=pl.String).implode()
        both = pl.concat([self.labels, self.supplied.select("lot", "key")])
        return np.unique(both.filter(pl.col("key").is_in(keys))["lot"].to_numpy())

    def _named(self, lots: Ints) -> set[str]:
        wanted = pl.Series("lot", lots, dtype=pl.Int64).implode()
        return set(self.labels.filter(pl.col("lot").is_in(wanted))["key"])

    def contaminated(
        self, roots: Iterable[str], *, traceable: bool = False, residue: Collection[str] = ()
    ) -> set[str]:
        """Keys of all lots, as labelled, that hold material of the roots; the roots too.

        `traceable` leaves out what went from lot to lot in a way that no record shows in any
        form. `residue` are the kinds of residue that count too. Roots stay roots: also a lot whose
        supplier's number the opening stock does not name.
        """
        roots = list(roots)
        return self._named(self._physical(roots, traceable, residue)) | set(roots)

    def holding(self, lots: Iterable[int]) -> set[str]:
        """Keys of all lots, as labelled, that hold material of physical lots, by row number."""
        return self._named(self._all.from_(np.array(sorted(lots), dtype=np.int64)))

    def supplier_lot(self, supplier: str, number: str) -> list[str]:
        """Keys of a supplier's lot: the plant's lots it came in as, and the supplier's own."""
        rows = self.supplied.filter(
            (pl.col("supplier_code") == supplier) & (pl.col("supplier_lot_no") == number)
        )
        own = self._named(rows["lot"].to_numpy())
        return sorted(own | set(rows["key"]))

    def customers(
        self, roots: Iterable[str], *, traceable: bool = False, residue: Collection[str] = ()
    ) -> set[str]:
        """Codes of the customers who truly got material of the roots."""
        found = self._physical(roots, traceable, residue)
        lots = pl.Series("lot", found, dtype=pl.Int64).implode()
        return set(self.ships.filter(pl.col("lot").is_in(lots))["customer"])
