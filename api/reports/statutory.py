"""Records in the columns that laws name: FSMA 204 (sortable) and China's Food Safety Law.

What a rule asks for and nothing records is marked as missing and never filled in by guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import IO, Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from api.reports import figures, sheets
from api.reports.edition import Edition
from api.reports.lot_record import LotRecord
from api.reports.names import Names
from api.reports.sheets import About, Sheet
from graph_model.i18n import text
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import Inspection, Lot, Shipment
from queries.drill import recorded_flows

Row = dict[str, Any]
RECEIVING, TRANSFORMATION, SHIPPING = "receiving", "transformation", "shipping"
CFR = {RECEIVING: "1.1345", TRANSFORMATION: "1.1350", SHIPPING: "1.1340"}
"""21 CFR part 1 subpart S. Harvesting, cooling, initial packing and landing (1.1325 to 1.1335) are
events of farms and boats, for which the records here have no fields."""
TRANSFORMS = ("produce", "rework", "merge", "fill", "split", "rename", "pack", "unpack")
FSMA = (
    "cte", "cfr", "event", "role", "tlc", "product", "quantity", "unit", "when", "location",
    "previous_source", "recipient", "tlc_source", "document_type", "document", "missing_kde",
)  # fmt: skip
_KEPT = ("op", "lot", "quantity", "uom", "earliest", "latest", "doc_no", "to_place", "from_place")


class _Places:
    """Companies and places as a location description: name, address, country."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def company(self, key: str | None) -> str | None:
        row = self.names.companies.get(key or "")
        if row is None:
            return None
        parts = [row.get(name) for name in ("name", "address", "country")]
        return text("report.comma").join([figures.code(key), *(part for part in parts if part)])

    def companies(self, keys: list[str]) -> str:
        """Several companies; one that no master data describe stands by its code."""
        return "; ".join(self.company(key) or figures.code(key) for key in keys)

    def whole(self, key: str | None) -> bool:
        """Whether a company has the name and address that a location description needs."""
        row = self.names.companies.get(key or "", {})
        return bool(row.get("name") and row.get("address"))


# ---------------------------------------------------------------------------- FSMA 204


