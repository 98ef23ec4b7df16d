"""Goods that are recorded without a place, at plants of many places.

What came in at no known place may lie in any pool of its item, and what left from no known place
may be of any. Where there are more than a few, such events are not written into each: goods
without a place have a pool of their own, from which takes whatever takes from one of the others,
and exits without a place take from one pool that holds what came into all of the others. The same
lots reach the same exits, with far fewer flows. Pools that a proof of emptiness breaks are taken
from one by one, since what such a proof took out would still lie in the common one; where they are
many (a plant of a hundred lines that are cleared after each order), it does: wider, never smaller.
"""

from __future__ import annotations

import polars as pl

FEW = 4
"""Up to so many pools an event without a place is in each of them."""
MOST_PROVEN = 16
"""Up to so many pools that were once empty, an exit without a place takes from each of them."""
_ANY, _ALL = "@*", "@+"
"""How the pools of goods without a place, and of all goods, are called; the holder follows."""
_NUMBERED = ["item", "place", "lot", "operation", "rule"]


def spread(
    entries: tuple[pl.DataFrame, pl.DataFrame],
    exits: tuple[pl.DataFrame, pl.DataFrame],
    reach: pl.DataFrame,
    broken: pl.DataFrame,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Entries and exits with the pool (`place`) of each row; each side is given as placed, loose.

    `reach`: item, holder, place: where stock of the holder may be. `broken`: item, place of pools
    that were once empty.
    """
    many = reach.join(
        reach.group_by("item", "holder").len().filter(pl.col("len") > FEW),
        on=["item", "holder"],
        how="semi",
    )
    few = reach.join(many, on=["item", "holder"], how="anti")
    came = _in_each(*entries, few)
    loose = entries[1].join(many, on=["item", "holder"], how="semi")
    nowhere = loose.with_columns(place=_ANY + pl.col("holder")).select(came.columns)
    left = _in_each(*exits, few)
    loose = exits[1].join(many, on=["item", "holder"], how="semi")
    proven = many.join(broken, on=["item", "place"], how="semi")
    proven = proven.filter(pl.len().over("item", "holder") <= MOST_PROVEN)
    whole = many.join(proven, on=["item", "holder", "place"], how="anti")
    left = pl.concat([left, loose.join(proven, on=["item", "holder"]).select(left.columns)])
    together = loose.with_columns(place=_ALL + pl.col("holder")).select(left.columns)
    common = whole.join(loose, on=["item", "holder"], how="semi")
    return (
        pl.concat([came, nowhere, _common(came, common)]),
        pl.concat([left, together, _fed(left, together, many)]),
    )


def pools(entries: pl.DataFrame) -> pl.DataFrame:
    """item, holder, place of the pools of goods without a place among these entries."""
    nowhere = entries.filter(pl.col("place") == _ANY + pl.col("holder"))
    return nowhere.select("item", "holder", "place").unique()


def _in_each(placed: pl.DataFrame, loose: pl.DataFrame, few: pl.DataFrame) -> pl.DataFrame:
    rows = loose.join(few, on=["item", "holder"])
    return pl.concat([placed, rows.select(placed.columns)])


def _common(came: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """What lies in any of the places (item, holder, place), once each, since it came to the first.

    A lot that moved from one to another has been in their common pool all the time.
    """
    names = came.columns
    rows = came.join(places.select("item", "place", whose="holder"), on=["item", "place"])
    rows = rows.with_columns(place=_ALL + pl.col("whose"))
    rest = [pl.col(name).first() for name in names if name not in (*_NUMBERED, "t0", "t1", "exact")]
    rows = rows.group_by(_NUMBERED, maintain_order=True).agg(
        pl.col("t0").min(), pl.col("t1").max(), pl.col("exact").all(), *rest
    )
    return rows.select(names)


def _fed(left: pl.DataFrame, together: pl.DataFrame, many: pl.DataFrame) -> pl.DataFrame:
    """The exits, also out of the goods without a place that may have been where they took from."""
    near = many.select("item", "place", feeds=_ANY + pl.col("holder")).unique()
    shared = many.select("item", "place", whose=_ALL + pl.col("holder"))
    shared = shared.join(near, on=["item", "place"]).select("item", "feeds", place="whose").unique()
    rows = pl.concat(
        [
            left.join(near, on=["item", "place"]),
            together.join(shared, on=["item", "place"]),
        ]
    )
    rows = rows.with_columns(place="feeds").unique(["number", "place"], maintain_order=True)
    return rows.select(left.columns)
