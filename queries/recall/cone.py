"""The cone of the roots in columns: steps, their inputs and outputs, and what each record is worth.

Lots and steps are numbered within the cone. Inputs stand by step and by the earliest moment of
issue, outputs by step and by the latest moment of receipt, so that the outputs an input can have
gone into are always the end of its step's stretch of outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
from polars.dataframe.group_by import GroupBy

from graph_model import quantity
from graph_model.derived.carried import stated
from graph_model.lineage import Index, Lineage, Rows, spans
from queries.recall.contact import CONTACT

Flags = npt.NDArray[np.bool_]
IDENTITY = (
    "receive", "opening", "transfer", "split", "pack", "unpack", "rename", "return", "count",
)  # fmt: skip
"""Operations that keep lots apart: what goes in line by line comes out line by line."""


@dataclass(frozen=True)
class Inputs:
    """One row a step and input lot; of contact one a stay.

    `begin` and `until` are the earliest and latest moments of any issue line.
    """

    step: Index
    lot: Index
    begin: Index
    until: Index
    doubtful: Flags
    recorded: Flags
    excess: Flags
    """More of the item was issued than the recipe explains."""
    returned: Flags
    """Some of it was, or may have been, given back."""
    rule: pl.Series


@dataclass(frozen=True)
class Outputs:
    """One row a step and output lot; of contact one a stay.

    `begin` and `end` are the earliest and latest moments of any receipt line.
    """

    step: Index
    lot: Index
    begin: Index
    end: Index
    product: Flags
    doubtful: Flags
    recorded: Flags


@dataclass(frozen=True)
class Cone:
    """Everything reachable from the roots over all flows, with the other inputs of each step.

    `lots` and `steps` are the plant's numbers, ascending; `depth` is the distance from the roots,
    -1 for lots that only stand beside. `exact` steps keep lots apart or pair them by record.
    `contact` steps pass on traces, not material; their numbers and those of their lots come after
    the plant's own.
    """

    lineage: Lineage
    lots: Index
    depth: Index
    steps: Index
    about: pl.DataFrame
    exact: Flags
    identity: Flags
    closed: Flags
    derived: Flags
    contact: Flags
    inputs: Inputs
    outputs: Outputs
    paired: pl.DataFrame
    """lot, made: what exactly paired parts of orders, in the cone or not, put into an output."""

    @staticmethod
    def of(lineage: Lineage, roots: Index) -> Cone:
        """The cone forward from these lots."""
        reach = lineage.forward(roots)
        steps = np.sort(reach.operations)
        about = lineage.operations.select("key", "kind", "status", "order", "rule")[steps]
        contact = about["kind"].eq_missing(CONTACT).to_numpy()
        into = _inputs(lineage, steps, contact)
        out = _outputs(lineage, steps, contact)
        paired = _paired_inputs(lineage, np.unique(out["lot"].to_numpy()))
        beside = np.concatenate([into["lot"].to_numpy(), paired["lot"].to_numpy()])
        lots = np.union1d(reach.lots, beside)
        depth = np.full(len(lots), -1, dtype=np.int64)
        depth[np.searchsorted(lots, reach.lots)] = reach.distance
        derived = about["rule"].is_not_null().to_numpy()
        identity = about["kind"].is_in(IDENTITY).to_numpy()
        kept = identity | derived | about["order"].is_not_null().to_numpy()
        exact = kept | _paired(len(steps), into, out)
        return Cone(
            lineage, lots, depth, steps, about, exact, identity,
            about["status"].eq_missing("closed").to_numpy(), derived,
            contact,
            _input_rows(into, lots, _excess(lineage, about, into), _returned(lineage, steps, into)),
            _output_rows(out, lots),
            paired.select(pl.Series(n, np.searchsorted(lots, paired[n])) for n in paired.columns),
        )  # fmt: skip

    @cached_property
    def stated(self) -> Flags:
        """Steps that a record states, in its own sheet or as residue that was carried over."""
        found: Flags = self.about.select(stated()).to_series().to_numpy()
        return found

    def keyed(self, rule: str) -> tuple[Index, list[str]]:
        """Steps of a rule of contact, and for each the key of what keeps it shut."""
        steps = np.flatnonzero(self.about["rule"].eq_missing(rule).to_numpy())
        rows = self.lineage.produced.select("op", "key")[self.lineage.outputs.at(self.steps[steps])]
        return steps, rows.unique("op", maintain_order=True)["key"].to_list()

    @cached_property
    def by_material(self) -> Flags:
        """Lots that material of the roots leads to, whatever is cut."""
        seen: Flags = self.depth == 0
        frontier = np.flatnonzero(seen)
        while frontier.size:
            rows = self.uses.at(frontier)
            steps = np.unique(self.inputs.step[rows[~self.contact[self.inputs.step[rows]]]])
            at, _ = spans(self.output_from[steps], self.output_from[steps + 1])
            frontier = np.unique(self.outputs.lot[at[~seen[self.outputs.lot[at]]]])
            seen[frontier] = True
        return seen

    @cached_property
    def uses(self) -> Rows:
        """Input rows by lot."""
        return Rows.of(self.inputs.lot, len(self.lots))

    @cached_property
    def input_from(self) -> Index:
        """First input row of each step; one more entry closes the last."""
        return np.searchsorted(self.inputs.step, np.arange(len(self.steps) + 1))

    @cached_property
    def output_from(self) -> Index:
        """First output row of each step; one more entry closes the last."""
        return np.searchsorted(self.outputs.step, np.arange(len(self.steps) + 1))

    @cached_property
    def item(self) -> Index:
        """A number for the item of each lot, -1 where the item is unknown."""
        codes = pl.Series(self.items).search_sorted(self.item_keys.fill_null(""))
        return np.where(self.item_keys.is_null().to_numpy(), -1, codes.to_numpy()).astype(np.int64)

    @cached_property
    def items(self) -> pl.Series:
        """Keys of the items in the cone, ascending."""
        return self.item_keys.drop_nulls().unique().sort()

    @cached_property
    def item_keys(self) -> pl.Series:
        """Item key of each lot."""
        return self.lineage.lots["item"][self.lots]

    @cached_property
    def makers(self) -> Index:
        """How many operations made each lot, also those outside the cone.

        An operation that took in nothing but the lot itself only moved it, and a lot that nothing
        brought in has nothing for its parts.
        """
        lineage = self.lineage
        at, owner = spans(lineage.origins.first[self.lots], lineage.origins.first[self.lots + 1])
        width = np.int64(len(lineage.operations) + 1)
        pairs = np.unique(owner * width + lineage.produced_op[lineage.origins.rows[at]])
        pairs = pairs[lineage.operations["kind"][pairs % width].ne_missing(CONTACT).to_numpy()]
        lot, op = pairs // width, pairs % width
        at, owner = spans(lineage.inputs.first[op], lineage.inputs.first[op + 1])
        took = lineage.consumed_lot[lineage.inputs.rows[at]]
        part = lineage.operations["kind"][op].eq_missing("part").to_numpy()[owner]
        empty = part & (lineage.origins.first[took] == lineage.origins.first[took + 1])
        other = (took != self.lots[lot][owner]) & ~empty
        taken, strange = np.zeros(len(op), dtype=bool), np.zeros(len(op), dtype=bool)
        taken[owner], strange[owner[other]] = True, True
        return np.bincount(lot[strange | ~taken], minlength=len(self.lots))

    @cached_property
    def recorded(self) -> Flags:
        """Lots that stand in the records; false for those that a rule derived."""
        flags: Flags = self.lineage.lots["rule"][self.lots].is_null().to_numpy()
        return flags

    @cached_property
    def material(self) -> Flags:
        """Lots of goods; false for the state that a line was in."""
        flags: Flags = self.lineage.lots["kind"][self.lots].ne_missing(CONTACT).to_numpy()
        return flags

    def number(self, lots: Index) -> Index:
        """Numbers within the cone of lots that are in it."""
        return np.searchsorted(self.lots, lots)


def _inputs(lineage: Lineage, steps: Index, contact: Flags) -> pl.DataFrame:
    columns = ["op", "lot", "t0", "t1", "doubtful", "rule", "basis", "item", "quantity", "uom"]
    rows = lineage.consumed.select(columns)[lineage.inputs.at(steps)]
    rows = _in_item_units(rows, lineage)
    grouped = _by_stay(rows, steps, contact).agg(
        pl.col("t0").min(),
        pl.col("t1").max(),
        pl.col("doubtful").all(),
        pl.col("item").first(),
        pl.col("rule").first(),
        recorded=stated().any(),
        exact=pl.col("basis").eq_missing("exact").all(),
        # Taken back by negative lines; perhaps, where amounts cannot be summed.
        undone=pl.col("quantity").is_not_null().any()
        & (
            (pl.col("quantity").sum() <= 0)
            | ((pl.col("unit").n_unique() > 1) & (pl.col("quantity") < 0).any())
        ),
    )
    return grouped.sort("step", "t0", "lot")


def _in_item_units(rows: pl.DataFrame, lineage: Lineage) -> pl.DataFrame:
    """The rows with quantity and `unit` in the stock unit of their item, where that converts."""
    if not (rows["quantity"] < 0).any():
        return rows.with_columns(unit="uom")
    rows = quantity.to_item_unit(rows, lineage.units)
    inside = pl.col("amount").is_not_null()
    return rows.with_columns(
        quantity=pl.coalesce("amount", "quantity"),
        unit=pl.when(~inside).then(pl.coalesce("uom", pl.lit(""))),
    ).drop("amount")


def _outputs(lineage: Lineage, steps: Index, contact: Flags) -> pl.DataFrame:
    columns = ["op", "lot", "t0", "t1", "doubtful", "rule", "basis", "output_kind"]
    rows = lineage.produced.select(columns)[lineage.outputs.at(steps)]
    grouped = _by_stay(rows, steps, contact).agg(
        pl.col("t0").min(),
        pl.col("t1").max(),
        pl.col("doubtful").all(),
        product=(pl.col("output_kind").fill_null("product") == "product").any(),
        recorded=stated().any(),
        exact=pl.col("basis").eq_missing("exact").all(),
    )
    return grouped.sort("step", "t1", "lot", "t0")


def _by_stay(rows: pl.DataFrame, steps: Index, contact: Flags) -> GroupBy:
    """Rows by step and lot; on a line by stay too: a lot that came twice was not there between."""
    step = pl.Series("step", np.searchsorted(steps, rows["op"].to_numpy()), dtype=pl.Int64)
    rows = rows.with_columns(step)
    stay = pl.when(pl.Series(contact)[step]).then("t0")
    return rows.with_columns(stay=stay).group_by("step", "op", "lot", "stay")


def _paired(count: int, into: pl.DataFrame, out: pl.DataFrame) -> Flags:
    """Steps that an exact input enters and that give exact outputs only."""
    paired = np.zeros(count, dtype=bool)
    paired[into.filter("exact")["step"].to_numpy()] = True
    paired[out.filter(~pl.col("exact"))["step"].to_numpy()] = False
    return paired


def _paired_inputs(lineage: Lineage, lots: Index) -> pl.DataFrame:
    """lot, made: inputs of the parts of orders that exact records pair with one of these lots."""
    made = lineage.produced.select("op", made="lot")[lineage.origins.at(lots)]
    parts = made.filter(lineage.operations["order"][made["op"]].is_not_null()).unique()
    steps = np.unique(parts["op"].to_numpy()).astype(np.int64)
    taken = lineage.consumed.select("op", "lot")[lineage.inputs.at(steps)]
    return taken.join(parts, on="op").select("lot", "made").unique()


def _excess(lineage: Lineage, about: pl.DataFrame, into: pl.DataFrame) -> Flags:
    """Input rows of orders and items of which more was issued than the recipe explains."""
    orders = about.select(pl.coalesce("order", "key").alias("operation"))["operation"]
    rows = pl.DataFrame({"operation": orders[into["step"]], "item": into["item"]})
    over = lineage.gap_over.select("operation", "item").unique()
    return _semi(rows, over)


def _returned(lineage: Lineage, steps: Index, into: pl.DataFrame) -> Flags:
    """Input rows that were, or may have been, given back."""
    ids = pl.Series(steps, dtype=pl.Int32).implode()
    both = [frame.select("op", "lot") for frame in (lineage.returned, lineage.maybe_returned)]
    back = pl.concat(frame.filter(pl.col("op").is_in(ids)) for frame in both).unique()
    undone: Flags = into["undone"].to_numpy()
    return _semi(into.select("op", "lot"), back) | undone


def _semi(rows: pl.DataFrame, wanted: pl.DataFrame) -> Flags:
    marked = rows.join(
        wanted.with_columns(_hit=pl.lit(True)), on=wanted.columns, how="left", maintain_order="left"
    )
    hits: Flags = marked["_hit"].fill_null(False).to_numpy()
    return hits


def _input_rows(into: pl.DataFrame, lots: Index, excess: Flags, returned: Flags) -> Inputs:
    return Inputs(
        step=into["step"].to_numpy(),
        lot=np.searchsorted(lots, into["lot"].to_numpy()),
        begin=into["t0"].to_numpy(),
        until=into["t1"].to_numpy(),
        doubtful=into["doubtful"].to_numpy(),
        recorded=into["recorded"].to_numpy(),
        excess=excess,
        returned=returned,
        rule=into["rule"],
    )


def _output_rows(out: pl.DataFrame, lots: Index) -> Outputs:
    return Outputs(
        step=out["step"].to_numpy(),
        lot=np.searchsorted(lots, out["lot"].to_numpy()),
        begin=out["t0"].to_numpy(),
        end=out["t1"].to_numpy(),
        product=out["product"].to_numpy(),
        doubtful=out["doubtful"].to_numpy(),
        recorded=out["recorded"].to_numpy(),
    )
