"""Which rows a deviation touches. A lot or an order's amounts are touched by one kind at most."""

from __future__ import annotations

import numpy as np
import polars as pl

from loaders.demo_plant.book import ZONE, Book
from loaders.demo_plant.simulate import DAY


def chosen(book: Book, free: pl.Series, rate: float) -> pl.Series:
    """A share of the free rows, and at least one of them where there is any."""
    free = free.fill_null(False)
    mask = free.to_numpy() & (book.rng.random(len(free)) < rate)
    if rate > 0 and not mask.any() and free.any():
        mask[book.rng.choice(np.flatnonzero(free.to_numpy()))] = True
    return pl.Series("mask", mask, dtype=pl.Boolean)


def take(book: Book, lots: pl.Series) -> None:
    """These lots are no longer free."""
    book.lots = book.lots.with_columns(_busy=pl.col("_busy") | pl.col("lot").is_in(lots.implode()))


def enough(t: pl.Expr, grid: int) -> pl.Expr:
    """The next full `grid` after a moment, by local time."""
    return ((t + ZONE) // grid + 1) * grid - ZONE


def day(t: pl.Expr) -> pl.Expr:
    """Local midnight before a moment."""
    return (t + ZONE) // DAY * DAY - ZONE
