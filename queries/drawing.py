"""A trace as a drawing: nodes and edges from suppliers to customers, in columns by generation.

What only moves or receives one lot is an edge, not a node; the contents of a place that cannot be
told apart are one node. Nothing is left out: nodes that a column has no room for stand in counted
groups, and the counts add up to all nodes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from graph_model.derived.carried import RESIDUE
from graph_model.lineage import Index, Lineage
from queries.recall import places
from queries.recall.cone import IDENTITY
from queries.recall.parties import customers
from queries.recall.scope import POSSIBLE, Scope
from queries.recall.siblings import siblings

DIRECTIONS = ("forward", "backward", "both", "siblings")
LOT, OPERATION, POOL, SUPPLIER, SHIPMENT, CUSTOMER = KINDS = (
    "lot", "operation", "pool", "supplier", "shipment", "customer",
)  # fmt: skip
GROUPED_BY = ("item", "supplier", "day", "customer", "order")
LIMIT = 300
"""Nodes drawn at most."""
COLUMN = 8
"""Nodes of a kind that stand singly in one column, where there are more."""
ALL = "*"
"""What everything of a kind is grouped under that has nothing in common by that grouping."""
FIXED = 50
"""Nodes at most that stand singly because they were asked for."""
LAYERS = 40
"""Columns at most; what lies deeper stands in the last ones."""
_DAY = 86_400_000_000
_BASIS = ("inferred", "by_time", "by_order", "exact")
C = pl.col


@dataclass(frozen=True)
class Net:
    """All nodes and edges of a trace.

    `nodes`: id, kind, key, number, item, code, owner, quantity, uom, when (us UTC), lot (number in
    the plant), layer, and a column of group keys for each of GROUPED_BY. `edges`: source, target,
    quantity, uom, basis (the weakest), flows.
    """

    nodes: pl.DataFrame
    edges: pl.DataFrame
    roots: frozenset[str]


@dataclass(frozen=True)
class Drawn:
    """What is drawn. `nodes`: id, kind, label, sub, layer, members, group, tier, and `mix` by tier.

    `shown` counts nodes that stand singly or as a group, `total` all nodes; `member` leads from
    each node to the one that it is drawn as.
    """

    nodes: pl.DataFrame
    edges: pl.DataFrame
    member: Mapping[str, str]
    shown: int
    groups: int
    total: int


def net(lineage: Lineage, roots: Index, direction: str) -> Net:
    """The whole trace of lots (numbers in the plant) in one direction, both, or of one origin."""
    lots, ops = _reached(lineage, roots, direction)
    names = _node_ids(lineage, lots)
    moved = _movements(lineage, lots, ops, names)
    edges = pl.concat([moved, *_ends(lineage, lots, names, direction)])
    edges = _summed(edges.filter(C("source") != C("target")))
    nodes = _nodes(lineage, edges, names, roots)
    nodes = nodes.with_columns(layer=pl.Series(_layers(nodes, edges)))
    root_ids = names.filter(C("lot").is_in(pl.Series(roots).implode()))["id"]
    return Net(nodes, edges, frozenset(root_ids.to_list()))


def _reached(lineage: Lineage, roots: Index, direction: str) -> tuple[Index, Index]:
    """Lots and operations of the trace."""
    if direction == "siblings":
        shared = siblings(lineage, roots)
        reach = lineage.forward(lineage.backward(roots).lots)
        return np.union1d(shared, reach.lots), reach.operations
    lots, ops = roots, roots[:0]
    for name, search in (("forward", lineage.forward), ("backward", lineage.backward)):
        if direction in (name, "both"):
            reach = search(roots)
            lots, ops = np.union1d(lots, reach.lots), np.union1d(ops, reach.operations)
    return lots, ops


def _node_ids(lineage: Lineage, lots: Index) -> pl.DataFrame:
    """lot (number), id: a recorded lot is a node, what a place holds of an item is one."""
    rows = lineage.lots.select("key", "rule", "item_code", "lot_no", "sublot", "kind")[lots]
    place = C("sublot").str.split("@").list.first()
    # Residue is of no one item, but of an order.
    what = pl.when(C("kind") == RESIDUE).then("lot_no").otherwise("item_code")
    pool = pl.format("P:{}@{}", what.fill_null(""), place.fill_null(""))
    return rows.select(
        lot=pl.Series(lots, dtype=pl.Int64),
        id=pl.when(C("rule").is_null()).then(pl.format("L:{}", "key")).otherwise(pool),
    )


def _movements(lineage: Lineage, lots: Index, ops: Index, names: pl.DataFrame) -> pl.DataFrame:
    """source, target, quantity, uom, basis of all movements, mere moves drawn together."""
    columns = ["op", "lot", "quantity", "uom", "basis"]
    id_of = dict(names.iter_rows())
    inside = pl.Series(lots, dtype=pl.Int64).implode()

    def lines(frame: pl.DataFrame, rows: Index) -> pl.DataFrame:
        found = frame.select(columns)[rows].with_columns(C("lot", "op").cast(pl.Int64))
        found = found.filter(C("lot").is_in(inside))
        return found.with_columns(
            id=C("lot").replace_strict(id_of, return_dtype=pl.String).cast(pl.String)
        )

    into = lines(lineage.consumed, lineage.inputs.at(ops))
    out = lines(lineage.produced, lineage.outputs.at(ops))
    bare = _moves_only(lineage, ops, into, out)
    step = pl.format("O:{}", pl.coalesce("order", "key"))
    steps = lineage.operations.select(op=step)[ops]["op"]
    step_of = dict(zip(ops.tolist(), steps.to_list(), strict=True))
    node = C("op").replace_strict(step_of, default=None, return_dtype=pl.String).cast(pl.String)
    kept = [
        into.filter(~C("op").is_in(bare)).select(C("id").alias("source"), node.alias("target"),
                                                 "quantity", "uom", "basis"),
        out.filter(~C("op").is_in(bare)).select(node.alias("source"), C("id").alias("target"),
                                                "quantity", "uom", "basis"),
    ]  # fmt: skip
    pairs = into.filter(C("op").is_in(bare)).join(out, on="op", suffix="_out")
    kept.append(
        pairs.select(source="id", target="id_out", quantity=pl.coalesce("quantity_out", "quantity"),
                     uom=pl.coalesce("uom_out", "uom"), basis="basis")
    )  # fmt: skip
    return pl.concat(kept)


def _moves_only(lineage: Lineage, ops: Index, into: pl.DataFrame, out: pl.DataFrame) -> pl.Series:
    """Operations that are drawn as an edge: derived ones, and moves of one lot."""
    about = lineage.operations.select("kind", "rule")[ops].with_columns(
        op=pl.Series(ops, dtype=pl.Int64)
    )
    several = pl.concat(
        [frame.group_by("op").agg(lots=C("lot").n_unique()).filter(C("lots") > 1)["op"]
         for frame in (into, out)]
    )  # fmt: skip
    moved = C("kind").is_in(list(IDENTITY)) & ~C("op").is_in(several.implode())
    return about.filter(C("rule").is_not_null() | moved)["op"].implode()


def _ends(lineage: Lineage, lots: Index, names: pl.DataFrame, direction: str) -> list[pl.DataFrame]:
    """Suppliers of supplied lots; shipments and their customers."""
    rows = lineage.lots.select("supplier", "rule")[lots]
    supplied = pl.concat([names, rows], how="horizontal").filter(
        C("supplier").is_not_null() & C("rule").is_null()
    )
    none = {"quantity": pl.lit(None, pl.Float64), "uom": pl.lit(None, pl.String),
            "basis": pl.lit("exact")}  # fmt: skip
    ends = [supplied.select(source=pl.format("S:{}", "supplier"), target="id", **none)]
    if direction == "backward":
        return ends
    lines = places.shipped_lines(lineage, lots).with_columns(C("lot").cast(pl.Int64))
    lines = lines.join(names, on="lot").with_columns(
        basis=pl.when(C("rule").is_null()).then(pl.lit("exact")).otherwise(pl.lit("inferred"))
    )
    shipment = pl.format("D:{}", "shipment")
    ends.append(lines.select(C("id").alias("source"), shipment.alias("target"), "quantity", "uom",
                             "basis"))  # fmt: skip
    to = lines.filter(C("customer").is_not_null())
    customer = pl.format("C:{}", C("customer").str.split("/").list.last())
    ends.append(to.select(shipment.alias("source"), customer.alias("target"), "quantity", "uom",
                          "basis"))  # fmt: skip
    return ends


def _summed(edges: pl.DataFrame) -> pl.DataFrame:
    """One edge a pair of nodes; an amount only where all have one unit, the weakest basis."""
    rank = C("basis").fill_null("inferred").replace_strict(_BASIS, range(4), default=0)
    same = (C("uom").n_unique() == 1) & C("quantity").is_not_null().all()
    found = edges.with_columns(rank=rank).group_by("source", "target", maintain_order=True).agg(
        quantity=pl.when(same).then(C("quantity").sum().round(6)),
        uom=pl.when(same).then(C("uom").first()),
        rank=C("rank").min(),
        flows=pl.len(),
    )  # fmt: skip
    basis = C("rank").replace_strict(range(4), _BASIS, return_dtype=pl.String)
    return found.with_columns(basis=basis).drop("rank")


# ---------------------------------------------------------------------------- nodes


def _nodes(
    lineage: Lineage, edges: pl.DataFrame, names: pl.DataFrame, roots: Index
) -> pl.DataFrame:
    """All nodes that an edge touches, and the roots."""
    here = names.filter(C("lot").is_in(pl.Series(roots, dtype=pl.Int64).implode()))["id"]
    ids = pl.concat([edges["source"], edges["target"], here]).unique().sort()
    base = pl.DataFrame({"id": ids}).with_columns(
        kind=C("id")
        .str.slice(0, 1)
        .replace_strict(["L", "O", "P", "S", "D", "C"], KINDS, return_dtype=pl.String),
        key=C("id").str.slice(2),
    )
    about = pl.concat(
        [_lots(lineage, names), _operations(lineage), _shipments(lineage)], how="diagonal_relaxed"
    )
    found = base.join(about, on="id", how="left", maintain_order="left")
    return _group_keys(found, edges).with_columns(
        number=pl.coalesce("number", C("key").str.split("/").list.last())
    )


def _lots(lineage: Lineage, names: pl.DataFrame) -> pl.DataFrame:
    numbers = names["lot"]
    about = lineage.lots.select("item", "owner", code="item_code", number="lot_no")[numbers]
    amounts = places.holdings(lineage).amounts[numbers]
    when = lineage.births.select(when=pl.coalesce("born_earliest", "received_earliest"))[numbers]
    found = pl.concat([names, about, amounts, when], how="horizontal")
    pool = C("id").str.starts_with("P:")
    none = pl.when(~pool)
    return found.with_columns(
        none.then(C(name)).alias(name) for name in ("number", "quantity", "uom", "when", "lot")
    ).unique("id", keep="first", maintain_order=True)  # fmt: skip


def _operations(lineage: Lineage) -> pl.DataFrame:
    rows = lineage.operations.select(
        "item", "uom", id=pl.format("O:{}", pl.coalesce("order", "key")), order_kind="kind",
        number=pl.coalesce("work_order_no", "doc_no"), quantity="reported_qty", when="earliest",
    )  # fmt: skip
    return rows.unique("id", keep="first", maintain_order=True)


def _shipments(lineage: Lineage) -> pl.DataFrame:
    return lineage.shipments.select(
        id=pl.format("D:{}", "key"), number="delivery_no", when="ship_earliest",
        owner=C("customer").str.split("/").list.last(), status="status",
    ).unique("id", keep="first")  # fmt: skip


def _group_keys(nodes: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """What each node is grouped under, for each way of grouping."""
    maker = edges.filter(C("source").str.starts_with("O:")).select(id="target", maker="source")
    taker = edges.filter(C("target").str.starts_with("D:")).select(id="source", sent="target")
    customers = nodes.filter(C("kind") == SHIPMENT).select(sent="id", to="owner")
    to = taker.join(customers, on="sent").unique("id", keep="first").select("id", "to")
    rows = nodes.join(maker.unique("id", keep="first"), on="id", how="left", maintain_order="left")
    rows = rows.join(to, on="id", how="left", maintain_order="left")
    day = pl.from_epoch(C("when"), time_unit="us").dt.strftime("%Y-%m-%d")
    # Shipments and customers have no item: all of them, unless they are told apart by day or party.
    item = pl.coalesce("item", "code", pl.lit(ALL))
    return rows.with_columns(
        by_item=item, by_supplier=pl.when(C("kind") == SHIPMENT).then(item).otherwise(
            pl.coalesce("owner", item)), by_day=pl.coalesce(day, item),
        by_customer=pl.when(C("kind") == SHIPMENT).then("owner").otherwise(
            pl.coalesce("to", item)),
        by_order=pl.coalesce("maker", item),
    ).drop("maker", "to")  # fmt: skip


def _layers(nodes: pl.DataFrame, edges: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Columns from left to right: after all that comes before, loops within one column."""
    ids, count = nodes["id"], len(nodes)
    if not count:
        return np.empty(0, dtype=np.int64)
    start = ids.search_sorted(edges["source"]).to_numpy()
    finish = ids.search_sorted(edges["target"]).to_numpy()
    flat = coo_matrix((np.ones(len(start)), (start, finish)), shape=(count, count))
    groups, part = connected_components(flat, directed=True, connection="strong")
    low, high = part[start], part[finish]
    low, high = low[low != high], high[low != high]
    layer = np.zeros(groups, dtype=np.int64)
    for _ in range(LAYERS):
        before = layer.copy()
        np.maximum.at(layer, high, layer[low] + 1)
        if np.array_equal(before, layer):
            break
    layer = np.minimum(layer, LAYERS)
    # What nothing leads to stands just before what it leads to, not at the far left.
    first = np.full(groups, LAYERS + 1, dtype=np.int64)
    np.minimum.at(first, low, layer[high] - 1)
    led = np.zeros(groups, dtype=bool)
    led[high] = True
    layer = np.where(led | (first > LAYERS), layer, np.maximum(first, 0))
    found: npt.NDArray[np.int64] = layer[part].astype(np.int64)
    return _ends_last(nodes["kind"], found)


