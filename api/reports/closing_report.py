"""The closing report of an incident: all that was asked, done, told, found and paid, in order.

Times that still run are told as they stood when the batch was sealed, so that the same batch gives
the same report on any day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from api.reports import figures
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
    table,
)
from api.reports.edition import Edition
from api.reports.names import Names
from api.reports.sheets import heading as label
from graph_model import cases
from graph_model.i18n import text
from graph_model.network import Facts
from queries.incidents.cases import CLOSED
from queries.incidents.holds import SUMS

Row = Mapping[str, Any]

_GONE = ("scrap", "rework", "return", "use", "release")
"""What becomes of an amount that was held."""


def closing_report(told: Row, stated: Facts, edition: Edition, names: Names) -> Document:
    """The report; `told` is `queries.incidents.figures.closing` as of the edition's batch."""
    incident = told["incident"]
    written = _Writer(told, stated, edition, names)
    blocks: list[Block] = []
    for part in (
        written.summary, written.asked, written.clocks, written.scopes, written.holds,
        written.customers, written.unaccounted, written.claims, written.alerts, written.progress,
        written.waiting, written.deeds, written.signed,
    ):  # fmt: skip
        blocks += part()
    subject = f"{incident['number']} {incident['title'] or ''}".strip()
    scope = incident["scope"]
    whole = scope is not None and scope["complete"]
    state = text("report.complete" if whole else "report.closing.incomplete")
    return Document("closing", text("report.closing.title"), subject, edition, state, blocks)


