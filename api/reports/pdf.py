"""Sets a document as PDF (A-3u: every character is mapped, fonts inside) with typst, offline.

The content is attached as `content.json`; its SHA-256 is the hash that the report prints.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Literal

import typst

from api.reports.document import Document
from api.reports.glyphs import FONTS
from graph_model.i18n import catalogue, language

STANDARD: Literal["a-3u"] = "a-3u"
"""Fails where a glyph is missing, so that no report leaves with an empty box."""


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
    )


@cache
def _template() -> bytes:
    return files("api.reports").joinpath("template.typ").read_bytes()


def _inputs(document: Document) -> dict[str, str]:
    words = {
        key.removeprefix("report.print."): value
        for key, value in catalogue(language()).items()
        if key.startswith("report.print.")
    }
    return {
        "content": document.content(),
        "digest": document.digest(),
        "words": json.dumps(words, ensure_ascii=False),
    }


def render(document: Document) -> bytes:
    """The document as PDF; the same document gives the same bytes."""
    compiler = typst.Compiler(_template(), font_paths=_fonts())
    made = compiler.compile(
        format="pdf",
        sys_inputs=_inputs(document),
        pdf_standards=STANDARD,
        timestamp=int(document.edition.sealed.timestamp()),
    )
    if not isinstance(made, bytes):
        raise TypeError("typst gave no single file")
    return made


def pages(document: Document, ppi: float = 96) -> list[bytes]:
    """The pages as PNG pictures."""
    compiler = typst.Compiler(_template(), font_paths=_fonts())
    made = compiler.compile(format="png", sys_inputs=_inputs(document), ppi=ppi)
    return made if isinstance(made, list) else [made] if made else []
