"""Counters of several workers: whoever is asked answers for all, also for those that ended."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI

from api.metrics import SHARED
from tests.service.conftest import Enter

WORKER = """
import sys
from pathlib import Path
from fastapi.testclient import TestClient
from api.app import create
from graph_model.settings import Settings
app = create(Settings(data=Path(sys.argv[1]), demo=True, workers=2))
asked = TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1))
for _ in range(int(sys.argv[2])):
    assert asked.get("/health").status_code == 200
print(asked.get("/metrics").text)
app.state.close()
"""


def counted(told: str) -> float:
    """How often /health was asked."""
    found = re.search(r'http_requests_total{handler="/health".*} ([\d.]+)', told)
    assert found, told
    return float(found[1])


def test_whoever_is_asked_counts_for_all_workers(tmp_path: Path) -> None:
    shared = tmp_path / "counters"
    shared.mkdir()
    told = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", WORKER, str(tmp_path / name), str(times)],
            capture_output=True, text=True, check=True, timeout=120,
            env=os.environ | {SHARED: str(shared)},
        ).stdout
        for name, times in (("one", 3), ("two", 4))
    ]  # fmt: skip
    assert [counted(one) for one in told] == [3, 7]
    # What a process takes is told of those that live.
    for one in told:
        assert len(re.findall(r'process_resident_memory_bytes{worker="\d+"} [1-9]', one)) == 1


@pytest.mark.parametrize("asked", [0, 2])
def test_one_worker_counts_for_itself(service: FastAPI, signed_in: Enter, asked: int) -> None:
    admin = signed_in("admin")
    admin.get("/health")
    before = counted(admin.get("/metrics").text)
    for _ in range(asked):
        admin.get("/health")
    told = admin.get("/metrics").text
    assert counted(told) == before + asked
    assert re.search(r"^process_resident_memory_bytes \d", told, re.M)
