"""Recording on the floor: a page for a phone, with a scanner, with or without a connection.

`assets/floor.js` builds it from what stands here, so that it also works where nobody answers.
"""

from __future__ import annotations

import json

from dash import html

from dashboard import offline
from dashboard.components.parts import attrs
from dashboard.pages import Page, View
from dashboard.recording import steps
from dashboard.url import State
from dashboard.visit import Visit
from graph_model.i18n import text

page = Page("floor", path="/floor", permission="floor.record", order=9, key="f")


@page.view
def view(visit: Visit, state: State) -> View:
    """The title, and what the script needs."""
    told = steps.told(may_override=visit.can("floor.override"))
    spec = json.dumps(told, ensure_ascii=False)
    return View(
        [
            html.Div([html.H1(text("screen.floor.title")), offline.kept(visit, state)],
                     className="title-line"),
            html.Div(id="floor", className="floor", **attrs(data_floor=spec)),
            html.Form(
                [html.Span(visit.visitor.name, className="meta"),
                 html.Button(text("screen.app.sign_out"), type="submit", className="button")],
                action="/logout", method="post", className="sign-out row spread",
            ),
        ],
        footer=[html.Span(text("screen.floor.all_sent"), className="floor-footer")],
    )  # fmt: skip
