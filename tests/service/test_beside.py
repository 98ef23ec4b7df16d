"""The command line beside a running service, on one data folder: each sees what the other wrote."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from graph_model.live import CATCH_UP_SECONDS
from tests.service.conftest import Enter
from tests.service.test_imports import finished, issues, upload

ROOT = Path(__file__).parents[2]


def beside(service: FastAPI, *arguments: str) -> Any:
    """The JSON of one run of the command, as a process of its own."""
    data = str(service.state.settings.data)
    run = ["-c", "from api.cli import main; main()", "--data", data, *arguments, "--json"]
    done = subprocess.run(
        [sys.executable, *run], capture_output=True, text=True, check=False, timeout=300, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_each_sees_what_the_other_wrote(service: FastAPI, signed_in: Enter, tmp_path: Path) -> None:
    client = signed_in("quality")
    done = finished(client, upload(client, 1))
    batch = done["result"]["batch"]
    told = beside(service, "trace", "N1-1")
    assert [root.endswith("N1-1") for root in told["roots"]] == [True], told
    assert told["as_of"] == batch

    (tmp_path / "issues.csv").write_bytes(issues(2))
    loaded = beside(service, "load", str(tmp_path))
    assert loaded["batch"] == batch + 1
    end = time.monotonic() + 3 * CATCH_UP_SECONDS
    while service.state.plant.now().batch == batch:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert client.get("/api/v1/find", params={"number": "N2-1"}).json()["total"] == 1
    asked = client.get("/api/v1/trace", params={"lot": "N2-1"})
    assert asked.status_code == 200, asked.text
    assert beside(service, "ask", "forward", "lots=N2-1") == []
