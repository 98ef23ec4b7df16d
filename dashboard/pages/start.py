"""Start: one field for any number, what is open, and how far the data reach."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from dash import Input, Output, dcc, html

from dashboard import words
from dashboard.components import incidents, parts, waiting
from dashboard.components.parts import attrs, chip, empty, icon, kbd, panel, shown_of, table
from dashboard.export import download
from dashboard.pages import Change, Page, View
from dashboard.url import State as Url
from dashboard.url import link
from dashboard.visit import Visit
from dashboard.workbench import proving
from graph_model.i18n import text
from graph_model.schema import SetAside
from loaders.template import write_template
from queries.candidates import Candidate, candidates, read
from queries.coverage import Coverage
from queries.incidents import cases
from queries.names import Names

page = Page("start", path="/", permission="lot.read", order=1, key="s")
SHOWN = 12
IMPORTS = 4
ENTERED = ("incidents", "decisions", "evidence", "rules", "drills")
"""Sources of what people enter: no imports."""
_LOTS = ("lot", "supplier_lot")


@page.view
def view(visit: Visit, state: Url) -> View:
    """The field, candidates of the number in the address, and the state of the plant."""
    if visit.lineage().lots.is_empty():
        return View([_tour()])
    coverage = visit.coverage()
    return View(
        [
            html.Div(
                [
                    html.Div(
                        [
                            _field(state.one("q")),
                            html.Div(_found(visit, state), id="found"),
                            incidents.listing(visit),
                            waiting.listing(visit, state),
                        ],
                        className="stack",
                    ),
                    html.Div(
                        [_completeness(coverage), _until(visit, coverage), _imports(visit)],
                        className="stack right",
                    ),
                ],
                className="columns start",
            ),
            html.Div(_asked(visit, state)),
        ]
    )


def _asked(visit: Visit, state: Url) -> Any:
    """The dialog of what waits for the visitor, where the address asks for it."""
    return waiting.asked(visit, state) or proving.change(visit, state)


@page.changes
def change(visit: Visit, state: Url) -> Change | None:
    """Candidates while typing; a scan that means one thing alone opens it."""
    found = _candidates(visit, state.one("q"))
    exact = [one for one in found if one.exact] or found
    if state.one("open") and len(exact) == 1 and (href := _open(exact[0])):
        return Change({"url": {"href": href}})
    if not state.one("q") or state.one("ask") or visit.lineage().lots.is_empty():
        return None
    return Change({"found": {"children": _found(visit, state)}})


@page.answers(Output("download", "data", allow_duplicate=True), Input("template", "n_clicks"),
              prevent_initial_call=True)  # fmt: skip
def template(_visit: Visit, _clicks: int) -> Any:
    """The empty bilingual workbook."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lotgraph-template.xlsx"
        write_template(path)
        return download(path.name, path.read_bytes())


# ---------------------------------------------------------------------------- the field


def _field(number: str) -> html.Div:
    return html.Div(
        [
            html.H1(text("screen.start.title")),
            html.Form(
                [
                    icon("search"),
                    dcc.Input(id="number", type="text", name="q", value=number, autoFocus=True,
                              autoComplete="off", className="number-input",
                              placeholder=text("screen.start.field")),
                    html.Span(text("screen.start.hint"), className="hint"),
                    icon("scan"),
                ],
                action="/", method="get", role="search", className="number-box",
                **attrs(aria_label=text("screen.start.title")),
            ),
        ],
        className="field",
    )  # fmt: skip


def _candidates(visit: Visit, number: str) -> list[Candidate]:
    return visit.desk.on(
        None, ("candidates", number), lambda facts, lineage: candidates(facts, lineage, number)
    )


