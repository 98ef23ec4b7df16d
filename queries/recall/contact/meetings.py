"""Which stays overlap, as cells that both sides of a meeting share: exact, without listing pairs.

Two stays overlap where one begins within the other. The moments at which stays begin are leaves of
a binary tree: a beginning stands in every cell above it, a stay in the few cells that make up its
stretch, so that n stays take n log n rows however many pairs of them meet.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

Times = npt.NDArray[np.int64]


def overlaps(came: pl.DataFrame, left: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both frames (with `begin`, `end`) by `cell`: rows overlap where they share one."""
    first, second = _sides(came, left)
    third, fourth = _sides(left, came, strictly=True)
    # Cells of the two ways to overlap are told apart by their sign.
    return (
        pl.concat([first, fourth.with_columns(-pl.col("cell"))]),
        pl.concat([second, third.with_columns(-pl.col("cell"))]),
    )


def _sides(
    stays: pl.DataFrame, starts: pl.DataFrame, *, strictly: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Stays by the cells that make up each, and starts by the cells they begin in."""
    moments = np.unique(starts["begin"].to_numpy())
    leaves = 1 << max(len(moments) - 1, 0).bit_length()
    low = np.searchsorted(moments, stays["begin"].to_numpy(), side="right" if strictly else "left")
    high = np.searchsorted(moments, stays["end"].to_numpy(), side="right")
    at = np.searchsorted(moments, starts["begin"].to_numpy()) + leaves
    return _covered(stays, low + leaves, np.maximum(low, high) + leaves), _above(starts, at)


def _above(rows: pl.DataFrame, leaf: Times) -> pl.DataFrame:
    """Rows by every cell from their leaf to the root."""
    found, every = [], np.arange(len(leaf))
    while leaf.size and leaf[0] > 0:
        found.append(_in(rows, every, leaf))
        leaf = leaf >> 1
    return pl.concat([_in(rows, every[:0], leaf[:0]), *found])


def _covered(rows: pl.DataFrame, low: Times, high: Times) -> pl.DataFrame:
    """Rows by the fewest cells that hold the leaves from `low` to before `high`."""
    every = np.flatnonzero(low < high)
    low, high = low[every], high[every]
    found = [_in(rows, every[:0], low[:0])]
    while every.size:
        odd = (low & 1).astype(bool)
        found.append(_in(rows, every[odd], low[odd]))
        low = low + odd
        odd = (high & 1).astype(bool) & (low < high)
        high = high - odd
        found.append(_in(rows, every[odd], high[odd]))
        going = low < high
        every, low, high = every[going], low[going] >> 1, high[going] >> 1
    return pl.concat(found)


def _in(rows: pl.DataFrame, kept: Times, cell: Times) -> pl.DataFrame:
    return rows[kept].with_columns(cell=pl.Series(cell, dtype=pl.Int64))
