"""Cheapest containment: the lots to hold that part the suspects from every customer.

A minimum vertex cut over the lots that can still be held, between the roots of a scope and the lots
that went, or are about to go, to customers. It ranks where to act first and never shortens the hold
list: what was made of a held lot already lies elsewhere, and only its own hold stops that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow

from graph_model import quantity
from graph_model.errors import BadInput
from graph_model.lineage import Index
from graph_model.schema import Item
from queries.recall import cost, parties, places
from queries.recall.cone import Flags
from queries.recall.scope import Scope
from queries.recall.totals import incomplete
from queries.recall.ways import Ways

Numbers = npt.NDArray[np.float64]
COST, AMOUNT = "cost", "amount"
HOLDABLE = (places.ON_HAND, places.IN_PROCESS, places.PICKED, places.RETURNED)
"""Places where a lot can be held: in the house, an order, a picked delivery, or come back."""
_LARGEST = 2**31 - 2
"""scipy takes 32-bit capacities and overflows silently: all of them together stay below."""


@dataclass(frozen=True)
class Containment:
    """The cut. All lots are numbers in the plant.

    `cut`: lots to hold, of `weight` in all, each with `weights`; no cut of this scope weighs less
    than `weight - slack`, which is what rounding to whole capacities can hide. `sinks`: lots that
    went or are about to go to customers; `gone`: those of them that no lot in the way can still be
    held for, so that nothing stops them. `ways` is the graph that was cut, `node` of each sink.
    """

    scope: Scope
    by: str
    ways: Ways
    holdable: Index
    cut: Index
    weights: Numbers
    slack: float
    sinks: Index
    gone: Index
    units: list[str]

    @property
    def weight(self) -> float:
        """What the whole cut weighs."""
        return float(self.weights.sum())

    def beyond(self, lot: int) -> Index:
        """The recorded lots of the scope that this one leads to, itself among them."""
        none = np.zeros(self.ways.size, dtype=bool)
        return _lots(self.scope, self.ways, self.ways.reach(_nodes(self, [lot]), none))


def contain(scope: Scope, by: str = COST) -> Containment:
    """The cheapest cut by what holding costs or by the amount held.

    Raises BadInput for another weight.
    """
    if by not in (COST, AMOUNT):
        raise BadInput("containment_weight", by=by)
    ways = Ways.of(scope.worlds)
    held, units = _weights(scope, by)
    lots = held["lot"].to_numpy()
    node = _node(scope, ways, lots)
    sinks = np.unique(_to_customers(scope)["lot"].to_numpy())
    ends = _node(scope, ways, sinks)
    open_ends = ways.without(node)[ends]
    weight = held["weight"].to_numpy()
    at, slack = cut_of(ways, node, weight, ends[~open_ends])
    return Containment(
        scope, by, ways, lots, lots[at], weight[at], slack, sinks, sinks[open_ends], units
    )  # fmt: skip


def _node(scope: Scope, ways: Ways, lots: Index) -> Index:
    """Nodes of lots of the scope, by number in the plant."""
    return np.searchsorted(ways.lots, scope.worlds.cone.number(lots))


def _nodes(found: Containment, lots: list[int]) -> Index:
    return _node(found.scope, found.ways, np.array(lots, dtype=np.int64))


def _lots(scope: Scope, ways: Ways, nodes: Flags) -> Index:
    """The recorded lots among nodes, by number in the plant."""
    lots = scope.worlds.cone.lots[ways.lots[nodes[: len(ways.lots)]]]
    return np.intersect1d(lots, scope.held)


def _to_customers(scope: Scope) -> pl.DataFrame:
    """Shipment lines of the scope to customers, also from its mixed stock."""
    lines = places.shipped_lines(scope.lineage, scope.worlds.reached).with_columns(
        pl.col("lot").cast(pl.Int64)
    )
    return lines.filter(pl.col("customer").is_not_null())


# ---------------------------------------------------------------------------- weights


def _weights(scope: Scope, by: str) -> tuple[pl.DataFrame, list[str]]:
    """lot, weight of what can still be held, and the units that amounts are in."""
    held = pl.Series(scope.held).implode()
    here = cost.acted_on(scope.places).filter(
        pl.col("place").is_in(HOLDABLE) & pl.col("lot").is_in(held)
    )
    if by == COST:
        lines = cost.prices(scope.table, scope.lineage, scope.facts[Item]).lines
        priced = lines.filter(pl.col("place").is_in(HOLDABLE)).group_by("lot")
        rows = (
            here.select("lot")
            .unique()
            .join(priced.agg(weight=pl.col("cost").sum()), on="lot", how="left")
        )
        return rows.with_columns(pl.col("weight").fill_null(0.0)).sort("lot"), []
    rows = here.group_by("lot").agg(weight=pl.col("quantity").sum()).sort("lot")
    units = scope.lots.select("lot", "uom")
    uom = rows.join(units, on="lot", how="left", maintain_order="left")["uom"].fill_null("")
    base = uom.unique().sort().to_list()
    into = next((one for one in base if all(_factor(unit, one) for unit in base)), None)
    if into is None:
        return rows, base
    factors = [_factor(unit, into) or 1.0 for unit in uom]
    return rows.with_columns(weight=pl.col("weight") * pl.Series(factors, dtype=pl.Float64)), [into]


def _factor(unit: str, into: str) -> float | None:
    return 1.0 if unit == into else quantity.factor(unit, into)


# ---------------------------------------------------------------------------- cut


def cut_of(ways: Ways, holdable: Index, weight: Numbers, ends: Index) -> tuple[Index, float]:
    """Places in `holdable` of a minimum cut before `ends`, and what rounding can hide.

    Of all cuts of one weight the one nearest to the roots. Every capacity is rounded up to a whole
    number, so that no lot is free.
    """
    if not len(ends):
        return np.empty(0, dtype=np.int64), 0.0
    count, size = len(holdable), ways.size
    room = _LARGEST - 2 * count
    total = float(weight.sum())
    scale = room / total if total > 0 else 1.0
    capacity = np.floor(weight * scale).astype(np.int64) + 1
    never = int(capacity.sum()) + 1
    assert never < 2**31
    # Node n is entered at n and left at size + n; what can be held is narrow in between.
    inside = np.full(size, never)
    inside[holdable] = capacity
    start, end = 2 * size, 2 * size + 1
    nodes = np.arange(size)
    source = np.concatenate(
        [nodes, size + ways.source, np.full(len(ways.roots), start), size + ends]
    )
    target = np.concatenate([size + nodes, ways.target, ways.roots, np.full(len(ends), end)])
    # Parallel edges would be added up, and overflow.
    pairs, first = np.unique(source * np.int64(end + 1) + target, return_index=True)
    width = np.concatenate([inside, np.full(len(source) - size, never)])[first].astype(np.int32)
    graph = sparse.csr_array((width, np.divmod(pairs, end + 1)), shape=(end + 1, end + 1))
    left = sparse.csr_array(graph - maximum_flow(graph, start, end).flow)
    left.eliminate_zeros()
    reached = np.zeros(end + 1, dtype=bool)
    reached[sparse.csgraph.breadth_first_order(left, start, return_predecessors=False)] = True
    at = np.flatnonzero(reached[holdable] & ~reached[size + holdable])
    _verify(ways, holdable[at], ends)
    return at, count / scale if total > 0 else 0.0


def _verify(ways: Ways, cut: Index, ends: Index) -> None:
    """Without the lots of the cut the roots reach none of the ends."""
    if ways.without(cut)[ends].any():
        raise AssertionError("the cut leaves a way open")


# ---------------------------------------------------------------------------- report


def to_dict(found: Containment) -> dict[str, Any]:
    """The cut as JSON-ready data: where to act first, what it stops, what has left already.

    What it weighs stands under the name of what it is weighed by, so that costs are told as such.
    """
    scope = found.scope
    leaving = parties.leaving(scope)
    keys = scope.lineage.lots["key"]
    held = set(keys[found.cut].to_list())
    return {
        "by": found.by,
        "state": _state(found),
        "currency": scope.table.currency,
        "units": found.units,
        found.by: round(found.weight, 2),
        "slack": round(found.slack, 6),
        "cut": _steps(found, leaving),
        "pull": [line for line in leaving if line["lot"] not in held],
        "left": {
            "lots": keys[np.intersect1d(found.gone, scope.held)].to_list(),
            "customers": parties.customers(scope),
        },
        "hold_list": len(scope.held),
        "complete": not incomplete(scope),
        "as_of": scope.facts.batch,
        "head": f"{scope.facts.batch}:{scope.facts.head}",
        "missing": [entry.to_dict() for entry in scope.missing],
    }


def _state(found: Containment) -> str:
    if not len(found.sinks):
        return "no_customer"
    return "cut" if len(found.cut) else "all_left"


def _steps(found: Containment, leaving: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lots of the cut: what leaves soonest first, then what leads to most."""
    scope = found.scope
    about = scope.lineage.lots.select("key", "item_code", "lot_no")
    lines = _to_customers(scope)
    steps = []
    for lot, weight in zip(found.cut.tolist(), found.weights.tolist(), strict=True):
        beyond = found.beyond(lot)
        keys = set(about["key"][beyond].to_list())
        reached = lines.filter(pl.col("lot").is_in(pl.Series(beyond).implode()))
        key, item, lot_no = about.row(lot)
        steps.append(
            {
                "lot": key, "item": item, "lot_no": lot_no, "tier": scope.tiers[lot],
                found.by: round(weight, 2), "held": _held(scope, lot), "beyond": len(beyond),
                "customers": reached["customer"].unique().sort().to_list(),
                "leaving": [line for line in leaving if line["lot"] in keys],
            }
        )  # fmt: skip
    return sorted(
        steps,
        key=lambda step: (
            min((line["when"] or "" for line in step["leaving"]), default="~"),
            -step["beyond"],
            step["lot"],
        ),
    )


def _held(scope: Scope, lot: int) -> dict[str, float]:
    """Amounts that can still be held, by place."""
    rows = scope.places.filter((pl.col("lot") == lot) & pl.col("place").is_in(HOLDABLE))
    sums = rows.group_by("place").agg(pl.col("quantity").sum().round(6)).sort("place")
    return {place: amount for place, amount in sums.iter_rows() if amount > 0}
