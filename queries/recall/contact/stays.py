"""Who was on which line when: what touched it, and what it may have touched.

A line is the outermost line, machine or tank that a place is part of. An operation that names none
counts for every line of its company: its rows stand under `nowhere(company)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from graph_model import interval
from graph_model.interval import MAX, MIN
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Item, Operation, Site, Use

MADE_ON_LINES = ("produce", "rework", "fill")
HANDLED_ON_LINES = ("merge", "split", "pack", "unpack")
"""Touch a line only where the records name one: often they are a mere booking."""
EQUIPMENT = ("line", "equipment", "tank")
_NO_LINE = ("plant", "warehouse", "bin", "transit")
_DEEPEST = 16
RAN, USE = "contact", "use"
"""How a lot came onto a line: with an operation that ran there, or mounted on it."""

TOUCH = {
    "line": pl.String, "company": pl.String, "lot": pl.Int64, "rule": pl.String,
    "begin": pl.Int64, "end": pl.Int64, "left": pl.Int64,
}  # fmt: skip
MADE = {
    "line": pl.String, "company": pl.String, "lot": pl.Int64, "rule": pl.String,
    "start": pl.Int64, "fresh": pl.Int64, "end": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True)
class Stays:
    """Rows of lots (by number in the plant) and lines, times in microseconds UTC.

    `touches`: a lot may have left residue on the line from `begin` (its first issue; what was made
    there: when it was finished, since lots finished before it did not come after it) to `end`, and
    was there itself until `left`, which is what a line clearance has to come after.
    `made`: a lot that was on the line, at the earliest from `start` and until `end` at the latest;
    it was received no earlier than `fresh`. `runs`: line, company, op of each operation.
    """

    touches: pl.DataFrame
    made: pl.DataFrame
    runs: pl.DataFrame


def nowhere(company: pl.Expr) -> pl.Expr:
    """The line of operations that name none."""
    return pl.lit("?") + company


def of(facts: Facts, lineage: Lineage, delays: pl.DataFrame) -> Stays:
    """All stays of a plant; `delays` are what each confirmed source's clock is worth."""
    tops = lines(facts[Site])
    times = _times(facts, lineage, delays)
    runs = _runs(lineage, tops)
    consumed = _inputs(lineage).join(times, on="op", maintain_order="left")
    produced = _outputs(lineage).join(times, on="op", maintain_order="left")
    # What has no bound of its own was on the line while the operation ran.
    consumed = consumed.with_columns(
        begin=pl.when(pl.col("t0") > MIN).then("t0").otherwise("start"),
        left=pl.when(pl.col("t1") < MAX).then("t1").otherwise("end"),
        rule=pl.lit(RAN),
    )
    # Times that contradict each other bound nothing: nothing was begun after it was finished.
    produced = produced.with_columns(
        end=pl.when(pl.col("t1") < MAX).then("t1").otherwise("end"), rule=pl.lit(RAN)
    ).with_columns(start=pl.min_horizontal("start", "end"))
    produced = produced.with_columns(
        fresh=pl.min_horizontal(pl.max_horizontal("start", "t0"), "end"), left="end"
    ).with_columns(begin="fresh")
    mounted = _mounted(facts, lineage, delays, tops, runs.join(times, on="op"))
    touches = [
        _shaped(part, TOUCH)
        for part in (runs.join(consumed, on="op"), runs.join(produced, on="op"), mounted)
    ]
    made = [_shaped(part, MADE) for part in (runs.join(produced, on="op"), mounted)]
    return Stays(pl.concat(touches), pl.concat(made), runs)


def _shaped(frame: pl.DataFrame, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items()).unique(
        maintain_order=True
    )


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


def _runs(lineage: Lineage, tops: pl.DataFrame) -> pl.DataFrame:
    """line, company, op: the line or lines of each operation that ran on one."""
    about = lineage.operations.select("key", "kind", "order", "site", "rule").with_row_index("op")
    about = about.filter(
        pl.col("rule").is_null() & pl.col("kind").is_in([*MADE_ON_LINES, *HANDLED_ON_LINES])
    )
    whole = about.select(order="key", _site="site")
    about = about.join(whole, on="order", how="left", maintain_order="left").select(
        pl.col("op").cast(pl.Int32), "kind", company=pl.col("key").str.split("/").list.first(),
        place=pl.coalesce("site", "_site"),
    )  # fmt: skip
    named = about.join(tops, on="place", how="left", suffix="_place")
    # A place without a kind is where an order ran, but no sign that a split was on a line.
    equipped = pl.col("kind_place").is_in(EQUIPMENT).fill_null(False)
    own = named.filter(pl.col("kind").is_in(MADE_ON_LINES) | equipped).drop_nulls("line")
    also = _through(lineage, about, tops.filter(pl.col("kind").is_in(EQUIPMENT)))
    runs = pl.concat([own.select("line", "company", "op"), also]).unique()
    lost = about.filter(pl.col("kind").is_in(MADE_ON_LINES)).join(runs, on="op", how="anti")
    lost = lost.select("company", "op", line=nowhere(pl.col("company")))
    return pl.concat([runs, lost.select(runs.columns)]).sort("line", "op")


