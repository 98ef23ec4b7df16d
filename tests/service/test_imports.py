"""Imports over HTTP: progress, findings, undo; kills and rivals; readers that never see a half."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create
from graph_model import projection
from graph_model.engines.ladybug import LadybugGraph
from graph_model.live import LivePlant
from graph_model.plant import Plant
from graph_model.settings import Settings
from tests.service.conftest import Enter

HEAD = "doc_no,doc_line_no,work_order_no,item_code,lot_no,quantity\n"
URL = "/api/v1/imports"


def issues(start: int, rows: int = 3) -> bytes:
    """A sheet of issues with lots of its own."""
    lines = (f"D{start},{n},W{start},NEW,N{start}-{n},1\n" for n in range(rows))
    return (HEAD + "".join(lines)).encode()


def upload(client: Any, start: int, rows: int = 3) -> str:
    """Begins an import; its id."""
    answer = client.post(URL, files={"files": ("issues.csv", issues(start, rows))})
    assert answer.status_code == 202, answer.text
    job: str = answer.json()["id"]
    return job


def finished(client: Any, job: str, seconds: float = 60) -> dict[str, Any]:
    """The job when it is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found: dict[str, Any] = client.get(f"{URL}/{job}").json()
        if found["state"] in ("done", "failed", "interrupted"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"not over: {found}")


def test_from_upload_to_undo(service: FastAPI, signed_in: Enter) -> None:
    client = signed_in("quality")
    job = upload(client, 1)
    with client.stream("GET", f"{URL}/{job}/events") as stream:
        told = "".join(stream.iter_text())
    assert "event: done" in told
    found = finished(client, job)
    assert found["result"]["sheets"]["issues"]["loaded"] == 3
    assert client.get("/api/v1/find", params={"number": "N1-1"}).json()["total"] == 1
    rows = client.get(f"{URL}/{job}/findings").json()["rows"]
    assert all(row["text"] and row["repair"] for row in rows)
    batch = found["result"]["batch"]
    undone = client.post(f"/api/v1/batches/{batch}/undo", json={"reason": "wrong file"})
    assert undone.json()["batch"] == batch + 1
    assert client.get("/api/v1/find", params={"number": "N1-1"}).status_code == 404
    assert client.get("/api/v1/find", params={"number": "N1-1", "as_of": batch}).json()["total"]
    listed = client.get("/api/v1/batches").json()["rows"]
    assert listed[batch - 1]["voided_by"] == batch + 1
    assert not list((service.state.settings.data / "uploads").iterdir())


def test_a_dry_run_keeps_nothing(service: FastAPI, signed_in: Enter) -> None:
    client, before = signed_in("quality"), service.state.plant.now().batch
    answer = client.post(URL, files={"files": ("issues.csv", issues(2))}, data={"dry_run": "true"})
    found = finished(client, answer.json()["id"])
    assert found["result"]["batch"] is None
    assert found["result"]["sheets"]["issues"]["read"] == 3
    assert service.state.plant.now().batch == before


@pytest.mark.parametrize("name", ["../../evil.csv", "..\\evil.csv", "a/b/issues.csv"])
def test_a_path_in_a_file_name_leads_nowhere(service: FastAPI, signed_in: Enter, name: str) -> None:
    data: Path = service.state.settings.data
    client = signed_in("quality")
    answer = client.post(URL, files={"files": (name, issues(3))}, data={"dry_run": "true"})
    assert answer.status_code == 202
    assert "/" not in answer.json()["params"]["files"][0]
    finished(client, answer.json()["id"])
    assert not list(data.parent.glob("*.csv"))


@pytest.mark.parametrize("name", [".csv", "x.exe", "x.csv\n", "~$x.xlsx", ".hidden.csv"])
def test_what_is_no_table_is_refused_at_the_door(signed_in: Enter, name: str) -> None:
    answer = signed_in("quality").post(URL, files={"files": (name, b"x")})
    assert answer.status_code == 422


def test_a_file_that_is_no_table_fails_with_what_to_do(signed_in: Enter) -> None:
    client = signed_in("quality")
    answer = client.post(URL, files={"files": ("issues.csv", b"%PDF-1.7")})
    found = finished(client, answer.json()["id"])
    assert found["state"] == "failed"
    assert "issues.csv" in found["error"]["message"]


def test_too_large_a_body_is_cut_off(tmp_path: Path) -> None:
    app = create(Settings(data=tmp_path, demo=True, upload_mb=1))
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1)) as client:
        for url in (URL, "/api/v1/epcis/capture", "/api/v1/find", "/login", "/push/x",
                    "/_dash-update-component"):  # fmt: skip
            big = client.post(url, content=b"x" * ((1 << 20) + 1))
            assert (big.status_code, big.json()["code"]) == (413, "http_413"), url

        def drip() -> Iterator[bytes]:
            for _ in range(40):
                yield b"x" * (64 << 10)

        kind = {"content-type": "multipart/form-data; boundary=b"}
        assert client.post(URL, content=drip(), headers=kind).status_code == 413
        many = [("files", (f"x{n}.csv", b"x")) for n in range(101)]
        assert client.post(URL, files=many).status_code == 422
    assert not list((tmp_path / "uploads").glob("*")) if (tmp_path / "uploads").exists() else True


