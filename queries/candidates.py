"""What a number typed or scanned can mean: everything that carries or contains it, of any kind.

Exact matches come first. Nothing is left out: a caller that shows fewer says how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from graph_model import keys
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import (
    Complaint,
    Customer,
    Incident,
    Inspection,
    Item,
    Lot,
    Operation,
    Shipment,
    Site,
    Supplier,
)
from queries.recall import places
from queries.scans import Scan as Scan
from queries.scans import read as read


@dataclass(frozen=True)
class Candidate:
    """One thing that carries the number; `when` in us UTC, null where nothing records it.

    `whose` is the code of the company, `what` the code of the item, customer or kind of step.
    """

    kind: str
    key: str
    number: str
    exact: bool
    what: str | None = None
    item: str | None = None
    whose: str | None = None
    quantity: float | None = None
    uom: str | None = None
    when: int | None = None


def candidates(facts: Facts, lineage: Lineage, text: str) -> list[Candidate]:
    """Everything that carries the number, exact first; a GS1 code is read where nothing does."""
    text = text.strip()
    if not text:
        return []
    found = _of_number(facts, lineage, keys.plain(text))
    if not found:
        scan = read(text)
        if scan.key:
            found = [one for one in _of_number(facts, lineage, scan.key) if one.key == scan.key]
    if not found:
        numbers = [number for number in scan.numbers if number != text]
        found = [one for number in numbers for one in _of_number(facts, lineage, number)]
    unique = {(one.kind, one.key): one for one in reversed(found)}
    return sorted(unique.values(), key=lambda one: (not one.exact, one.kind, one.number, one.key))


def _of_number(facts: Facts, lineage: Lineage, text: str) -> list[Candidate]:
    found = _lots(facts, lineage, text)
    found += _rows(facts[Item], text, "item", ("item_code", "item_name"), item="key",
                   whose="company", what="item_name")  # fmt: skip
    found += _rows(
        facts[Operation].filter(pl.col("rule").is_null()), text, "operation",
        ("work_order_no", "doc_no", "number", "purchase_order_no"), item="item", whose="company",
        what="kind", quantity="reported_qty", uom="uom", when="earliest",
    )  # fmt: skip
    found += _rows(facts[Shipment], text, "shipment", ("delivery_no", "sales_order_no"),
                   whose="customer", when="ship_earliest", what="status")  # fmt: skip
    found += _rows(facts[Customer], text, "customer", ("company", "name"), whose="company")
    found += _rows(facts[Supplier], text, "supplier", ("company", "name"), whose="company")
    found += _rows(facts[Site], text, "site", ("site_code", "name"), whose="company", what="kind")
    found += _rows(facts[Complaint], text, "complaint", ("complaint_no", "printed_code"),
                   whose="customer", item="item", what="reason", when="earliest")  # fmt: skip
    found += _rows(facts[Inspection], text, "inspection", ("inspection_no",), whose="company",
                   what="inspection_item", when="earliest")  # fmt: skip
    found += _rows(facts[Incident], text, "incident", ("incident_no", "title"), whose="company",
                   what="title")  # fmt: skip
    return found


def _matching(rows: pl.DataFrame, text: str, fields: tuple[str, ...]) -> pl.DataFrame:
    """Rows with the text in one of the fields: `number` is the field that it stands in."""
    low = text.lower()
    if rows.is_empty():
        return rows.with_columns(number=pl.lit(None, pl.String), exact=pl.lit(False))
    texts = [pl.col(name).str.to_lowercase() for name in fields]
    holds = [cell.str.contains(low, literal=True).fill_null(False) for cell in texts]
    exact = pl.any_horizontal((cell == low).fill_null(False) for cell in texts)
    number = pl.coalesce(
        pl.when(hold).then(pl.col(name)) for hold, name in zip(holds, fields, strict=True)
    )
    return rows.filter(pl.any_horizontal(holds) | (pl.col("key") == text)).with_columns(
        number=pl.coalesce(number, fields[0], "key"), exact=exact | (pl.col("key") == text)
    )


def _rows(
    rows: pl.DataFrame, text: str, kind: str, fields: tuple[str, ...], **columns: str
) -> list[Candidate]:
    found = _matching(rows, text, fields)
    wanted = found.select("key", "number", "exact", **{k: pl.col(v) for k, v in columns.items()})
    return [Candidate(kind=kind, **row) for row in wanted.iter_rows(named=True)]


def _lots(facts: Facts, lineage: Lineage, text: str) -> list[Candidate]:
    """Lots by their number, part or printed code; a supplier's own records as such."""
    printed = facts[Lot].select("key", "trace_code", "label_date", "expiry_date")
    numbered = lineage.lots.select(
        "key", "owner", "item_code", "item", "lot_no", "sublot", "rule",
        n=pl.int_range(pl.len(), dtype=pl.Int64),
    )  # fmt: skip
    recorded = numbered.filter(pl.col("rule").is_null())
    codes = printed.filter(pl.col("trace_code").is_not_null())
    rows = recorded.join(codes.select("key", "trace_code"), on="key", how="left")
    found = _matching(rows, text, ("lot_no", "sublot", "trace_code")).filter(pl.col("number") != "")
    if found.is_empty():
        return []
    held = places.holdings(lineage).amounts[found["n"]]
    births = lineage.births.select("born_earliest", "received_earliest")[found["n"]]
    suppliers = facts[Supplier]["company"].implode()
    about = pl.concat([found, held, births], how="horizontal").with_columns(
        kind=pl.when(pl.col("owner").is_in(suppliers))
        .then(pl.lit("supplier_lot"))
        .otherwise(pl.lit("lot")),
        when=pl.coalesce("born_earliest", "received_earliest"),
    )
    wanted = about.select(
        "kind", "key", "number", "exact", "item", "quantity", "uom", "when", what="item_code",
        whose="owner",
    )  # fmt: skip
    return [Candidate(**row) for row in wanted.iter_rows(named=True)]
