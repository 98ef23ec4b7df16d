"""First load of a graph through the files of a stopped server.

The import tool starts a Java of its own and the server starts twice, so the whole way runs by
`make test-faults` only.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from api.cli.app import app
from deploy.neo4j import server as maven
from graph_model import projection
from graph_model.engines.base import State
from graph_model.engines.neo4j_offline import Installation, load
from graph_model.engines.tables import edges, nodes
from graph_model.errors import BadInput, Locked
from graph_model.plant import Plant
from graph_model.schema import KINDS, conform
from graph_model.settings import Settings
from queries import trace
from tests.conformance.plant import facts
from tests.neo4j_server import QUICK, free_port

# Whatever a CSV file could lose: quotes, line ends, texts that are empty or look like numbers.
NASTY = ['say "x"', "two\nlines\r\n", "", "007", "a,b;c", "\\", " blank ", "批次 é"]
HOLD = """
import fcntl, sys
file = open(sys.argv[1], "r+b")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""
STATE = State(1, "h", projection.FORM, whole=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder as a server has it, with a program that needs a Java nobody has yet."""
    folder = tmp_path / "home"
    (folder / "conf").mkdir(parents=True)
    (folder / "conf" / "neo4j.conf").write_text("# server.directories.data=elsewhere\n")
    return folder


def frames() -> dict[str, pl.DataFrame]:
    ends: dict[str, pl.DataType] = {"from": pl.String(), "to": pl.String()}
    return {
        table.id: table.hashed(pl.DataFrame(schema=(ends if table.ends else {}) | table.columns))
        for table in (*nodes(), *edges())
    }


def test_folder_without_a_server_is_told(tmp_path: Path, home: Path) -> None:
    with pytest.raises(BadInput, match="LOTGRAPH_NEO4J_HOME"):
        load(Installation(tmp_path / "none"), "neo4j", frames(), STATE, folder=tmp_path)
    with pytest.raises(BadInput, match=r"server\.directories\.lib"):
        load(Installation(home), "neo4j", frames(), STATE, folder=tmp_path)


def test_places_come_from_the_servers_configuration(home: Path) -> None:
    assert Installation(home).store("neo4j") == home / "data" / "databases" / "neo4j"
    (home / "conf" / "neo4j.conf").write_text("server.directories.data = /srv/graph \n")
    assert Installation(home).store("x") == Path("/srv/graph/databases/x")


def installed(home: Path, *, java: int) -> None:
    """Puts a program for this Java into the folder."""
    (home / "lib").mkdir()
    head = b"\xca\xfe\xba\xbe\x00\x00" + (java + 44).to_bytes(2, "big")
    with ZipFile(home / "lib" / "neo4j-command-line-1.jar", "w") as jar:
        jar.writestr("org/neo4j/cli/AdminTool.class", head)


def test_java_that_is_too_old_is_told(tmp_path: Path, home: Path) -> None:
    installed(home, java=990)
    with pytest.raises(BadInput, match="needs Java 990 or newer"):
        load(Installation(home), "neo4j", frames(), STATE, folder=tmp_path)


def with_java(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Java that fits; it need not run, since nothing may come that far."""
    installed(home, java=17)
    (home / "jdk" / "bin").mkdir(parents=True)
    (home / "jdk" / "release").write_text('JAVA_VERSION="17.0.1"\n')
    monkeypatch.setenv("JAVA_HOME", str(home / "jdk"))


def test_database_that_exists_is_kept(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_java(home, monkeypatch)
    store = home / "data" / "databases" / "neo4j"
    store.mkdir(parents=True)
    (store / "neostore").touch()
    with pytest.raises(BadInput, match="--overwrite"):
        load(Installation(home), "neo4j", frames(), STATE, folder=tmp_path)


def test_running_server_is_told(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_java(home, monkeypatch)
    lock = home / "data" / "databases" / "store_lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Locked, match="Stop it"):
            load(Installation(home), "neo4j", frames(), STATE, folder=tmp_path, overwrite=True)
        holder.communicate("")


# ------------------------------------------------------------------ the whole way


def lotgraph(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.mark.faults
@pytest.mark.parametrize("release", ["lts", "newest"])
def test_graph_loaded_offline_is_the_ledgers(
    release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = maven.Server(release, tmp_path / "server", free_port(), "512m", "64m", QUICK)
    maven.prepare(server)
    password = server.password_file.read_text(encoding="utf-8")
    for name, value in (
        ("GRAPH", server.uri), ("NEO4J_PASSWORD", password), ("NEO4J_HOME", str(server.home)),
        ("DATA", str(tmp_path / "data")),
    ):  # fmt: skip
        monkeypatch.setenv(f"LOTGRAPH_{name}", value)
    with Plant(Settings()) as plant:
        plant.ledger.append(recorded(), source="test", who="t")
    done = lotgraph("project", "--offline")
    assert done.exit_code == 0, done.output
    assert "start the server" in done.output
    assert not list((tmp_path / "data").glob("offline-*"))
    process = maven.start(server, with_parent=True)
    try:
        running = lotgraph("project", "--offline", "--overwrite")
        assert isinstance(running.exception, Locked)
        assert lotgraph("project").exit_code == 0
        with Plant(Settings()) as plant, plant.graph() as graph:
            expected = projection.facts_hash(plant.network(), plant.facts())
            assert projection.graph_hash(graph) == expected
            state = graph.state()
            assert state == State(*plant.ledger.head(), projection.FORM, whole=True)
            assert trace.forward(graph, ["P/D/D2"])
    finally:
        process.kill()
        process.wait()
    again = lotgraph("project", "--offline")
    assert isinstance(again.exception, BadInput)


def recorded() -> dict[str, pl.DataFrame]:
    """The plant, with names that a file could lose."""
    items = [
        {"key": f"P/N{n}", "company": "P", "item_code": f"N{n}", "item_name": name}
        for n, name in enumerate(NASTY)
    ]
    plain = facts().tables
    nasty = pl.concat([plain["Item"], pl.DataFrame(items)], how="diagonal")
    tables = plain | {"Item": nasty}
    return {
        name: conform(KINDS[name], frame, provenance=True)
        for name, frame in tables.items()
        if len(frame)
    }
