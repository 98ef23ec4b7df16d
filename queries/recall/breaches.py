"""Goods that were held, or known to be suspect, and moved all the same.

Between two states of a scope: movements that the later one knows and the earlier one did not, of
lots that were under a hold or already in the scope. A movement that may have happened before the
hold, since its time is a day or unknown, is told as not sure, never left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from graph_model import network
from graph_model.cases import Hold
from graph_model.interval import MAX, MIN
from graph_model.network import Facts
from graph_model.schema import Consumed, Operation, Shipment, Shipped
from queries.recall.scope import Scope
from queries.recall.words import moment

SHIPPED, ISSUED, MOVED = "shipped", "issued", "moved"
"""What was done: it left for someone, went into an order or other lots, or to another place."""
C = pl.col


def breaches(old: Scope, new: Scope) -> list[dict[str, Any]]:
    """kind, lot, fact, document, quantity, unit, when, held_since, sure; those of holds first.

    `held_since` is null for lots that no hold is on but that the earlier scope had. `sure`: it
    happened after the hold, or the hold's or scope's state knew nothing of it and it cannot be
    earlier.
    """
    rows = _movements(new.facts).join(_movements(old.facts).select("fact"), on="fact", how="anti")
    watched = _watched(old, new)
    rows = rows.join(watched, on="lot").filter(C("latest").fill_null(MAX) >= C("since"))
    rows = rows.with_columns(sure=C("earliest").fill_null(MIN) >= C("since"))
    rows = rows.sort(~C("held"), ~C("sure"), "earliest", "fact", nulls_last=True)
    return [
        {
            "kind": row["kind"],
            "lot": row["lot"],
            "fact": row["fact"],
            "document": row["document"],
            "quantity": row["quantity"],
            "unit": row["uom"],
            "when": None if row["earliest"] is None else moment(row["earliest"]),
            "held_since": moment(row["since"]) if row["held"] else None,
            "sure": row["sure"],
        }
        for row in rows.iter_rows(named=True)
    ]


def _watched(old: Scope, new: Scope) -> pl.DataFrame:
    """lot, since, held: lots under a hold from its request on, and those the old scope had."""
    keys = old.lineage.lots["key"][np.sort(old.held)]
    holds = new.facts[Hold].group_by("lot").agg(since=C("at").min().fill_null(MIN))
    holds = holds.with_columns(held=pl.lit(True))
    # Of lots without a hold, everything that came to be known since counts.
    others = keys.to_frame("lot").join(holds, on="lot", how="anti")
    return pl.concat([holds, others.with_columns(since=pl.lit(MIN, pl.Int64), held=pl.lit(False))])


def _movements(facts: Facts) -> pl.DataFrame:
    """fact, lot, kind, document, quantity, uom, earliest, latest of goods that went somewhere."""
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
    columns = ["lot", "kind", "document", "quantity", "uom", "earliest", "latest"]
    return pl.concat(frame.select(*columns, fact="key") for frame in (used, sent))
