"""The next best test: which lots would leave a scope if one lot were examined and found clean.

A lot leaves with another when every way to it leads through that other one: its dominator. Only an
examination of every unit takes lots out; where part of a lot is gone, or only a retained sample is
left, the same lots would at most be *released on test* and stay in the scope.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from graph_model.interval import MAX
from graph_model.lineage import Index
from graph_model.schema import Inspection, Item
from queries.recall import cost, places
from queries.recall.cone import Flags
from queries.recall.dominators import Tree, dominators
from queries.recall.inspections import last_received
from queries.recall.scope import EXCLUDED, Scope
from queries.recall.ways import Ways

Numbers = npt.NDArray[np.float64]
WHOLE, PART, SAMPLE = "whole", "part", "sample"
"""What of a lot can still be examined: all of it, what is left of it, a retained sample."""
_LARGE = 50_000_000
"""Edges times candidates up to which what each candidate reaches is found for the bound."""


@dataclass(frozen=True)
class Forecast:
    """What would leave with each lot, given that the lots in `clean` have left already.

    `listed` are the recorded lots of the scope by number in the plant, `node` theirs in `ways`.
    """

    scope: Scope
    ways: Ways
    listed: Index
    node: Index
    tree: Tree
    gone: Flags

    @staticmethod
    def of(scope: Scope, clean: Iterable[int] = ()) -> Forecast:
        """The forecast after these lots, by number in the plant, were found clean."""
        ways = Ways.of(scope.worlds)
        rows = scope.lots.filter(pl.col("tier") != EXCLUDED).sort("lot")
        node = np.searchsorted(ways.lots, rows["at"].to_numpy())
        start = Forecast(scope, ways, rows["lot"].to_numpy(), node, Tree.none(), np.empty(0, bool))
        return start.after(clean)

    def after(self, clean: Iterable[int]) -> Forecast:
        """The forecast when these lots were found clean too."""
        gone = np.zeros(self.ways.size, dtype=bool)
        gone[: len(self.gone)] = self.gone
        gone[self.node[np.isin(self.listed, np.array(list(clean), dtype=np.int64))]] = True
        first, heads = self.ways.around(gone)
        tree = dominators(first, heads, self.ways.size)
        return Forecast(self.scope, self.ways, self.listed, self.node, tree, gone)

    # ------------------------------------------------------------------ one test

    def leaves(self, lot: int) -> Index:
        """The lots of the scope that would leave with this one, itself among them."""
        place = self._place[np.searchsorted(self.listed, lot)]
        begin, end = self._interval
        if place < 0:
            return self.listed[:0]
        inside = (begin[self._place] >= begin[place]) & (begin[self._place] < end[place])
        found: Index = self.listed[(self._place >= 0) & inside]
        return found

    @property
    def left(self) -> Index:
        """The lots that are in the scope still."""
        return self.listed[self._place >= 0]

    def lots_leaving(self) -> Index:
        """For each listed lot, how many lots would leave with it."""
        return self._under(np.ones(len(self.listed))).astype(np.int64)

    def cost_leaving(self) -> Numbers:
        """For each listed lot, what acting on the lots that would leave with it costs."""
        own = np.zeros(len(self.tree.above))
        held = self._place >= 0
        np.add.at(own, self._place[held], self.prices.by_lot[self.listed[held]])
        np.add.at(own, *self._party_costs())
        return self._sums(own)

    def amounts_leaving(self) -> dict[str, Numbers]:
        """By unit, for each listed lot, the amount of the lots that would leave with it."""
        rows = self.scope.lots.filter(pl.col("tier") != EXCLUDED).sort("lot")
        known, units = rows["quantity"].fill_null(0.0).to_numpy(), rows["uom"].fill_null("")
        return {
            unit: self._under(np.where((units == unit).to_numpy(), known, 0.0))
            for unit in units.unique().sort()
        }

    @cached_property
    def _place(self) -> Index:
        """Places of the listed lots in the tree, -1 for those that have left."""
        return np.array(self.tree.place, dtype=np.int64)[self.node]

    @cached_property
    def _interval(self) -> tuple[Index, Index]:
        return self.tree.intervals()

    @cached_property
    def prices(self) -> cost.Prices:
        """What acting on lots costs, by the scope's table."""
        scope = self.scope
        return cost.prices(scope.table, scope.lineage, scope.facts[Item])

    def _under(self, each: Numbers) -> Numbers:
        own = np.zeros(len(self.tree.above))
        held = self._place >= 0
        np.add.at(own, self._place[held], each[held])
        return self._sums(own)

    def _sums(self, own: Numbers) -> Numbers:
        """For each listed lot, the sum over the places that it dominates."""
        begin, end = self._interval
        order = np.zeros(len(own))
        order[begin] = own
        total = np.concatenate([[0.0], np.cumsum(order)])
        held = np.maximum(self._place, 0)
        return np.where(self._place < 0, 0.0, total[end[held]] - total[begin[held]])

    def _party_costs(self) -> tuple[Index, Numbers]:
        """What a party costs once leaves with the last of its lots: with all that lead to them."""
        parties = self.prices.parties
        lots = parties["lot"].to_numpy()
        at = np.minimum(np.searchsorted(self.listed, lots), max(len(self.listed) - 1, 0))
        held = (self.listed[at] == lots) if len(self.listed) else np.zeros(len(lots), dtype=bool)
        held[held] &= self._place[at[held]] >= 0
        rows = parties.filter(pl.Series(held)).with_columns(at=pl.Series(self._place[at[held]]))
        # The first line of a party carries its cost, as in the scope.
        met: dict[tuple[int, str], list[float]] = {}
        for party, cost_type, place, price in rows.select(
            "party", "cost_type", "at", "cost"
        ).iter_rows():
            found = met.setdefault((party, cost_type), [place, price])
            found[0] = self.tree.common(int(found[0]), place)
        return (
            np.array([int(place) for place, _ in met.values()], dtype=np.int64),
            np.array([price for _, price in met.values()]),
        )