class _Writer:
    """The sections of one report."""

    def __init__(self, told: Row, stated: Facts, edition: Edition, names: Names) -> None:
        self._told, self._incident = told, told["incident"]
        self._edition, self._names = edition, names
        self._subjects = _subjects(stated, self._incident["incident"], names)

    # ------------------------------------------------------------------ what it was

    def summary(self) -> list[Block]:
        """What it was about, in figures."""
        one, sums, scope = self._incident, self._told["figures"], self._incident["scope"]
        told = self._told["notices"]
        currency = sums["currency"] or ""
        blocks = [
            heading(text("report.closing.summary")),
            facts([
                (text("incident.head.kind"), figures.word("incident.kinds", one["kind"])),
                (text("incident.head.status"), text(f"incident.status.{one['status']}")),
                (text("incident.head.opened"), self._when(one["opened_at"])),
                (text("report.recall.hazard"), self._hazard()),
                (text("incident.head.product"), figures.word("report.product",
                                                             one["product_kind"])),
                (text("incident.head.class"), one["recall_class"] or text("report.unknown")),
                (text("incident.head.jurisdiction"), ", ".join(one["jurisdictions"]) or "–"),
                (text("incident.head.reason"), self._signed(one)),
            ]),
            figure_row([
                (text("report.closing.certain"), figures.number(scope and scope["certain"])),
                (text("report.closing.possible"), figures.number(scope and scope["possible"])),
                (text("report.closing.parties"), figures.number(len(told["parties"]))),
                (text("report.closing.told"), figures.share(told["told"])),
            ]),
            figure_row([
                (text("incident.head.cost"), figures.money(sums["cost"], currency)),
                (text("report.bill.saved"), figures.share(sums["saved"])),
                (text("report.bill.to_scope"), figures.span(sums["to_scope_seconds"])),
                (text("report.bill.to_containment"), figures.span(sums["to_containment_seconds"])),
            ]),
        ]  # fmt: skip
        if one["status"] != CLOSED:
            blocks.insert(1, paragraph(text("report.closing.open")))
        return blocks

    def _hazard(self) -> str:
        kind = figures.word("report.hazard", self._incident["hazard"])
        return f"{kind}: {self._incident['agent']}" if self._incident["agent"] else kind

    def asked(self) -> list[Block]:
        """What was suspected, and what was supposed about the source."""
        suspected = [
            f"{label('lot' if name == 'lots' else name)}: {text('report.comma').join(given)}"
            for name, value in self._incident["asked"].items()
            for given in [map(str, value if isinstance(value, list | tuple) else [value])]
        ]
        supposed = [
            [one["name"], text("report.closing.taken") if one["chosen"] else "–",
             self._person(one), one["reason"]]
            for one in self._incident["hypotheses"]
        ]  # fmt: skip
        return [
            heading(text("report.closing.asked")),
            points(suspected),
            *_listed([Column(text("report.closing.hypothesis"), 2),
                      Column(text("report.closing.source"), 1),
                      Column(text("incident.head.who"), 1),
                      Column(text("incident.head.reason"), 2)],
                     supposed),
        ]  # fmt: skip

    def clocks(self) -> list[Block]:
        """What was due when, by which text, and whether it was met; when everything was."""
        rows = [
            [one["title"], one["jurisdiction"], text(f"incident.events.{one['trigger']}"),
             self._when(one["due"]), self._when(one["met"]),
             text(f"incident.state.{one['state']}"),
             text("report.semicolon").join(
                 filter(None, [_cited(one), *one["notes"]]))]
            for one in self._told["clocks"]
        ]  # fmt: skip
        heads = [
            Column(text("incident.head.due_what"), 2.2),
            Column(text("incident.head.jurisdiction"), 0.7),
            Column(text("incident.head.trigger"), 1.1),
            Column(text("incident.head.due"), 1.2), Column(text("incident.head.met"), 1.2),
            Column(text("incident.head.state"), 1), Column(text("incident.head.citation"), 2),
        ]  # fmt: skip
        when = [
            (text(f"incident.events.{name}"), self._when(at))
            for name, at in sorted(
                self._incident["events"].items(), key=lambda one: (one[1], one[0] != "knowing")
            )
        ]
        return [heading(text("report.closing.clocks")), facts(when), table(heads, rows)]

    def scopes(self) -> list[Block]:
        """Every scope that was frozen."""
        rows = [
            [str(one["as_of"]), self._when(one["at"]), figures.number(one["certain"]),
             figures.number(one["possible"]), figures.number(one["excluded"]),
             figures.number(one["customers"]), figures.money(one["cost"], one["currency"] or ""),
             figures.word("incident.cause", one["cause"]), self._person(one)]
            for one in self._incident["scopes"]
        ]  # fmt: skip
        right = ("certain", "possible", "excluded", "customers", "cost")
        wide = {"as_of": 0.6, "at": 1.3, "cost": 1.4, "who": 1.3}
        names = ("as_of", "at", *right, "cause", "who")
        heads = [
            Column(text(f"incident.head.{name}"), wide.get(name, 0.9),
                   "right" if name in right else "left")
            for name in names
        ]  # fmt: skip
        return [heading(text("incident.scopes")), table(heads, rows)]

    # ------------------------------------------------------------------ what was done

    def holds(self) -> list[Block]:
        """What was held and what became of it, by unit; lots that nobody held."""
        held = self._told["holds"]
        became = [name for name in _GONE if any(name in sums for sums in held["sums"].values())]
        unheld = [figures.lot(key) for key in held["unheld"]]
        return [
            heading(text("report.closing.holds")),
            facts([(text("report.closing.held"), figures.number(held["lots"])),
                   (text("report.closing.unheld"), figures.number(len(unheld)))]),
            _by_unit([*SUMS, *became], held["sums"], "report.closing.sum"),
            *([points(unheld)] if unheld else []),
        ]  # fmt: skip

    def customers(self) -> list[Block]:
        """Every party: whether it was told, and what became of what it got."""
        told = self._told["notices"]
        outcomes = ("shipped", *cases.OUTCOMES, "unaccounted")
        rows = [
            [self._names.company(one["customer"]), figures.word("incident.notice", one["state"]),
             self._when(one["sent"]), self._when(one["answered"]), _effective(one),
             *(figures.amounts({unit: sums[name] for unit, sums in one["amounts"].items()})
               for name in outcomes)]
            for one in told["parties"]
        ]  # fmt: skip
        heads = [
            Column(text("report.column.customer"), 1.8), Column(text("incident.head.state"), 1),
            Column(text("incident.head.sent"), 1.1), Column(text("incident.head.answered"), 1.1),
            Column(text("report.closing.checked"), 0.9),
            *(Column(text(f"report.closing.sum.{name}"), 1.1, "right") for name in outcomes[:-1]),
            Column(text("report.closing.sum.unaccounted"), 1.35, "right"),
        ]  # fmt: skip
        return [heading(text("report.closing.customers")), table(heads, rows)]

    def unaccounted(self) -> list[Block]:
        """What is accounted for by nobody, by unit, and why."""
        sums = self._told["figures"]["unaccounted"]
        names = ("in_scope", "shipped_without_answer", "searched_not_found", "unexplained", "total")
        return [heading(text("report.unaccounted")), _by_unit(names, sums, "report.closing.lost")]

    def claims(self) -> list[Block]:
        """Claims on suppliers with their documents, and what came back."""
        rows = [
            [self._names.company(one["supplier"]), (one["kind"] or "").upper(),
             text(f"incident.claim_state.{one['state']}"), self._when(one["sent"]),
             self._when(one["answered"]), figures.money(one["amount"], one["currency"] or ""),
             figures.money(one["recovered"], one["currency"] or ""),
             text("report.comma").join(paper["document"] for paper in one["documents"]) or "–"]
            for one in self._told["claims"]
        ]  # fmt: skip
        heads = [
            Column(text("incident.head.supplier"), 1.8), Column(text("incident.head.kind"), 0.7),
            Column(text("incident.head.state"), 1), Column(text("incident.head.sent"), 1.2),
            Column(text("incident.head.answered"), 1.2),
            Column(text("incident.head.amount"), 1.3, "right"),
            Column(text("incident.head.recovered"), 1.3, "right"),
            Column(text("incident.head.document"), 1.3),
        ]  # fmt: skip
        return [heading(text("incident.claims")), table(heads, rows)]

    def alerts(self) -> list[Block]:
        """What imports showed while the incident was open."""
        rows = [
            [self._when(one["at"]), text(f"incident.alert.{one['kind']}"),
             figures.lot(one["lot"]) if one["lot"] else "–",
             "–" if one["quantity"] is None else figures.amount(one["quantity"], one["uom"]),
             self._names.person(one["seen_by"]) if one["seen"] else "–"]
            for one in self._told["alerts"]
        ]  # fmt: skip
        heads = [
            Column(text("incident.head.at"), 1.2), Column(text("incident.head.alert"), 2),
            Column(text("incident.head.lot"), 2),
            Column(text("incident.head.quantity"), 1, "right"),
            Column(text("report.closing.seen_by"), 1),
        ]  # fmt: skip
        return [heading(text("report.closing.alerts")), table(heads, rows)]

    def progress(self) -> list[Block]:
        """Day by day what was found and came back."""
        names = ("found", *cases.OUTCOMES)
        rows = [
            [one["day"], one["uom"] or "–", *(figures.number(one[name]) for name in names)]
            for one in self._told["over_time"]
        ]
        heads = [Column(text("report.closing.day"), 1), Column(text("report.column.unit"), 1),
                 *(Column(text(f"report.closing.sum.{name}"), 1, "right")
                   for name in names)]  # fmt: skip
        return [heading(text("report.closing.progress")), table(heads, rows)]

    def waiting(self) -> list[Block]:
        """What nobody decided yet."""
        rows = [
            [text(f"incident.waits.{one['kind']}"),
             figures.lot(one["lot"]) if one.get("lot") else self._about(one["subject"])]
            for one in self._told["waiting"]
        ]  # fmt: skip
        heads = [Column(text("report.bill.what"), 1), Column(text("report.bill.about"), 2)]
        return [heading(text("report.bill.waiting")), table(heads, rows)]

    def deeds(self) -> list[Block]:
        """Everything that was done, in order."""
        rows: list[list[Cell]] = [
            [self._when(one["at"]), text(f"incident.deed.{one['kind']}"), self._subject(one),
             _amount(one), self._person(one), one.get("role") or "–", one.get("reason") or "–"]
            for one in self._incident["deeds"]
        ]  # fmt: skip
        heads = [
            Column(text("incident.head.at"), 1.2), Column(text("incident.head.deed"), 1.1),
            Column(text("incident.head.subject"), 2.1),
            Column(text("incident.head.quantity"), 1, "right"),
            Column(text("incident.head.who"), 1), Column(text("incident.head.role"), 0.9),
            Column(text("incident.head.reason"), 1.7),
        ]  # fmt: skip
        return [heading(text("incident.deeds")), table(heads, rows)]

    def signed(self) -> list[Block]:
        """Room for signatures."""
        roles = [text("report.role.quality"), text("report.role.management")]
        return [paragraph(text("report.closing.statement")), signatures(roles)]

    # ------------------------------------------------------------------ words

    def _when(self, at: str | None) -> str:
        return figures.stamp(datetime.fromisoformat(at), self._edition.zone) if at else "–"

    def _person(self, one: Row) -> str:
        return self._names.person(one.get("person")) if one.get("person") else "–"

    def _signed(self, one: Row) -> str:
        return text("report.closing.signed", reason=one["reason"] or "–", who=self._person(one),
                    role=one["role"] or "–")  # fmt: skip

    def _subject(self, one: Row) -> str:
        if one["kind"] == "event":
            event = text(f"incident.events.{one['subject']}")
            return f"{event} {self._when(one.get('happened_at'))}"
        about = self._about(one.get("subject"))
        lot = figures.lot(one["lot"]) if "lot" in one else ""
        told = [about, "" if lot in about else lot, one.get("document"), one.get("channel")]
        return text("report.comma").join(filter(None, told)) or "–"

    def _about(self, key: str | None) -> str:
        return self._subjects.get(key or "", "" if key == self._incident["incident"] else key or "")


