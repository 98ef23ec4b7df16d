"""What a scope says about contact: lines without proof of cleaning, and ways not considered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from graph_model import interval, keys
from graph_model.interval import MIN
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import MOVEMENTS, Decision, Site
from queries.recall.completeness import Missing, of_lots, of_rows
from queries.recall.contact import NOWHERE, TRACES, breaks, homes, runs
from queries.recall.contact.mixing import MIXING
from queries.recall.contact.runs import MADE_ON_LINES
from queries.recall.hazard import Hazard
from queries.recall.rulebook import Rulebook
from queries.recall.rules import kill_step
from queries.recall.worlds import CONTACT, GRADES, Worlds

NOT_CONSIDERED = "not_considered_"
"""How the kinds of contact begin that a scope does not follow."""


def gaps(facts: Facts, worlds: Worlds, hazard: Hazard, rulebook: Rulebook) -> list[Missing]:
    """Lines that were touched and not surely clean since, orders without a line, other ways."""
    cone = worlds.cone
    delays = interval.delays(facts[Decision], [facts[kind] for kind in MOVEMENTS])
    clean = breaks.find(
        facts, delays, runs.lines(facts[Site]), clearances_only=hazard.kind == "label"
    )
    # A cleaning before the suspect material came to the line keeps nothing out.
    last = {line: int(known.c0[-1]) for line, known in clean.items()}
    bare = pl.Series(
        sorted(line for line, since in touched(worlds).items() if last.get(line, MIN) <= since),
        dtype=pl.String,
    )
    lines = ", ".join(sorted(keys.parts(line)[-1] for line in bare))
    entries = of_rows("line_not_cleaned", bare, lines=lines)
    if hazard.kind in TRACES:
        made = makers(cone.lineage, cone.lots[(cone.depth >= 0) & cone.recorded])
        bare = without_line(cone.lineage, [cone.steps, made])
        # Of these a rule says on which few lines they can have run.
        told = [homes.orders(cone.lineage, home) for home in homes.find(facts, rulebook)]
        known = {key for ops in told for key in cone.lineage.operations["key"].gather(ops)}
        entries += of_rows("line_unknown", set(bare) - known)
    entries += of_lots(
        "kill_step_contact", cone.lineage, cone.lots[past_kill_step(worlds)].tolist()
    )
    return entries + [Missing(NOT_CONSIDERED + way) for way in ways(hazard)]


def past_kill_step(worlds: Worlds) -> Index:
    """Lots, by number in the cone, that contact reaches although a kill step lies before them.

    Residue is on a line as a whole. No record names all that goods touched before and after a
    step, so that none can say that residue of before it did not get behind it.
    """
    cone, cut = worlds.cone, worlds.cuts.get(kill_step.RULE.name)
    if cut is None or cut.parted is None:
        return np.empty(0, dtype=np.int64)
    reached = worlds.grade[cone.inputs.lot] > 0
    treated = np.isin(cone.outputs.step, cone.inputs.step[cut.parted.bound & reached])
    behind = np.unique(cone.outputs.lot[treated & (cut.parted.rank > 0)])
    found: Index = behind[worlds.grade[behind] == GRADES.index(CONTACT) + 1]
    return found


def ways(hazard: Hazard) -> list[str]:
    """Ways that no scope follows for this hazard, by name."""
    if hazard.kind in TRACES:
        return ["air", "water", "people", "tools", "cleaning_agents", "storage", "heel"]
    return ["people", "storage", "heel"] if hazard.kind == "label" else ["contact", "heel"]


def touched(worlds: Worlds) -> dict[str, int]:
    """Lines that suspect material or its residue came onto, and since when at the earliest."""
    cone = worlds.cone
    step, lot = cone.inputs.step, cone.inputs.lot
    came = np.flatnonzero(worlds.leads & cone.contact[step] & cone.material[lot])
    about = cone.lineage.operations.select("site", "rule")[cone.steps[step[came]]]
    since = np.maximum(worlds.since[lot[came]], worlds.clock.begin[came])
    rows = about.with_columns(since=pl.Series(since), entry=cone.inputs.rule[came])
    nameless = pl.any_horizontal(
        pl.col(name).is_in([NOWHERE, MIXING]).fill_null(False) for name in ("rule", "entry")
    )
    first = rows.filter(~nameless).drop_nulls("site").group_by("site").agg(pl.col("since").min())
    return dict(first.select("site", "since").iter_rows())


def makers(lineage: Lineage, lots: Index) -> Index:
    """Operations, by number in the plant, that gave these lots.

    Of an order that contact alone reached, no step is in the cone.
    """
    made: Index = lineage.produced["op"].gather(lineage.origins.at(lots)).to_numpy()
    return made


def without_line(lineage: Lineage, operations: Sequence[Index]) -> pl.Series:
    """Keys of the orders among these operations that name no line: they may have run on any."""
    about = lineage.operations.select("key", "kind", "site", "rule", "order")
    about = about[np.unique(np.concatenate(operations))]
    bare = pl.col("site").is_null() & pl.col("order").is_null() & pl.col("rule").is_null()
    return about.filter(bare & pl.col("kind").is_in(MADE_ON_LINES))["key"]
