"""Where operations ran: on which lines, machines and tanks, as their records say.

A line is the outermost line, machine or tank that a place is part of. An operation that names none
counts for every line of its company: its rows stand under `nowhere(company)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Site

MADE_ON_LINES = ("produce", "rework", "fill")
HANDLED_ON_LINES = ("merge", "split", "pack", "unpack")
"""Touch a line only where the records name one: often they are a mere booking."""
EQUIPMENT = ("line", "equipment", "tank")
_NO_LINE = ("plant", "warehouse", "bin", "transit")
_DEEPEST = 16


@dataclass(frozen=True)
class Runs:
    """Operations by line; all frames have line, company, op.

    `own`: each operation on the line that it ran on. `drawn`, `given` (with lot, t0, t1): what an
    operation drew from, or put into, a machine or tank that it did not run on. `about`: op, whole,
    kind, company, place of each operation; `tops`: place, kind, line of each place.
    """

    own: pl.DataFrame
    drawn: pl.DataFrame
    given: pl.DataFrame
    about: pl.DataFrame
    tops: pl.DataFrame

    @staticmethod
    def of(facts: Facts, lineage: Lineage) -> Runs:
        """Those of a whole plant."""
        tops, about = lines(facts[Site]), _about(lineage)
        drawn = _at_machines(from_pools(lineage), "from_place", about, tops)
        given = _at_machines(lineage.produced, "to_place", about, tops)
        own = _own(about, tops, given)
        drawn, given = (part.join(own, on=["line", "op"], how="anti") for part in (drawn, given))
        return Runs(own, drawn, given, about, tops)

    def every(self) -> pl.DataFrame:
        """line, company, op of all lines that an operation had to do with."""
        parts = (self.own, self.drawn, self.given)
        return pl.concat([part.select("line", "company", "op") for part in parts]).unique()


def nowhere(company: pl.Expr) -> pl.Expr:
    """The line of operations that name none."""
    return pl.lit("?") + company


def lines(sites: pl.DataFrame) -> pl.DataFrame:
    """place, kind, line: the outermost line, machine or tank around each place; null for none."""
    kinds = sites.select(up="key", next="parent", above="kind")
    found = sites.select("kind", place="key", line="key", up="parent")
    for _ in range(_DEEPEST):
        climbed = found.join(kinds, on="up", how="left")
        inside = pl.col("above").is_in(EQUIPMENT).fill_null(False)
        found = climbed.select(
            "place", "kind",
            line=pl.when(inside).then("up").otherwise("line"),
            up=pl.when(inside).then("next"),
        )  # fmt: skip
        if found["up"].null_count() == len(found):
            break
    none = pl.col("kind").is_in(_NO_LINE).fill_null(False)
    return found.select("place", "kind", line=pl.when(~none).then("line"))


def _about(lineage: Lineage) -> pl.DataFrame:
    """op, whole, kind, company, place of each operation that touches a line.

    `whole` is the order that it is an exactly paired part of, else itself; its place counts for a
    part that names none.
    """
    about = lineage.operations.select(
        "key", "kind", "order", "site", "rule", op=pl.int_range(pl.len(), dtype=pl.Int32)
    )
    about = about.filter(
        pl.col("rule").is_null() & pl.col("kind").is_in([*MADE_ON_LINES, *HANDLED_ON_LINES])
    )
    whole = about.select(order="key", _site="site", _op="op")
    about = about.join(whole, on="order", how="left", maintain_order="left")
    return about.select(
        "op", "kind", whole=pl.coalesce("_op", "op"),
        company=pl.col("key").str.split("/").list.first(), place=pl.coalesce("site", "_site"),
    )  # fmt: skip


def _own(about: pl.DataFrame, tops: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """line, company, op: the line of each operation that ran on one.

    Without one of its own it is where its outputs were put (`given`), else any. What was made
    somewhere may have been pumped into a tank; only a filling is sure to be where the tank is.
    """
    pumped = pl.col("line").is_in(tanks(tops).implode()) & pl.col("kind").is_in(
        ["produce", "rework"]
    )
    given = given.join(about.select("op", "kind"), on="op").filter(~pumped)
    # What was received of an order says where its parts ran too.
    parts = about.select("whole", part="op")
    given = given.join(parts, left_on="op", right_on="whole").select("line", "company", op="part")
    named = about.join(tops, on="place", how="left", suffix="_place")
    # A place without a kind is where an order ran, but no sign that a split was on a line.
    equipped = pl.col("kind_place").is_in(EQUIPMENT).fill_null(False)
    own = named.filter(pl.col("kind").is_in(MADE_ON_LINES) | equipped).drop_nulls("line")
    runs = own.select("line", "company", "op")
    for found in (
        given.unique(),
        about.filter(pl.col("kind").is_in(MADE_ON_LINES)).select(
            nowhere(pl.col("company")).alias("line"), "company", "op"
        ),
    ):
        runs = pl.concat([runs, found.join(runs, on="op", how="anti")])
    return runs.sort("line", "op")


def from_pools(lineage: Lineage) -> pl.DataFrame:
    """What was consumed; mixed stock from the place where it lay, which begins its part.

    Mixed stock of no known place, or of several (`@` begins its part), is from none.
    """
    place = pl.col("sublot").str.extract(r"^([^@].*)@-?\d+@-?\d+$")
    lots = lineage.lots.select(pool=pl.when(pl.col("kind") == "pool").then(place))["pool"]
    pool = lots.gather(lineage.consumed["lot"])
    return lineage.consumed.with_columns(from_place=pl.coalesce("from_place", pool))


def _at_machines(
    moves: pl.DataFrame, side: str, about: pl.DataFrame, tops: pl.DataFrame
) -> pl.DataFrame:
    """line, company, op, lot, t0, t1: what was drawn from or put into a machine or tank by name.

    What names no place may have been in those that others of its operation name.
    """
    equipment = tops.filter(pl.col("kind").is_in(EQUIPMENT)).select("place", "line")
    rows = moves.select("op", "lot", "rule", "t0", "t1", place=side)
    rows = rows.join(about.select("op", "company"), on="op")
    rows = rows.join(equipment.rename({"line": "_at"}), on="place", how="left")
    named = rows.filter(pl.col("rule").is_null()).select("op", line="_at").drop_nulls().unique()
    rows = rows.join(named, on="op").filter(
        pl.col("place").is_null() | (pl.col("_at") == pl.col("line"))
    )
    found = rows.group_by("line", "company", "op", "lot")
    return found.agg(pl.col("t0").min(), pl.col("t1").max()).sort("line", "op", "lot")


def tanks(tops: pl.DataFrame) -> pl.Series:
    """Tanks that are part of no larger line or machine."""
    return tops.filter((pl.col("kind") == "tank") & (pl.col("place") == pl.col("line")))["line"]