def _subjects(stated: Facts, incident: str, names: Names) -> dict[str, str]:
    """What deeds are about, in words, by key: holds, notices, claims, alerts, other deeds."""

    def own(kind: type) -> Iterable[dict[str, Any]]:
        return stated[kind].filter(pl.col("incident") == incident).iter_rows(named=True)

    found = {
        row["key"]: f"{figures.lot(row['lot'])} @ {names.place(row['site'])}"
        if row["site"] else figures.lot(row["lot"])
        for row in own(cases.Hold)
    }  # fmt: skip
    found |= {row["key"]: names.company(row["customer"]) for row in own(cases.Notice)}
    found |= {row["key"]: names.company(row["supplier"]) for row in own(cases.Claim)}
    found |= {row["key"]: text(f"incident.alert.{row['kind']}") for row in own(cases.Alert)}
    found |= {row["key"]: row["name"] for row in own(cases.Hypothesis)}
    of_deeds = {
        row["key"]: text("report.comma").join(
            filter(None, [text(f"incident.deed.{row['kind']}"), found.get(row["subject"])])
        )
        for row in own(cases.Deed)
    }
    return found | of_deeds


def _cited(clock: Row) -> str:
    """The text that a rule stands on, with its date where it does not name it."""
    citation, date = clock["citation"], clock["text_date"] or ""
    return citation if date in citation else f"{citation} {date}"


