"""Contact as chains in time: linear in its stays, and equal to comparing each pair of them.

A lane holds touches and lots that meet wherever the touch began before the lot was finished. Its
contents are kept for each moment at which a lot was finished: what touched the line enters at its
earliest moment, and each content holds all that came before. The flows keep the times of their
stays, by which a lot that meets residue late is told from one that always had it (see `arrivals`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from graph_model.interval import MAX, MIN
from graph_model.lineage import Lineage

CONTACT = "contact"
"""Kind of the lots and operations that stand for the state of a line."""
LAST = "\U0010ffff"
"""Begins the keys of these lots and operations: they stand last, so that all others are found."""

LANE = ["line", "lane", "cell"]
ENTRY = [*LANE, "at", "lot", "rule", "t0", "t1"]
EXIT = [*LANE, "at", "lot", "key", "t0", "t1"]
"""`t0`, `t1`: when the lot left residue and when residue got into it, at the earliest and the
latest. `key`: the record that bars the way to this lot, in lanes that a rule bars."""


@dataclass(frozen=True)
class Lanes:
    """Touches and lots by lane, and `rules`: rule and barred of each lane.

    `at` of an entry and of an exit: they meet where the entry's is not later than the exit's.
    """

    entries: pl.DataFrame
    exits: pl.DataFrame
    rules: pl.DataFrame


def extend(lineage: Lineage, lanes: Lanes) -> Lineage:
    """The plant's arrays with the flows of these lanes; its own lots and operations keep numbers.

    The state of a line is a lot without item. Into a barred lane's lots leads an operation of their
    own, so that a rule can stop just this last step.
    """
    used = lanes.entries.select(LANE).unique()
    exits = lanes.exits.join(used, on=LANE, how="semi")
    if exits.is_empty():
        return lineage
    states = exits.select(*LANE, "at").unique().sort(*LANE, "at").with_row_index("state")
    states = states.join(lanes.rules, on=LANE, how="left", maintain_order="left")
    states = states.with_columns(pl.col("state").cast(pl.Int64))
    exits = exits.join(states, on=[*LANE, "at"])
    entries = lanes.entries.sort("at").join_asof(
        states.select(*LANE, "at", "state").sort("at"),
        on="at", by=LANE, strategy="forward", check_sortedness=False,
    ).drop_nulls("state")  # fmt: skip
    same = pl.struct(LANE)
    after = states.filter(same == same.shift(1))["state"]
    first_lot, first_op = len(lineage.lots), len(lineage.operations)
    first_exit = first_op + len(states)
    barred = states.filter("barred")["state"]
    place = pl.DataFrame({"state": barred}).with_row_index("n", offset=first_exit)
    over = exits.join(place, on="state", how="left")
    gives = pl.coalesce(pl.col("n").cast(pl.Int64), pl.col("state") + first_op)
    consumed = pl.concat(
        [
            entries.select("lot", "rule", "t0", "t1", op=pl.col("state") + first_op, key=_none()),
            _rows(after - 1 + first_lot, after + first_op),
            _rows(barred + first_lot, place["n"].cast(pl.Int64)),
        ],
        how="diagonal",
    )
    own = states["state"]
    produced = pl.concat(
        [
            _rows(own + first_lot, own + first_op),
            over.select("lot", "t0", "t1", op=gives, rule=pl.lit(CONTACT), key="key"),
        ],
        how="diagonal",
    )
    return replace(
        lineage,
        lots=_more(lineage.lots, _lots(states)),
        operations=_more(lineage.operations, _operations(states)),
        consumed=_more(lineage.consumed, _flows(consumed)),
        produced=_more(lineage.produced, _flows(produced)),
        folder=None,
    )


def _none() -> pl.Expr:
    return pl.lit(None, pl.String)


def _rows(lots: pl.Series, ops: pl.Series) -> pl.DataFrame:
    frame = pl.DataFrame({"lot": lots, "op": ops}, schema={"lot": pl.Int64, "op": pl.Int64})
    return frame.with_columns(rule=pl.lit(CONTACT), t0=pl.lit(MIN), t1=pl.lit(MAX), key=_none())


def _named(states: pl.DataFrame) -> pl.Expr:
    return pl.lit(LAST) + pl.concat_str(pl.lit("~contact"), *LANE, "at", separator="|")


def _lots(states: pl.DataFrame) -> pl.DataFrame:
    return states.select(
        key=_named(states), owner=pl.lit(""), item_code=pl.lit(""), lot_no=pl.lit(""),
        sublot=pl.lit(""), kind=pl.lit(CONTACT), rule=pl.lit(CONTACT),
    )  # fmt: skip


def _operations(states: pl.DataFrame) -> pl.DataFrame:
    """One a state, then one for the lots of each barred state."""
    code = pl.when(~pl.col("line").str.starts_with("?")).then(
        pl.col("line").str.split("/").list.last()
    )
    about = states.select(
        "barred",
        key=_named(states), kind=pl.lit(CONTACT), status=pl.lit("closed"), site="line", doc_no=code,
        rule=pl.when("barred").then(pl.lit(CONTACT)).otherwise("rule"), _rule="rule",
    )  # fmt: skip
    out = about.filter("barred").with_columns(
        key=pl.col("key") + pl.lit("|out"), rule=pl.col("_rule")
    )
    return pl.concat([about, out]).drop("barred", "_rule")


def _flows(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        pl.col("lot", "op").cast(pl.Int32), basis=pl.lit("inferred"), doubtful=pl.lit(True)
    )


def _more(frame: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame, rows], how="diagonal").select(frame.columns)
