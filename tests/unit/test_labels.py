"""Everything the schema and the answers name has a label in both languages."""

from __future__ import annotations

import sys
from dataclasses import fields

import pytest

from graph_model import schema
from graph_model.engines.base import Query
from graph_model.engines.tables import edges
from graph_model.i18n import LANGUAGES, catalogue, label
from queries import people, quality, trace
from queries.catalogue import questions


def named() -> set[str]:
    """Kinds, edges, fields, and the columns of answers."""
    names = {"key", *schema.KINDS, *(table.name for table in edges())}
    names |= {column.label for kind in schema.KINDS.values() for column in schema.columns(kind)}
    questions()
    modules = [module for name, module in sys.modules.items() if name.startswith("queries.")]
    values = [value for module in modules for value in vars(module).values()]
    rows = {value.row for value in values if isinstance(value, Query)}
    rows |= {trace.DirectedLot, people.Deed, quality.SiblingLot}
    return names | {item.name for row in rows for item in fields(row)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_has_a_label(language: str) -> None:
    assert not [name for name in sorted(named()) if not label(name, language).strip()]


def test_languages_label_the_same_names() -> None:
    keys = [{key for key in catalogue(name) if key.startswith("label.")} for name in LANGUAGES]
    assert keys[0] == keys[1]
