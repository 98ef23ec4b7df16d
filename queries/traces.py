"""Traces on the arrays: any size, now or as of a batch. Equal to the Cypher traces, by test."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from queries.recall import completeness, places

DIRECTIONS = ("forward", "backward")
_COLUMNS = ("lot", "op", "quantity", "uom", "basis", "rule", "t0", "t1")


def to_dict(facts: Facts, lineage: Lineage, roots: Index, direction: str) -> dict[str, Any]:
    """The trace as JSON-ready data. `direction`: forward, backward or both."""
    wanted = DIRECTIONS if direction == "both" else (direction,)
    lots: list[dict[str, Any]] = []
    flows: list[dict[str, Any]] = []
    shipped = pl.DataFrame()
    cone, steps = roots, roots[:0]
    for name in wanted:
        reach = lineage.forward(roots) if name == "forward" else lineage.backward(roots)
        again = _coming_back(lineage, roots, reach.operations, name)
        lots += _lots(lineage, reach.lots, reach.distance, roots, again, name, len(wanted) > 1)
        flows += _flows(lineage, reach.lots, reach.operations, name)
        cone, steps = np.union1d(cone, reach.lots), np.union1d(steps, reach.operations)
        if name == "forward":
            shipped = places.shipped_lines(lineage, reach.lots)
    missing = completeness.of_cone(facts, lineage, cone, steps)
    gaps = {entry.kind for entry in missing} - {"data_until", "delay_unconfirmed", "no_recipe"}
    return {
        "roots": lineage.lots["key"][roots].to_list(),
        "direction": direction,
        "as_of": facts.batch,
        "head": f"{facts.batch}:{facts.head}",
        "complete": not gaps,
        "missing": [entry.to_dict() for entry in missing],
        "lots": lots,
        "flows": flows,
        "shipments": _shipments(lineage, shipped),
        "customers": _customers(shipped),
    }


def _coming_back(lineage: Lineage, roots: Index, operations: Index, name: str) -> Index:
    """Roots that the trace comes back to over a cycle other than a mere move."""
    made = (
        lineage.produced.select("op", "lot")[lineage.outputs.at(operations)]
        if name == "forward"
        else lineage.consumed.select("op", "lot")[lineage.inputs.at(operations)]
    )
    kinds = lineage.operations["kind"][made["op"]]
    real = made.filter(~kinds.is_in(["transfer", "count", "return"]))
    return np.intersect1d(real["lot"].to_numpy(), roots)


def _lots(
    lineage: Lineage,
    lots: Index,
    distance: Index,
    roots: Index,
    again: Index,
    name: str,
    both: bool,
) -> list[dict[str, Any]]:
    kept = ~np.isin(lots, roots) | np.isin(lots, again)
    rows = lineage.lots.select("key", "item_code", "lot_no", "owner", "sublot", "rule")[
        lots[kept]
    ].with_columns(distance=pl.Series(distance[kept]))
    rows = rows.filter(pl.col("rule").is_null()).drop("rule").rename({"item_code": "item"})
    if both:
        rows = rows.with_columns(direction=pl.lit(name))
    return rows.to_dicts()


def _flows(lineage: Lineage, lots: Index, operations: Index, name: str) -> list[dict[str, Any]]:
    """Movements between lots and operations of the cone."""
    reached = np.zeros(len(lineage.lots), dtype=bool)
    reached[lots] = True
    into = lineage.consumed.select(_COLUMNS)[lineage.inputs.at(operations)]
    out = lineage.produced.select(_COLUMNS)[lineage.outputs.at(operations)]
    if name == "forward":
        into = into.filter(pl.Series(reached[into["lot"].to_numpy()]))
    else:
        out = out.filter(pl.Series(reached[out["lot"].to_numpy()]))
    lot, step = lineage.lots["key"], lineage.operations["key"]
    ends = [(into, lot[into["lot"]], step[into["op"]]), (out, step[out["op"]], lot[out["lot"]])]
    return [row for rows, start, finish in ends for row in _flow_rows(rows, start, finish)]


def _flow_rows(rows: pl.DataFrame, start: pl.Series, finish: pl.Series) -> list[dict[str, Any]]:
    def bounded(name: str) -> pl.Expr:
        column = pl.col(name)
        return pl.when((column > MIN) & (column < MAX)).then(column)

    return (
        rows.with_columns(start.alias("from"), finish.alias("to"))
        .select(
            "from",
            "to",
            "quantity",
            "basis",
            "rule",
            unit="uom",
            earliest=bounded("t0"),
            latest=bounded("t1"),
        )
        .with_columns(
            pl.from_epoch(name, time_unit="us").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
            for name in ("earliest", "latest")
        )
        .to_dicts()
    )


def _shipments(lineage: Lineage, shipped: pl.DataFrame) -> list[dict[str, Any]]:
    if shipped.is_empty():
        return []
    rows = shipped.with_columns(lot=lineage.lots["key"][shipped["lot"]])
    return rows.select(
        "shipment", "delivery_no", "customer", "lot", "quantity", "rule", "status", unit="uom"
    ).to_dicts()


def _customers(shipped: pl.DataFrame) -> list[str]:
    if shipped.is_empty():
        return []
    found: list[str] = shipped["customer"].drop_nulls().unique().sort().to_list()
    return found