def _found(visit: Visit, state: Url) -> Any:
    number = state.one("q").strip()
    if not number:
        return None
    found = _candidates(visit, number)
    code = _code(number)
    if not found:
        return panel(
            text("screen.start.nothing", number=number),
            code, empty(text("screen.start.nothing_hint")),
        )  # fmt: skip
    names = visit.names()
    shown = found if state.one("all") else found[:SHOWN]
    exact = sum(one.exact for one in found)
    title = [
        text("screen.start.carry", count=words.number(len(found), 0), number=number),
        html.Span(
            text("screen.start.exact", exact=exact, contain=len(found) - exact), className="meta"
        ),
    ]
    keys = [kbd("↑"), kbd("↓"), text("screen.start.choose"), kbd("↵"), text("screen.start.open"),
            kbd("R"), text("screen.start.recall")]  # fmt: skip
    needle = read(number).numbers
    rows = [_row(one, at == 0, (number, *needle), names, visit) for at, one in enumerate(shown)]
    more = None
    if len(shown) < len(found):
        more = html.Div(
            [shown_of(len(shown), len(found)),
             html.A(text("screen.show_all"), href=state.link(all=1, open=None))],
            className="panel-foot",
        )  # fmt: skip
    return panel(
        title, code,
        html.Div(
            html.Table(html.Tbody(rows), className="table candidates",
                       **attrs(aria_label=text("screen.start.candidates"))),
            className="table-box", tabIndex=0,
        ),
        more, aside=keys, **attrs(aria_live="polite"),
    )  # fmt: skip


def _code(number: str) -> Any:
    """What a GS1 code says, where the text is one."""
    scan = read(number)
    if not scan.elements:
        return None
    parts_ = [chip([html.B(f"({ai})"), value]) for ai, value in scan.elements.items()]
    return html.Div([text("screen.start.gs1"), *parts_], className="gs1")


def _row(one: Candidate, first: bool, needles: tuple[str, ...], names: Names, visit: Visit) -> Any:
    href = _open(one) or link("/", q=one.number)
    cells = [
        html.Td(icon(one.kind), className="kind"),
        html.Td(html.A(_marked(one.number, needles), href=href, className="lot-no plain")),
        html.Td(text(f"screen.kind.{one.kind}"), className="meta"),
        html.Td(_what(one, names)),
        html.Td(names.company(one.whose.rpartition("/")[2] if one.whose else None)),
        html.Td(
            parts.amount(one.quantity, one.uom) if one.kind in _LOTS else None, className="end"
        ),
        html.Td(words.day(one.when, visit.zone) if one.when else "", className="end meta"),
        html.Td(_recall(one, visit) if one.kind in _LOTS else None, className="end"),
    ]  # fmt: skip
    return html.Tr(cells, className="chosen" if first else "", **attrs(data_href=href))


def _recall(one: Candidate, visit: Visit) -> Any:
    """The open incident whose scope has the lot, with its tier; else the way to its recall."""
    held = visit.desk.on(None, "in_incidents", lambda facts, _: cases.open_lots(facts))
    key = attrs(data_act="r")
    if one.key not in held:
        return html.A(text("screen.start.recall"), href=link("/recall", lot=one.key), **key)
    number, tier, grade = held[one.key]
    drawn = parts.tier_of(tier, grade)
    return html.A([parts.glyph(drawn), f" {number}"], href=link("/recall", incident=number),
                  title=text(f"screen.tier.{drawn}"), **key)  # fmt: skip


def _what(one: Candidate, names: Names) -> str:
    if one.kind in _LOTS:
        kind = names.types.get(one.item or "")
        name = names.item(one.item, one.what)
        return f"{name} · {words.labelled('screen.item_type', kind)}" if kind else name
    if one.kind == "operation":
        made = names.item(one.item) if one.item else ""
        return f"{words.labelled('operation', one.what)} {made}".strip()
    if one.kind in ("customer", "supplier"):
        return names.company(one.number)
    return words.labelled("screen.status", one.what) if one.what else ""


def _marked(number: str, needles: tuple[str, ...]) -> list[Any]:
    """The number with what was typed marked."""
    for needle in needles:
        at = number.lower().find(needle.lower())
        if needle and at >= 0:
            end = at + len(needle)
            return [number[:at], html.Mark(number[at:end]), number[end:]]
    return [number]


def _open(one: Candidate) -> str | None:
    """Where a candidate is looked at."""
    if one.kind in _LOTS:
        return link("/trace", lot=one.key)
    if one.kind == "complaint":
        return link("/recall", complaint=one.key)
    if one.kind in ("shipment", "customer", "item", "operation", "site"):
        return link("/recall", **{one.kind: one.key})
    return link("/recall", supplier=one.number) if one.kind == "supplier" else None


# ---------------------------------------------------------------------------- the data


