"""Servers that fail: killed in the middle of a projection, full, or with an expired certificate.

Each needs a server of its own, so the long ones run by `make test-faults` only.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.neo4j import server as maven
from graph_model import network, projection
from graph_model.engines.base import Graph
from graph_model.engines.neo4j import Access, Neo4jDatabase
from graph_model.engines.neo4j_faults import BY_CODE, BY_KIND, explain
from graph_model.engines.neo4j_graph import Neo4jGraph
from graph_model.errors import EngineError
from graph_model.i18n import LANGUAGES, catalogue
from queries import trace
from tests.conformance.plant import facts
from tests.conformance.test_deep_traces import NoFacts, ladder
from tests.neo4j_server import QUICK, free_port

CLIENTS = 50
PLACE = {"uri": "u", "user": "n", "database": "d", "seconds": 1}


class ServerSaid(Exception):
    """An error as the driver gives it: with the server's code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = "details"


@pytest.mark.parametrize("code", [*BY_CODE.values(), *BY_KIND.values()])
def test_every_fault_is_worded(code: str) -> None:
    assert all(f"error.{code}" in catalogue(language) for language in LANGUAGES)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("Neo.TransientError.General.MemoryPoolOutOfMemoryError", "server.memory.heap"),
        ("Neo.TransientError.Transaction.DeadlockDetected", "again and again"),
        ("Neo.ClientError.Cluster.NotALeader", "neo4j:// address"),
        ("Neo.ClientError.Security.CredentialsExpired", "must be changed"),
        ("Neo.ClientError.Statement.SyntaxError", "did not answer: details"),
    ],
)
def test_what_a_server_says_becomes_what_to_do(code: str, told: str) -> None:
    assert told in str(explain(ServerSaid(code), **PLACE))


def test_expired_certificate_is_told_from_an_unknown_one() -> None:
    for verify_code, told in ((10, "has expired"), (18, "LOTGRAPH_NEO4J_CA_FILE")):
        cause = ssl.SSLCertVerificationError("refused")
        cause.verify_code = verify_code
        error = ServerSaid("")
        error.__cause__ = cause
        assert told in str(explain(error, **PLACE))


# ------------------------------------------------------------------ servers of their own


class Own:
    """A server that a test starts, kills and starts again."""

    def __init__(self, folder: Path, settings: dict[str, str] | None = None) -> None:
        self.server = maven.Server("lts", folder, free_port(), "512m", "64m", QUICK)
        maven.prepare(self.server, settings)
        self.start()

    def start(self) -> None:
        self.process = maven.start(self.server, with_parent=True)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def access(self) -> Access:
        return Access(self.server.uri, password=self.server.password_file.read_text())


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    started = Own(tmp_path / "server")
    yield started
    started.kill()


@pytest.mark.faults
def test_server_killed_while_it_is_projected_to(own: Own) -> None:
    built, recorded = ladder(300, 10), NoFacts()

    def kill_once(table: str, done: int, total: int) -> None:
        if table.startswith("CONSUMED_IN") and own.process.poll() is None:
            own.kill()

    with (
        Neo4jDatabase(own.access) as database,
        pytest.raises(EngineError, match="No Neo4j answers"),
        Neo4jGraph(database, write=True, progress=kill_once) as graph,
    ):
        projection.project(built, recorded, graph)
    own.start()
    written: list[str] = []
    told = lambda table, done, total: written.append(table)  # noqa: E731
    with (
        Neo4jDatabase(own.access) as database,
        Neo4jGraph(database, write=True, progress=told) as graph,
    ):
        projection.project(built, recorded, graph)
        assert projection.graph_hash(graph) == projection.facts_hash(built, recorded)
    assert "Lot" not in written, "what the server had acknowledged is there"


