"""Management: what recalls cost against wider ones, what waits for a decision, how ready we are."""

from __future__ import annotations

from typing import Any

import polars as pl
from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.parts import (
    attrs,
    button,
    cell,
    empty,
    icon,
    largest,
    panel,
    segments,
    table,
)
from dashboard.entering import editing
from dashboard.managing import progress, work
from dashboard.pages import Page, View
from dashboard.pages.purchasing import exposure_of
from dashboard.url import State, link
from dashboard.visit import Judged, Visit
from graph_model import cases as kinds
from graph_model.i18n import text
from queries import drill
from queries.incidents import cases, curves, figures

page = Page("management", path="/management", permission="incident.read", order=6, key="m")
RISKS = 6
TURNS = 8
PLACES = ("on_hand", "in_process", "picked", "in_transit", "shipped", "returned")


@page.view
def view(visit: Visit, state: State) -> View:
    """The bill of one incident, decisions, readiness and risks."""
    batch = state.whole("as_of")
    found = visit.desk.on(batch, "management", figures.management)
    chosen = _chosen(found["incidents"], state.one("incident"))
    left: list[Any] = []
    strip: Any = None
    if chosen is None:
        nothing = empty(text("screen.management.no_incident"), button(text("screen.to_start"), "/"))
        left.append(panel(text("screen.management.bill"), nothing))
    else:
        judged = _judged(visit, batch, chosen["incident"])
        strip = _strip(visit, judged, chosen)
        left.append(_bill(visit, judged, found["incidents"], chosen, state))
        left.append(progress.panel(visit, batch, chosen["incident"]))
    left.append(_readiness(visit, batch))
    left.append(_incidents(visit, found, state))
    right = [_waiting(visit, batch), _risks(visit, state)]
    if visit.can("rules.read"):
        right.append(editing.listing(visit, state, "costs"))
    if visit.can("work.read"):
        right.append(work.listing(visit))
    if chosen is not None and visit.can("price.see"):
        right.insert(1, _against(judged))
    body = html.Div(
        [html.Div(left, className="stack"), html.Div(right, className="stack")],
        className="columns recall",
    )
    open_ = sum(one["status"] == cases.OPEN for one in found["incidents"])
    title = html.Div(
        [html.Div([
            html.H1(text("screen.management.title")),
            html.Div(words.counted("screen.management.open", open_), className="meta"),
        ]), html.Div(className="grow"), _pdf(visit, chosen, state)],
        className="title-line",
    )  # fmt: skip
    made = [title, *([strip] if strip else []), body, html.Div(editing.asked(visit, state))]
    return View(made)


def _pdf(visit: Visit, chosen: dict[str, Any] | None, state: State) -> Any:
    """The page as one sheet of paper."""
    if chosen is None or not (visit.can("report.read") and visit.can("price.see")):
        return None
    href = link("/api/v1/reports/management", incident=chosen["number"],
                as_of=state.whole("as_of"))  # fmt: skip
    return html.A([icon("document"), text("screen.management.pdf")], href=href, className="button",
                  **attrs(data_file="", data_making=text("screen.pack.making")))  # fmt: skip


def _chosen(found: list[dict[str, Any]], wanted: str) -> dict[str, Any] | None:
    """The incident of the address, else the newest open one that is no drill, else the newest."""
    if wanted:
        return next((one for one in found if wanted in (one["incident"], one["number"])), None)
    real = [one for one in found if one["kind"] != kinds.MOCK]
    open_ = [one for one in real if one["status"] == cases.OPEN]
    ranked = open_ or real
    return ranked[-1] if ranked else None


def _judged(visit: Visit, batch: int | None, incident: str) -> Judged:
    """The scope of an incident as of now, by its own hazard and rules."""
    facts = visit.facts(batch)
    row = cases.find(facts, incident)
    asked = cases.asked(facts, row, cases.deeds(facts, incident))
    return visit.scope(asked, batch, hazard=cases.hazard(row), rules=row["rules"],
                       incident=incident)  # fmt: skip


# ---------------------------------------------------------------------------- one incident


def _strip(visit: Visit, judged: Judged, chosen: dict[str, Any]) -> html.Div:
    cells = _money(visit, judged, chosen) if visit.can("price.see") else []
    lost = judged.told["totals"]["unaccounted"]
    missing = {unit: amount for unit, amount in lost.items() if amount}
    cells.append(cell(text("screen.recall.unaccounted"), *largest(missing)))
    cells.append(cell(
        text("screen.management.to_trace"), _span(chosen["to_scope_seconds"]), "",
        text("screen.management.to_contain", span=_span(chosen["to_containment_seconds"])),
        text("screen.management.to_notify", span=_span(chosen["to_notice_seconds"])),
    ))  # fmt: skip
    return html.Div(cells, className="strip four panel")