def _amount(one: Row) -> str:
    if one.get("quantity") is not None:
        shown = figures.amount(one["quantity"], one.get("uom"))
        if one.get("disposition"):
            return f"{figures.word('report.closing.sum', one['disposition'])} {shown}"
        return shown
    if one.get("amount") is not None:
        return figures.money(one["amount"], one.get("currency") or "")
    return "–"


def _effective(one: Row) -> str:
    """The level of checks of a notice, and which share of those behind the party was checked."""
    parts = [one["level"] or "", "" if one["share_checked"] is None
             else figures.share(one["share_checked"])]  # fmt: skip
    return " ".join(filter(None, parts)) or "–"


def _by_unit(names: Sequence[str], sums: Mapping[str, Mapping[str, float]], area: str) -> Block:
    """Amounts by unit: a row for each unit in which there is anything."""
    rows = [
        [unit or "–", *(figures.number(one.get(name, 0.0)) for name in names)]
        for unit, one in sums.items()
        if any(one.values())
    ]
    heads = [Column(text("report.column.unit"), 0.8),
             *(Column(text(f"{area}.{name}"), 1, "right") for name in names)]  # fmt: skip
    return table(heads, rows)


def _listed(heads: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[Block]:
    """A table that is left out where there is nothing in it."""
    return [table(heads, rows)] if rows else []
