"""The lanes of each line: which touches and which lots meet there, and what a rule bars.

Each line has lanes of what meets in fact. Where breaks or a horizon part it, it has further ones
without these, so that what they keep out is known too: the way out of those is barred.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from queries.recall.contact import breaks, horizons, stays
from queries.recall.contact.breaks import Breaks
from queries.recall.contact.chains import CONTACT, ENTRY, EXIT, LANE, Lanes
from queries.recall.contact.horizons import Horizon
from queries.recall.contact.runs import nowhere
from queries.recall.contact.stays import Stays

NOWHERE, PAST_BREAK, PAST_HORIZON = "contact_nowhere", "past_break", "past_horizon"
_MOST_TRIED = 300_000
"""Stays of a company's orders without a line on all its lines."""
_RAW = -3
_BEYOND = 1 << 20
"""Added to the number of a lane for its like without the horizon."""


def of(found: Stays, clean: Mapping[str, Breaks], until: Mapping[str, Horizon]) -> Lanes:
    """Every lane of every line, with its touches and lots; `found` as `anywhere` gives them."""
    touches, made = sides(found)
    special = sorted({*clean, *until})
    plain = ~pl.col("line").is_in(special)
    entries = [_lane(touches.filter(plain), 0)]
    exits = [_lane(made.filter(plain), 0)]
    for line in special:
        known, horizon = clean.get(line), until.get(line)
        entries += _touches(touches.filter(pl.col("line") == line), known, horizon)
        exits += _made(made.filter(pl.col("line") == line), known, horizon)
    apart = ~pl.col("company").is_in(found.tried.implode())
    more, others = _nowhere(touches.filter(apart), made.filter(apart))
    entry = pl.concat([part.select(ENTRY) for part in (*entries, *more)])
    exit_ = pl.concat([part.select(EXIT) for part in (*exits, *others)])
    lost = pl.col("line").str.starts_with("?")
    ran = lost & (pl.col("rule") == stays.RAN)
    entry = entry.with_columns(rule=pl.when(ran).then(pl.lit(NOWHERE)).otherwise("rule"))
    raw, beyond = pl.col("lane") == _RAW, pl.col("lane") > _BEYOND // 2
    rules = exit_.select(LANE).unique().with_columns(
        barred=raw | beyond,
        rule=pl.when(raw).then(pl.lit(PAST_BREAK)).when(beyond).then(pl.lit(PAST_HORIZON))
        .when(lost).then(pl.lit(NOWHERE)).otherwise(pl.lit(CONTACT)),
    )  # fmt: skip
    return Lanes(entry.unique(), exit_.unique(), rules)


def sides(found: Stays) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Touches and lots of all lines, as entries and exits without a lane."""
    none = {"cell": pl.lit(0, pl.Int64), "key": pl.lit(None, pl.String)}
    touches = found.touches.with_columns(at="begin", t0="begin", t1="end", **none).drop("key")
    return touches, found.made.with_columns(at="until", t0="fresh", t1="until", **none)


def _lane(rows: pl.DataFrame, lane: int) -> pl.DataFrame:
    return rows.with_columns(lane=pl.lit(lane, pl.Int64))


def _without(rows: pl.DataFrame) -> pl.DataFrame:
    """The same lanes without the horizon."""
    return rows.with_columns(pl.col("lane") + _BEYOND)


def _touches(
    rows: pl.DataFrame, known: Breaks | None, horizon: Horizon | None
) -> list[pl.DataFrame]:
    parted = _lane(rows, 0) if known is None else breaks.touch_lanes(rows, known)
    found = [parted] if known is None else [parted, _lane(rows, _RAW)]
    if horizon is None:
        return found
    cells = horizons.touch_cells(parted, horizon.length).select(parted.columns)
    return [cells, _without(parted), *found[1:]]


def _made(rows: pl.DataFrame, known: Breaks | None, horizon: Horizon | None) -> list[pl.DataFrame]:
    parted = _lane(rows, 0) if known is None else breaks.made_lanes(rows, known)
    found = [parted]
    if known is not None:
        raw = rows.with_columns(breaks.before(rows, known).alias("key"))
        found.append(_lane(raw.filter(pl.col("key").is_not_null()), _RAW))
    if horizon is None:
        return found
    cells = horizons.made_cells(parted.with_columns(end="until"), horizon.length)
    cells = cells.select(parted.columns)
    beyond = _without(parted).with_columns(key=pl.lit(horizon.decision))
    return [cells, beyond, *found[1:]]


def anywhere(found: Stays) -> Stays:
    """What names no line, on each line of its company; among itself it stays on one unknown line.

    Companies of which that would be too many stays are not `tried`: nothing parts these then.
    """
    lost = pl.col("line") == nowhere(pl.col("company"))
    names = [part.filter(lost).select("company") for part in (found.touches, found.made)]
    rows = pl.concat(names).group_by("company").agg(rows=pl.len())
    lines = found.lines.group_by("company").agg(lines=pl.len())
    sizes = rows.join(lines, on="company")
    tried = sizes.filter(pl.col("rows") * pl.col("lines") <= _MOST_TRIED)["company"]
    places = found.lines.filter(pl.col("company").is_in(tried.implode()))

    def spread(part: pl.DataFrame) -> pl.DataFrame:
        where = part.filter(lost).drop("line").join(places, on="company")
        ran = pl.when(pl.col("rule") == stays.RAN).then(pl.lit(NOWHERE)).otherwise("rule")
        return pl.concat([part, where.select(part.columns).with_columns(rule=ran)])

    return replace(found, touches=spread(found.touches), made=spread(found.made), tried=tried)


def _nowhere(touches: pl.DataFrame, made: pl.DataFrame) -> tuple[list[pl.DataFrame], ...]:
    """What names no line may have been on any of its company: lanes that nothing parts.

    Lane 0 of a company's `nowhere` holds what names none, and leads to all its lots; lane 1 holds
    what names a line, and leads to the lots that name none.
    """
    own = nowhere(pl.col("company"))
    known = pl.col("line") != own
    there = _lane(touches.filter(known).with_columns(line=own), 1)
    others = _lane(made.filter(known).with_columns(line=own), 0)
    return [there], [_lane(made.filter(~known), 1), others]
