"""`lotgraph infer` end to end: a network loaded, cases and rules in, JSON and tables out."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from graph_model.errors import BadInput
from queries.recall.inference_cases import Case, load
from tests.unit.inference_case import Delivery, Net
from tests.unit.test_cli import lotgraph

NET = Net(
    [
        Delivery("-1", "farm", "mill"),
        Delivery("-2", "mill", "shop"),
        Delivery("-3", "mill", "inn"),
        Delivery("-4", "quarry", "mill"),
    ],
    {("-1", "-2"), ("-1", "-3"), ("-4", "-3")},
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the network loaded."""
    folder = tmp_path_factory.mktemp("network")
    NET.load(folder)
    data = tmp_path_factory.mktemp("infer") / "data"
    done = lotgraph(data, "load", str(folder), "--as", "foodchainlab")
    assert done.returncode == 0, done.stderr
    return data


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.csv"
    path.write_text("kind,id,weight\nsite,shop,1\ncustomer,inn,1/2\n", encoding="utf-8")
    return path


def test_json_has_the_scores_of_stations_deliveries_and_lots(data: Path, cases: Path) -> None:
    done = lotgraph(data, "infer", "--cases", str(cases), "--json")
    assert done.returncode == 0, done.stderr
    whole = json.loads(done.stdout)
    assert whole["complete"]
    assert whole["weight"] == {"positive": "3/2", "negative": "0"}
    farm = {row["id"]: row for row in whole["stations"]}["farm"]
    assert farm == {
        "id": "farm", "name": "farm", "score": "1", "positive": "1", "negative": "0",
        "normalized": "1", "common_link": True,
    }  # fmt: skip
    scores = {row["id"]: row["score"] for row in whole["deliveries"]}
    assert scores == {"-1": "1", "-2": "2/3", "-3": "1/3", "-4": "1/3"}
    assert whole["deliveries"][0]["id"] == "-1"
    assert {row["id"] for row in whole["lots"]} == scores.keys()
    assert "forward" not in farm


def test_rules_act_and_stand_with_the_answer(data: Path, cases: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[[cross_contamination]]\nsite = 'mill'\n[[kill]]\ndelivery = '-1'\n")
    done = lotgraph(data, "infer", "--cases", str(cases), "--rules", str(rules), "--json")
    whole = json.loads(done.stdout)
    scores = {row["id"]: row["score"] for row in whole["stations"]}
    assert (scores["farm"], scores["quarry"]) == ("0", "1")
    assert whole["rules"]["kills"] == [
        {"site": None, "lot": None, "delivery": "-1", "operation": None}
    ]


def test_observed_ids_may_begin_with_a_minus_and_follow_one_option(data: Path) -> None:
    done = lotgraph(data, "infer", "--observe", "-2", "-4", "--json")
    assert done.returncode == 0, done.stderr
    whole = json.loads(done.stdout)
    marked = {
        way: {row["id"] for kind in ("stations", "deliveries") for row in whole[kind] if row[way]}
        for way in ("forward", "backward")
    }
    assert marked == {
        "forward": {"-3", "shop", "mill", "inn"},
        "backward": {"-1", "farm", "mill", "quarry"},
    }


def test_the_screen_shows_tables_in_both_languages(data: Path, cases: Path) -> None:
    for lang, words in (("en", ("Stations", "common link")), ("zh", ("站点", "共同环节"))):
        done = lotgraph(data, "--lang", lang, "infer", "--cases", str(cases))
        assert done.returncode == 0, done.stderr
        assert all(word in done.stdout for word in words)


def test_a_candidate_says_what_it_explains_and_what_speaks_against_it(
    data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "cases.csv"
    path.write_text("kind,id,weight\nsite,shop,1\nsite,inn,-1\n", encoding="utf-8")
    done = lotgraph(data, "infer", "--cases", str(path), "--why", "-4", "--json")
    assert done.returncode == 0, done.stderr
    delivery, lot = json.loads(done.stdout)
    assert delivery == {
        "kind": "delivery", "id": "-4", "explains": [],
        "against": [{"kind": "station", "id": "inn", "weight": "-1", "via": ["-4", "-3"]}],
        "unexplained": [{"kind": "station", "id": "shop", "weight": "1"}],
    }  # fmt: skip
    assert lot == delivery | {"kind": "lot"}
    shown = lotgraph(data, "--lang", "zh", "infer", "--cases", str(path), "--why", "farm").stdout
    assert "可解释" in shown
    assert "相悖" in shown
    assert "-1 → -3" in shown


def test_all_rows_go_into_a_file(data: Path, cases: Path, tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    done = lotgraph(data, "infer", "--cases", str(cases), "--output", str(path))
    assert done.returncode == 0, done.stderr
    rows = pl.read_csv(path, infer_schema=False)
    kinds = rows[rows.columns[0]].alias("kind")
    assert kinds.value_counts().sort("kind").rows() == [
        ("deliveries", 4), ("lots", 4), ("stations", 5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--cases", "--observe"]),
        (["what"], ["what", "--observe"]),
        (["--observe", "nobody"], ["nobody"]),
        (["--cases", "absent.csv"], ["absent.csv"]),
    ],
)
def test_what_cannot_be_used_is_refused(data: Path, arguments: list[str], words: list[str]) -> None:
    done = lotgraph(data, "infer", *arguments)
    assert done.returncode == 2
    assert all(word in done.stderr for word in words)


def test_cases_are_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text('\ufeffID, Kind\n007,Site\n\n"a,b",lot\n', encoding="utf-8")
    assert [(case.kind, case.id, str(case.weight), case.row) for case in load(path)] == [
        ("site", "007", "1", 2), ("lot", "a,b", "1", 4),
    ]  # fmt: skip
    path.write_text("kind,id,weight\nsite,a,-0.25\nlot,b,2/3\n", encoding="utf-8")
    assert [str(case.weight) for case in load(path)] == ["-1/4", "2/3"]
    assert isinstance(load(path)[0], Case)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["cases.csv"]),
        ("kind,id\n", ["cases.csv"]),
        ("kind,name\nsite,a\n", ["kind, name"]),
        ("kind,id,weight,more\nsite,a,1,1\n", ["more"]),
        ("kind,id,weight\nsite,a,1\nsite,b\n", ["row 3", "cells"]),
        ("kind,id,weight\nplace,a,1\n", ["row 2", "'place'"]),
        ("kind,id,weight\nsite,,1\n", ["row 2", "empty"]),
        ("kind,id,weight\nsite,a,much\n", ["'much'"]),
        ("kind,id,weight\nsite,a,nan\n", ["'nan'"]),
        ("kind,id,weight\nsite,a,1/0\n", ["'1/0'"]),
        ("kind,id,weight\nsite,a,1e999999999\n", ["1e999999999"]),
    ],
)
def test_cases_that_cannot_be_read_are_refused(
    content: str, words: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load(path)
    assert all(word in str(caught.value) for word in words), str(caught.value)
