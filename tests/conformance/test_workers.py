"""Several workers on Neo4j and PostgreSQL: one service to whoever asks, also while Neo4j restarts.

The service runs as people run it: `lotgraph serve` with LOTGRAPH_WORKERS.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import polars as pl
import pytest
from pydantic import SecretStr

from deploy.neo4j import server as maven
from graph_model import projection
from graph_model.accounts import Accounts
from graph_model.engines.neo4j import Access, Neo4jDatabase
from graph_model.engines.neo4j_graph import Neo4jGraph
from graph_model.plant import Plant
from graph_model.records import Records
from graph_model.settings import Settings
from tests import postgres
from tests.conformance.conftest import wipe
from tests.neo4j_server import QUICK, free_port
from tests.outage import Door, door
from tests.service.conftest import PASSWORD, fill
from tests.service.test_imports import finished, issues, upload

WORKERS = 2
READERS = 50
KEY = "a key of this test, as long as it has to be"
ASK = "/api/v1/questions/forward"
RECOVERY = 30.0
"""Seconds after which questions to the graph are answered again."""


@dataclass
class House:
    """A service of several workers, and what stands behind it."""

    settings: Settings
    accounts: Accounts
    door: Door
    address: str = ""
    secrets: list[str] = field(default_factory=list)

    def client(self, account: int = 0, **more: Any) -> httpx.Client:
        """A browser of an account; each of its requests comes to any of the workers."""
        limits = httpx.Limits(max_keepalive_connections=0)
        cookies = {"lotgraph": self.secrets[account % len(self.secrets)]}
        return httpx.Client(
            base_url=self.address, cookies=cookies, timeout=120, limits=limits, **more
        )

    @cached_property
    def lot(self) -> str:
        """A supplier's lot that went far."""
        with Plant(self.settings) as plant:
            lineage = plant.lineage()
            bought = lineage.lots.filter(
                pl.col("supplier").is_not_null() & pl.col("rule").is_null()
            )
            found: str = max(
                bought["key"], key=lambda key: len(lineage.forward(lineage.number([key])).lots)
            )
        return found


@contextlib.contextmanager
def serving(access: Access, folder: Path) -> Iterator[House]:
    """The service on a demo plant, behind a door to Neo4j that can be shut."""
    place = urlsplit(access.uri)
    with (
        postgres.server() as url,
        door(place.hostname or "127.0.0.1", place.port or 7687) as passing,
        Neo4jDatabase(access) as database,
    ):
        wipe(database)
        settings = Settings(
            data=folder / "data", database_url=url, graph=f"bolt://127.0.0.1:{passing.port}",
            neo4j_user=access.user, neo4j_password=SecretStr(access.password),
            session_key=SecretStr(KEY), workers=WORKERS, port=free_port(),
        )  # fmt: skip
        fill(settings, folder / "plant")
        records = Records(url)
        accounts = Accounts(records, KEY.encode())
        house = House(settings, accounts, passing, f"http://127.0.0.1:{settings.port}")
        accounts.add("boss", ["admin"], PASSWORD, must_change=False)
        for number in range(READERS // 4 + 1):
            accounts.add(f"reader{number}", ["quality"], PASSWORD, must_change=False)
            house.secrets.append(accounts.sessions.begin(f"reader{number}"))
        try:
            with process(settings, folder / "log", house):
                yield house
        finally:
            records.close()
            wipe(database)


@contextlib.contextmanager
def process(settings: Settings, log: Path, house: House) -> Iterator[None]:
    """`lotgraph serve` until the block ends; it ends in order when it is told to."""
    given = settings.model_dump(include=settings.model_fields_set)
    environment = os.environ | {
        f"LOTGRAPH_{name.upper()}": value.get_secret_value()
        if isinstance(value, SecretStr)
        else str(value)
        for name, value in given.items()
    }
    environment["LOTGRAPH_DEAR_SECONDS"] = "1e6"
    command = [sys.executable, "-c", "from api.cli import main; main()", "serve"]
    with log.open("ab") as told, subprocess.Popen(
        command, env=environment, stdout=told, stderr=told, start_new_session=True
    ) as running:  # fmt: skip
        try:
            with house.client() as client:
                _wait_for(lambda: client.get("/ready").status_code == 200, 120, log)
            yield
            running.terminate()
            assert running.wait(60) in (0, -signal.SIGTERM), log.read_text()[-4000:]
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)


