"""Purchasing: how a defect spreads, whether we can go on making, who could hurt us most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
from dash import Input, Output, html

from dashboard import export, words
from dashboard.buying.drawing import spread_panel
from dashboard.components import frame, parts
from dashboard.components.parts import (
    amount,
    button,
    cell,
    empty,
    icon,
    largest,
    panel,
    segments,
    table,
)  # fmt: skip
from dashboard.pages import Page, View
from dashboard.url import State, link
from dashboard.visit import Judged, Visit
from graph_model.i18n import text
from graph_model.lineage import Lineage
from graph_model.network import Facts
from queries import purchasing, scorecard
from queries.names import Names
from queries.purchasing import Cover
from queries.recall import exposure as exposing
from queries.recall.exposure import Exposure
from queries.recall.roots import Suspects
from queries.recall.spread import spread

page = Page("purchasing", path="/purchasing", permission="exposure.read", order=5, key="p")
SHOWN = 12
ROWS = 6
_FIGURES = (
    ("rejected", "inspected"), ("complaints_shared", "delivered"), ("unnumbered", "delivered"),
)  # fmt: skip


@page.view
def view(visit: Visit, state: State) -> View:
    """All suppliers, one supplier, or one of its lots."""
    supplier = state.one("supplier")
    if not supplier:
        return View([_overview(visit, state)])
    judged = _scope(visit, state)
    cover = _cover(visit, state, judged)
    names = visit.names(state.whole("as_of"))
    body = html.Div(
        [
            html.Div(
                [spread_panel(judged.once("spread", spread), names),
                 _exposed(visit, state, supplier)],
                className="stack",
            ),
            html.Div(
                [_card(visit, state, supplier), _coming(cover, names, visit),
                 _replan(cover, names), _alternates(cover, names, visit)],
                className="stack",
            ),
        ],
        className="columns recall",
    )  # fmt: skip
    told = judged.told
    href = link("/recall", supplier=supplier, supplier_lot=state.one("supplier_lot") or None)
    footer = frame.answer_line(told["missing"], complete=told["complete"], href=f"{href}#gaps")
    return View([_title(visit, state, judged), _strip(cover, names), body], footer=footer)


@page.answers(
    Output("download", "data", allow_duplicate=True), Input("purchasing-export", "n_clicks"),
    prevent_initial_call=True,
)  # fmt: skip
def export_rows(visit: Visit, clicks: int | None) -> Any:
    """The exposure of every supplier's lot."""
    if not clicks:
        return None
    found = exposure_of(visit, None)
    rows = found.lots.drop("lot")
    if not visit.can("price.see"):
        rows = rows.drop("cost")
    return export.csv(f"{text('screen.purchasing.file')}-{found.lineage.batch}.csv", rows)


# ---------------------------------------------------------------------------- what is asked


def _scope(visit: Visit, state: State) -> Judged:
    asked = Suspects(supplier=state.one("supplier"), supplier_lot=state.one("supplier_lot") or None)
    return visit.scope(asked, state.whole("as_of"))


def _cover(visit: Visit, state: State, judged: Judged) -> Cover:
    supplier, lot = state.one("supplier"), state.one("supplier_lot")

    def make(facts: Facts, lineage: Lineage) -> Cover:
        suspect = judged.scope.held if lot else None
        return purchasing.cover(facts, lineage, supplier, suspect)

    return visit.desk.on(state.whole("as_of"), ("cover", supplier, lot), make)


def exposure_of(visit: Visit, as_of: int | None) -> Exposure:
    """What a defect in each supplier's lot would touch, kept by batch."""
    return visit.desk.on(
        as_of, "exposure",
        lambda facts, lineage: exposing.exposure(facts, lineage, timezone=visit.zone),
    )  # fmt: skip


def _cards(visit: Visit, as_of: int | None) -> pl.DataFrame:
    found = exposure_of(visit, as_of)
    return visit.desk.on(
        as_of, "scorecard", lambda facts, lineage: scorecard.scorecard(facts, lineage, found)
    )


# ---------------------------------------------------------------------------- one supplier


