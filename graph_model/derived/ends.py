"""Scrap and samples without a lot number: outputs of their operation that lead nowhere."""

from __future__ import annotations

import polars as pl

from graph_model import derived
from graph_model.schema import Consumed, Produced, Shipped

RULE = "scrap"


def is_end(frame: pl.DataFrame) -> pl.Expr:
    """Rows of unlotted scrap and samples; these are no mixed stock."""
    return pl.col("lot").is_null() & pl.col("output_kind").is_in(["scrap", "sample"]).fill_null(
        False
    )


def derive(produced: pl.DataFrame) -> derived.Derived:
    """One nameless lot an operation that gave scrap or samples."""
    rows = produced.filter(is_end(produced)).with_columns(
        lot=pl.lit("~scrap|") + pl.col("operation"), rule=pl.lit(RULE)
    )
    return derived.Derived(
        lots=derived.lots(
            rows.select(
                key="lot",
                owner=pl.lit("~"),
                item_code=pl.lit(""),
                lot_no=pl.lit("~scrap"),
                sublot="operation",
                item="item",
                kind=pl.lit("scrap"),
                rule="rule",
            )
        ),
        operations=derived.empty().operations,
        consumed=derived.movements(pl.DataFrame(), Consumed),
        produced=derived.movements(
            rows.select("lot", "operation", "item", "t0", "t1", "rule"), Produced
        ),
        shipped=derived.movements(pl.DataFrame(), Shipped),
    )
