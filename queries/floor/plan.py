"""What a device on the floor keeps, so that it can propose and stop without a connection."""

from __future__ import annotations

from typing import Any

import polars as pl

from graph_model import keys
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Customer, Item, Lot, Operation, Site, Supplier
from queries.floor.records import Records, keys_whole
from queries.recall import places

ORDERS, LOTS = 500, 4_000
"""Most that a device is given; what is left out is told (`complete`), and is asked for online."""


def plan(facts: Facts, lineage: Lineage, company: str, at: int) -> dict[str, Any]:
    """Open orders with what they need, goods on hand by first expiry, places and parties."""
    records = Records(facts, company)
    orders, lots = _orders(facts, records, company, at), _stock(facts, lineage, records, company)
    items = facts[Item].filter(pl.col("company") == company).sort("item_code")
    return {
        "orders": orders[:ORDERS],
        "lots": lots[:LOTS],
        "items": items.select(
            code="item_code", name="item_name", uom="uom", days="shelf_life_days"
        ).to_dicts(),
        "places": _codes(facts[Site].filter(pl.col("company") == company), "site_code"),
        "suppliers": _codes(facts[Supplier], "company"),
        "customers": _codes(facts[Customer], "company"),
        "complete": len(orders) <= ORDERS and len(lots) <= LOTS,
    }


def _codes(rows: pl.DataFrame, code: str) -> list[dict[str, Any]]:
    return rows.sort(code).select(code=code, name="name").to_dicts()


def _orders(facts: Facts, records: Records, company: str, at: int) -> list[dict[str, Any]]:
    """Orders that are not closed, the newest first; `needs`: codes of items, null: not known."""
    rows = facts[Operation].filter(
        (pl.col("company") == company)
        & pl.col("kind").is_in(["produce", "rework"])
        & pl.col("work_order_no").is_not_null()
        & pl.col("order").is_null()
        & pl.col("status").ne_missing("closed")
    )
    rows = rows.sort("earliest", "released_at", "number", descending=True, nulls_last=True)
    needs: dict[str, list[str] | None] = {}
    found = []
    for row in rows.iter_rows(named=True):
        item = keys.parts(row["item"])[-1] if row["item"] else ""
        if item not in needs:
            usual = records.needs(item, at) if item else None
            needs[item] = sorted(keys.parts(one)[-1] for one in usual) if usual else None
        rework = row["kind"] == "rework"
        found.append(
            {"no": row["number"], "item": item, "needs": None if rework else needs[item],
             "planned": row["planned_qty"], "uom": row["uom"],
             "line": keys.parts(row["site"])[-1] if row["site"] else ""}
        )  # fmt: skip
    return found


def _stock(facts: Facts, lineage: Lineage, records: Records, company: str) -> list[dict[str, Any]]:
    """Lots of ours on hand, by item and then what expires first; what has no date comes last.

    `blocked`: the rule by which it may not be used.
    """
    located = places.holdings(lineage)
    rows = located.located.filter((pl.col("place") == places.ON_HAND) & (pl.col("quantity") > 0))
    lots = lineage.lots.select("key", "owner", "item_code", "lot_no")
    rows = pl.concat(
        [rows, lots[rows["lot"]], located.amounts.select("uom")[rows["lot"]]], how="horizontal"
    )
    own = rows.filter((pl.col("owner") == company) & (pl.col("lot_no") != ""))
    own = own.join(facts[Lot].select("key", "expiry_date"), on="key", how="left")
    own = own.sort("item_code", "expiry_date", "lot", nulls_last=True)
    doubted = records.doubted()
    blocked = {key: why[0] for key in set(own["key"]) if keys_whole(key) in doubted
               if (why := records.blocked(key))}  # fmt: skip
    return [
        {"key": row["key"], "item": row["item_code"], "no": row["lot_no"],
         "expiry": row["expiry_date"], "blocked": blocked.get(row["key"], ""),
         "quantity": row["quantity"], "uom": row["uom"],
         "place": keys.parts(row["at"])[-1] if row["at"] else ""}
        for row in own.iter_rows(named=True)
    ]  # fmt: skip
