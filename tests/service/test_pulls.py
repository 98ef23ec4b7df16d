"""Sources over HTTP: pulls as jobs, the schedule, signed pushes, and no credential anywhere."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create
from graph_model.schema import Consumed
from graph_model.settings import Settings
from loaders import demo_plant
from loaders.sources import config
from loaders.sources.state import States
from tests.emulators.base import serving
from tests.emulators.jiandaoyun import KEY, PUSH_SECRET, JiandaoyunEmulator, push
from tests.service.conftest import PASSWORD
from tests.service.test_imports import finished
from tests.sources.conftest import Puller
from tests.sources.test_jiandaoyun import SECRETS, confirm, serves, toml


@pytest.fixture(scope="module")
def emulator() -> JiandaoyunEmulator:
    """A few documents."""
    sheets = demo_plant.generate(60, 7).sheets
    return serves({name: sheets[name].head(20) for name in ("issues", "receipts")})


@pytest.fixture(scope="module")
def served(
    filled: Path, emulator: JiandaoyunEmulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FastAPI]:
    """A service with a source whose mapping is confirmed."""
    data = tmp_path_factory.mktemp("sourced") / "data"
    shutil.copytree(filled, data)
    with serving(emulator) as address:
        settings = Settings.model_validate({"data": data, "source_secrets": SECRETS})
        config.path(settings).write_text(toml(address).replace("app_id", 'every = "1h"\napp_id'))
        puller = Puller.__new__(Puller)
        puller.settings = settings
        confirm(puller)
        app = create(settings)
        app.state.accounts.add("quality", ["quality"], PASSWORD, must_change=False)
        # Found due by the tests, not by the clock.
        States(app.state.records).set("jdy", began_at=time.time())
        with TestClient(app):
            yield app


@pytest.fixture(scope="module")
def client(served: FastAPI) -> Iterator[TestClient]:
    """A quality engineer."""
    browser = TestClient(served, follow_redirects=False, client=("127.0.0.1", 1))
    browser.cookies.set(
        "lotgraph", served.state.accounts.sessions.begin("quality", origin="127.0.0.1")
    )
    yield browser
    browser.close()


def test_a_pull_by_hand_is_a_job(served: FastAPI, client: TestClient) -> None:
    assert client.post("/api/v1/pulls/erp", json={}).status_code == 404
    answer = client.post("/api/v1/pulls/jdy", json={})
    assert answer.status_code == 202, answer.text
    done = finished(client, answer.json()["id"])
    assert done["state"] == "done", done
    assert done["result"]["rows"]["生产领料"] == 20
    assert done["result"]["sheets"]["issues"]["loaded"] == 20
    (source,) = client.get("/api/v1/sources").json()["rows"]
    assert source["batch"] == done["result"]["batch"]
    assert source["cursor"]["生产领料"].startswith("2026-11-01T")
    assert source["every"] == 3600
    facts = served.state.plant.now().facts[Consumed]
    assert len(facts.filter(source="jdy.issues")) >= 20
    events = [entry.event for entry in served.state.audit.entries()]
    assert "pull.begun" in events


def test_the_schedule_begins_what_is_due_once(served: FastAPI, client: TestClient) -> None:
    schedule, states = served.state.schedule, States(served.state.records)
    states.set("jdy", began_at=time.time() - 10)
    assert schedule.look() == []
    states.set("jdy", began_at=time.time() - 3601)
    (job,) = schedule.look()
    assert schedule.look() == []
    assert finished(client, job.id)["state"] == "done"
    assert "pull.scheduled" in {entry.event for entry in served.state.audit.entries()}


def test_a_signed_push_is_kept_once_and_taken_soon(
    served: FastAPI, client: TestClient, emulator: JiandaoyunEmulator
) -> None:
    form = next(form for form in emulator.forms.values() if form.name == "生产领料")
    row = {**form.rows[0], "_id": "f" * 24}
    stranger = TestClient(served, follow_redirects=False)
    query, headers, payload = push(row, "data_create", "delivery-1", time.time())
    url = f"/push/jdy?{query}"
    sent = [stranger.post(url, content=payload.encode(), headers=headers) for _ in range(2)]
    assert [(answer.status_code, answer.json()) for answer in sent] == [
        (202, {"kept": True}), (202, {"kept": False}),
    ]  # fmt: skip
    for wrong in ("/push/jdy", "/push/erp?" + query, url.replace("timestamp=1", "timestamp=2")):
        assert stranger.post(wrong, content=payload.encode(), headers=headers).status_code == 401
    old = push(row, "data_create", "delivery-2", time.time() - 3600)
    answer = stranger.post(f"/push/jdy?{old[0]}", content=old[2].encode(), headers=old[1])
    assert answer.status_code == 401
    assert stranger.post(url, content=b"x" * (2 << 20), headers=headers).status_code == 413
    assert client.get("/api/v1/sources").json()["rows"][0]["waiting"] == 1
    States(served.state.records).set("jdy", began_at=time.time() - 61)
    (job,) = served.state.schedule.look()
    assert finished(client, job.id)["state"] == "done"
    assert client.get("/api/v1/sources").json()["rows"][0]["waiting"] == 0


def test_no_credential_is_kept_or_told(
    served: FastAPI, client: TestClient, capfd: pytest.CaptureFixture[str]
) -> None:
    job = client.post("/api/v1/pulls/jdy", json={"full": True}).json()
    told = json.dumps(finished(client, job["id"])) + client.get("/api/v1/sources").text
    told += "".join(str(entry) for entry in served.state.audit.entries())
    out, err = capfd.readouterr()
    kept = b"".join(
        file.read_bytes() for file in served.state.settings.data.rglob("*") if file.is_file()
    )
    for canary in (KEY, PUSH_SECRET):
        assert canary not in told + out + err
        assert canary.encode() not in kept
