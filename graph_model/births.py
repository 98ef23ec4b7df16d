"""How each lot came in: received from a supplier, made, or only found in use; and when.

Questions by supplier, item and period are answered from this without a walk over all movements.
"""

from __future__ import annotations

import polars as pl

TIMES = ("earliest", "latest", "t0", "t1")
"""Recorded interval, and the interval with the posting delays of its source applied."""


def births(
    lots: int,
    kinds: pl.Series,
    consumed: pl.DataFrame,
    produced: pl.DataFrame,
    shipped: pl.DataFrame,
    kin: pl.DataFrame,
) -> pl.DataFrame:
    """One row a lot, in lot order.

    `received`, `made` (by an operation that did not merely move it), `used` (consumed, shipped or
    opened); then the times of receiving (`received_*`) and of receiving or making (`born_*`),
    int64 us, null where nothing is recorded. `kinds` are those of the operations. A lot without
    any of this is made when its kin came in: `kin` numbers lots and others.
    """
    recorded = pl.col("rule").is_null()
    moves = ["lot", "op", *TIMES]
    into = consumed.filter(recorded).select(moves)
    out = produced.filter(recorded).select(moves)
    receive, opening = kinds == "receive", kinds == "opening"
    received = into.filter(receive[into["op"]])
    # Opening stock tells whose lot it was, not when it came.
    supplied = pl.concat([received, into.filter(opening[into["op"]])])
    opened = out.filter(opening[out["op"]])
    stated = into.filter(opening[into["op"]])["op"].implode()
    own = out.filter(~opening[out["op"]] | out["op"].is_in(stated)).join(
        consumed.select("op", "lot"), on=["op", "lot"], how="anti"
    )
    used = pl.concat([frame.select("lot") for frame in (consumed, shipped, opened)])
    base = pl.DataFrame({"lot": pl.int_range(lots, dtype=pl.Int32, eager=True)})
    for part in (
        _flag(supplied, "received"),
        _flag(own, "made"),
        _flag(used, "used"),
        _times(received, "received"),
        _times(pl.concat([received, out]), "born"),
    ):
        base = base.join(part, on="lot", how="left", maintain_order="left")
    base = base.with_columns(pl.col("received", "made", "used").fill_null(False))
    return _as_kin(base, kin).drop("lot") if len(kin) else base.drop("lot")


def _as_kin(base: pl.DataFrame, kin: pl.DataFrame) -> pl.DataFrame:
    """Lots without any origin are made when their kin came in; received is what a row names."""
    own = ~pl.col("received") & ~pl.col("made")
    found = kin.join(base.filter(own).select("lot"), on="lot", how="semi")
    found = found.join(base.drop("used"), left_on="other", right_on="lot")
    found = found.group_by("lot").agg(
        (pl.col("made") | pl.col("received")).any().alias("made"),
        *(pl.col(f"born_{time}").min() for time in ("earliest", "t0")),
        *(pl.col(f"born_{time}").max() for time in ("latest", "t1")),
    )
    return base.update(found, on="lot", how="left").sort("lot")


def _flag(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return rows.select("lot").unique().with_columns(pl.lit(True).alias(name))


def _times(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return rows.group_by("lot").agg(
        pl.col("earliest").min().alias(f"{name}_earliest"),
        pl.col("latest").max().alias(f"{name}_latest"),
        pl.col("t0").min().alias(f"{name}_t0"),
        pl.col("t1").max().alias(f"{name}_t1"),
    )


def recorded_recipes(consumed: pl.DataFrame, produced: pl.DataFrame) -> pl.DataFrame:
    """item, parent: which items went into an operation that gave which items, as recorded."""
    recorded = pl.col("rule").is_null() & pl.col("item").is_not_null()
    into = consumed.filter(recorded).select("item", "op").unique()
    out = produced.filter(recorded).select("op", parent="item").unique()
    return into.join(out, on="op").select("item", "parent").unique().sort("item", "parent")
