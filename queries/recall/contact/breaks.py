"""Verified clean breaks, and which of them a stay on a line lies between.

A cleaning parts what was on the line before it began from what starts after it ended; a line
clearance also parts lots within one order. Breaks of unknown time part nothing, and neither do
those that were not verified, did not conform, were of a part of the line only, or were put forward
as evidence and not accepted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from graph_model import evidence, interval
from graph_model.interval import MAX, MIN
from graph_model.lineage import spans
from graph_model.network import Facts
from graph_model.schema import Cleaning

Times = npt.NDArray[np.int64]
MOST_STRETCHES = 40
"""A stay that may lie in more stretches than so is not parted by breaks: wider, never smaller."""
LASTING, ANY = -2, -1
"""Lanes of touches that no break surely ends, and of lots that no break surely protects."""


@dataclass(frozen=True)
class Breaks:
    """The breaks of one line in order of time; none of them contains another.

    `c0`, `c1`: between these moments the line was cleaned; `keys` of the records. Stretch k of the
    line lies before break k; the last one behind all breaks. `every`: also those that contain one.
    """

    c0: Times
    c1: Times
    clearance: npt.NDArray[np.bool_]
    keys: list[str]
    every: pl.DataFrame

    def without(self, key: str) -> Breaks:
        """The breaks that there are without this one."""
        return _tight(self.every.filter(pl.col("key") != key))

    def touched(self, begin: Times, end: Times, left: Times) -> tuple[Times, Times]:
        """First and last stretch that residue of each stay may be in."""
        low = np.searchsorted(self.c1, begin, side="left")
        high = np.searchsorted(self.c0, end, side="right")
        count = len(self.c0)
        next_one = np.append(np.where(self.clearance, np.arange(count), count), count)
        next_one = np.minimum.accumulate(next_one[::-1])[::-1]
        cleared = next_one[np.searchsorted(self.c0, left, side="right")]
        return low, np.maximum(low, np.minimum(high, cleared))

    def ran(self, start: Times, fresh: Times, end: Times) -> tuple[Times, Times]:
        """First and last stretch that each lot may have been on the line in."""
        high = np.searchsorted(self.c0, end, side="right")
        last = np.append(0, np.where(self.clearance, np.arange(len(self.c0)) + 1, 0))
        last = np.maximum.accumulate(last)
        cleared = last[np.searchsorted(self.c1, fresh, side="left")]
        low = np.maximum(np.searchsorted(self.c1, start, side="left"), cleared)
        return low, np.maximum(low, high)


def find(
    facts: Facts,
    delays: pl.DataFrame,
    tops: pl.DataFrame,
    *,
    clearances_only: bool,
    without: Collection[str] = (),
) -> dict[str, Breaks]:
    """The breaks of each line that has any; `without` those of these keys."""
    rows = interval.effective(evidence.acting(facts, Cleaning), delays)
    sound = pl.col("verified").fill_null(False) & pl.col("result").eq_missing("conforming")
    bounded = (pl.col("t0") > MIN) & (pl.col("t1") < MAX)
    clearance = pl.col("clearance").fill_null(False)
    whole = tops.filter(pl.col("place") == pl.col("line")).select(site="place")
    rows = rows.filter(sound & bounded & (clearance | (not clearances_only)))
    rows = rows.filter(~pl.col("key").is_in(list(without)))
    rows = rows.join(whole, on="site", how="semi").with_columns(clearance=clearance)
    rows = rows.sort("t0", "t1", "clearance", "key", descending=[False, True, False, False])
    return {
        str(line): _tight(part) for (line,), part in rows.partition_by("site", as_dict=True).items()
    }


def _tight(rows: pl.DataFrame) -> Breaks:
    """Without breaks that contain a narrower one: whatever these part, the narrower one parts."""
    c1 = rows["t1"].to_numpy()
    later = np.append(np.minimum.accumulate(c1[::-1])[::-1][1:], MAX)
    kept = rows.filter(pl.Series(c1 < later))
    return Breaks(
        kept["t0"].to_numpy(), kept["t1"].to_numpy(), kept["clearance"].to_numpy(),
        kept["key"].to_list(), rows,
    )  # fmt: skip


def touch_lanes(rows: pl.DataFrame, breaks: Breaks) -> pl.DataFrame:
    """Touches of a line by the lanes they are in."""
    columns = (rows[name].to_numpy() for name in ("begin", "end", "left"))
    low, high = breaks.touched(*columns)
    narrow = high - low < MOST_STRETCHES
    lanes = [_in(rows, np.flatnonzero(narrow), low, high), _lane(rows, ANY)]
    return pl.concat([*lanes, _lane(rows.filter(~pl.Series(narrow)), LASTING)])


def made_lanes(rows: pl.DataFrame, breaks: Breaks) -> pl.DataFrame:
    """Lots of a line by the lanes they are in, with the record of the last break before them."""
    columns = (rows[name].to_numpy() for name in ("start", "fresh", "end"))
    low, high = breaks.ran(*columns)
    narrow = high - low < MOST_STRETCHES
    known = rows.filter(pl.Series(narrow))
    wide = rows.filter(~pl.Series(narrow))
    parts = [_in(rows, np.flatnonzero(narrow), low, high), _lane(known, LASTING), _lane(wide, ANY)]
    return pl.concat(parts)


def before(rows: pl.DataFrame, breaks: Breaks) -> pl.Series:
    """Key of the last break that surely lies before each lot; null where none does."""
    columns = (rows[name].to_numpy() for name in ("start", "fresh", "end"))
    low, _ = breaks.ran(*columns)
    return pl.Series([None, *breaks.keys], dtype=pl.String)[low]


def _lane(rows: pl.DataFrame, lane: int) -> pl.DataFrame:
    return rows.with_columns(lane=pl.lit(lane, pl.Int64))


def _in(rows: pl.DataFrame, kept: Times, low: Times, high: Times) -> pl.DataFrame:
    lane, owner = spans(low[kept], high[kept] + 1)
    return rows[kept[owner]].with_columns(lane=pl.Series(lane, dtype=pl.Int64))
