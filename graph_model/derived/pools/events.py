"""What comes into and goes out of mixed stock: one row an event, with the columns of both sides."""

from __future__ import annotations

import polars as pl

OWN, UNCLEAR = "", "?"
"""Whose stock an event is of: the item's company, or nobody knows. Else the company's code."""

OUTSIDE = "~out"
"""The place of goods that customers hold."""

ORDERLESS = "~order"
"""The place of goods of an order that nobody knows."""

UNLOTTED, PROPOSED, AMBIGUOUS, NO_ORIGIN = "unlotted", "proposed_lot", "ambiguous", "no_origin"
AT_PLACE, POOL, NO_OUTPUT, PROCESSED = "at_place", "pool", "no_output", "processed"
UNKNOWN_ORDER = "unknown_order"

_EVENT = {
    "item": pl.String,
    "place": pl.String,
    "holder": pl.String,
    "t0": pl.Int64,
    "t1": pl.Int64,
    "rule": pl.String,
}
ENTRY = _EVENT | {"lot": pl.String, "operation": pl.String}
"""What comes in: a lot, or what an operation gave without a number."""
EXIT = _EVENT | {"operation": pl.String, "shipment": pl.String, "orphan": pl.String}
"""What goes out: into an operation or a shipment, or under a number without origin."""


def shaped(
    frame: pl.DataFrame, schema: dict[str, type[pl.DataType]], **columns: object
) -> pl.DataFrame:
    """The frame with these columns; missing ones are null, `columns` are the same in each row."""
    if frame.is_empty():
        return pl.DataFrame(schema=schema)
    frame = frame.with_columns(**{name: pl.lit(value) for name, value in columns.items()})
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def holder(owner: pl.Expr, item: pl.Expr, companies: dict[str, str]) -> pl.Expr:
    """Whose stock goods of this owner are; null owner: unclear."""
    company = item.str.split_exact("/", 1).struct.field("field_0")
    if companies:
        owner, company = owner.replace(companies), company.replace(companies)
    unclear = owner.is_null() | owner.is_in(["", "?"])
    return (
        pl.when(unclear)
        .then(pl.lit(UNCLEAR))
        .when(owner == company)
        .then(pl.lit(OWN))
        .otherwise(owner)
    )
