"""How Dash is built and mounted: the only file that knows.

Every request needs a signed-in visitor, every callback also its own permission: what names none is
not registered. The visitor comes from what stands in front (`asgi.scope`), never from the browser.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import dash
from a2wsgi import WSGIMiddleware
from dash import Dash, Input, Output, State, dcc, html, no_update, set_props
from dash.exceptions import PreventUpdate
from flask import Response as FlaskResponse
from flask import abort, request

from dashboard import offline, url
from dashboard.components import frame
from dashboard.components.parts import icon
from dashboard.pages import Answer, Change, Page, View, pages
from dashboard.visit import Desk, Live, Visit, Visitor
from graph_model import audit
from graph_model.errors import LotgraphError
from graph_model.i18n import language, text, use_language

Door = Callable[[dict[str, Any]], Visitor | None]
"""Who asks, by the WSGI environment; None: nobody, so nothing is shown."""

Record = Callable[..., Any]
"""Writes down what is shown: the name of the event, then its parameters."""

FRAME = "screen.use"
"""The permission to see the frame at all."""

LANGUAGE, THEME = "lotgraph_lang", "lotgraph_theme"
_ASSETS = Path(__file__).with_name("assets")
_PUBLIC = ("/assets/", "/_dash-component-suites/", "/_favicon.ico")


def signed_in(environ: dict[str, Any]) -> Visitor | None:
    """The visitor that the service in front has put into the request."""
    visitor: Visitor | None = environ.get("asgi.scope", {}).get("state", {}).get("user")
    return visitor


def mount(app: Any, live: Live) -> Dash:
    """Mounts the screens at the root of the service, behind what stands in front of it."""
    made = build(live)
    app.mount("/", WSGIMiddleware(made.server))
    return made


def build(live: Live, door: Door = signed_in, record: Record = audit.tell) -> Dash:
    """The Dash application of a plant; who sees what is written down by `record`."""
    app = _Screens(
        "dashboard",
        assets_folder=str(_ASSETS),
        serve_locally=True,
        suppress_callback_exceptions=True,
        update_title="",
        title="Lotgraph",
        assets_ignore=r"^(theme|worker|zxing_reader)\.js$",
        compress=False,
        add_log_handler=False,
    )
    desk = Desk(live)
    app.enable_dev_tools(debug=False)

    def visit() -> Visit:
        visitor = door(request.environ)
        if visitor is None:
            abort(401)
        address = live.settings.public_url or request.host_url
        return Visit(desk, visitor, address.rstrip("/"))

    _answer_requests(app, door, live.settings.lang)
    offline.install(app.server)
    app.layout = lambda: frame.frame(visit(), _theme())
    _show_pages(app, visit, record)
    for page in pages():
        for answer in page.callbacks:
            call = _guarded(page, answer, visit, record)
            app.callback(*answer.dependencies, **answer.options)(call)
        for function, dependencies, options in page.browser:
            app.clientside_callback(function, *dependencies, **options)  # type: ignore[no-untyped-call]
    return app


class _Screens(Dash):
    """Dash with our page around it: language, theme before the first paint, and a skeleton."""

    def interpolate_index(self, **parts: Any) -> str:  # type: ignore[override] # all by name
        """The first page, with grey boxes where the frame will stand."""
        tongue = "zh-CN" if language() == "zh_CN" else "en"
        theme = self.get_asset_url("theme.js")
        return (
            f'<!DOCTYPE html><html lang="{tongue}"><head>{parts["metas"]}'
            f'<title>Lotgraph</title><link rel="icon" href="{self.get_asset_url("logo.svg")}">'
            f'{offline.HEAD}<script src="{theme}"></script>{parts["css"]}</head><body>'
            f'<div id="react-entry-point">{_SKELETON}</div>'
            f"<footer>{parts['config']}{parts['scripts']}{parts['renderer']}</footer></body></html>"
        )


_SKELETON = (
    '<div class="skeleton" aria-hidden="true"><div class="top"></div><div class="side"></div>'
    '<div class="main"><i></i><i></i><i></i></div><div class="bottom"></div></div>'
)


def _theme() -> str:
    return request.cookies.get(THEME, "")


def _answer_requests(app: Dash, door: Door, default: str) -> None:
    """Language and visitor of each request, before anything else is done."""

    @app.server.before_request  # type: ignore[untyped-decorator]
    def begin() -> None:
        wanted = request.args.get("lang") or request.cookies.get(LANGUAGE) or default
        use_language(wanted)
        if not request.path.startswith(_PUBLIC):
            visitor = door(request.environ)
            if visitor is None:
                abort(401)
            if not visitor.can(FRAME):
                abort(403)

    @app.server.after_request  # type: ignore[untyped-decorator]
    def end(response: FlaskResponse) -> FlaskResponse:
        if request.path.startswith(_PUBLIC) and response.status_code == 200:
            # Most of them change their address with their content.
            lasting = request.args or request.path.startswith(_PUBLIC[1])
            seconds = 31_536_000 if lasting else 86_400
            response.headers["Cache-Control"] = f"private, max-age={seconds}"
        if request.method == "GET" and (wanted := request.args.get("lang")):
            value = "zh" if wanted.lower().startswith("zh") else "en"
            secure = request.scheme == "https"
            response.set_cookie(LANGUAGE, value, samesite="Lax", secure=secure, max_age=31_536_000)
        return response


def _guarded(
    page: Page, answer: Answer, visit: Callable[[], Visit], record: Record
) -> Callable[..., Any]:
    """The callback behind its permission; what went wrong is said, and old figures stay."""

    @wraps(answer.function)
    def call(*inputs: Any) -> Any:
        asking = visit()
        if not asking.can(answer.permission):
            abort(403)
        if inputs[0] is None:  # a button that has just come onto the page was not pressed
            raise PreventUpdate
        record(f"screen.{page.name}.{answer.function.__name__}", inputs=inputs)
        try:
            return answer.function(asking, *inputs)
        except LotgraphError as error:
            set_props("notice", {"children": _notice(error)})
            raise PreventUpdate from error

    return call


def _notice(error: LotgraphError) -> html.Div:
    return html.Div(
        [icon("warning"), html.Span(str(error)),
         html.Button(text("screen.close"), className="button close-notice")],
        className="notice",
    )  # fmt: skip


def _show_pages(app: Dash, visit: Callable[[], Visit], record: Record) -> None:
    """The content of each address. On the same page only what its `update` names is changed."""
    names = ("page", "footer", "bar", "as-of", "languages")
    outputs = [Output(name, "children") for name in names]

    @app.callback(
        *outputs, Output("shown", "data"),
        Input("url", "pathname"), Input("url", "search"), Input("acted", "data"),
        State("shown", "data"),
    )  # fmt: skip
    def show(path: str, search: str, _acted: int | None, shown: str | None) -> Any:
        asking, state = visit(), url.State.of(path, search)
        page = next((one for one in pages() if one.path == state.path), None)
        head = frame.as_of(asking, state), frame.languages(state)
        record("screen.shown", page=page.name if page else path, asked=dict(state.params))
        if page is not None and page.name == shown and page.update is not None:
            changed = _update(asking, page, state)
            if changed is not None:
                for name, props in changed.parts.items():
                    set_props(name, props)
                return no_update, changed.footer or no_update, no_update, *head, no_update
        made = _view(asking, page, state)
        footer = made.footer or frame.plant_line(asking.coverage(), asking.zone)
        whole = page.name if page is not None and made.whole else None
        return made.content, footer, frame.bar(asking, page), *head, whole

    app.clientside_callback(  # type: ignore[no-untyped-call]
        dash.ClientsideFunction("lotgraph", "toggleTheme"),
        Output("mantine", "forceColorScheme"),
        Input("theme", "n_clicks"),
        prevent_initial_call=True,
    )


def _update(asking: Visit, page: Page, state: url.State) -> Change | None:
    """What changes on the page that is shown; None: it has to be shown anew."""
    if page.update is None or not asking.can(page.permission):
        return None
    try:
        return page.update(asking, state)
    except LotgraphError:
        return None  # told in place of the page


def _view(asking: Visit, page: Page | None, state: url.State) -> View:
    if page is None:
        return View([_message("screen.no_page", path=state.path)])
    if not asking.can(page.permission):
        own = _first(asking)
        if state.path == "/" and own is not None:  # where people are sent when they sign in
            return View([dcc.Location(id="own", href=own.path, refresh="callback-nav")])
        return View([_message("screen.not_allowed", permission=page.permission)])
    try:
        return page.show(asking, state)
    except LotgraphError as error:
        return View([_failure(error)], whole=False)


def _first(asking: Visit) -> Page | None:
    """The first page of the bar that the visitor may see."""
    own = (page for page in pages() if page.order is not None and asking.can(page.permission))
    return next(own, None)


def _message(key: str, **params: str) -> html.Div:
    return html.Div(
        [html.H1(text(key, **params)),
         html.A(text("screen.to_start"), href="/", className="button")],
        className="message",
    )  # fmt: skip


def _failure(error: LotgraphError) -> html.Div:
    return html.Div(
        [html.H1(text("screen.failed")), html.P(str(error), className="reason"),
         html.A(text("screen.to_start"), href="/", className="button")],
        className="message", role="alert",
    )  # fmt: skip
