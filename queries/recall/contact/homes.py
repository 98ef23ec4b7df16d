"""Where orders without a line can have run, by rules of the plant: `[[line_of_item]]`.

Such an order counts on the lines of its item only. What it would meet on all others, and on an
unknown one, stands in barred lanes of its rule, so that what the rule takes out is told and can
come back. What only two of these rules together keep apart is in lanes that no single one opens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Item, Site
from queries.recall.contact import runs
from queries.recall.contact.chains import LANE, Lanes
from queries.recall.contact.lanes import NOWHERE
from queries.recall.contact.runs import nowhere
from queries.recall.contact.stays import Stays
from queries.recall.rulebook import LineOfItem, Rulebook

ELSEWHERE = "other_line"
"""Rule of contact on lines that a rule says an order cannot have run on."""
TOGETHER = ""
"""Key of what only several rules together keep apart."""
_GROUP = 40
"""Bits of the number of a lane below that of its group."""


@dataclass(frozen=True)
class Home:
    """The lines of an item, by key, and the rule that says so."""

    rule: LineOfItem
    item: str
    lines: tuple[str, ...]

    @property
    def key(self) -> str:
        """Names the rule among the evidence of a scope."""
        return f"line_of_item/{self.item}"


def find(facts: Facts, rulebook: Rulebook) -> list[Home]:
    """The rules that name one item and lines that there are, each one."""
    if not rulebook.lines_of_items:
        return []
    tops = dict(runs.lines(facts[Site]).select("place", "line").drop_nulls().iter_rows())
    items = facts[Item].select("key", code="item_code")
    sites = facts[Site].select("key", code="site_code")
    found = []
    for rule in rulebook.lines_of_items:
        item = _one(items, rule.item)
        lines = [tops.get(_one(sites, line) or "") for line in rule.lines]
        if item is not None and all(lines):
            found.append(Home(rule, item, tuple(sorted(line for line in set(lines) if line))))
    return found


def unfit(facts: Facts, rulebook: Rulebook) -> list[str]:
    """Items of the rules that name none, or several, or a place that is no line: without effect."""
    fit = {home.rule for home in find(facts, rulebook)}
    return [rule.item for rule in rulebook.lines_of_items if rule not in fit]


def _one(named: pl.DataFrame, wanted: str) -> str | None:
    """The key of what has this key or code, where it is one."""
    fits = named.filter((pl.col("key") == wanted) | (pl.col("code") == wanted))["key"]
    return fits.item() if len(fits) == 1 else None


def orders(lineage: Lineage, home: Home) -> pl.Series:
    """Operations that make the item: orders, and exactly paired parts of them."""
    about = lineage.operations.select("item", order=pl.coalesce("order", "key"))
    whole = lineage.operations.select(order="key", _item="item")
    about = about.join(whole, on="order", how="left", maintain_order="left")
    made = about.select(pl.coalesce("_item", "item").eq_missing(home.item)).to_series()
    return made.arg_true().cast(pl.Int32)


# ---------------------------------------------------------------------------- stays


def confined(
    found: Stays, homes: list[Home], lineage: Lineage
) -> tuple[Stays, list[tuple[str, Stays]]]:
    """Stays as the rules have them, and for each rule those that it takes away."""
    away: list[tuple[str, Stays]] = []
    for home in homes:
        ops = orders(lineage, home).implode()
        lost = (pl.col("line") == nowhere(pl.col("company"))) | (pl.col("rule") == NOWHERE)
        theirs = pl.col("op").is_in(ops).fill_null(False) & lost
        off = theirs & ~pl.col("line").is_in(home.lines)
        away.append((home.key, found.only(off)))
        found = replace(
            found,
            touches=_moved(found.touches, theirs, off, home),
            made=_moved(found.made, theirs, off, home),
        )
    return found, away


def _moved(rows: pl.DataFrame, theirs: pl.Expr, off: pl.Expr, home: Home) -> pl.DataFrame:
    """The rows, those of the item's orders on its lines."""
    lines = pl.DataFrame({"line": home.lines}, schema={"line": pl.String})
    here = rows.filter(theirs).drop("line").unique(maintain_order=True).join(lines, how="cross")
    here = here.with_columns(rule=pl.lit(NOWHERE)).select(rows.columns)
    return pl.concat([rows.filter(~theirs), here.unique(maintain_order=True)])


# ---------------------------------------------------------------------------- lanes


def barred(
    found: Stays, away: list[tuple[str, Stays]], lanes: Callable[[Stays], Lanes]
) -> Iterator[Lanes]:
    """What each rule keeps apart, in lanes that a rule can open. `lanes` of stays, as they meet."""
    if not away:
        return
    every = replace(
        found,
        touches=pl.concat([found.touches.head(0), *(one.touches for _, one in away)]),
        made=pl.concat([found.made.head(0), *(one.made for _, one in away)]),
    )
    groups = [(TOGETHER, every, every)]
    for key, own in away:
        both = replace(found, made=pl.concat([found.made, own.made]))
        groups += [(key, own, both), (key, found, own)]
    for number, (key, touching, met) in enumerate(groups, 1):
        stays = replace(found, touches=touching.touches, made=met.made)
        yield _apart(lanes(stays), number << _GROUP, key)


def _apart(lanes: Lanes, group: int, key: str) -> Lanes:
    """Lanes of a group, barred; without those that something else bars already."""
    open_ = lanes.rules.filter(~pl.col("barred")).select(LANE)
    parts = [
        rows.join(open_, on=LANE, how="semi").with_columns(pl.col("lane") - group)
        for rows in (lanes.entries, lanes.exits)
    ]
    rules = open_.with_columns(
        pl.col("lane") - group, barred=pl.lit(value=True), rule=pl.lit(ELSEWHERE)
    )
    return Lanes(parts[0], parts[1].with_columns(key=pl.lit(key)), rules)
