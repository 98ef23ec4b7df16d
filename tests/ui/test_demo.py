"""The demo ends by serving its plant on this machine, without sign-in, its incident open."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS = 120


def test_the_demo_serves_its_incident_on_loopback(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from api.cli import main; main()", "--data",
               str(tmp_path / "demo"), "demo", "--lots", "60"]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT), "LOTGRAPH_DEMO_SERVE": "1", "LOTGRAPH_PORT": "0",
           "COLUMNS": "200", "LOTGRAPH_LANG": "en", "PYTHONUNBUFFERED": "1"}  # fmt: skip
    log = tmp_path / "log"
    with log.open("wb") as out, subprocess.Popen(command, env=env, stdout=out, stderr=out) as demo:
        try:
            address = _address(log, demo)
            base = address.partition("/recall")[0]
            assert "recall?incident=" in address
            assert re.match(r"http://127\.0\.0\.1:\d+$", base)
            with urllib.request.urlopen(_answering(base)) as answer:
                assert answer.status == 200
        finally:
            demo.terminate()


def _address(log: Path, demo: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and demo.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+\S*", log.read_text("utf-8", "replace"))
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(log.read_text("utf-8", "replace"))


def _answering(base: str) -> str:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(base + "/").close()
            return base + "/"
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError("the demo does not answer")
