"""What the image and its neighbours are made of, read as files: no container runs here."""

from __future__ import annotations

import ast
import re
import shlex
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from graph_model.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SETTINGS = {f"LOTGRAPH_{name.upper()}" for name in Settings.model_fields}
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
KEYS = {
    "build", "cap_drop", "depends_on", "env_file", "environment", "healthcheck", "image", "logging",
    "networks", "ports", "profiles", "read_only", "restart", "security_opt", "stop_grace_period",
    "tmpfs", "volumes",
}  # fmt: skip
"""Of the compose specification, what is used here."""


OPTIONAL = {"numba", "k3cloud_webapi_sdk"}
"""Modules that the code does without where they are not installed."""


def pins(file: Path) -> dict[str, str]:
    """Name and pinned version of each package of a lock file; a name twice under markers: both."""
    found: dict[str, list[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        match = re.match(r"([\w.-]+)(?:\[[^\]]*\])?==(\S+)", line)
        if match:
            found.setdefault(match[1].lower(), []).append(match[2])
    return {name.replace("_", "-"): ", ".join(versions) for name, versions in found.items()}


def steps() -> list[tuple[str, str]]:
    """(instruction, rest) of the Dockerfile, with continued lines joined."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    return [
        (word, rest.strip())
        for word, _, rest in (line.partition(" ") for line in lines if line and line[0] != "#")
    ]


def named(requirement: str) -> str:
    """The name of a requirement."""
    return re.split(r"[\[<>=;! ]", requirement)[0].lower()


def test_the_image_holds_what_serves_and_nothing_of_development() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    locked = pins(DEPLOY / "requirements.lock")
    own = project["project"]
    wanted = {named(one) for one in own["dependencies"]}
    wanted |= {named(one) for one in own["optional-dependencies"]["postgres"]}
    assert wanted <= locked.keys()
    development = {named(one) for one in project["dependency-groups"]["dev"]} - wanted
    assert not development & locked.keys()
    # What is tried is what is shipped.
    tried = pins(ROOT / "requirements.lock")
    assert {name: tried[name] for name in locked} == locked
    assert pins(DEPLOY / "build.lock").keys() >= {"hatchling"}
    assert all(
        "--hash=sha256:" in block
        for file in (DEPLOY / "requirements.lock", DEPLOY / "build.lock")
        for block in re.split(r"\n(?=\w)", file.read_text(encoding="utf-8"))
        if "==" in block
    )


def test_whatever_the_code_imports_is_in_the_image() -> None:
    """A package that is installed here for development only would be missing there."""
    locked = pins(DEPLOY / "requirements.lock").keys()
    own = {"graph_model", "loaders", "queries", "dashboard", "api", "cypher"}
    of_module = packages_distributions()
    lacking = set()
    for folder in own:
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    modules = [alias.name for alias in node.names]
                else:
                    named_ = isinstance(node, ast.ImportFrom) and not node.level
                    modules = [node.module or ""] if named_ else []  # type: ignore[attr-defined]
                for module in modules:
                    top = module.partition(".")[0]
                    found = {one.lower().replace("_", "-") for one in of_module.get(top, ())}
                    if top not in sys.stdlib_module_names | own | OPTIONAL and not found & locked:
                        lacking.add((top, file.name))
    assert not lacking


def test_the_dockerfile_keeps_to_what_is_usual() -> None:
    found = steps()
    words = [word for word, _ in found]
    assert words[0] == "FROM"
    last = len(words) - 1 - words[::-1].index("FROM")
    for word, rest in found:
        if word == "FROM":
            image = rest.split()[0]
            assert ":" in image
            assert not image.endswith(":latest")
        if word == "COPY" and not rest.startswith("--from"):
            *sources, _ = shlex.split(rest)
            assert all((ROOT / source).exists() for source in sources)
        if word == "RUN" and "pip install" in rest:
            for command in re.findall(r"pip install[^&]*", rest):
                assert "--no-cache-dir" in command
                assert "--require-hashes" in command or "--no-index" in command
        if word == "RUN":
            assert not re.search(r"\b(sudo|curl|wget|apt-get)\b", rest)
        assert word != "ADD"
    final = found[last:]
    users = [rest for word, rest in final if word == "USER"]
    assert users
    assert int(users[-1].split(":")[0]) > 0
    after = [word for word, _ in final].index("USER")
    assert "RUN" not in [word for word, _ in final[after:]]
    assert {"HEALTHCHECK", "EXPOSE", "CMD", "VOLUME"} <= {word for word, _ in final}
    given = dict(
        part.split("=", 1) for word, rest in final if word == "ENV" for part in shlex.split(rest)
    )
    assert {name for name in given if name.startswith("LOTGRAPH_")} <= SETTINGS
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {"deploy/.env", ".git", ".venv"} <= set(ignored)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_of_the_compose_file_is_whole(name: str) -> None:
    one = SERVICES[name]
    assert one.keys() <= KEYS
    assert "image" in one
    assert ":" in one["image"] or "build" in one
    assert one["restart"]
    assert "no-new-privileges:true" in one["security_opt"]
    assert set(one["networks"]) <= COMPOSE["networks"].keys()
    for volume in one.get("volumes", ()):
        assert volume.split(":")[0] in COMPOSE["volumes"]
    for port in one.get("ports", ()):
        assert port.startswith("127.0.0.1:")
    for other, state in one.get("depends_on", {}).items():
        assert other in SERVICES
        assert state == {"condition": "service_healthy"}
        assert "healthcheck" in SERVICES[other]
    if "build" in one:
        assert (DEPLOY / one["build"]["context"] / one["build"]["dockerfile"]).exists()
        assert any(word == "HEALTHCHECK" for word, _ in steps())
        assert one["read_only"]
        assert one["cap_drop"] == ["ALL"]
    else:
        assert one["healthcheck"]["test"]


def test_what_the_compose_file_is_told_is_in_the_sample_and_known() -> None:
    raw = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)(?::?[?-][^}]*)?\}", raw))
    sample = dict(
        line.split("=", 1)
        for line in (DEPLOY / ".env.example").read_text(encoding="utf-8").splitlines()
        if line and line[0] != "#"
    )
    assert {one for one in asked if one.startswith("LOTGRAPH_")} <= sample.keys()
    # The password of PostgreSQL goes into the URL of the records database.
    assert sample.keys() - {"LOTGRAPH_POSTGRES_PASSWORD"} <= SETTINGS
    own = SERVICES["lotgraph"]["environment"]
    assert own.keys() <= SETTINGS
    made = Settings(
        **{name.removeprefix("LOTGRAPH_").lower(): value for name, value in own.items()}
    )
    assert made.graph.startswith("bolt://neo4j:")
    assert made.database.startswith("postgresql+psycopg://")
