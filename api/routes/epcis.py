"""EPCIS 2.0 for partners: capture and query by the standard's REST binding, below `/api/v1/epcis`.

Captures are jobs, all or nothing; queries answer with events in pages, the next one by `Link`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api import epcis_view
from api.answers import moment_of
from api.asked import Word, who
from api.auth.guard import guard
from api.reports import epcis
from api.reports.edition import Edition
from api.reports.epcis_events import Told
from api.routes.imports import load_live
from graph_model.access import User, signed_in
from graph_model.errors import BadInput, NotFound
from graph_model.identifiers import thing
from graph_model.jobs import DONE, LISTED, OVER, RUNNING, Job, Jobs
from graph_model.plant import Plant
from loaders.epcis.content import interval, stated, word

router = APIRouter(prefix="/api/v1/epcis", tags=["epcis"])

VERSIONS = {"GS1-EPCIS-Version": "2.0", "GS1-CBV-Version": "2.0", "GS1-Extensions": "lotgraph"}
LARGEST_PAGE = 1_000
_KIND = "capture"
_JSON, _XML = ("application/ld+json", "application/json"), ("application/xml", "text/xml")
_LISTS = {
    "epcList", "childEPCs", "inputEPCList", "outputEPCList", "quantityList", "childQuantityList",
    "inputQuantityList", "outputQuantityList",
}  # fmt: skip


class Asking(BaseModel):
    """Which events: the standard's parameters, several values as `a|b`; all must hold."""

    model_config = ConfigDict(extra="forbid")

    event_type: Word | None = Field(None, alias="eventType")
    event_id: Word | None = Field(None, alias="EQ_eventID")
    action: Word | None = Field(None, alias="EQ_action")
    step: Word | None = Field(None, alias="EQ_bizStep")
    disposition: Word | None = Field(None, alias="EQ_disposition")
    read_point: Word | None = Field(None, alias="EQ_readPoint")
    location: Word | None = Field(None, alias="EQ_bizLocation")
    transformation: Word | None = Field(None, alias="EQ_transformationID")
    since: Word | None = Field(None, alias="GE_eventTime")
    before: Word | None = Field(None, alias="LT_eventTime")
    epc: Word | None = Field(None, alias="MATCH_anyEPC", description="Any EPC or class named")
    per_page: int = Field(100, alias="perPage", ge=1, le=LARGEST_PAGE)
    next_page: Word | None = Field(None, alias="nextPageToken")


class CaptureJob(BaseModel):
    """A capture, as the standard describes it; `errors` say what to do."""

    captureID: str  # noqa: N815  the standard's own names
    createdAt: str  # noqa: N815
    finishedAt: str | None  # noqa: N815
    running: bool
    success: bool
    captureErrorBehaviour: str = "rollback"  # noqa: N815
    errors: list[dict[str, Any]]


# ------------------------------------------------------------------ capture


@router.post("/capture", status_code=202, response_class=Response,
             dependencies=[guard("epcis.capture", audit="epcis.captured")],
             openapi_extra={"requestBody": {"required": True, "content": {
                 kind: {} for kind in ("application/ld+json", "application/json",
                                       "application/xml")}}})  # fmt: skip