def _title(visit: Visit, state: State, judged: Judged) -> html.Div:
    supplier, lot = state.one("supplier"), state.one("supplier_lot")
    names = visit.names(state.whole("as_of"))
    choices = [
        (text("screen.purchasing.all"), link(page.path, as_of=state.whole("as_of")), False),
        (text("screen.purchasing.whole"), state.link(supplier_lot=None), not lot),
    ]
    if lot:
        choices.append((text("screen.purchasing.this_lot", lot=lot), state.link(), True))
    held = len(judged.scope.held)
    meta = [supplier, " · ", words.counted("screen.purchasing.suspect_scope", held)]
    recall = link("/recall", supplier=supplier, supplier_lot=lot or None)
    return html.Div(
        [
            html.Div([html.H1(names.company(supplier)), html.Div(meta, className="meta")]),
            html.Div(className="grow"),
            segments(text("screen.page.purchasing"), choices),
            button(text("screen.purchasing.recall"), recall, kind="stop", act="r"),
        ],
        className="title-line",
    )  # fmt: skip


def _strip(cover: Cover, names: Names) -> html.Div:
    """Can we go on making: what is suspect, the item that runs out first, orders, alternates."""
    items = cover.items.to_dicts()
    worst = next((row for row in items if row["days"] is not None), items[0] if items else None)
    suspect: dict[str, float] = {}
    ordered: dict[str, float] = {}
    for row in items:
        unit = row["uom"] or ""
        suspect[unit] = suspect.get(unit, 0.0) + row["suspect"]
        ordered[unit] = ordered.get(unit, 0.0) + row["on_order_suspect"]
    short = cover.replan["operation"].n_unique()
    approved = cover.alternates.filter(pl.col("approval") == purchasing.APPROVED)
    here = {unit: held for unit, held in suspect.items() if held}
    others = approved["supplier"].unique(maintain_order=True).to_list()
    cells = [
        cell(text("screen.purchasing.still_ours"), *largest(here),
              text("screen.purchasing.on_order", amount=words.amounts(ordered))),
        _clean(worst, names),
        cell(text("screen.purchasing.replan"), words.number(short, 0) if short else words.NONE,
              "", text("screen.purchasing.replan_hint")),
        cell(text("screen.purchasing.alternates"),
              words.number(len(others), 0) if others else words.NONE, "",
              ", ".join(names.company(code) for code in others[:3])
              or text("screen.purchasing.no_approved")),
    ]  # fmt: skip
    return html.Div(cells, className="strip four panel")


def _clean(worst: dict[str, Any] | None, names: Names) -> html.Div:
    if worst is None:
        return cell(text("screen.purchasing.clean_none"), words.NONE, "")
    days, use = worst["days"], worst["daily_use"]
    unit = words.unit(worst["uom"])
    told = text("screen.purchasing.no_use") if days is None else text(
        "screen.purchasing.cover", days=words.number(days, 1),
        use=f"{words.number(use, 1)} {unit}".strip(),
    )  # fmt: skip
    figure = [words.number(worst["clean"], 0), html.Span(unit, className="figure-unit")]
    unclear = worst["unclear"]
    more = text("screen.purchasing.unclear", amount=f"{words.number(unclear)} {unit}".strip())
    title = text("screen.purchasing.clean", item=names.item(worst["item"]))
    return cell(title, figure, "", told, more if unclear else "")


def _card(visit: Visit, state: State, supplier: str) -> html.Section:
    """The supplier's figures beside the median of all."""
    title = text("screen.purchasing.scorecard")
    rows = _cards(visit, state.whole("as_of"))
    own = rows.filter(pl.col("supplier") == supplier)
    if own.is_empty():
        return panel(title, empty(text("screen.purchasing.no_card")))
    shares = rows.select(
        "supplier", "late_days", "mark",
        *((pl.col(part) / pl.when(pl.col(whole) > 0).then(pl.col(whole))).alias(part)
          for part, whole in _FIGURES),
    )  # fmt: skip
    mine = shares.filter(pl.col("supplier") == supplier).row(0, named=True)
    lines = []
    for name in [part for part, _ in _FIGURES] + ["late_days", "mark"]:
        middle = shares[name].median()
        shown = _days if name == "late_days" else _mark if name == "mark" else words.percent
        median = middle if isinstance(middle, int | float) else None
        worse = _is_worse(name, mine[name], median)
        value = html.B(shown(mine[name])) if worse else shown(mine[name])
        lines.append([text(f"screen.purchasing.figure.{name}"), value, shown(median)])
    heads = [text("screen.purchasing.measure"), f">{text('screen.purchasing.this')}",
             f">{text('screen.purchasing.median')}"]  # fmt: skip
    return panel(title, table(heads, lines, label=title),
                 aside=html.Span(text("screen.purchasing.bold")))  # fmt: skip


