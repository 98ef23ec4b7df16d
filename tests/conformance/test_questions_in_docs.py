"""The queries of docs/cypher.md give what the page says, on both engines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graph_model.engines.ladybug import LadybugGraph
from graph_model.engines.neo4j import Neo4jDatabase
from tests.conformance.conftest import DATABASES, Plant

PAGE = (Path(__file__).parents[2] / "docs" / "cypher.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Shown:
    """A query of the page: its texts by engine (empty: all), parameters and answer."""

    title: str
    texts: dict[str, str]
    params: dict[str, str]
    heads: list[str]
    rows: list[list[str]]


def shown() -> list[Shown]:
    """All queries of the page."""
    found = []
    for section in PAGE.split("\n## ")[1:]:
        texts = dict(re.findall(r"```cypher ?(\w*)\n(.*?)\n```", section, flags=re.DOTALL))
        params = dict(re.findall(r"`\$(\w+)` = `([^`]+)`", section))
        table = [line.strip("|").split("|") for line in section.splitlines() if line[:1] == "|"]
        heads, _, *rows = [[cell.strip() for cell in line] for line in table]
        found.append(Shown(section.splitlines()[0], texts, params, heads, rows))
    return found


def test_page_has_ten_queries() -> None:
    assert [query.title.split()[0] for query in shown()] == [str(n) for n in range(1, 11)]


@pytest.mark.parametrize("query", shown(), ids=lambda query: query.title)
def test_query_of_the_page_gives_its_answer(
    plant: Plant, query: Shown, request: pytest.FixtureRequest
) -> None:
    engine = request.node.callspec.params["plant"]
    if isinstance(plant.graph, LadybugGraph):
        text = query.texts.get("ladybug") or query.texts[""]
        plant.graph._run("CALL var_length_extend_max_depth=1000")
        frame = plant.graph._frame(text, query.params)
        heads, values = frame.columns, [list(row) for row in frame.iter_rows()]
    else:
        database: Neo4jDatabase = request.getfixturevalue(DATABASES[engine])
        text = query.texts.get("neo4j") or query.texts[""]
        heads, values = database.read(lambda tx: answer(tx, text, query.params))
    rows = [["" if value is None else str(value) for value in row] for row in values]
    assert heads == query.heads
    assert sorted(rows) == sorted(query.rows)


def answer(tx: Any, text: str, params: dict[str, str]) -> tuple[list[str], list[list[Any]]]:
    result = tx.run(text, params)
    return list(result.keys()), result.values()
