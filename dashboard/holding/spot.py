"""The place to go to next: what should lie there, and the scan that confirms it."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.forms import field, form
from dashboard.components.parts import attrs, button, chip, glyph, icon
from dashboard.holding import listing, settling
from dashboard.holding.listing import Listing
from dashboard.url import State
from dashboard.visit import Visit
from graph_model.i18n import text
from queries.incidents.holds import Line


def next_up(visit: Visit, found: Listing, line: Line, state: State) -> html.Section:
    """One line whole: where, what, and what can be said about it."""
    body: list[Any] = [
        html.Div(
            [html.Span(text("screen.hold.next"), className="next"),
             html.Span(_site(line), className="meta")],
            className="row spread",
        ),
        html.Div(
            [html.Span(listing.bin_of(line), className="next-bin"),
             html.Div([html.Div(lot_line(found, line)), html.Div(what(visit, line))],
                      className="end")],
            className="row spread",
        ),
    ]  # fmt: skip
    if not visit.can("hold.place"):
        body.append(html.P(text("screen.hold.may_not"), className="meta"))
    elif line.held.searched:
        body += settling.of(visit, found, line)
    else:
        body += _confirm(found, line, state)
    if state.one("other"):
        body.append(_other(visit, found, state))
    return html.Section(body, className="panel next-up", **attrs(
        aria_label=text("screen.hold.next")))  # fmt: skip


def _confirm(found: Listing, line: Line, state: State) -> list[Any]:
    """Scan, not here, another lot here."""
    address = f"/api/v1/incidents/{found.number}/found"
    key, reason = line.hold["key"], text("screen.hold.counted")
    common = {"recount": True, "reason": reason}
    then = state.link(at=None, other=None)
    scan = form(
        address,
        [field("lot", text("screen.hold.label"), required=True, focus=True,
               hint=text("screen.hold.label_hint")),
         field("quantity", amount_label(line), value=plain(line.held.expected), required=True,
               decimal=True)],
        [icon("scan"), html.Span([html.B(text("screen.hold.confirm")),
                                  html.Small(text("screen.hold.confirm_hint"))])],
        kind="scan-form", button="stop big", fixed={"hold": key} | common, numbers=("quantity",),
        then=then, scan="lot", queue=text("screen.hold.queued"), match=line.lot_no, line=key,
        label=label(line),
    )  # fmt: skip
    absent = form(
        address, [], text("screen.hold.not_here"), button="wide",
        fixed={"lot": key, "quantity": 0} | common, then=then,
        queue=text("screen.hold.queued"), line=key, label=label(line),
    )  # fmt: skip
    other = button(text("screen.hold.other"), state.link(other="?"), kind="wide")
    return [scan, html.Div([absent, other], className="two")]


def _other(visit: Visit, found: Listing, state: State) -> html.Div:
    """What another label that lies there is: on this list elsewhere, or none of it."""
    code = state.one("other").strip("?").strip()
    ask = html.Form(
        [field("other", text("screen.hold.other_label"), value=code, required=True, focus=True),
         html.Button(text("screen.hold.look"), type="submit", className="button")],
        className="form inline", **attrs(data_address=state.link(other=None)),
    )  # fmt: skip
    if not code:
        return html.Div(ask, className="other")
    lines = listing.named(visit.lineage(), found, code)
    if not lines:
        told: list[Any] = [html.P(text("screen.hold.other_none", code=code))]
    else:
        told = [html.P(text("screen.hold.other_is", count=len(lines)))] + [
            html.A([html.B(listing.bin_of(line)), " ", *lot_line(found, line), " ",
                    chip(text(f"screen.hold.{listing.state_of(line)}"))],
                   href=state.link(at=line.hold["key"], place=None, other=None), className="row")
            for line in lines
        ]  # fmt: skip
    return html.Div([ask, *told], className="other")


def lot_line(found: Listing, line: Line) -> list[Any]:
    """Tier and number of a line's lot."""
    tier = found.tiers.get(line.hold["lot"])
    number = line.lot_no + (f" #{line.sublot}" if line.sublot else "")
    return [glyph(tier) if tier else None, " ", parts.lot_no(number)]


def what(visit: Visit, line: Line) -> list[Any]:
    """Item and amount of a line."""
    amount = parts.amount(line.held.expected, line.hold["uom"])
    return [visit.names().item(None, line.item), " · ", amount]


def label(line: Line) -> str:
    """A line by place and number, for what waits to be sent."""
    return f"{listing.bin_of(line)} {line.lot_no}"


def amount_label(line: Line) -> str:
    """What the field of its amount is called."""
    return text("screen.hold.amount", unit=words.unit(line.hold["uom"]))


def person(visit: Visit, pseudonym: str) -> str:
    """Who it was, for those who may know."""
    if not visit.can("person.see"):
        return ""
    return visit.desk.people(visit.facts()).get(pseudonym, "")


def plain(amount: float) -> str:
    """An amount as it is typed."""
    return f"{amount:.6f}".rstrip("0").rstrip(".")


def _site(line: Line) -> str:
    state = text(f"screen.place.{line.hold['place']}")
    return text("screen.comma").join(
        dict.fromkeys(part for part in (line.site_name, state) if part)
    )
