"""Ledgers on each database that may keep the records."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from graph_model.ledger import Ledger
from tests import postgres


@dataclass(frozen=True)
class Home:
    """Where a ledger lives: its data folder and the URL of its records database."""

    folder: Path
    url: str

    def open(self) -> Ledger:
        """The ledger; the caller closes it."""
        return Ledger(self.folder, self.url)

    def run(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Runs SQL behind the ledger's back; the rows it gives."""
        engine = sa.create_engine(self.url)
        try:
            with engine.begin() as connection:
                done = connection.execute(sa.text(statement), values)
                return [dict(row) for row in done.mappings()] if done.returns_rows else []
        finally:
            engine.dispose()


NewHome = Callable[[], Home]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a PostgreSQL server."""
    with postgres.server() as url:
        yield url


@contextlib.contextmanager
def homes(server: str, factory: pytest.TempPathFactory) -> Iterator[NewHome]:
    """Makes empty homes, on a server each in a schema of its own; "": on SQLite."""
    engine = sa.create_engine(server or "sqlite://")
    made: list[str] = []

    def new() -> Home:
        folder = factory.mktemp("home")
        if not server:
            return Home(folder, f"sqlite:///{folder / 'ledger.sqlite'}")
        made.append(f"test_{folder.name}_{os.getpid()}")
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(made[-1]))
        url = sa.make_url(server).update_query_dict({"options": f"-csearch_path={made[-1]}"})
        return Home(folder, url.render_as_string(hide_password=False))

    yield new
    for schema in made:
        with engine.begin() as connection:
            connection.execute(sa.schema.DropSchema(schema, cascade=True))
    engine.dispose()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def new_home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NewHome]:
    """Makes an empty home, on each database."""
    server = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    with homes(server, tmp_path_factory) as new:
        yield new


@pytest.fixture
def home(new_home: NewHome) -> Home:
    """An empty home, on each database."""
    return new_home()


@pytest.fixture
def server_home(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """An empty home on PostgreSQL."""
    with homes(postgres_url, tmp_path_factory) as new:
        yield new()
