"""The lists of a recall pack: where it is, what to hold, every lot, customers, evidence, gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from api.reports import figures, picture
from api.reports.document import (
    BLANK,
    MARKS,
    TICK,
    Block,
    Cell,
    Column,
    heading,
    judged,
    paragraph,
    points,
    signatures,
    subheading,
    table,
)
from api.reports.document import picture as drawn
from api.reports.edition import Edition
from api.reports.genealogy import drawing
from api.reports.scope_fields import HOLDABLE, ScopeFields
from graph_model.i18n import text

BY = ("records", "judgement")
"""What a cut rests on."""


def _column(name: str, width: float = 1, *, right: bool = False) -> Column:
    return Column(text(f"report.column.{name}"), width, "right" if right else "left")


def blocks(fields: ScopeFields, edition: Edition) -> Iterator[Block]:
    """All lists in the order of a pack."""
    yield from _where(fields)
    yield from _leaving(fields, edition)
    yield from hold_list(fields)
    yield from _lots(fields)
    yield from _genealogy(fields)
    yield from _customers(fields, edition)
    yield from _evidence(fields, edition)
    yield from _excluded(fields)
    yield from missing(fields.whole["missing"], text("report.recall.missing_section"))


def _where(fields: ScopeFields) -> Iterator[Block]:
    """Places by how the lots there are judged."""
    yield heading(text("report.recall.where"))
    rows: list[list[Cell]] = []
    for place, by_mark in fields.by_place.items():
        for name in MARKS[:-1]:
            if name in by_mark:
                lots, sums = by_mark[name]
                rows.append(
                    [text(f"place.{place}"), judged(name), figures.number(lots),
                     figures.amounts(sums)]
                )  # fmt: skip
    rank = {text(f"place.{place}"): at for at, place in enumerate((*HOLDABLE, "shipped"))}
    rows.sort(key=lambda row: rank.get(str(row[0]), len(rank)))
    yield table(
        [_column("place", 2), _column("tier", 3), _column("lots", right=True),
         _column("quantity", 2, right=True)],
        rows,
    )  # fmt: skip
    yield paragraph(text("report.recall.where_note"))


def _leaving(fields: ScopeFields, edition: Edition) -> Iterator[Block]:
    yield subheading(text("report.recall.leaving"))
    marks = {lot["key"]: fields.mark_of(lot) for lot in fields.lots}
    units = {lot["key"]: lot["unit"] for lot in fields.lots}
    yield table(
        [_column("when", 2), _column("document", 2), _column("tier", 2.5), _column("lot", 3),
         _column("quantity", 1.5, right=True)],
        [
            [_iso(line["when"], edition), line["document"] or text("report.unknown"),
             judged(marks[line["lot"]]), figures.lot(line["lot"]),
             figures.amount(line["quantity"], units[line["lot"]])]
            for line in fields.whole["leaving"]
        ],
    )  # fmt: skip


def _iso(stamp: str | None, edition: Edition) -> str:
    if stamp is None:
        return text("report.unknown")
    return figures.stamp(datetime.fromisoformat(stamp), edition.zone)


def hold_list(fields: ScopeFields) -> Iterator[Block]:
    """What to stop, by warehouse and bin, each page of a warehouse to be signed by two persons."""
    yield heading(text("report.recall.hold_list"), new_page=True)
    yield paragraph(text("report.recall.hold_note"))
    rows = fields.hold_list()
    if not rows:
        yield paragraph(text("report.nothing"))
    for warehouse, here in groupby(rows, key=lambda row: row["warehouse"]):
        lines = list(here)
        yield subheading(text("report.recall.warehouse", name=warehouse, n=len(lines)))
        yield table(
            [
                Column("", 0), _column("bin", 1), _column("item", 2.2), _column("lot_no", 2),
                _column("book", 1.2, right=True), _column("tier", 2.4),
                _column("found", 1.1), _column("remark", 1.1),
            ],
            [
                [TICK, row["bin"], row["item"], _number(row["lot_no"], row["sublot"]),
                 figures.amount(row["quantity"], row["uom"]), judged(row["mark"]), BLANK, BLANK]
                for row in lines
            ],
        )  # fmt: skip
        yield signatures([text("report.role.counted"), text("report.role.witness")])


def _number(lot_no: str, sublot: str) -> str:
    shown = lot_no or text("report.no_number")
    return f"{shown} # {sublot}" if sublot else shown


def _lots(fields: ScopeFields) -> Iterator[Block]:
    yield heading(text("report.recall.every_lot", n=len(fields.held)), new_page=True)
    yield table(
        [
            _column("tier", 1.9), _column("lot", 2.3), _column("quantity", 1.2, right=True),
            _column("where", 2), _column("reason", 4),
        ],
        [
            [judged(fields.mark_of(lot)), _lot(lot), _affected(lot),
             figures.places(lot["places"]), _reason(lot)]
            for lot in fields.held
        ],
    )  # fmt: skip


def _affected(lot: Any) -> str:
    """The amount of a lot, and how much of it is affected at most where that is less."""
    whole = figures.amount(lot["quantity"], lot["unit"])
    most = lot.get("affected_at_most")
    if most is None or lot["quantity"] is None or most >= lot["quantity"]:
        return whole
    return text("report.recall.at_most", whole=whole, most=figures.amount(most, lot["unit"]))


def _reason(lot: Any) -> str:
    """Why a lot is in; one that passed a sample is still possible, and it is said."""
    if not lot.get("state"):
        return str(lot["reason"])
    return text("report.recall.released", reason=lot["reason"])


def _lot(lot: Any) -> str:
    """A lot in full; whose it is, since a number alone identifies nothing."""
    return text("report.lot_of", lot=figures.lot(lot["key"]), owner=lot["owner"])


def _genealogy(fields: ScopeFields) -> Iterator[Block]:
    yield heading(text("report.recall.genealogy"), new_page=True)
    found = drawing(fields)
    yield drawn(picture.svg(found), text("report.recall.drawn", n=found.lots))


def _customers(fields: ScopeFields, edition: Edition) -> Iterator[Block]:
    yield heading(text("report.recall.customers_section"))
    sent = fields.delivered()
    yield table(
        [
            _column("customer", 3), _column("country", 0), _column("address", 2.5),
            _column("tier", 2), _column("lots", 0.7, right=True),
            _column("quantity", 1.6, right=True), _column("shipments", 0.8, right=True),
        ],
        [
            [
                fields.names.company(row["customer"]),
                fields.names.companies.get(row["customer"], {}).get("country") or "–",
                fields.names.companies.get(row["customer"], {}).get("address") or "–",
                judged("certain" if row["tier"] == "certain" else "recorded",
                       text(f"tier.{row['tier']}")),
                figures.number(len(row["lots"])),
                figures.amounts(sent.get(row["customer"]) or {"": row["quantity"]}),
                figures.number(len(row["shipments"])),
            ]
            for row in fields.whole["customers"]
        ],
    )  # fmt: skip
    yield subheading(text("report.recall.shipments"))
    yield table(
        [
            _column("customer", 2.2), _column("when", 1.4), _column("document", 1.5),
            _column("lot", 2.6), _column("quantity", 1.2, right=True), _column("tier", 2),
        ],
        [
            [fields.names.company(line.customer), figures.day(line.when, edition.zone),
             line.delivery_no or text("report.unknown"), line.shown,
             figures.amount(line.quantity, line.uom), judged(line.mark)]
            for line in fields.deliveries
            if line.sent
        ],
    )  # fmt: skip


# ---------------------------------------------------------------------------- proof


def _evidence(fields: ScopeFields, edition: Edition) -> Iterator[Block]:
    yield heading(text("report.recall.evidence"))
    yield subheading(text("report.recall.evidence_used"))
    yield table(
        [_column("rule", 1.5), _column("rests_on", 1.1), _column("decided_by", 1.6),
         _column("key", 2.2), _column("lots_out", 0.9, right=True),
         _column("quantity", 1.5, right=True),
         Column(text("report.cost_in", currency=fields.currency), 1.3, "right")],
        [_piece(fields, piece) for piece in fields.evidence],
    )  # fmt: skip
    yield paragraph(text("report.recall.evidence_note"))
    yield subheading(text("report.recall.decisions"))
    yield table(
        [_column("kind", 2), _column("subject", 2.2), _column("bounds", 1.8),
         _column("reason", 2.6), _column("decided_by", 2), _column("when", 1.6)],
        [
            [figures.word("report.decision", one["kind"]), one["subject"], _bounds(one),
             one["reason"] or text("report.unknown"), _by(fields, one),
             figures.time(one["decided_at"], edition.zone)]
            for one in fields.decisions
        ],
    )  # fmt: skip
    yield paragraph(text("report.recall.decisions_note", batch=edition.batch))


def _piece(fields: ScopeFields, piece: Mapping[str, Any]) -> list[Cell]:
    """One piece of evidence, and what would come back without it."""
    persons = [fields.names.person(one) for one in piece.get("persons") or ()]
    lots, sums = piece.get("lots"), piece.get("quantity")
    count = len(lots) if isinstance(lots, list) else lots
    return [
        figures.word("report.rule", piece.get("rule") or piece.get("kind")),
        text(f"report.recall.by_{piece.get('by') or 'records'}"),
        text("report.comma").join(persons) or "–",
        text("report.comma").join([str(piece["key"]), *map(str, piece.get("records") or ())]),
        figures.number(count),
        text("report.unknown") if sums is None else figures.amounts(sums),
        figures.plain_money(piece.get("cost")),
    ]  # fmt: skip


def _by(fields: ScopeFields, decision: Any) -> str:
    """Who decided, and in which role."""
    who, role = fields.names.person(decision["person"]), decision["role"]
    return text("report.comma").join((who, role)) if role else who


def _bounds(decision: Any) -> str:
    """The posting delay that a decision confirms."""
    parts = [
        text(f"report.recall.{name}", **{name: figures.hours(decision[name])})
        for name in ("late", "early")
        if decision[name]
    ]
    return text("report.comma").join(parts) or "–"


def _excluded(fields: ScopeFields) -> Iterator[Block]:
    """Lots that were left out, apart by what that rests on, each with all of its cuts."""
    yield heading(text("report.recall.excluded", n=len(fields.excluded)))
    yield paragraph(text("report.recall.excluded_note"))
    for by in BY:
        lots = [lot for lot in fields.excluded if _rests_on(lot) == by]
        yield subheading(text(f"report.recall.excluded_{by}", n=len(lots)))
        yield table(
            [_column("lot", 2), _column("quantity", 1, right=True), _column("where", 1.6),
             _column("cuts", 4.4), _column("records", 2)],
            [
                [_lot(lot), figures.amount(lot["quantity"], lot["unit"]),
                 figures.places(lot["places"]), _cuts(lot), _records(lot)]
                for lot in lots
            ],
        )  # fmt: skip


def _rests_on(lot: Any) -> str:
    """By records only if every cut is."""
    return "judgement" if any(cut["by"] == "judgement" for cut in lot["cuts"]) else "records"


def _cuts(lot: Any) -> str:
    return figures.reasons(lot["cuts"]) or str(lot["reason"])


def _records(lot: Any) -> str:
    # Flows that a rule derived begin with a tilde: they are no records.
    keys = dict.fromkeys(
        key for cut in lot["cuts"] for key in cut["records"] if not key.startswith("~")
    )
    return text("report.comma").join(keys) or "–"


def missing(entries: list[dict[str, Any]], title: str) -> Iterator[Block]:
    """What is missing, each entry with all lots and rows that it is about."""
    yield heading(title)
    if not entries:
        yield paragraph(text("report.nothing"))
    yield points(_entry(entry) for entry in entries)


def _entry(entry: dict[str, Any]) -> str:
    named = list(dict.fromkeys(figures.lot(key) for key in entry["lots"])) + list(entry["rows"])
    if not named:
        return str(entry["text"])
    return text("report.entry", text=entry["text"], named=text("report.comma").join(named))
