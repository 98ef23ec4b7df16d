"""A data folder whose graph is in Neo4j: caught up with its own ledger, and with no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from api.cli.app import app
from graph_model.engines.neo4j import Access, Neo4jDatabase
from graph_model.errors import BadInput, EngineError
from graph_model.plant import Plant
from graph_model.schema import KINDS, conform
from graph_model.settings import Settings
from queries import trace
from tests.conformance.conftest import wipe
from tests.conformance.plant import facts

TABLES = {
    name: conform(KINDS[name], frame, provenance=True)
    for name, frame in facts().tables.items()
    if len(frame)
}


@pytest.fixture
def server(neo4j_database: Neo4jDatabase, neo4j_server: Access) -> Access:
    """A server with an empty database."""
    wipe(neo4j_database)
    return neo4j_server


def plant_of(folder: Path, server: Access) -> Plant:
    return Plant(
        Settings(
            data=folder,
            graph=server.uri,
            neo4j_user=server.user,
            neo4j_password=SecretStr(server.password),
        )
    )


def test_graph_catches_up_with_its_ledger(tmp_path: Path, server: Access) -> None:
    first = {name: TABLES[name] for name in ("Item", "Lot", "Operation", "Consumed")}
    with plant_of(tmp_path, server) as plant:
        for tables in (first, TABLES):
            plant.ledger.append(tables, source="test", who="t")
            with plant.graph() as graph:
                state = graph.state()
                assert state is not None
                assert (state.batch, state.head) == plant.ledger.head()
        assert plant.heads() == [plant.ledger.head()]
        with plant.graph() as graph:
            assert trace.forward(graph, ["P/D/D2"])


def test_graph_of_another_ledger_is_left_alone(tmp_path: Path, server: Access) -> None:
    with plant_of(tmp_path / "one", server) as plant:
        plant.ledger.append(TABLES, source="test", who="t")
        plant.graph().close()
    with plant_of(tmp_path / "other", server) as plant:
        plant.ledger.append(TABLES, source="another", who="t")
        with pytest.raises(EngineError, match="another ledger"):
            plant.graph()
        plant.graph(rebuild=True).close()
        with plant.graph() as graph:
            assert trace.forward(graph, ["P/D/D2"])


def test_password_comes_from_a_file(
    tmp_path: Path, server: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = tmp_path / "password"
    password.write_text(server.password + "\n", encoding="utf-8")
    monkeypatch.setenv("LOTGRAPH_NEO4J_PASSWORD_FILE", str(password))
    with Plant(Settings(data=tmp_path, graph=server.uri)) as plant:
        plant.ledger.append(TABLES, source="test", who="t")
        plant.graph().close()
    monkeypatch.setenv("LOTGRAPH_NEO4J_PASSWORD_FILE", str(tmp_path / "none"))
    with (
        Plant(Settings(data=tmp_path, graph=server.uri)) as plant,
        pytest.raises(BadInput, match="LOTGRAPH_NEO4J_PASSWORD_FILE"),
    ):
        plant.graph()


def test_commands_use_the_graph_of_the_settings(
    tmp_path: Path, server: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOTGRAPH_GRAPH", server.uri)
    monkeypatch.setenv("LOTGRAPH_NEO4J_PASSWORD", server.password)
    files = tmp_path / "files"
    files.mkdir()
    (files / "issues.csv").write_text("work_order_no,item_code,lot_no\nW1,F,F1\n")
    (files / "outputs.csv").write_text("work_order_no,item_code,lot_no\nW1,B,B1\n")
    data = ["--data", str(tmp_path / "data")]

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, [*data, *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    run("load", str(files), "--json")
    rows = json.loads(run("ask", "forward", "lots=PLANT/F/F1", "--json"))
    assert [row["key"] for row in rows] == ["PLANT/B/B1"]
    assert json.loads(run("info", "--json"))["graph"] == f"{server.uri} / neo4j"
    assert not (tmp_path / "data" / "graph").exists()
    run("rebuild")
