"""First load of a large ledger: Neo4j's own import tool writes the store while the server rests.

Only files and programs are used here, no connection. The tool makes no constraints; a graph that it
loaded counts as whole when the program first opens it for writing and has made them.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import polars as pl

from graph_model.engines.base import State
from graph_model.engines.tables import Table, edges, nodes
from graph_model.errors import BadInput, EngineError, Locked

Told = Callable[[str, int], object]
"""Called with (table, its rows) before its file is written; with ("", all rows) before the load."""

# The import tool of the newest release fails without the first of these.
OPENS = (
    "java.base/java.nio",
    "java.base/java.io",
    "java.base/sun.nio.ch",
    "java.base/java.util.concurrent",
)
ADMIN = "org.neo4j.cli.AdminTool"
_FIRST_CLASS_FORMAT = 44
"""Class files of Java N have the major version N + 44 (Java Virtual Machine Specification, 4.1)."""

_TYPES: dict[pl.DataType, str] = {
    pl.String(): "string",
    pl.Int64(): "long",
    pl.Float64(): "double",
    pl.Boolean(): "boolean",
}
_TOLD_LINES = 15
_TRACE = re.compile(r"\s+(at |\.\.\. )")


@dataclass(frozen=True)
class Installation:
    """The files of a server: `home` as its own start script takes it."""

    home: Path

    @cached_property
    def conf(self) -> Path:
        """Folder of neo4j.conf: NEO4J_CONF, else below the home."""
        return Path(os.environ.get("NEO4J_CONF") or self.home / "conf")

    @cached_property
    def lib(self) -> Path:
        """Folder of the server's jars. Raises BadInput where there are none."""
        folder = self._folder("lib")
        if self._jar(folder) is None:
            raise BadInput("neo4j_no_jars", home=str(self.home), lib=str(folder))
        return folder

    def store(self, database: str) -> Path:
        """Folder of a database's files."""
        return self._folder("data") / "databases" / database

    def java(self) -> Path:
        """The oldest Java here that runs the server. Raises BadInput where there is none."""
        needed = self._needed_java()
        found = {path: java_version(path) for path in javas()}
        fitting = [path for path, version in found.items() if version >= needed]
        if not fitting:
            there = ", ".join(str(version) for version in sorted({*found.values()})) or "-"
            raise BadInput("neo4j_no_java", needed=needed, there=there)
        return min(fitting, key=lambda path: found[path])

    def admin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the administration tool, as `neo4j-admin` does."""
        opens = [f"--add-opens={name}=ALL-UNNAMED" for name in OPENS]
        command = [str(self.java()), *opens, "-cp", f"{self.lib}/*", ADMIN, *arguments]
        places = {"NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self.conf)}
        return subprocess.run(
            command, env=os.environ | places, capture_output=True, text=True, check=False
        )

    def _folder(self, name: str) -> Path:
        try:
            told = (self.conf / "neo4j.conf").read_text(encoding="utf-8")
        except OSError as error:
            raise BadInput("neo4j_no_home", home=str(self.home), conf=str(self.conf)) from error
        found = re.search(rf"^\s*server\.directories\.{name}\s*=\s*(\S.*?)\s*$", told, re.MULTILINE)
        return self.home / (found[1] if found else name)

    def _jar(self, folder: Path) -> Path | None:
        return next(iter(sorted(folder.glob("neo4j-command-line-[0-9]*.jar"))), None)

    def _needed_java(self) -> int:
        jar = self._jar(self.lib)
        try:
            with (
                ZipFile(jar or "") as archive,
                archive.open(f"{ADMIN.replace('.', '/')}.class") as c,
            ):
                # Magic number, minor and major version: u4, u2, u2, in the order of the network.
                major: int = struct.unpack(">IHH", c.read(8))[2]
        except (OSError, KeyError, BadZipFile) as error:
            raise BadInput("neo4j_no_jars", home=str(self.home), lib=str(self.lib)) from error
        return major - _FIRST_CLASS_FORMAT


def javas() -> Iterator[Path]:
    """Programs `java` of this machine: JAVA_HOME, the path, and where Linux keeps them."""
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home, "bin", "java")
    if found := shutil.which("java"):
        yield Path(found).resolve()
    yield from sorted(Path("/usr/lib/jvm").glob("*/bin/java"))


def java_version(path: Path) -> int:
    """Its major version; 0 where it does not say."""
    try:
        told = (path.parent.parent / "release").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r'JAVA_VERSION="(\d+)', told)
    return int(found[1]) if found else 0


def load(
    server: Installation,
    database: str,
    frames: Mapping[str, pl.DataFrame],
    state: State,
    *,
    folder: Path,
    overwrite: bool = False,
    told: Told | None = None,
) -> int:
    """Loads all frames into a database whose server is stopped; gives the number of rows.

    `folder` takes files of about the size of the graph for as long as it lasts. Without `overwrite`
    a database that exists is left alone. Raises BadInput for files that cannot be used, Locked
    where the server runs, EngineError where the tool fails.
    """
    _refuse(server, database, overwrite=overwrite)
    with tempfile.TemporaryDirectory(dir=folder, prefix="offline-") as aside:
        files = _Files(Path(aside))
        for table in (*nodes(), *edges()):
            files.add(table, frames[table.id], told)
        files.add_state(state)
        if told:
            told("", files.rows)
        done = server.admin(
            "database", "import", "full", database, "--strict=true", "--bad-tolerance=0",
            f"--multiline-fields={str(files.multiline).lower()}",
            f"--overwrite-destination={str(overwrite).lower()}",
            f"--report-file={Path(aside, 'report')}", *files.arguments,
        )  # fmt: skip
    if done.returncode:
        _explain(server, database, done.stdout + done.stderr)
    return files.rows


def _refuse(server: Installation, database: str, *, overwrite: bool) -> None:
    server.java()
    store = server.store(database)
    if _in_use(store.parent / "store_lock"):
        raise Locked("neo4j_still_running", home=str(server.home))
    if not overwrite and store.is_dir() and any(store.iterdir()):
        raise BadInput("neo4j_database_exists", database=database, store=str(store))


def _in_use(lock: Path) -> bool:
    """Whether a server holds its lock. Where locks cannot be asked for, the tool finds out."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        with lock.open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _explain(server: Installation, database: str, told: str) -> None:
    if re.search(r"in use|FileLockException|lock file", told):
        raise Locked("neo4j_still_running", home=str(server.home))
    lines = [line for line in told.splitlines() if line.strip() and not _TRACE.match(line)]
    detail = "\n".join(lines[-_TOLD_LINES:])
    raise EngineError("neo4j_import_failed", database=database, detail=detail)


