"""What a drawn genealogy shows: lots by steps from the roots, in counted groups where many.

Columns are steps forward; consecutive steps share a column where there are more than fit. No lot is
left out: the members of all nodes add up to the lots of the scope.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from api.reports import figures
from api.reports.document import mark
from api.reports.scope_fields import ScopeFields
from graph_model.derived.carried import RESIDUE
from graph_model.i18n import text
from queries.names import placeless
from queries.recall.scope import EXCLUDED

COLUMNS, ROWS = 5, 14
"""Columns of lots (customers are one more), and nodes of a column."""
POOL, CUSTOMER = "pool", "customer"
NodeKey = tuple[Hashable, ...]


@dataclass
class Node:
    """One lot, counted lots, mixed stock, or customers. `kind`: lot, pool, customer."""

    kind: str
    column: int
    mark: str
    label: str
    notes: tuple[str, ...]
    members: int = 1
    row: float = 0.0


@dataclass(frozen=True)
class Drawing:
    """Nodes with their columns; edges by node, `cut` where the scope found no way."""

    heads: list[str]
    nodes: list[Node] = field(default_factory=list)
    edges: list[tuple[int, int, bool]] = field(default_factory=list)

    @property
    def lots(self) -> int:
        """How many recorded lots are drawn, counted ones included."""
        return sum(node.members for node in self.nodes if node.kind == "lot")


@dataclass(frozen=True)
class _Lot:
    at: int
    kind: str
    column: int
    mark: str
    item: str
    name: str
    amount: str
    quantity: float
    unit: str


def drawing(fields: ScopeFields) -> Drawing:
    """The genealogy of a scope."""
    lots = _lots(fields)
    bands = _bands(lots)
    lots = [_moved(lot, bands) for lot in lots]
    keys = _keys(lots)
    order = list(dict.fromkeys(keys[lot.at] for lot in lots))
    number = {key: at for at, key in enumerate(order)}
    members: dict[NodeKey, list[_Lot]] = defaultdict(list)
    for lot in lots:
        members[keys[lot.at]].append(lot)
    nodes = [_node(members[key]) for key in order]
    of_lot = {at: number[key] for at, key in keys.items()}
    edges = _edges(fields, of_lot)
    heads = _heads(bands)
    customers, sent = _customers(fields, of_lot, len(heads))
    edges += [(lot, len(nodes) + customer, False) for lot, customer in sent]
    nodes += customers
    if customers:
        heads.append(text("report.customers"))
    found = Drawing(heads, nodes, edges)
    _arrange(found)
    return found


def _lots(fields: ScopeFields) -> list[_Lot]:
    """Recorded lots of the scope and the mixed stock that was reached; `column` is the step."""
    scope = fields.scope
    worlds, cone = scope.worlds, scope.worlds.cone
    about = cone.lineage.lots.select("item", "item_code", "lot_no", "sublot", "kind")[cone.lots]
    rows = dict(zip(scope.lots["at"].to_list(), scope.lots.iter_rows(named=True), strict=True))
    found = []
    for at in np.flatnonzero((cone.depth >= 0) & cone.material).tolist():
        row = about.row(at, named=True)
        listed = rows.get(at)
        steps = int(cone.depth[at])
        if listed is None:
            if worlds.grade[at] > 0:
                what = row["lot_no"] if row["kind"] == RESIDUE else row["item_code"]
                item = placeless(what, row["sublot"].partition("@")[0]) or what
                found.append(_Lot(at, POOL, steps, "mixed_stock", item, item, "", 0.0, ""))
            continue
        quantity, unit = listed["quantity"], listed["uom"] or ""
        name = row["lot_no"] or text("report.no_number")
        found.append(
            _Lot(
                at, "lot", steps, mark(listed["tier"], listed["grade"]), row["item_code"],
                f"{name} # {row['sublot']}" if row["sublot"] else name,
                figures.amount(quantity, unit), quantity or 0.0, unit,
            )
        )  # fmt: skip
    return sorted(found, key=lambda lot: (lot.column, lot.item, lot.mark, lot.name))


def _bands(lots: list[_Lot]) -> dict[int, int]:
    """Column of each number of steps: as many columns as fit, each of about as many lots."""
    steps = sorted({lot.column for lot in lots})
    if len(steps) <= COLUMNS:
        return {depth: at for at, depth in enumerate(steps)}
    counts = np.bincount([lot.column for lot in lots])[steps[1:]]
    middle = np.cumsum(counts) - counts / 2
    columns = 1 + np.floor(middle / counts.sum() * (COLUMNS - 1)).astype(int)
    numbered = np.unique(columns, return_inverse=True)[1] + 1
    return {steps[0]: 0} | dict(zip(steps[1:], numbered.tolist(), strict=True))


def _moved(lot: _Lot, bands: dict[int, int]) -> _Lot:
    return _Lot(**{**lot.__dict__, "column": bands[lot.column]})


def _keys(lots: list[_Lot]) -> dict[int, NodeKey]:
    """The node of each lot: itself where its column has room, else a group that gets coarser."""
    found: dict[int, NodeKey] = {}
    columns: dict[int, list[_Lot]] = defaultdict(list)
    for lot in lots:
        columns[lot.column].append(lot)
    for column, here in columns.items():
        for key in (_single, _by_mark, _by_item):
            wanted = {lot.at: (column, *key(lot)) for lot in here}
            if len(set(wanted.values())) <= ROWS:
                break
        else:
            wanted = _largest(column, here)
        found |= wanted
    return found


def _single(lot: _Lot) -> NodeKey:
    # Moments of one pool tell a reader nothing apart.
    return (POOL, lot.item) if lot.kind == POOL else ("lot", lot.at)


def _by_mark(lot: _Lot) -> NodeKey:
    return (lot.kind, lot.item, lot.mark)


def _by_item(lot: _Lot) -> NodeKey:
    return (lot.kind, lot.item)


def _largest(column: int, here: list[_Lot]) -> dict[int, NodeKey]:
    """Groups by item, the smallest of which are counted as other items."""
    counts: dict[NodeKey, int] = defaultdict(int)
    for lot in here:
        counts[_by_item(lot)] += 1
    kept = set(sorted(counts, key=lambda key: (-counts[key], str(key)))[: ROWS - 2])
    return {
        lot.at: (column, *(_by_item(lot) if _by_item(lot) in kept else (lot.kind, "others")))
        for lot in here
    }


def _node(members: list[_Lot]) -> Node:
    first = members[0]
    marks = {lot.mark for lot in members}
    # A group shows the strongest judgement in it, so that none looks safer than it is.
    strongest = min(marks, key=("certain", "recorded", "mixed_stock", "contact", EXCLUDED).index)
    items = {lot.item for lot in members}
    item = first.item if len(items) == 1 else text("report.n_items", n=len(items))
    if first.kind == POOL:
        return Node(
            POOL, first.column, strongest, text("report.mixed_stock"), (item,), len(members)
        )
    if len(members) == 1:
        return Node("lot", first.column, first.mark, first.name, (first.item, first.amount))
    sums: dict[str, float] = defaultdict(float)
    for lot in members:
        sums[lot.unit] += lot.quantity
    label = text("report.n_lots", n=len(members))
    notes = (item, figures.amounts(dict(sums)))
    return Node("lot", first.column, strongest, label, notes, len(members))


def _edges(fields: ScopeFields, of_lot: dict[int, int]) -> list[tuple[int, int, bool]]:
    """Pairs of nodes that an operation joins; `cut` where it leads to an excluded lot only."""
    cone = fields.scope.worlds.cone
    reached = fields.scope.worlds.grade > 0
    node = np.full(len(cone.lots), -1, dtype=np.int64)
    node[list(of_lot)] = list(of_lot.values())
    start, finish = node[cone.inputs.lot], node[cone.outputs.lot]
    into = pl.DataFrame({"step": cone.inputs.step, "a": start, "live": reached[cone.inputs.lot]})
    out = pl.DataFrame({"step": cone.outputs.step, "b": finish, "to": reached[cone.outputs.lot]})
    into = into.filter(pl.col("live") & (pl.col("a") >= 0)).select("step", "a").unique()
    out = out.filter(pl.col("b") >= 0).unique()
    pairs = into.join(out, on="step").filter(pl.col("a") != pl.col("b"))
    pairs = pairs.group_by("a", "b").agg(pl.col("to").any()).sort("a", "b")
    return [(a, b, not to) for a, b, to in pairs.iter_rows()]


def _heads(bands: dict[int, int]) -> list[str]:
    steps: dict[int, list[int]] = defaultdict(list)
    for depth, column in bands.items():
        steps[column].append(depth)
    heads = []
    for column in sorted(steps):
        low, high = min(steps[column]), max(steps[column])
        if high == 0:
            heads.append(text("report.roots"))
        elif low == high:
            heads.append(text("report.step_n", n=low))
        else:
            heads.append(text("report.steps_n", first=low, last=high))
    return heads


def _customers(
    fields: ScopeFields, of_lot: dict[int, int], column: int
) -> tuple[list[Node], set[tuple[int, int]]]:
    """Customer nodes and (lot node, customer node) pairs; small customers are counted together."""
    number = dict(zip(fields.scope.lots["at"].to_list(), fields.scope.lots["lot"], strict=True))
    keys = fields.scope.lineage.lots["key"]
    node = {keys[lot]: of_lot[at] for at, lot in number.items()}
    lines = [one for one in fields.deliveries if one.sent and one.customer]
    lots: dict[str, set[str]] = defaultdict(set)
    for one in lines:
        lots[str(one.customer)].add(one.shown)
    ranked = sorted(lots, key=lambda customer: (-len(lots[customer]), customer))
    shown = ranked if len(ranked) <= ROWS else ranked[: ROWS - 1]
    nodes = [
        Node(CUSTOMER, column, "", figures.code(customer),
             (text("report.n_lots", n=len(lots[customer])),))
        for customer in shown
    ]  # fmt: skip
    if len(ranked) > len(shown):
        others = ranked[len(shown) :]
        together = {lot for customer in others for lot in lots[customer]}
        nodes.append(
            Node(CUSTOMER, column, "", text("report.n_customers", n=len(others)),
                 (text("report.n_lots", n=len(together)),), len(others))
        )  # fmt: skip
    at = {customer: min(place, len(nodes) - 1) for place, customer in enumerate(ranked)}
    pairs = {(node[one.lot], at[str(one.customer)]) for one in lines if one.lot in node}
    return nodes, pairs


def _arrange(found: Drawing) -> None:
    """Puts nodes of a column beside what they come from, which leaves fewer lines to cross."""
    before: dict[int, list[int]] = defaultdict(list)
    for start, finish, _ in found.edges:
        if found.nodes[start].column < found.nodes[finish].column:
            before[finish].append(start)
    tallest = max(Counter(node.column for node in found.nodes).values(), default=0)
    for column in range(len(found.heads)):
        here = [at for at, node in enumerate(found.nodes) if node.column == column]
        placed = {at: _mean([found.nodes[start].row for start in before[at]]) for at in here}
        above = (tallest - len(here)) / 2
        for row, at in enumerate(sorted(here, key=lambda at: (placed[at], at))):
            found.nodes[at].row = above + row


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0
