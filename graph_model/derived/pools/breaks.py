"""Where proofs that a pool was empty break its chain into segments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from graph_model.interval import MAX, MIN

_MOST_SEGMENTS = 40
"""Above so many segments an event spans on average, breaks are not used: wider, never smaller."""

Times = npt.NDArray[np.int64]
Pool = tuple[str, str]


@dataclass(frozen=True)
class Breaks:
    """Earliest and latest moments of the proofs of each pool (item, place), each in order.

    The k-th proof in time lies between the k-th earliest and the k-th latest moment, so an event is
    in one of the segments between those that surely ended before it and those that may have.
    """

    of_pool: dict[Pool, tuple[Times, Times]]

    @staticmethod
    def of(proofs: pl.DataFrame, pools: pl.DataFrame) -> Breaks:
        """From proofs (`item`, null: of everything at `place`; `c0`, `c1`) for these pools."""
        known = pools.select("item", "place").unique()
        of_item = proofs.filter(pl.col("item").is_not_null())
        of_all = proofs.filter(pl.col("item").is_null()).drop("item")
        found = pl.concat(
            [
                of_item.join(known, on=["item", "place"], how="semi"),
                of_all.join(known, on="place").select(proofs.columns),
            ]
        )
        return Breaks(
            {
                (str(item), str(place)): (_sorted(rows["c0"]), _sorted(rows["c1"]))
                for (item, place), rows in found.partition_by("item", "place", as_dict=True).items()
            }
        )

    def pools(self) -> pl.DataFrame:
        """item, place of the pools that a proof breaks."""
        schema = {"item": pl.String, "place": pl.String}
        return pl.DataFrame(list(self.of_pool), schema=schema, orient="row")

    def cut(self, entries: pl.DataFrame, exits: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """A row for each segment the event may lie in, with the moment `at` which it is there.

        An entry is there from its earliest moment, an exit until its latest.
        """
        span = ["item", "place", "t0", "t1"]
        both = pl.concat([entries.select(span), exits.select(span)])
        for pool, events in self._by_pool(both).items():
            low, high = _span(events, *self.of_pool[pool])
            if (high - low).mean() > _MOST_SEGMENTS:
                del self.of_pool[pool]
        return self.of_entries(entries), self.of_exits(exits)

    def of_entries(self, entries: pl.DataFrame) -> pl.DataFrame:
        """Entries by segment."""
        return self._by_segment(entries, "t0", entry=True)

    def of_exits(self, exits: pl.DataFrame) -> pl.DataFrame:
        """Exits by segment."""
        return self._by_segment(exits, "t1", entry=False)

    def _by_pool(self, events: pl.DataFrame) -> dict[Pool, pl.DataFrame]:
        """The events of each broken pool that has some."""
        broken = events.join(self.pools(), on=["item", "place"], how="semi", maintain_order="left")
        return {
            (str(item), str(place)): rows
            for (item, place), rows in broken.partition_by("item", "place", as_dict=True).items()
        }

    def _by_segment(self, events: pl.DataFrame, plain: str, *, entry: bool) -> pl.DataFrame:
        pools = self.pools()
        whole = events.join(pools, on=["item", "place"], how="anti", maintain_order="left")
        parts = [whole.with_columns(segment=pl.lit(0, pl.Int64), at=pl.col(plain))]
        for pool, rows in self._by_pool(events).items():
            parts.append(_in_segments(rows, *self.of_pool[pool], entry=entry))
        return pl.concat(parts)


def _sorted(moments: pl.Series) -> Times:
    return np.sort(moments.to_numpy())


def _span(events: pl.DataFrame, c0: Times, c1: Times) -> tuple[Times, Times]:
    """First and last segment each event may lie in."""
    low = np.searchsorted(c1, events["t0"].to_numpy(), side="left")
    high = np.searchsorted(c0, events["t1"].to_numpy(), side="right")
    return low, np.maximum(high, low)


def _in_segments(events: pl.DataFrame, c0: Times, c1: Times, *, entry: bool) -> pl.DataFrame:
    low, high = _span(events, c0, c1)
    spans = high - low + 1
    row = np.repeat(np.arange(len(events)), spans)
    segment = np.arange(len(row)) - np.repeat(np.cumsum(spans) - spans, spans) + low[row]
    if entry:
        starts = np.concatenate([[MIN], c0])[segment]
        at = np.maximum(events["t0"].to_numpy()[row], starts)
    else:
        ends = np.concatenate([c1, [MAX]])[segment]
        at = np.minimum(events["t1"].to_numpy()[row], ends)
    return events[row].with_columns(
        segment=pl.Series(segment, dtype=pl.Int64), at=pl.Series(at, dtype=pl.Int64)
    )