# ---------------------------------------------------------------------------- candidates


def candidates(scope: Scope) -> pl.DataFrame:
    """Lots of the scope that can be tested: lot, at, tier, on_hand, covers, inspected, failed.

    `covers` says what can still be examined: the whole lot, a part of it, a retained sample.
    """
    # A lot that failed is in the scope whatever is found of it later.
    kept = ~pl.col("lot").is_in(pl.Series(scope.failed).implode())
    held = scope.lots.filter((pl.col("tier") != EXCLUDED) & kept).sort("lot")
    stock = scope.places.filter(pl.col("place") == places.ON_HAND)
    stock = stock.group_by("lot").agg(on_hand=pl.col("quantity").sum())
    rows = held.join(stock, on="lot", how="left", maintain_order="left").with_columns(
        pl.col("on_hand").fill_null(0.0),
        sampled=pl.Series(np.isin(held["lot"].to_numpy(), _sampled(scope))),
    )
    whole = (pl.col("on_hand") >= pl.col("quantity") * (1 - 1e-9)).fill_null(False)
    whole &= ~pl.lit(_may_grow(scope, held["lot"].to_numpy()))
    there = pl.when(pl.col("on_hand") > 0)
    covers = there.then(pl.when(whole).then(pl.lit(WHOLE)).otherwise(pl.lit(PART)))
    rows = rows.with_columns(covers=covers.otherwise(pl.lit(SAMPLE)))
    rows = rows.filter((pl.col("on_hand") > 0) | pl.col("sampled"))
    keys = scope.lineage.lots["key"][rows["lot"]]
    done = (
        scope.facts[Inspection]
        .group_by(key="lot")
        .agg(inspected=pl.len(), failed=(pl.col("result") == "nonconforming").sum())
    )
    rows = rows.with_columns(key=keys).join(done, on="key", how="left", maintain_order="left")
    return rows.select(
        "lot", "key", "tier", "quantity", "uom", "on_hand", "covers",
        pl.col("inspected", "failed").fill_null(0),
    )  # fmt: skip


def _may_grow(scope: Scope, lots: Index) -> pl.Series:
    """Lots of several makers to which more can have come after any examination of today."""
    makers = scope.worlds.cone.makers[scope.worlds.cone.number(lots)]
    return pl.Series((makers > 1) & (last_received(scope.lineage, lots) >= MAX))


def _sampled(scope: Scope) -> Index:
    """Lots of the scope of which a sample was put aside or sent away."""
    lineage = scope.lineage
    made = lineage.produced.select("lot", "output_kind")[lineage.origins.at(scope.held)]
    sent = places.shipped_lines(lineage, scope.held)
    kept = [made.filter(pl.col("output_kind") == "sample"), sent.filter(pl.col("kind") == "sample")]
    lots: Index = pl.concat([rows.select(pl.col("lot").cast(pl.Int64)) for rows in kept])[
        "lot"
    ].to_numpy()
    return lots