def test_two_importers_and_many_readers(service: FastAPI, signed_in: Enter) -> None:
    """Each reader sees a whole batch at every moment; in the end the graph is the ledger."""
    heads: dict[int, set[int]] = {}
    faults: list[str] = []
    over = threading.Event()

    def read() -> None:
        client = signed_in("viewer")
        while not over.is_set():
            answer = client.get("/api/v1/questions/lots_of_item", params={"item": "NEW"})
            if answer.status_code != 200:
                faults.append(answer.text)
            else:
                found = answer.json()
                heads.setdefault(found["as_of"], set()).add(found["total"])

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    client = signed_in("quality")
    jobs = [upload(client, start) for start in (11, 12, 13)]
    # The second importer is another program on the same folder.
    with Plant(Settings(data=service.state.settings.data)) as other:
        other.ledger.append({}, source="other", who="other", note="rival")
    found = [finished(client, job) for job in jobs]
    time.sleep(0.5)
    over.set()
    for reader in readers:
        reader.join()
    assert [job["state"] for job in found] == ["done"] * 3
    assert not faults
    assert all(len(totals) == 1 for totals in heads.values())
    moment = service.state.plant.catch_up()
    with Plant(Settings(data=service.state.settings.data)) as plant, moment.graph() as graph:
        facts = plant.facts()
        assert projection.graph_hash(graph) == projection.facts_hash(plant.network(), facts)


def test_a_moment_in_hand_keeps_its_graph(filled: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(filled, data)
    with LivePlant(Settings(data=data)) as live:
        held = live.now()
        with live.writing() as writer:
            writer.ledger.append({}, source="other", who="other", note="rival")
        assert live.now().batch == held.batch + 1
        with held.graph() as graph:
            assert isinstance(graph, LadybugGraph)
            assert projection.graph_hash(graph)


# ---------------------------------------------------------------------------- killed


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@contextlib.contextmanager
def served(data: Path) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    """The service as a process of its own."""
    port = _free_port()
    environment = os.environ | {"LOTGRAPH_DEMO": "1"}
    command = [sys.executable, "-c", "from api.cli import main; main()", "--data", str(data),
               "serve", "--port", str(port)]  # fmt: skip
    with (
        (data.parent / "log").open("ab") as log,
        subprocess.Popen(command, env=environment, stderr=log, stdout=log) as process,
        httpx.Client(base_url=f"http://localhost:{port}", timeout=60) as client,
    ):
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                if client.get("/ready").status_code == 200:
                    break
            time.sleep(0.1)
        yield client, process
        process.kill()


@pytest.mark.kill
def test_a_server_killed_while_it_imports_loses_nothing_and_keeps_no_half(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with served(data) as (client, process):
        job = upload(client, 1)
        assert finished(client, job)["state"] == "done"
        slow = upload(client, 2, rows=60_000)
        while client.get(f"{URL}/{slow}").json()["state"] == "waiting":
            time.sleep(0.02)
        time.sleep(0.3)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with served(data) as (client, _):
        state = client.get(f"{URL}/{slow}").json()["state"]
        batches = client.get("/api/v1/batches").json()["rows"]
        assert [row["new"] > 0 for row in batches[:1]] == [True]
        kept = client.get("/api/v1/find", params={"number": "N2-59999"}).status_code == 200
        first = client.get("/api/v1/find", params={"number": "N2-0"}).status_code == 200
        assert kept == first == (len(batches) == 2)
        assert state in ("running", "interrupted", "waiting")
        again = upload(client, 3)
        assert finished(client, again)["state"] == "done"


def test_a_mapping_is_confirmed_kept_listed_and_forgotten(
    service: FastAPI, signed_in: Enter
) -> None:
    client = signed_in("quality")
    content = "Rcvd,From,Item,Lot code,Kgs in\n2026-03-01,Hill,Milk,M1,40\n"

    def sent(**form: str) -> dict[str, Any]:
        answer = client.post(URL, files={"files": ("log.csv", content)}, data=form)
        return finished(client, answer.json()["id"])["result"] if answer.is_success else {}

    (table,) = sent(dry_run="true")["tables"]
    assert (table["kind"], table["sure"]) == ("receipts", False)
    assert sent(mapping="[5]") == {}
    done = sent(mapping=json.dumps([table]), keep_as="Milk log")
    assert done["sheets"]["receipts"]["loaded"] == 1
    auditor = signed_in("auditor")
    (kept,) = auditor.get("/api/v1/presets").json()["rows"]
    assert kept["name"] == "Milk log"
    assert kept["tables"][0]["columns"][3]["field"] == "lot_no"
    address = "/api/v1/presets/Milk%20log"
    assert auditor.get(address).json()["tables"] == kept["tables"]
    assert auditor.delete(address).status_code == 403
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
