"""Scrap and samples without a lot number: outputs of their operation that lead nowhere."""

from __future__ import annotations

import polars as pl

from graph_model import derived

RULE = "scrap"
GONE = "/gone"
"""How the key of the shipment line of a scrap row ends."""


def is_end() -> pl.Expr:
    """Rows of unlotted scrap and samples; these are no mixed stock."""
    kind = pl.col("output_kind").is_in(["scrap", "sample"]).fill_null(False)
    return pl.col("lot").is_null() & kind


def ended(sent: pl.Series) -> pl.Expr:
    """Produced rows of scrap and samples that no shipment took away; `sent`: keys of its lines."""
    kind = pl.col("output_kind").is_in(["scrap", "sample"]).fill_null(False)
    return kind & ~pl.col("key").is_in(sent.str.strip_suffix(GONE).implode())


def derive(produced: pl.DataFrame, shipped: pl.DataFrame) -> derived.Derived:
    """One nameless lot an operation that gave scrap or samples; it left where its row says so."""
    rows = produced.filter(is_end()).with_columns(
        lot=pl.lit("~scrap|") + pl.col("operation"), rule=pl.lit(RULE)
    )
    return derived.of(
        lots=rows.select(
            key="lot",
            owner=pl.lit("~"),
            item_code=pl.lit(""),
            lot_no=pl.lit("~scrap"),
            sublot="operation",
            item="item",
            kind=pl.lit("scrap"),
            rule="rule",
        ),
        produced=rows.select("lot", "operation", "item", "t0", "t1", "rule"),
        shipped=shipped.select(
            "shipment", "t0", "t1", key=pl.col("key").str.strip_suffix(GONE)
        ).join(rows.select("key", "lot", "item", "rule"), on="key"),
    )