class _Events:
    """Critical tracking events of the recorded movements of some lots."""

    def __init__(self, facts: Facts, lineage: Lineage, lots: Index, edition: Edition) -> None:
        self.facts, self.lots = facts, lots
        self.net = recorded_flows(lineage)
        self.names = Names.of(facts)
        self.places = _Places(self.names)
        self.zone = edition.zone

    @cached_property
    def _received_as(self) -> dict[int, list[int]]:
        """Our lot -> the suppliers' lots it was received as; several where it was topped up."""
        kinds = self.net.operations["kind"]
        into = self.net.consumed.select("op", theirs="lot").filter(
            kinds[self.net.consumed["op"]] == "receive"
        )
        pairs = into.join(self.net.produced.select("op", ours="lot"), on="op")
        grouped = pairs.group_by("ours").agg(pl.col("theirs").unique().sort())
        return dict(grouped.iter_rows())

    def _tlc(self, lot: int) -> tuple[str, list[str]]:
        """Traceability lot code and its sources; the supplier's until food is transformed."""
        rows = self.net.lots.select("lot_no", "owner")[self._received_as.get(lot, [lot])]
        numbers = rows["lot_no"].unique(maintain_order=True)
        return "; ".join(numbers), rows["owner"].unique(maintain_order=True).to_list()

    def rows(self) -> Iterator[Row]:
        """All events, a row a lot in an event."""
        kinds = self.net.operations["kind"]
        for frame, index, role in (
            (self.net.consumed, self.net.uses, "input"),
            (self.net.produced, self.net.origins, "output"),
        ):
            lines = frame.select(_KEPT)[index.at(self.lots)]
            lines = lines.with_columns(kind=kinds[lines["op"]]).sort("op", "lot", "latest")
            for line in lines.iter_rows(named=True):
                if line["kind"] == "receive" and role == "input":
                    yield self._receiving(line)
                elif line["kind"] in TRANSFORMS:
                    yield self._transformation(line, role)
        yield from self._shipping()

    def _common(self, line: Row, cte: str, role: str) -> Row:
        tlc, sources = self._tlc(line["lot"])
        item = self.net.lots["item"][line["lot"]]
        row = dict.fromkeys(FSMA)
        row |= {
            "cte": text(f"report.cte.{cte}"), "cfr": f"21 CFR {CFR[cte]}", "role": role,
            "tlc": tlc, "quantity": line["quantity"], "unit": line["uom"],
            "product": self.names.item(item, self.net.lots["item_code"][line["lot"]]),
            "tlc_source": self.places.companies(sources), "_sources": sources,
        }  # fmt: skip
        return row

    def _closed(self, row: Row, needed: tuple[str, ...]) -> Row:
        """Marks what is missing of what the event needs."""
        sources = row.pop("_sources")
        gaps = [name for name in needed if row[name] in (None, "")]
        if row["tlc_source"] and not all(map(self.places.whole, sources)):
            gaps.append("tlc_source_address")
        for name in needed:
            if row[name] in (None, ""):
                row[name] = text("report.missing_mark")
        row["missing_kde"] = text("report.comma").join(sheets.heading(name) for name in gaps)
        return row

    def _when(self, line: Row) -> str | None:
        """Year first, so that the column sorts by time; both ends where they differ."""
        bounds = (line["earliest"], line["latest"])
        ends = [figures.sortable(us, self.zone) for us in bounds if figures.is_bounded(us)]
        begin, end = (ends[0], ends[-1]) if ends else (None, None)
        return begin if begin == end else text("report.period", begin=begin, end=end)

    def _receiving(self, line: Row) -> Row:
        row = self._common(line, RECEIVING, "input")
        where = self.net.produced.filter(pl.col("op") == line["op"])["to_place"].drop_nulls()
        row |= {
            "event": self.net.operations["key"][line["op"]], "when": self._when(line),
            "location": self.names.place(where[0]) if len(where) else None,
            "previous_source": row["tlc_source"],
            "document_type": text("report.fsma.receipt") if line["doc_no"] else None,
            "document": line["doc_no"],
        }  # fmt: skip
        return self._closed(
            row, ("tlc", "product", "quantity", "unit", "when", "location", "previous_source",
                  "tlc_source", "document_type", "document"),
        )  # fmt: skip

    def _transformation(self, line: Row, role: str) -> Row:
        row = self._common(line, TRANSFORMATION, role)
        about = self.net.operations.row(line["op"], named=True)
        number = about["work_order_no"] or about["doc_no"]
        needed: tuple[str, ...] = ("tlc", "product", "quantity", "unit")
        row["event"] = about["key"]
        if role == "output":
            row |= {
                "when": self._when(line),
                "location": self.names.place(about["site"]) if about["site"] else None,
                "document_type": figures.word("operation", about["kind"]) if number else None,
                "document": number,
            }
            needed += ("when", "location", "tlc_source", "document_type", "document")
        return self._closed(row, needed)

    def _shipping(self) -> Iterator[Row]:
        lines = self.net.shipped[self.net.sent.at(self.lots)]
        heads = self.facts[Shipment].unique("key").select(
            "delivery_no", "customer", "kind", "status", "ship_earliest", "ship_latest",
            shipment="key",
        )  # fmt: skip
        lines = lines.join(heads, on="shipment", how="left", suffix="_of")
        gone = ~pl.col("status_of").is_in(["planned", "picked", "cancelled"]).fill_null(False)
        for line in lines.filter(gone).sort("shipment", "lot").iter_rows(named=True):
            row = self._common(line, SHIPPING, "output")
            dates = {"earliest": line["ship_earliest"], "latest": line["ship_latest"]}
            row |= {
                "event": line["shipment"], "when": self._when(dates),
                "location": self.names.place(line["from_place"]) if line["from_place"] else None,
                "recipient": self.places.company(line["customer"]),
                "document_type": text("report.fsma.delivery") if line["delivery_no"] else None,
                "document": line["delivery_no"],
            }  # fmt: skip
            yield self._closed(
                row, ("tlc", "product", "quantity", "unit", "when", "location", "recipient",
                      "tlc_source", "document_type", "document"),
            )  # fmt: skip


def fsma204(
    facts: Facts, lineage: Lineage, roots: Index, edition: Edition, target: IO[bytes]
) -> str:
    """The sortable sheet of all events of lots, what they were made of and what was made of them.

    Returns the SHA-256 of its rows.
    """
    net = recorded_flows(lineage)
    whole = lineage.with_parts(roots)
    lots = np.union1d(net.backward(whole).lots, net.forward(whole).lots)
    rows = list(_Events(facts, lineage, lots, edition).rows())
    gaps = sum(1 for row in rows if row["missing_kde"])
    about = About(
        text("report.fsma.title"),
        edition,
        [
            (text("report.asked_roots"),
             text("report.comma").join(figures.lot(key) for key in lineage.lots["key"][roots])),
            (text("report.fsma.rule"), text("report.fsma.rule_text")),
            (text("report.fsma.not_recorded"), text("report.fsma.not_recorded_text")),
            (text("report.fsma.rows_missing"), figures.number(gaps)),
        ],
        complete=gaps == 0,
    )  # fmt: skip
    return sheets.workbook(target, about, Sheet(text("report.fsma.sheet"), rows, FSMA))


# ---------------------------------------------------------------------------- China

FOOD = ("product", "item_spec", "quantity", "unit", "lot_no", "label_date", "shelf_life",
        "expiry_date")  # fmt: skip
