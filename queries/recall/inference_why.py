"""Why a station, delivery or lot scores: cases it explains, each with a way, and those left."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl

from graph_model.errors import BadInput
from graph_model.lineage import Index, spans
from queries.recall.inference import Inference
from queries.recall.inference_cases import Thing, lot_nodes, where
from queries.recall.inference_network import NONE, Linked


@dataclass(frozen=True)
class Explained:
    """A case that the candidate leads to; `via`: ids of the deliveries on one shortest way.

    `via` is empty where the case is the candidate itself.
    """

    kind: str
    id: str
    weight: Fraction
    via: list[str]


@dataclass(frozen=True)
class Why:
    """A candidate against all cases: what it explains, what not, and what speaks against it."""

    kind: str
    id: str
    explains: list[Explained]
    against: list[Explained]
    unexplained: list[Thing]

    def to_dict(self) -> dict[str, object]:
        """As JSON; weights are exact fractions as text."""
        met = {
            name: [
                {"kind": case.kind, "id": case.id, "weight": str(case.weight), "via": case.via}
                for case in cases
            ]
            for name, cases in (("explains", self.explains), ("against", self.against))
        }
        left = [
            {"kind": thing.kind, "id": thing.id, "weight": str(thing.weight)}
            for thing in self.unexplained
        ]
        return {"kind": self.kind, "id": self.id, **met, "unexplained": left}


def why(found: Inference, name: str) -> list[Why]:
    """Every station, delivery and lot with this id. Raises BadInput where there is none."""
    web, rules = found.web, found.rules
    explained = []
    station = web.station_number.get(rules.site_groups.get(name, name))
    if station is not None:
        nodes = np.flatnonzero(found.linked.supplier == station)
        explained.append(_why(found, "station", web.stations[station], nodes, station))
    sent = web.deliveries.filter((pl.col("id") == name) | (pl.col("key") == name))
    explained += [
        _why(found, "delivery", row["id"], np.array([row["node"]]), NONE)
        for row in sent.iter_rows(named=True)
    ]
    lot = rules.lot_groups.get(name, name)
    parts = lot_nodes(web, lot)
    if parts.size:
        explained.append(_why(found, "lot", lot, parts, NONE))
    if not explained:
        raise BadInput("observed_unknown", value=name)
    return explained


def _why(found: Inference, kind: str, name: str, nodes: Index, station: int) -> Why:
    ways = _Ways(found.linked, nodes)
    explains, against, left = list[Explained](), list[Explained](), list[Thing]()
    for thing in found.things:
        via = _via(found, ways, kind, nodes, thing)
        if via is None and station != NONE and thing.station == station and _alive(found, station):
            via = []
        if via is not None:
            met = explains if thing.weight > 0 else against
            met.append(Explained(thing.kind, thing.id, thing.weight, via))
        elif thing.weight > 0:
            left.append(thing)
    return Why(kind, name, explains, against, left)


def _alive(found: Inference, station: int) -> bool:
    linked = found.linked
    return bool((linked.supplier == station).any() or (linked.recipient == station).any())


def _via(found: Inference, ways: _Ways, kind: str, nodes: Index, thing: Thing) -> list[str] | None:
    """The deliveries on the way to the thing; None where there is no way."""
    ends = where(found.linked, thing)
    if kind != "lot" or thing.station != NONE or not np.isin(ends, nodes).any():
        return ways.to(ends)
    if thing.kind == "lot":
        return None
    # A lot has no weight of its own: another delivery of it must lead to the weighted one.
    return _Ways(found.linked, np.setdiff1d(nodes, ends)).to(ends)


class _Ways:
    """One shortest way from any of the start nodes to everything they lead to."""

    def __init__(self, linked: Linked, start: Index) -> None:
        self.linked = linked
        self.came = np.full(linked.nodes, NONE, dtype=np.int64)
        self.depth = np.full(linked.nodes, NONE, dtype=np.int64)
        self.depth[start] = 0
        frontier, level, after = start, 0, linked.after
        while frontier.size:
            level += 1
            at, owner = spans(after.first[frontier], after.first[frontier + 1])
            reached, first = np.unique(linked.target[after.rows[at]], return_index=True)
            new = self.depth[reached] == NONE
            self.depth[reached[new]] = level
            self.came[reached[new]] = frontier[owner[first[new]]]
            frontier = reached[new]

    def to(self, ends: Index) -> list[str] | None:
        """Ids of the deliveries passed on the way to the nearest of these nodes."""
        met = ends[self.depth[ends] != NONE]
        if not met.size:
            return None
        node, passed = int(met[np.argmin(self.depth[met])]), []
        while node != NONE:
            passed.append(node)
            node = int(self.came[node])
        ids = self.linked.web.delivery_ids
        return [ids[node] for node in reversed(passed) if node in ids]
