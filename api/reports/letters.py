"""Letters: the pack and the notice of one customer, and the claim (8D) to a supplier.

A customer's letter is made from `queries.partner.Pack` alone, which holds nobody else's data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import IO

import numpy as np
import polars as pl

from api.reports import figures, sheets
from api.reports.document import (
    BLANK,
    Block,
    Cell,
    Column,
    Document,
    address,
    facts,
    heading,
    judged,
    mark,
    paragraph,
    points,
    signatures,
    table,
)
from api.reports.edition import Edition
from api.reports.names import Names
from api.reports.scope_fields import Lot, ScopeFields
from api.reports.sheets import About, Sheet
from graph_model.errors import BadInput
from graph_model.i18n import text
from graph_model.lineage import Index
from graph_model.schema import Inspection, Item
from queries.partner import AffectedLot, Delivery, Pack
from queries.recall import cost
from queries.recall.parties import received
from queries.recall.roots import Suspects
from queries.recall.scope import CERTAIN, EXCLUDED, Scope, compute
from queries.recall.totals import incomplete
from queries.recall.worlds import CONTACT

STEPS = ("d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8")
ASKED = ("stop", "separate", "pass_on", "reply")


def _column(name: str, width: float = 1, *, right: bool = False) -> Column:
    return Column(text(f"report.column.{name}"), width, "right" if right else "left")


# ---------------------------------------------------------------------------- customer


def partner_pack(pack: Pack, edition: Edition, instructions: str | None = None) -> Document:
    """What one customer is told, as a document; `instructions` stand before the usual ones."""
    blocks = [
        heading(text("report.partner.what")),
        facts(_about(pack, edition)),
        *_asked(instructions),
        *_goods(pack, edition),
        *_reply(pack),
    ]
    title = text("report.partner.title")
    state = text("report.partner.state")
    return Document("partner", title, _name(pack), edition, state, blocks)


def customer_notice(pack: Pack, edition: Edition, instructions: str | None = None) -> Document:
    """The letter that tells one customer of a recall."""
    items = text("report.comma").join(dict.fromkeys(_item(lot) for lot in pack.lots)) or "–"
    lines = [line for line in (_name(pack), pack.address, pack.country) if line]
    blocks = [
        address(lines, figures.letter_date(edition.sealed, edition.zone)),
        heading(text("report.notice.subject", items=items)),
        paragraph(text("report.notice.greeting")),
        paragraph(
            text("report.notice.body", company=edition.company, lots=len(pack.lots),
                 amount=figures.amounts(pack.quantity))
        ),
        paragraph(text("report.notice.caution")),
        *_asked(instructions),
        paragraph(text("report.notice.close")),
        signatures([edition.company]),
        *_goods(pack, edition),
        *_reply(pack),
    ]  # fmt: skip
    title = text("report.notice.title")
    return Document("notice", title, _name(pack), edition, text("report.partner.state"), blocks)


def partner_sheet(
    pack: Pack, edition: Edition, target: IO[bytes], instructions: str | None = None
) -> str:
    """What one customer is told, as a workbook with a row a delivery; the rows' SHA-256."""
    rows = [
        _row(lot, line, edition) for lot in pack.lots for line in lot.deliveries
    ] + [_row(None, line, edition) for line in pack.unlotted]  # fmt: skip
    wanted = [instructions] if instructions else []
    wanted += [text(f"report.partner.ask_{name}") for name in ASKED]
    asked = [(text("report.partner.asked"), words) for words in wanted]
    about = About(text("report.partner.title"), edition, [*_about(pack, edition), *asked])
    return sheets.workbook(target, about, Sheet(text("report.partner.sheet"), rows, _FIELDS))


_FIELDS = ("item", "item_name", "lot_no", "sublot", "trace_code", "tier", "document", "when",
           "quantity", "unit")  # fmt: skip


def _row(lot: AffectedLot | None, line: Delivery, edition: Edition) -> dict[str, object]:
    goods = {
        "item": lot.item, "item_name": lot.item_name, "lot_no": lot.lot_no, "sublot": lot.sublot,
        "trace_code": lot.trace_code, "tier": _tier(lot, line),
    } if lot else {"lot_no": text("report.no_number"), "tier": "possible"}  # fmt: skip
    return goods | {
        "document": line.delivery_no, "when": _shipped(line, edition),
        "quantity": line.quantity, "unit": line.unit,
    }  # fmt: skip


def _tier(lot: AffectedLot, line: Delivery) -> str:
    """Nobody surely has what only a draft, a proposal or a rule says they have."""
    return "possible" if line.doubtful else lot.tier


def _name(pack: Pack) -> str:
    return (
        f"{figures.code(pack.customer)} {pack.name}" if pack.name else figures.code(pack.customer)
    )


def _item(lot: AffectedLot) -> str:
    return f"{lot.item} {lot.item_name}" if lot.item_name else lot.item


