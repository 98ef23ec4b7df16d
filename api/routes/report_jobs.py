"""Reports made in the background (`Prefer: respond-async`): one's own, their progress, the file."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

from api import later
from api.answers import listed
from api.asked import Word
from api.auth.guard import guard
from api.doors import Rows, answered
from api.following import EVENTS, followed
from graph_model.access import signed_in
from graph_model.jobs import Jobs

router = APIRouter(prefix="/api/v1/report-jobs", tags=["reports"])


class ReportJob(BaseModel):
    """A report under way or made; `file` is its address once it is there."""

    id: str
    report: str
    state: str
    step: str
    name: str | None
    digest: str | None
    error: dict[str, Any] | None
    file: str | None
    made_at: float
    changed_at: float


@router.get("", dependencies=[guard("account.own", audit="report_jobs.listed")],
            response_class=Response, responses=answered(Rows[ReportJob]))  # fmt: skip
def report_jobs(request: Request) -> Response:
    """One's own last reports of the background, the newest first."""
    jobs: Jobs = request.app.state.jobs
    rows = [later.shown(job) for job in later.own(jobs)]
    return listed(request, rows, total=jobs.count(later.REPORT, account=signed_in().account))


@router.get("/{job}", dependencies=[guard("account.own", audit="report_job.read")])
def report_job(request: Request, job: Word) -> ReportJob:
    """How far a report of one's own is."""
    return ReportJob(**later.shown(later.one(request.app.state.jobs, job)))


@router.get("/{job}/events", dependencies=[guard("account.own", audit="report_job.followed")],
            response_class=StreamingResponse,
            responses={200: {"content": {EVENTS: {}}}})  # fmt: skip
async def report_events(request: Request, job: Word) -> StreamingResponse:
    """The progress of a report of one's own as server-sent events, until it is over."""
    return await followed(request, partial(later.one, request.app.state.jobs, job))


@router.get("/{job}/file", dependencies=[guard("account.own", audit="report.fetched")],
            response_class=Response,
            responses={200: {"content": {"application/octet-stream": {}}}})  # fmt: skip
def report_file(request: Request, job: Word) -> Response:
    """The file; it waits for a day."""
    return later.fetched(request, later.one(request.app.state.jobs, job))
