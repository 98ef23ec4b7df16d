"""The whole record of one lot or operation: what came, what went, who, when, what was found.

Times are us UTC as recorded, null where nothing records them; people are pseudonyms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import Inspection, Lot, ProcessValue, Shipment, Stock
from queries.recall import places

C = pl.col
_FLOW = ["key", "op", "lot", "quantity", "uom", "basis", "rule", "earliest", "latest", "person",
         "doc_no", "lot_source", "source"]  # fmt: skip


@dataclass(frozen=True)
class Dossier:
    """Facts of a lot or operation and all its lines, as dictionaries with the recorded fields.

    `came` and `went`: other (key of the lot at the other end), step (key, kind, number of the
    operation), and the line. `own` is what is recorded of the thing itself.
    """

    kind: str
    key: str
    own: dict[str, Any]
    came: list[dict[str, Any]]
    went: list[dict[str, Any]]
    shipped: list[dict[str, Any]]
    stock: list[dict[str, Any]]
    inspections: list[dict[str, Any]]
    process: list[dict[str, Any]]
    steps: list[dict[str, Any]]

    @property
    def documents(self) -> list[str]:
        """Numbers of all documents, each once."""
        lines = [line["doc_no"] for line in (*self.came, *self.went)]
        lines += [step["number"] for step in self.steps]
        lines += [line["delivery_no"] for line in self.shipped]
        lines += [found["inspection_no"] for found in self.inspections]
        return list(dict.fromkeys(number for number in lines if number))

    @property
    def persons(self) -> list[str]:
        """Pseudonyms of everyone who did something here."""
        rows = (*self.came, *self.went, *self.inspections)
        return list(dict.fromkeys(row["person"] for row in rows if row.get("person")))


def of_lot(facts: Facts, lineage: Lineage, lot: int) -> Dossier:
    """The record of a lot, by number in the plant."""
    key = lineage.lots["key"][lot]
    chosen = np.array([lot], dtype=np.int64)
    made = lineage.produced[lineage.origins.at(chosen)]
    used = lineage.consumed[lineage.uses.at(chosen)]
    into = lineage.consumed[lineage.inputs.at(_steps(made))]
    out = lineage.produced[lineage.outputs.at(_steps(used))]
    steps = _about(lineage, np.union1d(_steps(made), _steps(used)))
    own = facts[Lot].filter(C("key") == key).to_dicts()
    return Dossier(
        "lot", key, own[0] if own else {"key": key},
        _lines(lineage, into), _went(lineage, used, out),
        _shipped(facts, lineage, chosen),
        facts[Stock].filter(C("lot") == key).sort("as_of", nulls_last=True).to_dicts(),
        _inspections(facts, C("lot") == key),
        _process(facts, lineage, _steps(made)), steps,
    )  # fmt: skip


def of_operation(facts: Facts, lineage: Lineage, key: str) -> Dossier:
    """The record of an order or other operation with all its parts, by key."""
    whole = lineage.operations.with_row_index("n").filter(
        pl.coalesce("order", "key") == key
    )  # fmt: skip
    steps = whole["n"].to_numpy().astype(np.int64)
    return Dossier(
        "operation", key, whole.row(0, named=True) if len(whole) else {"key": key},
        _lines(lineage, lineage.consumed[lineage.inputs.at(steps)]),
        _lines(lineage, lineage.produced[lineage.outputs.at(steps)]),
        [], [], _inspections(facts, C("operation") == key), _process(facts, lineage, steps),
        _about(lineage, steps),
    )  # fmt: skip


def _steps(lines: pl.DataFrame) -> Index:
    return np.unique(lines["op"].to_numpy()).astype(np.int64)


def _about(lineage: Lineage, steps: Index) -> list[dict[str, Any]]:
    names = lineage.operations.select(
        "key", "kind", "site", "step", "shift", "earliest", "latest", "rule", "status",
        number=pl.coalesce("work_order_no", "doc_no"),
    )  # fmt: skip
    return names[steps].to_dicts()


def _lines(lineage: Lineage, lines: pl.DataFrame) -> list[dict[str, Any]]:
    """Movement lines with the lot and the step they belong to, in order of time."""
    lots = lineage.lots.select("item", other="key", code="item_code", number="lot_no")
    step = lineage.operations.select(
        step="key", step_kind="kind", step_number=pl.coalesce("work_order_no", "doc_no")
    )
    kept = lines.select([name for name in _FLOW if name in lines.columns])
    rows = pl.concat(
        [kept.drop("lot"), lots.rename({"item": "item_key"})[kept["lot"]], step[kept["op"]]],
        how="horizontal",
    )
    return rows.drop("op").sort("earliest", "key", nulls_last=True).to_dicts()


def _went(lineage: Lineage, used: pl.DataFrame, out: pl.DataFrame) -> list[dict[str, Any]]:
    """What used the lot, each with what it made."""
    made: dict[str, list[str]] = {}
    for line in _lines(lineage, out):
        made.setdefault(line["step"], []).append(line["other"])
    rows = _lines(lineage, used)
    return [row | {"made": sorted(set(made.get(row["step"], [])))} for row in rows]


def _shipped(facts: Facts, lineage: Lineage, lot: Index) -> list[dict[str, Any]]:
    lines = places.shipped_lines(lineage, lot)
    heads = facts[Shipment].select("arrival_earliest", "arrival_latest", shipment="key")
    return lines.join(heads, on="shipment", how="left").sort("ship_earliest").to_dicts()


def _inspections(facts: Facts, chosen: pl.Expr) -> list[dict[str, Any]]:
    return facts[Inspection].filter(chosen).sort("earliest", nulls_last=True).to_dicts()


def _process(facts: Facts, lineage: Lineage, steps: Index) -> list[dict[str, Any]]:
    keys = lineage.operations.select(pl.coalesce("order", "key"))[steps].to_series()
    found = facts[ProcessValue].filter(C("operation").is_in(keys.implode()))
    return found.sort("earliest", nulls_last=True).to_dicts()
