"""The hold list in the form of the system that blocks the stock: Kingdee, U8, or a plain one.

Kingdee's status codes and U8's column names are those of their tables. Goods that lie at no place
of stock (in process, picked) have an empty warehouse, so that nobody takes them for done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from graph_model.errors import BadInput
from queries.incidents.holds import Line
from queries.recall.places import ON_HAND

Row = dict[str, Any]


def _kingdee(line: Line, number: str) -> Row:
    return {
        "物料编码": line.item,
        "批号": line.lot_no,
        "仓库": _warehouse(line),
        "仓位": _bin(line),
        "库存状态(调整前)": "KCZT01_SYS",
        "库存状态(调整后)": "KCZT03_SYS",
        "数量": line.hold["quantity"],
        "单位": line.hold["uom"],
        "备注": number,
    }


def _u8(line: Line, number: str) -> Row:
    return {
        "cWhCode": _warehouse(line),
        "cPosition": _bin(line),
        "cInvCode": line.item,
        "cBatch": line.lot_no,
        "stopqty": line.hold["quantity"],
        "cMemo": number,
    }


def _generic(line: Line, number: str) -> Row:
    return {
        "incident_no": number,
        "item_code": line.item,
        "lot_no": line.lot_no,
        "sublot": line.sublot,
        "place": line.hold["place"],
        "warehouse": _warehouse(line),
        "bin": _bin(line),
        "quantity": line.hold["quantity"],
        "uom": line.hold["uom"],
        "quality_status": "hold",
    }


FORMS: dict[str, Callable[[Line, str], Row]] = {
    "kingdee": _kingdee,
    "u8": _u8,
    "generic": _generic,
}


def _warehouse(line: Line) -> str:
    return line.path[0] if line.path and line.hold["place"] == ON_HAND else ""


def _bin(line: Line) -> str:
    return line.path[-1] if len(line.path) > 1 and line.hold["place"] == ON_HAND else ""


def rows(lines: Iterable[Line], form: str, number: str) -> list[Row]:
    """Every hold as a row of that form. Raises BadInput for a form that is not known."""
    if form not in FORMS:
        raise BadInput("not_one_of", what="form", value=form, known=", ".join(FORMS))
    return [FORMS[form](line, number) for line in lines]
