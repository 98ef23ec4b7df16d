"""Cross-contamination by rule: everything that came to a place may be in what left it since.

`[[cross_contamination]]` names a site, line or piece of equipment, or deliveries to one recipient,
and how long after it came something may still be met. It acts for every hazard, beside contact over
lines, and no cleaning ends it. Where times are unknown, or the movement names no place, it holds.
It is the definition of source inference (`inference_rules`), as lanes of one chain a rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from graph_model.interval import MAX, MIN
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Shipment
from queries.recall.contact.chains import ENTRY, EXIT, LANE, Lanes
from queries.recall.contact.meetings import overlaps
from queries.recall.contact.places import SIDE, Movements
from queries.recall.rulebook import CrossContamination, Rulebook

MIXING = "cross_contamination"
"""Rule of these flows, as in the rules file."""
_PASSED_ON = ("transfer", "split", "pack", "unpack", "rename", "return", "count")
"""Operations that make nothing new of a delivery."""


@dataclass(frozen=True)
class Mixed:
    """Lanes of all rules; `unfit`: rules that name nothing in the records, `unplaced`: keys of
    movements and operations that count as at their places because they name none."""

    lanes: Lanes
    unfit: list[str] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)


def name(rule: CrossContamination, number: int) -> str:
    """A rule as people find it in the file: its number, what it is about, and its window."""
    about = rule.place or ", ".join(rule.deliveries)
    window = "" if rule.within is None else f" ≤ {_length(rule.within)}"
    return f"#{number} {about}{window}"


_kept: WeakKeyDictionary[Lineage, dict[tuple[object, ...], Mixed]] = WeakKeyDictionary()


def find(facts: Facts, lineage: Lineage, rulebook: Rulebook) -> Mixed:
    """What the rules of a file let meet; kept for as long as the arrays are."""
    kept = _kept.setdefault(lineage, {})
    key = (rulebook.cross_contamination, rulebook.temporal_order)
    if key not in kept:
        kept[key] = _Mixing(facts, lineage, rulebook).mixed()
    return kept[key]


@dataclass
class _Mixing:
    facts: Facts
    lineage: Lineage
    rulebook: Rulebook
    entries: list[pl.DataFrame] = field(default_factory=list)
    exits: list[pl.DataFrame] = field(default_factory=list)
    unfit: list[str] = field(default_factory=list)
    unplaced: set[str] = field(default_factory=set)

    def mixed(self) -> Mixed:
        moved = Movements(self.facts, self.lineage)
        numbered = list(enumerate(self.rulebook.cross_contamination, 1))
        for number, rule in numbered:
            if rule.place:
                passed = moved.at(rule.place, stores=rule.site is not None)
                self.unplaced.update(passed.unplaced)
                self.add(number, rule, passed.into, passed.out, known=passed.known)
        # What follows a delivery is also what every place has let it meet.
        met = self.lanes
        for number, rule in numbered:
            if rule.deliveries:
                self.among(number, rule, moved, met)
        return Mixed(self.lanes, self.unfit, sorted(self.unplaced))

    @property
    def lanes(self) -> Lanes:
        entries = pl.concat([_nothing(ENTRY, "rule"), *self.entries]).unique()
        exits = pl.concat([_nothing(EXIT, "key"), *self.exits]).unique()
        rules = exits.select(LANE).unique().with_columns(barred=False, rule=pl.lit(MIXING))
        return Lanes(entries, exits, rules)

    def add(
        self, number: int, rule: CrossContamination, into: pl.DataFrame, out: pl.DataFrame,
        *, known: bool = True, group: str = "",
    ) -> None:  # fmt: skip
        """The lanes in which each that came meets each that left not before it and in time."""
        if not known:
            self.unfit.append(name(rule, number))
            return
        if not self.rulebook.temporal_order:
            into = into.with_columns(t0=pl.lit(MIN, pl.Int64))
            out = out.with_columns(t1=pl.lit(MAX, pl.Int64), bound=pl.lit(MIN, pl.Int64))
        line = f"{MIXING}/{number}{group}/{name(rule, number).replace('/', '∕')}"
        shared = {"line": pl.lit(line), "lane": pl.lit(0, pl.Int64)}
        came = into.select("lot", "t0", begin="t0", end="t1", t1="bound", **shared)
        left = out.select("lot", "t1", begin="t0", end="t1", t0="bound", **shared)
        came = came.with_columns(rule=pl.lit(MIXING))
        left = left.with_columns(key=pl.lit(None, pl.String))
        if rule.within is None:
            came = came.with_columns(cell=pl.lit(0, pl.Int64), at="begin")
            left = left.with_columns(cell=pl.lit(0, pl.Int64), at="end")
        else:
            bounded = pl.col("end") < MAX
            until = pl.when(bounded).then(pl.col("end") + min(rule.within, MAX)).otherwise("end")
            came, left = overlaps(came.with_columns(end=until), left)
            came, left = (side.with_columns(at=pl.lit(0, pl.Int64)) for side in (came, left))
        self.entries.append(came.select(ENTRY))
        self.exits.append(left.select(EXIT))

    # ------------------------------------------------------------ deliveries

    def among(self, number: int, rule: CrossContamination, moved: Movements, met: Lanes) -> None:
        """Deliveries to one recipient, by number or key, meet in what was made of any of them."""
        named = pl.col("number").is_in(rule.deliveries) | pl.col("key").is_in(rule.deliveries)
        found = self.arrivals(moved).filter(named.fill_null(False))
        told = {*found["number"], *found["key"]}
        if lost := [one for one in rule.deliveries if one not in told]:
            self.unfit.append(f"{name(rule, number)}: {', '.join(lost)}")
        for at, ((_,), rows) in enumerate(
            sorted(found.partition_by("to", as_dict=True).items(), key=str)
        ):
            lots = rows["lot"].unique()
            if len(lots) > 1:
                after = self.followers(lots, met)
                self.add(number, rule, rows.select(*SIDE), after, group=f".{at}")

    def arrivals(self, moved: Movements) -> pl.DataFrame:
        """number, key, to and SIDE of all deliveries: shipments, and receipts of our own."""
        lineage = self.lineage
        lines = lineage.shipped.select("lot", "shipment", "t0", "t1")
        about = self.facts[Shipment].select("delivery_no", "customer", shipment="key")
        ids = lines.join(about, on="shipment", how="left", maintain_order="left")
        sent = moved.received(lines).with_columns(
            number=ids["delivery_no"], key=ids["shipment"], to=ids["customer"].fill_null("?")
        )
        receipts = lineage.operations.select(
            "key", "kind", number="doc_no", op=pl.int_range(pl.len(), dtype=pl.Int32)
        ).filter(pl.col("kind") == "receive")
        own = lineage.produced.select("op", "lot", "t0", "t1").join(receipts, on="op")
        own = own.with_columns(
            pl.col("lot").cast(pl.Int64),
            to=pl.col("key").str.split("/").list.first(),
            bound=pl.lit(MAX, pl.Int64),
        )
        columns = ["number", "key", "to", *SIDE]
        return pl.concat([part.select(columns) for part in (sent, own)])

    def followers(self, lots: pl.Series, met: Lanes) -> pl.DataFrame:
        """SIDE of what was made of these lots next, and of what left a place after them."""
        lineage = self.lineage
        found, frontier = list[pl.DataFrame](), lots.to_numpy()
        tried = np.zeros(len(lineage.lots), dtype=bool)
        while frontier.size:
            tried[frontier] = True
            steps = np.unique(lineage.consumed_op[lineage.uses.at(frontier)]).astype(np.int64)
            rows = lineage.outputs.at(steps)
            made = lineage.produced.select("lot", "op", "t0", "t1", bound="t0")[rows]
            found.append(made.filter(pl.Series(lineage.recorded[made["lot"].to_numpy()])))
            moved = lineage.operations["kind"].is_in(_PASSED_ON).to_numpy()[made["op"].to_numpy()]
            lot = made["lot"].to_numpy()
            on = np.unique(lot[~lineage.recorded[lot] | moved]).astype(np.int64)
            frontier = on[~tried[on]]
        brought = met.entries.filter(pl.col("lot").is_in(lots.implode()))
        brought = brought.group_by(LANE).agg(since=pl.col("at").min())
        beside = met.exits.join(brought, on=LANE).filter(pl.col("at") >= pl.col("since"))
        left = self.leaving.filter(pl.col("lot").is_in(beside["lot"].implode()))
        parts = [part.select(pl.col(n).cast(t) for n, t in SIDE.items()) for part in (*found, left)]
        return pl.concat(parts).unique(maintain_order=True)

    @cached_property
    def leaving(self) -> pl.DataFrame:
        """SIDE of every lot as it left where it was made or held."""
        frames = (self.lineage.produced, self.lineage.shipped)
        since = pl.lit(MIN, pl.Int64)
        return pl.concat([frame.select("lot", "t0", "t1", bound=since) for frame in frames])


def _nothing(columns: list[str], text: str) -> pl.DataFrame:
    texts = {"line", text}
    return pl.DataFrame(schema={name: pl.String if name in texts else pl.Int64 for name in columns})


def _length(microseconds: int) -> str:
    """A window as the rules file writes it."""
    seconds = microseconds / 1_000_000
    for unit, worth in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= worth and seconds % worth == 0:
            return f"{seconds / worth:g}{unit}"
    return f"{seconds:g}s"
