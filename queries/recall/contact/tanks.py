"""Tanks with a validated carry-over limit: who filled them when, and with how much of a heel.

The limit speaks of what one filling leaves to the next: a recorded heel, and the film that it is
part of. It does not speak of what else touches the tank, so residue of that stays contact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from graph_model import quantity
from graph_model.derived.pools.events import UNLOTTED
from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import Consumed, Count, Site, Use
from queries.recall.contact.chains import LANE, Lanes
from queries.recall.contact.lanes import NOWHERE
from queries.recall.contact.runs import lines
from queries.recall.contact.stays import USE
from queries.recall.hazard import Hazard
from queries.recall.rulebook import CarryOverLimit, Rulebook

PAST_LIMIT = "past_limit"
_LIMITED, _OTHERS = 1 << 24, 1 << 25
"""Added to the number of a lane for what the limit bars, and for what it does not speak of."""


@dataclass(frozen=True)
class Filling:
    """What went into a tank at once. `taken`: lots, by number in the plant, and their masses.

    `heel` is the recorded mass of what was left; None where it, or anything that went in, is not
    known or not above zero, so that no share can be told.
    """

    op: int
    start: int
    end: int
    taken: dict[int, float]
    heel: float | None
    emptied: bool
    """The tank was found empty with it."""


@dataclass(frozen=True)
class Tank:
    """A tank with its limit; `fillings` by the plant's operation number.

    `before`: for each filling, those whose contents its heel can have been (places in `fillings`).
    `contents`: lots that the limit speaks of: only known fillings of this tank made them, and what
    was left of each is the heel of a known one, or was gone by then.
    """

    limit: CarryOverLimit
    key: str
    line: str | None
    fillings: tuple[Filling, ...]
    before: list[list[int]]
    contents: Index


def named(facts: Facts, hazard: Hazard, rulebook: Rulebook) -> dict[str, CarryOverLimit]:
    """Limits for this hazard by key of the one place that each names; of several the smallest.

    None where the hazard is not known.
    """
    sites, found = facts[Site], dict[str, CarryOverLimit]()
    for limit in rulebook.carry_over_limits if hazard.known else ():
        fits = sites.filter((pl.col("key") == limit.site) | (pl.col("site_code") == limit.site))
        if limit.hazard != hazard.kind or len(fits) != 1:
            continue
        key = fits["key"].item()
        if key not in found or limit.share < found[key].share:
            found[key] = limit
    return found


def find(facts: Facts, lineage: Lineage, hazard: Hazard, rulebook: Rulebook) -> list[Tank]:
    """The tanks whose limit is for this hazard. What is given back into a tank makes it unknown."""
    tops = dict(lines(facts[Site]).select("place", "line").iter_rows())
    back = set(lineage.returned["to_place"].drop_nulls())
    return [
        _tank(facts, lineage, key, limit, tops.get(key))
        for key, limit in sorted(named(facts, hazard, rulebook).items())
        if key not in back
    ]


def _tank(
    facts: Facts, lineage: Lineage, key: str, limit: CarryOverLimit, line: str | None
) -> Tank:
    ops = _fillings(lineage, key)
    into = _recorded(lineage.consumed, lineage.inputs.at(ops))
    made = _recorded(lineage.produced, lineage.outputs.at(ops))
    both = pl.concat([into.select("op", "t0", "t1"), made.select("op", "t0", "t1")])
    times = {op: (t0, t1) for op, t0, t1 in both.group_by("op").agg(
        pl.col("t0").min(), pl.col("t1").max()).iter_rows()}  # fmt: skip
    masses, heels = _masses(facts, lineage, key, ops)
    empty = facts[Count].filter((pl.col("site") == key) & (pl.col("quantity") == 0))
    fillings = tuple(
        Filling(op, start, end, masses[op], heels.get(op), _found_empty(empty, start, end))
        for op in ops.tolist()
        for start, end in [times.get(op, (MIN, MAX))]
    )
    before = _before(fillings)
    return Tank(limit, key, line, fillings, before, _contents(lineage, fillings, before))


def _found_empty(empty: pl.DataFrame, start: int, end: int) -> bool:
    return not empty.filter((pl.col("earliest") >= start) & (pl.col("latest") <= end)).is_empty()


def _before(fillings: tuple[Filling, ...]) -> list[list[int]]:
    start = np.array([one.start for one in fillings], dtype=np.int64)
    end = np.array([one.end for one in fillings], dtype=np.int64)
    found = []
    for at, one in enumerate(fillings):
        surely = end < one.start
        last = start[surely].max() if surely.any() else MIN
        can = (start <= one.end) & (end >= last)
        can[at] = False
        found.append(np.flatnonzero(can).tolist())
    return found


def _contents(lineage: Lineage, fillings: tuple[Filling, ...], before: list[list[int]]) -> Index:
    known = np.array([one.op for one in fillings if one.heel is not None], dtype=np.int64)
    lots = np.unique(lineage.produced_lot[lineage.outputs.at(known)]).astype(np.int64)
    elsewhere = _recorded(lineage.produced, lineage.origins.at(lots)).select("lot", "op")
    elsewhere = elsewhere.filter(~pl.col("op").is_in(pl.Series(known, dtype=pl.Int32).implode()))
    return np.setdiff1d(lots, [*elsewhere["lot"], *_standing(lineage, fillings, before)])


def _standing(
    lineage: Lineage, fillings: tuple[Filling, ...], before: list[list[int]]
) -> Iterator[int]:
    """Lots that may have stood in the tank when it was filled again: more came to them there."""
    gone = dict.fromkeys(range(len(fillings)), MAX)
    for at, one in enumerate(fillings):
        for earlier in before[at]:
            told = one.heel is not None or one.emptied
            gone[earlier] = min(gone[earlier], one.start if told else MIN)
    ours = {one.op for one in fillings}
    for at, one in enumerate(fillings):
        lots = np.unique(lineage.produced_lot[lineage.outputs.at(np.array([one.op]))])
        rows = lineage.consumed.select("op", "lot", "t1")[lineage.uses.at(lots.astype(np.int64))]
        late = rows.filter((pl.col("t1") > gone[at]) & ~pl.col("op").is_in(list(ours)))
        yield from lots.tolist() if gone[at] == MIN else late["lot"].to_list()


def _fillings(lineage: Lineage, key: str) -> Index:
    """Recorded operations that ran in the tank or put something into it."""
    here = (
        lineage.operations.select((pl.col("site") == key).fill_null(False)).to_series().to_numpy()
    )
    into = lineage.produced["op"].filter(lineage.produced["to_place"].eq_missing(key))
    ops = np.union1d(np.flatnonzero(here), into.to_numpy()).astype(np.int64)
    recorded: Index = ops[lineage.operations["rule"].is_null().to_numpy()[ops]]
    return recorded


def _recorded(flows: pl.DataFrame, rows: Index) -> pl.DataFrame:
    return flows[rows].filter(pl.col("rule").is_null())


def _masses(
    facts: Facts, lineage: Lineage, key: str, ops: Index
) -> tuple[dict[int, dict[int, float]], dict[int, float]]:
    """Mass of each lot that went in, and of the heel, of fillings of which all is known."""
    names = lineage.operations["key"][ops]
    numbers = dict(zip(names.to_list(), ops.tolist(), strict=True))
    stands = lineage.unresolved.filter(
        (pl.col("kind") == Consumed.__name__) & pl.col("end").is_in(names.implode())
    )
    bare = facts[Consumed].join(stands.select("key"), on="key", how="semi")
    heel = pl.col("lot_no").is_null() & pl.col("lot").is_null() & (pl.col("from_place") == key)
    bare = bare.with_columns(heel=heel.fill_null(False))
    rows = lineage.consumed.select("op", "lot", "quantity", "uom", "rule")[lineage.inputs.at(ops)]
    # Material that came in by rule, other than as the heel, has no amount.
    odd = {*rows.filter(pl.col("rule").is_not_null() & (pl.col("rule") != UNLOTTED))["op"]}
    odd |= {numbers[end] for end in bare.filter(~pl.col("heel"))["operation"]}
    odd |= {*lineage.returned["op"], *lineage.maybe_returned["op"]}
    taken: dict[int, dict[int, float]] = {op: {} for op in ops.tolist()}
    for op, lot, amount, unit, _ in rows.filter(pl.col("rule").is_null()).iter_rows():
        if (mass := _kilograms(amount, unit)) is None:
            odd.add(op)
        else:
            taken[op][lot] = taken[op].get(lot, 0.0) + mass
    heels: dict[int, float] = {}
    for end, amount, unit in bare.filter("heel").select("operation", "quantity", "uom").iter_rows():
        if (mass := _kilograms(amount, unit)) is None:
            odd.add(numbers[end])
        else:
            heels[numbers[end]] = heels.get(numbers[end], 0.0) + mass
    return taken, {op: mass for op, mass in heels.items() if op not in odd}


def _kilograms(amount: float | None, unit: str | None) -> float | None:
    worth = quantity.factor(unit, "KGM")
    return None if worth is None or amount is None or amount <= 0 else amount * worth


# ---------------------------------------------------------------------------- contact


def barred(lanes: Lanes, tanks: list[Tank], facts: Facts, lineage: Lineage) -> Lanes:
    """The lanes with the way to the contents of each tank apart, so that its limit can end it.

    What touched the tank other than as a filling of it, or by being drawn from it, still reaches
    them as before.
    """
    for tank in tanks:
        if tank.line is not None and tank.contents.size:
            strangers = _strangers(tank, facts, lineage).implode()
            strange = pl.col("lot").is_in(strangers) | pl.col("rule").is_in([USE, NOWHERE])
            lanes = _apart(lanes, tank, strange, _filled(tank, lineage))
    return lanes


def _filled(tank: Tank, lineage: Lineage) -> pl.DataFrame:
    """lot, filled: by when each of the contents was in the tank."""
    ends = pl.DataFrame(
        [(one.op, one.end) for one in tank.fillings],
        schema={"op": pl.Int32, "filled": pl.Int64}, orient="row",
    )  # fmt: skip
    rows = lineage.produced.select("op", pl.col("lot").cast(pl.Int64))
    rows = rows[lineage.origins.at(tank.contents)]
    return rows.join(ends, on="op").group_by("lot").agg(pl.col("filled").max())


def _own(tank: Tank, lineage: Lineage) -> pl.Series:
    """Lots that fillings took or gave, and mixed stock of the tank, which heels are taken from."""
    ops = np.array([one.op for one in tank.fillings], dtype=np.int64)
    pools = (lineage.lots["kind"] == "pool") & lineage.lots["sublot"].str.starts_with(
        f"{tank.key}@"
    )
    numbers = [
        lineage.consumed["lot"][lineage.inputs.at(ops)],
        lineage.produced["lot"][lineage.outputs.at(ops)],
        pools.fill_null(False).arg_true(),
    ]
    return pl.concat([lots.cast(pl.Int64) for lots in numbers]).unique()


def _strangers(tank: Tank, facts: Facts, lineage: Lineage) -> pl.Series:
    """Lots that touched the tank's line other than by its fillings or by drawing from it.

    A lot that was drawn from the tank though no filling had it was in it all the same.
    """
    tops = lines(facts[Site])
    here = tops.filter(pl.col("line") == tank.line)["place"].implode()
    about = lineage.operations.select("key", "order", "site", "rule")
    whole = about.select(order="key", _site="site")
    about = about.join(whole, on="order", how="left", maintain_order="left")
    site = pl.coalesce("site", "_site")
    ran = about.select((site.is_in(here) & pl.col("rule").is_null()).fill_null(False))
    bare = about.select(site.is_null() & pl.col("rule").is_null()).to_series()
    drawn = lineage.consumed.filter(pl.col("from_place").is_in(here)).select("op", "lot")
    put = lineage.produced.filter(pl.col("to_place").is_in(here))["op"]
    ops = [ran.to_series().arg_true(), put, drawn["op"].filter(bare[drawn["op"]])]
    touching = pl.concat([part.cast(pl.Int64) for part in ops]).unique().to_numpy()
    touching = np.setdiff1d(touching, [one.op for one in tank.fillings]).astype(np.int64)
    mounted = facts[Use]["lot"].drop_nulls().unique()
    others = drawn["lot"].cast(pl.Int64)
    numbers = [
        lineage.consumed["lot"][lineage.inputs.at(touching)],
        lineage.produced["lot"][lineage.outputs.at(touching)],
        pl.Series(lineage.number(mounted.to_list()), dtype=pl.Int64),
        others.filter(~others.is_in(_own(tank, lineage).implode())),
    ]
    return pl.concat([lots.cast(pl.Int64) for lots in numbers]).unique()


def _apart(lanes: Lanes, tank: Tank, strange: pl.Expr, filled: pl.DataFrame) -> Lanes:
    open_ = lanes.rules.filter(~pl.col("barred") & (pl.col("line") == tank.line))
    here = lanes.exits.join(open_.select(LANE), on=LANE, how="semi", maintain_order="left")
    limited = here.filter(pl.col("lot").is_in(pl.Series(tank.contents).implode()))
    if limited.is_empty():
        return lanes
    came = lanes.entries.join(limited.select(LANE).unique(), on=LANE, how="semi")
    others = came.filter(strange)
    # Carried over is what was there before; once they are in it, only strangers add to them.
    by_then = [pl.min_horizontal(name, "filled").alias(name) for name in ("at", "t1")]
    ended = limited.join(filled, on="lot", maintain_order="left").with_columns(by_then)
    ended = ended.with_columns(key=pl.lit(tank.limit.validation)).select(limited.columns)
    exits = [
        lanes.exits.join(limited, on=lanes.exits.columns, how="anti", nulls_equal=True),
        _moved(ended, _LIMITED), _moved(limited, _OTHERS),
    ]  # fmt: skip
    rules = open_.join(limited.select(LANE).unique(), on=LANE, how="semi")
    more = [
        _moved(rules, _LIMITED).with_columns(barred=True, rule=pl.lit(PAST_LIMIT)),
        _moved(rules, _OTHERS),
    ]
    return Lanes(
        pl.concat([lanes.entries, _moved(came, _LIMITED), _moved(others, _OTHERS)]),
        pl.concat(exits),
        pl.concat([lanes.rules, *more]),
    )


def _moved(rows: pl.DataFrame, by: int) -> pl.DataFrame:
    return rows.with_columns(pl.col("lane") + by)
