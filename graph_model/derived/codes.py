"""One thing under several codes: items and companies by alias, directly, in chains or in stars.

Mixed stock, gaps and recipes are of the item, not of the code, so rules look at records under one
usual code. Recorded rows keep the code they were written with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from graph_model import keys, quantity
from graph_model.interval import in_force
from graph_model.schema import Alias, Decision


class Facts(Protocol):
    """What a fold gives."""

    def __getitem__(self, kind: type) -> pl.DataFrame: ...


def aliases(facts: Facts) -> pl.DataFrame:
    """kind, alias, target: other codes as recorded, and as named persons decided."""
    decided = in_force(facts[Decision]).filter(pl.col("kind") == "alias")
    # The key of an item begins with the company whose numbering it is.
    kind = pl.when(pl.col("subject").str.contains("/")).then(pl.lit("item"))
    rows = decided.select("target", kind=kind.otherwise(pl.lit("company")), alias="subject")
    columns = ["kind", "alias", "target"]
    return pl.concat([facts[Alias].select(columns), rows.select(columns)])


@dataclass(frozen=True)
class Codes:
    """The usual code of items (by key) and companies that have several; the others stay."""

    items: dict[str, str]
    companies: dict[str, str]

    @staticmethod
    def of(aliases: pl.DataFrame, items: pl.DataFrame) -> Codes:
        """Codes of a fold's `Alias` and `Item`. Companies under two codes number the same items."""
        companies = _usual(
            (_name(alias), _name(target)) for alias, target in _pairs(aliases, "company")
        )
        pairs = list(_pairs(aliases, "item"))
        if companies:
            known = items.select("key", "company", "item_code").drop_nulls()
            pairs += [
                (key, keys.join(companies[company], code))
                for key, company, code in known.iter_rows()
                if company in companies
            ]
        return Codes(_usual(pairs), companies)

    def item(self, name: str = "item") -> pl.Expr:
        """The usual code of an item column."""
        return pl.col(name).replace(self.items) if self.items else pl.col(name)

    def company(self, name: str) -> pl.Expr:
        """The usual code of a company column."""
        return pl.col(name).replace(self.companies) if self.companies else pl.col(name)

    def under_usual(self, frame: pl.DataFrame, *names: str) -> pl.DataFrame:
        """The frame with its item columns under their usual codes."""
        if not self.items:
            return frame
        return frame.with_columns(self.item(name).alias(name) for name in names)

    def under_all(self, frame: pl.DataFrame, *names: str) -> pl.DataFrame:
        """Rows under usual codes, once for each code that their items have."""
        others = pl.DataFrame(
            list(self.items.items()),
            schema={"_other": pl.String, "_usual": pl.String},
            orient="row",
        )
        for name in names:
            more = frame.join(others, left_on=name, right_on="_usual")
            more = more.with_columns(pl.col("_other").alias(name)).select(frame.columns)
            frame = pl.concat([frame, more])
        return frame

    def amounts(self, frame: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
        """Adds `amount` in the stock unit of the usual item, and puts `item` under that code.

        Null where it cannot be converted. Each code's own packs and unit count for its rows.
        """
        own = quantity.to_item_unit(frame, items)
        if not self.items:
            return own
        other = pl.col("item").is_in(list(self.items)).fill_null(False)
        units = items.select("key", "uom").unique("key")
        moved = own.filter(other).drop("uom", "quantity")
        moved = moved.join(units, left_on="item", right_on="key", how="left")
        moved = moved.rename({"amount": "quantity"}).with_columns(item=self.item())
        restated = quantity.to_item_unit(moved, items).select(own.columns)
        return pl.concat([own.filter(~other), restated])


def _pairs(aliases: pl.DataFrame, kind: str) -> Iterable[tuple[str, str]]:
    of_kind = aliases.filter(pl.col("kind") == kind)
    return of_kind.select("alias", "target").drop_nulls().unique().sort("alias", "target").rows()


def _name(key: str) -> str:
    return keys.parts(key)[0]


def _usual(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Other code -> the code that its whole group goes by: the last one that aliases lead to."""
    above: dict[str, str] = {}

    def top(code: str) -> str:
        while code in above:
            code = above[code]
        return code

    for alias, target in pairs:
        one, other = top(alias), top(target)
        if one != other:
            above[one] = other
    return {code: top(code) for code in above}
