"""A Neo4j server for the tests: one that is named, one fetched by Maven, or a container.

`LOTGRAPH_TEST_NEO4J_URI` (with `_USER`, `_PASSWORD`) names a server whose default database the
tests may wipe. It stands for the long-term release; the newest release is always fetched.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.neo4j import server as maven
from graph_model.engines.neo4j import Access

IMAGE = {"lts": "neo4j:5.26-community", "newest": "neo4j:2026-community"}
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""The first compiler only: tests ask many questions once, so the second never pays off."""
PLANNED_ONCE = {"dbms.cypher.min_replan_interval": "1h"}
"""Tests fill and wipe a database all the time, which is no reason to plan every question anew."""


class Unavailable(Exception):
    """No server can be had; says how to get one."""


@contextmanager
def running(release: str, folder: Path) -> Iterator[Access]:
    """A server of this release for as long as the block lasts. Raises Unavailable."""
    if release == "lts" and (uri := os.environ.get("LOTGRAPH_TEST_NEO4J_URI")):
        user = os.environ.get("LOTGRAPH_TEST_NEO4J_USER", "neo4j")
        yield Access(uri, user, os.environ.get("LOTGRAPH_TEST_NEO4J_PASSWORD", ""))
        return
    try:
        server, process = _from_maven(release, folder)
    except maven.ServerError as error:
        if not _docker_answers():
            raise Unavailable(
                f"{error} Or name a server in LOTGRAPH_TEST_NEO4J_URI, or start Docker."
            ) from error
        with _container(release) as access:
            yield access
        return
    try:
        yield Access(server.uri, password=server.password_file.read_text(encoding="utf-8"))
    finally:
        # Nobody needs its data: an orderly end only takes time.
        process.kill()
        process.wait()


def _from_maven(release: str, folder: Path) -> tuple[maven.Server, subprocess.Popen[bytes]]:
    server = maven.Server(release, folder, free_port(), "512m", "64m", QUICK)
    maven.prepare(server, PLANNED_ONCE)
    return server, maven.start(server, with_parent=True)


def free_port() -> int:
    """A port on loopback that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _docker_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=30)
    return asked.returncode == 0


@contextmanager
def _container(release: str) -> Iterator[Access]:
    port, password = free_port(), secrets.token_hex(12)
    command = [
        "docker", "run", "--detach", "--rm", "--publish", f"127.0.0.1:{port}:7687",
        "--env", f"NEO4J_AUTH=neo4j/{password}", IMAGE[release],
    ]  # fmt: skip
    name = subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    try:
        access = Access(f"bolt://127.0.0.1:{port}", password=password)
        deadline = time.monotonic() + maven.READY_SECONDS
        while not maven.answers(access.uri, password):
            if time.monotonic() > deadline:
                raise Unavailable(f"The container {name} did not start; see docker logs.")
            time.sleep(0.1)
        yield access
    finally:
        subprocess.run(["docker", "kill", name], capture_output=True, check=False)
