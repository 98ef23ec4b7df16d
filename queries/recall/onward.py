"""Goods that a scope had already and that went on all the same, between two states of it.

Movements that the later state knows and the earlier did not, whenever they happened: of lots that
were to be held. What became of the holds of an incident, its alerts tell.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from graph_model import network
from graph_model.network import Facts
from graph_model.schema import Consumed, Operation, Shipment, Shipped
from queries.recall.scope import Scope
from queries.recall.words import moment

SHIPPED, ISSUED, MOVED = "shipped", "issued", "moved"
"""What was done: it left for someone, went into an order or other lots, or to another place."""
C = pl.col


def went_on(old: Scope, new: Scope) -> list[dict[str, Any]]:
    """kind, lot, fact, document, quantity, unit, when: oldest first."""
    before = _movements(old.facts).select("fact")
    held = old.lineage.lots["key"][old.held].to_frame("lot")
    rows = _movements(new.facts).join(before, on="fact", how="anti").join(held, on="lot")
    told = rows.sort("earliest", "fact", nulls_last=True).select(
        "kind", "lot", "fact", "document", "quantity", unit="uom", when="earliest"
    )
    return [
        row | {"when": None if row["when"] is None else moment(row["when"])}
        for row in told.to_dicts()
    ]


def _movements(facts: Facts) -> pl.DataFrame:
    """fact, lot, kind, document, quantity, uom, earliest of goods that went somewhere."""
    live = network.standing_movements(facts)
    kinds = facts[Operation].select("work_order_no", operation="key", of="kind")
    used = live[Consumed].filter(C("lot").is_not_null())
    used = used.join(kinds, on="operation", how="left").with_columns(
        kind=pl.when(C("of").is_in(["transfer", "pack", "unpack"])).then(pl.lit(MOVED)).otherwise(
            pl.lit(ISSUED)
        ),
        document=pl.coalesce("work_order_no", "doc_no"),
    ).filter(~C("of").is_in(["return", "receive", "opening"]).fill_null(False))  # fmt: skip
    heads = facts[Shipment].select("status", "delivery_no", shipment="key")
    sent = live[Shipped].filter(C("lot").is_not_null()).drop("status")
    sent = sent.join(heads, on="shipment", how="left").filter(
        ~C("status").is_in(["planned", "picked", "cancelled"]).fill_null(False)
    )
    sent = sent.with_columns(kind=pl.lit(SHIPPED), document="delivery_no")
    columns = ["lot", "kind", "document", "quantity", "uom", "earliest"]
    return pl.concat(frame.select(*columns, fact="key") for frame in (used, sent))
