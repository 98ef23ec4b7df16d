"""The audit pack of a lot: its whole record from supplier to customer, for customers and auditors.

What ISO 9001 8.5.2, IATF 16949 8.5.2.1 and GMP batch records ask for: identity, every step with
person, time and place, checks, process values, cleaning, where it went, and the mass balance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.reports import figures, recall_lists
from api.reports.document import (
    Block,
    Cell,
    Column,
    Document,
    facts,
    figure_row,
    heading,
    paragraph,
    points,
    signatures,
    subheading,
    table,
)
from api.reports.edition import Edition
from api.reports.lot_record import LotRecord, Step
from api.reports.names import Names
from graph_model.i18n import text
from graph_model.lineage import Lineage
from graph_model.network import Facts
from queries import balance

HARMLESS = {"data_until", "delay_unconfirmed", "no_recipe"}
"""Gaps that do not touch what was recorded of a trace."""
SIGNERS = ("quality", "production")


def _column(name: str, width: float = 1, *, right: bool = False) -> Column:
    return Column(text(f"report.column.{name}"), width, "right" if right else "left")


def audit_pack(
    data: Facts,
    lineage: Lineage,
    lot: int,
    edition: Edition,
    names: Names | None = None,
) -> Document:
    """The audit pack of a lot, by its number in the plant; `names`: of whom it may name."""
    return _Pack(LotRecord(data, lineage, lot), names or Names.of(data), edition).document()


class _Pack:
    def __init__(self, record: LotRecord, names: Names, edition: Edition) -> None:
        self.record, self.names, self.edition = record, names, edition
        self.zone = edition.zone
        self.steps = list(record.steps())
        self.missing = [entry.to_dict() for entry in record.missing()]

    def document(self) -> Document:
        subject = figures.lot(self.record.lineage.lots["key"][self.record.number])
        gaps = sum(entry["kind"] not in HARMLESS for entry in self.missing)
        state = text("report.complete") if not gaps else text("report.audit.gaps", kinds=gaps)
        blocks = [
            *self._summary(),
            *self._sources(),
            *self._steps(),
            *self._values(),
            *self._inspections(),
            *self._cleaning(),
            *self._shipments(),
            *self._complaints(),
            *self._balance(),
            *self._mixed(),
            *recall_lists.missing(self.missing, text("report.audit.missing")),
            heading(text("report.audit.signatures")),
            paragraph(text("report.audit.signed")),
            signatures(text(f"report.role.{role}") for role in SIGNERS),
        ]
        return Document("audit", text("report.audit.title"), subject, self.edition, state, blocks)

    # -------------------------------------------------------------- who, when, where

    def _when(self, row: Mapping[str, Any]) -> str:
        return figures.period(row.get("earliest"), row.get("latest"), self.zone)

    def _place(self, key: str | None) -> str:
        return self.names.place(key) if key else "–"

    # -------------------------------------------------------------- sections

    def _summary(self) -> Iterator[Block]:
        record, lot = self.record, self.record.lot
        item = self.names.items.get(lot.get("item") or "", {})
        customers = {row["customer"] for row in record.shipments() if row["customer"]}
        suppliers = {row["owner"] for row in record.sources()}
        yield heading(text("report.audit.identity"))
        yield figure_row(
            [
                (text("report.audit.suppliers"), figures.number(len(suppliers))),
                (text("report.audit.steps"), figures.number(len(self.steps))),
                (text("report.audit.lots"), figures.number(len(record.lots))),
                (text("report.audit.customers"), figures.number(len(customers))),
            ]
        )
        unknown = text("report.unknown")
        yield facts(
            [
                (text("report.column.item"), self.names.item(lot.get("item"), lot["item_code"])),
                (text("label.item_spec"), item.get("item_spec") or unknown),
                (text("label.lot_no"), lot["lot_no"] or text("report.no_number")),
                (text("label.sublot"), lot["sublot"] or "–"),
                (text("label.owner"), self.names.company(lot["owner"])),
                (text("label.supplier"),
                 self.names.company(lot["supplier"]) if lot.get("supplier") else "–"),
                (text("label.manufacturer"), lot.get("manufacturer") or "–"),
                (text("label.trace_code"), lot.get("trace_code") or "–"),
                (text("label.label_date"), figures.day(lot.get("label_date"), self.zone)),
                (text("label.expiry_date"), figures.day(lot.get("expiry_date"), self.zone)),
                (text("label.shelf_life_days"), self._shelf_life(item)),
                (text("label.contains"), item.get("contains") or unknown),
                (text("label.may_contain"), item.get("may_contain") or unknown),
                (text("report.as_of"), text("report.batch_sealed", batch=self.edition.batch,
                 sealed=figures.stamp(self.edition.sealed, self.zone), zone=self.zone.key)),
            ]
        )  # fmt: skip
        yield paragraph(text("report.audit.standards"))

    @staticmethod
    def _shelf_life(item: Mapping[str, Any]) -> str:
        days = item.get("shelf_life_days")
        return text("report.unknown") if days is None else text("report.days", n=int(days))

    def _sources(self) -> Iterator[Block]:
        yield heading(text("report.audit.sources"))
        yield table(
            [_column("supplier", 2), _column("item", 2), _column("supplier_lot", 1.6),
             _column("quantity", 1.1, right=True), _column("received", 1.6),
             _column("purchase_order", 1.2), _column("document", 1.2), _column("person", 1.4)],
            [
                [self.names.company(row["owner"]), self.names.item(row["item"]),
                 figures.lot(row["lot_key"]).partition(" / ")[2],
                 figures.amount(row["quantity"], row["uom"]), self._when(row),
                 row["purchase_order_no"] or text("report.unknown"), row["doc_no"] or
                 text("report.unknown"), self.names.person(row["person"])]
                for row in self.record.sources()
            ],
        )  # fmt: skip

    def _steps(self) -> Iterator[Block]:
        yield heading(text("report.audit.every_step", n=len(self.steps)))
        yield paragraph(text("report.audit.steps_note"))
        for number, step in enumerate(self.steps, 1):
            yield subheading(self._step_title(number, step))
            yield table(
                [_column("movement", 1.1), _column("lot", 2.4),
                 _column("quantity", 1.1, right=True), _column("when", 1.7), _column("person", 1.5),
                 _column("document", 1.3), _column("way", 1.8), _column("basis", 1.4)],
                [self._movement(row) for row in step.moved],
            )  # fmt: skip

    def _step_title(self, number: int, step: Step) -> str:
        row = step.operation
        kind = figures.word("operation", row["kind"])
        name = row["work_order_no"] or row["doc_no"] or figures.code(row["key"])
        parts = [f"{kind} {name}"]
        if row["site"]:
            parts.append(self.names.place(row["site"]))
        if row["shift"]:
            parts.append(text("report.audit.shift", shift=row["shift"]))
        parts.append(figures.period(row["begin"], row["end"], self.zone))
        return f"{number}. {' · '.join(parts)}"

    def _movement(self, row: Mapping[str, Any]) -> list[Cell]:
        way = " → ".join(
            figures.code(row[end]) for end in ("from_place", "to_place") if row[end]
        )  # fmt: skip
        source = figures.word("report.lot_source", row["lot_source"])
        basis = figures.word("report.basis", row["basis"]) if row["basis"] else ""
        return [
            text(f"report.movement.{row['action']}"), figures.lot(row["lot_key"]),
            figures.amount(row["quantity"], row["uom"]), self._when(row),
            self.names.person(row["person"]), row["doc_no"] or text("report.unknown"), way or "–",
            text("report.comma").join(part for part in (basis, source) if part),
        ]  # fmt: skip

    def _values(self) -> Iterator[Block]:
        yield heading(text("report.audit.values"))
        yield table(
            [_column("operation", 2), _column("step", 0.8), _column("parameter", 1.6),
             _column("set_value", 1, right=True), _column("measured", 1, right=True),
             _column("unit", 0.7), _column("when", 1.8)],
            [
                [figures.code(row["operation"]), row["step"] or "–",
                 row["process_param"] or text("report.unknown"), row["set_value"] or "–",
                 row["measured_value"] or text("report.unknown"), row["uom"] or "–",
                 self._when(row)]
                for row in self.record.process_values()
            ],
        )  # fmt: skip
        yield subheading(text("report.audit.uses"))
        yield table(
            [_column("operation", 2), _column("place", 1.6), _column("lot", 2.4),
             _column("when", 2.4)],
            [
                [figures.code(row["operation"]), self._place(row["site"]),
                 figures.lot(row["lot"]) if row["lot"] else self.names.item(row["item"]),
                 self._when(row)]
                for row in self.record.uses()
            ],
        )  # fmt: skip

    def _inspections(self) -> Iterator[Block]:
        yield heading(text("report.audit.inspections"))
        yield table(
            [_column("document", 1.4), _column("about", 2.2), _column("checked", 1.8),
             _column("method", 1.2), _column("plan", 0.9), _column("value", 1.3),
             _column("result", 1.2), _column("when", 1.6), _column("person", 1.3)],
            [
                [row["inspection_no"],
                 figures.lot(row["lot"]) if row["lot"] else figures.code(row["operation"]),
                 row["inspection_item"] or text("report.unknown"),
                 row["method"] or text("report.unknown"), _plan(row), _value(row),
                 _result(row), self._when(row), self.names.person(row["person"])]
                for row in self.record.inspections()
            ],
        )  # fmt: skip

    def _cleaning(self) -> Iterator[Block]:
        yield heading(text("report.audit.cleaning"))
        yield paragraph(text("report.audit.cleaning_note"))
        yield table(
            [_column("place", 1.6), _column("step_of", 1.8), _column("method", 2),
             _column("result", 1.2), _column("verified", 1.4), _column("when", 1.7),
             _column("person", 1.3)],
            [
                [self._place(row["site"]), figures.code(row["step"]),
                 row["method"] or text("report.unknown"), figures.word("report.result",
                 row["result"]), _verified(row), self._when(row), self.names.person(row["person"])]
                for row in self.record.cleanings()
            ],
        )  # fmt: skip

    def _shipments(self) -> Iterator[Block]:
        yield heading(text("report.audit.shipments"))
        yield table(
            [_column("customer", 2), _column("when", 1.4), _column("document", 1.3),
             _column("sales_order", 1.3), _column("lot", 2.2), _column("quantity", 1, right=True),
             _column("status", 1), _column("person", 1.3)],
            [
                [self.names.company(row["customer"]), figures.day(row["ship_earliest"], self.zone),
                 row["delivery_no"] or text("report.unknown"), row["sales_order_no"] or "–",
                 figures.lot(row["lot_key"]), figures.amount(row["quantity"], row["uom"]),
                 figures.word("report.status", row["status"]), self.names.person(row["person"])]
                for row in self.record.shipments()
            ],
        )  # fmt: skip

    def _complaints(self) -> Iterator[Block]:
        yield subheading(text("report.audit.complaints"))
        yield table(
            [_column("document", 1.2), _column("customer", 2), _column("lot", 2.2),
             _column("reason", 3), _column("when", 1.6)],
            [
                [row["complaint_no"], self.names.company(row["customer"]), figures.lot(row["lot"]),
                 row["reason"] or text("report.unknown"), self._when(row)]
                for row in self.record.complaints()
            ],
        )  # fmt: skip

    def _balance(self) -> Iterator[Block]:
        yield heading(text("report.audit.balance"))
        yield paragraph(text("report.audit.balance_note"))
        yield table(
            [_column("lot", 2.4), _column("come", 1.1, right=True), _column("where_to", 2.8),
             _column("unexplained", 1.4, right=True), _column("share", 0.8, right=True),
             _column("tolerance", 1.1, right=True), _column("verdict", 2)],
            [self._balanced(row) for row in self.record.balances()],
        )  # fmt: skip

    @staticmethod
    def _balanced(row: Mapping[str, Any]) -> list[Cell]:
        unit, verdict = row["unit"], "off" if row["off"] else "within"
        if row["state"] != balance.BALANCED:
            verdict = row["state"]
        parts = [
            f"{text(f'report.column.{name}')} {figures.amount(row[name], unit)}"
            for name in balance.PARTS[1:-1]
            if row[name]
        ]
        return [
            figures.lot(row["key"]), figures.amount(row["come"], unit),
            text("report.comma").join(parts) or "–", figures.amount(row["unexplained"], unit),
            figures.share(row["share"]), figures.share(row["tolerance"]),
            text(f"report.audit.verdict_{verdict}"),
        ]  # fmt: skip

    def _mixed(self) -> Iterator[Block]:
        into, on = self.record.through_mixed_stock()
        yield heading(text("report.audit.mixed"))
        yield paragraph(text("report.audit.mixed_note"))
        for name, lots in (("into", into), ("on", on)):
            yield subheading(text(f"report.audit.mixed_{name}", n=len(lots)))
            listed = text("report.comma").join(figures.lot(key) for key in lots)
            yield points([listed]) if listed else paragraph(text("report.nothing"))


def _plan(row: Mapping[str, Any]) -> str:
    """The sampling plan: n and c."""
    n, c = row["sample_size"], row["acceptance"]
    if n is None:
        return text("report.unknown")
    return f"n {figures.number(n)}" + ("" if c is None else f", c {figures.number(c)}")


def _value(row: Mapping[str, Any]) -> str:
    measured, limits = row["measured_value"], row["spec_limit"]
    if measured is None and limits is None:
        return "–"
    shown = measured or text("report.unknown")
    return f"{shown} ({limits})" if limits else shown


def _result(row: Mapping[str, Any]) -> str:
    result, reason = figures.word("report.result", row["result"]), row["reject_reason"]
    return f"{result}: {reason}" if reason else result


def _verified(row: Mapping[str, Any]) -> str:
    """Whether a second person verified a cleaning, and whether it was a line clearance."""
    parts = [text(f"report.audit.{'verified' if row['verified'] else 'not_verified'}")]
    if row["clearance"]:
        parts.append(text("report.audit.clearance"))
    return text("report.comma").join(parts)
