"""The service put together: one application, one plant, one gate in front of everything."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator

from api import logs, metrics, problems, routes
from api.auth import guard, login, oidc
from api.auth.attempts import Attempts
from api.auth.gate import Gate
from api.budget import Budget
from api.kept import Kept
from api.pulling import Schedule
from graph_model.accounts import Accounts
from graph_model.audit import Audit
from graph_model.errors import BadInput
from graph_model.jobs import Jobs
from graph_model.live import LivePlant
from graph_model.passwords import SAMPLES
from graph_model.records import Records
from graph_model.settings import Settings

THREADS = 16
KEPT = 16
"""Scopes and the like that are kept in memory for whoever asks the same of the same batch."""
_KEY_LENGTH = 32


def create(settings: Settings) -> FastAPI:
    """The service on a data folder; `app.state` has settings, plant, accounts, audit, attempts.

    Raises BadInput where the settings are not safe to serve with.
    """
    refuse_samples(settings)
    settings.data.mkdir(parents=True, exist_ok=True)
    records = Records(settings.database)
    accounts = Accounts(records, session_key(settings))
    trail = Audit(settings.data, records)
    plant, jobs = LivePlant(settings), Jobs(records)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        await anyio.to_thread.run_sync(plant.start)
        app.state.schedule.start()
        yield
        await anyio.to_thread.run_sync(app.state.close)

    app = FastAPI(
        title="Lotgraph", version="1", lifespan=life, responses=problems.RESPONSES,
        openapi_url=None, docs_url=None, redoc_url=None,
    )  # fmt: skip
    app.state.settings, app.state.plant = settings, plant
    # One process counts in its memory, several count together.
    shared = records if settings.workers > 1 else None
    app.state.accounts, app.state.audit, app.state.attempts = accounts, trail, Attempts(shared)
    counted, app.state.metrics = metrics.registries(settings.workers)
    app.state.jobs, app.state.script_hashes = jobs, ()
    app.state.budget, app.state.kept = Budget(settings.dear_seconds, shared), Kept(KEPT)
    app.state.records, app.state.schedule = records, Schedule(plant, jobs, records, trail)
    app.state.close = partial(_close, app.state.schedule, jobs, plant, trail, records)
    problems.install(app)
    app.include_router(login.router)
    app.include_router(oidc.router)
    routes.include(app)
    guard.check(app)
    routes.mount_screens(app)
    Instrumentator(registry=counted).instrument(app, metric_namespace="lotgraph")
    app.add_middleware(Gate, service=app, settings=settings, accounts=accounts, trail=trail)
    return app


def from_environment() -> FastAPI:
    """The service of one worker of several."""
    logs.start()
    return create(Settings())


def _close(*parts: Any) -> None:
    for part in parts:
        part.close()


def refuse_samples(settings: Settings) -> None:
    """Raises BadInput for a secret as it stands in samples, or a short key, outside the demo."""
    if settings.demo:
        if settings.host not in ("127.0.0.1", "::1", "localhost"):
            raise BadInput("demo_host", host=settings.host)
        return
    for name in ("session_key", "admin_password", "neo4j_password", "oidc_client_secret"):
        value = getattr(settings, name).get_secret_value()
        if value.lower() in SAMPLES:
            raise BadInput("sample_secret", name=f"LOTGRAPH_{name.upper()}")
    key = settings.session_key.get_secret_value()
    if key and len(key) < _KEY_LENGTH:
        raise BadInput("short_key", length=_KEY_LENGTH)


def session_key(settings: Settings) -> bytes:
    """The key of the settings, or the one kept in the data folder, made at the first start."""
    given = settings.session_key.get_secret_value()
    if given:
        return given.encode()
    file: Path = settings.data / "session.key"
    settings.data.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return file.read_bytes()
    with os.fdopen(handle, "wb") as opened:
        opened.write(secrets.token_hex(_KEY_LENGTH).encode())
    return file.read_bytes()