class _Files:
    """One file a table, made and written one after the other: all frames together may not fit.

    CSV and not Parquet, which the tool reads only with libraries that Community lacks.
    """

    def __init__(self, folder: Path) -> None:
        self.arguments: list[str] = []
        self.nodes = self.edges = 0
        # To read such texts costs the tool its parallel reading, so it is told only where needed.
        self.multiline = False
        self._folder = folder

    @property
    def rows(self) -> int:
        """Nodes and edges."""
        return self.nodes + self.edges

    def add(self, table: Table, frame: pl.DataFrame, told: Told | None) -> None:
        """Writes a table's file."""
        if frame.is_empty():
            return
        if told:
            told(table.id, len(frame))
        if table.ends:
            self.edges += len(frame)
        else:
            self.nodes += len(frame)
        self._write("relationships" if table.ends else "nodes", table.name, _headed(table, frame))

    def add_state(self, state: State) -> None:
        """Writes the file of the graph's state, after all tables."""
        self._write("nodes", "Projection", _state(state, self.nodes, self.edges))

    def _write(self, what: str, name: str, frame: pl.DataFrame) -> None:
        file = self._folder / f"{len(self.arguments)}.csv"
        # Quotes tell an empty text from one that is not there.
        frame.write_csv(file, quote_style="non_numeric")
        texts = frame.select(pl.col(pl.String).str.contains("[\r\n]").any())
        self.multiline |= any(texts.row(0))
        self.arguments.append(f"--{what}={name}={file}")


def _headed(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the heads that the tool wants; keys are unique within a label."""
    heads = {name: f"{name}:{_TYPES[dtype]}" for name, dtype in frame.schema.items()}
    if table.ends is None:
        return frame.rename(heads | {"key": f"key:ID({table.name})"})
    start, end = table.ends
    return frame.rename(heads | {"from": f":START_ID({start})", "to": f":END_ID({end})"})


def _state(state: State, all_nodes: int, all_edges: int) -> pl.DataFrame:
    """Not whole yet; how many nodes and edges there must be is told to who makes it whole."""
    return pl.DataFrame(
        {
            "key:ID(Projection)": "state",
            "batch:long": state.batch,
            "head:string": state.head,
            "form:string": state.form,
            "whole:boolean": False,
            # No reader can have met this number before.
            "run:long": time.time_ns() // 1_000_000,
            "nodes:long": all_nodes,
            "edges:long": all_edges,
        }
    )