def predict(scope: Scope, probability: float | None = None) -> pl.DataFrame:
    """The candidates with what would leave with each: best first by cost, then by lots.

    Adds `leaving` (lots), `amounts` (struct by unit), `cost`, and with the chance that a test
    finds a lot clean `expected_cost`, the cost saved on average.
    """
    forecast, rows = Forecast.of(scope), candidates(scope)
    at = np.searchsorted(forecast.listed, rows["lot"].to_numpy())
    spent = np.round(forecast.cost_leaving()[at], 2)
    rows = rows.with_columns(leaving=pl.Series(forecast.lots_leaving()[at]), cost=pl.Series(spent))
    units = {unit: np.round(found[at], 6) for unit, found in forecast.amounts_leaving().items()}
    if units:
        rows = rows.with_columns(amounts=pl.struct(pl.Series(u, v) for u, v in units.items()))
    else:
        rows = rows.with_columns(amounts=pl.lit(None))
    if probability is not None:
        rows = rows.with_columns(expected_cost=(pl.col("cost") * probability).round(2))
    return rows.sort("cost", "leaving", "lot", descending=[True, True, False])


# ---------------------------------------------------------------------------- several tests


@dataclass(frozen=True)
class Plan:
    """Several tests, chosen one after another; what would leave if all find their lot clean.

    `bound` is a cost that no set of so many tests can exceed, so that what the choice may fall
    short of the best one is known.
    """

    lots: list[int]
    leaving: Index
    cost: float
    bound: float


def plan(scope: Scope, count: int) -> Plan:
    """The greedy choice of at most `count` candidates, by cost and then by lots."""
    rows, start = candidates(scope), Forecast.of(scope)
    able = rows["lot"].to_numpy()
    chosen: list[int] = []
    forecast = start
    for _ in range(count):
        at = np.searchsorted(start.listed, able)
        gain, lots = forecast.cost_leaving()[at], forecast.lots_leaving()[at]
        if not lots.any():
            break
        best = int(np.lexsort((able, -lots, -np.round(gain, 6)))[0])
        chosen.append(int(able[best]))
        forecast = forecast.after(chosen[-1:])
    left = forecast.left
    whole = _total(start, start.listed)
    spent = whole - _total(start, left)
    bound = _bound(start, able, len(chosen)) if chosen else 0.0
    return Plan(chosen, np.setdiff1d(start.listed, left), spent, max(bound, spent))


def _total(forecast: Forecast, lots: Index) -> float:
    return forecast.prices.total(lots)


def _bound(forecast: Forecast, able: Index, count: int) -> float:
    """A cost that no `count` tests exceed.

    All candidates together is one bound. Another: a lot leaves only with a test that leads to it,
    and a lot that no single candidate dominates only with two of them, so that each test brings
    at most its reach, where such lots count half; the `count` best of these together.
    """
    ceiling = _total(forecast, forecast.listed) - _total(forecast, forecast.after(able).left)
    if len(able) * len(forecast.ways.source) > _LARGE:
        return ceiling
    weight = np.zeros(forecast.ways.size)
    prices = forecast.prices
    np.add.at(weight, forecast.node, prices.by_lot[forecast.listed])
    weight[forecast.node] += _party_of(forecast)
    single = np.zeros(forecast.ways.size, dtype=bool)
    for lot in able.tolist():
        single[forecast.node[np.searchsorted(forecast.listed, forecast.leaves(lot))]] = True
    weight = np.where(single, weight, weight / 2)
    none = np.zeros(forecast.ways.size, dtype=bool)
    nodes = forecast.node[np.searchsorted(forecast.listed, able)]
    reach = [float(weight[forecast.ways.reach(np.array([node]), none)].sum()) for node in nodes]
    return min(ceiling, sum(sorted(reach, reverse=True)[:count]))


def _party_of(forecast: Forecast) -> Numbers:
    """What parties cost once, on the first of their lots, by listed lot."""
    prices = forecast.prices
    chosen = prices.parties.filter(pl.col("lot").is_in(pl.Series(forecast.listed).implode()))
    chosen = chosen.unique(["party", "cost_type"], keep="first", maintain_order=True)
    found = np.zeros(len(forecast.listed))
    at = np.searchsorted(forecast.listed, chosen["lot"].to_numpy())
    np.add.at(found, at, chosen["cost"].to_numpy())
    return found


def to_dict(scope: Scope, found: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of `predict` as JSON-ready data, with the keys of what would leave."""
    forecast = Forecast.of(scope)
    keys = scope.lineage.lots["key"]
    rows = []
    for row in found.to_dicts():
        amounts = {unit: amount for unit, amount in (row["amounts"] or {}).items() if amount}
        lots = keys[forecast.leaves(row.pop("lot"))].to_list()
        rows.append(row | {"amounts": amounts, "lots": lots})
    return rows
