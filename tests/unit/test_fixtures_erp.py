"""Situations that ERP systems test themselves with, entered as a plant folder."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph_model.lineage import Lineage
from tests.fixtures import fixture_dir
from tests.unit.plant_case import Row, lineage, loaded

SITUATIONS = [
    "erpnext-batch-stays-with-all",
    "erpnext-both",
    "erpnext-fg-batch",
    "erpnext-map-explicit",
    "erpnext-map-in-order",
    "erpnext-map-partial",
    "odoo-byproducts",
    "odoo-last-delivery",
    "odoo-report-lines",
    "odoo-unbuild-reuse",
    "tryton-1",
    "tryton-2",
]
TWICE, UNLOTTED = "odoo-consume-twice", "odoo-two-lots-one-order"
Sheets = dict[str, list[Row]]


def situation(name: str) -> tuple[Any, Any]:
    folder = fixture_dir("erp_lot_scenarios")
    all_steps = json.loads((folder / "normalised.json").read_text(encoding="utf-8"))
    wanted = json.loads((folder / "expected" / "traces.json").read_text(encoding="utf-8"))
    return next(entry for entry in all_steps if entry["id"] == name), wanted[name]


def entered(scenario: Any) -> Sheets:
    """The steps as rows. Each lot is of an item of its own name; untracked goods have no number."""
    sheets: Sheets = defaultdict(list)
    untracked = set(scenario.get("untracked", ()))

    def goods(lot: str, quantity: float, step: str, line: int) -> dict[str, str]:
        tracked = lot not in untracked and "untracked" not in lot
        number = {"lot_no": lot} if tracked else {}
        row = {"item_code": lot, "quantity": str(quantity), "uom": "pcs"}
        return row | number | {"doc_no": step, "doc_line_no": str(line)}

    for step in scenario["steps"]:
        name, kind = step["step"], step["type"]
        ins, outs = (
            [
                goods(lot, amount, name, line)
                for line, (lot, amount) in enumerate(step.get(side, ()), 1)
            ]
            for side in ("in", "out")
        )
        if kind == "receive":
            sheets["receipts"] += [row | {"supplier_code": "S"} for row in outs]
        elif kind == "ship":
            where = {"delivery_no": name, "customer_code": "C"}
            sheets["shipments"] += [row | where for row in ins]
        elif kind == "make":
            order = {"work_order_no": name}
            sheets["issues"] += [row | order for row in _paired(step, ins)]
            sheets["outputs"] += [row | order for row in outs]
        else:
            undone = {"doc_no": name, "doc_line_no": "1", "reversed_doc_no": step["of"]}
            sheets["issues"].append(undone | {"work_order_no": step["of"]})
            sheets["outputs"].append(undone | {"work_order_no": step["of"]})
    return dict(sheets)


def _paired(step: Any, rows: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Issues with the output they are recorded for; the rest in order, as the system proposes."""
    if step.get("pairing") != "auto":
        yield from rows
        return
    pairs = dict(step["pairs"])
    outputs = [lot for lot, _ in step["out"]]
    free = [lot for lot in outputs if lot not in pairs.values()]
    line = len(rows)
    for row in rows:
        lot = row["item_code"]
        if lot in step.get("unpaired", ()):
            for output in outputs:
                line += 1
                yield row | {"doc_line_no": str(line), "quantity": "1", "output_lot_no": output}
        elif lot in pairs:
            yield row | {"output_lot_no": pairs[lot]}
        else:
            yield row | {"output_lot_no": free.pop(0), "lot_source": "system_proposed"}


def traced(found: Lineage, name: str, *, forward: bool) -> tuple[set[str], set[str]]:
    """Names of other own lots reached, and shipments of what was reached."""
    own = found.lots["owner"] == "PLANT"
    roots = (own & (found.lots["item_code"] == name)).arg_true().to_numpy()
    reached = (found.forward if forward else found.backward)(roots).lots
    shipped = found.shipped["shipment"][found.sent.at(reached)].unique()
    codes = found.lots[reached].filter(owner="PLANT")["item_code"]
    return set(codes) - {name}, {key.removeprefix("PLANT/") for key in shipped}


@pytest.mark.parametrize("name", [*SITUATIONS, UNLOTTED])
def test_situation_is_traced_as_its_source_says(name: str, tmp_path: Path) -> None:
    scenario, wanted = situation(name)
    intake = loaded(tmp_path, entered(scenario), False)
    assert not intake.findings
    found = lineage(intake.tables)
    for lot in wanted["trace_forward"]:
        lots, shipments = traced(found, lot, forward=True)
        assert lots == set(wanted["trace_forward"][lot]), lot
        assert shipments == set(wanted["shipments_found"][lot]), lot
        assert traced(found, lot, forward=False)[0] == set(wanted["trace_back"][lot]), lot


def test_history_that_uses_a_serial_twice_is_kept(tmp_path: Path) -> None:
    scenario, wanted = situation(TWICE)
    found = lineage(loaded(tmp_path, entered(scenario), False).tables)
    assert wanted["refused_steps"] == ["P2"]
    assert traced(found, "SN01", forward=True)[0] == {*wanted["trace_forward"]["SN01"], "X2"}


def test_every_situation_is_tested() -> None:
    folder = fixture_dir("erp_lot_scenarios")
    wanted = json.loads((folder / "expected" / "traces.json").read_text(encoding="utf-8"))
    assert sorted([*SITUATIONS, TWICE, UNLOTTED]) == sorted(wanted)