PURCHASES = (*FOOD, "purchase_date", "supplier_name", "supplier_address", "supplier_contact",
             "document", "keep_until")  # fmt: skip
SALES = (*FOOD, "certificate", "sale_date", "buyer_name", "buyer_address", "buyer_contact",
         "document", "keep_until")  # fmt: skip
MONTHS, YEARS = 6, 2
"""Food Safety Law art. 50: kept for six months after the shelf life; without one, for two years."""


def food_law(facts: Facts, lineage: Lineage, lot: int, edition: Edition, target: IO[bytes]) -> str:
    """Purchases behind a lot and sales of it, in the fields of the law; the rows' SHA-256."""
    law = _FoodLaw(facts, lineage, lot, edition)
    bought, sold = list(law.purchases()), list(law.sales())
    mark = text("report.missing_mark")
    gaps = sum(mark in row.values() for row in (*bought, *sold))
    about = About(
        text("report.food.title"),
        edition,
        [
            (text("report.column.lot"), figures.lot(lineage.lots["key"][lot])),
            (text("report.food.rule"), text("report.food.rule_text")),
            (text("report.food.rows_missing"), figures.number(gaps)),
        ],
        complete=gaps == 0,
    )
    return sheets.workbook(
        target, about,
        Sheet(text("report.food.purchases"), bought, PURCHASES),
        Sheet(text("report.food.sales"), sold, SALES),
    )  # fmt: skip


class _FoodLaw:
    def __init__(self, facts: Facts, lineage: Lineage, lot: int, edition: Edition) -> None:
        self.record = LotRecord(facts, lineage, lot)
        self.names, self.zone = Names.of(facts), edition.zone
        self.lots = {row["key"]: row for row in facts[Lot].iter_rows(named=True)}
        done = facts[Inspection].filter(pl.col("lot").is_not_null())
        self.certificates = dict(
            done.group_by("lot").agg(pl.col("inspection_no").sort().str.join("; ")).iter_rows()
        )

    def _food(self, line: Row, day: int | None) -> Row:
        lot = self.lots.get(line["lot_key"], {})
        item = self.names.items.get(lot.get("item") or "", {})
        days = item.get("shelf_life_days")
        return {
            "product": item.get("item_name") or lot.get("item_code"),
            "item_spec": item.get("item_spec"), "quantity": line["quantity"], "unit": line["uom"],
            "lot_no": lot.get("lot_no"), "label_date": _day(lot.get("label_date"), self.zone),
            "shelf_life": None if days is None else text("report.days", n=int(days)),
            "expiry_date": _day(lot.get("expiry_date"), self.zone),
            "keep_until": self._kept(lot.get("expiry_date"), day),
        }  # fmt: skip

    def _kept(self, expiry: int | None, day: int | None) -> str | None:
        """Last day of keeping the record."""
        base, months = (expiry, MONTHS) if expiry is not None else (day, 12 * YEARS)
        if base is None or not figures.is_bounded(base):
            return None
        moment = pl.Series([base]).cast(pl.Datetime("us")).dt.offset_by(f"{months}mo")
        return figures.day(moment.cast(pl.Int64)[0], self.zone)

    def _company(self, key: str | None, name: str) -> Row:
        row = self.names.companies.get(key or "", {})
        # No file has a field for a contact person or number.
        return {
            f"{name}_name": row.get("name") or (figures.code(key) if key else None),
            f"{name}_address": row.get("address"), f"{name}_contact": row.get("contact"),
        }  # fmt: skip

    def purchases(self) -> Iterator[Row]:
        """Receipts of the suppliers' lots behind the lot (articles 50 and 53)."""
        for line in self.record.sources():
            row = self._food(line, line["latest"]) | self._company(line["owner"], "supplier")
            row |= {"purchase_date": _day(line["latest"], self.zone), "document": line["doc_no"]}
            yield _marked(row, PURCHASES)

    def sales(self) -> Iterator[Row]:
        """Deliveries of the lot and of what was made of it (articles 51 and 53)."""
        for line in self.record.shipments():
            row = self._food(line, line["ship_latest"]) | self._company(line["customer"], "buyer")
            row |= {
                "sale_date": _day(line["ship_earliest"], self.zone),
                "document": line["delivery_no"],
                "certificate": self.certificates.get(line["lot_key"]),
            }
            yield _marked(row, SALES)


def _day(us: int | None, zone: ZoneInfo) -> str | None:
    return figures.day(us, zone) if figures.is_bounded(us) else None


def _marked(row: Row, fields: tuple[str, ...]) -> Row:
    """The fields in order; what is not recorded is marked."""
    mark = text("report.missing_mark")
    # The law asks for a production date or a lot number, not for both; an expiry follows.
    free = {"item_spec", "expiry_date"} | ({"label_date"} if row["lot_no"] else {"lot_no"})
    return {
        name: row.get(name) if row.get(name) not in (None, "") or name in free else mark
        for name in fields
    }
