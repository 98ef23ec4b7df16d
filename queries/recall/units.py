"""Amounts of each lot in one unit: what came in bags and went in kilograms can be summed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from graph_model import quantity
from graph_model.lineage import Lineage

_FLOWS = ("consumed", "produced", "returned", "shipped", "stock")
C = pl.col


def in_one_unit(lineage: Lineage) -> tuple[Lineage, pl.Series]:
    """The arrays with one unit for each lot, and the lots (numbers) with an amount that has none.

    A lot of which all records have the same unit keeps it. Another one stands in the stock unit of
    its item, else in the first of its units that converts by physics; what cannot be converted is
    null there, and so unknown.
    """
    factors = _factors(lineage)
    vague = factors.filter(C("factor").is_null())["lot"].unique()
    if factors.is_empty():
        return lineage, vague
    lots = lineage.lots.with_columns(lot=pl.int_range(pl.len(), dtype=pl.Int64))
    changed: dict[str, Any] = {name: _converted(getattr(lineage, name), factors) for name in _FLOWS}
    return replace(lineage, lots=_converted(lots, factors).drop("lot"), **changed), vague


def _factors(lineage: Lineage) -> pl.DataFrame:
    """lot, uom, unit, factor: of each unit in the records of a lot that has several."""
    stated = lineage.lots.select("uom", "quantity", lot=pl.int_range(pl.len(), dtype=pl.Int64))
    frames = [getattr(lineage, name) for name in _FLOWS]
    pairs = pl.concat(
        frame.filter(C("quantity").is_not_null()).select(C("lot").cast(pl.Int64), "uom").unique()
        for frame in (*frames, stated)
    ).unique()
    base = lineage.units.select(item="key", base="uom").unique("item")
    pairs = pairs.with_columns(item=lineage.lots["item"][pairs["lot"]])
    pairs = pairs.join(base, on="item", how="left")
    told = pl.coalesce("uom", "base")
    pairs = pairs.filter(told.drop_nulls().n_unique().over("lot") > 1).sort("lot", "uom")
    pairs = quantity.to_item_unit(pairs.with_columns(quantity=1.0), lineage.units)
    pairs = pairs.with_columns(
        unit=pl.coalesce("base", C("uom").drop_nulls().first().over("lot"))
    ).with_columns(
        factor=pl.when(C("base").is_not_null())
        .then("amount")
        .otherwise(pl.struct("uom", "unit").map_elements(_by_physics, return_dtype=pl.Float64))
    )
    return pairs.select("lot", "uom", "unit", "factor")


def _by_physics(units: dict[str, str | None]) -> float | None:
    return quantity.factor(units["uom"], units["unit"])


def _converted(frame: pl.DataFrame, factors: pl.DataFrame) -> pl.DataFrame:
    kind = frame.schema["lot"]
    rows = frame.join(
        factors.with_columns(C("lot").cast(kind)), on=["lot", "uom"], how="left",
        nulls_equal=True, maintain_order="left",
    )  # fmt: skip
    mixed = C("unit").is_not_null()
    return rows.with_columns(
        quantity=pl.when(mixed)
        .then((C("quantity") * C("factor")).round(quantity.DECIMALS))
        .otherwise("quantity"),
        uom=pl.coalesce("unit", "uom"),
    ).drop("unit", "factor")
