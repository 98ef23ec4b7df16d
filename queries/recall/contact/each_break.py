"""What each verified break alone keeps apart: barred lanes, so that a scope can do without one.

Without a break, stays meet where they share a stretch between the others; a break that contains it
parts then too. Only stretches are kept in which a stay is that was not there with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from graph_model.interval import MAX
from graph_model.lineage import Index, spans
from queries.recall.contact import horizons
from queries.recall.contact.breaks import MOST_STRETCHES, Breaks, Times
from queries.recall.contact.chains import ENTRY, EXIT, LANE, Lanes
from queries.recall.contact.horizons import Horizon
from queries.recall.contact.lanes import sides
from queries.recall.contact.stays import Stays
from queries.recall.contact.tanks import PAST_LIMIT

PAST_ONE = "past_one_break"
_BREAK = 32
"""Bits of the number of a lane below that of its break."""


def of(
    found: Stays, clean: Mapping[str, Breaks], until: Mapping[str, Horizon], lots: Index
) -> Lanes:
    """Lanes of what meets without each break that parts one of these lots, not yet barred."""
    lane = pl.lit(0, pl.Int64).alias("lane")
    touches, made = (side.with_columns(lane) for side in sides(found))
    parts: list[tuple[pl.DataFrame, pl.DataFrame]] = []
    for line, known in sorted(clean.items()):
        own, other = (side.filter(pl.col("line") == line) for side in (touches, made))
        suspect = own["lot"].is_in(pl.Series(lots).implode()).to_numpy()
        if suspect.any():
            parts += _line(own, other, known, until.get(line), suspect)
    entries = pl.concat([touches.head(0).select(ENTRY), *(entry for entry, _ in parts)]).unique()
    exits = pl.concat([made.head(0).select(EXIT), *(exit_ for _, exit_ in parts)]).unique()
    rules = exits.select(LANE).unique().with_columns(barred=False, rule=pl.lit(PAST_ONE))
    return Lanes(entries, exits, rules)


def barred(lanes: Lanes) -> Lanes:
    """These lanes as a rule can open them. What a limit bars stays so without a break."""
    open_ = lanes.rules.filter(pl.col("rule") != PAST_LIMIT)
    exits = lanes.exits.join(open_.select(LANE), on=LANE, how="semi")
    return Lanes(lanes.entries, exits, open_.with_columns(barred=True, rule=pl.lit(PAST_ONE)))


def _line(
    touches: pl.DataFrame,
    made: pl.DataFrame,
    known: Breaks,
    horizon: Horizon | None,
    suspect: npt.NDArray[np.bool_],
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Entries and exits of each break of a line."""
    touched = known.touched(*(touches[name].to_numpy() for name in ("begin", "end", "left")))
    ran = known.ran(*(made[name].to_numpy() for name in ("start", "fresh", "end")))
    numbers = _parting(touches.filter(pl.Series(suspect)), known)
    # What spans too many breaks is parted by none.
    (touches, touched), (made, ran) = _narrow(touches, touched), _narrow(made, ran)
    for number in numbers:
        key = known.keys[number]
        others = known.without(key)
        low, high = others.touched(*(touches[n].to_numpy() for n in ("begin", "end", "left")))
        first, last = others.ran(*(made[name].to_numpy() for name in ("start", "fresh", "end")))
        shared = np.append(0, np.cumsum(np.isin(others.keys, known.keys)))
        before = touched[1] - (touched[1] > number), ran[0] - (ran[0] > number)
        least = min([number, *shared[first[shared[first] < before[1]]].tolist()])
        most = max([number, *shared[high[shared[high] > before[0]]].tolist()])
        from_, to = np.searchsorted(shared, [least, most + 1]) - (0, 1)
        lane = (number + 1) << _BREAK
        entry = _in(touches, np.maximum(low, from_), np.minimum(high, to), lane)
        exit_ = _in(made, np.maximum(first, from_), np.minimum(last, to), lane)
        exit_ = exit_.with_columns(key=pl.lit(key))
        if horizon is not None:
            entry = horizons.touch_cells(entry, horizon.length)
            exit_ = horizons.made_cells(exit_.with_columns(end="until"), horizon.length)
        yield entry.select(ENTRY), exit_.select(EXIT)


def _parting(touches: pl.DataFrame, known: Breaks) -> list[int]:
    """The first break after each of these touches, and the first clearance."""
    begin, end, left = (touches[name].to_numpy() for name in ("begin", "end", "left"))
    firsts = [
        known.touched(begin, end, left)[1],
        known.touched(begin, np.full_like(end, MAX), left)[1],
    ]
    numbers: list[int] = np.unique(np.concatenate(firsts)).tolist()
    return [number for number in numbers if number < len(known.keys)]


def _narrow(
    rows: pl.DataFrame, stretches: tuple[Times, Times]
) -> tuple[pl.DataFrame, tuple[Times, Times]]:
    low, high = stretches
    kept = high - low < MOST_STRETCHES
    return rows.filter(pl.Series(kept, dtype=pl.Boolean)), (low[kept], high[kept])


def _in(rows: pl.DataFrame, low: Times, high: Times, lane: int) -> pl.DataFrame:
    stretch, owner = spans(low, np.maximum(high + 1, low))
    return rows[owner].with_columns(lane=pl.Series(stretch + lane, dtype=pl.Int64))
