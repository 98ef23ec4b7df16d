"""A service on a small demo plant, and people of every role to ask it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create
from graph_model.access import ROLES
from graph_model.plant import Plant
from graph_model.schema import KINDS, conform
from graph_model.settings import Settings
from loaders import demo_plant
from loaders.intake import read

PASSWORD = "seven green goats sail"
LOTS = 300


def fill(settings: Settings, folder: Path) -> None:
    """The demo plant in the ledger and graph of the settings."""
    demo_plant.write_plant(folder, LOTS, 7)
    load(settings, folder)


def load(settings: Settings, folder: Path) -> None:
    """A plant's files in the ledger and graph of the settings."""
    with Plant(settings) as plant:
        taken = read(folder, "plant", plant.settings, pseudonym=plant.ledger.records.pseudonym)
        tables = {n: conform(KINDS[n], f, provenance=True) for n, f in taken.tables.items()}
        plant.ledger.append(tables, source="plant", who="demo", names=taken.names)
        plant.graph().close()
        plant.lineage()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demo plant: copy it before you write to it."""
    base = tmp_path_factory.mktemp("filled")
    fill(Settings(data=base / "data"), base / "plant")
    return base / "data"


@pytest.fixture(scope="module")
def service(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """A running service with an account for each role, and one without any."""
    data = tmp_path_factory.mktemp("served") / "data"
    shutil.copytree(filled, data)
    app = create(Settings(data=data))
    for role in ROLES:
        app.state.accounts.add(role, [role], PASSWORD, must_change=False)
    app.state.accounts.add("nobody", [], PASSWORD, must_change=False)
    with TestClient(app):
        yield app


Enter = Callable[..., TestClient]


@pytest.fixture(scope="module")
def signed_in(service: FastAPI) -> Iterator[Enter]:
    """`signed_in("quality")`: a browser of that account, signed in."""
    with ExitStack() as stack:

        def enter(account: str, password: str = PASSWORD) -> TestClient:
            client = TestClient(service, follow_redirects=False, client=("127.0.0.1", 1))
            stack.callback(client.close)
            secret = service.state.accounts.sessions.begin(account, origin="127.0.0.1")
            client.cookies.set("lotgraph", secret)
            return client

        yield enter
