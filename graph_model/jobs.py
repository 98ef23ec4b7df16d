"""Work in the background: what is to be done, how far it is, what came of it.

Jobs stand in the records database, so that everybody sees them and a restart knows what was under
way: a job whose process is gone is *interrupted*. Its work is whole or absent, by the ledger.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from graph_model.errors import LotgraphError, NotFound
from graph_model.i18n import language, use_language
from graph_model.records import Records

META = sa.MetaData()
JOB = sa.Table(
    "job",
    META,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("params", sa.Text, nullable=False),
    sa.Column("result", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("made_at", sa.Float, nullable=False),
    sa.Column("changed_at", sa.Float, nullable=False),
)
WAITING, RUNNING, DONE, FAILED, INTERRUPTED = STATES = (
    "waiting", "running", "done", "failed", "interrupted",
)  # fmt: skip
OVER = frozenset({DONE, FAILED, INTERRUPTED})
LOADS = "loads"
"""The lane of what is written into the ledger."""

LISTED = 200
"""Jobs of a list, where nothing else is said."""

BEAT_SECONDS = 5.0
_SILENT_SECONDS = 6 * BEAT_SECONDS


@dataclass(frozen=True)
class Job:
    """One job. `step`: what is being done, in words; `error`: code and message of a failure."""

    id: str
    kind: str
    account: str
    state: str
    step: str
    params: dict[str, Any]
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    made_at: float
    changed_at: float


Work = Callable[[Callable[[str], None]], dict[str, Any]]
"""What a job does: is told where to say how far it is, gives its result."""


class Jobs:
    """The jobs of one data folder; those of a lane of this process are done one after another."""

    def __init__(self, records: Records) -> None:
        self._engine = records.engine
        META.create_all(self._engine)
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._lanes: dict[str, ThreadPoolExecutor] = {}
        self._opening = threading.Lock()
        self._over = threading.Event()
        self._beating = threading.Thread(target=self._beat, name="jobs", daemon=True)
        self._beating.start()

    def close(self) -> None:
        """Ends after the jobs under way; waiting ones are interrupted."""
        for lane in self._lanes.values():
            lane.shutdown(wait=True, cancel_futures=True)
        self._over.set()
        self._beating.join()
        self._interrupt(JOB.c.holder == self._holder)

    def start(
        self, kind: str, account: str, params: dict[str, Any], work: Work, *, lane: str = LOADS
    ) -> Job:
        """Puts a job behind those that wait in its lane."""
        now, spoken = time.time(), language()
        values = {
            "id": secrets.token_hex(8), "kind": kind, "account": account, "state": WAITING,
            "step": "", "params": json.dumps(params, ensure_ascii=False), "result": None,
            "error": None, "holder": self._holder, "made_at": now, "changed_at": now,
        }  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(sa.insert(JOB).values(values))
        self._lane(lane).submit(self._run, str(values["id"]), spoken, work)
        return self.get(str(values["id"]))

    def _lane(self, name: str) -> ThreadPoolExecutor:
        """One thread for each lane, also where two jobs are the first at once."""
        with self._opening:
            if name not in self._lanes:
                self._lanes[name] = ThreadPoolExecutor(1, thread_name_prefix=f"job-{name}")
            return self._lanes[name]

    def _run(self, job: str, spoken: str, work: Work) -> None:
        use_language(spoken)
        self._set(job, state=RUNNING)
        try:
            result = work(lambda step: self._set(job, step=step))
        except LotgraphError as error:
            told = {"code": error.code, "message": str(error), "status": error.status}
            self._set(job, state=FAILED, error=json.dumps(told, ensure_ascii=False))
        except BaseException as error:
            told = {"code": "failed", "message": type(error).__name__, "status": 500}
            self._set(job, state=FAILED, error=json.dumps(told))
            raise
        else:
            content = json.dumps(result, ensure_ascii=False, default=str)
            self._set(job, state=DONE, step="", result=content)

    def get(self, job: str) -> Job:
        """One job. Raises NotFound."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(JOB).where(JOB.c.id == job)).mappings().first()
        if row is None:
            raise NotFound("no_such_job", job=job)
        return _job(row)

    def all(self, *kinds: str, account: str | None = None, limit: int | None = LISTED) -> list[Job]:
        """The last jobs of these kinds, of one account or of all, the newest first.

        They come without their results. `count` says how many there are.
        """
        columns = (sa.null().label("result") if one is JOB.c.result else one for one in JOB.c)
        query = sa.select(*columns).where(_of(kinds, account)).order_by(JOB.c.made_at.desc())
        with self._engine.connect() as connection:
            return [_job(row) for row in connection.execute(query.limit(limit)).mappings()]

    def count(self, *kinds: str, account: str | None = None) -> int:
        """How many jobs there are of these kinds, of one account or of all."""
        query = sa.select(sa.func.count()).select_from(JOB).where(_of(kinds, account))
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def interrupt_orphans(self) -> int:
        """Marks jobs whose process has not been heard of for a while; gives how many."""
        return self._interrupt(JOB.c.changed_at < time.time() - _SILENT_SECONDS)

    def _interrupt(self, whose: sa.ColumnElement[bool]) -> int:
        open_ = JOB.c.state.in_([WAITING, RUNNING])
        with self._engine.begin() as connection:
            marked = sa.update(JOB).where(open_, whose).values(state=INTERRUPTED)
            return connection.execute(marked).rowcount

    def _set(self, job: str, **values: Any) -> None:
        values["changed_at"] = time.time()
        with self._engine.begin() as connection:
            connection.execute(sa.update(JOB).where(JOB.c.id == job).values(values))

    def _beat(self) -> None:
        """Says that this process is alive, and finds jobs of processes that are not."""
        while not self._over.wait(BEAT_SECONDS):
            with self._engine.begin() as connection:
                mine = sa.update(JOB).where(
                    JOB.c.holder == self._holder, JOB.c.state.in_([WAITING, RUNNING])
                )
                connection.execute(mine.values(changed_at=time.time()))
            self.interrupt_orphans()


def _of(kinds: Iterable[str], account: str | None) -> sa.ColumnElement[bool]:
    own = sa.true() if account is None else JOB.c.account == account
    return JOB.c.kind.in_(kinds) & own


def _job(row: Any) -> Job:
    read: dict[str, Any] = {
        name: None if row[name] is None else json.loads(row[name])
        for name in ("params", "result", "error")
    }
    kept = ("id", "kind", "account", "state", "step", "made_at", "changed_at")
    return Job(**read, **{name: row[name] for name in kept})
