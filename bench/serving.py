"""A demo plant behind the screens, and a browser before them, for pictures and measurements."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from typer.testing import CliRunner
from werkzeug.serving import make_server

from api.cli.app import app as command
from dashboard.server import build
from graph_model.access import User
from graph_model.live import LivePlant
from graph_model.schema import Incident
from graph_model.settings import Settings

USER = User("lin", "Lin Qiao", frozenset({"quality", "purchasing", "management"}))


CHROMIUM = (
    os.environ.get("LOTGRAPH_TEST_CHROMIUM")
    or shutil.which("chromium-headless-shell")  # without windows: a third less work
    or shutil.which("chromium")
)
"""The browser that looks at the screens; None: there is none."""


@dataclass(frozen=True)
class Stage:
    """Where the screens are, who looks, and what the demo's incident is about."""

    address: str
    browser: Browser
    incident: str
    lot: str
    live: LivePlant


@contextlib.contextmanager
def staged(lots: int = 2000) -> Iterator[Stage]:
    """A demo plant of this size, served. Raises SystemExit where no Chromium is found."""
    if CHROMIUM is None:
        raise SystemExit("no Chromium here: install it, or name it in LOTGRAPH_TEST_CHROMIUM")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    os.environ["LOTGRAPH_DEMO_SERVE"] = "0"
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "demo"
        done = CliRunner().invoke(
            command, ["--data", str(data), "demo", "--lots", str(lots), "--json"]
        )
        if done.exit_code:
            raise SystemExit(done.output)
        with LivePlant(Settings(data=data)) as live, sync_playwright() as playwright:
            server = make_server(
                "127.0.0.1",
                0,
                build(live, lambda _environ: USER, lambda _event, **_params: None).server,
                threaded=True,
            )
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            browser = playwright.chromium.launch(executable_path=CHROMIUM)
            about = live.now().facts[Incident].row(0, named=True)
            address = f"http://127.0.0.1:{server.server_port}"
            yield Stage(address, browser, about["incident_no"], about["lot"], live)
            browser.close()
            server.shutdown()
            thread.join()
