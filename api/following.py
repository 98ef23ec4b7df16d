"""The progress of work in the background as server-sent events, until it is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import anyio.to_thread
from fastapi import Request
from fastapi.responses import StreamingResponse

from api.asked import size
from graph_model.jobs import OVER, Job

EVENTS = "text/event-stream"
_POLL_SECONDS = 0.3


async def followed(request: Request, get: Callable[[], Job]) -> StreamingResponse:
    """Every step of the job that `get` gives; an error of its first look is the answer."""
    first = await anyio.to_thread.run_sync(get)
    size(request, 1)
    return StreamingResponse(_stream(request, get, first), media_type=EVENTS)


async def _stream(request: Request, get: Callable[[], Job], job: Job) -> AsyncIterator[str]:
    shown = None
    while True:
        if (job.state, job.step) != shown:
            shown = (job.state, job.step)
            told = {"id": job.id, "state": job.state, "step": job.step, "error": job.error}
            yield f"event: {job.state}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n"
        if job.state in OVER or await request.is_disconnected():
            return
        await asyncio.sleep(_POLL_SECONDS)
        job = await anyio.to_thread.run_sync(get)
