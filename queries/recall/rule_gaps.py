"""What a scope says about the plant's own rules: those that had no effect, and what they assume."""

from __future__ import annotations

import polars as pl

from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Site
from queries.recall.completeness import Missing, of_rows
from queries.recall.contact import homes, mixing
from queries.recall.hazard import Hazard
from queries.recall.rulebook import Rulebook


def gaps(facts: Facts, lineage: Lineage, hazard: Hazard, rulebook: Rulebook) -> list[Missing]:
    """Rules that name nothing, assumptions that no scope makes, and movements without a place."""
    ignored = [f"[[{name}]]" for name in rulebook.ignored_by_scopes]
    entries = of_rows("rules_ignored", ignored, tables=", ".join(ignored))
    if rulebook.cross_contamination:
        mixed = mixing.find(facts, lineage, rulebook)
        entries += of_rows("mixing_unfit", mixed.unfit, rules="; ".join(mixed.unfit))
        entries += of_rows("mixing_unplaced", mixed.unplaced)
    lost = homes.unfit(facts, rulebook)
    entries += of_rows("line_of_item_unfit", lost, items=", ".join(lost))
    sites = facts[Site].select("key", "site_code")
    unfit = [
        f"{limit.site} ({limit.validation})"
        for limit in rulebook.carry_over_limits
        if limit.hazard == hazard.kind
        and len(sites.filter(pl.any_horizontal(pl.all() == limit.site))) != 1
    ]
    return entries + of_rows("limit_unfit", unfit, limits=", ".join(unfit))
