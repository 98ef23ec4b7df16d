"""A Neo4j database over Bolt: one server, a cluster or Aura; Community Edition is enough.

The only module that knows the driver: connections, transactions, retries, and what went wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import neo4j

from graph_model.engines.neo4j_faults import explain
from graph_model.errors import BadInput, EngineError

Answer = TypeVar("Answer")

OLDEST = (5, 26)
_CONNECT_SECONDS = 10
_RETRY_SECONDS = 20


@dataclass(frozen=True)
class Access:
    """How to reach a database. `seconds`: how long one question may take."""

    uri: str
    user: str = "neo4j"
    password: str = ""
    database: str = "neo4j"
    ca_file: Path | None = None
    seconds: float = 60


class Neo4jDatabase:
    """A database on a server, for any number of threads and graphs.

    What one of its graphs has written the others see, also on a cluster. `warn`: what the server
    remarks on a question (deprecated, slow) becomes a Python warning.
    """

    def __init__(self, access: Access, *, warn: bool = False) -> None:
        self._access = access
        self._bookmarks = neo4j.GraphDatabase.bookmark_manager()
        with self._explained():
            self._driver = _driver(access, warn=warn)
        try:
            with self._explained():
                agent = self._driver.get_server_info().agent
        except BaseException:
            self.close()
            raise
        self.version = _version(agent)
        if self.version < OLDEST:
            self.close()
            raise EngineError("neo4j_too_old", **self._place, detail=agent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all connections."""
        self._driver.close()

    def read(self, work: Callable[[Any], Answer], *, question: str = "") -> Answer:
        """Runs `work` in a transaction that may not write; again after a failure that may pass."""
        timed = neo4j.unit_of_work({"app": "lotgraph", "question": question}, self._access.seconds)
        with self._explained(), self._session(neo4j.READ_ACCESS) as session:
            return session.execute_read(timed(work))

    def write(self, work: Callable[[Any], Answer]) -> Answer:
        """Runs `work` in a transaction; it must be harmless to run twice."""
        named = neo4j.unit_of_work({"app": "lotgraph"})
        with self._explained(), self._session(neo4j.WRITE_ACCESS) as session:
            return session.execute_write(named(work))

    def write_once(self, work: Callable[[Any], Answer]) -> Answer:
        """Runs `work` in a transaction, and not again when it fails: for what can wait."""
        with self._explained(), self._session(neo4j.WRITE_ACCESS) as session:
            with session.begin_transaction(metadata={"app": "lotgraph"}) as tx:
                answer = work(tx)
                tx.commit()
            return answer

    def _session(self, access: str) -> neo4j.Session:
        return self._driver.session(
            database=self._access.database,
            default_access_mode=access,
            bookmark_manager=self._bookmarks,
            fetch_size=-1,
        )

    @property
    def _place(self) -> dict[str, Any]:
        a = self._access
        return {"uri": a.uri, "user": a.user, "database": a.database, "seconds": round(a.seconds)}

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError) as error:
            raise explain(error, **self._place) from error
        except OSError as error:
            raise BadInput("neo4j_ca_unreadable", path=str(self._access.ca_file)) from error


def _driver(access: Access, *, warn: bool) -> neo4j.Driver:
    uri = access.uri
    trust: dict[str, Any] = {}
    if access.ca_file is not None:
        access.ca_file.open().close()
        # The driver takes a certificate of one's own with the plain schemes only.
        uri = re.sub(r"^(bolt|neo4j)\+s(sc)?:", r"\1:", uri)
        trust = {
            "encrypted": True,
            "trusted_certificates": neo4j.TrustCustomCAs(str(access.ca_file)),
        }
    return neo4j.GraphDatabase.driver(
        uri,
        auth=(access.user, access.password),
        user_agent="lotgraph",
        connection_timeout=_CONNECT_SECONDS,
        max_transaction_retry_time=_RETRY_SECONDS,
        notifications_min_severity="WARNING" if warn else "OFF",
        # A label that no record has yet is no mistake here.
        notifications_disabled_classifications=["UNRECOGNIZED"],
        warn_notification_severity="WARNING" if warn else "OFF",
        **trust,
    )


def _version(agent: str) -> tuple[int, ...]:
    found = re.search(r"/(\d+)\.(\d+)", agent)
    return (int(found[1]), int(found[2])) if found else (0, 0)