def _is_worse(name: str, value: float | None, median: float | None) -> bool:
    if value is None or median is None:
        return False
    return value < median if name == "mark" else value > median


def _days(value: float | None) -> str:
    return words.unknown() if value is None else text(
        "screen.purchasing.days", days=words.number(value, 1)
    )  # fmt: skip


def _mark(value: float | None) -> str:
    return words.number(value, 0)


def _coming(cover: Cover, names: Names, visit: Visit) -> html.Section:
    """Open purchase lines, those of the suspect supplier first."""
    title = text("screen.purchasing.coming")
    theirs = pl.col("supplier") == cover.supplier
    rows = cover.orders.sort(~theirs, "promised_at", nulls_last=True)
    if rows.is_empty():
        return panel(title, empty(text("screen.purchasing.nothing_coming")))
    units = dict(cover.items.select("item", "uom").rows())
    lines = [
        [html.Span(row["purchase_order_no"], className="lot-no"), names.item(row["item"]),
         amount(row["open"], units.get(row["item"])), words.day(row["promised_at"], visit.zone),
         text("screen.purchasing.hold_at_receipt") if row["supplier"] == cover.supplier else ""]
        for row in rows[:ROWS].iter_rows(named=True)
    ]  # fmt: skip
    heads = [text("screen.purchasing.order"), text("screen.head.item"),
             f">{text('screen.purchasing.open')}", text("screen.purchasing.promised"),
             ""]  # fmt: skip
    return panel(title, table(heads, lines, label=title),
                 aside=parts.shown_of(len(lines), len(rows)))  # fmt: skip


def _replan(cover: Cover, names: Names) -> html.Section:
    title = text("screen.purchasing.replan")
    if cover.replan.is_empty():
        return panel(title, empty(text("screen.purchasing.none_short")))
    units = dict(cover.items.select("item", "uom").rows())
    lines = [
        [html.Span(row["work_order"], className="lot-no"), names.item(row["product"]),
         names.item(row["item"]), amount(row["need"] - row["left"], units.get(row["item"]))]
        for row in cover.replan[:ROWS].iter_rows(named=True)
    ]  # fmt: skip
    heads = [text("screen.purchasing.work_order"), text("screen.purchasing.makes"),
             text("screen.purchasing.lacks"), f">{text('screen.head.amount')}"]  # fmt: skip
    return panel(title, table(heads, lines, label=title),
                 aside=parts.shown_of(len(lines), cover.replan.height))  # fmt: skip


def _alternates(cover: Cover, names: Names, visit: Visit) -> html.Section:
    title = text("screen.purchasing.others_deliver")
    if cover.alternates.is_empty():
        return panel(title, empty(text("screen.purchasing.no_alternates")))
    lines = [
        [names.item(row["item"]),
         html.A(names.company(row["supplier"]), href=link(page.path, supplier=row["supplier"])),
         text(f"buying.approval.{row['approval']}"), words.number(row["lots"], 0),
         words.day(row["last_at"], visit.zone)]
        for row in cover.alternates[:ROWS].iter_rows(named=True)
    ]  # fmt: skip
    heads = [text("screen.head.item"), text("screen.kind.supplier"),
             text("screen.purchasing.approval"), f">{text('screen.head.lots')}",
             text("screen.purchasing.last_at")]  # fmt: skip
    return panel(title, table(heads, lines, label=title),
                 aside=parts.shown_of(len(lines), cover.alternates.height))  # fmt: skip


# ---------------------------------------------------------------------------- all suppliers


def _overview(visit: Visit, state: State) -> html.Div:
    """Every supplier's lot by what a defect in it would touch, and all suppliers side by side."""
    return html.Div(
        [
            html.Div(html.H1(text("screen.purchasing.title")), className="title-line"),
            html.Div(
                [_exposed(visit, state, None), _compared(visit, state)], className="stack"
            ),
        ]
    )  # fmt: skip


