"""Reports as files: sent at once, or made in the background for who asks so.

`Prefer: respond-async` (RFC 7240, 4.1) asks for the latter. The file is for the account that asked,
and as long as it has every permission that it had then: what a report prints depends on them.
"""

from __future__ import annotations

import contextvars
import io
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from pydantic_core import to_json

from api.answers import JSON
from api.asked import size
from graph_model.access import signed_in
from graph_model.errors import NotAllowed, NotFound, TooMany
from graph_model.i18n import text
from graph_model.jobs import DONE, OVER, Job, Jobs

REPORT = "report"
URL = "/api/v1/report-jobs"
WAITING = 5
"""Reports that an account may have under way."""

KEPT_SECONDS = 86_400.0
"""How long a file waits to be fetched; made again it is the same."""

_RETRY_SECONDS = 10
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Made:
    """A report as a file; `digest`: SHA-256 of what it prints."""

    content: IO[bytes]
    kind: str
    name: str
    digest: str


def answer(request: Request, make: Callable[[], Made]) -> Response:
    """The report at once, or where to look for it."""
    return _begun(request, make) if _is_wanted(request) else sent(request, make())


def tell(request: Request, step: str) -> None:
    """Says what is being done, where somebody follows it."""
    say: Callable[[str], None] | None = getattr(request.state, "say", None)
    if say is not None:
        say(text(f"report.step.{step}"))


def _is_wanted(request: Request) -> bool:
    wanted = request.headers.get("prefer", "").split(",")
    return any(part.partition(";")[0].strip().lower() == "respond-async" for part in wanted)


def sent(request: Request, made: Made) -> Response:
    """A file to be saved; the trail keeps how large it is and which content it prints."""
    length = made.content.seek(0, io.SEEK_END)
    made.content.seek(0)
    size(request, length)
    request.state.told.params["digest"] = made.digest
    plain = re.sub(r'[^\w.-]+|["\\]', "-", made.name)
    headers = {
        "content-length": str(length),
        "content-disposition": f"attachment; filename*=UTF-8''{quote(plain)}",
        "cache-control": "private, no-store",
        "vary": "accept-language, cookie, authorization, prefer",
    }
    return StreamingResponse(_parts(made.content), 200, headers, made.kind)


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(_CHUNK):
            yield part


# ---------------------------------------------------------------------------- in the background


def _begun(request: Request, make: Callable[[], Made]) -> Response:
    jobs: Jobs = request.app.state.jobs
    user = signed_in()
    if sum(job.state not in OVER for job in own(jobs)) >= WAITING:
        raise TooMany("too_many_reports", seconds=_RETRY_SECONDS)
    folder = _swept(request.app.state.settings.data)
    # Who asks, and in which language, goes with the work.
    context = contextvars.copy_context()

    def work(say: Callable[[str], None]) -> dict[str, Any]:
        request.state.say = say
        tell(request, "computing")
        made = context.run(make)
        stored = secrets.token_hex(16)
        with made.content, open(folder / stored, "xb", opener=_private) as target:
            made.content.seek(0)
            shutil.copyfileobj(made.content, target)
        return {"stored": stored, "name": made.name, "kind": made.kind, "digest": made.digest}

    params = {"report": request.url.path.rpartition("/")[2], "needs": sorted(user.permissions)}
    job = jobs.start(REPORT, user.account, params, work, lane=REPORT)
    request.state.told.params["job"] = job.id
    headers = {"location": f"{URL}/{job.id}", "preference-applied": "respond-async"}
    return Response(to_json(shown(job)), 202, headers, JSON)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _swept(data: Path) -> Path:
    """The folder of files that wait, without those that nobody fetched in time."""
    folder = data / "made"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in folder.iterdir():
        if file.stat().st_mtime < time.time() - KEPT_SECONDS:
            file.unlink(missing_ok=True)
    return folder


def own(jobs: Jobs) -> list[Job]:
    """The last reports that the account had made in the background, the newest first."""
    return jobs.all(REPORT, account=signed_in().account)


def one(jobs: Jobs, job: str) -> Job:
    """A report of one's own under way or made. Raises NotFound, also for those of others."""
    found = jobs.get(job)
    if found.kind != REPORT or found.account != signed_in().account:
        raise NotFound("no_such_job", job=job)
    return found


def shown(job: Job) -> dict[str, Any]:
    """A report under way as its owner sees it."""
    result = job.result or {}
    return {
        "id": job.id, "report": job.params["report"], "state": job.state, "step": job.step,
        "name": result.get("name"), "digest": result.get("digest"), "error": job.error,
        "file": f"{URL}/{job.id}/file" if job.state == DONE else None,
        "made_at": job.made_at, "changed_at": job.changed_at,
    }  # fmt: skip


def fetched(request: Request, job: Job) -> Response:
    """The file of a report that is made.

    Raises NotFound while it is not, and when it is there no more; NotAllowed to who has lost a
    permission since.
    """
    lost = set(job.params["needs"]) - signed_in().permissions
    if lost:
        raise NotAllowed("not_allowed", permission=sorted(lost)[0])
    result = job.result or {}
    file = _swept(request.app.state.settings.data) / result.get("stored", "none")
    if job.state != DONE or not file.is_file():
        raise NotFound("report_not_there", job=job.id)
    return sent(request, Made(file.open("rb"), result["kind"], result["name"], result["digest"]))