def _completeness(found: Coverage) -> Any:
    rows = [
        html.Div(
            [
                html.Div(
                    [
                        html.Span(text(f"screen.stage.{stage.name}")),
                        html.Span(
                            text("screen.start.missing", missing=words.number(stage.missing, 0),
                                 total=words.number(stage.total, 0))
                            if stage.total else text("screen.start.nothing_recorded"),
                            className="meta grow end",
                        ),
                        html.B(words.percent(stage.share) if stage.total else words.NONE),
                    ],
                    className="row",
                ),
                parts.meter(stage.share, text(f"screen.stage.{stage.name}")),
            ],
            className="stage",
        )
        for stage in found.stages
    ]  # fmt: skip
    return panel(
        text("screen.start.completeness"), html.Div(rows, className="panel-body"),
        aside=text("screen.start.last_days"),
    )  # fmt: skip


def _until(visit: Visit, found: Coverage) -> Any:
    """Each source with its end; one that lags a day behind the newest is marked."""
    now = words.now()
    newest = max((end for _, end in found.sources), default=now)
    stale = now - newest > words.DAY
    ends = sorted(found.sources, key=lambda pair: -pair[1])
    rows = [
        [
            words.labelled("screen.source", source),
            html.B(words.moment(end, visit.zone)),
            _age(end, now, late=not stale and newest - end > words.DAY),
        ]
        for source, end in ends
    ]
    heads = [text("screen.start.source"), f">{text('screen.start.until')}",
             f">{text('screen.start.age')}"]  # fmt: skip
    aside = chip(words.ago(newest, now), "urgent") if stale else words.ago(newest, now)
    return panel(
        text("screen.start.data_until"),
        table(heads, rows, label=text("screen.start.data_until"), kind="headless until"),
        aside=aside,
    )  # fmt: skip


def _age(end: int, now: int, *, late: bool) -> Any:
    age = words.ago(end, now)
    return chip(age, "urgent") if late else html.Span(age, className="meta")


def _imports(visit: Visit) -> Any:
    batches = [one for one in visit.desk.batches() if one.source not in ENTERED]
    rows = [
        [
            html.Span(batch.note or words.labelled("screen.source", batch.source),
                      title=f"#{batch.number} · {batch.who}"),
            html.Span(text("screen.start.rows",
                           rows=words.number(sum(batch.counts.values()), 0)), className="meta"),
            _aside(visit, batch.counts.get(SetAside.__name__, 0)),
            html.Span(words.ago(words.stamp(batch.at), words.now()), className="meta"),
        ]
        for batch in reversed(batches[-IMPORTS:])
    ]  # fmt: skip
    heads = [text("screen.start.import"), f">{text('screen.start.new_rows')}",
             f">{text('screen.data.aside')}", f">{text('screen.start.when')}"]  # fmt: skip
    act = None
    if visit.can("import.run"):
        act = parts.button(text("screen.data.import"), "/data", kind="small", key="I", act="i")
    return panel(
        text("screen.start.imports"),
        table(heads, rows, label=text("screen.start.imports"), kind="headless"),
        aside=[shown_of(min(IMPORTS, len(batches)), len(batches)), act],
    )


def _aside(visit: Visit, count: int) -> Any:
    """How many rows of an import were set aside, with the way to them."""
    if not count:
        return html.Span(text("screen.start.none_aside"), className="meta")
    told = text("screen.start.aside", count=words.number(count, 0))
    return html.A(told, href="/data") if visit.can("import.read") else told


# ---------------------------------------------------------------------------- an empty plant


def _tour() -> Any:
    """The first tour: what to do, one act a step."""
    acts = {
        "template": html.Button(text("screen.tour.template_act"), id="template",
                                className="button stop"),
        "fill": None,
        "load": html.Code("lotgraph load plant.xlsx"),
        "demo": html.Code("lotgraph demo"),
    }  # fmt: skip
    steps = [
        html.Li(
            [html.H2(text(f"screen.tour.{name}")), html.P(text(f"screen.tour.{name}_does")), act]
        )
        for name, act in acts.items()
    ]
    return html.Div(
        [html.H1(text("screen.tour.title")), html.P(text("screen.tour.intro")),
         html.Ol(steps, className="tour")],
        className="message",
    )  # fmt: skip
