"""Every text a person can meet exists in both languages, with the same placeholders."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph_model import errors
from graph_model.i18n import LANGUAGES, catalogue

ROOT = Path(__file__).parents[2]
PACKAGES = ("graph_model", "loaders", "queries", "dashboard", "api")


def trees() -> Iterator[tuple[Path, ast.Module]]:
    """The parsed modules of the product."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def error_codes() -> set[tuple[str, str]]:
    """(module, code) of every error that is raised with a literal code."""
    kinds = {name for name, value in vars(errors).items() if isinstance(value, type)}
    return {
        (str(path.relative_to(ROOT)), node.args[0].value)
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in kinds
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def text_keys() -> set[tuple[str, str]]:
    """(module, key) of every text that is asked for with a literal key."""
    return {
        (str(path.relative_to(ROOT)), node.args[0].value)
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "text"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and "." in node.args[0].value
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_error_has_a_message(lang: str) -> None:
    codes = error_codes()
    assert codes
    assert not {(at, code) for at, code in codes if f"error.{code}" not in catalogue(lang)}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_text_exists(lang: str) -> None:
    assert not {(at, key) for at, key in text_keys() if key not in catalogue(lang)}


def placeholders(text: str) -> set[str]:
    """Names that a text expects."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_languages_have_the_same_keys_and_placeholders() -> None:
    first, *others = (catalogue(lang) for lang in LANGUAGES)
    for other in others:
        assert first.keys() == other.keys()
        assert not {key for key in first if placeholders(first[key]) != placeholders(other[key])}