def _wait_for(true: Callable[[], bool], seconds: float, log: Path | None = None) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            if true():
                return
        time.sleep(0.1)
    raise AssertionError(log.read_text()[-4000:] if log else "not in time")


@pytest.fixture(scope="module")
def house(neo4j_server: Access, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The service on the server that all tests share."""
    with serving(neo4j_server, tmp_path_factory.mktemp("workers")) as made:
        yield made


def test_whichever_worker_is_asked_counts_for_all(house: House) -> None:
    with house.client() as client:
        client.cookies.set("lotgraph", house.accounts.sessions.begin("boss"))
        counts, workers = [], set()
        for _ in range(10):
            assert client.get("/api/v1/retention").status_code == 200
            told = client.get("/metrics").text
            asked = re.search(r'requests_total{handler="/api/v1/retention".*} ([\d.]+)', told)
            assert asked, told[:2000]
            counts.append(float(asked[1]))
            workers |= set(re.findall(r'process_start_time_seconds{worker="(\d+)"}', told))
    assert counts == [float(number) for number in range(1, 11)]
    assert len(workers) == WORKERS


def test_every_worker_knows_who_is_signed_in(house: House) -> None:
    asked = time.monotonic()
    with house.client() as client:
        statuses = [client.get("/api/v1/me").status_code for _ in range(40)]
    assert set(statuses) == {200}
    house.accounts.add("leaver", ["viewer"], PASSWORD, must_change=False)
    secret = house.accounts.sessions.begin("leaver")
    with house.client() as client:
        client.cookies.set("lotgraph", secret)
        assert {client.get("/api/v1/me").status_code for _ in range(10)} == {200}
        house.accounts.change("leaver", active=False)
        assert {client.get("/api/v1/me").status_code for _ in range(20)} == {401}
    assert time.monotonic() - asked < 60


def test_sign_ins_are_counted_over_all_workers(house: House) -> None:
    with house.client(follow_redirects=False) as client:
        client.cookies.clear()
        sent = {"account": "no-such-account", "password": "wrong wrong wrong"}
        statuses = [client.post("/login", data=sent).status_code for _ in range(14)]
    assert statuses[:10].count(429) == 0
    assert set(statuses[10:]) == {429}


def test_an_import_is_followed_and_found_at_any_worker(house: House) -> None:
    with house.client() as client:
        job = upload(client, 501)
        done = finished(client, job, 120)
        assert done["state"] == "done", done
        lists = [client.get("/api/v1/imports").json()["rows"] for _ in range(10)]
        assert all(job in {row["id"] for row in rows} for rows in lists)
        # Who caused a batch finds it wherever the next question comes to, or is told to ask again
        # while a worker follows the graph; never is it not there.
        for _ in range(20):
            assert _patient(lambda: client.get("/api/v1/find", params={"number": "N501-0"})) == 200


def _patient(ask: Callable[[], httpx.Response]) -> int:
    """The status of an answer that is not 503; every 503 says when to ask again."""
    end = time.monotonic() + 60
    while (answer := ask()).status_code == 503 and time.monotonic() < end:
        assert "retry-after" in answer.headers
        time.sleep(0.2)
    return answer.status_code


def test_who_wrote_reads_it_at_any_worker(house: House) -> None:
    with house.client() as client:
        opened = {"reason": "test", "title": "Metal", "suspected": {"lot": [house.lot]}}
        for number in range(4):
            sent = opened | {"number": f"W{number}"}
            answer = client.post("/api/v1/incidents", json=sent)
            assert answer.status_code == 201, answer.text
            seen = [client.get(f"/api/v1/incidents/W{number}").status_code for _ in range(8)]
            assert set(seen) == {200}


@dataclass
class Asking:
    """Readers that ask the same for as long as a block lasts, and all that they were told."""

    answers: list[tuple[float, int, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@contextlib.contextmanager
def asking(house: House, readers: int, allowed: Callable[[Any], bool]) -> Iterator[Asking]:
    """Every answer is one that is allowed, or 503 that says when to ask again."""
    told, over = Asking(), threading.Event()

    def read(number: int) -> None:
        with house.client(number) as client:
            while not over.is_set():
                try:
                    answer = client.get(ASK, params={"lots": house.lot})
                except httpx.TransportError as error:
                    told.faults.append(repr(error))
                    continue
                whole = answer.json()
                told.answers.append((time.monotonic(), answer.status_code, whole.get("as_of")))
                if answer.status_code == 503:
                    if not answer.headers.get("retry-after"):
                        told.faults.append(answer.text)
                    time.sleep(0.2)
                elif answer.status_code != 200 or not allowed(whole):
                    told.faults.append(answer.text[:500])

    threads = [threading.Thread(target=read, args=(number,)) for number in range(readers)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_two_importers_and_readers_leave_the_graph_as_the_ledger_says(house: House) -> None:
    with house.client() as client:
        expected = client.get(ASK, params={"lots": house.lot}).json()["rows"]
    assert expected

    def same(whole: Any) -> bool:
        return bool(whole["rows"] == expected and whole["complete"])

    with asking(house, READERS, same) as told, house.client(0) as one, house.client(1) as two:
        jobs = [
            client.post(
                "/api/v1/imports", files={"files": ("issues.csv", issues(start, 200))}
            ).json()["id"]
            for start in (700, 701)
            for client in (one, two)
        ]
        assert [finished(one, job, 180)["state"] for job in jobs] == ["done"] * len(jobs)
    assert not told.faults
    assert sum(status == 200 for _, status, _ in told.answers) > READERS
    with house.client() as client:
        _wait_for(lambda: client.get("/ready").status_code == 200, 60)
    with (
        Plant(house.settings) as plant,
        Neo4jDatabase(
            Access(house.settings.graph, password=house.settings.neo4j_password.get_secret_value())
        ) as database,
    ):
        facts = plant.facts()
        found = projection.graph_hash(Neo4jGraph(database))
        assert found == projection.facts_hash(plant.network(), facts)


def outage(house: House, shut: Callable[[], None], open_: Callable[[], None]) -> None:
    """Readers while the graph is away: what they are told is right or says to ask again."""
    with house.client() as client:
        expected = client.get(ASK, params={"lots": house.lot}).json()["rows"]

    def same(whole: Any) -> bool:
        return bool(whole["rows"] == expected and whole["complete"])

    with asking(house, READERS, same) as told:
        time.sleep(2)
        shut()
        # The arrays answer meanwhile.
        with house.client() as client:
            traced = client.get("/api/v1/trace", params={"lot": house.lot})
        assert traced.status_code == 200
        open_()
        back = time.monotonic()
        _wait_for(lambda: any(at > back and status == 200 for at, status, _ in told.answers),
                  RECOVERY)  # fmt: skip
        time.sleep(2)
    assert not told.faults
    last = max(told.answers)[0]
    late = [status for at, status, _ in told.answers if at > last - 1]
    assert 200 in late


def test_an_outage_of_the_graph_is_told_and_over_when_it_is_back(house: House) -> None:
    def away() -> None:
        house.door.shut()
        time.sleep(3)

    outage(house, away, house.door.open)


@pytest.mark.faults
def test_a_restart_of_neo4j_under_load(tmp_path: Path) -> None:
    server = maven.Server("lts", tmp_path / "server", free_port(), "512m", "64m", QUICK)
    maven.prepare(server)
    running = [maven.start(server, with_parent=True)]

    def kill() -> None:
        running[-1].kill()
        running[-1].wait()

    try:
        access = Access(server.uri, password=server.password_file.read_text(encoding="utf-8"))
        with serving(access, tmp_path / "served") as house:
            outage(house, kill, lambda: running.append(maven.start(server, with_parent=True)))
    finally:
        kill()