def _money(visit: Visit, judged: Judged, chosen: dict[str, Any]) -> list[Any]:
    """Worst, likely and committed cost; what is saved, and on what that rests."""
    totals, saved = judged.told["totals"], judged.told["saved"]
    currency, bill = totals["currency"], totals["cost_total"]["net"]
    incident = chosen["incident"]
    spent = visit.desk.on(
        judged.scope.facts.batch, ("committed", incident),
        lambda facts, lineage: curves.committed(facts, lineage, incident),
    )  # fmt: skip
    told = {"low": bill["low"], "likely": bill["likely"], "amount": spent,
            "back": sum(totals["cost_recovered"].values())}  # fmt: skip
    shown = {name: words.money_headline(value, currency) for name, value in told.items()}
    judgement = totals["lots"].get("excluded_by", {}).get("judgement", 0)
    return [
        cell(
            text("screen.management.worst"), words.money_headline(bill["high"], currency),
            words.counted("screen.management.lots", len(judged.scope.held)),
            text("screen.management.likely", low=shown["low"], likely=shown["likely"]),
            text("screen.management.committed", amount=shown["amount"]),
            text("screen.management.recoveries", amount=shown["back"]) if told["back"] else "",
        ),
        cell(
            text("screen.management.saved"), words.percent(saved["blanket"]),
            text("screen.management.at_best") if saved["at_best"] else "",
            text("screen.management.of", cost=words.money_headline(
                judged.told["blanket"]["cost"], currency)),
            words.counted("screen.management.judgement", judgement) if judgement else "",
        ),
    ]  # fmt: skip


def _span(seconds: float | None) -> str:
    if seconds is None:
        return text("screen.management.not_yet")
    if seconds < 60:
        return text("screen.management.seconds", seconds=words.number(seconds, 1))
    return words.duration(round(seconds * 1e6))


def _bill(
    visit: Visit, judged: Judged, found: list[dict[str, Any]], chosen: dict[str, Any], state: State
) -> html.Section:
    """Cost by place and type; the darker a cell, the more it costs."""
    title = text("screen.management.bill")
    choices = [
        (one["number"], state.link(incident=one["incident"]), one is chosen) for one in found
    ]
    aside = segments(title, choices[-TURNS:], "small")
    if not visit.can("price.see"):
        return panel(title, empty(text("screen.management.prices_hidden")), aside=aside)
    totals = judged.told["totals"]
    cells: dict[tuple[str, str], float] = {}
    for tier in totals["cost"].values():
        for place, types in tier.items():
            for kind, amount in types.items():
                cells[place, kind] = cells.get((place, kind), 0.0) + amount
    types = sorted({kind for _, kind in cells}, key=lambda kind: -_sum(cells, 1, kind))
    places = [place for place in PLACES if any(at == place for at, _ in cells)]
    places += sorted({place for place, _ in cells} - set(places))
    most = max(cells.values(), default=1.0)
    rows = [
        html.Tr([
            html.Td(text(f"place.{place}")),
            *(_heat(cells.get((place, kind)), most) for kind in types),
            html.Td(html.B(words.number(_sum(cells, 0, place), 0)), className="end"),
        ])
        for place in places
    ]  # fmt: skip
    fixed = totals["cost_fixed"]
    once = sum(fixed.values())
    if once:
        named = ", ".join(words.labelled("cost", name) for name in fixed)
        rows.append(html.Tr([
            html.Td(text("screen.management.whole", what=named)),
            *(html.Td(words.NONE, className="end") for _ in types),
            html.Td(html.B(words.number(once, 0)), className="end"),
        ]))  # fmt: skip
    rows.append(html.Tr([
        html.Td(text("screen.management.total")),
        *(html.Td(words.number(_sum(cells, 1, kind), 0), className="end") for kind in types),
        html.Td(words.number(sum(cells.values()) + once, 0), className="end"),
    ], className="total"))  # fmt: skip
    heads = [text("screen.head.where"), *(f">{words.labelled('cost', kind)}" for kind in types),
             f">{text('screen.head.total')}"]  # fmt: skip
    name = f"{title}, {totals['currency']}"
    return panel(name, table(heads, rows, label=name, kind="heat"), aside=aside)


def _sum(cells: dict[tuple[str, str], float], side: int, name: str) -> float:
    return sum(amount for ends, amount in cells.items() if ends[side] == name)


def _heat(amount: float | None, most: float) -> html.Td:
    if not amount:
        return html.Td(words.NONE, className="end")
    share = f"{max(4, round(amount / most * 34))}%"
    tone = f"color-mix(in srgb, var(--ink) {share}, var(--surface))"
    return html.Td(words.number(amount, 0), className="end", style={"background": tone})


def _against(judged: Judged) -> html.Section:
    """The scope beside plain reachability and a blanket recall."""
    told = judged.told
    currency, saved = told["totals"]["currency"], told["saved"]
    own = told["totals"]["cost_total"]["acting"]["likely"]
    bars = [("scope", own, None), ("reachable", told["reachable"]["cost"], saved["reachable"]),
            ("blanket", told["blanket"]["cost"], saved["blanket"])]  # fmt: skip
    most = max(*(cost for _, cost, _ in bars), 1e-9)
    rows = []
    for name, cost, share in bars:
        label = text(f"screen.management.yardstick.{name}")
        gain = "" if share is None else text(
            "screen.management.saves", share=words.percent(share)
        )  # fmt: skip
        rows.append(html.Div([
            html.Div([html.Span(label), html.Span(gain, className="meta"),
                      html.B(words.money_headline(cost, currency))], className="against-line"),
            parts.meter(cost / most, label),
        ]))  # fmt: skip
    body = html.Div(rows, className="panel-body stack")
    return panel(text("screen.management.against"), body)


