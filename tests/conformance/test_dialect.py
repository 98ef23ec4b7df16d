"""Stored questions keep to what all engines answer alike."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

FOLDER = Path(str(files("cypher")))
STORED = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.cypher"))
TWINS = [name for name in STORED if name.endswith(".ladybug.cypher")]
SHARED = [name for name in STORED if name not in TWINS]

# No error, other answer: see the engines' own documents on labels, lists and text.
DIFFERS = {
    "two labels mean both or either": r"\(\w*:\w+:\w+",
    "lists and text count from 0 or 1": r"\w\[\d|substring\(|\]\[",
    "labels(n) is a list or a text": r"\blabels?\(|\btype\(",
    "times come back as other types": r"\bdatetime\(|\btimestamp\(",
    "a list as parameter is scanned for every row": r"\bIN\s+\$",
    "a limited answer does not say so": r"\bLIMIT\b",
}


def body(name: str) -> str:
    return re.sub(r"//.*", "", (FOLDER / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", STORED)
def test_question_avoids_what_engines_answer_differently(name: str) -> None:
    found = [why for why, pattern in DIFFERS.items() if re.search(pattern, body(name))]
    assert not found


@pytest.mark.parametrize("name", SHARED)
def test_search_of_any_depth_has_a_twin_and_visits_each_node_once(name: str) -> None:
    if "*" in body(name):
        assert name.replace(".cypher", ".ladybug.cypher") in TWINS
        assert re.search(r"\*1\.\.\]", body(name)), "a lower bound of 2 or more walks every path"
        assert re.search(r"WITH \w+, min\(length\(p\)\)", body(name)), "paths are never listed"


@pytest.mark.parametrize("name", TWINS)
def test_twin_searches_shortest_only(name: str) -> None:
    assert re.search(r"\* SHORTEST 1\.\.1000\b", body(name))
    assert name.replace(".ladybug.cypher", ".cypher") in SHARED
