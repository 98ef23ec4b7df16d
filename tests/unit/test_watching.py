"""exposure, scorecard, warnings and drill on the command line, in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import context
from api.cli.app import app
from graph_model.i18n import use_language
from graph_model.plant import Plant
from graph_model.settings import Settings
from loaders import demo_plant, intake


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a demo plant in it."""
    folder = tmp_path_factory.mktemp("watching")
    demo_plant.generate(400, 3).write(folder / "plant")
    with Plant(Settings(data=folder / "data")) as plant:
        taken = intake.read(folder / "plant", "plant")
        plant.ledger.append(taken.tables, source="plant", who="test")
    return folder / "data"


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tables on a screen that is wide enough; English again afterwards."""
    monkeypatch.setattr(context.console, "width", 220)
    yield
    use_language("en")


def run(data: Path, *arguments: str) -> str:
    """What a command prints."""
    done = CliRunner().invoke(app, ["--data", str(data), *arguments])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def told(data: Path, *arguments: str) -> Any:
    """The JSON of a command."""
    return json.loads(run(data, *arguments, "--json"))


def test_exposure(data: Path, tmp_path: Path) -> None:
    found = told(data, "exposure")
    assert found["exact"]
    assert found["error"] is None
    assert found["dispersion"]["batch"] == 2 * sum(lot["finished"] for lot in found["lots"])
    assert sum(one["supplied"] for one in found["suppliers"]) == len(found["lots"])
    costs = [lot["cost"] for lot in found["lots"]]
    assert costs == sorted(costs, reverse=True)
    rough = told(data, "exposure", "--sketch", "27")
    assert not rough["exact"]
    assert rough["error"] == pytest.approx(0.2)
    assert "estimated" in {entry["kind"] for entry in rough["missing"]}
    run(data, "exposure", "--output", str(tmp_path / "e.csv"))
    assert len((tmp_path / "e.csv").read_text("utf-8").splitlines()) == len(costs) + 1
    assert "Batch dispersion" in run(data, "exposure")
    use_language("zh")
    assert "批次分散度" in run(data, "exposure")


def test_scorecard(data: Path) -> None:
    found = told(data, "scorecard")
    marks = [row["mark"] for row in found["suppliers"]]
    assert marks == sorted(marks)
    assert all(0 <= mark <= 100 for mark in marks)
    assert found["suppliers"][0]["supplier"] in run(data, "scorecard")


def test_warnings(data: Path) -> None:
    found = told(data, "warnings", "--at", "2026-05-01")
    assert {row["kind"] for row in found} >= {"balance"}
    assert all(row["text"] for row in found)
    assert found[0]["subject"] in run(data, "warnings", "--at", "2026-05-01")


def test_drills_are_kept(data: Path) -> None:
    first = told(data, "drill", "--lots", "2", "--seed", "4", "--by", "Zhao Min")
    assert [one["direction"] for one in first["lots"]] == ["backward"] * 2 + ["forward"] * 2
    assert first["target"] == 4 * 3600
    assert all(gap["repair"] for one in first["lots"] for gap in one["gaps"])
    shown = run(data, "drill", "--lots", "2", "--seed", "4")
    assert first["lots"][0]["lot"] in shown
    kept = told(data, "drill", "list")
    assert [row["lots"] for row in kept] == [4, 4]
    assert kept[0]["no_person"] == kept[1]["no_person"] > 0
    with Plant(Settings(data=data)) as plant:
        assert not plant.ledger.verify()
        facts = plant.facts()
        assert "Zhao Min" not in str(facts.tables["Drill"].to_dicts())
        (pseudonym,) = facts.tables["Drill"]["person"].unique().to_list()[:1]
        assert pseudonym.startswith("p-")
