"""Rows grouped by key, without copying them: the order of the rows and where each group starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Groups:
    """`order`: the rows group by group; `starts`: where in it each group starts."""

    order: Places
    starts: Places
    in_order: bool

    @classmethod
    def of(cls, keys: pl.Series) -> Groups:
        """Rows with equal keys, in key order, and each group in the order of its rows."""
        in_order = keys.is_sorted()
        if in_order:
            order = np.arange(len(keys))
        else:
            by_key = pl.arg_sort_by("key", maintain_order=True)
            order = keys.alias("key").to_frame().select(by_key).to_series().to_numpy()
            keys = keys.gather(order)
        first = keys.ne_missing(keys.shift(1)).to_numpy()
        if len(first):
            first[0] = True
        return cls(order.astype(np.int64), np.flatnonzero(first), in_order)

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def sizes(self) -> Places:
        """Rows of each group."""
        return np.diff(self.starts, append=len(self.order))

    def last(self, column: pl.Series) -> pl.Series:
        """The last value of each group that is not null."""
        ends = np.append(self.starts[1:], len(self.order)) - 1
        if column.null_count() in (0, len(column)):
            return column.gather(self.order[ends])
        stated = np.where(
            column.is_not_null().to_numpy()[self.order], np.arange(len(self.order)), -1
        )
        at = np.maximum.accumulate(stated)[ends]
        return gathered(column, self.order[at], at >= self.starts)

    def parted(self, chosen: Flags, code: Places) -> tuple[Groups, Places]:
        """The chosen groups, each parted by a code of its rows; and the group of each part."""
        group = np.repeat(np.arange(len(self)), self.sizes)
        kept = chosen[group]
        order, group = self.order[kept], group[kept]
        wanted = group * (int(code.max(initial=0)) + 1) + code[order]
        if (wanted[1:] < wanted[:-1]).any():
            by = np.argsort(wanted, kind="stable")
            order, group, wanted = order[by], group[by], wanted[by]
        starts = np.flatnonzero(np.diff(wanted, prepend=-1))
        return Groups(order, starts, False), group[starts]


@dataclass(frozen=True)
class Ranked:
    """Texts as numbers in alphabetical order; null is -1."""

    codes: Places
    values: pl.Series

    def texts(self, codes: Places) -> pl.Series:
        """The texts of codes."""
        return gathered(self.values, codes, codes >= 0)


def ranked(texts: pl.Series) -> Ranked:
    """The texts of a column as numbers in alphabetical order."""
    values = texts.drop_nulls().unique().sort()
    codes = pl.DataFrame({"text": texts}).join(
        pl.DataFrame({"text": values}).with_row_index("code"),
        on="text",
        how="left",
        maintain_order="left",
    )["code"]
    return Ranked(codes.cast(pl.Int64).fill_null(-1).to_numpy(), values)


def gathered(column: pl.Series, at: Places, stated: Flags) -> pl.Series:
    """The values at places; null where not stated."""
    if stated.all():
        return column.gather(at)
    places = pl.select(pl.when(pl.Series(stated)).then(pl.Series(at))).to_series()
    if not len(column):
        return pl.Series(column.name, [None] * len(at), dtype=column.dtype)
    return column.gather(places)


def taken(frame: pl.DataFrame, at: Places) -> pl.DataFrame:
    """The rows of a frame at places, copied one column after the other."""
    return pl.DataFrame([column.gather(at) for column in frame])
