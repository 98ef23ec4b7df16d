"""What a device on the floor keeps, so that it can propose and stop without a connection."""

from __future__ import annotations

from typing import Any

import polars as pl

from graph_model import keys
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Customer, Item, Lot, Operation, Site, Supplier
from queries.floor.records import Records
from queries.recall import places

ORDERS, LOTS = 500, 4_000
"""Most that a device is given; what is left out is told (`complete`), and is asked for online."""


def plan(facts: Facts, lineage: Lineage, company: str, at: int) -> dict[str, Any]:
    """Open orders with what they need, goods on hand by first expiry, places and parties."""
    records = Records(facts, company)
    orders, stock = _open(facts, company), _stock(facts, lineage, company)
    items = facts[Item].filter(pl.col("company") == company).sort("item_code")
    return {
        "orders": _orders(orders.head(ORDERS), records, at),
        "lots": _lots(stock.head(LOTS), records),
        "items": items.select(
            code="item_code", name="item_name", uom="uom", days="shelf_life_days"
        ).to_dicts(),
        "places": _codes(facts[Site].filter(pl.col("company") == company), "site_code"),
        "suppliers": _codes(facts[Supplier], "company"),
        "customers": _codes(facts[Customer], "company"),
        "complete": len(orders) <= ORDERS and len(stock) <= LOTS,
    }


def _codes(rows: pl.DataFrame, code: str) -> list[dict[str, Any]]:
    return rows.sort(code).select(code=code, name="name").to_dicts()


def _open(facts: Facts, company: str) -> pl.DataFrame:
    """Orders that are not closed, the newest first."""
    rows = facts[Operation].filter(
        (pl.col("company") == company)
        & pl.col("kind").is_in(["produce", "rework"])
        & pl.col("work_order_no").is_not_null()
        & pl.col("order").is_null()
        & pl.col("status").ne_missing("closed")
    )
    return rows.sort("earliest", "released_at", "number", descending=True, nulls_last=True)


def _orders(rows: pl.DataFrame, records: Records, at: int) -> list[dict[str, Any]]:
    """Orders as the device keeps them; `needs`: codes of items, null: not known."""
    items = {key: _code(key) for key in rows["item"].unique()}
    needs = {key: records.needs(item, at) if item else None for key, item in items.items()}
    return [
        {"no": row["number"], "item": items[row["item"]],
         "needs": _needs(needs[row["item"]]) if row["kind"] != "rework" else None,
         "planned": row["planned_qty"], "uom": row["uom"], "line": _code(row["site"])}
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip


def _needs(usual: set[str] | None) -> list[str] | None:
    return None if usual is None else sorted(map(_code, usual))


def _code(key: str | None) -> str:
    """Code of an item or a place by its key."""
    return keys.parts(key)[-1] if key else ""


def _stock(facts: Facts, lineage: Lineage, company: str) -> pl.DataFrame:
    """Lots of ours on hand, by item and then what expires first; what has no date comes last."""
    located = places.holdings(lineage)
    rows = located.located.filter((pl.col("place") == places.ON_HAND) & (pl.col("quantity") > 0))
    lots = lineage.lots.select("key", "owner", "item_code", "lot_no")
    rows = pl.concat(
        [rows, lots[rows["lot"]], located.amounts.select("uom")[rows["lot"]]], how="horizontal"
    )
    own = rows.filter((pl.col("owner") == company) & (pl.col("lot_no") != ""))
    own = own.join(facts[Lot].select("key", "expiry_date"), on="key", how="left")
    return own.sort("item_code", "expiry_date", "lot", nulls_last=True)


def _lots(rows: pl.DataFrame, records: Records) -> list[dict[str, Any]]:
    """Lots as the device keeps them; `blocked`: the rule by which one may not be used."""
    doubted = records.doubted()
    blocked = {key: why[0] for key in rows["key"].unique() if keys.whole(key) in doubted
               if (why := records.blocked(key))}  # fmt: skip
    return [
        {"key": row["key"], "item": row["item_code"], "no": row["lot_no"],
         "expiry": row["expiry_date"], "blocked": blocked.get(row["key"], ""),
         "quantity": row["quantity"], "uom": row["uom"], "place": _code(row["at"])}
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