@dataclass(frozen=True)
class _Ranked:
    rows: pl.DataFrame
    total: int
    currency: str


def _ranked(visit: Visit, state: State, supplier: str | None) -> _Ranked:
    found = exposure_of(visit, state.whole("as_of"))
    rows = found.lots.sort("cost", "key", descending=[True, False])
    rows = rows.with_columns(place=pl.int_range(1, pl.len() + 1))
    if supplier:
        rows = rows.filter(pl.col("supplier") == supplier)
    return _Ranked(rows[:SHOWN], rows.height, found.table.currency)


def _exposed(visit: Visit, state: State, supplier: str | None) -> html.Section:
    """Supplier's lots, the costliest first: if this one failed today."""
    title = text("screen.purchasing.exposure")
    ranked, priced = _ranked(visit, state, supplier), visit.can("price.see")
    if ranked.rows.is_empty():
        return panel(title, empty(text("screen.purchasing.no_lots")))
    names = visit.names(state.whole("as_of"))
    most = max(float(ranked.rows["cost"][0]), 1e-9)
    lines = []
    for row in ranked.rows.iter_rows(named=True):
        href = link(page.path, supplier=row["supplier"], supplier_lot=row["lot_no"] or None,
                    as_of=state.whole("as_of"))  # fmt: skip
        chosen = row["lot_no"] == state.one("supplier_lot") and supplier
        cells = [
            html.Td(row["place"], className="meta"),
            html.Td(html.A(parts.lot_no(row["lot_no"]), href=href)),
            html.Td(names.item(row["item"])), html.Td(names.company(row["supplier"])),
            html.Td(words.number(row["lots"], 0), className="end"),
            html.Td(words.number(row["customers"], 0), className="end"),
        ]  # fmt: skip
        if priced:
            label = words.money(row["cost"], ranked.currency)
            cells += [html.Td(parts.meter(row["cost"] / most, label)),
                      html.Td(label, className="end")]  # fmt: skip
        lines.append(html.Tr(cells, className="on" if chosen else None))
    heads = ["#", text("screen.kind.supplier_lot"), text("screen.head.item"),
             text("screen.kind.supplier"), f">{text('screen.purchasing.reached')}",
             f">{text('screen.purchasing.customers')}"]  # fmt: skip
    heads += ["", f">{text('screen.purchasing.recall_cost')}"] if priced else []
    aside = [
        parts.shown_of(len(lines), ranked.total),
        html.Button([icon("export"), text("screen.purchasing.every")], id="purchasing-export",
                    className="button small no-print"),
    ]  # fmt: skip
    return panel(title, table(heads, lines, label=title, kind="exposure"), aside=aside)


def _compared(visit: Visit, state: State) -> html.Section:
    """All suppliers, the lowest mark first."""
    title = text("screen.purchasing.compared")
    rows, priced = _cards(visit, state.whole("as_of")), visit.can("price.see")
    if rows.is_empty():
        return panel(title, empty(text("screen.purchasing.no_lots")))
    names, currency = visit.names(), exposure_of(visit, state.whole("as_of")).table.currency
    lines = [
        [html.A(names.company(row["supplier"]), href=link(page.path, supplier=row["supplier"])),
         _mark(row["mark"]), words.number(row["delivered"], 0),
         f"{words.number(row['rejected'], 0)} / {words.number(row['inspected'], 0)}",
         words.number(row["complaints_shared"], 1), words.number(row["recalls"], 0),
         words.number(row["unnumbered"], 0),
         _days(row["late_days"]), *([words.money(row["exposure"], currency)] if priced else [])]
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
    heads = [text("screen.kind.supplier"), *(
        f">{text(f'screen.purchasing.figure.{name}')}" for name in
        ("mark", "delivered", "rejected_of", "complaints_shared", "recalls", "unnumbered",
         "late_days", *(["exposure"] if priced else []))
    )]  # fmt: skip
    return panel(title, table(heads, lines, label=title),
                 aside=parts.shown_of(len(lines), len(rows)))  # fmt: skip
