"""Texts in English and zh-CN: one TOML file a language and area, one flat key a text.

`text("error.not_found", number="F1")` looks the key up in the language in force, then fills the
named placeholders. A key that is missing in one language fails the tests, never a user's run.
"""

from __future__ import annotations

import tomllib
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "zh_CN")
_language: ContextVar[str] = ContextVar("language", default="en")


def use_language(name: str) -> None:
    """Set the language of this context; `zh` and `zh-CN` mean `zh_CN`."""
    _language.set("zh_CN" if name.lower().startswith("zh") else "en")


def language() -> str:
    """The language in force."""
    return _language.get()


def _flatten(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


@cache
def catalogue(name: str) -> dict[str, str]:
    """All texts of one language by key."""
    texts: dict[str, str] = {}
    for path in sorted(files(__name__).joinpath(name).iterdir(), key=lambda entry: entry.name):
        if path.name.endswith(".toml"):
            texts |= _flatten(tomllib.loads(path.read_text(encoding="utf-8")))
    return texts


def text(key: str, lang: str | None = None, /, **params: Any) -> str:
    """The text of a key in the language in force (or `lang`), with its placeholders filled."""
    return catalogue(lang or language())[key].format(**params)


def label(name: str, lang: str | None = None) -> str:
    """The label of a field, node or edge."""
    return text(f"label.{name}", lang)
