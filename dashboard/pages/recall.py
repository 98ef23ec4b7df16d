"""Recall: the workbench of a scope. What cannot wait comes first; a what-if changes nothing."""

from __future__ import annotations

from typing import Any

import polars as pl
from dash import Input, Output, html
from dash import State as Given

from dashboard import words
from dashboard.components import frame, parts
from dashboard.components.incidents import deadline
from dashboard.components.parts import attrs, button, chip, empty, icon, panel, segments
from dashboard.grids import block, grid, version
from dashboard.pages import Change, Page, View
from dashboard.url import State
from dashboard.visit import Visit
from dashboard.workbench import (
    cells,
    guesses,
    holding,
    lot,
    lots,
    packs,
    parties,
    proving,
    side,
    tables,
    what_if,
)
from dashboard.workbench.question import Question, read
from graph_model import keys
from graph_model.i18n import text

page = Page("recall", path="/recall", permission="scope.read", order=3, key="r")
EXPORTED = ("tier_name", "lot_no", "sublot", "owner", "item", "at_most", "unit", "where", "cost",
            "why", "key")  # fmt: skip


@page.view
def view(visit: Visit, state: State) -> View:
    """The workbench of what the address suspects."""
    question = read(visit, state)
    if question is None:
        return View([_nothing()], whole=False)
    made = _parts(visit, question, state)
    body = html.Div(
        [
            html.Div(
                [
                    html.Div(made["figures"], id="recall-figures", className="pair"),
                    html.Div(made["extra"], id="recall-extra", className="stack"),
                    html.Section(
                        [
                            html.Div(made["lots-head"], id="recall-lots-head",
                                     className="panel-head"),
                            html.Div(_grid(visit, question, state), className="grid-box"),
                        ],
                        className="panel", **attrs(aria_label=text("screen.recall.lots")),
                    ),
                    html.Div(made["customers"], id="recall-customers", className="stack"),
                ],
                className="stack",
            ),
            html.Div(made["side"], id="recall-side", className="stack"),
        ],
        className="columns recall",
    )  # fmt: skip
    return View(
        [
            html.Div(made["title"], id="recall-title"),
            html.Div(made["strip"], id="recall-strip"),
            body,
            html.Div(made["ask"], id="recall-ask"),
        ],
        footer=_footer(question, state),
    )


@page.changes
def change(visit: Visit, state: State) -> Change | None:
    """The same workbench in another state; the table keeps its place."""
    question = read(visit, state)
    if question is None:
        return None
    made = _parts(visit, question, state)
    changed = {f"recall-{name}": {"children": content} for name, content in made.items()}
    chosen = state.one("sel")
    changed["recall-lots"] = {"selectedRows": {"ids": [chosen]} if chosen else []}
    return Change(changed, footer=_footer(question, state))


@page.answers(
    Output("recall-lots", "getRowsResponse"), Input("recall-lots", "getRowsRequest"),
    Given("url", "search"), prevent_initial_call=True,
)  # fmt: skip
def lots_block(visit: Visit, request: dict[str, Any] | None, search: str) -> Any:
    """The rows of the chosen tab that are scrolled to."""
    state = State.of(page.path, search)
    question = read(visit, state)
    rows = [] if question is None else lots.rows(visit, question, state)
    return block(rows, request or {})


@page.files("recall")
def export_rows(visit: Visit, state: State) -> tuple[str, pl.DataFrame] | None:
    """Every row of the chosen tab, as it is shown."""
    question = read(visit, state)
    if question is None:
        return None
    rows = pl.DataFrame(lots.rows(visit, question, state), infer_schema_length=None)
    shown = rows.select(pl.col(name).alias(text(f"screen.column.{name}")) for name in EXPORTED)
    return f"{text('screen.recall.file')}-{question.recorded.scope.facts.batch}", shown


def _parts(visit: Visit, question: Question, state: State) -> dict[str, Any]:
    """Everything but the table of lots, by id."""
    extra: list[Any] = []
    if state.one("gaps"):
        extra.append(tables.gaps(question, state))
    if state.whole("since") is not None:
        extra.append(_difference(visit, question, state))
    if state.one("compare"):
        extra.append(guesses.table(visit, question, state))
    priced = visit.can("price.see")
    chosen = lot.about(visit, question, state)
    return {
        "title": _title(visit, question, state),
        "strip": cells.strip(visit, question, state),
        "figures": [tables.tiers(visit, question, state), tables.whereabouts(question, state)],
        "extra": extra,
        "lots-head": _lots_head(question, state),
        "customers": [
            parties.listing(visit, question, state),
            proving.listing(visit, question, state),
        ],
        "ask": _asked(visit, question, state),
        "side": [
            chosen,
            what_if.panel(visit, question, state),
            side.next_best(visit, question, state),
            side.stop_first(question, state),
            side.against(question) if priced else None,
            _sentence(visit, question),
        ],
    }


