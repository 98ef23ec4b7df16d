"""`docs/api.md`: addresses, roles, permissions and settings as the code has them.

`python -m api.docs` writes it; a test fails when it is stale.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from fastapi import FastAPI

from api.app import create
from api.auth.guard import guarded
from graph_model.access import FIELDS, PERMISSIONS, ROLES
from graph_model.settings import Settings

FILE = Path(__file__).parents[1] / "docs" / "api.md"

_INTRO = """# The service

Made by `python -m api.docs`; a test fails when it is stale.

```
lotgraph serve                     # or make serve; http://127.0.0.1:8000
LOTGRAPH_DEMO=1 lotgraph serve     # one local user, no sign-in, this machine only
```

The first start asks for an admin account, or takes it from `LOTGRAPH_ADMIN_NAME` and
`LOTGRAPH_ADMIN_PASSWORD`. Outside the demo, secrets as they stand in samples are refused.
`lotgraph account add NAME --role quality` makes further accounts, as does `POST
/api/v1/accounts`.

**Machines** send a token: `Authorization: Bearer lgt_…`. `POST /api/v1/tokens` makes one with
scopes (names of permissions) and days of life; it is shown once.

**Answers** stand on one batch: `as_of` and `head` name it, `complete` and `missing` say what is
not there, `withheld` which fields the role does not see. `?as_of=N` answers as of batch N. Most
questions are there as GET and as POST (for long lists). `Accept` chooses `application/json` (the
whole answer), `application/x-ndjson`, `text/csv`, `application/vnd.apache.arrow.stream` or
`application/vnd.openxmlformats-officedocument.spreadsheetml.sheet` (the rows of its main list; a
workbook also says what it stands on). With `limit` the list comes in pages: `next` of a page is
`after` of the next one, and all pages stand on the batch of the first. An `ETag` goes with what
depends on the batch alone; sent back as `If-None-Match` it gives 304 until the ledger, the
language or the rights change.

**Errors** are problem+json (RFC 9457): `code` is stable, `title` says what to do in the reader's
language (`Accept-Language`, `?lang=zh`), `request` is the id in log and audit trail. 429 and 503
say with `Retry-After` when to try again.

**Imports**: `POST /api/v1/imports` takes files (multipart), answers 202 with a job; its progress
is at `/api/v1/imports/{job}`, as server-sent events at `…/events`, what was found at
`…/findings`. Imports are done one after the other; readers see a batch when it is whole. `POST
/api/v1/batches/{batch}/undo` voids a batch.

**Reports** (`/api/v1/reports/…`) are files of one batch, by GET or POST: PDF, Excel, or for all
customers at once ZIP. With `incident` they are about the scope of an incident and hear what was
answered since. They print prices, contacts and names of persons for who may see them only. With
`Prefer: respond-async` a report is made in the background: 202 and `Location` say where to look,
`…/events` tells its progress as server-sent events, `…/file` gives the file, for a day, to the
account that asked and as long as it has the permissions that it had then.

**Backup**: `lotgraph backup FILE` while it serves, `lotgraph restore FILE --data EMPTY-FOLDER`.
The file is encrypted with `LOTGRAPH_BACKUP_PASSPHRASE` (or asked for): keep that apart from it,
for without it nobody can read the file. With PostgreSQL back the database up with `pg_dump`
besides.

**Several workers** (`LOTGRAPH_WORKERS`) need a Neo4j server and PostgreSQL. `deploy/compose.yaml`
starts all three. Sessions, limits and jobs are shared, and `/metrics` counts for all of them; a
browser is shown no older batch than it has seen, whichever worker answers. A machine that reads
right after it wrote says `as_of` with the batch it was told. Security is
described in [security.md](security.md).
"""


def render(app: FastAPI) -> str:
    """The whole page."""
    return "\n".join([_INTRO, *_routes(app), *_permissions(), *_settings()]) + "\n"


def _routes(app: FastAPI) -> list[str]:
    lines = ["## Addresses", "", "Open to all: `/health`, `/ready`, `/login`. All others:", "",
             "| | address | permission | audit event | |", "|---|---|---|---|---|"]  # fmt: skip
    for route, guards in sorted(guarded(app), key=lambda one: one[0].path or ""):
        words = (route.endpoint.__doc__ or "").strip().splitlines() if route.endpoint else []
        methods = ", ".join(sorted((route.methods or set()) - {"HEAD"}))
        one = guards[0]
        first = words[0] if words else route.name
        lines.append(
            f"| {methods} | `{route.path}` | `{one.permission}` | `{one.audit}` | {first} |"
        )
    return lines


def _permissions() -> list[str]:
    lines = ["", "## Who may what", "", f"| permission | {' | '.join(ROLES)} |",
             f"|---|{'---|' * len(ROLES)}"]  # fmt: skip
    for name, roles in PERMISSIONS.items():
        lines.append(f"| `{name}` | {' | '.join('×' if r in roles else '' for r in ROLES)} |")
    lines += [
        "",
        "Fields that are seen only with a permission, wherever they stand in an answer:",
        "",
    ]
    for name, fields in FIELDS.items():
        lines.append(f"- `{name}`: {', '.join(f'`{field}`' for field in sorted(fields))}")
    return lines


def _settings() -> list[str]:
    lines = ["", "## Settings", "", "Environment variables.", "", "| name | default | |",
             "|---|---|---|"]  # fmt: skip
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, "") or "Secret" in str(field.annotation) else (
            f"`{field.default}`"
        )  # fmt: skip
        lines.append(f"| `LOTGRAPH_{name.upper()}` | {default} | {field.description} |")
    return lines


def main() -> None:
    """Writes the page."""
    with tempfile.TemporaryDirectory() as folder:
        app = create(Settings(data=Path(folder)))
        FILE.write_text(render(app), encoding="utf-8")


if __name__ == "__main__":
    main()
