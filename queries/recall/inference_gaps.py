"""What an answer about the source does not know, or leaves out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from graph_model.schema import SetAside
from queries.recall.completeness import Missing, of_rows
from queries.recall.inference_cases import Thing
from queries.recall.inference_network import NONE, Linked, Web
from queries.recall.inference_rules import unplaced
from queries.recall.rulebook import Rulebook


def gaps(web: Web, linked: Linked, rules: Rulebook, things: Sequence[Thing]) -> list[Missing]:
    """Every gap of the data and every rule that does not act here."""
    lineage = web.lineage
    aside = web.facts[SetAside]
    entries = of_rows("set_aside_network", aside["key"].to_list())
    for (rule,), rows in sorted(lineage.unresolved.partition_by("rule", as_dict=True).items()):
        entries += of_rows(str(rule), rows["key"].to_list())
    entries += of_rows("dates_contradict", _contradicting(web))
    lost = np.flatnonzero(unplaced(web, rules))
    entries += of_rows("place_unknown", lineage.operations["key"][lost].to_list())
    entries += of_rows("inside_group", web.deliveries.filter("own_group")["id"].to_list())
    entries += of_rows("case_apart", _apart(linked, things))
    scope_only = [f"kill_step {rule.step}" for rule in rules.kill_steps]
    scope_only += [f"carry_over_limit {rule.site}" for rule in rules.carry_over_limits]
    return entries + of_rows("scope_rules", scope_only)


def _contradicting(web: Web) -> list[str]:
    """Flows recorded lot to lot whose input came after the output had left; they are kept."""
    columns = ["op", "basis", "rule"]
    used = web.lineage.consumed.select(*columns, "t0", lot="lot")
    made = web.lineage.produced.select(*columns, "t1", product="lot")
    used, made = (rows.filter(pl.col("rule").is_null()) for rows in (used, made))
    exact = pl.col("basis") == "exact"
    pairs = used.filter(exact).join(made.filter(exact), on="op")
    late = pairs.filter(pl.col("t0") > pl.col("t1"))["op"].unique()
    return web.lineage.operations["key"][late].to_list()


def _apart(linked: Linked, things: Sequence[Thing]) -> list[str]:
    """Weighted stations that no delivery reaches: nothing can explain their cases."""
    return [
        thing.id
        for thing in things
        if thing.station != NONE and not (linked.recipient == thing.station).any()
    ]
