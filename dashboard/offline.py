"""The phone pages as an app: installable, and opened anew without a connection.

A view that has `kept(visit, state)` in it is kept on the device as it stands (`assets/offline.js`);
the worker (`assets/worker.js`) shows it where nobody answers.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from dash import html
from flask import Flask, Response

from dashboard import words
from dashboard.components.parts import attrs, icon
from dashboard.url import State
from dashboard.visit import Visit
from graph_model.i18n import language, text

WORKER, MANIFEST = "/worker.js", "/app.webmanifest"
START = "/floor"
_ASSETS = Path(__file__).with_name("assets")
_SCRIPTS = (_ASSETS / "address.js", _ASSETS / "worker.js")
_NEEDED = ("*.css", "*.js", "*.svg", "*.png", "fonts/inter-latin-wght-*", "zxing/zxing_*")
"""What the pages are shown with. Chinese letters are the device's: they are many files."""

HEAD = (
    f'<link rel="manifest" href="{MANIFEST}" crossorigin="use-credentials">'
    '<link rel="apple-touch-icon" href="/assets/icon-192.png">'
)
"""The manifest is asked for by a session too: nothing is public."""


def kept(visit: Visit, state: State) -> html.Span:
    """Marks a view to be kept, with its address and when it was shown; seen as soon as it is."""
    return html.Span(
        [icon("tick"), text("screen.app.kept")], hidden=True, className="kept meta",
        **attrs(data_keep=state.link(), data_at=words.moment(words.now(), visit.zone)),
    )  # fmt: skip


def install(server: Flask) -> None:
    """Serves worker and manifest, behind what stands in front of every page."""
    script = _worker()

    @server.get(WORKER)
    def worker() -> Response:
        return Response(script, mimetype="text/javascript")

    @server.get(MANIFEST)
    def manifest() -> Response:
        return Response(json.dumps(_manifest()), mimetype="application/manifest+json")


def _worker() -> str:
    """The worker of these assets; other assets make another version, which drops what was kept."""
    files = sorted({file for pattern in _NEEDED for file in _ASSETS.glob(pattern)})
    content = hashlib.sha256(b"".join(file.read_bytes() for file in files))
    told = {
        "version": content.hexdigest()[:16],
        "assets": [f"/assets/{file.relative_to(_ASSETS).as_posix()}" for file in files],
    }
    scripts = (file.read_text(encoding="utf-8") for file in _SCRIPTS)
    return "\n".join([f"const TOLD = {json.dumps(told)};", *scripts])


def _manifest() -> dict[str, Any]:
    """The app as a phone lists it, in the reader's language."""
    icons = [("icon.svg", "any"), ("icon-192.png", "192x192"), ("icon-512.png", "512x512")]
    return {
        "id": START,
        "name": text("screen.app.name"),
        "short_name": "Lotgraph",
        "description": text("screen.app.description"),
        "lang": "zh-CN" if language() == "zh_CN" else "en",
        "start_url": START,
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f6f8",
        "theme_color": "#1d5bbf",
        "icons": [
            {"src": f"/assets/{name}", "sizes": sizes, "purpose": "any maskable",
             "type": "image/svg+xml" if name.endswith("svg") else "image/png"}
            for name, sizes in icons
        ],
        "shortcuts": [
            {"name": text("screen.nav.floor"), "url": START},
            {"name": text("screen.hold.title"), "url": "/hold"},
        ],
    }  # fmt: skip