def _through(lineage: Lineage, about: pl.DataFrame, equipment: pl.DataFrame) -> pl.DataFrame:
    """line, company, op: machines and tanks that the movements of operations name."""
    sides = ((lineage.consumed, "from_place"), (lineage.produced, "to_place"))
    places = pl.concat(
        [
            frame.select("op", "rule", place=pl.col(side))
            .filter(pl.col("rule").is_null() & pl.col("place").is_not_null())
            .select("op", "place")
            .unique()
            for frame, side in sides
        ]
    )
    found = places.join(equipment, on="place").join(about.select("op", "company"), on="op")
    return found.select("line", "company", "op")


def _times(facts: Facts, lineage: Lineage, delays: pl.DataFrame) -> pl.DataFrame:
    """op, start, end: bounds of when each operation ran.

    Its own times count where its source is confirmed, else those of its movements, derived ones
    included: what may have come from mixed stock at any time bounds nothing.
    """
    stated = facts[Operation].select("key", "earliest", "latest", "source")
    stated = interval.effective(stated, delays).select("key", begun="t0", done="t1")
    ops = lineage.operations.select("key", "status", op=pl.int_range(pl.len(), dtype=pl.Int32))
    ops = ops.join(stated, on="key", how="left", maintain_order="left")
    took = lineage.consumed.group_by("op").agg(pl.col("t0").min(), _in=pl.col("t1").max())
    gave = lineage.produced.group_by("op").agg(_out=pl.col("t1").max())
    ops = ops.join(took, on="op", how="left").join(gave, on="op", how="left")
    begun = pl.when(pl.col("begun") > MIN).then("begun")
    first = pl.when(pl.col("t0") > MIN).then("t0")
    done = pl.when(pl.col("done") < MAX).then("done")
    last = pl.max_horizontal("_in", "_out").fill_null(MAX)
    last = pl.when(pl.col("status").eq_missing("closed") & (last < MAX)).then(last)
    return ops.select(
        "op",
        start=pl.min_horizontal(begun, first).fill_null(MIN),
        end=pl.max_horizontal(done, last).fill_null(MAX),
    ).sort("op")


def _inputs(lineage: Lineage) -> pl.DataFrame:
    rows = lineage.consumed.select("op", "lot", "t0", "t1").group_by("op", "lot")
    return rows.agg(pl.col("t0").min(), pl.col("t1").max()).sort("op", "lot")


def _outputs(lineage: Lineage) -> pl.DataFrame:
    """op, lot, t0, t1 of what came from each operation, also what it gave back unused."""
    rows = [frame.select("op", "lot", "t0", "t1") for frame in (lineage.produced, lineage.returned)]
    given = pl.concat(rows).group_by("op", "lot")
    return given.agg(pl.col("t0").min(), pl.col("t1").max()).sort("op", "lot")


# ---------------------------------------------------------------------------- mounted lots


def _mounted(
    facts: Facts, lineage: Lineage, delays: pl.DataFrame, tops: pl.DataFrame, runs: pl.DataFrame
) -> pl.DataFrame:
    """Lots and tools on lines, with the columns of both sides.

    Without a lot it is any lot of the item, without a line any line of the company, without times
    of its own it is those of the operation it was used in, else any.
    """
    uses = interval.effective(facts[Use], delays).with_row_index("use")
    ops = lineage.operations.select("key", op=pl.int_range(pl.len(), dtype=pl.Int32))
    uses = uses.join(ops, left_on="operation", right_on="key", how="left")
    uses = uses.join(tops.select(site="place", _line="line"), on="site", how="left")
    uses = uses.join(runs.rename({"line": "_ran", "company": "_by"}), on="op", how="left")
    lots = lineage.lots.select("item", "owner", key="key").with_row_index("n")
    named = uses.drop("item").join(lots, left_on="lot", right_on="key")
    any_lot = uses.filter(pl.col("lot").is_null()).join(lots, on="item").drop("key")
    both = pl.concat([part.drop("lot") for part in (named, any_lot)], how="diagonal")
    company = pl.coalesce("_by", pl.col("item").str.split("/").list.first(), "owner")
    return both.select(
        company=company,
        line=pl.coalesce("_line", "_ran", nowhere(company)),
        lot="n",
        rule=pl.lit(USE),
        begin=pl.when(pl.col("t0") > MIN).then("t0").otherwise(pl.col("start").fill_null(MIN)),
        end=pl.when(pl.col("t1") < MAX).then("t1").otherwise(pl.col("end").fill_null(MAX)),
    ).with_columns(start="begin", fresh="begin", left="end")


def packaging(facts: Facts, lineage: Lineage) -> pl.Series:
    """Lots, by number, of labels, cartons and the like, or of items of unknown type."""
    types = facts[Item].select("item_type", item="key")
    rows = lineage.lots.select("item").with_row_index("lot")
    rows = rows.join(types, on="item", how="left", maintain_order="left")
    found = rows.filter(pl.col("item_type").is_null() | (pl.col("item_type") == "packaging"))
    return found["lot"].cast(pl.Int64)
