"""Who was on which line when: what touched it, and what it may have touched."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import polars as pl

from graph_model import interval
from graph_model.derived.carried import RULE as CARRIED
from graph_model.interval import MAX, MIN
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Item, Operation, Use
from queries.recall.contact.runs import EQUIPMENT, Runs, from_pools, nowhere, tanks

RAN, USE = "contact", "use"
"""How a lot came onto a line: with an operation that ran there, or mounted on it."""

TOUCH = {
    "line": pl.String, "company": pl.String, "op": pl.Int32, "lot": pl.Int64, "rule": pl.String,
    "begin": pl.Int64, "end": pl.Int64, "left": pl.Int64,
}  # fmt: skip
MADE = {
    "line": pl.String, "company": pl.String, "op": pl.Int32, "lot": pl.Int64, "rule": pl.String,
    "start": pl.Int64, "fresh": pl.Int64, "end": pl.Int64, "until": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True)
class Stays:
    """Rows of lots (by number in the plant) and lines, times in microseconds UTC; with the `op`.

    `touches`: a lot may have left residue on the line from `begin` (its first issue; what was made
    there: when it was finished, since lots finished before it did not come after it) to `end`, and
    was there itself until `left`, which is what a line clearance has to come after.
    `made`: a lot that was on the line, at the earliest from `start` and until `end` at the latest;
    it was received no earlier than `fresh`. What a tank took stands in it `until` the next break
    after that, however late; else `until` is `end`. `lines`: line, company of all lines; `tried`:
    companies of which what names no line is on each of their lines.
    """

    touches: pl.DataFrame
    made: pl.DataFrame
    lines: pl.DataFrame
    tried: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))

    def only(self, kept: pl.Expr) -> Stays:
        """Those of which this is so."""
        return replace(self, touches=self.touches.filter(kept), made=self.made.filter(kept))


def of(facts: Facts, lineage: Lineage, delays: pl.DataFrame) -> Stays:
    """All stays of a plant; `delays` are what each confirmed source's clock is worth."""
    runs, times = Runs.of(facts, lineage), _times(facts, lineage, delays)
    drawn, given = _taken(runs.drawn, times), _made(runs.given, times)
    consumed = runs.own.join(_taken(_inputs(lineage), times).with_columns(_order_end()), on="op")
    produced = _made(_outputs(lineage), times)
    mounted = _mounted(facts, lineage, delays, runs.tops, runs.own.join(times, on="op"))
    ran, given = (
        _standing(part, lineage, runs) for part in (runs.own.join(produced, on="op"), given)
    )
    touches = [consumed, ran, drawn, given, mounted]
    others = [part.with_columns(until="end") for part in (_out_of(drawn, produced), mounted)]
    return Stays(
        pl.concat(_shaped(part, TOUCH) for part in touches),
        pl.concat(_shaped(part, MADE) for part in (ran, given, *others)),
        _known_lines(runs),
    )


def _known_lines(runs: Runs) -> pl.DataFrame:
    """line, company of each line, machine and tank of the records."""
    company = pl.col("line").str.split("/").list.first()
    told = runs.tops.filter(pl.col("kind").is_in(EQUIPMENT)).select("line", company=company)
    ran = runs.own.filter(~pl.col("line").str.starts_with("?")).select("line", "company")
    return pl.concat([told, ran]).unique().sort("line", "company")


def _taken(rows: pl.DataFrame, times: pl.DataFrame) -> pl.DataFrame:
    """Inputs with when they were taken; without bounds of their own, while the operation ran."""
    rows = _within(rows, times)
    left = pl.when(pl.col("t1") < MAX).then("t1").otherwise("end")
    return rows.with_columns(
        begin=pl.max_horizontal("t0", "start"), left=left, end=left, done="end", rule=pl.lit(RAN),
    )  # fmt: skip


def _order_end() -> pl.Expr:
    """On its own line an input lies until the end of its order."""
    return pl.col("done").alias("end")


def _made(produced: pl.DataFrame, times: pl.DataFrame) -> pl.DataFrame:
    """Outputs with when they were on the line of their operation."""
    rows = _within(produced, times)
    # Times that contradict each other bound nothing: nothing was begun after it was finished.
    rows = rows.with_columns(
        end=pl.when(pl.col("t1") < MAX).then("t1").otherwise("end"), rule=pl.lit(RAN)
    ).with_columns(start=pl.min_horizontal("start", "end"))
    rows = rows.with_columns(
        fresh=pl.min_horizontal(pl.max_horizontal("start", "t0"), "end"), left="end"
    )
    return rows.with_columns(begin="fresh")