async def capture(request: Request) -> Response:
    """Takes an EPCIS document; it is read in the background. `Location` says where to look."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (*_JSON, *_XML):
        raise BadInput("epcis_media_type", value=kind or "?")
    folder = _folder(request.app.state.settings.data)
    # A name of its own: what is found is told by file, and only to whose file it is.
    file = folder / f"capture-{folder.name}.{'xml' if kind in _XML else 'jsonld'}"
    try:
        with file.open("xb") as target:
            async for part in request.stream():
                target.write(part)
    except BaseException:  # the sender hung up, or sent too much
        shutil.rmtree(folder, ignore_errors=True)
        raise
    user, plant, name = signed_in(), request.app.state.plant, who(request)

    def work(tell: Callable[[str], None]) -> dict[str, Any]:
        try:
            return load_live(
                plant, file, tell, kind="epcis", source=epcis_view.source_of(user), who=name,
                dry_run=False, note=file.name, judge=epcis_view.judged(user),
            )  # fmt: skip
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    jobs: Jobs = request.app.state.jobs
    params = {"company": user.company, "bytes": file.stat().st_size}
    job = jobs.start(_KIND, user.account, params, work)
    return Response(None, 202, {"Location": f"{router.prefix}/capture/{job.id}"} | VERSIONS)


@router.get("/capture", dependencies=[guard("epcis.capture", audit="epcis.captures_listed")])
def captures(request: Request) -> list[CaptureJob]:
    """The last captures that the reader may see, the newest first."""
    jobs: Jobs = request.app.state.jobs
    user = signed_in()
    seen = (job for job in jobs.all(_KIND, limit=None) if _is_seen(job, user))
    mine = list(islice(seen, LISTED))
    request.state.told.size = len(mine)
    return [_shown(job) for job in mine]


@router.get("/capture/{job}", dependencies=[guard("epcis.capture", audit="epcis.capture_read")])
def one_capture(request: Request, job: Word) -> CaptureJob:
    """How far a capture is, and what came of it."""
    jobs: Jobs = request.app.state.jobs
    found = jobs.get(job)
    if not _is_seen(found, signed_in()):
        raise NotFound("no_such_job", job=job)
    return _shown(found)


def _folder(data: Path) -> Path:
    uploads = data / "uploads"
    uploads.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=uploads))


def _is_seen(job: Job, user: User) -> bool:
    mine = job.account == user.account or job.params.get("company") == user.company is not None
    return job.kind == _KIND and (mine or user.can("epcis.query_all"))


def _shown(job: Job) -> CaptureJob:
    over = job.state in OVER
    errors = [] if job.error is None else [_problem(job.error["code"], job.error["message"])]
    errors += [
        _problem(found["rule"], f"{found['row']}: {found['text']} {found['repair']}")
        for found in (job.result or {}).get("findings", ())
        if found["severity"] == "error" and found["file"]
    ]
    return CaptureJob(
        captureID=job.id, createdAt=_moment(job.made_at),
        finishedAt=_moment(job.changed_at) if over else None,
        running=not over, success=job.state in (DONE, RUNNING), errors=errors,
    )  # fmt: skip


def _problem(code: str, detail: str) -> dict[str, Any]:
    return {"type": "epcisException:ValidationException", "title": code, "detail": detail}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


# ------------------------------------------------------------------ query


@router.get("", dependencies=[guard("epcis.query", audit="epcis.described")])
def versions(request: Request) -> Response:
    """Which versions of the standards this is, and what it offers."""
    request.state.told.size = 0
    offered = {name: f"{router.prefix}/{name}" for name in ("capture", "events")}
    return Response(json.dumps(offered), 200, VERSIONS, "application/json")


@router.get("/events", dependencies=[guard("epcis.query", audit="epcis.queried")],
            response_class=Response)  # fmt: skip
def events(request: Request, asked: Annotated[Asking, Query()]) -> Response:
    """Events by time: a partner gets those of deliveries to it, and those it captured itself."""
    batch, start = _cursor(asked.next_page)
    moment = moment_of(request, batch, keep=False)
    found = [event for event in _visible(request, moment) if _fits(event, asked)]
    end = start + asked.per_page
    links = {}
    if end < len(found):
        url = request.url.include_query_params(nextPageToken=f"{moment.batch}.{end}")
        links = {"Link": f'<{url.path}?{url.query}>; rel="next"'}
    return _answer(request, found[start:end], links)


@router.get("/events/{event_id:path}", dependencies=[guard("epcis.query", audit="epcis.read")],
            response_class=Response)  # fmt: skip
def one_event(request: Request, event_id: Word) -> Response:
    """The events of an id; there are several where they conflict."""
    moment = moment_of(request, None, keep=False)
    found = [event for event in _visible(request, moment) if event.get("eventID") == event_id]
    if not found:
        raise NotFound("number_not_found", number=event_id)
    return _answer(request, found, {})


def _visible(request: Request, moment: Any) -> list[Told]:
    with (
        request.app.state.budget.spend(signed_in().account),
        Plant(request.app.state.settings) as plant,
    ):
        offset = epcis.offset_of(Edition.of(plant, moment.batch))
        return epcis_view.visible(moment.facts, plant.ledger, signed_in(), offset)


def _answer(request: Request, found: list[Told], headers: dict[str, str]) -> Response:
    request.state.told.size = len(found)
    document = epcis.head(datetime.now(UTC)) | {"type": "EPCISQueryDocument"}
    result = {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": found}}
    document["epcisBody"] = {"queryResults": result}
    content = json.dumps(document, ensure_ascii=False)
    return Response(content, 200, VERSIONS | headers, "application/ld+json")


def _cursor(token: str | None) -> tuple[int | None, int]:
    if token is None:
        return None, 0
    batch, dot, start = token.partition(".")
    plain = all(part.isascii() and part.isdigit() for part in (batch, start))
    if not dot or not plain or len(token) > 30:
        raise BadInput("bad_cursor", value=token)
    return int(batch), int(start)


def _fits(event: Told, asked: Asking) -> bool:
    """Whether an event is asked for; words of the vocabularies compare by their last part."""
    place = {name: event.get(name) for name in ("readPoint", "bizLocation")}
    ids = {name: told.get("id") for name, told in place.items() if isinstance(told, dict)}
    texts = [
        (asked.event_type, event.get("type")), (asked.event_id, event.get("eventID")),
        (asked.action, event.get("action")), (asked.read_point, ids.get("readPoint")),
        (asked.location, ids.get("bizLocation")),
        (asked.transformation, event.get("transformationID")),
    ]  # fmt: skip
    words = [
        (asked.step, word(event.get("bizStep"))),
        (asked.disposition, word(event.get("disposition"))),
    ]
    wanted = all(value in want.split("|") for want, value in texts if want is not None)
    wanted &= all(value in map(word, want.split("|")) for want, value in words if want is not None)
    return wanted and _in_time(event, asked) and _names(event, asked.epc)


def _in_time(event: Told, asked: Asking) -> bool:
    """Raises BadInput for a time that cannot be read."""
    bounds = [None if text is None else interval(text)[0] for text in (asked.since, asked.before)]
    for text, bound in zip((asked.since, asked.before), bounds, strict=True):
        if text is not None and bound is None:
            raise BadInput("bad_time", value=text)
    at = epcis_view.time_of(event)
    after = bounds[0] is None or at >= bounds[0]
    return after and (bounds[1] is None or at < bounds[1])


def _names(event: Told, wanted: str | None) -> bool:
    """Whether the event names one of the identifiers, in whatever form."""
    if wanted is None:
        return True
    codes = {thing(text).code for text in wanted.split("|") if text}
    told = [event.get("parentID"), *(one for name in _LISTS for one in event.get(name) or ())]
    texts = (one.get("epcClass") if isinstance(one, dict) else one for one in told)
    return any(thing(text).code in codes for text in map(stated, texts) if text)
