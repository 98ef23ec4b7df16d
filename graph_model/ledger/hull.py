"""Movements that several sources state: what holds whichever of them is right, and conflicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from graph_model.ledger.groups import Flags, Groups, Places, Ranked, gathered, ranked
from graph_model.quantity import factor

CONFLICT_SCHEMA = {"key": pl.String, "kind": pl.String, "column": pl.String, "values": pl.String}

_DISPUTED = ("earliest", "from_place", "latest", "lot", "quantity", "status", "to_place")
_IDENTITY = ("owner", "item", "lot_no")
"""What a source says along with a lot; never mixed with another lot's."""

_TEXTS = ("lot", "from_place", "to_place", "status", "uom")
_AND = " | "

Values = npt.NDArray[np.int64] | npt.NDArray[np.float64]


@dataclass(frozen=True)
class Said:
    """What each source says of each disputed movement, source by source in alphabetical order.

    `rows`: by disputed movement its row in the folded table; `starts`: where its statements start;
    `codes`: the texts as numbers.
    """

    columns: dict[str, pl.Series]
    codes: dict[str, Ranked]
    rows: Places
    starts: Places

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def sizes(self) -> Places:
        return np.diff(self.starts, append=len(self.columns["lot"]))

    def values(self, name: str) -> tuple[Values, Flags]:
        """A column as numbers that compare as its values do, and where it is stated."""
        if name in self.codes:
            codes = self.codes[name].codes
            return codes, codes >= 0
        column = self.columns[name]
        return column.fill_null(0).to_numpy(), column.is_not_null().to_numpy()

    def extreme(self, name: str, best: np.ufunc) -> pl.Series:
        """The least or greatest value of each movement, by `np.minimum` or `np.maximum`."""
        values, stated = self.values(name)
        found, any_stated = _reduced(values, stated, self.starts, best)
        if name in self.codes:
            return self.codes[name].texts(np.where(any_stated, found, -1))
        return gathered(pl.Series(found), np.arange(len(found)), any_stated)


def said(rows: pl.DataFrame, keys: Groups) -> Said | None:
    """What several sources say of the same movements; None where there is no such."""
    source = ranked(rows["_source"])
    if len(source.values) < 2:
        return None
    by_key = source.codes[keys.order]
    several = np.minimum.reduceat(by_key, keys.starts) != np.maximum.reduceat(by_key, keys.starts)
    if not several.any():
        return None
    parts, movement = keys.parted(several, source.codes)
    columns = {name: parts.last(rows[name]) for name in (*_DISPUTED, "uom", *_IDENTITY)}
    codes = {name: ranked(column) for name, column in columns.items() if name in _TEXTS}
    starts = np.flatnonzero(np.diff(movement, prepend=-1))
    return Said(columns, codes, movement[starts], starts)


