"""Deliveries, stations and lots of a network as one sparse graph, with the rules of a file applied.

Words and order of the rules are FoodChain-Lab's. A *station* is a company; a *delivery* a shipment
to one; a *lot* all deliveries with one lot id. Nodes of the graph are lots, operations, shipments
that are not a lot themselves, and hubs that stand for "each of these to each of those" so that
cross-contamination stays linear. In a delivery network a lot is one delivery and its shipment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, Lineage, Rows
from graph_model.network import Facts
from graph_model.schema import Customer, Shipment, Supplier

Flags = npt.NDArray[np.bool_]
NONE = -1


@dataclass(frozen=True)
class Times:
    """Arrival and departure of each node, microseconds UTC; unbounded where not recorded."""

    arrival: Index
    arrival_to: Index
    departure: Index
    departure_to: Index


@dataclass(frozen=True)
class Web:
    """The network after grouping, before other rules.

    Links stand as consumed, produced and shipped; `amounts`: quantity and uom of each.
    `stations`: ids, ascending; `supplier`, `recipient`: station of each node or -1.
    `deliveries`: id, key, node, supplier, recipient, own_group (from a group to itself).
    `lots`: id and node of each recorded lot; stated where the source gives the id.
    """

    lineage: Lineage
    facts: Facts
    nodes: int
    source: Index
    target: Index
    amounts: pl.DataFrame
    stations: list[str]
    supplier: Index
    recipient: Index
    deliveries: pl.DataFrame
    lots: pl.DataFrame
    times: Times

    @cached_property
    def station_number(self) -> dict[str, int]:
        """Number of each station by id."""
        return {name: number for number, name in enumerate(self.stations)}

    @cached_property
    def delivery_ids(self) -> dict[int, str]:
        """Id of each node that is a delivery."""
        return dict(self.deliveries.select("node", "id").iter_rows())

    @staticmethod
    def of(facts: Facts, lineage: Lineage, sites: dict[str, str], lots: dict[str, str]) -> Web:
        """The network with stations and lots renamed to their groups."""
        sent = _deliveries(facts, lineage, sites)
        owners = lineage.lots["owner"].replace(sites)
        names = [facts[kind]["company"].replace(sites) for kind in (Supplier, Customer)]
        named = [*names, owners, sent["supplier"], sent["recipient"]]
        stations = pl.concat([column.cast(pl.String) for column in named]).drop_nulls()
        stations = stations.unique().sort()
        first = len(lineage.lots) + len(lineage.operations)
        nodes = first + int(sent.filter(~pl.col("merged"))["key"].n_unique())
        supplier = np.full(nodes, NONE, dtype=np.int64)
        recipient = np.full(nodes, NONE, dtype=np.int64)
        recorded = np.flatnonzero(lineage.recorded)
        supplier[recorded] = _codes(stations, owners)[recorded]
        at = sent["node"].to_numpy()
        supplier[at] = _codes(stations, sent["supplier"])
        recipient[at] = _codes(stations, sent["recipient"])
        source, target, amounts = _links(lineage, sent)
        return Web(
            lineage, facts, nodes, source, target, amounts, stations.to_list(), supplier, recipient,
            _listed(sent, sites), _lots(lineage, sent, lots), _times(sent, nodes),
        )  # fmt: skip

    def outgoing(self, station: int) -> Index:
        """Nodes that leave the station."""
        return np.flatnonzero(self.supplier == station)

    def incoming(self, station: int) -> Index:
        """Deliveries to the station."""
        return np.flatnonzero(self.recipient == station)


def _deliveries(facts: Facts, lineage: Lineage, sites: dict[str, str]) -> pl.DataFrame:
    """One row a shipment and lot: key, id, lot, node, merged, supplier, recipient and times."""
    shipments = facts[Shipment].select(
        "key", "company", "delivery_no", "customer",
        "ship_earliest", "ship_latest", "arrival_earliest", "arrival_latest",
    )  # fmt: skip
    codes = facts[Customer].select("key", recipient="company")
    lines = lineage.shipped.group_by("lot", key="shipment").agg(
        # Amounts of one delivery in several units are no one amount.
        quantity=pl.when(pl.col("uom").n_unique() == 1).then(pl.col("quantity").sum()),
        uom=pl.col("uom").first(),
    )
    rows = lines.join(shipments, on="key").join(
        codes, left_on="customer", right_on="key", how="left"
    )
    rows = rows.with_columns(sublot=lineage.lots["sublot"][rows["lot"]])
    # A delivery network records one sublot a delivery: lot and shipment are one thing there.
    alone = (pl.len().over("key") == 1) & (pl.len().over("lot") == 1)
    rows = rows.with_columns(merged=alone & (pl.col("sublot") == pl.col("delivery_no")))
    rows = rows.sort("merged", "key", "lot")
    first = len(lineage.lots) + len(lineage.operations)
    own = first + pl.col("key").rank("dense").over("merged").cast(pl.Int64) - 1
    return rows.select(
        "key", "lot", "merged", "quantity", "uom", "ship_earliest", "ship_latest",
        "arrival_earliest", "arrival_latest",
        id="delivery_no",
        node=pl.when("merged").then(pl.col("lot").cast(pl.Int64)).otherwise(own),
        supplier=pl.col("company").replace(sites),
        recipient=pl.col("recipient").replace(sites),
    )  # fmt: skip


def _codes(names: pl.Series, column: pl.Series) -> Index:
    """Number of each name, -1 for null. `names` is ascending and has all of them."""
    found = names.search_sorted(column.fill_null("")).to_numpy().astype(np.int64)
    return np.where(column.is_null().to_numpy(), NONE, found)


def _links(lineage: Lineage, sent: pl.DataFrame) -> tuple[Index, Index, pl.DataFrame]:
    steps = len(lineage.lots)
    apart = sent.filter(~pl.col("merged"))
    source = [lineage.consumed_lot, lineage.produced_op + steps, apart["lot"].to_numpy()]
    target = [lineage.consumed_op + steps, lineage.produced_lot, apart["node"].to_numpy()]
    flows = (lineage.consumed, lineage.produced, apart)
    return (
        np.concatenate(source).astype(np.int64),
        np.concatenate(target).astype(np.int64),
        pl.concat([frame.select("quantity", "uom") for frame in flows]),
    )


def _listed(sent: pl.DataFrame, sites: dict[str, str]) -> pl.DataFrame:
    groups = sorted(set(sites.values()))
    inside = (pl.col("supplier") == pl.col("recipient")) & pl.col("supplier").is_in(groups)
    rows = sent.select(
        "id", "key", "node", "supplier", "recipient", own_group=inside.fill_null(False)
    )
    return rows.unique("key", keep="first").sort("id", "key")


def _lots(lineage: Lineage, sent: pl.DataFrame, groups: dict[str, str]) -> pl.DataFrame:
    """Recorded lots with their id: the source's lot id, else the delivery's, else the key."""
    single = sent.filter("merged").select(node="lot", delivery="id")
    rows = lineage.lots.select(
        "key", "source_lot_id", node=pl.int_range(pl.len(), dtype=pl.Int32)
    ).filter(pl.Series(lineage.recorded))
    rows = rows.join(single, on="node", how="left", maintain_order="left")
    named = pl.col("source_lot_id").is_not_null()
    return rows.select(
        pl.col("node").cast(pl.Int64),
        # A delivery without lot id is its own lot, also where another lot's id reads the same.
        stated=named,
        id=pl.coalesce("source_lot_id", "delivery", "key").replace(groups),
    ).sort("id", "stated", "node")


def _times(sent: pl.DataFrame, nodes: int) -> Times:
    ends = {
        "arrival": (pl.coalesce("arrival_earliest", "ship_earliest"), MIN),
        "arrival_to": (pl.coalesce("arrival_latest"), MAX),
        "departure": (pl.coalesce("ship_earliest"), MIN),
        "departure_to": (pl.coalesce("ship_latest", "arrival_latest"), MAX),
    }
    at = sent["node"].to_numpy()
    columns = {}
    for name, (column, unknown) in ends.items():
        columns[name] = np.full(nodes, unknown, dtype=np.int64)
        columns[name][at] = sent.select(column.fill_null(unknown)).to_series().to_numpy()
    return Times(**columns)


@dataclass(frozen=True)
class Linked:
    """The graph that scores and traces run on: the network with every rule applied.

    `row` is the place of each link before any kill: the links of `Web` first, then what
    cross-contamination added. `supplier` and `recipient` are those that count: -1 for what a kill
    takes out.
    """

    web: Web
    nodes: int
    source: Index
    target: Index
    row: Index
    supplier: Index
    recipient: Index

    @cached_property
    def before(self) -> Rows:
        """Links by target."""
        return Rows.of(self.target, self.nodes)

    @cached_property
    def after(self) -> Rows:
        """Links by source."""
        return Rows.of(self.source, self.nodes)

    @cached_property
    def brought(self) -> tuple[Index, Index]:
        """Deliveries and their recipients before any kill, by recipient."""
        return self.nodes_by(self.web.recipient)

    def nodes_by(self, stations: Index) -> tuple[Index, Index]:
        """Nodes that have a station, and it, both in the order of the stations."""
        at = np.flatnonzero(stations != NONE)
        order = np.argsort(stations[at], kind="stable")
        return at[order], stations[at[order]]


def successors(web: Web, extra: Sequence[tuple[Index, Index]], nodes: Index) -> Index:
    """Lots and shipments that directly follow any of these, through operations and hubs."""
    source = np.concatenate([web.source, *(pair[0] for pair in extra)])
    target = np.concatenate([web.target, *(pair[1] for pair in extra)])
    count = int(max(web.nodes, source.max(initial=0) + 1, target.max(initial=0) + 1))
    after = Rows.of(source, count)
    steps = len(web.lineage.lots), len(web.lineage.lots) + len(web.lineage.operations)
    tried = np.zeros(count, dtype=bool)
    found, frontier = [np.empty(0, dtype=np.int64)], nodes
    while frontier.size:
        reached = np.unique(target[after.at(frontier)])
        between = (reached >= steps[0]) & (reached < steps[1]) | (reached >= web.nodes)
        found.append(reached[~between])
        frontier = reached[between & ~tried[reached]]
        tried[frontier] = True
    return np.unique(np.concatenate(found))
