"""Files in: upload, a job in the background with its progress, findings, what was set aside."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

from api import watching
from api.answers import listed, moment_of
from api.asked import Asked, Toml, Word, who
from api.auth.guard import guard
from api.doors import Rows, answered
from api.following import EVENTS, followed
from graph_model.access import signed_in
from graph_model.errors import BadFile, Locked, NotFound
from graph_model.i18n import text
from graph_model.jobs import Job, Jobs
from graph_model.live import LivePlant
from graph_model.plant import Plant
from graph_model.schema import SetAside
from loaders import importing
from loaders.intake import EVENT_FILES
from loaders.mapping import parsed_map
from loaders.reading import SUFFIXES

router = APIRouter(prefix="/api/v1", tags=["imports"])

KINDS = ("import", "pull", "capture")
"""Work in the background that loads something."""

WAIT_SECONDS = 600.0
_CHUNK = 1 << 20
_FILES = 100
_SUFFIXES = (*SUFFIXES, ".json", *EVENT_FILES)


class Progress(BaseModel):
    """An import: `result` has counts by sheet and findings once it is done."""

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


@router.post("/imports", status_code=202, dependencies=[guard("import.run", audit="import.begun")])
def begin(
    request: Request,
    files: Annotated[
        list[UploadFile], File(description="Excel, CSV, JSON or XML", max_length=_FILES)
    ],
    kind: Annotated[
        Word | None, Form(description="plant, foodchainlab or epcis; default: found out")
    ] = None,
    source: Annotated[Word | None, Form(description="Where they come from")] = None,
    dry_run: Annotated[bool, Form(description="Read and check only")] = False,
    mapping: Annotated[
        Toml | None,
        Form(
            description="How tables are read: `tables` of a dry run as JSON, confirmed or changed"
        ),
    ] = None,
    preset: Annotated[
        Word | None, Form(description="The only preset to go by; default: all that fit")
    ] = None,
    keep_as: Annotated[
        Word | None, Form(description="Name under which `mapping` is kept as a preset")
    ] = None,
) -> Progress:
    """Takes files; they are read in the background. `Location` says where to look."""
    told = importing.Mapping(
        parsed_map(mapping) if mapping else (), preset or None, keep_as or None
    )
    folder = _kept(request.app.state.settings.data, files)
    names = sorted(file.name for file in folder.iterdir())
    request.state.told.params |= {
        "files": names, "source": source, "dry_run": dry_run, "preset": preset, "keep_as": keep_as,
        "mapped": [table.kind for table in told.given],
    }  # fmt: skip
    path = folder / names[0] if len(names) == 1 else folder
    plant, name = request.app.state.plant, who(request)

    def work(tell: Callable[[str], None]) -> dict[str, Any]:
        try:
            return load_live(
                plant, path, tell, kind=kind, source=source, who=name, dry_run=dry_run,
                note=", ".join(names), mapping=told,
            )  # fmt: skip
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    jobs: Jobs = request.app.state.jobs
    params = {"files": names, "kind": kind, "source": source, "dry_run": dry_run}
    return Progress(**asdict(jobs.start("import", signed_in().account, params, work)))


def load_live(
    live: LivePlant, path: Path, tell: Callable[[str], None], **options: Any
) -> dict[str, Any]:
    """One import; waits while another process imports. Readers see it when it is whole."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            # A plant of its own: what it reads and folds is in nobody's way.
            with Plant(live.settings) as plant:
                done = importing.load(plant, path, tell=tell, **options)
            break
        except Locked:
            if time.monotonic() > deadline:
                raise
            tell(text("import.waits"))
            time.sleep(1)
    if done.batch is not None:
        tell(text("cli.projecting"))
        live.catch_up()
        tell(text("incident.rerun"))
        watching.look_again(live)
    return done.to_dict()


def _kept(data: Path, files: list[UploadFile]) -> Path:
    """The uploaded files in a folder of their own, under their bare names. Raises BadFile."""
    uploads = data / "uploads"
    uploads.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=uploads))
    try:
        for file in files:
            # Browsers may send a path, and anybody may send `..`.
            name = (file.filename or "").replace("\\", "/").rpartition("/")[2].strip()
            plain = name and not name.startswith((".", "~$")) and name.isprintable()
            if not plain or Path(name).suffix.lower() not in _SUFFIXES:
                raise BadFile("upload_name", name=name)
            with (folder / name[-150:]).open("xb") as to:
                shutil.copyfileobj(file.file, to, _CHUNK)
    except FileExistsError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise BadFile("upload_twice", name=name) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


@router.get("/imports", dependencies=[guard("import.read", audit="imports.listed")],
            response_class=Response, responses=answered(Rows[Progress]))  # fmt: skip
def imports(request: Request) -> Response:
    """The last imports, the newest first, without their results."""
    jobs: Jobs = request.app.state.jobs
    rows = [asdict(job) for job in jobs.all(*KINDS)]
    return listed(request, rows, total=jobs.count(*KINDS))


@router.get("/imports/{job}", dependencies=[guard("import.read", audit="import.read")])
def one(request: Request, job: Word) -> Progress:
    """How far an import is, and what came of it."""
    jobs: Jobs = request.app.state.jobs
    found = _import(jobs, job)
    # Another worker may have done it: from now on this browser sees its batch everywhere.
    request.state.seen = (found.result or {}).get("batch") or 0
    return Progress(**asdict(found))


@router.get("/imports/{job}/findings", dependencies=[guard("import.read", audit="import.read")],
            response_class=Response, responses=answered(Rows[dict[str, Any]]))  # fmt: skip
def findings(request: Request, job: Word, asked: Annotated[Asked, Query()]) -> Response:
    """What was found in the files of an import: file, sheet, row, value, reason, repair."""
    jobs: Jobs = request.app.state.jobs
    result = _import(jobs, job).result or {}
    rows = result.get("findings", [])
    return listed(request, rows, limit=asked.limit, after=asked.after)


@router.get("/imports/{job}/events", dependencies=[guard("import.read", audit="import.followed")],
            response_class=StreamingResponse,
            responses={200: {"content": {EVENTS: {}}}})  # fmt: skip
async def events(request: Request, job: Word) -> StreamingResponse:
    """The progress of an import as server-sent events, until it is over."""
    jobs: Jobs = request.app.state.jobs
    return await followed(request, partial(_import, jobs, job))


def _import(jobs: Jobs, job: str) -> Job:
    """An import. Raises NotFound, also for other work in the background."""
    found = jobs.get(job)
    if found.kind not in KINDS:
        raise NotFound("no_such_job", job=job)
    return found


@router.get("/set-aside", dependencies=[guard("import.read", audit="set_aside.read")],
            response_class=Response, responses=answered(Rows[dict[str, Any]]))  # fmt: skip
def set_aside(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Rows of all imports that could not be read as facts, with the reason."""
    moment = moment_of(request, asked.as_of, asked.after)
    rows = moment.facts[SetAside].to_dicts()
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)
