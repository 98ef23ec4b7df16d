"""Texts in English and zh-CN: one TOML file a language and area, one flat key a text.

`text("error.not_found", number="F1")` looks the key up in the language in force, then fills the
named placeholders. A key that is missing in one language fails the tests, never a user's run.
"""

from __future__ import annotations

import string
import tomllib
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from graph_model.settings import Settings

LANGUAGES = ("en", "zh_CN")
_zone = ZoneInfo(Settings.model_fields["timezone"].default)
_language: ContextVar[str] = ContextVar("language", default="en")


def use_language(name: str) -> None:
    """Set the language of this context; `zh` and `zh-CN` mean `zh_CN`."""
    _language.set("zh_CN" if name.lower().startswith("zh") else "en")


def language() -> str:
    """The language in force."""
    return _language.get()


def use_timezone(name: str) -> None:
    """Set the time zone of all texts of this process: that of the plant."""
    global _zone
    _zone = ZoneInfo(name)


def time_text(stamp: int) -> str:
    """A moment (us UTC) as people of the plant read it, with what its clock is ahead of UTC."""
    return datetime.fromtimestamp(stamp / 1e6, _zone).isoformat(" ", "minutes")


def date_text(stamp: int) -> str:
    """The day of a moment (us UTC) at the plant."""
    return f"{datetime.fromtimestamp(stamp / 1e6, _zone):%Y-%m-%d}"


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
    return _WORDS.vformat(catalogue(lang or language())[key], (), params)


class _Words(string.Formatter):
    """`{count:lot|lots}` writes the first word for one and the second for any other number."""

    def format_field(self, value: Any, spec: str) -> str:
        one, bar, many = spec.partition("|")
        if bar:
            return one if str(value) == "1" else many
        return str(super().format_field(value, spec))


_WORDS = _Words()


def label(name: str, lang: str | None = None) -> str:
    """The label of a field, node or edge."""
    return text(f"label.{name}", lang)
