"""The hold list: by warehouse and bin, with scan to confirm; on a phone beside the rack."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from dash import Input, Output, html
from dash import State as Given

from dashboard import export, offline, words
from dashboard.components import frame
from dashboard.components.parts import attrs, button, chip, cls, empty, icon, panel
from dashboard.holding import desk, listing, spot
from dashboard.holding.listing import FOUND, MISSING, SCAN, Listing
from dashboard.pages import Change, Page, View
from dashboard.url import State, link
from dashboard.visit import Visit
from graph_model.i18n import text
from graph_model.schema import Incident
from queries.incidents import cases, freeze_lists
from queries.incidents.holds import Line

page = Page("hold", path="/hold", permission="hold.read", under="recall")


@page.view
def view(visit: Visit, state: State) -> View:
    """What is next on the way, and the list with what became of it."""
    if not state.one("incident"):
        return View([_choice(visit, state)], whole=False)
    made, footer = _parts(visit, state)
    body = html.Div(
        [html.Div(made["walk"], id="hold-walk", className="stack walk"),
         html.Div(made["desk"], id="hold-desk", className="stack")],
        className="columns hold",
    )  # fmt: skip
    return View([html.Div(made["head"], id="hold-head"), body], footer=footer)


@page.changes
def change(visit: Visit, state: State) -> Change | None:
    """The same list after a scan, or at another place."""
    if not state.one("incident"):
        return None
    made, footer = _parts(visit, state)
    return Change({f"hold-{name}": {"children": one} for name, one in made.items()}, footer)


@page.answers(
    Output("download", "data", allow_duplicate=True), Input("hold-export", "n_clicks"),
    Given("url", "search"), Given("hold-form", "value"), prevent_initial_call=True,
)  # fmt: skip
def export_list(visit: Visit, clicks: int | None, search: str, form: str | None) -> Any:
    """Every hold, in the form of the system that blocks the stock, as a workbook."""
    state = State.of(page.path, search)
    if not clicks or not state.one("incident"):
        return None
    found = listing.read(visit, state)
    rows = freeze_lists.rows(found.lines, form or "generic", found.number)
    name = f"{text('screen.recall.hold_file')}-{found.number}.xlsx"
    return export.xlsx(name, pl.DataFrame(rows, infer_schema_length=None))


def _choice(visit: Visit, state: State) -> html.Div:
    """The hold lists of open incidents, for who opens the page by itself."""
    facts = visit.facts()
    ways = [
        button([html.B(row["incident_no"]), " ", row["title"] or ""],
               link("/hold", incident=row["incident_no"]), kind="wide")
        for row in facts[Incident].sort("opened_at", descending=True).iter_rows(named=True)
        if cases.status(cases.deeds(facts, row["key"])) == cases.OPEN
    ]  # fmt: skip
    told = text("screen.hold.which" if ways else "screen.hold.no_incident")
    parts = [html.H1(told), *ways, button(text("screen.to_start"), "/")]
    return html.Div([*parts, offline.kept(visit, state)], className="message stack")


def _parts(visit: Visit, state: State) -> tuple[dict[str, Any], list[Any]]:
    """Everything on the page by id, and its footer."""
    found = listing.read(visit, state)
    shown = found.of(state.one("place"))
    walk: list[Any]
    if not found.lines:
        walk = [_nothing(found)]
    else:
        at = next((line for line in shown if line.hold["key"] == state.one("at")), None)
        at = at or next((line for line in shown if not line.held.searched), None)
        walk = [
            spot.next_up(visit, found, at, state) if at else _all_done(found, state),
            _list(visit, found, shown, at, state),
        ]
    made = {
        "head": _head(visit, found, shown, state),
        "walk": walk,
        "desk": desk.acts(visit, found),
    }
    return made, _footer(visit, found)


def _head(visit: Visit, found: Listing, shown: list[Line], state: State) -> list[Any]:
    """Back, how far the work is, and how far in each warehouse."""
    place = state.one("place")
    title = text("screen.hold.title")
    if place:
        title = text("screen.hold.title_at", place=listing.warehouse_name(place))
    count = listing.tally(shown)
    figures = [("expected", len(shown)), *((name, count[name]) for name in (FOUND, MISSING, SCAN))]
    whole = len(shown) or 1
    bar = html.Div(
        [html.Span(className=f"done-bar {name}", style={"width": f"{count[name] / whole:.2%}"})
         for name in (FOUND, MISSING)],
        className="done-line", role="img",
        **attrs(aria_label=text("screen.hold.progress", found=count[FOUND], total=len(shown))),
    )  # fmt: skip
    places = [html.A(_place(title_, lines), href=state.link(place=name, at=None, other=None),
                     className=cls("done-place", "on" if name == place else None))
              for name, lines in found.warehouses()
              for title_ in [listing.warehouse_name(name)]]  # fmt: skip
    every = listing.tally(found.lines)
    total = text("screen.hold.of_all", found=every[FOUND], total=len(found.lines))
    return [
        html.Div(
            [html.A("‹", href=link("/recall", incident=found.number), className="back",
                    **attrs(aria_label=text("screen.hold.back"))),
             html.H1(title), chip(found.number), offline.kept(visit, state)],
            className="title-line hold-title",
        ),
        html.Div(
            [
                html.Div([html.Div([html.Span(text(f"screen.hold.{name}")),
                                    html.B(words.number(number, 0), className=name)])
                          for name, number in figures], className="done-figures"),
                bar,
                html.Div([html.Div(places, className="done-places"),
                          html.A(total, href=state.link(place=None, at=None, other=None))],
                         className="done-foot meta"),
            ],
            className="panel done",
        ),
    ]  # fmt: skip


def _place(name: str, lines: list[Line]) -> list[Any]:
    done = sum(line.held.searched for line in lines)
    return [f"{name} ", html.B(f"{done}/{len(lines)}")]


def _list(
    visit: Visit, found: Listing, shown: list[Line], at: Line | None, state: State
) -> html.Section:
    """The other lines: what nobody looked for first, then what was done."""
    others = [line for line in shown if line is not at]
    others.sort(key=lambda line: listing.STATES.index(_rank(line)))
    rows = [_row(visit, found, line, state) for line in others]
    return html.Section(rows, className="panel hold-list", **attrs(
        aria_label=text("screen.hold.title")))  # fmt: skip


def _rank(line: Line) -> str:
    state = listing.state_of(line)
    return {SCAN: SCAN, MISSING: FOUND, FOUND: MISSING}[state]  # found rows sink below missing ones


def _row(visit: Visit, found: Listing, line: Line, state: State) -> html.A:
    became = listing.state_of(line)
    count = found.counts.get(line.hold["key"])
    told: Any = None
    if count is not None:
        when = words.brief(count.at, visit.zone)
        if became == MISSING:
            missing = words.amounts({line.hold["uom"]: line.held.missing})
            told = chip(text("screen.hold.not_found_at", amount=missing, when=when), "urgent")
        else:
            who = spot.person(visit, count.person)
            told = html.Span(text("screen.hold.found_at", when=when, who=who), className="meta")
    return html.A(
        [
            html.Span(listing.bin_of(line), className="bin" if line.path else "bin word"),
            html.Div([html.Div(spot.lot_line(found, line)),
                      html.Div(spot.what(visit, line), className="meta"), told],
                     className="grow"),
            html.Span(icon({FOUND: "tick", MISSING: "close"}[became]) if became != SCAN else None,
                      className=f"mark {became}",
                      title=text(f"screen.hold.{became}"), role="img",
                      **attrs(aria_label=text(f"screen.hold.{became}"))),
        ],
        href=state.link(at=line.hold["key"], other=None),
        className=f"hold-row {became}",
        **attrs(data_line=line.hold["key"], data_turn=_turn(line) if became == SCAN else None),
    )  # fmt: skip


def _turn(line: Line) -> str:
    """What the form of the next place asks of this line, for a list that was kept (`hold.js`)."""
    asked = {"match": line.lot_no, "label": spot.label(line), "amount": spot.amount_label(line),
             "quantity": spot.plain(line.held.expected)}  # fmt: skip
    return json.dumps(asked, ensure_ascii=False)


def _nothing(found: Listing) -> html.Section:
    act = button(text("screen.hold.to_recall"), link("/recall", incident=found.number, ask="hold"))
    return panel(text("screen.hold.title"), empty(text("screen.hold.nothing"), act))


def _all_done(found: Listing, state: State) -> html.Section:
    """Every line of the warehouse was looked for; the next warehouse that has some left."""
    rest = [name for name, lines in found.warehouses()
            if any(not line.held.searched for line in lines)]  # fmt: skip
    acts = [button(text("screen.hold.go_on", place=listing.warehouse_name(rest[0])),
                   state.link(place=rest[0], at=None), kind="stop")] if rest else []  # fmt: skip
    key = "screen.hold.place_done" if rest else "screen.hold.all_done"
    return panel(text("screen.hold.next"), empty(text(key), *acts))


def _footer(visit: Visit, found: Listing) -> list[Any]:
    now = words.moment(words.now(), visit.zone)
    waits: list[Any] = [html.B(text("screen.hold.list_of", when=now)),
                        html.Span(**attrs(data_unsent=text("screen.hold.unsent")))]  # fmt: skip
    if found.unheld:
        waits.append(words.counted("screen.hold.unheld", found.unheld))
    return frame.footer(waits, warn=bool(listing.tally(found.lines)[SCAN]))
