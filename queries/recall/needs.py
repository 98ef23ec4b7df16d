"""Needs of the orders in a cone: of each step, product and needed group, the inputs that can serve.

Inputs stand by the moment they began, so those an output can have got are the first ones up to its
end: whether all of them contain root material is one comparison with the first that does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from graph_model.lineage import Index, Rows, spans
from queries.recall.cone import Cone, Flags
from queries.recall.parting import Parting
from queries.recall.recipe import Recipe

NEVER = np.int64(2**62)


@dataclass(frozen=True)
class Needs:
    """Rows by need: inputs that can serve it (by begin), outputs that have it, exact extras.

    A need is a step, an item made there and a group of items of which one lot at least went in.
    `extra_*` are lots that the same order put into one output by exact record, of that group.
    """

    cone: Cone
    first: Index
    step: Index
    input_from: Index
    input_row: Index
    output_from: Index
    output_row: Index
    extra_need: Index
    extra_output: Index
    extra_lot: Index

    @staticmethod
    def of(cone: Cone, recipe: Recipe, first: Index) -> Needs:
        """The needs of closed orders that do not pair their lots exactly.

        Rework takes the product itself again: the recipe says nothing about what it needed.
        """
        made_anew = cone.about["kind"].ne_missing("rework").to_numpy()
        judged = cone.closed & ~cone.exact & made_anew
        inputs, outputs = _lines(cone, judged)
        members = recipe.needs.with_row_index("_")
        wanted = outputs.select("step", "parent").unique().join(members, on="parent")
        served = wanted.join(inputs, on=["step", "item"])
        groups = served.select("step", "parent", "group").unique().sort("step", "parent", "group")
        groups = groups.with_row_index("need")
        served = served.join(groups, on=["step", "parent", "group"]).sort("need", "input")
        having = outputs.join(groups, on=["step", "parent"]).sort("need", "output")
        extras = _extras(cone, having, wanted)
        count = np.arange(len(groups) + 1)
        return Needs(
            cone, first, groups["step"].to_numpy(),
            np.searchsorted(served["need"].to_numpy(), count), served["input"].to_numpy(),
            np.searchsorted(having["need"].to_numpy(), count), having["output"].to_numpy(),
            extras["need"].to_numpy(), extras["output"].to_numpy(), extras["lot"].to_numpy(),
        )  # fmt: skip

    @cached_property
    def _by_lot(self) -> tuple[Rows, Index]:
        need = np.repeat(np.arange(len(self.step)), np.diff(self.input_from))
        lots = np.concatenate([self.cone.inputs.lot[self.input_row], self.extra_lot])
        return Rows.of(lots, len(self.cone.lots)), np.concatenate([need, self.extra_need])

    def of_lots(self, lots: Index) -> Index:
        """Needs that these lots serve."""
        rows, needs = self._by_lot
        return np.unique(needs[rows.at(lots)])

    def rows(self, needs: Index) -> Index:
        """Input rows that can serve these needs, need by need."""
        return self.input_row[spans(self.input_from[needs], self.input_from[needs + 1])[0]]

    def met(
        self, needs: Index, sure: Flags, sure_extra: Flags, partings: Sequence[Parting]
    ) -> tuple[Index, Index]:
        """Needs and output rows whose every allowed input and exact extra is sure.

        `sure` is about `rows(needs)`, `sure_extra` about all extras. Of what a parting keeps from
        an output nothing is sure there.
        """
        at, owner = spans(self.input_from[needs], self.input_from[needs + 1])
        rows = self.input_row[at]
        first = self.first[rows]
        # The first output that an input which is not sure can have gone into.
        limit = np.full(len(needs), NEVER)
        np.minimum.at(limit, owner[~sure], first[~sure])
        begin = np.full(len(needs), NEVER)
        np.minimum.at(begin, owner, first)
        most = [np.full(len(needs), parting.free) for parting in partings]
        for bound, parting in zip(most, partings, strict=True):
            np.minimum.at(bound, owner, parting.most[rows])
        at, owner = spans(self.output_from[needs], self.output_from[needs + 1])
        output = self.output_row[at]
        met = (output >= begin[owner]) & (output < limit[owner])
        for bound, parting in zip(most, partings, strict=True):
            met &= parting.rank[output] <= bound[owner]
        met &= ~self.cone.outputs.doubtful[output]
        met &= ~self._spoilt(needs[owner], output, ~sure_extra)
        return needs[owner[met]], output[met]

    def _spoilt(self, need: Index, output: Index, unsure: Flags) -> Flags:
        """Pairs of need and output with an exact extra that is not sure."""
        width = np.int64(len(self.cone.outputs.lot) + 1)
        spoilt = self.extra_need[unsure] * width + self.extra_output[unsure]
        return np.isin(need * width + output, spoilt)

    def able(self, need: int, lot: int) -> Index:
        """Lots of the cone that can have served this need of an output lot."""
        cone = self.cone
        rows = self.input_row[self.input_from[need] : self.input_from[need + 1]]
        outputs = self.output_row[self.output_from[need] : self.output_from[need + 1]]
        output = outputs[cone.outputs.lot[outputs] == lot]
        lots = cone.inputs.lot[rows[self.first[rows] <= output.max()]]
        extra = (self.extra_need == need) & np.isin(self.extra_output, output)
        return np.union1d(lots, self.extra_lot[extra])


def _lines(cone: Cone, judged: Flags) -> tuple[pl.DataFrame, pl.DataFrame]:
    keys, into, out = cone.item_keys, cone.inputs, cone.outputs
    inputs = pl.DataFrame(
        {"step": into.step, "item": keys[into.lot], "input": np.arange(len(into.lot))}
    ).filter(pl.Series(judged[into.step]))
    outputs = pl.DataFrame(
        {"step": out.step, "parent": keys[out.lot], "output": np.arange(len(out.lot))}
    ).filter(pl.Series(judged[out.step] & out.product))
    return inputs, outputs


def _extras(cone: Cone, having: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """need, output, lot: what an exactly paired part of an order put into the output."""
    items = pl.Series(cone.item_keys)
    pairs = cone.paired.with_columns(item=items[cone.paired["lot"]])
    lots = having.with_columns(made=pl.Series(cone.outputs.lot)[having["output"]])
    rows = lots.join(pairs, on="made").join(
        wanted.select("step", "parent", "group", "item").unique(),
        on=["step", "parent", "group", "item"],
    )
    return rows.select("need", "output", "lot").unique()
