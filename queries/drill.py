"""Trace drills: random lots traced both ways against the clock, holding nothing.

A finished lot is traced to its sources and a supplier's lot to its customers, over what is
recorded. Each step must name who did it, the chain must not break, and each lot's mass balance must
be within its item's tolerance. Where derived flows stand in for records, the chain is broken there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from graph_model import keys
from graph_model.errors import NotFound
from graph_model.i18n import text
from graph_model.lineage import Index, Lineage, Reach, once
from graph_model.network import Facts
from graph_model.schema import Drill, conform
from queries import balance
from queries.recall import places
from queries.recall.exposure import finished_lots, supplied_lots

TARGET = 4 * 3600.0
"""Seconds: BRCGS Global Standard Food Safety, issue 9, 3.9: traceable within four hours."""
LOTS = 3
PERSON, CHAIN, BALANCE = "no_person", "broken", "off_balance"
KINDS = {
    "person_missing": PERSON, "no_origin": CHAIN, "no_input": CHAIN, "mixed_stock": CHAIN,
    "no_whereabouts": CHAIN, "balance_off": BALANCE, "balance_unknown": BALANCE,
}  # fmt: skip
"""What a gap is counted as."""


@dataclass(frozen=True)
class Gap:
    """One gap on a lot's trace: what kind, and at which lot or operation (`key`)."""

    kind: str
    key: str

    def to_dict(self) -> dict[str, str]:
        """As JSON, in words, with the repair."""
        told = text(f"drill.gap.{self.kind}", key=self.key)
        return asdict(self) | {"text": told, "repair": text(f"drill.repair.{self.kind}")}


@dataclass(frozen=True)
class Traced:
    """One lot of a drill. `ends`: suppliers (backward) or customers (forward) that were found."""

    lot: str
    direction: str
    seconds: float
    lots: int
    steps: int
    ends: list[str]
    gaps: list[Gap]
    passed: bool


def run(
    facts: Facts,
    lineage: Lineage,
    *,
    lots: int = LOTS,
    seed: int | None = None,
    target: float = TARGET,
) -> list[Traced]:
    """Traces `lots` finished lots backward and as many supplier's lots forward.

    The same seed picks the same lots of the same plant. Seconds of a lot hold the time that all
    of them share. Raises NotFound where there is nothing to trace.
    """
    random = np.random.default_rng(seed)
    picked = [
        *_pick(random, finished_lots(facts, lineage), lots, "backward"),
        *_pick(random, supplied_lots(lineage)["lot"].to_numpy(), lots, "forward"),
    ]
    if not picked:
        raise NotFound("nothing_to_drill")
    began = time.perf_counter()
    judge = _Judge(facts, lineage)
    shared = time.perf_counter() - began
    return [judge.trace(lot, direction, shared, target) for lot, direction in picked]


def _pick(
    random: np.random.Generator, among: Index, count: int, direction: str
) -> Iterator[tuple[int, str]]:
    for lot in np.sort(random.permutation(among)[:count]).tolist():
        yield lot, direction


@once
def recorded_flows(lineage: Lineage) -> Lineage:
    """The network of what is recorded, without what rules derived."""
    recorded = pl.col("rule").is_null()
    return replace(
        lineage,
        consumed=lineage.consumed.filter(recorded),
        produced=lineage.produced.filter(recorded),
        shipped=lineage.shipped.filter(recorded),
        folder=None,  # what is sealed there indexes all flows
    )


class _Judge:
    """What all traces of a drill share: recorded flows, balances, and where things are."""

    def __init__(self, facts: Facts, lineage: Lineage) -> None:
        self.recorded = recorded_flows(lineage)
        self.lineage = lineage
        self.balances = balance.balances(facts, lineage)
        self.located = places.holdings(lineage).located.select("lot").unique()["lot"].to_numpy()
        self.keys, self.steps = lineage.lots["key"], lineage.operations["key"]

    def trace(self, lot: int, direction: str, shared: float, target: float) -> Traced:
        """One lot, traced and judged."""
        began = time.perf_counter()
        roots = self.lineage.with_parts(np.array([lot]))
        forward = direction == "forward"
        reach = self.recorded.forward(roots) if forward else self.recorded.backward(roots)
        gaps = sorted(set(self._gaps(reach, forward)), key=lambda gap: (gap.kind, gap.key))
        ends = self._customers(reach.lots) if forward else self._suppliers(reach.lots)
        seconds = shared + time.perf_counter() - began
        return Traced(
            self.keys[lot], direction, round(seconds, 6), len(reach.lots), len(reach.operations),
            ends, gaps, not gaps and seconds <= target,
        )  # fmt: skip

    def _gaps(self, reach: Reach, forward: bool) -> Iterator[Gap]:
        yield from self._people(reach.operations)
        yield from self._derived(reach)
        if forward:
            lost = np.setdiff1d(reach.lots, self.located)
            yield from self._at_lots("no_whereabouts", lost)
        else:
            yield from self._unborn(reach)
        own = self.balances.filter(pl.col("lot").is_in(pl.Series(reach.lots).implode()))
        # What a supplier had and gave to others is not ours to balance.
        own = own.filter(pl.col("come") > 0)
        yield from self._at_lots("balance_off", own.filter(balance.is_off())["lot"].to_numpy())
        unknown = own.filter(pl.col("unexplained").is_null())["lot"].to_numpy()
        yield from self._at_lots("balance_unknown", unknown)

    def _at_lots(self, kind: str, lots: Index) -> Iterator[Gap]:
        for key in self.keys[lots]:
            yield Gap(kind, key)

    def _people(self, operations: Index) -> Iterator[Gap]:
        """Steps with a movement that names nobody."""
        plant = self.recorded
        into = plant.consumed.select("op", "person")[plant.inputs.at(operations)]
        out = plant.produced.select("op", "person")[plant.outputs.at(operations)]
        nobody = pl.concat([into, out]).filter(pl.col("person").is_null())["op"].unique()
        for key in self.steps[nobody]:
            yield Gap("person_missing", key)

    def _derived(self, reach: Reach) -> Iterator[Gap]:
        """Steps and lots of the chain at which a rule stands in for a record."""
        plant = self.lineage
        pool = plant.lots["kind"].eq_missing("pool")
        into = plant.consumed.select("op", "lot")[plant.inputs.at(reach.operations)]
        out = plant.produced.select("op", "lot")[plant.outputs.at(reach.operations)]
        both = pl.concat([into, out])
        for key in self.steps[both.filter(pool[both["lot"]])["op"].unique()]:
            yield Gap("mixed_stock", key)

    def _unborn(self, reach: Reach) -> Iterator[Gap]:
        plant = self.recorded
        at = plant.origins.first
        bare = reach.lots[at[reach.lots + 1] == at[reach.lots]]
        theirs = plant.births["received"].to_numpy()[bare]
        yield from self._at_lots("no_origin", bare[~theirs])
        first = plant.inputs.first
        empty = reach.operations[first[reach.operations + 1] == first[reach.operations]]
        for key in self.steps[empty]:
            yield Gap("no_input", key)

    def _customers(self, lots: Index) -> list[str]:
        lines = places.shipped_lines(self.recorded, lots)
        left = ~pl.col("status").is_in(["planned", "picked"]).fill_null(False)
        found: list[str] = lines.filter(left)["customer"].drop_nulls().unique().sort().to_list()
        return found

    def _suppliers(self, lots: Index) -> list[str]:
        received = lots[self.recorded.births["received"].to_numpy()[lots]]
        found: list[str] = self.recorded.lots["owner"][received].unique().sort().to_list()
        return found