def _within(moves: pl.DataFrame, times: pl.DataFrame) -> pl.DataFrame:
    """Movements with the times of their operation: nothing moved on after it was surely over."""
    rows = moves.join(times, on="op", maintain_order="left")
    over = pl.when(pl.col("t0") <= pl.col("over")).then("over")
    return rows.with_columns(t1=pl.min_horizontal("t1", over))


def _shaped(frame: pl.DataFrame, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items()).unique(
        maintain_order=True
    )


def _standing(made: pl.DataFrame, lineage: Lineage, runs: Runs) -> pl.DataFrame:
    """Adds `until`: what was put into a tank is there until it is drawn, and its rest after that.

    Not what the records put somewhere else at once, no rest of what they say was all taken, and no
    filling, of which the next one takes the rest as its heel.
    """
    tops, about = runs.tops, runs.about
    fills = (lineage.operations["kind"] == "fill").arg_true().cast(pl.Int32)
    in_tank = pl.col("line").is_in(tanks(tops).implode()) & ~pl.col("op").is_in(fills.implode())
    put = lineage.produced.select("lot", whole="op", place="to_place").drop_nulls("place")
    there = put.join(tops.select("place", "line"), on="place").select("whole", "lot", "line")
    away = made.filter(in_tank).join(about.select("op", "whole"), on="op")
    away = away.join(put, on=["whole", "lot"], how="semi")
    away = away.join(there, on=["whole", "lot", "line"], how="anti").select("op", "lot", "line")
    real = lineage.operations["rule"].is_null().gather(lineage.consumed["op"])
    uses = from_pools(lineage).filter(real).select("lot", "t1", place="from_place")
    uses = uses.join(tops.select("place", "line"), on="place", how="left")
    drawn = uses.drop_nulls("line").group_by("lot", "line").agg(_here=pl.col("t1").max())
    somewhere = uses.filter(pl.col("place").is_null()).group_by("lot").agg(_any=pl.col("t1").max())
    rows = made.join(drawn, on=["lot", "line"], how="left", maintain_order="left")
    rows = rows.join(somewhere, on="lot", how="left", maintain_order="left")
    rows = rows.join(
        away.with_columns(_away=pl.lit(True)), on=["op", "lot", "line"], how="left",
        maintain_order="left",
    )  # fmt: skip
    stands = in_tank & pl.col("_away").is_null()
    last = pl.when(stands).then(pl.max_horizontal("end", "_here", "_any")).otherwise("end")
    rest = stands & ~pl.col("lot").is_in(_all_taken(lineage, real, about).implode())
    return rows.with_columns(end=last, left=last, until=pl.when(rest).then(MAX).otherwise(last))


def _all_taken(lineage: Lineage, real: pl.Series, about: pl.DataFrame) -> pl.Series:
    """Lots of which as much was taken as was made, by amounts that are all known, in one unit.

    What parts of an order made is what the order received.
    """
    made = lineage.produced.filter(pl.col("rule").is_null())
    parts = about.filter(pl.col("op") != pl.col("whole"))
    twice = made.join(parts.select("op", "whole"), on="op").select("op", "lot", "whole")
    twice = twice.join(made.select("lot", whole="op"), on=["lot", "whole"], how="semi")
    made = made.join(twice, on=["op", "lot"], how="anti")
    taken = lineage.consumed.filter(real).filter(pl.col("rule").is_null())
    sums = [
        part.group_by("lot").agg(
            pl.col("quantity").sum().alias(name),
            pl.col("uom").n_unique().alias(f"units_{name}"),
            pl.col("uom").first().alias(f"uom_{name}"),
            (pl.col("quantity").has_nulls() | pl.col("uom").has_nulls()).alias(f"holes_{name}"),
        )
        for name, part in (("made", made), ("taken", taken))
    ]  # fmt: skip
    both = sums[0].join(sums[1], on="lot")
    known = ~pl.col("holes_made") & ~pl.col("holes_taken")
    one = (pl.col("units_made") == 1) & (pl.col("units_taken") == 1)
    whole = pl.col("taken") >= pl.col("made") * (1 - 1e-9)
    return both.filter(known & one & whole & (pl.col("uom_made") == pl.col("uom_taken")))["lot"]