def _ends_last(kinds: pl.Series, layer: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Shipments and customers stand in the last two columns."""
    shipments, customers = (kinds == SHIPMENT).to_numpy(), (kinds == CUSTOMER).to_numpy()
    others = layer[~shipments & ~customers]
    last = int(others.max()) if len(others) else 0
    layer[shipments], layer[customers] = last + 1, last + 2
    return layer


# ---------------------------------------------------------------------------- what is drawn


def drawn(
    whole: Net,
    by: str = "item",
    opened: Collection[str] = (),
    keep: Sequence[str] = (),
    tiers: Mapping[str, str] | None = None,
) -> Drawn:
    """At most LIMIT nodes: of a full column those in `keep` and the roots, the others in groups.

    `opened`: groups whose members stand singly. `tiers`: tier by node id.
    """
    rank = {tier: at for at, tier in enumerate(("certain", "recorded", "mixed_stock", "contact"))}
    tier = dict(tiers or {})
    fixed = list(dict.fromkeys([*keep, *sorted(whole.roots)]))[:FIXED]
    nodes = whole.nodes.with_columns(
        tier=C("id").replace_strict(tier, default=None, return_dtype=pl.String),
        group=C(f"by_{by if by in GROUPED_BY else 'item'}").fill_null("?"),
        fixed=C("id").is_in(fixed),
    ).with_columns(
        key_=pl.format("G:{}:{}:{}", "kind", "layer", "group"),
        rank=C("tier").replace_strict(rank, default=9, return_dtype=pl.Int64),
    )
    nodes = nodes.with_columns(crowd=pl.len().over("kind", "layer"), like=pl.len().over("key_"))
    single = (
        (C("crowd") <= COLUMN) | C("fixed") | (C("like") == 1) | C("key_").is_in(sorted(opened))
    )
    nodes = nodes.with_columns(as_=pl.when(single).then("id").otherwise("key_"))
    nodes = _within_limit(nodes)
    return _assembled(whole, nodes)


def _within_limit(nodes: pl.DataFrame) -> pl.DataFrame:
    """Where more than LIMIT stand singly, the last of the fullest columns go into a group each."""
    named = nodes["as_"].n_unique()
    if named <= LIMIT:
        return nodes
    order = pl.struct(~C("fixed"), "rank", "id").rank("ordinal").over("kind", "layer")
    rest = pl.format("G:{}:{}:rest", "kind", "layer")
    low, high = 0, LIMIT
    while low < high:  # the largest number a column that keeps within the limit
        middle = (low + high + 1) // 2
        kept = nodes.with_columns(
            as_=pl.when((order <= middle) | C("fixed")).then("as_").otherwise(rest)
        )
        low, high = (middle, high) if kept["as_"].n_unique() <= LIMIT else (low, middle - 1)
    return nodes.with_columns(as_=pl.when((order <= low) | C("fixed")).then("as_").otherwise(rest))


def _assembled(whole: Net, nodes: pl.DataFrame) -> Drawn:
    member = dict(nodes.select("id", "as_").iter_rows())
    shown = nodes.group_by("as_", maintain_order=True).agg(
        C("kind").first(), C("layer").min(), C("number").first(), C("item").first(),
        C("code").first(), C("owner").first(), C("group").first(), C("key").first(),
        members=pl.len(),
        tier=C("tier").sort_by("rank").first(),
        mix=C("tier").drop_nulls(),
        quantity=pl.when(C("uom").drop_nulls().n_unique() <= 1).then(C("quantity").sum()),
        uom=C("uom").drop_nulls().first(),
    )  # fmt: skip
    shown = shown.rename({"as_": "id"}).with_columns(grouped=C("id").str.starts_with("G:"))
    ends = {
        end: C(end).replace_strict(member, return_dtype=pl.String) for end in ("source", "target")
    }
    edges = whole.edges.with_columns(**ends).filter(C("source") != C("target"))
    edges = edges.group_by("source", "target", maintain_order=True).agg(
        quantity=pl.when(C("uom").n_unique() == 1).then(C("quantity").sum().round(6)),
        uom=C("uom").first(),
        basis=C("basis").mode().sort().first(),
        flows=C("flows").sum(),
    )
    groups = int(shown["grouped"].sum())
    return Drawn(shown, edges, member, len(shown), groups, len(nodes))


# ---------------------------------------------------------------------------- of a scope


def tiers_of(scope: Scope) -> dict[str, str]:
    """Tier by node: lots by tier or grade, mixed stock that was reached, customers by the best."""
    keys = scope.lineage.lots["key"][scope.lots["lot"]].to_list()
    drawn_as = scope.lots.select(
        pl.when(C("tier") == POSSIBLE).then("grade").otherwise("tier").alias("tier")
    )["tier"]
    found = {f"L:{key}": tier for key, tier in zip(keys, drawn_as.to_list(), strict=True)}
    names = _node_ids(scope.lineage, scope.worlds.reached).filter(C("id").str.starts_with("P:"))
    found |= dict.fromkeys(names["id"].unique().to_list(), "mixed_stock")
    for one in customers(scope):
        code = one["customer"].rpartition("/")[2]
        found[f"C:{code}"] = "certain" if one["tier"] == "certain" else "recorded"
    return found


def witness_of(scope: Scope, lot: int) -> list[tuple[str, str]]:
    """Pairs of nodes along the path that puts a lot (number in the plant) in scope, root first."""
    cone, lineage = scope.worlds.cone, scope.worlds.cone.lineage
    at = int(cone.number(np.array([lot]))[0])
    ids = dict(zip(range(len(cone.lots)), _node_ids(lineage, cone.lots)["id"], strict=True))
    steps = lineage.operations.select(pl.format("O:{}", pl.coalesce("order", "key")))
    pairs: list[tuple[str, str]] = []
    for reached, way in scope.proof.witness(at):
        if not cone.material[reached]:
            continue
        step = steps.row(int(cone.steps[way.step]))[0]
        # A line was touched by a lot: its state is not drawn.
        for source in scope.proof.sources(way) if cone.contact[way.step] else way.lots:
            pairs += [(ids[source], step), (step, ids[reached]), (ids[source], ids[reached])]
    return pairs
