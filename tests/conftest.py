"""What all tests share: Neo4j servers, each started once, the language, who runs beside whom."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from neo4j._sync.work import result
from xdist.scheduler import LoadFileScheduling

from graph_model.engines.neo4j import Access, Neo4jDatabase
from graph_model.i18n import use_language, use_timezone
from graph_model.settings import Settings
from tests.neo4j_server import Unavailable, running

# No test waits for the demo's server to end.
os.environ["LOTGRAPH_DEMO_SERVE"] = "0"

# Their tests share a server or a browser, so they run in one process; others go by file.
TOGETHER = ("conformance", "ui")


def _home(nodeid: str) -> str:
    """The file of a test, or the folder of `TOGETHER` that it is in."""
    file = nodeid.partition("::")[0]
    folder = Path(file).parent.name
    return folder if folder in TOGETHER else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Gives each process of `make test` whole homes."""
    scheduler = LoadFileScheduling(config, log)
    scheduler._split_scope = _home
    return scheduler


@pytest.fixture(autouse=True)
def _plain_texts() -> Iterator[None]:
    """Each test begins in English and in the default time zone, whatever one before it set.

    Again at its end, since fixtures of a module are made before those of its first test.
    """
    _plain()
    yield
    _plain()


def _plain() -> None:
    use_language("en")
    use_timezone(Settings.model_fields["timezone"].default)


def _server(release: str, factory: pytest.TempPathFactory) -> Iterator[Access]:
    try:
        with running(release, factory.mktemp(f"neo4j-{release}")) as access:
            yield access
    except Unavailable as reason:
        if os.environ.get("CI"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Access]:
    """A server of the long-term release."""
    yield from _server("lts", tmp_path_factory)


@pytest.fixture(scope="session")
def newest_neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Access]:
    """A server of the newest release: two at once are too dear for every run while one works."""
    if not (os.environ.get("CI") or os.environ.get("LOTGRAPH_TEST_NEO4J_NEWEST")):
        pytest.skip("the newest Neo4j runs with CI=true or LOTGRAPH_TEST_NEO4J_NEWEST=1")
    yield from _server("newest", tmp_path_factory)


@pytest.fixture(scope="session", autouse=True)
def _stacks_without_lines() -> Iterator[None]:
    """The driver keeps the stack of each question that may warn, and shows no line of it.

    With lines `inspect.stack()` takes a tenth of a second a question, without them next to nothing.
    """
    cheap = SimpleNamespace(**vars(inspect) | {"stack": partial(inspect.stack, 0)})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(result, "inspect", cheap)
        yield


@pytest.fixture(scope="session")
def neo4j_database(neo4j_server: Access) -> Iterator[Neo4jDatabase]:
    """The database of the long-term release; its remarks on a question are warnings."""
    with Neo4jDatabase(neo4j_server, warn=True) as database:
        yield database


@pytest.fixture(scope="session")
def newest_neo4j_database(newest_neo4j_server: Access) -> Iterator[Neo4jDatabase]:
    """The database of the newest release; its remarks on a question are warnings."""
    with Neo4jDatabase(newest_neo4j_server, warn=True) as database:
        yield database