def _out_of(drawn: pl.DataFrame, produced: pl.DataFrame) -> pl.DataFrame:
    """What was made of things drawn from a machine or tank: it met what was there as they did."""
    while_ = drawn.group_by("line", "company", "op").agg(
        start=pl.col("begin").min(), end=pl.col("end").max()
    )
    rows = while_.join(produced.select("op", "lot", "rule"), on="op")
    return rows.with_columns(fresh="start")


def _times(facts: Facts, lineage: Lineage, delays: pl.DataFrame) -> pl.DataFrame:
    """op, start, end: bounds of when each operation ran; over: by when a closed one surely was.

    Its own times count where its source is confirmed, and recorded movements that contradict them;
    else those of all movements: what may have come from mixed stock at any time bounds nothing.
    An exactly paired part of an order ran within it. An order did not begin after something that
    it made was used, and of one that is not closed a recorded end may be a plan.
    """
    stated = facts[Operation].select("key", "earliest", "latest", "source")
    stated = interval.effective(stated, delays).select("key", begun="t0", done="t1")
    ops = lineage.operations.select(
        "status", key=pl.coalesce("order", "key"), op=pl.int_range(pl.len(), dtype=pl.Int32)
    )
    whole = lineage.operations.select("key", _status="status")
    ops = ops.join(stated, on="key", how="left", maintain_order="left")
    ops = ops.join(whole, on="key", how="left", maintain_order="left")
    ops = ops.with_columns(status=pl.coalesce("status", "_status"))
    recorded = pl.col("t0").filter(pl.col("rule").is_null() & (pl.col("t0") > MIN))
    # When residue went over says nothing of when the orders before and after it ran.
    own = pl.col("rule").ne_missing(CARRIED)
    took = (
        lineage.consumed.filter(own)
        .group_by("op")
        .agg(
            pl.col("t0").min(), _in=pl.col("t1").max(), _first=recorded.min(), _took=recorded.max()
        )
    )
    back = lineage.returned.select("op", "t0", "t1", rule=pl.lit(None, pl.String))
    out = pl.concat([lineage.produced.filter(own).select("op", "t0", "t1", "rule"), back])
    gave = out.group_by("op").agg(_out=pl.col("t1").max(), _gave=recorded.max())
    ops = ops.join(took, on="op", how="left").join(gave, on="op", how="left")
    ops = ops.join(_first_used(lineage), on="op", how="left")
    begun = (pl.col("begun") > MIN) & (pl.col("begun") <= pl.col("_used").fill_null(MAX))
    begun = pl.when(begun).then("begun")
    first = pl.when(pl.col("t0") > MIN).then("t0")
    done = pl.when(pl.col("done") < MAX).then("done")
    closed = pl.col("status").eq_missing("closed")
    last = pl.max_horizontal("_in", "_out").fill_null(MAX)
    last = pl.when(closed & (last < MAX)).then(last)
    over = pl.when(closed).then(done)
    started = pl.when(begun.is_not_null()).then(pl.min_horizontal(begun, "_first"))
    ended = pl.when(over.is_not_null()).then(pl.max_horizontal(over, "_took", "_gave"))
    return ops.select(
        "op",
        start=pl.coalesce(started, first, pl.lit(MIN)),
        end=pl.coalesce(ended, last, pl.lit(MAX)),
        over=over,
    ).sort("op")


def _first_used(lineage: Lineage) -> pl.DataFrame:
    """op, _used: by when something had been used that each operation can have made before."""
    real = pl.col("rule").is_null()
    used = lineage.consumed.filter(real & (pl.col("t1") < MAX))
    used = used.group_by("lot").agg(_used=pl.col("t1").min())
    made = lineage.produced.filter(real).select("op", "lot", "t0").join(used, on="lot")
    made = made.filter(pl.col("t0") <= pl.col("_used"))
    return made.group_by("op").agg(pl.col("_used").min())


def _inputs(lineage: Lineage) -> pl.DataFrame:
    rows = lineage.consumed.select("op", "lot", "t0", "t1").group_by("op", "lot")
    return rows.agg(pl.col("t0").min(), pl.col("t1").max()).sort("op", "lot")


def _outputs(lineage: Lineage) -> pl.DataFrame:
    """op, lot, t0, t1 of what came from each operation, also what it may have given back."""
    perhaps = lineage.maybe_returned.with_columns(t0=pl.lit(MIN), t1=pl.lit(MAX))
    frames = (lineage.produced, lineage.returned, perhaps)
    rows = [frame.select("op", "lot", "t0", "t1") for frame in frames]
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
        op=pl.lit(None, pl.Int32),
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
