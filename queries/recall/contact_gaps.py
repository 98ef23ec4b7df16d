"""What a scope says about contact: lines without proof of cleaning, and ways not considered."""

from __future__ import annotations

import numpy as np
import polars as pl

from graph_model import keys
from graph_model.lineage import Index
from queries.recall.completeness import Missing, of_rows
from queries.recall.cone import Cone
from queries.recall.contact import NOWHERE, PAST_BREAK, TRACES
from queries.recall.contact.mixing import MIXING
from queries.recall.contact.stays import MADE_ON_LINES
from queries.recall.hazard import Hazard
from queries.recall.worlds import Worlds

NOT_CONSIDERED = "not_considered_"
"""How the kinds of contact begin that a scope does not follow."""


def gaps(worlds: Worlds, hazard: Hazard) -> list[Missing]:
    """Lines that were touched and never surely clean, orders without a line, and other ways."""
    cone = worlds.cone
    about = cone.lineage.operations.select("site", "rule")
    touched = about[cone.steps[_touched(worlds)]]
    parted = about.filter(pl.col("rule") == PAST_BREAK)["site"].unique()
    named = (
        touched.filter(~pl.col("rule").is_in([NOWHERE, MIXING]).fill_null(False))["site"]
        .drop_nulls()
        .unique()
    )
    bare = named.filter(~named.is_in(parted.implode()))
    lines = ", ".join(sorted(keys.parts(line)[-1] for line in bare))
    entries = of_rows("line_not_cleaned", bare, lines=lines)
    if hazard.kind in TRACES:
        entries += of_rows("line_unknown", _without_line(cone))
    return entries + [Missing(NOT_CONSIDERED + way) for way in ways(hazard)]


def ways(hazard: Hazard) -> list[str]:
    """Ways that no scope follows for this hazard, by name."""
    if hazard.kind in TRACES:
        return ["air", "water", "people", "tools", "cleaning_agents", "storage", "heel"]
    return ["people", "storage", "heel"] if hazard.kind == "label" else ["contact", "heel"]


def _touched(worlds: Worlds) -> Index:
    """Steps of lines that suspect material or its residue came onto."""
    step = worlds.cone.inputs.step
    return np.unique(step[worlds.leads & worlds.cone.contact[step]])


def _without_line(cone: Cone) -> pl.Series:
    """Keys of orders of the cone that name no line: they may have run on any."""
    about = cone.lineage.operations.select("key", "kind", "site", "rule", "order")[cone.steps]
    bare = pl.col("site").is_null() & pl.col("order").is_null() & pl.col("rule").is_null()
    return about.filter(bare & pl.col("kind").is_in(MADE_ON_LINES))["key"]
