"""How answers leave: as JSON, NDJSON, CSV, Arrow or Excel by `Accept`, in pages, or as a 304.

Every answer stands on one batch. Its ETag follows from that batch, the language and what the reader
may not see, so an unchanged answer is found before anything is computed. JSON without `limit` holds
all rows; a page says that it is one (`complete` false, `missing` says so) and where it goes on.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Iterator
from typing import Any

import polars as pl
from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from api.reports.answers import about
from api.reports.edition import Edition
from api.reports.sheets import answer_book
from graph_model.access import hidden_fields, redact, signed_in
from graph_model.audit import Told
from graph_model.errors import BadInput
from graph_model.i18n import language, text
from graph_model.live import LivePlant, Moment
from loaders.formulas import harmless

JSON, NDJSON, CSV, ARROW, XLSX = FORMATS = (
    "application/json", "application/x-ndjson", "text/csv", "application/vnd.apache.arrow.stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)  # fmt: skip
LARGEST_PAGE = 10_000
PREFIX = "/api/v1/"
_CHUNK = 1_000
_PART = 1 << 16


class Unchanged(Exception):
    """The reader has this answer already: 304."""

    def __init__(self, etag: str) -> None:
        self.etag = etag


def moment_of(
    request: Request, as_of: int | None, after: str | None = None, *, keep: bool = True
) -> Moment:
    """The batch that a request is about; a further page stands on the batch of the first.

    `keep`: the answer depends on nothing else, so a reader may keep it. Raises Unchanged where the
    reader's copy is of that batch, BadInput for a batch there is not.
    """
    plant: LivePlant = request.app.state.plant
    moment = plant.at(as_of if after is None else _cursor(after)[0])
    told: Told = request.state.told
    told.batch = moment.batch
    if not keep:
        return moment
    request.state.etag = etag = _etag(moment)
    known = request.headers.get("if-none-match", "")
    if request.method in ("GET", "HEAD") and etag in (part.strip() for part in known.split(",")):
        raise Unchanged(etag)
    return moment


def _etag(moment: Moment) -> str:
    seen = ",".join(sorted(hidden_fields(signed_in())))
    digest = hashlib.sha256(f"{moment.head}|{language()}|{seen}".encode()).hexdigest()
    return f'W/"{moment.batch}-{digest[:20]}"'


def answer(
    request: Request,
    whole: dict[str, Any],
    rows: str,
    *,
    limit: int | None = None,
    after: str | None = None,
) -> Response:
    """An answer with its main list under the name `rows`; other formats than JSON have only that.

    Raises NotAcceptable as HTTP 406.
    """
    user = signed_in()
    whole = redact(whole, user)
    told: Told = request.state.told
    told.size = len(whole[rows])
    headers = {"vary": "accept, accept-language, cookie, authorization"}
    if hasattr(request.state, "etag"):
        headers |= {"etag": request.state.etag, "cache-control": "private, no-cache"}
    wanted = _format(request)
    if wanted == JSON:
        page = _page(whole, rows, limit, after)
        return Response(to_json(page, inf_nan_mode="null", fallback=str), 200, headers, JSON)
    found = whole[rows]
    if wanted == NDJSON:
        return StreamingResponse(_lines(found), 200, headers, NDJSON)
    if wanted == CSV:
        return StreamingResponse(_csv(found), 200, headers, CSV + "; charset=utf-8")
    if wanted == ARROW:
        return Response(_arrow(found), 200, headers, ARROW)
    return StreamingResponse(_workbook(request, whole, found), 200, headers, XLSX)


def listed(
    request: Request,
    rows: list[dict[str, Any]],
    moment: Moment | None = None,
    *,
    total: int | None = None,
    limit: int | None = None,
    after: str | None = None,
) -> Response:
    """A plain list as an answer: `rows`, how many there are, and what it stands on.

    `total`: how many there are, where `rows` may be the first of more.
    """
    whole: dict[str, Any] = {"rows": rows, "total": len(rows), "complete": True, "missing": []}
    if total is not None and total > len(rows):
        whole |= {"total": total, "complete": False, "missing": [_cut(0, len(rows), total)]}
    if moment is not None:
        whole |= {"as_of": moment.batch, "head": moment.head}
    return answer(request, whole, "rows", limit=limit, after=after)


def _page(whole: dict[str, Any], rows: str, limit: int | None, after: str | None) -> dict[str, Any]:
    """The answer with a part of its list; what is left out is said, and how to get it."""
    if limit is None and after is None:
        return whole
    all_rows = whole[rows]
    start = _cursor(after)[1] if after is not None else 0
    end = min(start + (limit or LARGEST_PAGE), len(all_rows))
    page = whole | {rows: all_rows[start:end], "total": len(all_rows), "next": None}
    if end < len(all_rows):
        page["next"] = f"{whole.get('as_of', 0)}.{end}"
    if start or end < len(all_rows):
        left = _cut(start, end, len(all_rows))
        page |= {"complete": False, "missing": [*whole.get("missing", []), left]}
    return page


def _cut(start: int, end: int, total: int) -> dict[str, Any]:
    """Says that a list holds rows `start` to `end` only."""
    told = text("api.page", first=min(start + 1, end), last=end, total=total)
    return {"kind": "page", "count": total - (end - start), "text": told, "lots": []}


def _cursor(after: str) -> tuple[int, int]:
    """Batch and position that a page goes on from. Raises BadInput."""
    batch, dot, position = after.partition(".")
    digits = batch.isascii() and batch.isdigit() and position.isascii() and position.isdigit()
    if not dot or not digits or len(after) > 30:
        raise BadInput("bad_cursor", value=after)
    return int(batch), int(position)


def _format(request: Request) -> str:
    """The first format that the reader accepts; anything goes: JSON. Raises HTTP 406."""
    accepted = request.headers.get("accept", "*/*")
    for part in accepted.split(","):
        kind = part.partition(";")[0].strip().lower()
        if kind in FORMATS:
            return kind
        if kind in ("*/*", "application/*", ""):
            return JSON
        if kind == "text/*":
            return CSV
    raise HTTPException(406)


def _lines(rows: list[dict[str, Any]]) -> Iterator[bytes]:
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        yield b"".join(to_json(row, inf_nan_mode="null", fallback=str) + b"\n" for row in part)


def _csv(rows: list[dict[str, Any]]) -> Iterator[bytes]:
    """utf-8-sig, so that Excel reads Chinese; nothing that was recorded runs as a formula."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(map(harmless, names))
    mark = "\ufeff"
    for start in range(0, max(len(rows), 1), _CHUNK):
        for row in rows[start : start + _CHUNK]:
            writer.writerow([_cell(row.get(name)) for name in names])
        yield (mark + buffer.getvalue()).encode()
        mark = ""
        buffer.seek(0)
        buffer.truncate()


