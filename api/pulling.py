"""Pulls by the service: as jobs, by hand or by the interval that `sources.toml` names.

A source that sends documents by itself is pulled soon after they came.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from api import watching
from api.logs import log
from graph_model.audit import Audit, Event
from graph_model.errors import Locked, LotgraphError
from graph_model.i18n import text
from graph_model.jobs import Job, Jobs
from graph_model.live import LivePlant
from graph_model.plant import Plant
from graph_model.records import Records
from loaders.sources import config, pulling
from loaders.sources.config import Configured
from loaders.sources.state import States

WAIT_SECONDS = 600.0
LOOK_SECONDS = 5.0
"""How often is looked whether a source is due."""
PUSHED_SECONDS = 60.0
"""Pushed documents wait so long at least, so that many of them become one batch."""


def begin(
    live: LivePlant, jobs: Jobs, source: Configured, account: str, who: str, how: pulling.How
) -> Job:
    """A job that pulls a source."""

    def work(tell: Callable[[str], None]) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT_SECONDS
        before = live.now().batch
        try:
            while True:
                try:
                    # A plant of its own: what it reads and folds is in nobody's way.
                    with Plant(live.settings) as plant:
                        return pulling.pull(plant, source, how, who=who, tell=tell).to_dict()
                except Locked as error:
                    if error.code == "pull_running" or time.monotonic() > deadline:
                        raise
                    tell(text("import.waits"))
                    time.sleep(1)
        finally:
            tell(text("cli.projecting"))
            if live.catch_up().batch != before:
                watching.look_again(live)

    return jobs.start("pull", account, {"source": source.name, **vars(how)}, work)


class Schedule:
    """A thread that begins the pulls that are due, in one process of the service at a time."""

    def __init__(self, live: LivePlant, jobs: Jobs, records: Records, trail: Audit) -> None:
        self._live, self._jobs, self._trail = live, jobs, trail
        self._states = States(records)
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to look; a service that was closed may begin again."""
        if self._thread is None or not self._thread.is_alive():
            self._over.clear()
            self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Looks no more; a pull under way goes on."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            try:
                self.look()
            except LotgraphError as error:
                log.warning("schedule.failed", code=error.code, why=str(error))

    def look(self) -> list[Job]:
        """Begins the pulls that are due now."""
        due = [source for source in config.read(self._live.settings).values() if self._due(source)]
        return [self._begin(source) for source in due]

    def _due(self, source: Configured) -> bool:
        if source.every and self._states.claim(source.name, source.every):
            return True
        waits = self._states.anything_waits(source.name)
        return waits and self._states.claim(source.name, PUSHED_SECONDS)

    def _begin(self, source: Configured) -> Job:
        params = {"source": source.name}
        event = Event("pull.scheduled", watching.SYSTEM, "service", "", "", params, None, None, 202)
        self._trail.enter(event).result()
        return begin(
            self._live, self._jobs, source, watching.SYSTEM, watching.SYSTEM, pulling.How()
        )