def over(kind: type, table: pl.DataFrame, said: Said) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The folded table with the hull of what several sources say; and the conflicts."""
    amounts = _amounts(said)
    conflicts = _conflicts(kind, table["key"], said, amounts)
    return _each_lot(_widest(table, said, amounts), said), conflicts


def _reduced(values: Values, stated: Flags, starts: Places, best: np.ufunc) -> tuple[Values, Flags]:
    """The best stated value of each run, and where there is one."""
    any_stated = np.logical_or.reduceat(stated, starts)
    if stated.all():
        return best.reduceat(values, starts), any_stated
    least = -np.inf if values.dtype == np.float64 else np.iinfo(np.int64).min
    most = np.inf if values.dtype == np.float64 else np.iinfo(np.int64).max
    empty = most if best is np.minimum else least
    return best.reduceat(np.where(stated, values, empty), starts), any_stated


def _amounts(said: Said) -> Values:
    """The quantities in one unit a movement, where its units convert."""
    units = said.codes["uom"]
    least, stated = _reduced(*said.values("uom"), said.starts, np.minimum)
    base = np.repeat(np.where(stated, least, -1), said.sizes)
    names = [None, *units.values]
    pair = (units.codes + 1) * len(names) + base + 1
    pairs = pl.Series(pair).unique().sort().to_numpy()
    factors = [
        factor(names[uom], names[to]) or 1.0
        for uom, to in np.stack(np.divmod(pairs, len(names)), axis=1).tolist()
    ]
    each = np.array(factors)[np.searchsorted(pairs, pair)]
    return (said.columns["quantity"].fill_null(0.0) * pl.Series(each)).round(6).to_numpy()


def _widest(table: pl.DataFrame, said: Said, amounts: Values) -> pl.DataFrame:
    """The widest interval, lowest places and largest amount of each movement.

    A movement that one source retracts is kept while another stands by it: posted > draft >
    cancelled, as in the alphabet.
    """
    hull = {name: said.extreme(name, np.minimum) for name in ("earliest", "from_place", "to_place")}
    hull |= {name: said.extreme(name, np.maximum) for name in ("latest", "status")}
    largest = _largest(said, amounts)
    hull["quantity"] = said.columns["quantity"].gather(largest)
    unit = pl.when(hull["quantity"].is_null()).then(table["uom"].gather(said.rows))
    hull["uom"] = pl.select(unit.otherwise(said.columns["uom"].gather(largest))).to_series()
    return table.with_columns(
        _replaced(table[name], said.rows, column).alias(name) for name, column in hull.items()
    )


def _largest(said: Said, amounts: Values) -> Places:
    """The statement with the largest amount of each movement."""
    quantity, stated = said.values("quantity")
    unit = said.codes["uom"].codes
    best, sizes = said.starts.copy(), said.sizes
    for nth in range(1, int(sizes.max())):
        rows = np.flatnonzero(sizes > nth)
        old, new = best[rows], said.starts[rows] + nth
        larger = quantity[new] > quantity[old]
        for ranks in (unit, amounts):  # the last one decides first
            larger = np.where(ranks[new] == ranks[old], larger, ranks[new] > ranks[old])
        best[rows] = np.where(stated[new] & (larger | ~stated[old]), new, old)
    return best


def _replaced(column: pl.Series, at: Places, values: pl.Series) -> pl.Series:
    places = np.arange(len(column))
    places[at] = len(column) + np.arange(len(values))
    return pl.concat([column, values.alias(column.name).cast(column.dtype)]).gather(places)


def _each_lot(table: pl.DataFrame, said: Said) -> pl.DataFrame:
    """One row for each lot that a source names, the further ones under `key~2` and so on."""
    row, nth, lots = _lots(table, said)
    first = nth == 0
    columns = {
        name: pl.concat(
            [
                _replaced(table[name], row[first], column.filter(pl.Series(first))),
                column.filter(pl.Series(~first)).alias(name).cast(table[name].dtype),
            ]
        )
        for name, column in lots.items()
    }
    order = Groups.of(columns["key"]).order
    rows = np.concatenate([np.arange(len(table)), row[~first]])[order]
    return pl.DataFrame(
        [
            columns[name].gather(order) if name in columns else table[name].gather(rows)
            for name in table.columns
        ]
    )


def _lots(table: pl.DataFrame, said: Said) -> tuple[Places, Places, dict[str, pl.Series]]:
    """The lots said of each movement: its row, the number of the lot there, and what differs."""
    lots = said.codes["lot"]
    movements = Groups(np.arange(len(lots.codes)), said.starts, in_order=True)
    parts, movement = movements.parted(np.ones(len(said), np.bool_), lots.codes + 1)
    code = lots.codes[parts.order[parts.starts]]
    named = np.flatnonzero(code >= 0)
    movement, code = movement[named], code[named]
    count = np.bincount(movement, minlength=len(said))
    nth = np.arange(len(movement)) - (np.cumsum(count) - count)[movement]
    row = said.rows[movement]
    key, alone = table["key"].gather(row), pl.Series(count[movement] == 1)
    further = pl.when(pl.Series(nth > 0)).then(pl.format("{}~{}", key, pl.Series(nth + 1)))
    columns = {"key": pl.select(further.otherwise(key)).to_series(), "lot": lots.texts(code)}
    for name in _IDENTITY:
        of_lot = parts.last(said.columns[name]).gather(named)
        other = pl.when(alone).then(table[name].gather(row))
        columns[name] = pl.select(pl.coalesce(of_lot, other)).to_series()
    return row, nth, columns


def _conflicts(kind: type, key: pl.Series, said: Said, amounts: Values) -> pl.DataFrame:
    """Where sources differ, by key and column, with all that they say."""
    movements: list[Places] = []
    columns: list[Places] = []
    texts: list[pl.Series] = []
    for name in _DISPUTED:
        values, stated = said.values(name)
        values = amounts if name == "quantity" else values
        least, some = _reduced(values, stated, said.starts, np.minimum)
        most, _ = _reduced(values, stated, said.starts, np.maximum)
        differ = some & (least != most)
        movements.append(np.flatnonzero(differ))
        columns.append(np.full(len(movements[-1]), len(columns)))
        texts.append(_told(said, name, stated & np.repeat(differ, said.sizes)))
    movement, column = np.concatenate(movements), np.concatenate(columns)
    order = np.lexsort((column, movement))
    return pl.DataFrame(
        {
            "key": key.gather(said.rows[movement[order]]),
            "kind": pl.repeat(kind.__name__, len(order), eager=True, dtype=pl.String),
            "column": pl.Series(_DISPUTED, dtype=pl.String).gather(column[order]),
            "values": pl.concat(texts).gather(order),
        }
    )


def _told(said: Said, name: str, chosen: Flags) -> pl.Series:
    """What is said of each movement with chosen statements, in alphabetical order."""
    at = np.flatnonzero(chosen)
    told = said.columns[name].gather(at).cast(pl.String)
    if name == "quantity":
        unit = said.columns["uom"].gather(at)
        told = pl.select(pl.concat_str(told, unit, separator=" ", ignore_nulls=True)).to_series()
    movement = np.repeat(np.arange(len(said)), said.sizes)[at]
    starts = np.flatnonzero(np.diff(movement, prepend=-1))
    sizes = np.diff(starts, append=len(at))
    if (sizes == 2).all():  # nearly always, and much quicker than sorting
        one, two = told.gather(starts), told.gather(starts + 1)
        rising = pl.when(one < two).then(pl.concat_str(one, two, separator=_AND))
        both = rising.otherwise(pl.concat_str(two, one, separator=_AND))
        return pl.select(pl.when(one == two).then(one).otherwise(both).alias("values")).to_series()
    return (
        pl.DataFrame({"movement": movement, "values": told})
        .unique()
        .sort("movement", "values")
        .group_by("movement", maintain_order=True)
        .agg(pl.col("values").str.join(_AND))["values"]
    )
