"""What lies forward and backward of observed stations, deliveries and lots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from graph_model.errors import BadInput
from graph_model.lineage import Index, Rows
from queries.recall.inference_cases import lot_nodes
from queries.recall.inference_network import NONE, Flags, Linked
from queries.recall.inference_sweep import blocks, sweep
from queries.recall.rulebook import Rulebook


@dataclass(frozen=True)
class Start:
    """Where one trace begins; a delivery is not part of its own trace, a station's are."""

    nodes: Index
    itself: bool


@dataclass(frozen=True)
class Observed:
    """Nodes and stations that the observed ones lead to, and come from."""

    linked: Linked
    nodes: dict[str, Flags]
    stations: dict[str, Flags]

    def flags(self, kind: str, lot_ids: pl.DataFrame) -> dict[str, Flags]:
        """`forward` and `backward` of each row of a table; of a lot: any of its deliveries."""
        web = self.linked.web
        if kind == "stations":
            return self.stations
        if kind == "deliveries":
            at = web.deliveries["node"].to_numpy()
            return {name: flags[at] for name, flags in self.nodes.items()}
        numbers = web.lots.join(lot_ids, on=["id", "stated"], maintain_order="left")
        rows, nodes = numbers["n"].to_numpy(), numbers["node"].to_numpy()
        found = {}
        for name, flags in self.nodes.items():
            found[name] = np.zeros(len(lot_ids), dtype=bool)
            found[name][rows[flags[nodes]]] = True
        return found


def observe(linked: Linked, names: Sequence[str], rules: Rulebook) -> Observed:
    """The union of the traces of all that is named. Raises BadInput for an unknown id."""
    nodes, stations = {}, {}
    source, target, web = linked.source, linked.target, linked.web
    ways = (
        ("forward", linked.after, source, target, linked.supplier, linked.recipient, web.recipient),
        (
            "backward",
            linked.before,
            target,
            source,
            linked.recipient,
            linked.supplier,
            web.supplier,
        ),
    )
    for way, links, near, ends, own, others, every in ways:
        starts = [start for name in names for start in _starts(linked, name, rules, own)]
        reached, passed = _reached(linked, links, ends, starts)
        # A kill takes the far station from a delivery itself, not from what leads to the delivery.
        ends_met = ends[passed[near]]
        met = np.union1d(others[passed[: web.nodes]], every[ends_met[ends_met < web.nodes]])
        nodes[way] = reached
        stations[way] = np.zeros(len(web.stations), dtype=bool)
        stations[way][met[met != NONE]] = True
    return Observed(linked, nodes, stations)


def _starts(linked: Linked, name: str, rules: Rulebook, own: Index) -> list[Start]:
    """Starts of whatever carries this id. `own`: the station whose deliveries begin its trace."""
    web, found = linked.web, list[Start]()
    station = web.station_number.get(rules.site_groups.get(name, name))
    if station is not None:
        found.append(Start(np.flatnonzero(own == station), itself=True))
    sent = web.deliveries.filter((pl.col("id") == name) | (pl.col("key") == name))["node"]
    of_lot = lot_nodes(web, rules.lot_groups.get(name, name))
    single = np.union1d(sent.to_numpy(), of_lot).astype(np.int64)
    found += [Start(single[at : at + 1], itself=False) for at in range(len(single))]
    if not found:
        raise BadInput("observed_unknown", value=name)
    return found


def _reached(
    linked: Linked, links: Rows, ends: Index, starts: Sequence[Start]
) -> tuple[Flags, Flags]:
    """Nodes in the trace of any start, and those whose far station is met on the way.

    An observed delivery reaches its own recipient, though it is not in its own trace.
    """
    traced, passed = (np.zeros(linked.nodes, dtype=bool) for _ in range(2))
    for block in blocks(len(starts)):
        part = [starts[number] for number in block]
        bits = sweep(links, ends, [start.nodes for start in part], linked.nodes)
        passed |= bits != 0
        for number, start in enumerate(part):
            if not start.itself:
                bits[start.nodes] &= ~np.uint64(1 << number)
        traced |= bits != 0
    return traced, passed
