"""The frame of every page: search, as of, language, theme, person, the bar of pages, the footer."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard import words
from dashboard.components.parts import attrs, cls, icon, kbd
from dashboard.pages import Page, pages
from dashboard.url import State
from dashboard.visit import Visit
from graph_model.i18n import text
from queries.coverage import Coverage

LANGUAGES = (("en", "EN"), ("zh", "中文"))


def frame(visit: Visit, theme: str) -> Any:
    """The whole frame; content and footer come with the address."""
    shell = dmc.AppShell(
        [
            dmc.AppShellHeader(_header(visit), className="top"),
            dmc.AppShellNavbar(html.Div(id="bar", className="bar"), className="side"),
            dmc.AppShellMain(html.Div(id="page", className="page"), id="main", className="main"),
            dmc.AppShellFooter(html.Div(id="footer", className="footer-line"), className="bottom"),
        ],
        header={"height": 48},
        navbar={"width": 72, "breakpoint": 0},
        footer={"height": 30},
        transitionDuration=0,
    )
    return dmc.MantineProvider(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            html.A(text("screen.skip"), href="#main", className="skip"),
            shell,
            html.Div(
                id="refusals",
                hidden=True,
                **attrs(
                    data_refused=text("screen.refusals.title"),
                    data_seen=text("screen.refusals.seen"),
                    data_kept_as_of=text("screen.app.as_of"),
                    data_kept_again=text("screen.app.again"),
                    data_kept_not=text("screen.app.not_kept"),
                ),
            ),
            html.Div(id="notice", role="status", **attrs(aria_live="polite")),
            dcc.Download(id="download"),
            dcc.Store(id="shown"),
            dcc.Store(id="acted"),
            _help(),
        ],
        id="mantine",
        forceColorScheme=theme if theme in ("light", "dark") else None,
        theme={"fontFamily": "var(--sans)", "primaryColor": "blue"},
    )


def _header(visit: Visit) -> html.Div:
    return html.Div(
        [
            html.A(icon("logo"), href="/", className="logo", title="Lotgraph",
                   **attrs(aria_label="Lotgraph")),
            html.Form(
                [
                    icon("search"),
                    dcc.Input(id="search", type="search", name="q", autoComplete="off",
                              placeholder=text("screen.search"), className="search-input"),
                    kbd("/"),
                ],
                action="/", method="get", role="search", className="search-box",
                **attrs(aria_label=text("screen.search")),
            ),
            html.Div(id="as-of", className="as-of"),
            html.Div(id="languages", className="languages"),
            html.Button(icon("theme"), id="theme", className="icon-button",
                        title=text("screen.theme"), **attrs(aria_label=text("screen.theme"))),
            html.Button(icon("help"), id="help-button", className="icon-button",
                        title=text("screen.help"), **attrs(aria_label=text("screen.help"))),
            html.Div(
                [
                    html.Span(_initials(visit.visitor.name), className="avatar",
                              **attrs(aria_hidden="true")),
                    html.Span(_roles(visit), className="role"),
                ],
                className="visitor", title=visit.visitor.name,
            ),
        ],
        className="header-line",
    )  # fmt: skip


def _roles(visit: Visit) -> str:
    roles = sorted(visit.visitor.roles)
    return text("screen.comma").join(words.labelled("screen.role", role) for role in roles)


def _initials(name: str) -> str:
    parts = name.split()
    return "".join(part[0] for part in parts[:2]).upper() if len(parts) > 1 else name[:2]


def bar(visit: Visit, current: Page | None) -> list[Any]:
    """The pages that the visitor may see."""
    here = (current.under or current.name) if current else ""
    return [
        html.A(
            [icon(page.name), html.Span(text(f"screen.nav.{page.name}"))],
            href=page.path,
            className=cls("nav", "on" if page.name == here else None),
            **attrs(aria_current="page" if page is current else None),
            **attrs(data_key=page.key),
        )
        for page in pages()
        if page.order is not None and visit.can(page.permission)
    ]


def languages(state: State) -> list[Any]:
    """The same view in each language."""
    now = "zh" if words.chinese() else "en"
    return [
        html.A(label, href=f"{base}{'&' if '?' in base else '?'}lang={code}", lang=code,
               className=cls("language", "on" if code == now else None),
               **attrs(data_reload="true"), **attrs(aria_current="true" if code == now else None))
        for code, label in LANGUAGES
        for base in [state.link()]
    ]  # fmt: skip


def as_of(visit: Visit, state: State) -> list[Any]:
    """The batch that answers stand on; the last one unless the address names another."""
    wanted = state.whole("as_of")
    batches = visit.desk.batches()
    if not batches:
        return []
    chosen = batches[min(wanted or len(batches), len(batches)) - 1]
    return [
        icon("clock"),
        html.Span(text("screen.as_of"), className="label"),
        html.B(words.moment(words.stamp(chosen.at), visit.zone)),
        html.Span(f"#{chosen.number}", className="batch"),
        html.A(text("screen.now"), href=state.link(as_of=None), className="chip urgent")
        if chosen.number != len(batches) else None,
    ]  # fmt: skip


def plant_line(found: Coverage, zone: str) -> list[Any]:
    """The completeness line of the plant as a whole."""
    parts: list[Any] = [
        html.B(text("screen.footer.plant", share=words.percent(found.share))),
        text("screen.footer.unlotted", count=words.number(found.unlotted, 0)),
        text("screen.footer.broken", count=words.number(found.broken, 0)),
        text("screen.footer.set_aside", count=words.number(found.set_aside, 0)),
    ]
    if found.sources:
        newest = max(end for _, end in found.sources)
        parts.append(text("screen.footer.until", when=words.moment(newest, zone)))
    return footer(parts, warn=(found.share or 0) < 1)


def answer_line(missing: list[dict[str, Any]], *, complete: bool, href: str) -> list[Any]:
    """The completeness line of an answer: how many gaps, and what they are."""
    gaps = [entry for entry in missing if entry["kind"] != "data_until"]
    until = [entry["text"] for entry in missing if entry["kind"] == "data_until"]
    key = "screen.footer.complete" if complete else "screen.footer.incomplete"
    parts: list[Any] = [
        html.Span([html.B(text(key, count=len(gaps))),
                   html.A(text("screen.footer.list"), href=href) if gaps else None]),
        *(html.Span(entry["text"], title=entry["text"]) for entry in gaps),
        *(html.Span(line, title=line) for line in until),
    ]  # fmt: skip
    return footer(parts, warn=not complete)


def footer(parts: list[Any], *, warn: bool) -> list[Any]:
    """A line of facts that is never dismissed."""
    first = [icon("warning")] if warn else [icon("done")]
    return [*first, *(html.Span(part, className="part") for part in parts)]


def _help() -> html.Dialog:
    keys = ("search", "pages", "move", "open", "direction", "fit", "recall", "what_if", "export",
            "difference", "help", "close")  # fmt: skip
    return html.Dialog(
        [
            html.H2(text("screen.help")),
            html.Dl([part for name in keys for part in (
                html.Dt([kbd(key) for key in text(f"screen.keys.{name}").split()]),
                html.Dd(text(f"screen.keys.{name}_does")))]),
            html.Button(text("screen.keys.off"), id="keys-switch", className="button",
                        **attrs(aria_pressed="false")),
            html.Button(text("screen.close"), id="help-close", className="button"),
        ],
        id="help", className="dialog", **attrs(aria_label=text("screen.help")),
    )  # fmt: skip
