"""An incident from the command line, in both languages, on a demo plant with a planted breach."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loaders import demo_plant
from tests.unit.test_cli import lotgraph

MEI = ("--by", "Mei", "--role", "QM", "--reason", "supplier notice")


def run(data: Path, *arguments: str) -> Any:
    """The JSON of a command that must work."""
    done = lotgraph(data, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, demo_plant.Incident]:
    """Data folder of a demo plant, its sheets, and its incident."""
    folder = tmp_path_factory.mktemp("demo")
    made = demo_plant.write_plant(folder / "plant", 400, 7)
    data = folder / "data"
    assert lotgraph(data, "load", str(folder / "plant")).returncode == 0
    return data, folder / "plant", made.incident


def test_a_breach_on_the_demo_plant_is_told_at_the_next_import(
    demo: tuple[Path, Path, demo_plant.Incident], tmp_path: Path
) -> None:
    data, sheets, planted = demo
    asked = ("--supplier", planted.supplier, "--supplier-lot", planted.supplier_lot_no)
    case = run(data, "incident", "open", *asked, "--title", "notice", "--product", "food", *MEI)
    number = case["number"]
    assert case["scopes"][0]["certain"] + case["scopes"][0]["possible"] > 10
    held = run(data, "incident", "hold", number, *MEI)
    assert held["unheld"] == []
    spot = next(one for one in held["lines"] if one["place"] == "on_hand" and one["expected"] > 5)
    heads = next(sheets.glob("shipments*.csv")).read_text(encoding="utf-8-sig").splitlines()[0]
    tomorrow = datetime.now() + timedelta(days=1)
    line = {
        "delivery_no": "DN-BREACH", "doc_line_no": "1", "customer_code": "CUS01",
        "event_time": tomorrow.strftime("%Y-%m-%d %H:%M"), "posting_method": "scanner_clock",
        "item_code": spot["item"], "lot_no": spot["lot_no"], "quantity": "2", "uom": spot["uom"],
        "shipped_qty": "2",
    }  # fmt: skip
    (tmp_path / "shipments.csv").write_text(
        heads + "\n" + ",".join(line.get(name, "") for name in heads.split(",")) + "\n",
        encoding="utf-8",
    )
    done = lotgraph(data, "load", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "lotgraph incident alerts" in done.stderr
    alerts = run(data, "incident", "alerts", number)
    assert spot["lot"] in {one["lot"] for one in alerts if one["kind"] == "shipped"}
    assert {"alert"} <= {one["kind"] for one in run(data, "incident", "waiting", number)}


@pytest.mark.parametrize(("language", "word"), [("en", "Deadlines"), ("zh", "时限")])
def test_an_incident_is_shown_in_both_languages(
    demo: tuple[Path, Path, demo_plant.Incident], language: str, word: str
) -> None:
    data, _, planted = demo
    opened = ("--item", planted.item_code, "--title", "test", "--kind", "mock_recall", *MEI)
    number = run(data, "incident", "open", *opened)["number"]
    shown = lotgraph(data, "--lang", language, "incident", "show", number)
    assert shown.returncode == 0, shown.stderr
    assert word in shown.stdout
    refused = lotgraph(data, "--lang", language, "incident", "hold", number, *MEI)
    assert refused.returncode == 2
    assert number in refused.stderr
    assert lotgraph(data, "incident", "show", "nothing").returncode == 4
