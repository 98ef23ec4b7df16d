"""Time: what was first issued after an output was last received cannot be in it.

Both bounds have the posting delays of their sources applied; an unbounded side never cuts. Steps
that keep lots apart or pair them by record are not judged by time. A step whose times leave no
way for its material has wrong times, not missing material: there the rule is withdrawn.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from graph_model.lineage import Index
from queries.recall.cone import Cone, Flags
from queries.recall.recipe import Recipe
from queries.recall.rules import Case, Cut, Rule


def cut(cone: Cone, case: Case) -> Cut:
    """First allowed output of each input; all outputs where times are not judged."""
    if not case.rulebook.temporal_order:
        return Cut()
    first, wrong = allowed(cone, case.recipe, cone.inputs.begin)
    return Cut(first=first, withdrawn=np.flatnonzero(wrong))


RULE = Rule("time", "records", cut)


def allowed(cone: Cone, recipe: Recipe, begin: Index) -> tuple[Index, Flags]:
    """First output that each input, issued at `begin`, can be in; steps with wrong times."""
    wrong = _wrong_times(cone, recipe, begin)
    step = cone.inputs.step
    free = (cone.exact | wrong)[step]
    return np.where(free, cone.output_from[step], _first_not_before(cone, begin)), wrong


def _first_not_before(cone: Cone, begin: Index) -> Index:
    """The first output row of each input's step that ended when the input had begun."""
    inputs, outputs = cone.inputs, cone.outputs
    moments = np.unique(np.concatenate([begin, outputs.end]))
    width = np.int64(len(moments) + 1)
    ends = outputs.step * width + np.searchsorted(moments, outputs.end)
    begins = inputs.step * width + np.searchsorted(moments, begin)
    return np.searchsorted(ends, begins)


def _wrong_times(cone: Cone, recipe: Recipe, begin: Index) -> Flags:
    """Steps where an input had nowhere to go, or a needed item cannot have come."""
    steps, inputs, outputs = len(cone.steps), cone.inputs, cone.outputs
    judged = inputs.recorded & ~inputs.doubtful
    lasts = cone.output_from[1:] - 1
    some = cone.output_from[1:] > cone.output_from[:-1]
    latest = np.where(some, outputs.end[lasts], 0) if len(outputs.end) else np.zeros(steps)
    stranded = judged & ~inputs.returned & (begin > latest[inputs.step])
    wrong = np.zeros(steps, dtype=bool)
    wrong[inputs.step[stranded & cone.closed[inputs.step]]] = True
    wrong[_unfed(cone, recipe, begin)] = True
    able = np.zeros(steps, dtype=bool)
    able[inputs.step[judged]] = True
    return wrong & able & some & ~cone.exact


def _unfed(cone: Cone, recipe: Recipe, begin: Index) -> Index:
    """Steps with an output that was finished before the first lot of a needed item came."""
    inputs, outputs, keys = cone.inputs, cone.outputs, cone.item_keys
    first = (
        pl.DataFrame({"step": inputs.step, "item": keys[inputs.lot], "begin": begin})
        .filter(pl.Series(inputs.recorded))
        .group_by("step", "item")
        .agg(pl.col("begin").min())
    )
    made = (
        pl.DataFrame({"step": outputs.step, "parent": keys[outputs.lot], "end": outputs.end})
        .filter(pl.Series(outputs.product))
        .group_by("step", "parent")
        .agg(pl.col("end").min())
    )
    came = made.join(recipe.needs, on="parent").join(first, on=["step", "item"])
    fed = came.group_by("step", "parent", "group").agg(
        late=pl.col("begin").min() > pl.col("end").first()
    )
    return fed.filter("late")["step"].unique().to_numpy()