@pytest.mark.faults
def test_restart_under_reading_clients_gives_whole_answers_or_errors(own: Own) -> None:
    recorded = facts()
    with Neo4jDatabase(own.access) as database:
        with Neo4jGraph(database, write=True) as graph:
            projection.project(network.build(recorded), recorded, graph)
        expected = trace.forward(Neo4jGraph(database), ["S1/F/77"])
        answers: list[Any] = []
        stop = threading.Event()
        readers = [
            threading.Thread(target=_read, args=(Neo4jGraph(database), answers, stop))
            for _ in range(CLIENTS)
        ]
        for reader in readers:
            reader.start()
        time.sleep(1)
        own.kill()
        own.start()
        back = time.monotonic()
        before = len(answers)
        while not any(answer == expected for answer in answers[before:]):
            assert time.monotonic() - back < 30
            time.sleep(0.1)
        stop.set()
        for reader in readers:
            reader.join()
    assert all(
        answer == expected or (isinstance(answer, EngineError) and answer.status == 503)
        for answer in answers
    )


def _read(graph: Graph, answers: list[Any], stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            answers.append(trace.forward(graph, ["S1/F/77"]))
        except EngineError as error:
            answers.append(error)


@pytest.mark.faults
def test_full_transaction_memory_says_what_to_raise(tmp_path: Path) -> None:
    large = "UNWIND range(1, 5000000) AS n RETURN size(collect('x' + n))"
    own = Own(tmp_path / "server", {"dbms.memory.transaction.total.max": "20m"})
    try:
        with (
            Neo4jDatabase(own.access) as database,
            pytest.raises(EngineError, match=r"dbms\.memory\.transaction\.total\.max"),
        ):
            database.read(lambda tx: tx.run(large).consume())
    finally:
        own.kill()


AUTHORITY = """
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
serial = serial
default_md = sha256
policy = names
x509_extensions = server
[names]
commonName = supplied
[server]
subjectAltName = IP:127.0.0.1
basicConstraints = CA:true
"""


def certify(folder: Path, end: str) -> None:
    """key.pem and cert.pem of a server on loopback, valid from 2020 to `end`."""
    folder.mkdir()
    for name, content in (("index.txt", ""), ("serial", "01\n"), ("ca.conf", AUTHORITY)):
        (folder / name).write_text(content)
    request = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem",
               "-out", "request.pem", "-subj", "/CN=127.0.0.1"]  # fmt: skip
    # `openssl req` refuses to make a certificate that has ended already.
    sign = ["ca", "-batch", "-selfsign", "-notext", "-config", "ca.conf", "-keyfile", "key.pem",
            "-in", "request.pem", "-out", "cert.pem", "-startdate", "20200101000000Z",
            "-enddate", end]  # fmt: skip
    for arguments in (request, sign):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.faults
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
@pytest.mark.parametrize(
    ("end", "told"),
    [("20200102000000Z", "has expired"), ("20991231000000Z", None)],
    ids=["expired", "valid"],
)
def test_certificate_is_checked(tmp_path: Path, end: str, told: str | None) -> None:
    folder = tmp_path / "certificates"
    certify(folder, end)
    server = maven.Server("lts", tmp_path / "server", free_port(), "512m", "64m", QUICK)
    settings = {
        "server.bolt.tls_level": "OPTIONAL",
        "dbms.ssl.policy.bolt.enabled": "true",
        "dbms.ssl.policy.bolt.base_directory": str(folder),
        "dbms.ssl.policy.bolt.private_key": "key.pem",
        "dbms.ssl.policy.bolt.public_certificate": "cert.pem",
        "dbms.ssl.policy.bolt.client_auth": "NONE",
    }
    maven.prepare(server, settings)
    process = maven.start(server, with_parent=True)
    access = Access(
        server.uri.replace("bolt:", "bolt+s:"),
        password=server.password_file.read_text(),
        ca_file=folder / "cert.pem",
    )
    try:
        if told is None:
            with Neo4jDatabase(access) as database:
                assert database.read(lambda tx: tx.run("RETURN 1").single().value()) == 1
            with pytest.raises(EngineError, match="LOTGRAPH_NEO4J_CA_FILE"):
                Neo4jDatabase(replace(access, ca_file=None))
        else:
            with pytest.raises(EngineError, match=told):
                Neo4jDatabase(access)
    finally:
        process.kill()
        process.wait()
