"""docs/import.md from the sheets: `python -m loaders.plant.docs` writes it anew.

A test compares the file with `page()`, so that sheets and page are changed together.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from graph_model.i18n import text
from loaders.headings import words
from loaders.plant.sheets import SHEETS, Sheet, type_of
from loaders.recognition import sheet_words

PAGE = Path(__file__).parents[2] / "docs" / "import.md"
_RULES = (
    "place",
    "optional",
    "headings",
    "shapes",
    "chosen",
    "presets",
    "numbers",
    "times",
    "lots",
    "lines",
    "orders",
    "again",
    "aside",
    "network",
)


def page() -> str:
    """The page: rules, then each sheet with its fields, then the words of fields that have some."""
    lines = [f"# {_text('title')}", "", _text("written_by"), ""]
    lines += [f"- {_text(f'rules.{rule}')}" for rule in _RULES]
    for sheet in SHEETS:
        lines += ["", *_sheet(sheet)]
    lines += ["", f"## {_text('words')}", "", *_words()]
    return "\n".join(lines).rstrip() + "\n"


def _text(name: str) -> str:
    return text(f"template.{name}", "en")


def _sheet(sheet: Sheet) -> Iterable[str]:
    key = f"import.sheet.{sheet.name}"
    heading = f"## {text(key, 'en')} · {text(key, 'zh_CN')}"
    names = f"`{sheet.name}.csv`, `{text(key, 'zh_CN')}.csv`"
    yield from (heading, "", f"{_text(f'about.{sheet.name}')} {_text('name')}: {names}.")
    yield from (f"{_text('also')}: {', '.join(sheet_words()[sheet.name])}.", "")
    header = [_text(name) for name in ("column", "name", "chinese", "type", "meaning")]
    yield from _table(header, (_field(name) for name in sheet.fields))


def _field(name: str) -> list[str]:
    label = f"import.field.{name}"
    kind = _text(f"kind.{type_of(name)}")
    return [text(label, "en"), f"`{name}`", text(label, "zh_CN"), kind, _text(f"help.{name}")]


def _words() -> Iterable[str]:
    header = [_text(name) for name in ("column", "code", "accepted")]
    rows = (
        [f"`{field}`" if field != "flag" else _text("kind.flag"), f"`{code}`", ", ".join(accepted)]
        for field, codes in words().items()
        for code, accepted in codes.items()
    )
    return _table(header, rows)


def _table(header: list[str], rows: Iterable[list[str]]) -> Iterable[str]:
    for row in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