def _asked(visit: Visit, question: Question, state: State) -> Any:
    """The dialog of the act that the address asks for; one at a time."""
    if not state.one("ask"):
        return None
    given = (visit, question, state)
    dialogs = (holding.asked, proving.asked, parties.asked, guesses.asked, packs.asked)
    found = (dialog(*given) for dialog in dialogs)
    return next((one for one in found if one), None) or what_if.asked(question, state)


def _footer(question: Question, state: State) -> list[Any]:
    told = question.recorded.told
    href = state.link(gaps=1) + "#gaps"
    return frame.answer_line(told["missing"], complete=told["complete"], href=href)


def _nothing() -> html.Div:
    return html.Div(
        [html.H1(text("screen.recall.nothing")), html.P(text("screen.recall.nothing_hint")),
         button(text("screen.to_start"), "/")],
        className="message",
    )  # fmt: skip


# ---------------------------------------------------------------------------- title line


def _title(visit: Visit, question: Question, state: State) -> html.Div:
    scope = question.recorded.scope
    names = visit.names(state.whole("as_of"))
    roots = scope.roots.match if len(scope.roots.match) else scope.roots.cannot_rule_out
    rows = scope.lineage.lots.select("key", "item", "item_code", "lot_no", "owner")[roots[:3]]
    first = rows.row(0, named=True)
    headline = text("screen.recall.title", item=names.item(first["item"], first["item_code"]))
    if question.incident and question.incident["title"]:
        headline = question.incident["title"]
    shown = ", ".join(row["lot_no"] or words.unknown() for row in rows.iter_rows(named=True))
    more = len(roots) - len(rows)
    root: list[Any] = [
        text("screen.recall.root"), " ", html.B(shown, className="lot-no"),
        f" {text('screen.recall.more', count=more)}" if more > 0 else "",
        " · ", names.company(first["owner"]),
        " · ", text(f"screen.recall.source_{question.recorded.told['source']}"),
        " · ", text("screen.recall.hazard", hazard=words.labelled(
            "screen.hazard", scope.case.hazard.kind)),
        *guesses.line(question, state),
    ]  # fmt: skip
    return html.Div(
        [
            html.Div([html.Div([html.H1(headline), *_number(question)], className="row"),
                      html.Div(root, className="meta")]),
            html.Div(className="grow"),
            *_clock(visit, question),
            button(text("screen.recall.trace"), _trace(first["key"], state), kind="no-print"),
            html.Button(icon("print"), className="button no-print", title=text("screen.print"),
                        **attrs(data_print="true", aria_label=text("screen.print"))),
            packs.act(visit, state),
            *holding.buttons(visit, question, state),
        ],
        className="title-line",
    )  # fmt: skip


def _number(question: Question) -> list[Any]:
    return [chip(question.incident["number"])] if question.incident else []


def _clock(visit: Visit, question: Question) -> list[Any]:
    """How long the incident is open, and its most urgent time limit."""
    case = question.incident
    if case is None or case["opened_at"] is None:
        return []
    opened, now = words.stamp(case["opened_at"]), words.now()
    lines: list[Any] = [
        html.Div([icon("clock"), html.B(words.duration(now - opened), className="clock"),
                  html.Span(text("screen.incident.since", when=words.brief(opened, visit.zone)),
                            className="meta")], className="row"),
    ]  # fmt: skip
    if case["clock"]:
        lines.append(html.Div(deadline(case["clock"], visit), className="row meta"))
    return [html.Div(lines, className="clock-box")]


def _trace(key: str, state: State) -> str:
    return side.trace_link(key, state)


# ---------------------------------------------------------------------------- the lots


