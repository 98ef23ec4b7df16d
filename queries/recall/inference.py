"""From complaints to the source: FoodChain-Lab's score, common links, and what is observed.

Each case weighs: a sick customer 1, a healthy one perhaps -1. What leads to much of the weight of
an outbreak scores high: own weight + weights of everything forward, over the larger of all positive
and all negative weight. All figures are exact. Definition: docs/inference.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import Customer, Supplier
from queries.recall import inference_rules
from queries.recall.completeness import Missing
from queries.recall.inference_cases import Case, Thing, find, where
from queries.recall.inference_gaps import gaps
from queries.recall.inference_network import NONE, Flags, Linked, Web
from queries.recall.inference_observed import Observed, observe
from queries.recall.inference_sweep import Bits, blocks, gather, has, sweep
from queries.recall.rulebook import Rulebook

Amounts = npt.NDArray[Any]
"""Whole numbers: int64, or Python's own where a sum could be larger."""


@dataclass(frozen=True)
class Sums:
    """Reached weight of each row in units of 1 / `Weights.unit`; both are >= 0."""

    positive: Amounts
    negative: Amounts

    @property
    def both(self) -> Amounts:
        """Positive less negative weight."""
        return self.positive - self.negative


@dataclass(frozen=True)
class Inference:
    """Reached weights of stations, deliveries and lots in the order of their tables.

    `lot_ids`: id and stated; `positive`, `negative`: all weight there is, same unit as the sums.
    """

    web: Web
    linked: Linked
    rules: Rulebook
    things: list[Thing]
    unit: int
    positive: int
    negative: int
    stations: Sums
    deliveries: Sums
    lots: Sums
    lot_ids: pl.DataFrame
    observed: Observed | None
    missing: list[Missing] = field(default_factory=list)

    @cached_property
    def largest(self) -> int:
        """Largest reached weight of a station or delivery, without sign."""
        sums = np.concatenate([self.stations.both, self.deliveries.both])
        return int(np.abs(sums).max(initial=0))


def infer(
    facts: Facts,
    lineage: Lineage,
    cases: Sequence[Case],
    rules: Rulebook | None = None,
    observed: Sequence[str] = (),
    file: str = "cases",
) -> Inference:
    """Scores of everything in the network. Raises BadInput where a case or rule names nothing."""
    rules = rules or Rulebook()
    web = inference_rules.web(facts, lineage, rules)
    linked = inference_rules.linked(web, rules)
    things = find(web, cases, rules, file)
    unit = math.lcm(*(thing.weight.denominator for thing in things))
    weights = [int(thing.weight * unit) for thing in things]
    sums = _Sums.over(linked, things, weights)
    return Inference(
        web, linked, rules, things, unit,
        sum(weight for weight in weights if weight > 0),
        -sum(weight for weight in weights if weight < 0),
        sums.stations.sums(), sums.deliveries.sums(), sums.lots.sums(), sums.lot_ids,
        observe(linked, observed, rules) if observed else None,
        gaps(web, linked, rules, things),
    )  # fmt: skip


class _Tally:
    """Sums of weights by row, grown case by case."""

    def __init__(self, rows: int, dtype: type) -> None:
        self.positive: Amounts = np.zeros(rows, dtype=dtype)
        self.negative: Amounts = np.zeros(rows, dtype=dtype)

    def add(self, rows: Flags | Index, weight: int) -> None:
        if weight > 0:
            self.positive[rows] += weight
        else:
            self.negative[rows] -= weight

    def sums(self) -> Sums:
        return Sums(self.positive, self.negative)


class _Sums:
    """Reached weight of each station, delivery and lot."""

    def __init__(self, linked: Linked, dtype: type) -> None:
        web = linked.web
        self.linked = linked
        self.stations = _Tally(len(web.stations), dtype)
        self.deliveries = _Tally(len(web.deliveries), dtype)
        lots = web.lots.with_columns(n=pl.struct("id", "stated").rank("dense").cast(pl.Int64) - 1)
        lots = lots.sort("n", "node")
        self.lot_ids = lots.select("n", "id", "stated").unique("n", maintain_order=True)
        self.lots = _Tally(len(self.lot_ids), dtype)
        self.sent = linked.nodes_by(linked.supplier)
        self.in_lots = lots["node"].to_numpy(), lots["n"].to_numpy()

    @staticmethod
    def over(linked: Linked, things: Sequence[Thing], weights: Sequence[int]) -> _Sums:
        # A station's own weight may count twice, so the sums reach twice all weight.
        whole = 2 * sum(abs(weight) for weight in weights)
        made = _Sums(linked, np.int64 if whole < 2**62 else object)
        for block in blocks(len(things)):
            part = [things[number] for number in block]
            seeds = [where(linked, thing) for thing in part]
            bits = sweep(linked.before, linked.source, seeds, linked.nodes)
            made.add(bits, part, seeds, [weights[number] for number in block])
        made.own(things, weights)
        return made

    def add(self, bits: Bits, things: list[Thing], seeds: list[Index], weights: list[int]) -> None:
        web = self.linked.web
        by_station = gather(bits, *self.sent, len(web.stations))
        by_delivery = bits[web.deliveries["node"].to_numpy()]
        by_lot = gather(bits, *self.in_lots, len(self.lot_ids))
        for number, (thing, seed, weight) in enumerate(zip(things, seeds, weights, strict=True)):
            self.stations.add(has(by_station, number), weight)
            self.deliveries.add(has(by_delivery, number), weight)
            reached = has(by_lot, number)
            if thing.station == NONE:
                reached[self._only_itself(bits, number, seed, thing.kind)] = False
            self.lots.add(reached, weight)

    def _only_itself(self, bits: Bits, number: int, seed: Index, kind: str) -> Index:
        """Lots for which the thing is a part of themselves: a lot has no own weight.

        A delivery counts for its lot only if another delivery of the lot leads to it.
        """
        nodes, lots = self.in_lots
        own = np.unique(lots[np.isin(nodes, seed)])
        if kind == "lot":
            return own
        leading = np.bincount(lots[has(bits[nodes], number)], minlength=len(self.lot_ids))
        alone: Index = own[leading[own] < 2]
        return alone

    def own(self, things: Sequence[Thing], weights: Sequence[int]) -> None:
        """Adds each station's own weight. Without a delivery that counts, a station scores 0."""
        alive = np.zeros(len(self.linked.web.stations), dtype=bool)
        for ends in (self.linked.supplier, self.linked.recipient):
            alive[ends[ends != NONE]] = True
        for thing, weight in zip(things, weights, strict=True):
            if thing.station != NONE and alive[thing.station]:
                self.stations.add(np.array([thing.station]), weight)


