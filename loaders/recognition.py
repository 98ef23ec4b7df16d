"""Which sheet a table is: by its name, by words in its name, else by its headings.

`sheet_words.json` lists words that people name files and tabs with. A word may stand for several
sheets (`入库` is a receipt of either kind): then the headings decide, and where they do not, none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from loaders.headings import heading_row, match, normal, sheet_named
from loaders.plant.sheets import SHEETS, Sheet

_ENOUGH = 4
"""So many headings make a table of one sheet where its name says nothing."""

_ASKED = ("申请", "通知", "预测", "requisition", "request", "notice", "forecast")

Head = Sequence[Sequence[str | None]]


@dataclass(frozen=True)
class Recognised:
    """The sheet that a table is taken for, and what told it."""

    sheet: Sheet
    by: Literal["name", "word", "headings"]


def recognise(name: str, head: Callable[[], Head]) -> Recognised | None:
    """The sheet of a file or tab of this name; `head` gives its first rows, if they are needed."""
    if sheet := sheet_named(name):
        return Recognised(sheet, "name")
    named = _named(name)
    if any(word in normal(name) for word in _ASKED):
        # What was asked for did not happen yet, and is no record of it.
        named = [sheet for sheet in named if not sheet.movement]
        return Recognised(named[0], "word") if len(named) == 1 else None
    if len(named) == 1:
        return Recognised(named[0], "word")
    sheet = _by_headings(head(), named)
    return Recognised(sheet, "headings") if sheet else None


@cache
def sheet_words() -> dict[str, list[str]]:
    """Words in names of files and tabs, by sheet."""
    source = files("loaders").joinpath("sheet_words.json").read_text(encoding="utf-8")
    found: dict[str, list[str]] = json.loads(source)
    return found


@cache
def _sheets_by_word() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for sheet, listed in sheet_words().items():
        for word in listed:
            found.setdefault(normal(word), []).append(sheet)
    return found


def _named(name: str) -> list[Sheet]:
    """Sheets that words of a name stand for; a word inside a longer one says nothing."""
    plain = normal(name)
    words = [word for word in _sheets_by_word() if word in plain]
    longest = [word for word in words if not any(word != w and word in w for w in words)]
    meant = {sheet for word in longest for sheet in _sheets_by_word()[word]}
    return [sheet for sheet in SHEETS if sheet.name in meant]


def _by_headings(head: Head, named: Sequence[Sheet]) -> Sheet | None:
    """The sheet that clearly more headings belong to than to any other, of those named if any."""
    among = named or SHEETS
    ranked = sorted(((_fit(head, sheet), sheet.name) for sheet in among), reverse=True)
    (best, name), (second, _) = ranked[0], ranked[1]
    if best == second or best < (2 if named else _ENOUGH):
        return None
    return next(sheet for sheet in among if sheet.name == name)


def _fit(head: Head, sheet: Sheet) -> int:
    """Headings that this sheet knows, and those that say its deed (`领料日期`)."""
    position = heading_row(head, sheet)
    if position is None:
        return 0
    headings = [normal(cell) for cell in head[position] if cell]
    deeds = [word for word, sheets in _sheets_by_word().items() if sheets == [sheet.name]]
    said = sum(any(word in heading for word in deeds) for heading in headings)
    known = match(head[position], sheet)
    if not known.columns or len(known.columns) < len(known.unknown):
        return 0
    return len(known.columns) + (said if sheet.movement else 0)
