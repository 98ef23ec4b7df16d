"""Which sheet a table is: by its name, by words in its name or title, else by its headings.

`sheet_words.json` lists words that people name files and tabs with. A word may stand for several
sheets (`入库` is a receipt of either kind): then the headings decide, and where they do not, none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from loaders.headings import heading_row, likely, match, meanings, normal, sheet_named
from loaders.plant.sheets import SHEETS, Sheet

_ENOUGH = 4
"""So many headings make a table of one sheet where its name says nothing."""

_USUAL = ("receipts", "issues", "outputs", "shipments", "stock")
"""What factories keep most: of several that fit alike the likelier one."""
_ASKED = ("申请", "通知", "预测", "requisition", "request", "notice", "forecast")

Told = Literal["name", "word", "title", "headings", "preset"]
Head = Sequence[Sequence[str | None]]


@dataclass(frozen=True)
class Recognised:
    """The sheet that a table is taken for, and what told it."""

    sheet: Sheet
    by: Told


def recognise(name: str, head: Head) -> Recognised | None:
    """The sheet of a file or tab of this name; `head`: its first rows."""
    if sheet := sheet_named(name):
        return Recognised(sheet, "name")
    named = _named(name)
    if any(word in normal(name) for word in _ASKED):
        # What was asked for did not happen yet, and is no record of it.
        named = [sheet for sheet in named if not sheet.movement]
        return Recognised(named[0], "word") if len(named) == 1 else None
    if len(named) == 1:
        return Recognised(named[0], "word")
    sheet = _by_headings(head, named)
    return Recognised(sheet, "headings") if sheet else None


def among(name: str, head: Head) -> Sheet | None:
    """The sheet that words of a title or file name stand for, where the headings bear it out."""
    named = _named(name)
    if any(word in normal(name) for word in _ASKED):
        named = [sheet for sheet in named if not sheet.movement]
    return _by_headings(head, named) if named else None


def recognise_likely(names: Sequence[str], headings: Sequence[str]) -> Sheet | None:
    """The sheet that a table may be, by all its words and headings; a person confirms it."""
    named = {sheet.name for name in names for sheet in _named(name)}
    asked = any(word in normal(name) for name in names for word in _ASKED)
    ranked = []
    for sheet in SHEETS:
        if asked and sheet.movement:
            continue
        known = set(match(headings, sheet).columns)
        maybe = {
            name for heading in headings if not meanings(heading)
            for name in likely(heading)[:2] if name in sheet.fields
        } - known  # fmt: skip
        named_items = any("item_name" in meanings(heading) for heading in headings)
        fit = 2.0 * len(known) + len(maybe) + 2.0 * _said(headings, sheet)
        fit += 1.0 * (named_items and "item_code" in sheet.fields and "item_code" not in known)
        fit += 3.0 * (sheet.name in named and fit > 1) + 0.5 * (sheet.name in _USUAL)
        ranked.append((fit, sheet.name))
    (best, name), (second, _) = sorted(ranked, reverse=True)[:2]
    if best < _ENOUGH or best == second:
        return None
    return next(sheet for sheet in SHEETS if sheet.name == name)


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
    sheets = named or SHEETS
    ranked = sorted(((_fit(head, sheet), sheet.name) for sheet in sheets), reverse=True)
    (best, name), (second, _) = (*ranked, (0, ""))[:2]
    if best == second or best < (2 if named else _ENOUGH):
        return None
    return next(sheet for sheet in sheets if sheet.name == name)


def _fit(head: Head, sheet: Sheet) -> int:
    """Headings that this sheet knows, and those that say its deed (`领料日期`)."""
    position = heading_row(head, sheet)
    if position is None:
        return 0
    known = match(head[position], sheet)
    if not known.columns or len(known.columns) < len(known.unknown):
        return 0
    said = _said([cell for cell in head[position] if cell], sheet)
    return len(known.columns) + (said if sheet.movement else 0)


def _said(headings: Sequence[str], sheet: Sheet) -> int:
    """Headings that say the deed of this sheet alone."""
    deeds = [word for word, sheets in _sheets_by_word().items() if sheets == [sheet.name]]
    # An amount that was scrapped stands in lists of what was made.
    others = [heading for heading in headings if "scrap_qty" not in meanings(heading)]
    return sum(any(word in normal(heading) for word in deeds) for heading in others)
