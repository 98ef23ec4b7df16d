"""The rules of a file on a network: groups, cross-contamination, kills, in this order.

Grouping renames stations before anything else, so a rule names the group. Cross-contamination is
the only thing that time filters; a recorded flow is never removed for its dates. Kills come last
and take links of cross-contamination too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from graph_model.errors import BadInput
from graph_model.i18n import text
from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from queries.recall.inference_network import NONE, Flags, Linked, Web, successors
from queries.recall.roots import within
from queries.recall.rulebook import CrossContamination, Kill, Rulebook

Pairs = tuple[Index, Index]


def web(facts: Facts, lineage: Lineage, rules: Rulebook) -> Web:
    """The network with the groups of the rules. Raises BadInput where a group fits nothing."""
    plain = Web.of(facts, lineage, {}, {})
    if not rules.groups:
        return plain
    known, ids = set(plain.stations), set(plain.lots["id"])
    for number, group in enumerate(rules.groups, 1):
        there, members = (known, group.sites) if group.sites else (ids, group.lots)
        for name in members:
            if name not in there:
                raise _unknown("group", number, name)
        if group.name in there - set(members):
            raise _refused("group", number, group.name, "name_taken")
    return Web.of(facts, lineage, rules.site_groups, rules.lot_groups)


def _unknown(table: str, number: int, value: str) -> BadInput:
    return _refused(table, number, value, "not_in_data")


def _refused(table: str, number: int, value: str, reason: str) -> BadInput:
    return BadInput(
        "rule_unfit", table=table, entry=number, value=value,
        reason=text(f"rules.unfit.{reason}"), repair=text(f"rules.mend.{reason}"),
    )  # fmt: skip


def linked(web: Web, rules: Rulebook) -> Linked:
    """The graph that all rules leave. Raises BadInput where a rule names what is not there."""
    return _Applied(web, rules).linked()


@dataclass(frozen=True)
class Side:
    """What comes to or leaves a place: nodes and when, earliest and latest, microseconds UTC."""

    nodes: Index
    begin: Index
    end: Index

    @staticmethod
    def of(flows: pl.DataFrame) -> Side:
        """Of flows with lot, t0 and t1."""
        nodes = flows["lot"].to_numpy().astype(np.int64)
        return Side(nodes, flows["t0"].to_numpy(), flows["t1"].to_numpy())


@dataclass
class _Applied:
    web: Web
    rules: Rulebook
    extra: list[Pairs] = field(default_factory=list)
    nodes: int = 0

    def linked(self) -> Linked:
        web, self.nodes = self.web, self.web.nodes
        spread = list(enumerate(self.rules.cross_contamination, 1))
        for number, rule in spread:
            if rule.place:
                self.at_place(number, rule)
        # A set of deliveries shares the links that there are after every place has added its own.
        before = list(self.extra)
        for number, rule in spread:
            if rule.deliveries:
                self.among(number, rule, before)
        source = np.concatenate([web.source, *(pair[0] for pair in self.extra)])
        target = np.concatenate([web.target, *(pair[1] for pair in self.extra)])
        kills = _Kills(self)
        kept = ~(kills.after[source] | kills.before[target])
        return Linked(
            web, self.nodes, source[kept], target[kept], np.flatnonzero(kept),
            np.where(kills.unsent, NONE, web.supplier), np.where(kills.lost, NONE, web.recipient),
        )  # fmt: skip

    # ------------------------------------------------------------ cross-contamination

    def at_place(self, number: int, rule: CrossContamination) -> None:
        web, place = self.web, rule.place or ""
        station = web.station_number.get(place) if rule.site else None
        if station is not None:
            into, out = web.incoming(station), web.outgoing(station)
            self.mix(self.came(into), self.left(out), rule.within)
            return
        steps, lineage = self.steps_at("cross_contamination", number, place), web.lineage
        used = lineage.consumed.select("lot", "t0", "t1")[lineage.inputs.at(steps)]
        made = lineage.produced.select("lot", "t0", "t1")[lineage.outputs.at(steps)]
        self.mix(Side.of(used), Side.of(made), rule.within)

    def came(self, nodes: Index) -> Side:
        return Side(nodes, self.web.times.arrival[nodes], self.web.times.arrival_to[nodes])

    def left(self, nodes: Index) -> Side:
        return Side(nodes, self.web.times.departure[nodes], self.web.times.departure_to[nodes])

    def steps_at(self, table: str, number: int, place: str) -> Index:
        """Operations performed at a place or a part of it; BadInput where there are none."""
        if any(place in group.sites for group in self.rules.groups):
            raise _refused(table, number, place, "grouped")
        sites = within(self.web.facts, place)
        at = self.web.lineage.operations["site"].is_in(sites).fill_null(False)
        steps = at.arg_true().to_numpy().astype(np.int64)
        if not steps.size:
            raise _unknown(table, number, place)
        return steps

    def among(self, number: int, rule: CrossContamination, before: list[Pairs]) -> None:
        nodes = np.array(
            [self.delivery("cross_contamination", number, name) for name in rule.deliveries]
        )
        to = self.web.recipient[nodes]
        for station in np.unique(to[to != NONE]):
            members = nodes[to == station]
            if len(members) > 1:
                followers = successors(self.web, before, members)
                self.mix(self.came(members), self.left(followers), rule.within)

    def mix(self, into: Side, out: Side, longest: int | None) -> None:
        """Links from each that came in to each that left not before it and within the time."""
        if not self.rules.temporal_order:
            into = replace(into, begin=np.full_like(into.begin, MIN))
            out = replace(out, end=np.full_like(out.end, MAX))
        if longest is None:
            self.from_then_on(into, out)
        else:
            self.between(into, out, min(longest, MAX))

    def from_then_on(self, into: Side, out: Side) -> None:
        """A chain of hubs, one a moment of departure: who enters it reaches all later ones."""
        moments, at = np.unique(out.end, return_inverse=True)
        hubs = self.hubs(len(moments))
        enters = np.searchsorted(moments, into.begin)
        met = enters < len(moments)
        self.extra.append((into.nodes[met], hubs[enters[met]]))
        self.extra += [(hubs[at.reshape(-1)], out.nodes), (hubs[:-1], hubs[1:])]

    def between(self, into: Side, out: Side, longest: int) -> None:
        """A hub a stretch of departures. Departures known equally well stand in one order."""
        until, length = into.end + longest, out.end - out.begin
        for exact in np.unique(length):
            order = np.flatnonzero(length == exact)
            order = order[np.argsort(out.begin[order], kind="stable")]
            low = np.searchsorted(out.end[order], into.begin)
            high = np.searchsorted(out.begin[order], until, side="right")
            met = low < high
            ends = np.stack([low[met], high[met]], axis=1)
            stretches, of = np.unique(ends, axis=0, return_inverse=True)
            hubs = self.hubs(len(stretches))
            self.extra.append((into.nodes[met], hubs[of.reshape(-1)]))
            self.extra += [
                (np.full(last - first, hub), out.nodes[order[first:last]])
                for hub, (first, last) in zip(hubs, stretches, strict=True)
            ]

    def hubs(self, count: int) -> Index:
        self.nodes += count
        return np.arange(self.nodes - count, self.nodes)

    # ------------------------------------------------------------ names

    def delivery(self, table: str, number: int, name: str) -> int:
        listed = self.web.deliveries
        found = listed.filter((pl.col("id") == name) | (pl.col("key") == name))
        if len(found) != 1:
            raise _refused(table, number, name, "ambiguous" if len(found) else "not_in_data")
        return int(found["node"].item())


class _Kills:
    """Which links and ends the kills take out, node by node.

    `after`: links from here go; `before`: links to here go; `lost`: the recipient is not reached;
    `unsent`: it no longer leaves its supplier.
    """

    def __init__(self, applied: _Applied) -> None:
        self.applied = applied
        self.after, self.before = (np.zeros(applied.nodes, dtype=bool) for _ in range(2))
        self.lost, self.unsent = (np.zeros(applied.web.nodes, dtype=bool) for _ in range(2))
        for number, kill in enumerate(applied.rules.kills, 1):
            self.act(number, kill)

    def act(self, number: int, kill: Kill) -> None:
        if kill.site:
            self.at_site(number, kill.site)
        elif kill.delivery:
            self.of(np.array([self.applied.delivery("kill", number, kill.delivery)]))
        elif kill.lot:
            lots = self.applied.web.lots.filter(pl.col("id") == kill.lot)["node"]
            if lots.is_empty():
                raise _unknown("kill", number, kill.lot)
            self.of(lots.to_numpy())
        elif kill.operation:
            self.at_steps(_steps_named(self.applied.web.lineage, number, kill.operation))

    def of(self, deliveries: Index) -> None:
        self.after[deliveries] = True
        self.lost[deliveries] = True

    def at_site(self, number: int, name: str) -> None:
        web = self.applied.web
        station = web.station_number.get(name)
        if station is None:
            self.at_steps(self.applied.steps_at("kill", number, name))
            return
        out = web.outgoing(station)
        self.after[web.incoming(station)] = True
        self.before[out] = True
        self.unsent[out] = True

    def at_steps(self, steps: Index) -> None:
        self.after[steps + len(self.applied.web.lineage.lots)] = True


def _steps_named(lineage: Lineage, number: int, name: str) -> Index:
    named = (lineage.operations["key"] == name) | (lineage.operations["work_order_no"] == name)
    steps = named.fill_null(False).arg_true().to_numpy().astype(np.int64)
    if not steps.size:
        raise _unknown("kill", number, name)
    return steps


def unplaced(web: Web, rules: Rulebook) -> Flags:
    """Operations of unknown place, where a rule is about a place inside a company."""
    inside = any(
        rule.place and rule.place not in web.station_number for rule in rules.cross_contamination
    )
    unknown = pl.col("site").is_null() & pl.col("rule").is_null() & inside
    flags: Flags = web.lineage.operations.select(unknown).to_series().to_numpy()
    return flags
