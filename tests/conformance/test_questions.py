"""Every question gives exactly the expected rows on every engine."""

from __future__ import annotations

import sys
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graph_model.engines.base import Query
from graph_model.i18n import LANGUAGES, text
from queries.catalogue import questions
from tests.conformance.cases import Case, cases
from tests.conformance.conftest import Plant

ALL = [
    pytest.param(name, case, id=f"{name}-{n}")
    for name, group in cases().items()
    for n, case in enumerate(group)
]


@pytest.mark.parametrize(("name", "case"), ALL)
def test_question_gives_exactly_these_rows(plant: Plant, name: str, case: Case) -> None:
    answer = questions()[name].function(plant.graph, **case.params)
    rows = answer.to_dicts() if isinstance(answer, pl.DataFrame) else [asdict(r) for r in answer]
    assert len(rows) == len({repr(row) for row in rows}), "a row is given twice"
    found = [_named(row, case.columns.split(), plant.names) for row in rows]
    assert sorted(found, key=repr) == sorted(case.rows, key=repr)


def _named(row: dict[str, Any], columns: list[str], names: dict[str, str]) -> tuple[Any, ...]:
    return tuple(names.get(row[column], row[column]) for column in columns)


def test_every_question_has_a_case() -> None:
    assert questions().keys() == cases().keys()


@pytest.mark.parametrize("name", sorted(questions()))
def test_every_case_states_all_parameters(name: str) -> None:
    for case in cases()[name]:
        assert case.params.keys() == questions()[name].params.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_is_worded(language: str) -> None:
    for name in questions():
        assert text(f"question.{name}", language).strip()


def test_every_file_is_bound_to_a_question() -> None:
    folder = Path(str(files("cypher")))
    questions()
    stored = {
        str(path.relative_to(folder)).replace(".ladybug.cypher", ".cypher")
        for path in folder.rglob("*.cypher")
    }
    modules = [module for name, module in sys.modules.items() if name.startswith("queries")]
    values = [value for module in modules for value in vars(module).values()]
    assert stored == {value.path for value in values if isinstance(value, Query)}
