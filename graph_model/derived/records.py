"""What the rules look at: movements that stand, and facts beside them, under usual codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from graph_model.derived import ends, gaps
from graph_model.derived.codes import Codes
from graph_model.derived.facts import Facts
from graph_model.schema import Lot, Operation, Produced


@dataclass(frozen=True)
class Records:
    """One fold, judged once: what stands, when it can have happened, and what amounts leave open.

    `recorded`: movements as written, with `t0`, `t1`, `proposed` (the lot is a guess) and
    `doubtful`. `counts`, `cleanings` and `carried` (over from order to order, what stands of it)
    have `t0`, `t1` too. `retracted`: keys of lots that no row
    that stands names.
    """

    facts: Facts
    recorded: Mapping[type, pl.DataFrame]
    counts: pl.DataFrame
    cleanings: pl.DataFrame
    carried: pl.DataFrame
    codes: Codes
    retracted: pl.Series

    @cached_property
    def moves(self) -> dict[type, pl.DataFrame]:
        """The movements under usual item codes, without nameless scrap and samples."""
        moves = {
            kind: self.codes.under_usual(frame, "item") for kind, frame in self.recorded.items()
        }
        moves[Produced] = moves[Produced].filter(~ends.is_end())
        return moves

    @cached_property
    def gaps(self) -> gaps.Gaps:
        """What orders used beyond, or short of, what their recipe explains."""
        return gaps.find(self.facts, self.recorded)

    @cached_property
    def orders(self) -> pl.DataFrame:
        """operation -> whole order, with `kind`, `made` (usual item) and `site` of the order."""
        return orders(self.facts[Operation], self.codes)

    @cached_property
    def lots(self) -> pl.DataFrame:
        """The lots that there are by the rows that stand, under usual item codes."""
        found = self.codes.under_usual(self.facts[Lot], "item")
        if self.retracted.is_empty():
            return found
        return found.filter(~pl.col("key").is_in(self.retracted.implode()))


def orders(operations: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """Every operation with its whole order and that order's `kind`, item `made` and `site`."""
    whole = operations.select(order="key", _made="item", _site="site", _kind="kind")
    each = operations.select(
        "kind", "site", operation="key", order=pl.coalesce("order", "key"), made="item"
    )
    if operations["order"].null_count() < len(operations):
        each = each.join(whole, on="order", how="left", maintain_order="left")
        each = each.with_columns(
            made=pl.coalesce("_made", "made"),
            site=pl.coalesce("site", "_site"),
            kind=pl.coalesce("_kind", "kind"),
        )
    return codes.under_usual(each.select("operation", "order", "kind", "made", "site"), "made")
