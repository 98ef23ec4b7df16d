"""What a defect in each supplier's lot would touch, before anything happens.

Plain reachability over all flows, recorded and derived, without any cut: what `scope` calls
`reachable`. The lot itself counts. Amounts and money are those of places where there is something
to act on. A group (supplier, item, month of receipt) has the figures of all its lots being bad at
once, each thing touched counted once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import scipy
from numpy.typing import ArrayLike

from graph_model import quantity
from graph_model.errors import BadInput
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import Item, SetAside
from queries.recall import completeness, cost, places
from queries.recall.completeness import Missing
from queries.recall.sweeps import Net, Numbers, Starts, error

GROUPS = ("supplier", "item", "period")
FIGURES = ("lots", "finished", "customers", "cost")
LEAST_RANKS = 10
_LEVEL = 0.95


@dataclass(frozen=True)
class Exposure:
    """Figures of each supplier's lot and of each group.

    `lots`: lot (number in the plant), key, supplier, item, lot_no, period, then FIGURES and one
    column `amount:<unit>` a unit. `groups`: group, name, supplied (number of its lots), the same
    figures. `contained`: lot, supplied: how many suppliers' lots each finished lot contains, None
    where figures are estimated. `finished`: number of finished lots. `ranks` is None for exact
    figures.
    """

    lineage: Lineage
    table: cost.CostTable
    lots: pl.DataFrame
    groups: pl.DataFrame
    contained: pl.DataFrame | None
    finished: int
    ranks: int | None
    missing: list[Missing] = field(default_factory=list)

    @property
    def units(self) -> list[str]:
        """Units of the amounts."""
        names = (name for name in self.lots.columns if name.startswith("amount:"))
        return [name.removeprefix("amount:") for name in names]

    @property
    def error(self) -> float | None:
        """Relative standard error of estimated figures."""
        return None if self.ranks is None else error(self.ranks)

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Factors between which, of 95 of 100 estimates, the true figure lies."""
        if self.ranks is None:
            return None
        low, high = np.atleast_1d(
            scipy.stats.gamma.ppf([(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], self.ranks)
        )
        return float(low / (self.ranks - 1)), float(high / (self.ranks - 1))

    def to_dict(self) -> dict[str, Any]:
        """As JSON: every supplier's lot and every group, the costliest first."""
        facts = self.lineage
        low, high = self.bounds or (None, None)
        whole: dict[str, Any] = {
            "as_of": facts.batch, "head": f"{facts.batch}:{facts.head}",
            "complete": not self.missing, "missing": [entry.to_dict() for entry in self.missing],
            "exact": self.ranks is None, "ranks": self.ranks, "error": self.error,
            "low": low, "high": high, "currency": self.table.currency,
            "lots": self._rows(self.lots.drop("lot"), "key"),
        }  # fmt: skip
        for group in GROUPS:
            rows = self.groups.filter(pl.col("group") == group).drop("group")
            whole[f"{group}s"] = self._rows(rows, "name")
        return whole

    def _rows(self, frame: pl.DataFrame, name: str) -> list[dict[str, Any]]:
        rows = frame.sort("cost", name, descending=[True, False]).to_dicts()
        for row in rows:
            row["cost"] = round(row["cost"], 2)
            amounts = {unit: round(row.pop(f"amount:{unit}"), 6) for unit in self.units}
            row["amounts"] = {unit: amount for unit, amount in amounts.items() if amount}
        return rows


def exposure(
    facts: Facts,
    lineage: Lineage,
    table: cost.CostTable | None = None,
    *,
    timezone: str = "UTC",
    ranks: int | None = None,
) -> Exposure:
    """The exposure of every supplier's lot. `ranks`: estimate from so many instead of counting.

    `timezone` says in which month a lot was received. Raises BadInput for too few ranks.
    """
    if ranks is not None and ranks < LEAST_RANKS:
        raise BadInput("too_few_ranks", least=LEAST_RANKS)
    table = table or cost.load()
    supplied = supplied_lots(lineage, timezone)
    roots = supplied["lot"].to_numpy()
    parts, wholes = _parts(lineage, roots)
    started = np.concatenate([roots, parts])
    plant = _Plant.of(facts, lineage, table, np.unique(started))
    numbers = np.concatenate([np.arange(len(roots)), wholes])
    each = plant.net.starts(numbers, started, len(roots))
    groups, members = _groups(supplied, each)
    if ranks is None:
        figures, by = plant.net.sums(each, plant.weights)
        of_groups, _ = plant.net.sums(members, plant.weights)
        contained = pl.DataFrame(
            {"lot": plant.finished, "supplied": plant.at(plant.finished, by)},
            schema={"lot": pl.Int64, "supplied": pl.Int64},
        )
    else:
        figures = plant.net.estimates(each, plant.weights, ranks)
        of_groups, contained = plant.net.estimates(members, plant.weights, ranks), None
    return Exposure(
        lineage,
        table,
        pl.concat([supplied, plant.frame(figures)], how="horizontal"),
        pl.concat([groups, plant.frame(of_groups)], how="horizontal"),
        contained,
        len(plant.finished),
        ranks,
        _missing(facts, lineage, ranks),
    )


def supplied_lots(lineage: Lineage, timezone: str = "UTC") -> pl.DataFrame:
    """Lots as suppliers delivered them: lot, key, supplier, item, lot_no, period (YYYY-MM or null).

    Received ones, and those of a known supplier that nothing records the receipt or making of.
    """
    stated = pl.col("supplier").is_not_null() & ~pl.col("made")
    rows = pl.concat([lineage.lots, lineage.births], how="horizontal").with_row_index("lot")
    received = pl.from_epoch("received_earliest", "us").dt.replace_time_zone("UTC")
    return rows.filter(pl.col("rule").is_null() & (pl.col("received") | stated)).select(
        pl.col("lot").cast(pl.Int64), "key",
        pl.coalesce("supplier", "owner").alias("supplier"),
        pl.coalesce("item", "item_code").alias("item"),
        "lot_no",
        received.dt.convert_time_zone(timezone).dt.strftime("%Y-%m").alias("period"),
    )  # fmt: skip


def finished_lots(facts: Facts, lineage: Lineage) -> Index:
    """Recorded lots that were made: of a finished item, or where no type is stated, shipped."""
    types = facts[Item].select("item_type", item="key").unique("item")
    rows = lineage.lots.select("item", "rule").join(
        types, on="item", how="left", maintain_order="left"
    )
    shipped = np.zeros(len(rows), dtype=bool)
    shipped[lineage.shipped.filter(pl.col("rule").is_null())["lot"].to_numpy()] = True
    unstated = pl.when(pl.col("item_type").is_null()).then("shipped")
    ends = unstated.otherwise(pl.col("item_type") == "finished")
    rows = rows.with_columns(made=lineage.births["made"], shipped=pl.Series(shipped))
    found = rows.with_columns(end=ends).select(
        (pl.col("rule").is_null() & pl.col("made") & pl.col("end")).arg_true()
    )
    return found.to_series().to_numpy().astype(np.int64)


@dataclass(frozen=True)
class _Plant:
    """The plant as a net, in which customers and parties to be paid for are nodes too."""

    net: Net
    weights: Numbers
    units: list[str]
    finished: Index

    @staticmethod
    def of(facts: Facts, lineage: Lineage, table: cost.CostTable, starts: Index) -> _Plant:
        """What weighs is recorded lots, finished ones, customers, money, and amounts by unit."""
        prices = cost.prices(table, lineage, facts[Item])
        lots, steps = len(lineage.lots), len(lineage.operations)
        sent, customers = _customers(lineage)
        to_pay, parties = _parties(prices)
        base = lots + steps + customers
        tails = (lineage.consumed_lot, lineage.produced_op, sent["lot"], to_pay["lot"])
        heads = (lineage.consumed_op, lineage.produced_lot, sent["customer"], to_pay["party"])
        net = Net.of(
            base + len(parties),
            _joined(tails, (0, lots, 0, 0)),
            _joined(heads, (lots, 0, lots + steps, base)),
            starts,
        )
        finished = finished_lots(facts, lineage)
        counted = (np.flatnonzero(lineage.recorded), finished, lots + steps + np.arange(customers))
        money = np.zeros(base + len(parties))
        money[:lots], money[base:] = prices.by_lot, parties
        amounts = _amounts(facts, lineage)
        units = amounts["unit"].unique().sort().to_list()
        columns = [net.weights(nodes, np.ones(len(nodes))) for nodes in counted]
        columns.append(net.weights(np.arange(len(money)), money))
        for unit in units:
            of_unit = amounts.filter(pl.col("unit") == unit)
            columns.append(net.weights(of_unit["lot"].to_numpy(), of_unit["amount"].to_numpy()))
        return _Plant(net, np.stack(columns, axis=1), units, finished)

    def at(self, lots: Index, of_rows: Index) -> Index:
        """Values of the rows that these lots stand on, 0 where no start reaches one."""
        row = self.net.row[lots]
        return np.where(row >= 0, of_rows[row], 0) if len(of_rows) else np.zeros_like(row)

    def frame(self, figures: Numbers) -> pl.DataFrame:
        """Figures as columns."""
        whole = {
            name: pl.Series(np.rint(figures[:, at]), dtype=pl.Int64)
            for at, name in enumerate(FIGURES[:3])
        }
        named = ["cost", *(f"amount:{unit}" for unit in self.units)]
        return pl.DataFrame(whole | {name: figures[:, 3 + at] for at, name in enumerate(named)})


def _joined(arrays: Iterable[ArrayLike], bases: Iterable[int]) -> Index:
    """Node numbers: each array counts from its base."""
    numbers = (
        np.asarray(array, np.int64) + base for array, base in zip(arrays, bases, strict=True)
    )
    return np.concatenate(list(numbers))


def _parties(prices: cost.Prices) -> tuple[pl.DataFrame, Numbers]:
    """lot, party (a number) of what is paid once a party, and what each party costs."""
    rows = prices.parties.with_columns(party=pl.col("party").rank("dense").cast(pl.Int64) - 1)
    once = rows.unique(["party", "cost_type"], maintain_order=True)
    each = once.group_by("party").agg(pl.col("cost").sum()).sort("party")
    return rows.select("lot", "party").unique(maintain_order=True), each["cost"].to_numpy()


def _customers(lineage: Lineage) -> tuple[pl.DataFrame, int]:
    """lot, customer (a number) of what has left for a customer, and how many there are."""
    lines = places.shipped_lines(lineage, np.arange(len(lineage.lots)))
    lines = lines.filter(
        ~pl.col("status").is_in(["planned", "picked"]).fill_null(False)
        & pl.col("customer").is_not_null()
    )
    sent = lines.select("lot", customer=pl.col("customer").rank("dense").cast(pl.Int64) - 1)
    highest = sent["customer"].max()
    return sent.unique(maintain_order=True), highest + 1 if isinstance(highest, int) else 0


def _amounts(facts: Facts, lineage: Lineage) -> pl.DataFrame:
    """lot, unit, amount at places where there is something to act on, in the item's unit."""
    located = places.holdings(lineage).located
    rows = located.filter(pl.col("place").is_in(places.ACTIVE) & (pl.col("quantity") > 0))
    held = places.holdings(lineage).amounts["uom"]
    rows = rows.with_columns(item=lineage.lots["item"][rows["lot"]], uom=held[rows["lot"]])
    rows = quantity.to_item_unit(rows, facts[Item])
    base = facts[Item].select("key", base="uom").unique("key")
    rows = rows.join(base, left_on="item", right_on="key", how="left", maintain_order="left")
    own = pl.col("amount").is_null()
    # What cannot be converted stands in its own unit.
    rows = rows.select(
        "lot",
        unit=pl.when(own).then("uom").otherwise("base").fill_null(""),
        amount=pl.when(own).then("quantity").otherwise("amount"),
    )
    return rows.group_by("lot", "unit", maintain_order=True).agg(pl.col("amount").sum())


def _parts(lineage: Lineage, roots: Index) -> tuple[Index, Index]:
    """Recorded parts of the lots, and the position of the lot that each is part of."""
    whole = pl.DataFrame(
        {"parent": lineage.lots["key"][roots], "at": pl.Series(np.arange(len(roots)))}
    )
    found = (
        lineage.lots.select("parent", part=pl.int_range(pl.len(), dtype=pl.Int64))
        .drop_nulls("parent")
        .join(whole, on="parent", how="inner", maintain_order="left")
    )
    return found["part"].to_numpy(), found["at"].to_numpy()


def _groups(supplied: pl.DataFrame, each: Starts) -> tuple[pl.DataFrame, Starts]:
    """group, name, supplied; and the rows at which each group starts."""
    at = pl.int_range(pl.len(), dtype=pl.Int64).alias("at")
    rows = pl.concat(
        supplied.select(at, group=pl.lit(name), name=pl.col(name)).drop_nulls("name")
        for name in GROUPS
    )
    names = rows.group_by("group", "name").agg(supplied=pl.len().cast(pl.Int64))
    order = pl.col("group").replace_strict({name: n for n, name in enumerate(GROUPS)})
    names = names.sort(order, "name")
    rows = rows.join(names.with_row_index("of"), on=["group", "name"])
    starts = pl.DataFrame({"at": each.of_, "row": each.row})
    pairs = rows.join(starts, on="at").select("of", "row").unique().sort("of", "row")
    of_, row = (pairs[name].to_numpy().astype(np.int64) for name in ("of", "row"))
    return names, Starts(of_, row, len(names))


def _missing(facts: Facts, lineage: Lineage, ranks: int | None) -> list[Missing]:
    """What the figures leave open, and on what they stand."""
    born = pl.concat([lineage.lots.select("rule", "supplier"), lineage.births], how="horizontal")
    nowhere = born.select(
        (
            pl.col("rule").is_null() & pl.col("supplier").is_null() & pl.col("used")
            & ~pl.col("made") & ~pl.col("received")
        ).arg_true()
    ).to_series()  # fmt: skip
    found = completeness.of_lots("origin_unknown", lineage, nowhere)
    aside = facts[SetAside].select(pl.concat_str("file", "sheet", "row", separator=":"))
    found += completeness.of_rows("set_aside", aside.to_series())
    located = places.holdings(lineage).located
    found += completeness.of_rows("unpriced", cost.unpriced(located, lineage, facts[Item]))
    derived = sum(
        frame["rule"].is_not_null().sum()
        for frame in (lineage.consumed, lineage.produced, lineage.shipped)
    )
    if derived:
        found.append(Missing("derived_flows", count=int(derived)))
    if ranks is not None:
        found.append(Missing("estimated", params={"error": f"{error(ranks):.1%}", "ranks": ranks}))
    return found
