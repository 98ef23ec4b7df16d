"""How material of a network moves on, as chances: a random grain taken from a node goes where?

A lot's material goes on in proportion to the recorded amounts. What enters an operation comes out
in proportion to what it gave, over the outputs that its time allows: outputs of an operation are a
chain of *gates* by the end of their receipt, and an input enters the chain where it first can.
An amount that is unknown counts as the mean of the known ones beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import SuperLU, splu

from graph_model import quantity
from graph_model.lineage import Index
from queries.recall.inference_network import NONE, Linked
from queries.recall.sweeps import levels

Numbers = npt.NDArray[np.float64]
_LEAK = 1e-12
"""Keeps a loop that nothing leaves solvable."""
_ROUNDING = 1.001
"""Amounts are typed with few digits."""


@dataclass(frozen=True)
class Passage:
    """Chances of one step between nodes and gates.

    `chance[i, j]` is that of a grain at i to be at j next; a row that sums to less than 1 keeps the
    rest. `assumed` counts the nodes where an unknown amount was taken as the mean of the others.
    """

    linked: Linked
    chance: sparse.csr_array
    assumed: int

    @staticmethod
    def of(linked: Linked, *, temporal_order: bool) -> Passage:
        """The chances of a network with its rules; times are judged unless told otherwise."""
        lineage, web = linked.web.lineage, linked.web
        used, made = len(lineage.consumed), len(lineage.produced)
        kind = np.searchsorted([used, used + made, len(web.source)], linked.row, side="right")
        amounts = _amounts(linked)
        gates = _Gates.of(linked, amounts.filter(kind == 1), linked.row[kind == 1] - used)
        inputs = kind == 0
        enters = gates.entered(
            linked.target[inputs] - len(lineage.lots),
            lineage.consumed["t0"].to_numpy()[linked.row[inputs]],
            temporal_order=temporal_order,
        )
        entering = _portions(linked, amounts.filter(inputs), amounts.filter(kind == 1))
        entering = entering.with_columns(target=pl.Series(enters, dtype=pl.Int64))
        leaving, assumed = weighed(pl.concat([entering, amounts.filter(kind > 1)]))
        links = pl.concat([leaving, gates.links]).filter(pl.col("target") != NONE)
        total = pl.col("weight").sum().over("source")
        links = links.with_columns(chance=pl.col("weight") / total).filter(pl.col("chance") > 0)
        ends = links["source"].to_numpy(), links["target"].to_numpy()
        size = linked.nodes + gates.count
        chance = sparse.csr_array((links["chance"].to_numpy(), ends), shape=(size, size))
        return Passage(linked, chance, assumed + gates.assumed)

    @cached_property
    def ends(self) -> Index:
        """Deliveries from which nothing is recorded to go on: where goods are met."""
        goes_on = np.diff(self.chance.indptr) > 0
        nodes = np.arange(len(self.linked.recipient))
        found: Index = nodes[(self.linked.recipient != NONE) & ~goes_on[nodes]]
        return found

    def visits(self, targets: list[Index]) -> Numbers:
        """Expected share of each node's material that comes by each of these sets; at most 1."""
        wanted = np.zeros((self.chance.shape[0], len(targets)))
        for column, nodes in enumerate(targets):
            wanted[nodes, column] = 1.0
        order, factors = self._solver
        found = np.empty_like(wanted)
        found[order] = factors.solve(wanted[order])
        return np.clip(found[: self.linked.nodes], 0.0, 1.0)

    @cached_property
    def _solver(self) -> tuple[Index, SuperLU]:
        """Factors of what a node's material comes by, from the ends backward, so without fill."""
        size = self.chance.shape[0]
        count, part = csgraph.connected_components(self.chance, connection="strong")
        links = self.chance.tocoo()
        tails, heads = part[links.row].astype(np.int64), part[links.col].astype(np.int64)
        pairs = np.unique(tails[tails != heads] * np.int64(count) + heads[tails != heads])
        order = np.lexsort((part, -levels(count, pairs // count, pairs % count)[part]))
        matrix = sparse.eye_array(size) - (1 - _LEAK) * self.chance[order][:, order]
        return order, splu(matrix.tocsc(), permc_spec="NATURAL", diag_pivot_thresh=0.0)


@dataclass(frozen=True)
class _Gates:
    """Outputs of operations as chains of gates; `links` lead from gate to lot and next gate."""

    first: int
    count: int
    step: Index
    end: Index
    links: pl.DataFrame
    assumed: int

    @staticmethod
    def of(linked: Linked, outputs: pl.DataFrame, rows: Index) -> _Gates:
        """One gate a link from an operation; `rows` are those of what was produced."""
        lineage = linked.web.lineage
        outs, assumed = weighed(outputs)
        step = outs["source"].to_numpy() - len(lineage.lots)
        end = lineage.produced["t1"].to_numpy()[rows]
        order = np.lexsort((end, step))
        step, end, lot = step[order], end[order], outs["target"].to_numpy()[order]
        weight = outs["weight"].to_numpy()[order]
        count = len(step)
        last = np.searchsorted(step, step, side="right") - 1
        behind = _behind(weight, last)
        gate = linked.nodes + np.arange(count)
        goes_on = np.arange(count) < last
        links = pl.DataFrame(
            {
                "source": np.concatenate([gate, gate[goes_on]]),
                "target": np.concatenate([lot, gate[goes_on] + 1]),
                "weight": np.concatenate([weight, behind[goes_on]]),
            }
        )
        return _Gates(linked.nodes, count, step, end, links, assumed)

    def entered(self, step: Index, begin: Index, *, temporal_order: bool) -> Index:
        """The gate at which each input enters its step; NONE where the step gave nothing.

        An input that came after every output has wrong times: it enters at the first.
        """
        start = np.searchsorted(self.step, step)
        stop = np.searchsorted(self.step, step, side="right")
        entry = start
        if temporal_order and self.count:
            moments = np.unique(np.concatenate([self.end, begin]))
            width = np.int64(len(moments) + 1)
            ends = self.step * width + np.searchsorted(moments, self.end)
            entry = np.searchsorted(ends, step * width + np.searchsorted(moments, begin))
        entry = np.where(entry < stop, entry, start)
        return np.where(start < stop, self.first + entry, NONE)


def _behind(weight: Numbers, last: Index) -> Numbers:
    """Weight after each place of a chain up to the chain's last place."""
    total = np.concatenate([[0.0], np.cumsum(weight)])
    behind: Numbers = np.maximum(total[last + 1] - total[1:], 0.0)
    return behind


def _amounts(linked: Linked) -> pl.DataFrame:
    """source, target, quantity, uom of every link. What a rule adds has an amount in hubs only.

    A hub passes on in equal parts to each delivery that it, or a later hub of its chain, leads to.
    """
    web, row = linked.web, linked.row
    added = row >= len(web.source)
    known = web.amounts[row[~added]]
    hub = linked.source[added] - web.nodes
    inside = linked.target[added] >= web.nodes
    count = linked.nodes - web.nodes
    own = np.bincount(hub[(hub >= 0) & ~inside], minlength=count).astype(np.float64)
    goes_on = np.zeros(count, dtype=bool)
    goes_on[hub[(hub >= 0) & inside]] = True
    stops = np.flatnonzero(~goes_on)
    last = stops[np.searchsorted(stops, np.arange(count))] if count else stops
    parts = np.where(inside, _behind(own, last)[hub], 1.0) if count else np.empty(0)
    spread = pl.DataFrame({"quantity": np.where(hub >= 0, parts, np.nan)}).select(
        pl.col("quantity").fill_nan(None), uom=pl.lit(None, dtype=pl.String)
    )
    place = np.concatenate([np.flatnonzero(~added), np.flatnonzero(added)])
    amounts = pl.concat([known, spread])[np.argsort(place)]
    ends = pl.DataFrame({"source": linked.source, "target": linked.target})
    return pl.concat([ends, amounts], how="horizontal")


def _portions(linked: Linked, entering: pl.DataFrame, made: pl.DataFrame) -> pl.DataFrame:
    """Inputs of operations, each with its own amount.

    A delivery network names the whole delivery at each operation that took of it. Where the inputs
    of a lot are more than the lot, what each operation gave stands for what it took.
    """
    lots = linked.web.lineage.lots.select(
        source=pl.int_range(pl.len(), dtype=pl.Int64), whole="quantity", unit="uom"
    )
    given = made.group_by(target="source").agg(
        given=pl.when(pl.col("uom").n_unique() == 1).then(pl.col("quantity").sum()),
        given_in=pl.col("uom").first(),
    )
    rows = entering.join(lots, on="source", how="left", maintain_order="left").join(
        given, on="target", how="left", maintain_order="left"
    )
    over = (pl.col("quantity").sum() > pl.col("whole") * _ROUNDING) & (
        pl.col("uom") == pl.col("unit")
    ).all()
    over = over.over("source").fill_null(False)
    return rows.select(
        "source",
        "target",
        quantity=pl.when(over).then("given").otherwise("quantity"),
        uom=pl.when(over).then("given_in").otherwise("uom"),
    )


def weighed(links: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """source, target, weight; and at how many sources an amount was taken as the others' mean.

    Weights of one source compare: in its one unit, else in kilograms.
    """
    units = links["uom"].unique().drop_nulls()
    factors = pl.DataFrame(
        {"uom": units, "factor": [quantity.factor(unit, "KGM") for unit in units]},
        schema={"uom": pl.String, "factor": pl.Float64},
    )
    single = (pl.col("uom").n_unique() == 1).over("source")
    weight = pl.col("quantity") * pl.when(single).then(1.0).otherwise(pl.col("factor"))
    # What was taken back by a negative line did not move.
    rows = links.join(factors, on="uom", how="left", maintain_order="left").with_columns(
        weight=weight.clip(lower_bound=0.0)
    )
    mean = pl.col("weight").mean().over("source").fill_null(1.0)
    several = (pl.len() > 1).over("source")
    guessed = rows.filter(pl.col("weight").is_null() & several)["source"].n_unique()
    return rows.select("source", "target", weight=pl.col("weight").fill_null(mean)), guessed
