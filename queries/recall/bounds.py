"""At most how many pieces are affected: a suspect piece can only be in one place.

Where suspect pieces went into pieces, each affected output took at least one of them, so that no
more outputs are affected than suspect pieces went in: 40 gearboxes of a suspect lot in an order of
100 engines reach at most 40. It is a maximum flow of suspect pieces from the roots to where goods
lie now. A bulk lot is wholly affected by any amount, and so is what is made of it; an amount that
is unknown, a rule's flow and a step that may turn one piece into several bound nothing, and nor
does a lot of which more went out or is there than came: some of it was never recorded.

Bounds are stated, and take no lot from the scope. Of hazards that grow or act in traces, and of an
unknown one, every lot reached is wholly affected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow

from graph_model import quantity
from graph_model.derived.carried import stated
from graph_model.lineage import Index
from graph_model.network import Facts
from graph_model.schema import Component, Item
from queries import balance
from queries.recall.cone import IDENTITY, Flags
from queries.recall.hazard import Hazard
from queries.recall.worlds import Worlds

STAYING = frozenset({"dimension", "foreign_body", "label"})
"""Hazards that stay with the pieces that have them."""
LARGEST = 2**31 - 2
"""scipy takes 32-bit capacities and overflows silently: all of them together stay below."""
Numbers = npt.NDArray[np.float64]
C = pl.col


@dataclass(frozen=True)
class Bound:
    """At most `pieces` of the `of` pieces of an item now in `numbers`, in `lots` of these lots."""

    item: str
    unit: str
    pieces: int
    of: int
    lots: int
    numbers: list[int]


@dataclass(frozen=True)
class Pieces:
    """The ways of suspect material through the lots and steps of a cone, with amounts.

    `source` is how much of each lot is suspect by itself; an input row leads `lot` into `step`, an
    output row out of it. Amounts are in the item's stock unit and infinite where nothing bounds
    them. `bulk` lots, and those of vague amounts, are wholly affected by any amount; `loose` steps
    may make several affected pieces of one.
    """

    whole: Numbers
    source: Numbers
    bulk: Flags
    loose: Flags
    in_lot: Index
    in_step: Index
    in_amount: Numbers
    out_step: Index
    out_lot: Index
    out_amount: Numbers

    def at_most(self) -> Numbers:
        """Greatest affected amount of each lot by itself, infinite where it is unknown.

        Every round is a bound already, so that a long loop of rework may stop short.
        """
        most = self.whole.copy()
        for _ in range(_ROUNDS):
            into = _sums(self.in_step, np.minimum(self.in_amount, most[self.in_lot]),
                         len(self.loose))  # fmt: skip
            into[self.loose] = np.inf
            reach = np.minimum(self.out_amount, into[self.out_step])
            fresh = np.minimum(most, self.source + _sums(self.out_lot, reach, len(most)))
            fresh[self.bulk] = self.whole[self.bulk]
            if np.array_equal(fresh, most):
                break
            most = fresh
        return most

    def together(self, lots: Index, amounts: Index) -> int:
        """Greatest number of affected pieces in these lots at one time, at most these amounts."""
        total = int(amounts.sum())
        count = len(self.whole)
        first_step, start = count, count + len(self.loose)
        end = start + 1
        free = np.flatnonzero(self.bulk | np.isinf(self.source))
        given = np.flatnonzero(~self.bulk & np.isfinite(self.source) & (self.source > 0))
        loose = np.flatnonzero(self.loose)
        tail = np.concatenate([
            np.full(len(free) + len(given) + len(loose), start),
            self.in_lot, first_step + self.out_step, lots,
        ])  # fmt: skip
        head = np.concatenate([
            free, given, first_step + loose,
            first_step + self.in_step, self.out_lot, np.full(len(lots), end),
        ])  # fmt: skip
        width = np.concatenate([
            np.full(len(free), np.inf), self.source[given], np.full(len(loose), np.inf),
            self.in_amount, self.out_amount, amounts,
        ])  # fmt: skip
        # No way carries more than the ends take in.
        whole = np.ceil(np.minimum(width, total)).astype(np.int64)
        pairs, at = np.unique(tail * np.int64(end + 1) + head, return_inverse=True)
        widths = np.minimum(np.bincount(at, weights=whole), total).astype(np.int32)
        graph = sparse.csr_array((widths, np.divmod(pairs, end + 1)), shape=(end + 1, end + 1))
        return int(maximum_flow(graph, start, end).flow_value)


_ROUNDS = 200


def pieces(facts: Facts, worlds: Worlds, amounts: pl.DataFrame, balances: pl.DataFrame) -> Pieces:
    """The network of a scope.

    `amounts`: quantity, uom of each lot of the plant; `balances`: those of the lots held.
    """
    cone, lineage = worlds.cone, worlds.cone.lineage
    items = facts[Item]
    reached = worlds.grade > 0
    about = pl.DataFrame({"item": cone.item_keys}).join(
        items.select("measure", item="key").unique("item"), on="item", how="left",
        maintain_order="left",
    )  # fmt: skip
    bulk = (about["measure"] != "pieces").fill_null(True).to_numpy().copy()
    bulk[cone.number(balances.filter(_vague())["lot"].to_numpy())] = True
    # The state of a line, which is no lot of the plant, has no amount: it bounds nothing.
    own = amounts[np.where(cone.material, cone.lots, 0)].with_columns(item=cone.item_keys)
    own = own.with_columns(quantity=pl.when(pl.Series(cone.material)).then("quantity"))
    whole = _known(quantity.to_item_unit(own, items)["amount"])
    roots = reached & (worlds.way < 0)
    steps = cone.steps[~cone.contact]
    into = _rows(lineage.consumed, lineage.inputs.at(steps), items)
    out = _rows(lineage.produced, lineage.outputs.at(steps), items)
    into, out = _within(worlds, into, reached), _within(worlds, out, reached)
    # Ways that are no record of the plant, such as contact, carry any amount.
    given = _unrecorded(cone.outputs.step, cone.outputs.lot, out)
    bulk[cone.outputs.lot[given]] = True
    loose = _loose(facts, worlds, into, out)
    taken = _unrecorded(cone.inputs.step, cone.inputs.lot, into) & reached[cone.inputs.lot]
    loose[cone.inputs.step[taken]] = True
    return Pieces(
        whole=whole,
        source=np.where(roots, whole, 0.0),
        bulk=bulk & reached,
        loose=loose,
        in_lot=into["lot"].to_numpy(), in_step=into["step"].to_numpy(),
        in_amount=_known(into["amount"]),
        out_step=out["step"].to_numpy(), out_lot=out["lot"].to_numpy(),
        out_amount=_known(out["amount"]),
    )  # fmt: skip


def _unrecorded(step: Index, lot: Index, rows: pl.DataFrame) -> Flags:
    """Which pairs of step and lot are none of the rows."""
    width = np.int64(int(lot.max(initial=0)) + 1)
    known = rows["step"].to_numpy() * width + rows["lot"].to_numpy()
    return ~np.isin(step * width + lot, known)


def _vague() -> pl.Expr:
    """Lots whose recorded amounts do not tell how much there was of them."""
    over = (C("unexplained") < -balance.ROUNDING).fill_null(False)
    return (C("state") != balance.BALANCED) | over


def _known(amounts: pl.Series) -> Numbers:
    known: Numbers = amounts.fill_null(np.inf).to_numpy().astype(np.float64)
    return known


def _sums(at: Index, amounts: Numbers, count: int) -> Numbers:
    return np.bincount(at, weights=amounts, minlength=count).astype(np.float64)


def _rows(flows: pl.DataFrame, rows: Index, items: pl.DataFrame) -> pl.DataFrame:
    """op, lot, item, amount; null where a rule made a row, or it is doubtful or of no amount."""
    columns = ("op", "lot", "item", "quantity", "uom", "rule", "doubtful")
    found = quantity.to_item_unit(flows.select(columns)[rows], items)
    amount = pl.when(stated() & ~C("doubtful") & (C("amount") > 0)).then("amount")
    return found.with_columns(amount=amount).group_by("op", "lot").agg(
        C("item").first(),
        amount=pl.when(C("amount").is_not_null().all()).then(C("amount").sum()),
    )  # fmt: skip


def _within(worlds: Worlds, rows: pl.DataFrame, reached: Flags) -> pl.DataFrame:
    """The rows by numbers of the cone, with the item of the lot, of lots that are reached."""
    cone = worlds.cone
    lot = np.searchsorted(cone.lots, rows["lot"].to_numpy())
    step = np.searchsorted(cone.steps, rows["op"].to_numpy())
    rows = rows.select("amount", lot=pl.Series(lot), step=pl.Series(step), item=cone.item_keys[lot])
    return rows.filter(pl.Series(reached[lot])).sort("step", "lot")


def _loose(facts: Facts, worlds: Worlds, into: pl.DataFrame, out: pl.DataFrame) -> Flags:
    """Steps of which one piece may be in several pieces, as far as the records tell.

    Safe are steps that give the very item they take, and recipes by which every output takes at
    least one whole piece of the item.
    """
    cone = worlds.cone
    pairs = into.select("step", "item").unique().join(
        out.select("step", parent="item").unique(), on="step"
    )  # fmt: skip
    pairs = pairs.join(_whole_pieces(facts), on=["item", "parent"], how="left", nulls_equal=False)
    kinds = cone.about["kind"][pairs["step"]]
    same = C("item").eq(C("parent")).fill_null(False)
    keeps = pl.Series(kinds.is_in([*IDENTITY, "rework", "merge"]))
    unsafe = pairs.filter(~(same & keeps) & ~C("whole").fill_null(False))
    loose = np.zeros(len(cone.steps), dtype=bool)
    loose[unsafe["step"].to_numpy()] = True
    return loose


def _whole_pieces(facts: Facts) -> pl.DataFrame:
    """item, parent, whole: one piece of the parent takes at least one of the item, always."""
    rows = facts[Component].filter(~C("co_product").fill_null(False))
    need = quantity.to_item_unit(rows.select("item", "parent", "quantity", "uom", "per_quantity"),
                                 facts[Item])  # fmt: skip
    each = C("amount") / C("per_quantity").fill_null(1.0)
    return need.group_by("item", "parent").agg(whole=(each >= 1 - 1e-9).fill_null(False).all())


def bounds(
    facts: Facts, worlds: Worlds, hazard: Hazard, net: Pieces, located: pl.DataFrame
) -> list[Bound]:
    """Where fewer pieces or lots can be affected than there are, by item.

    `located`: lot (number in the plant), item, amount (null if unknown) of where goods are now;
    what went away and came back stands once.
    """
    if hazard.kind not in STAYING:
        return []
    cone = worlds.cone
    units = dict(facts[Item].select("key", "uom").iter_rows())
    found = []
    for (item,), rows in sorted(located.drop_nulls("item").partition_by(
        "item", as_dict=True).items()
    ):  # fmt: skip
        held = rows.group_by("lot").agg(C("amount").sum(), C("amount").is_not_null().all().alias(
            "known")).filter((C("amount") > 0) | ~C("known")).sort("lot")  # fmt: skip
        lots = held["lot"].to_numpy()
        at = cone.number(lots)
        amounts = np.ceil(held["amount"].to_numpy()).astype(np.int64)
        if not held["known"].all() or not 0 < amounts.sum() < LARGEST:
            continue
        most = net.together(at, amounts)
        some = net.together(at, np.minimum(amounts, 1))
        if most < amounts.sum() or some < len(lots):
            found.append(
                Bound(str(item), units.get(item) or "", most, int(amounts.sum()), some,
                      lots.tolist())
            )  # fmt: skip
    return found


def affected(lots: pl.DataFrame, net: Pieces, hazard: Hazard) -> pl.DataFrame:
    """at_most, likely: affected amount of each row of a scope's lots, in the lot's unit.

    `likely` is the proportional share where the hazard stays with the pieces, else the whole lot;
    null where it is unknown.
    """
    whole = C("quantity")
    if hazard.kind not in STAYING:
        most = likely = whole
    else:
        at = lots["at"].to_numpy()
        cap, size = net.at_most()[at], net.whole[at]
        bounded = np.isfinite(cap) & (size > 0)
        part = np.where(bounded, np.divide(cap, size, where=bounded, out=np.ones(len(at))), 1.0)
        lots = lots.with_columns(part=pl.Series(part))
        most = (whole * C("part")).round(quantity.DECIMALS)
        likely = pl.min_horizontal((whole * C("share")).round(quantity.DECIMALS), most)
        likely = pl.when(C("share").is_not_null()).then(likely)
    out = C("tier") == "excluded"
    return lots.select(
        at_most=pl.when(out).then(0.0).otherwise(most),
        likely=pl.when(out).then(0.0).otherwise(likely),
    )
