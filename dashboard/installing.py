"""Pages that a device keeps: what a browser needs to install them and to show them by itself."""

from __future__ import annotations

import json
from typing import Any

from dashboard.pages import Page, pages
from graph_model.i18n import language, text

ADDRESS = "/_install/"
WORKER = "worker.js"
"""Serves kept pages where nobody answers; registered for the path of each, and no other."""
_ICONS = ((192, "any"), (512, "any"), (512, "maskable"))


def kept() -> list[Page]:
    """The pages that can be installed."""
    return [page for page in pages() if page.kept]


def manifest(page: Page) -> str:
    """The web manifest of a page, in the language in force."""
    name = text(f"screen.page.{page.name}")
    made: dict[str, Any] = {
        "id": page.path,
        "name": f"{name} – Lotgraph",
        "short_name": text(f"screen.install.{page.name}"),
        "lang": "zh-CN" if language() == "zh_CN" else "en",
        "start_url": page.path,
        "scope": page.path,
        "display": "standalone",
        "background_color": "#F5F6F8",
        "theme_color": "#FFFFFF",
        "icons": [
            {"src": f"/assets/install/{kind}-{size}.png", "sizes": f"{size}x{size}",
             "type": "image/png", "purpose": kind}
            for size, kind in _ICONS
        ],
    }  # fmt: skip
    return json.dumps(made, ensure_ascii=False)