# ---------------------------------------------------------------------------- evidence


def rows(
    traced: list[Traced], lineage: Lineage, *, seed: int | None, target: float, person: str
) -> pl.DataFrame:
    """The drill as facts for the ledger, a row a lot; `person` is a pseudonym."""
    now = round(datetime.now(UTC).timestamp() * 1e6)
    found = []
    for one in traced:
        counts = dict.fromkeys((PERSON, CHAIN, BALANCE), 0)
        for gap in one.gaps:
            counts[KINDS[gap.kind]] += 1
        found.append(
            {
                "key": keys.join("drill", str(now), one.direction, one.lot), "drill": str(now),
                "lot": one.lot, "direction": one.direction, "seed": seed,
                "as_of": lineage.batch, "seconds": one.seconds, "target": target,
                "lots": one.lots, "steps": one.steps, **counts, "passed": one.passed,
                "person": person, "at": now,
            }
        )  # fmt: skip
    return conform(Drill, pl.DataFrame(found, infer_schema_length=None), provenance=True)


def last(facts: Facts) -> list[dict[str, Any]]:
    """The lots of the newest drill that the ledger holds. Raises NotFound where there is none."""
    kept = facts[Drill].sort("at", "key")
    if kept.is_empty():
        raise NotFound("no_drill")
    return kept.filter(pl.col("drill") == kept["drill"][-1]).to_dicts()


def again(facts: Facts, lineage: Lineage, kept: list[dict[str, Any]]) -> list[Traced]:
    """A kept drill with its gaps, on the facts and arrays of the batch that it stands on.

    Times and verdict are those of the drill; nothing is timed again.
    """
    judge = _Judge(facts, lineage)
    numbers = lineage.number([row["lot"] for row in kept]).tolist()
    return [
        replace(
            judge.trace(lot, row["direction"], 0.0, TARGET),
            seconds=row["seconds"],
            passed=bool(row["passed"]),
        )
        for lot, row in zip(numbers, kept, strict=True)
    ]


def to_dict(traced: list[Traced], lineage: Lineage, target: float) -> dict[str, Any]:
    """As JSON."""
    lots = [asdict(one) | {"gaps": [gap.to_dict() for gap in one.gaps]} for one in traced]
    return {
        "as_of": lineage.batch, "head": f"{lineage.batch}:{lineage.head}",
        "passed": all(one.passed for one in traced), "target": target,
        "seconds": max(one.seconds for one in traced),
        "gaps": len({gap for one in traced for gap in one.gaps}), "lots": lots,
    }  # fmt: skip


def history(facts: Facts, timezone: str = "UTC") -> list[dict[str, Any]]:
    """Drills kept in the ledger, oldest first: month, figures, share of lots that passed."""
    month = pl.from_epoch("at", "us").dt.replace_time_zone("UTC").dt.convert_time_zone(timezone)
    kept = facts[Drill].with_columns(month=month.dt.strftime("%Y-%m"))
    return (
        kept.group_by("drill", "month")
        .agg(
            pl.col("at").max(), pl.col("as_of").max(), pl.col("seed").first(),
            lots=pl.len(),
            seconds=pl.col("seconds").max(),
            target=pl.col("target").max(),
            **{name: pl.col(name).sum() for name in (PERSON, CHAIN, BALANCE)},
            passed=pl.col("passed").all(),
            share=pl.col("passed").mean().round(4),
        )
        .sort("at", "drill")
        .to_dicts()
    )  # fmt: skip