def _about(pack: Pack, edition: Edition) -> list[tuple[str, str]]:
    origins = text("report.comma").join(
        text("report.partner.origin", supplier=one["supplier"], item=one["item"])
        + (f" / {one['lot_no']}" if one["lot_no"] else "")
        for one in pack.origins
    )
    return [
        (text("report.column.customer"), _name(pack)),
        (text("report.partner.sender"), edition.company),
        (text("report.partner.lots"), figures.number(len(pack.lots))),
        (text("report.column.quantity"), figures.amounts(pack.quantity)),
        (text("report.partner.origins"), origins or "–"),
    ]


def _asked(instructions: str | None) -> Iterator[Block]:
    yield heading(text("report.partner.asked"))
    if instructions:
        yield paragraph(instructions)
    yield points(text(f"report.partner.ask_{name}") for name in ASKED)


def _shipped(line: Delivery, edition: Edition) -> str:
    if line.shipped_from is None:
        return text("report.unknown")
    return figures.day_of(datetime.fromisoformat(line.shipped_from), edition.zone)


def _goods(pack: Pack, edition: Edition) -> Iterator[Block]:
    rows: list[list[Cell]] = [
        [_item(lot), _number(lot), judged(mark(_tier(lot, line), None),
         text(f"tier.{_tier(lot, line)}")), line.delivery_no or text("report.unknown"),
         _shipped(line, edition), figures.amount(line.quantity, line.unit)]
        for lot in pack.lots
        for line in lot.deliveries
    ]  # fmt: skip
    rows += [
        [text("report.unknown"), text("report.no_number"),
         judged("mixed_stock", text("tier.possible")), line.delivery_no or text("report.unknown"),
         _shipped(line, edition), figures.amount(line.quantity, line.unit)]
        for line in pack.unlotted
    ]  # fmt: skip
    yield heading(text("report.partner.goods", n=len(rows)))
    yield table(
        [_column("item", 2.2), _column("lot_no", 2), _column("tier", 2.2), _column("document", 1.4),
         _column("when", 1.5), _column("quantity", 1.1, right=True)],
        rows,
    )  # fmt: skip


def _number(lot: AffectedLot) -> str:
    shown = lot.lot_no or text("report.no_number")
    return f"{shown} # {lot.sublot}" if lot.sublot else shown


def _reply(pack: Pack) -> Iterator[Block]:
    """What the customer sends back: found, used, passed on, per lot."""
    yield heading(text("report.partner.reply"))
    yield table(
        [_column("lot_no", 2.4), _column("received_qty", 1.3, right=True), _column("found", 1.2),
         _column("used_up", 1.2), _column("passed_on", 1.2), _column("destroyed", 1.2)],
        [
            [_number(lot), figures.amounts(lot.quantity), BLANK, BLANK, BLANK, BLANK]
            for lot in pack.lots
        ],
    )  # fmt: skip
    yield signatures([text("report.partner.replied_by")])


# ---------------------------------------------------------------------------- supplier


def supplier_claim(
    scope: Scope, edition: Edition, supplier: str | None = None, reply_by: str | None = None
) -> Document:
    """The claim to the supplier of the suspect lots (8D). Names no customer.

    The amount is that of what this supplier's lots caused over recorded movements and mixed stock;
    what contact alone reaches is told apart and not claimed. `supplier` is needed where the
    suspect lots are of several. Raises BadInput.
    """
    names = Names.of(scope.facts)
    lots = scope.lineage.lots[scope.roots.match]
    owners = pl.coalesce(pl.col("supplier"), pl.col("owner"))
    of = lots.with_columns(theirs=owners)
    known = sorted(of["theirs"].unique().to_list())
    if supplier is None and len(known) == 1:
        supplier = known[0]
    if supplier is None or supplier not in known:
        raise BadInput("claim_supplier", suppliers=", ".join(known) or "–")
    mine = of.filter(pl.col("theirs") == supplier)["key"].to_list()
    caused = _Caused.by(scope, mine)
    party = names.companies.get(supplier, {})
    lines = [names.company(supplier), party.get("address"), party.get("country")]
    shown = text("report.comma").join(figures.lot(key) for key in mine)
    blocks = [
        address([line for line in lines if line],
                figures.letter_date(edition.sealed, edition.zone)),
        heading(text("report.claim.subject", lots=shown)),
        paragraph(text("report.notice.greeting")),
        paragraph(text("report.claim.body", company=edition.company, lots=shown)),
        facts(_damage(caused, reply_by)),
        *_costs(caused),
        *_evidence(caused, mine, edition),
        *_eight_d(),
        signatures([edition.company, names.company(supplier)]),
    ]  # fmt: skip
    title = text("report.claim.title")
    complete = not incomplete(caused.scope)
    state = text(f"report.claim.state_{'complete' if complete else 'incomplete'}")
    return Document("claim", title, names.company(supplier), edition, state, blocks)