def _lots_head(question: Question, state: State) -> list[Any]:
    scope = question.recorded.scope
    held, total = len(scope.held), scope.lots.height
    counts = {"scope": held, "excluded": total - held, "all": total}
    tab = state.one("tab", "scope")
    choices = [
        (text(f"screen.tab.{name}", count=words.number(counts[name], 0)),
         state.link(tab=name if name != "scope" else None), name == tab)
        for name in lots.TABS
    ]  # fmt: skip
    gone = None
    if question.what_if is not None:
        leaving = held - len(question.what_if.scope.held)
        gone = chip(text("screen.what_if.leave", count=words.number(leaving, 0)), "what-if")
    rows = words.number(counts.get(tab, held), 0)
    return [
        html.H2(text("screen.recall.lots")),
        segments(text("screen.recall.lots"), choices, "small"),
        gone,
        html.Div(
            [html.Span(text("screen.recall.sorted")),
             html.Button([icon("export"), text("screen.rows", count=rows)], id="recall-export",
                         className="button small no-print", **attrs(data_act="e")),
             html.Button("Excel", id="recall-export-xlsx", className="button small no-print")],
            className="aside",
        ),
        version("recall-lots", tab, question.trial, question.recorded.scope.facts.head),
    ]  # fmt: skip


def _grid(visit: Visit, question: Question, state: State) -> Any:
    found = tables.figures(question.recorded)
    priced = visit.can("price.see")
    columns: list[dict[str, Any]] = [
        {"field": "tier", "headerName": "", "cellRenderer": "Tier", "width": 40, "minWidth": 40,
         "maxWidth": 40,
         "headerTooltip": text("screen.head.tier"), "filter": False, "sortable": True},
        {"field": "lot_no", "headerName": text("screen.head.lot"), "cellRenderer": "LotNo",
         "width": 130, "minWidth": 120},
        {"field": "item", "headerName": text("screen.head.item"), "width": 130},
        {"field": "at_most", "headerName": text("screen.head.at_most"), "cellRenderer": "Amount",
         "cellRendererParams": {"unknown": words.unknown()}, "type": "rightAligned", "width": 110,
         "filter": "agNumberColumnFilter"},
        {"field": "where", "headerName": text("screen.head.where"), "width": 210,
         "cellClass": "where-cell"},
    ]  # fmt: skip
    if priced:
        columns.append(
            {"field": "cost", "headerName": text("screen.head.cost"), "cellRenderer": "Money",
             "cellRendererParams": {"symbol": words.symbol(found.currency)},
             "type": "rightAligned", "width": 100, "filter": "agNumberColumnFilter"}
        )  # fmt: skip
    columns.append(
        {"field": "why", "headerName": text("screen.head.why"), "cellRenderer": "Why",
         "cellRendererParams": {"leaves": text("screen.what_if.leaves")}, "width": 380,
         "minWidth": 260}
    )  # fmt: skip
    total = {
        "key": "total",
        "lot_no": text("screen.recall.total", count=words.number(found.total.lots, 0)),
        "at_most_text": words.amounts(found.total.amounts),
        "cost": found.total.cost if priced else None,
    }
    columns[1]["colSpan"] = {"function": "params.node.rowPinned ? 2 : 1"}
    columns[3]["colSpan"] = {"function": "params.node.rowPinned ? 2 : 1"}
    return grid("recall-lots", columns, total=total, chosen=state.one("sel") or None)


def _difference(visit: Visit, question: Question, state: State) -> html.Section:
    """Lots that came in and that left since the batch in the address."""
    before = state.whole("since") or 0
    came, left = cells.changes(visit, question, before)
    rows = [
        [text(f"screen.recall.{kind}"), html.Span(keys.lot_parts(key)[2], className="lot-no"), key]
        for kind, found in (("came", came), ("left", left))
        for key in found
    ]
    title = text("screen.recall.difference", batch=before)
    if not rows:
        return panel(title, empty(text("screen.recall.no_difference")))
    heads = [text("screen.head.change"), text("screen.head.lot"), text("screen.head.key")]
    return panel(title, parts.table(heads, rows, label=title))


def _sentence(visit: Visit, question: Question) -> html.Section:
    """One sentence for the authority, with the figures as they stand; to be copied."""
    scope, found = question.recorded.scope, tables.figures(question.recorded)
    told = question.recorded.told
    sentence = text(
        "screen.recall.sentence",
        when=words.moment(words.now(), visit.zone), batch=scope.facts.batch,
        lots=words.number(found.total.lots, 0),
        certain=words.number(found.tiers["certain"].lots, 0),
        amount=words.amounts(found.total.amounts), customers=len(told["customers"]),
        state=text("screen.footer.complete" if told["complete"] else "screen.recall.with_gaps",
                   count=len(told["missing"])),
    )  # fmt: skip
    copy = html.Button(text("screen.copy"), className="button small no-print",
                       **attrs(data_copy=sentence))  # fmt: skip
    body = html.Div(html.P(sentence), className="panel-body")
    return panel(text("screen.recall.authority"), body, aside=copy)
