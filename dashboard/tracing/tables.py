"""The table beside the drawing: every node of a kind, with the selection of the drawing."""

from __future__ import annotations

from typing import Any

import polars as pl

from dashboard import words
from dashboard.tracing.question import Tracing
from graph_model.i18n import text
from queries.drawing import CUSTOMER, KINDS, LOT, OPERATION, POOL, SHIPMENT, SUPPLIER
from queries.names import placeless

TABS = (LOT, OPERATION, POOL, SHIPMENT, CUSTOMER, SUPPLIER)
_DRAWN = {"mixed_stock": "mixed"}


def counts(tracing: Tracing) -> dict[str, int]:
    """How many nodes there are of each kind."""
    found = dict(tracing.net.nodes.group_by("kind").len().iter_rows())
    return {kind: int(found.get(kind, 0)) for kind in KINDS}


def tab(tracing: Tracing) -> str:
    """The kind that is listed."""
    wanted = tracing.state.one("tab", LOT)
    return wanted if wanted in TABS else LOT


def rows(tracing: Tracing) -> list[dict[str, Any]]:
    """All nodes of the listed kind, from left to right."""
    names = tracing.visit.names(tracing.state.whole("as_of"))
    kind = tab(tracing)
    basis = dict(
        tracing.net.edges.group_by("target").agg(pl.col("basis").sort().first()).iter_rows()
    )
    nodes = tracing.net.nodes.filter(tracing.net.nodes["kind"] == kind).sort("layer", "id")
    made = []
    for row in nodes.iter_rows(named=True):
        tier = tracing.tiers.get(row["id"])
        drawn = _DRAWN.get(tier or "", tier)
        how = basis.get(row["id"])
        made.append(
            {
                "key": row["id"], "tier": drawn,
                "tier_name": text(f"screen.tier.{drawn}") if drawn else "",
                "lot_no": _number(row, kind), "sublot": "",
                "item": names.item(row["item"], row["code"])
                if kind != SHIPMENT else words.labelled("screen.status", row["status"]),
                "owner": names.company(row["owner"]) if row["owner"] else "",
                "level": row["layer"], "at_most": row["quantity"], "unit": words.unit(row["uom"]),
                "basis": text(f"screen.basis.{how}") if how else "",
                "when": words.moment(row["when"], tracing.visit.zone) if row["when"] else "",
            }
        )  # fmt: skip
    return made


def _number(row: dict[str, Any], kind: str) -> str:
    if kind == POOL:
        what, _, place = row["key"].partition("@")
        return placeless(what, place) or place.rpartition("/")[2] or text("screen.node.pool")
    return row["number"] or words.unknown()


def columns(tracing: Tracing) -> list[dict[str, Any]]:
    """The columns of the listed kind."""
    head = {
        "lot_no": text(f"screen.node.{tab(tracing)}"), "item": text("screen.head.item"),
        "owner": text("screen.head.party"), "level": text("screen.head.level"),
        "basis": text("screen.head.basis"), "when": text("screen.head.when"),
    }  # fmt: skip
    return [
        {"field": "tier", "headerName": "", "cellRenderer": "Tier", "width": 40, "minWidth": 40,
         "maxWidth": 40,
         "filter": False, "headerTooltip": text("screen.head.tier")},
        {"field": "lot_no", "headerName": head["lot_no"], "cellRenderer": "LotNo", "width": 140,
         "minWidth": 120},
        {"field": "item", "headerName": head["item"], "width": 150},
        {"field": "owner", "headerName": head["owner"], "width": 120},
        {"field": "level", "headerName": head["level"], "type": "rightAligned", "width": 70,
         "filter": "agNumberColumnFilter"},
        {"field": "at_most", "headerName": text("screen.head.amount"), "cellRenderer": "Amount",
         "cellRendererParams": {"unknown": words.unknown()}, "type": "rightAligned", "width": 110,
         "filter": "agNumberColumnFilter"},
        {"field": "basis", "headerName": head["basis"], "width": 100},
        {"field": "when", "headerName": head["when"], "type": "rightAligned", "width": 140},
    ]  # fmt: skip
