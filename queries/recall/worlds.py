"""Which lots are reached in some world, which in every world.

Records leave open which input of an operation went into which output; a *world* is one way it can
have been (DESIGN: worlds). `possible` = reached over allowed pairs. `certain` = reached in every
world, as the least fixpoint over forced pairs and needs. A pair is allowed unless every issue of
the input began after the last receipt of the output had ended; an exact record is never cut.
Everything runs on the cone of the roots, with the operations' other inputs beside it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from graph_model.interval import MIN
from graph_model.lineage import Index, Lineage

RECORDED, MIXED = "recorded", "mixed_stock"
GRADES = (RECORDED, MIXED)
_IDENTITY = {
    "receive", "opening", "transfer", "split", "pack", "unpack", "rename", "return", "count",
}  # fmt: skip


@dataclass(slots=True)
class Input:
    """One input lot of an operation: its earliest issue and what the record is worth."""

    begin: int
    doubtful: bool
    recorded: bool
    item: str | None
    rule: str | None
    excess: bool = False
    """More of the item was issued than the recipe explains."""


@dataclass(slots=True)
class Output:
    """One output lot of an operation: its latest receipt and whether recipe needs apply."""

    end: int
    product: bool
    doubtful: bool
    recorded: bool


@dataclass(slots=True)
class Step:
    """An operation of the cone. `timeless`: exact, identity-preserving or without a world."""

    kind: str
    exact: bool
    open: bool
    order: str | None
    rule: str | None
    inputs: dict[int, Input] = field(default_factory=dict)
    outputs: dict[int, Output] = field(default_factory=dict)
    returned: set[int] = field(default_factory=set)
    timeless: bool = False
    conflict: bool = False

    def allows(self, lot: int, output: int) -> bool:
        """The input can have gone into the output."""
        return self.timeless or self.inputs[lot].begin <= self.outputs[output].end


@dataclass(frozen=True)
class Recipe:
    """What items need: item -> groups of items of which one is needed; and lots that mix."""

    needs: Mapping[str, list[frozenset[str]]]
    homogeneous: frozenset[str]

    @staticmethod
    def of(components: pl.DataFrame, items: pl.DataFrame) -> Recipe:
        """Needs from recipes: alternates count as one; of several recipes only what all need."""
        needs: dict[str, list[frozenset[str]]] = {}
        # A line that holds for a time only, or that nothing is taken of, forces nothing.
        always = pl.col("valid_from").is_null() & pl.col("valid_to").is_null()
        taken = pl.col("quantity").fill_null(1.0) > 0
        inputs = components.filter(
            ~pl.col("co_product").fill_null(False) & taken & always
        ).with_columns(
            bom_no=pl.col("bom_no").fill_null(""), group=pl.coalesce("alternate_group", "item")
        )
        groups = inputs.group_by("parent", "bom_no", "group", maintain_order=True).agg("item")
        recipes = inputs.group_by("parent").agg(boms=pl.col("bom_no").n_unique())
        single = dict(recipes.filter(pl.col("boms") == 1).select("parent", "boms").iter_rows())
        for parent, _, _, members in groups.iter_rows():
            if parent in single:
                needs.setdefault(parent, []).append(frozenset(members))
        mixing = items.filter(pl.col("homogeneous").fill_null(False))["key"]
        return Recipe(needs, frozenset(mixing))


@dataclass(frozen=True)
class Via:
    """How a lot was reached: operation and the lots that lead there."""

    operation: int
    lots: tuple[int, ...]
    rule: str


@dataclass
class Worlds:
    """Result of the analysis, by lot number."""

    steps: dict[int, Step]
    makers: dict[int, list[int]]
    takers: dict[int, list[int]]
    grade: dict[int, str]
    via: dict[int, Via]
    certain: dict[int, Via]
    whole: set[int]
    depth: dict[int, int]
    conflicts: list[int]


def explore(
    lineage: Lineage, recipe: Recipe, certain_roots: Index, possible_roots: Index
) -> Worlds:
    """Tiers of everything in the cone of the roots. Only `certain_roots` make lots certain."""
    roots = np.unique(np.concatenate([certain_roots, possible_roots])).astype(np.int64)
    cone = lineage.forward(roots)
    steps = _steps(lineage, cone.operations)
    makers: dict[int, list[int]] = defaultdict(list)
    takers: dict[int, list[int]] = defaultdict(list)
    item_of = _items(lineage, steps)
    for number, step in steps.items():
        for lot in step.inputs:
            takers[lot].append(number)
        for lot in step.outputs:
            makers[lot].append(number)
    extra = _exact_inputs(steps)
    conflicts = []
    for number, step in steps.items():
        if not step.timeless and not _has_world(step, recipe, item_of):
            step.timeless = step.conflict = True
            conflicts.append(number)
    grade, via = _possible(steps, takers, [int(lot) for lot in roots])
    certain, whole = _certain(
        steps,
        takers,
        _all_makers(lineage, list(makers)),
        recipe,
        item_of,
        extra,
        [int(lot) for lot in certain_roots],
    )
    depth = dict(zip(cone.lots.tolist(), cone.distance.tolist(), strict=True))
    return Worlds(steps, dict(makers), dict(takers), grade, via, certain, whole, depth, conflicts)


# ---------------------------------------------------------------------------- the cone as steps


def _steps(lineage: Lineage, operations: Index) -> dict[int, Step]:
    about = lineage.operations[operations]
    steps: dict[int, Step] = {}
    for number, kind, status, order, rule in zip(
        operations.tolist(), about["kind"], about["status"], about["order"], about["rule"],
        strict=True,
    ):  # fmt: skip
        identity = kind in _IDENTITY or rule is not None
        exact = identity or order is not None
        steps[number] = Step(kind, exact, status != "closed", order, rule, timeless=exact)
    into = (
        lineage.consumed[lineage.inputs.at(operations)]
        .group_by("op", "lot")
        .agg(
            pl.col("t0").min(),
            pl.col("doubtful").all(),
            recorded=pl.col("rule").is_null().any(),
            exact=(pl.col("basis") == "exact").all(),
            item=pl.col("item").first(),
            rule=pl.col("rule").first(),
            net=pl.col("quantity").sum() > 0,
            known=pl.col("quantity").is_not_null().any(),
        )
    )
    over = set(lineage.gap_over.select("operation", "item").iter_rows())
    keys = dict(zip(operations.tolist(), about["key"], strict=True))
    for op, lot, begin, doubtful, recorded, exact, item, rule, net, known in into.iter_rows():
        step = steps[op]
        excess = (step.order or keys[op], item) in over
        step.inputs[lot] = Input(begin, doubtful, recorded, item, rule, excess)
        step.exact = step.exact or bool(exact)
        if known and not net:  # taken back by negative lines
            step.returned.add(lot)
    out = (
        lineage.produced[lineage.outputs.at(operations)]
        .group_by("op", "lot")
        .agg(
            pl.col("t1").max(),
            pl.col("doubtful").all(),
            product=pl.col("output_kind").fill_null("product").is_in(["product"]).any(),
            recorded=pl.col("rule").is_null().any(),
            exact=(pl.col("basis") == "exact").all(),
        )
    )
    for op, lot, end, doubtful, product, recorded, exact in out.iter_rows():
        steps[op].outputs[lot] = Output(end, product, doubtful, recorded)
        if not exact and steps[op].rule is None and steps[op].order is None:
            steps[op].exact = steps[op].kind in _IDENTITY
    for step in steps.values():
        step.timeless = step.exact
    both = [frame.select("op", "lot") for frame in (lineage.returned, lineage.maybe_returned)]
    back = pl.concat(both).filter(pl.col("op").is_in(pl.Series(operations).implode()))
    for op, lot in back.iter_rows():
        steps[op].returned.add(lot)
    return steps


def _all_makers(lineage: Lineage, lots: list[int]) -> dict[int, list[int]]:
    """Every operation that made each lot, also those outside the cone."""
    rows = lineage.origins.at(np.array(lots, dtype=np.int64))
    found: dict[int, set[int]] = defaultdict(set)
    for lot, operation in zip(
        lineage.produced_lot[rows].tolist(), lineage.produced_op[rows].tolist(), strict=True
    ):
        found[lot].add(operation)
    return {lot: sorted(operations) for lot, operations in found.items()}


def _items(lineage: Lineage, steps: dict[int, Step]) -> dict[int, str | None]:
    lots = sorted({lot for step in steps.values() for lot in (*step.inputs, *step.outputs)})
    return dict(zip(lots, lineage.lots["item"][lots].to_list() if lots else [], strict=True))


def _exact_inputs(steps: dict[int, Step]) -> dict[int, list[int]]:
    """Output lot -> lots that a part of the order, paired exactly, put into it."""
    paired: dict[int, list[int]] = defaultdict(list)
    for step in steps.values():
        if step.order is not None:
            for output in step.outputs:
                paired[output].extend(step.inputs)
    return paired


def _has_world(step: Step, recipe: Recipe, item_of: Mapping[int, str | None]) -> bool:
    """Every input has somewhere to go, every needed item that is recorded can have come."""
    inputs = {lot: row for lot, row in step.inputs.items() if row.recorded and not row.doubtful}
    ends = [row.end for row in step.outputs.values()]
    if not inputs or not ends:
        return True
    latest = max(ends)
    if not step.open and any(
        row.begin > latest and lot not in step.returned for lot, row in inputs.items()
    ):
        return False
    first: dict[str, int] = {}
    for lot, row in step.inputs.items():
        item = item_of[lot]
        if item is not None and row.recorded:
            first[item] = min(first.get(item, row.begin), row.begin)
    for lot, output in step.outputs.items():
        for group in recipe.needs.get(item_of[lot] or "", []) if output.product else []:
            begins = [first[item] for item in group if item in first]
            if begins and min(begins) > output.end:
                return False
    return True


# ---------------------------------------------------------------------------- possible


def _possible(
    steps: dict[int, Step], takers: Mapping[int, list[int]], roots: list[int]
) -> tuple[dict[int, str], dict[int, Via]]:
    """Best grade and way of every lot reached over allowed pairs."""
    grade: dict[int, str] = dict.fromkeys(roots, RECORDED)
    via: dict[int, Via] = {}
    for name in GRADES:
        waiting = {
            number: [lot for _, lot in sorted((row.end, lot) for lot, row in step.outputs.items())]
            for number, step in steps.items()
        }
        queue = deque(grade)
        while queue:
            lot = queue.popleft()
            for number in takers.get(lot, ()):
                step, row = steps[number], steps[number].inputs[lot]
                if name == RECORDED and (not row.recorded or step.rule is not None):
                    continue
                begin = MIN if step.timeless else row.begin
                outputs = waiting[number]
                while outputs and (step.timeless or step.outputs[outputs[-1]].end >= begin):
                    output = outputs.pop()
                    if output in grade:
                        continue
                    if name == RECORDED and not step.outputs[output].recorded:
                        continue
                    grade[output] = name
                    via[output] = Via(number, (lot,), row.rule or step.rule or "recorded")
                    queue.append(output)
    return grade, via


# ---------------------------------------------------------------------------- certain


def _certain(
    steps: dict[int, Step],
    takers: Mapping[int, list[int]],
    makers: Mapping[int, list[int]],
    recipe: Recipe,
    item_of: Mapping[int, str | None],
    paired: Mapping[int, list[int]],
    roots: list[int],
) -> tuple[dict[int, Via], set[int]]:
    """Least fixpoint: lots that contain root material in every world, and those wholly affected."""
    certain: dict[int, Via] = {lot: Via(-1, (), "root") for lot in roots}
    whole = set(roots)
    queue = deque(roots)

    def spreads(lot: int) -> bool:
        """Any part taken from the lot contains root material."""
        return lot in certain and (lot in whole or item_of.get(lot) in recipe.homogeneous)

    while queue:
        lot = queue.popleft()
        for number in takers.get(lot, ()):
            step = steps[number]
            if step.rule is not None or not spreads(lot):
                continue
            for output, reason, lots in _forced(step, lot, spreads, recipe, item_of, paired):
                entire = _entire(step, output, lots, reason, whole, makers)
                grown = entire and output not in whole
                if grown:
                    whole.add(output)
                if output not in certain:
                    certain[output] = Via(number, lots, reason)
                    queue.append(output)
                elif grown:
                    queue.append(output)
    return certain, whole


def _forced(
    step: Step,
    lot: int,
    spreads: Callable[[int], bool],
    recipe: Recipe,
    item_of: Mapping[int, str | None],
    paired: Mapping[int, list[int]],
) -> list[tuple[int, str, tuple[int, ...]]]:
    """Outputs that contain the certain lot in every world: (output, reason, lots)."""
    row = step.inputs[lot]
    sure = [number for number, output in step.outputs.items() if not output.doubtful]
    if step.exact:
        told = not row.doubtful and lot not in step.returned
        return [(output, "exact", (lot,)) for output in sure] if told else []
    if step.open:
        return []
    found: list[tuple[int, str, tuple[int, ...]]] = []
    allowed = [output for output in step.outputs if step.allows(lot, output)]
    closed = row.recorded and not (row.doubtful or row.excess) and lot not in step.returned
    if closed and len(allowed) == 1 and allowed[0] in sure:
        found.append((allowed[0], "only_output", (lot,)))
    item = item_of[lot]
    for output in sure:
        if not step.outputs[output].product:
            continue
        for group in recipe.needs.get(item_of[output] or "", []):
            if item not in group:
                continue
            able = {other for other in step.inputs if item_of[other] in group}
            able = {other for other in able if step.allows(other, output)}
            able |= {other for other in paired.get(output, ()) if item_of[other] in group}
            doubt = any(other in step.inputs and step.inputs[other].doubtful for other in able)
            if able and not doubt and all(spreads(other) for other in able):
                found.append((output, "all_of_need", tuple(sorted(able))))
    return found


def _entire(
    step: Step,
    output: int,
    lots: tuple[int, ...],
    reason: str,
    whole: set[int],
    makers: Mapping[int, list[int]],
) -> bool:
    """Every unit of the output contains root material."""
    if len(makers.get(output, ())) != 1 or not all(lot in whole for lot in lots):
        return False
    return reason == "all_of_need" or (step.kind in _IDENTITY and set(step.inputs) <= whole)