# ---------------------------------------------------------------------------- decisions, risks


def _waiting(visit: Visit, batch: int | None) -> html.Section:
    """What waits for a named person."""
    title = text("screen.management.waiting")
    found = visit.desk.on(batch, "waiting", lambda facts, _: figures.waiting(facts))
    if not found:
        return panel(title, empty(text("screen.management.none_waits")))
    lines = [
        [words.labelled("screen.management.wait", one["kind"]), one["number"],
         html.Span(one.get("lot") or one["subject"], className="meta", title=one["subject"])]
        for one in found[:RISKS]
    ]  # fmt: skip
    heads = [text("screen.management.what"), text("screen.kind.incident"),
             text("screen.management.about")]  # fmt: skip
    return panel(title, table(heads, lines, label=title, kind="waiting"),
                 aside=parts.shown_of(len(lines), len(found)))  # fmt: skip


def _risks(visit: Visit, state: State) -> html.Section:
    """Supplier's lots that would cost most if they failed today."""
    title = text("screen.management.risks")
    if not visit.can("exposure.read"):
        return panel(title, empty(text("screen.management.prices_hidden")))
    found = exposure_of(visit, state.whole("as_of"))
    rows = found.lots.sort("cost", "key", descending=[True, False])[:RISKS]
    if rows.is_empty():
        return panel(title, empty(text("screen.purchasing.no_lots")))
    names = visit.names(state.whole("as_of"))
    lines = [
        [html.A(parts.lot_no(row["lot_no"]), href=link(
            "/purchasing", supplier=row["supplier"], supplier_lot=row["lot_no"] or None)),
         names.item(row["item"]),
         words.money(row["cost"] if visit.can("price.see") else None, found.table.currency)]
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
    heads = [text("screen.kind.supplier_lot"), text("screen.head.item"),
             f">{text('screen.purchasing.recall_cost')}"]  # fmt: skip
    return panel(title, table(heads, lines, label=title),
                 aside=parts.shown_of(len(lines), found.lots.height))  # fmt: skip


def _readiness(visit: Visit, batch: int | None) -> html.Section:
    """Drills by month, and how complete the records are."""
    title = text("screen.management.readiness")
    drills = drill.history(visit.facts(batch), visit.zone)
    coverage = visit.coverage()
    shares = [stage.share for stage in coverage.stages if stage.share is not None]
    complete = words.percent(min(shares)) if shares else words.unknown()
    told = text("screen.management.least_complete", share=complete)
    if not drills:
        return panel(title, empty(told, text("screen.management.no_drill")))
    lines = [
        [one["month"], words.number(one["lots"], 0), words.percent(one["share"]),
         _span(one["seconds"]), text("screen.management.passed" if one["passed"]
                                     else "screen.management.gaps")]
        for one in drills[-RISKS:]
    ]  # fmt: skip
    heads = [text("screen.management.month"), f">{text('screen.head.lots')}",
             f">{text('screen.management.passed')}", f">{text('screen.management.slowest')}",
             text("screen.management.result")]  # fmt: skip
    return panel(title, table(heads, lines, label=title),
                 html.P(told, className="note panel-body"),
                 aside=parts.shown_of(len(lines), len(drills)))  # fmt: skip


def _incidents(visit: Visit, found: dict[str, Any], state: State) -> html.Section:
    """All incidents with what they cost and took."""
    title = text("screen.management.incidents")
    rows = pl.DataFrame(found["incidents"], infer_schema_length=None).to_dicts()[::-1]
    if not rows:
        return panel(title, empty(text("screen.management.no_incident")))
    priced = visit.can("price.see")
    lines = [
        [html.A(one["number"], href=state.link(incident=one["incident"])),
         one["title"] or words.NONE, words.labelled("screen.management.status", one["status"]),
         *([words.money(one["cost"], one["currency"]), words.percent(one["saved"]),
            words.money(one["claimed"], one["currency"])] if priced else []),
         _span(one["to_scope_seconds"]), _span(one["to_containment_seconds"])]
        for one in rows[:RISKS * 2]
    ]  # fmt: skip
    money = [f">{text('screen.head.cost')}", f">{text('screen.management.saved_short')}",
             f">{text('screen.management.claimed')}"] if priced else []  # fmt: skip
    heads = [text("screen.kind.incident"), text("screen.management.what"),
             text("screen.management.state"), *money, f">{text('screen.management.to_trace')}",
             f">{text('screen.management.contained')}"]  # fmt: skip
    return panel(title, table(heads, lines, label=title),
                 aside=parts.shown_of(len(lines), len(rows)))  # fmt: skip