@dataclass(frozen=True)
class _Caused:
    """What a supplier's lots caused: lots by number, apart from those that only contact reaches.

    `scope`: of these lots alone, so that nobody pays for what another's lot caused.
    """

    scope: Scope
    fields: ScopeFields
    lots: Index
    by_contact: Index

    @staticmethod
    def by(scope: Scope, mine: list[str]) -> _Caused:
        """What lots (keys) of a scope caused, judged as the scope is."""
        case = scope.case
        own = compute(
            scope.facts, scope.lineage, Suspects(lots=tuple(mine), **vars(scope.asked.stretch)),
            scope.table, case.clean, hazard=case.hazard, rulebook=case.rulebook,
            prevalence=scope.prevalence,
        )  # fmt: skip
        certain, touched = pl.col("tier") == CERTAIN, pl.col("grade") == CONTACT
        held = own.lots.filter(pl.col("tier") != EXCLUDED).sort(~certain, maintain_order=True)
        apart = (touched & ~certain).fill_null(False)
        lots, by_contact = (held.filter(one)["lot"].to_numpy() for one in (~apart, apart))
        return _Caused(own, ScopeFields(own), lots, by_contact)

    @cached_property
    def rows(self) -> list[Lot]:
        """The lots as a scope tells them."""
        keys = set(self.scope.lineage.lots["key"][self.lots].to_list())
        return [lot for lot in self.fields.lots if lot["key"] in keys]

    @property
    def customers(self) -> int:
        """How many got some of the lots."""
        lines = received(self.scope)
        return lines.filter(pl.col("lot").is_in(self.lots))["customer"].n_unique()


def _damage(caused: _Caused, reply_by: str | None) -> list[tuple[str, Cell]]:
    fields = caused.fields
    certain = sum(lot["tier"] == CERTAIN for lot in caused.rows)
    told: list[tuple[str, Cell]] = [
        (text("report.recall.hazard"), fields.hazard),
        (text("report.claim.certain"), figures.number(certain)),
        (text("report.claim.possible"), figures.number(len(caused.rows) - certain)),
        (text("report.claim.quantity"), figures.amounts(fields.quantities(caused.rows))),
        (text("report.claim.customers"), figures.number(caused.customers)),
        (text("report.claim.amount"),
         {"strong": figures.money(caused.scope.cost_of(caused.lots), fields.currency)}),
    ]  # fmt: skip
    if len(caused.by_contact):
        more = caused.scope.cost_of(np.concatenate([caused.lots, caused.by_contact]))
        amount = figures.money(more - caused.scope.cost_of(caused.lots), fields.currency)
        lots = figures.number(len(caused.by_contact))
        words = text("report.claim.contact_told", lots=lots, amount=amount)
        told.append((text("report.claim.contact"), words))
    return [*told, (text("report.claim.reply_by"), reply_by or text("report.claim.reply_default"))]


def _costs(caused: _Caused) -> Iterator[Block]:
    """What the amount is made of: cost type by place."""
    scope = caused.scope
    prices = cost.prices(scope.table, scope.lineage, scope.facts[Item])
    rows = prices.costs(caused.lots).group_by("place", "cost_type").agg(pl.col("cost").sum())
    yield heading(text("report.claim.made_of"))
    yield table(
        [_column("place", 2), _column("cost_type", 2),
         Column(text("report.cost_in", currency=caused.fields.currency), 1.5, "right")],
        [
            [text(f"place.{place}"), figures.word("cost", kind), figures.plain_money(amount)]
            for place, kind, amount in rows.sort("place", "cost_type").iter_rows()
            if amount
        ],
    )  # fmt: skip
    yield paragraph(
        text("report.claim.table", date=scope.table.date or text("report.unknown"),
             source=scope.table.source or text("report.unknown"))
    )  # fmt: skip


def _evidence(caused: _Caused, lots: list[str], edition: Edition) -> Iterator[Block]:
    """Checks of the suspect lots, also under our own numbers for them."""
    held = {lot["key"] for lot in caused.rows if lot["rule"] in {"root", "exact"}}
    about = pl.Series([*lots, *sorted(held)])
    rows = caused.scope.facts[Inspection].filter(pl.col("lot").is_in(about.implode()))
    yield heading(text("report.claim.evidence"))
    yield table(
        [_column("document", 1.3), _column("lot", 2.2), _column("checked", 2),
         _column("value", 1.3), _column("result", 1.8), _column("when", 1.6)],
        [
            [row["inspection_no"], figures.lot(row["lot"]),
             row["inspection_item"] or text("report.unknown"), row["measured_value"] or "–",
             text("report.comma").join(
                 part for part in (figures.word("report.result", row["result"]),
                                   row["reject_reason"]) if part),
             figures.period(row["earliest"], row["latest"], edition.zone)]
            for row in rows.sort("earliest", "inspection_no", nulls_last=True).to_dicts()
        ],
    )  # fmt: skip


def _eight_d() -> Iterator[Block]:
    """The form that the supplier fills in."""
    yield heading(text("report.claim.eight_d"))
    yield table(
        [_column("eight_d", 2.6), _column("answer", 4), _column("until", 1.2), _column("by", 1.2)],
        [[text(f"report.claim.{step}"), BLANK, "", ""] for step in STEPS],
    )
