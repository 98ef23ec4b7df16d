"""What items need: of which groups of items each output must have got at least one lot."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from graph_model.derived.codes import Codes, aliases
from graph_model.network import Facts
from graph_model.schema import Component, Item


@dataclass(frozen=True)
class Recipe:
    """`needs`: parent, group, item (one item of each group is needed); `homogeneous`: item keys."""

    needs: pl.DataFrame
    homogeneous: pl.Series

    @staticmethod
    def of(facts: Facts) -> Recipe:
        """Alternates count as one need. Of an item with several recipes nothing is known."""
        # A line that holds for a time only, or that nothing is taken of, forces nothing.
        always = pl.col("valid_from").is_null() & pl.col("valid_to").is_null()
        taken = pl.col("quantity").fill_null(1.0) > 0
        made = ~pl.col("co_product").fill_null(False)
        codes = Codes.of(aliases(facts), facts[Item])
        lines = (
            facts[Component]
            .filter(made & taken & always)
            .with_columns(
                recipe=pl.struct("parent", pl.col("bom_no").fill_null("")),
                group=pl.coalesce("alternate_group", "item"),
            )
        )
        lines = codes.under_usual(lines, "parent", "item")
        single = pl.col("recipe").n_unique().over("parent") == 1
        needs = lines.filter(single).select("parent", "group", "item").unique()
        # A lot may carry any code of the item that is needed, or made.
        needs = codes.under_all(needs, "parent", "item")
        items = facts[Item].filter(pl.col("homogeneous").fill_null(False))
        return Recipe(needs.sort("parent", "group", "item"), items["key"])
