"""A printed report as data: head, blocks, completeness line. `pdf` sets it; its hash is of this.

Every text passes through `printable`, so that what stands here is what is printed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from api.reports import figures
from api.reports.edition import Edition
from api.reports.glyphs import printable
from graph_model.i18n import language, text

Block = dict[str, Any]
Cell = str | dict[str, Any]
Align = Literal["left", "right", "center"]
MARKS = ("certain", "recorded", "mixed_stock", "contact", "excluded")
"""How a lot is judged, as printed: the tier, and for possible lots the grade."""


@dataclass(frozen=True)
class Column:
    """A column of a table: heading, width (parts of what is left; 0: as narrow as its content)."""

    head: str
    width: float = 1
    align: Align = "left"


@dataclass(frozen=True)
class Document:
    """A report: what it is, about what, on which edition, and how complete."""

    kind: str
    title: str
    subject: str
    edition: Edition
    state: str
    blocks: Sequence[Block] = field(default_factory=tuple)

    def content(self) -> str:
        """All that is printed, as canonical JSON."""
        whole = {
            "kind": self.kind,
            "language": language(),
            "title": self.title,
            "subject": self.subject,
            "company": self.edition.company,
            "batch": self.edition.batch,
            "head": self.edition.head,
            "sealed": figures.stamp(self.edition.sealed, self.edition.zone),
            "zone": self.edition.zone.key,
            "state": self.state,
            "blocks": list(self.blocks),
        }
        return json.dumps(_seen(whole), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def digest(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(self.content().encode()).hexdigest()


def _seen(value: Any, name: str = "") -> Any:
    if isinstance(value, str):
        return value if name == "svg" else printable(value)
    if isinstance(value, dict):
        return {key: _seen(part, key) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_seen(part) for part in value]
    return value


# ---------------------------------------------------------------------------- blocks


def heading(words: str, *, new_page: bool = False) -> Block:
    """A heading of a section."""
    return {"type": "heading", "text": words, "new_page": new_page}


def subheading(words: str) -> Block:
    """A heading within a section."""
    return {"type": "subheading", "text": words}


def paragraph(words: str) -> Block:
    """A paragraph."""
    return {"type": "text", "text": words}


def points(lines: Iterable[str]) -> Block:
    """A list of points."""
    return {"type": "points", "lines": list(lines)}


def figure_row(pairs: Iterable[tuple[str, str]]) -> Block:
    """A few figures side by side, each with its label."""
    return {"type": "figures", "pairs": [list(pair) for pair in pairs]}


def facts(pairs: Iterable[tuple[str, Cell]]) -> Block:
    """Labels with their values."""
    return {"type": "facts", "pairs": [list(pair) for pair in pairs]}


def table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> Block:
    """A table; its rows count in the foot of the page. Without rows it says that there are none."""
    return {
        "type": "table",
        "heads": [column.head for column in columns],
        "widths": [column.width for column in columns],
        "aligns": [column.align for column in columns],
        "rows": [list(row) for row in rows],
    }


def picture(svg: str, caption: str) -> Block:
    """A drawing."""
    return {"type": "picture", "svg": svg, "caption": caption}


def signatures(roles: Iterable[str]) -> Block:
    """Lines to sign on, each for one role: name, date, signature."""
    return {"type": "signatures", "roles": list(roles)}


def address(lines: Iterable[str], place_and_date: str) -> Block:
    """Head of a letter."""
    return {"type": "address", "lines": list(lines), "date": place_and_date}


def judged(mark: str, words: str | None = None) -> Cell:
    """A cell with the sign of how a lot is judged, and its word."""
    return {"mark": mark, "text": text(f"report.mark.{mark}") if words is None else words}


TICK: Cell = {"tick": True}
"""A box to tick by hand."""
BLANK: Cell = {"blank": True}
"""Room to write in by hand."""


def mark(tier: str | None, grade: str | None) -> str:
    """How a lot is judged, as one word: certain, a grade of possible, or excluded."""
    return (grade or "recorded") if tier == "possible" else tier or "excluded"
