"""The whole record of a lot: every recorded step before and after it, with who, when and where.

Over recorded movements only. What mixed stock may have brought in or carried on is listed apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import (
    Cleaning,
    Complaint,
    Inspection,
    Lot,
    Operation,
    ProcessValue,
    Shipment,
    Use,
)
from queries import balance
from queries.drill import recorded_flows
from queries.recall import completeness
from queries.recall.completeness import Missing

Row = dict[str, Any]
_MOVED = ["key", "op", "lot", "quantity", "uom", "earliest", "latest", "person", "doc_no",
          "from_place", "to_place", "basis", "lot_source", "status"]  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One operation with its movements, inputs first."""

    operation: Row
    moved: list[Row]


class LotRecord:
    """Everything recorded of one lot, by its number in the plant."""

    def __init__(self, facts: Facts, lineage: Lineage, lot: int) -> None:
        self.facts, self.lineage, self.number = facts, lineage, lot
        self._recorded = recorded_flows(lineage)
        self.roots = lineage.with_parts(np.array([lot], dtype=np.int64))
        self._back = self._recorded.backward(self.roots)
        self._forward = self._recorded.forward(self.roots)
        self.before: Index = self._back.lots
        self.after: Index = self._forward.lots
        self.lots: Index = np.union1d(self.before, self.after)
        self.operations: Index = np.union1d(self._back.operations, self._forward.operations)

    @cached_property
    def keys(self) -> pl.Series:
        """Keys of the lots on the trace."""
        return self.lineage.lots["key"][self.lots]

    @cached_property
    def lot(self) -> Row:
        """What is stated of the lot itself."""
        key = self.lineage.lots["key"][self.number]
        found = self.facts[Lot].filter(pl.col("key") == key)
        return found.row(0, named=True) if len(found) else self.lineage.lots.row(
            self.number, named=True
        )  # fmt: skip

    # ------------------------------------------------------------------ steps

    def steps(self) -> Iterator[Step]:
        """All operations before and after the lot in order of time, with all their movements."""
        moved = self._moved()
        about = self._operations()
        for row in about.iter_rows(named=True):
            yield Step(row, moved.get(row["op"], []))

    def _operations(self) -> pl.DataFrame:
        rows = pl.DataFrame(
            {"op": self.operations, "key": self.lineage.operations["key"][self.operations]}
        )
        stated = self.facts[Operation].unique("key", keep="last")
        rows = rows.join(stated, on="key", how="left", maintain_order="left")
        times = pl.concat(
            [
                frame.select(pl.col("op").cast(pl.Int64), "earliest", "latest")
                for frame in (self._lines("consumed", "inputs"), self._lines("produced", "outputs"))
            ]
        )
        spans = times.group_by("op").agg(begin=pl.col("earliest").min(), end=pl.col("latest").max())
        rows = rows.join(spans, on="op", how="left")
        rows = rows.with_columns(
            begin=pl.coalesce("earliest", "begin"), end=pl.coalesce("latest", "end")
        )
        return rows.sort("end", "begin", "key", nulls_last=True)

    def _lines(self, flows: str, rows: str) -> pl.DataFrame:
        frame: pl.DataFrame = getattr(self._recorded, flows)
        at: Index = getattr(self._recorded, rows).at(self.operations)
        return frame.select(_MOVED)[at]

    def _moved(self) -> dict[int, list[Row]]:
        returned = self.lineage.returned
        back = returned.select(_MOVED).filter(
            pl.col("op").is_in(pl.Series(self.operations, dtype=pl.Int32).implode())
        ) if set(_MOVED) <= set(returned.columns) else returned.clear()  # fmt: skip
        parts = [
            self._lines("consumed", "inputs").with_columns(action=pl.lit("consumed")),
            self._lines("produced", "outputs").with_columns(action=pl.lit("produced")),
            *([back.with_columns(action=pl.lit("returned"))] if len(back) else []),
        ]
        rows = pl.concat(parts)
        rows = rows.with_columns(lot_key=self.lineage.lots["key"][rows["lot"]])
        rows = rows.sort("op", "action", "latest", "lot_key", nulls_last=True)
        return {int(op): of.to_dicts() for (op,), of in _parted(rows, "op")}

    # ------------------------------------------------------------------ what belongs to them

    def process_values(self) -> list[Row]:
        """Set and measured values of the steps."""
        return self._of_steps(ProcessValue, "operation").sort(
            "earliest", "process_param", "key", nulls_last=True
        ).to_dicts()  # fmt: skip

    def uses(self) -> list[Row]:
        """Packaging, tools and aids mounted during the steps."""
        return self._of_steps(Use, "operation").sort("earliest", "key", nulls_last=True).to_dicts()

    def inspections(self) -> list[Row]:
        """Checks of the lots and of the steps."""
        rows = self.facts[Inspection].filter(
            pl.col("lot").is_in(self.keys.implode())
            | pl.col("operation").is_in(self._step_keys.implode())
        )
        return rows.sort("earliest", "inspection_no", nulls_last=True).to_dicts()

    def complaints(self) -> list[Row]:
        """Complaints about lots of the trace."""
        rows = self.facts[Complaint].filter(pl.col("lot").is_in(self.keys.implode()))
        return rows.sort("earliest", "complaint_no", nulls_last=True).to_dicts()

    def cleanings(self) -> list[Row]:
        """Of each place of a step: the last cleaning before it began, and those until it ended."""
        steps = self._operations().select("site", "begin", "end", step="key").drop_nulls("site")
        rows = self.facts[Cleaning].join(steps, on="site")
        during = (pl.col("latest") >= pl.col("begin").fill_null(MIN)) & (
            pl.col("earliest") <= pl.col("end").fill_null(MAX)
        )
        before = pl.col("latest") < pl.col("begin")
        last = pl.col("latest") == pl.col("latest").filter(before).max().over("step")
        kept = rows.filter(during | (before & last)).unique("key")
        return kept.sort("earliest", "key", nulls_last=True).to_dicts()

    @cached_property
    def _step_keys(self) -> pl.Series:
        return self.lineage.operations["key"][self.operations]

    def _of_steps(self, kind: type, name: str) -> pl.DataFrame:
        # A value of a whole order belongs to each exactly paired part of it.
        orders = self.lineage.operations["order"][self.operations].drop_nulls()
        known = pl.concat([self._step_keys, orders]).unique()
        return self.facts[kind].filter(pl.col(name).is_in(known.implode()))

    # ------------------------------------------------------------------ ends

    def sources(self) -> list[Row]:
        """Suppliers' lots behind it: key, owner, and what was received of each when."""
        born = self._recorded.births["received"].to_numpy()[self.before]
        numbers = self.before[born]
        lines = self._recorded.consumed.select(_MOVED)[self._recorded.uses.at(numbers)]
        kinds = self.lineage.operations["kind"]
        lines = lines.filter(kinds[lines["op"]] == "receive")
        about = self.lineage.operations["key"]
        bought = self.facts[Operation].select("purchase_order_no", operation="key")
        lines = lines.with_columns(
            lot_key=self.lineage.lots["key"][lines["lot"]],
            item=self.lineage.lots["item"][lines["lot"]],
            owner=self.lineage.lots["owner"][lines["lot"]],
            operation=about[lines["op"]],
        ).join(bought.unique("operation"), on="operation", how="left", maintain_order="left")
        return lines.sort("latest", "lot_key", nulls_last=True).to_dicts()

    def shipments(self) -> list[Row]:
        """Where it and what was made of it went, line by line."""
        lines = self._recorded.shipped
        rows = lines[self._recorded.sent.at(self.after)]
        rows = rows.select("lot", "shipment", "quantity", "uom", "person", "earliest", "latest")
        rows = rows.with_columns(lot_key=self.lineage.lots["key"][rows["lot"]])
        heads = self.facts[Shipment].select(
            "delivery_no", "customer", "kind", "status", "ship_earliest", "ship_latest",
            "sales_order_no", shipment="key",
        )  # fmt: skip
        rows = rows.join(heads.unique("shipment"), on="shipment", how="left")
        return rows.sort("ship_earliest", "delivery_no", "lot_key", nulls_last=True).to_dicts()

    def balances(self) -> list[Row]:
        """Mass balance of each lot of the trace that is ours to balance."""
        rows = balance.balances(self.facts, self.lineage, self.lots)
        rows = rows.filter(pl.col("state") != balance.NOT_OURS).with_columns(off=balance.is_off())
        return rows.with_columns(key=self.lineage.lots["key"][rows["lot"]]).sort("key").to_dicts()

    def through_mixed_stock(self) -> tuple[list[str], list[str]]:
        """Recorded lots that mixed stock may have brought in, or carried it on to."""
        known = self.lineage.recorded
        into = self.lineage.backward(self.roots).lots
        on = self.lineage.forward(self.roots).lots
        names = self.lineage.lots["key"]
        into = np.setdiff1d(into[known[into]], self.before)
        on = np.setdiff1d(on[known[on]], self.after)
        return names[into].to_list(), names[on].to_list()

    def missing(self) -> list[Missing]:
        """What is missing along the trace."""
        return completeness.of_cone(self.facts, self.lineage, self.lots, self.operations)


def _parted(rows: pl.DataFrame, name: str) -> Iterator[tuple[tuple[Any, ...], pl.DataFrame]]:
    yield from rows.partition_by(name, as_dict=True, maintain_order=True).items()
