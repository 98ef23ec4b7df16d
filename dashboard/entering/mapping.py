"""How tables of files are read: what a person may choose, and the presets that were kept."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import quote

from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.forms import dialog, form
from dashboard.components.parts import button, empty, panel
from dashboard.url import State
from dashboard.visit import Visit
from graph_model.i18n import catalogue, language, text
from loaders.findings_workbook import field_name
from loaders.plant.dates import ORDERS
from loaders.plant.sheets import SHEETS
from loaders.presets import Preset, Presets

_SAID = (
    "title", "hint", "kind", "heading", "cells", "field", "why", "asks", "none", "left_out",
    "dates", "above", "add", "keep", "keep_hint", "load", "rows", "apart", "to_confirm",
)  # fmt: skip
"""Texts that the script shows."""


def choices() -> str:
    """As JSON: kinds and fields to choose from, the words for both, and for reasons."""
    return _choices(language())


@cache
def _choices(lang: str) -> str:
    said = catalogue(lang)

    def under(prefix: str) -> dict[str, str]:
        return {
            name.removeprefix(prefix): told
            for name, told in said.items()
            if name.startswith(prefix)
        }

    fields = {sheet.name: list(sheet.fields) for sheet in SHEETS}
    names = sorted({name for listed in fields.values() for name in listed})
    return json.dumps(
        {
            "kinds": {sheet.name: said[f"import.sheet.{sheet.name}"] for sheet in SHEETS},
            "fields": fields,
            "names": {name: field_name(name, lang) for name in names},
            "orders": {name: said[f"mapping.dates.{name or 'ymd'}"] for name in ("", *ORDERS)},
            "why_kind": under("mapping.kind."),
            "why_column": under("mapping.column."),
            "said": {name: said[f"mapping.screen.{name}"] for name in _SAID},
        },
        ensure_ascii=False,
    )


def listing(visit: Visit, state: State) -> html.Section:
    """The presets: what they read, who kept them and when."""
    title = text("mapping.list")
    rows = _presets(visit).all()
    if not rows:
        return panel(title, empty(text("mapping.screen.no_presets")))
    may = visit.can("import.run")
    lines = [
        [html.B(one.name), _kinds(one), one.who, words.day(int(one.at * 1e6), visit.zone),
         button(text("mapping.screen.delete"), state.link(ask="unpreset", preset=one.name),
                kind="small") if may else None]
        for one in rows
    ]  # fmt: skip
    heads = [text(f"mapping.head.{name}") for name in ("preset", "kind", "who")]
    return panel(title, parts.table([*heads, text("screen.data.when"), ""], lines, label=title))


def _kinds(preset: Preset) -> str:
    kinds = dict.fromkeys(table.kind for table in preset.tables)
    none = text("mapping.none")
    return ", ".join(text(f"import.sheet.{kind}") if kind else none for kind in kinds)


def _presets(visit: Visit) -> Presets:
    return Presets(visit.desk.ledger.records)


def asked(visit: Visit, state: State) -> Any:
    """The dialog that forgets a preset."""
    name = state.one("preset")
    if state.one("ask") != "unpreset" or not name or not visit.can("import.run"):
        return None
    close = state.link(ask=None, preset=None)
    address = f"/api/v1/presets/{quote(name, safe='')}"
    made = form(address, [], text("mapping.screen.delete"), method="DELETE", close=close,
                then=close, done=text("screen.form.done"))  # fmt: skip
    return dialog(text("mapping.screen.delete_it", name=name),
                  html.P(text("mapping.screen.delete_does"), className="meta"), made,
                  close=close)  # fmt: skip