def _cell(value: Any) -> Any:
    if isinstance(value, list | dict | tuple):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return harmless(value) if isinstance(value, str) else value


def _workbook(
    request: Request, whole: dict[str, Any], rows: list[dict[str, Any]]
) -> Iterator[bytes]:
    """Rows behind a sheet that says what was asked, what it stands on and what is missing."""
    plant: LivePlant = request.app.state.plant
    edition, as_of = None, whole.get("as_of")
    if isinstance(as_of, int):
        edition = Edition.among(plant.batches(), plant.settings, as_of)
    title = request.url.path.removeprefix(PREFIX)
    with tempfile.TemporaryFile() as file:
        answer_book(file, rows, about(title, whole, edition))
        file.seek(0)
        while part := file.read(_PART):
            yield part


def _arrow(rows: list[dict[str, Any]]) -> bytes:
    flat = [
        {name: json.dumps(value, ensure_ascii=False, default=str)
         if isinstance(value, list | dict | tuple) else value for name, value in row.items()}
        for row in rows
    ]  # fmt: skip
    buffer = io.BytesIO()
    frame = pl.DataFrame(flat, infer_schema_length=None, strict=False)
    frame.write_ipc_stream(buffer, compat_level=pl.CompatLevel.oldest())
    return buffer.getvalue()