# ---------------------------------------------------------------------------- as columns


def stations(found: Inference) -> pl.DataFrame:
    """One row a station, best score first."""
    ids = pl.DataFrame({"id": found.web.stations}, schema={"id": pl.String})
    return _scored(
        found,
        ids.join(_names(found), on="id", how="left", maintain_order="left"),
        found.stations,
        "stations",
    )


def _names(found: Inference) -> pl.DataFrame:
    """Name of each station that states one; a group has none."""
    named = [found.web.facts[kind].select("name", id="company") for kind in (Supplier, Customer)]
    return pl.concat(named).drop_nulls().unique("id", keep="first", maintain_order=True)


def deliveries(found: Inference) -> pl.DataFrame:
    """One row a delivery; those from a group to itself are traced but not listed."""
    columns = ["id", "key", "supplier", "recipient", "own_group"]
    rows = found.web.deliveries.select(columns)
    rows = _scored(found, rows, found.deliveries, "deliveries")
    return rows.filter(~pl.col("own_group")).drop("own_group")


def lots(found: Inference) -> pl.DataFrame:
    """One row a lot: all deliveries with one lot id."""
    hidden = found.web.deliveries.filter("own_group")["node"]
    shown = found.web.lots.filter(~pl.col("node").is_in(hidden.implode()))
    rows = _scored(found, found.lot_ids, found.lots, "lots")
    return rows.join(shown, on=["id", "stated"], how="semi", maintain_order="left").drop(
        "n", "stated"
    )


def _scored(found: Inference, ids: pl.DataFrame, sums: Sums, kind: str) -> pl.DataFrame:
    whole = max(found.positive, found.negative)
    common = (sums.both == whole) & (whole > 0) & (found.negative == 0)
    columns = {
        "score": _ratios(sums.both, whole),
        "positive": _ratios(sums.positive, found.positive),
        "negative": _ratios(sums.negative, found.negative),
        "normalized": _ratios(sums.both, found.largest),
        "common_link": pl.Series(common.astype(bool)),
    }
    if found.observed is not None:
        flags = found.observed.flags(kind, found.lot_ids)
        columns |= {name: pl.Series(flag) for name, flag in flags.items()}
    order = np.argsort(-sums.both, kind="stable")
    return ids.with_columns(column.alias(name) for name, column in columns.items())[order]


def _ratios(amounts: Amounts, whole: int) -> pl.Series:
    """Exact fractions as text; 0 over 0 is 0."""
    distinct, at = np.unique(amounts, return_inverse=True)
    texts = [str(Fraction(int(amount), whole) if whole else Fraction(0)) for amount in distinct]
    return pl.Series(texts, dtype=pl.String).gather(at.reshape(-1))


def to_dict(found: Inference) -> dict[str, Any]:
    """The whole answer as JSON; the shape is documented in docs/cli.md and stable."""
    lineage = found.web.lineage
    return {
        "as_of": lineage.batch,
        "head": f"{lineage.batch}:{lineage.head}",
        "rules": found.rules.to_dict(),
        "weight": {
            "positive": str(Fraction(found.positive, found.unit)),
            "negative": str(Fraction(found.negative, found.unit)),
        },
        "complete": not any(entry.kind in _HARM for entry in found.missing),
        "missing": [entry.to_dict() for entry in found.missing],
        "stations": stations(found).to_dicts(),
        "deliveries": deliveries(found).to_dicts(),
        "lots": lots(found).to_dicts(),
    }


_HARM = {"set_aside_network", "unlotted", "proposed_lot", "ambiguous", "place_unknown"}
