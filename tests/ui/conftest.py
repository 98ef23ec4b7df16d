"""One served plant and one browser for all tests of the screens.

The browser is the Chromium on the path, or that of `LOTGRAPH_TEST_CHROMIUM`. Where there
is none the tests skip and say so; with CI=true that is a failure.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright
from typer.testing import CliRunner
from werkzeug.serving import make_server

from api.app import create
from api.cli.app import app as command
from bench.serving import CHROMIUM
from dashboard.server import build
from graph_model.access import MANAGEMENT, QUALITY
from graph_model.live import LivePlant
from graph_model.settings import Settings
from tests.ui.plants import visitor
from tests.ui.signing import PASSWORD, PATIENCE

LOTS = "600"


@dataclass(frozen=True)
class Served:
    """A plant behind an address; `live` answers as the screens ask it."""

    address: str
    live: LivePlant


def serve(settings: Settings) -> Iterator[Served]:
    """A plant behind an address, as long as a test needs it."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with LivePlant(settings) as live:
        server = make_server("127.0.0.1", 0, build(live, _visitor, _unheard).server, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Served(f"http://127.0.0.1:{server.server_port}", live)
        server.shutdown()
        thread.join()


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """The address of a whole service, as long as a test needs it."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def _unheard(_event: str, **_params: Any) -> None:
    """No service stands in front that would write down what is shown."""


def _visitor(environ: dict[str, Any]) -> Any:
    """The role that a test names in a header; quality where it names none."""
    return visitor(environ.get("HTTP_X_ROLE", "quality"))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo plant, served."""
    data = tmp_path_factory.mktemp("screens") / "demo"
    arguments = ["--data", str(data), "demo", "--lots", LOTS, "--json"]
    done = CliRunner().invoke(command, arguments, env={"LOTGRAPH_DEMO_SERVE": "0"})
    assert done.exit_code == 0, done.output
    yield from serve(Settings(data=data))


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A plant without any data, served."""
    yield from serve(Settings(data=tmp_path_factory.mktemp("empty")))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The whole service over an empty plant, in demo mode: its address and data folder."""
    data = tmp_path_factory.mktemp("whole") / "data"
    app = create(Settings(data=data, demo=True))
    with running(app) as address:
        yield address, data


@pytest.fixture(scope="session")
def signed(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The whole service over a copy of the demo plant, with people of quality and management."""
    data = tmp_path_factory.mktemp("signed") / "data"
    gone = shutil.ignore_patterns("serving-*")
    shutil.copytree(served.live.settings.data, data, ignore=gone)
    app = create(Settings(data=data))
    for name, role in (("ann", QUALITY), ("ben", QUALITY), ("max", MANAGEMENT)):
        app.state.accounts.add(name, [role], PASSWORD, must_change=False)
    with running(app) as app.state.address:
        yield app


@pytest.fixture(scope="session")
def context() -> Iterator[BrowserContext]:
    """The machine's Chromium, with one cache for all tests."""
    if CHROMIUM is None or not Path(CHROMIUM).exists():
        reason = "no Chromium: install chromium-headless-shell or set LOTGRAPH_TEST_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM)
        expect.set_options(timeout=PATIENCE)
        shared = made.new_context()
        shared.set_default_timeout(PATIENCE)
        yield shared
        made.close()


Opener = Callable[..., Page]


@pytest.fixture
def opened(context: BrowserContext, served: Served) -> Iterator[Opener]:
    """Opens an address of the served plant: `opened("/trace", lang="zh", width=390)`.

    Every request must stay on this machine, and nothing may go wrong in the browser.
    """
    pages: list[Page] = []
    faults: list[str] = []

    def open_(
        path: str, *, lang: str = "en", theme: str = "light", width: int = 1440,
        role: str = "quality", of: Served = served,
    ) -> Page:  # fmt: skip
        context.add_cookies(
            [
                {"name": "lotgraph_lang", "value": lang, "url": of.address},
                {"name": "lotgraph_theme", "value": theme, "url": of.address},
            ]
        )
        page = context.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": 900 if width > 500 else 844})
        page.set_extra_http_headers({"X-Role": role})
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: _stays(request.url, of.address, faults))
        page.goto(of.address + path)
        page.wait_for_selector("#page > *")
        return page

    yield open_
    for page in pages:
        page.close()
    assert not faults


def _stays(url: str, address: str, faults: list[str]) -> None:
    if not url.startswith((address, "data:", "blob:")):
        faults.append(f"a request left the machine: {url}")
