"""Orders of production whose inputs, outputs and recipe do not fit."""

from __future__ import annotations

import polars as pl

from graph_model.schema import Consumed, Produced
from loaders.checks.records import WHERE, C, Records, place
from loaders.checks.registry import rule


def lines(records: Records, kind: type) -> pl.DataFrame:
    """Standing movements of one kind with their `order`, `order_kind` and `made`."""
    frame = records.moves[kind]
    return frame.join(records.orders, on="operation", how="inner", maintain_order="left")


def _one_each(rows: pl.DataFrame) -> pl.DataFrame:
    """The first row of each order, with the order's number for the text."""
    first = rows.sort(*WHERE).unique("order", keep="first", maintain_order=True)
    return first.with_columns(number=C("order").str.split("/").list.slice(2).list.join("/"))


@rule("output_without_inputs", "warning")
def output_without_inputs(records: Records) -> pl.DataFrame:
    """Orders that gave something out of nothing."""
    fed = lines(records, Consumed).select("order").unique()
    bare = lines(records, Produced).join(fed, on="order", how="anti", maintain_order="left")
    return place(_one_each(bare), "work_order_no", "number")


@rule("inputs_without_output", "warning")
def inputs_without_output(records: Records) -> pl.DataFrame:
    """Closed orders that took something and gave nothing."""
    made = lines(records, Produced).select("order").unique()
    idle = lines(records, Consumed).join(made, on="order", how="anti", maintain_order="left")
    idle = idle.join(records.closed, on="order", how="semi", maintain_order="left")
    return place(_one_each(idle), "work_order_no", "number")
