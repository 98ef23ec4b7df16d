"""What one affected customer is told: its own lots, amounts and dates, and nobody else's.

A pack is made from the lines by which that customer got goods, and from nothing else: no whole
amounts of lots, no ways, no other party. Suppliers are named, or numbered in this pack alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from graph_model.errors import NotFound
from graph_model.schema import Customer, Item, Lot, Shipment
from queries.recall.parties import received
from queries.recall.scope import EXCLUDED, Scope
from queries.recall.words import moment


@dataclass(frozen=True)
class Delivery:
    """One delivery line to the customer; `doubtful`: only a draft, a proposal or a rule says so."""

    delivery_no: str | None
    shipped_from: str | None
    shipped_to: str | None
    quantity: float | None
    unit: str | None
    doubtful: bool


@dataclass(frozen=True)
class AffectedLot:
    """A lot that the customer received, with its deliveries."""

    item: str
    item_name: str | None
    lot_no: str
    sublot: str
    tier: str
    trace_code: str | None
    label_date: str | None
    expiry_date: str | None
    quantity: dict[str, float]
    deliveries: list[Delivery]


@dataclass(frozen=True)
class Pack:
    """All that one customer is told. `unlotted`: goods that may be of the scope, without a lot.

    `origins`: where the suspect material came from, as {supplier, item, lot_no}; a number instead
    of the supplier's code, and no lot number, where suppliers are not to be named.
    """

    customer: str
    name: str | None
    country: str | None
    language: str | None
    address: str | None
    as_of: int
    head: str
    lots: list[AffectedLot]
    unlotted: list[Delivery]
    origins: list[dict[str, str]]
    quantity: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def customers(scope: Scope) -> list[str]:
    """Codes of everyone who gets a pack."""
    found: list[str] = received(scope)["customer"].unique().sort().to_list()
    return found


def pack(scope: Scope, customer: str, *, name_suppliers: bool = False) -> Pack:
    """What this customer is told. Raises NotFound where it got nothing of the scope."""
    lines = received(scope).filter(pl.col("customer") == customer)
    ends = scope.facts[Shipment].select("ship_latest", shipment="key")
    lines = lines.join(ends, on="shipment", how="left", maintain_order="left")
    if lines.is_empty():
        raise NotFound("customer_not_reached", customer=customer)
    party = scope.facts[Customer].filter(pl.col("key") == customer)
    about: Mapping[str, Any] = party.row(0, named=True) if len(party) else {}
    known = lines.filter(pl.col("tier").is_not_null() & (pl.col("tier") != EXCLUDED))
    lots = scope.facts[Lot].filter(pl.col("key").is_in(known["key"].unique().implode()))
    items = scope.facts[Item].select("item_name", item="key")
    lots = lots.join(items, on="item", how="left").sort("item_code", "lot_no", "sublot", "key")
    return Pack(
        customer=customer,
        name=about.get("name"),
        country=about.get("country"),
        language=about.get("language"),
        address=about.get("address"),
        as_of=scope.facts.batch,
        head=scope.facts.head,
        lots=[
            _lot(row, known.filter(pl.col("key") == row["key"]))
            for row in lots.iter_rows(named=True)
        ],
        unlotted=_deliveries(lines.filter(pl.col("tier").is_null())),
        origins=_origins(scope, named=name_suppliers),
        quantity=_sums(lines),
    )  # fmt: skip


def _lot(row: Mapping[str, Any], lines: pl.DataFrame) -> AffectedLot:
    return AffectedLot(
        item=row["item_code"],
        item_name=row["item_name"],
        lot_no=row["lot_no"],
        sublot=row["sublot"],
        tier=lines["tier"][0],
        trace_code=row["trace_code"],
        label_date=_moment(row["label_date"]),
        expiry_date=_moment(row["expiry_date"]),
        quantity=_sums(lines),
        deliveries=_deliveries(lines),
    )


def _moment(stamp: int | None) -> str | None:
    return None if stamp is None else moment(stamp)


def _sums(lines: pl.DataFrame) -> dict[str, float]:
    """Amounts by unit; never two units added up."""
    sums = lines.group_by(pl.col("uom").fill_null("")).agg(pl.col("quantity").sum().round(6))
    return dict(sums.sort("uom").iter_rows())


def _deliveries(lines: pl.DataFrame) -> list[Delivery]:
    ordered = lines.sort("ship_earliest", "delivery_no", "quantity")
    return [
        Delivery(
            row["delivery_no"], _moment(row["ship_earliest"]), _moment(row["ship_latest"]),
            row["quantity"], row["uom"], bool(row["doubtful"]),
        )
        for row in ordered.iter_rows(named=True)
    ]  # fmt: skip


def _origins(scope: Scope, *, named: bool) -> list[dict[str, str]]:
    """Suppliers of the suspect lots, by name or numbered within the pack."""
    lots = scope.lineage.lots.select("owner", "supplier", "item_code", "lot_no", "item")
    rows = lots[scope.roots.match].with_columns(pl.coalesce("supplier", "owner").alias("supplier"))
    told = ["supplier", "item_code", "lot_no"]
    rows = rows.select(told).unique().sort(told)
    if named:
        return [
            {"supplier": s, "item": item, "lot_no": number} for s, item, number in rows.iter_rows()
        ]
    number = {code: str(n) for n, code in enumerate(rows["supplier"].unique().sort(), 1)}
    pairs = rows.select("supplier", "item_code").unique(maintain_order=True)
    return [{"supplier": number[s], "item": item, "lot_no": ""} for s, item in pairs.iter_rows()]
