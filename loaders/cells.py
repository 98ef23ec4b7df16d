"""What a cell says by itself: a sum, a day, an amount, a label with its value, a field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from loaders.headings import meanings

Cells = tuple[str | None, ...]

_TOTAL = re.compile(
    r"^(本[页日周月年批次]|当[日月]|grand|sub|page|month|day|running)?[\s-]*"
    r"(小计|合计|总计|共计|累计|总和|totals?|sum)([\s(（:：].*)?$|^\*{1,3}$",
    re.IGNORECASE,
)
_DAY = re.compile(
    r"^\d{4}\s*[-/.年]\s*\d{1,2}(\s*[-/.月]\s*\d{1,2}日?)?([ T]00:00:00)?$"
    r"|^\d{1,2}\s*月(\s*\d{1,2}\s*[日号])?$|^\d{1,2}[-/]\d{1,2}([-/]\d{2,4})?$"
    r"|^\d{1,2}[-/ ]?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*([-/ ]?\d{2,4})?$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^[-+]?[\d,，\s]*\.?\d+%?$")
_LABEL = re.compile(r"^\s*([^:：\d][^:：]{0,24}?)\s*[:：]\s*(.*)$", re.DOTALL)
_PAGE = re.compile(r"^(第\s*\d+\s*页|page\s*\d+|共\s*\d+\s*页).*$", re.IGNORECASE)


def is_total(cell: str | None) -> bool:
    """Whether a cell says that its row or column sums others up."""
    return _fits(_TOTAL, cell)


def is_day(cell: str | None) -> bool:
    """Whether a heading is a date."""
    return _fits(_DAY, cell)


def is_number(cell: str | None) -> bool:
    """Whether a cell is an amount, and nothing else."""
    return _fits(_NUMBER, cell)


def _fits(pattern: re.Pattern[str], cell: str | None) -> bool:
    return bool(cell and pattern.match(unicodedata.normalize("NFKC", cell).strip()))


def is_label(cell: str) -> bool:
    """Whether a cell stands for itself, as `制表：刘强` or a page number does."""
    return bool(_LABEL.match(cell) or _PAGE.match(cell.strip()))


def is_title(cells: Cells) -> bool:
    """Whether a row is one text that stands over what follows."""
    filled = [cell for cell in cells if cell]
    return len(filled) == 1 and not (
        is_number(filled[0]) or is_total(filled[0]) or is_label(filled[0])
    )


def speaks(cell: str | None) -> bool:
    """Whether a cell is a listed heading of some field."""
    return bool(meanings(cell or ""))


def labelled(cells: Cells) -> dict[str, str]:
    """`单位：kg` in one cell, or `Work order:` with its value in the next."""
    found: dict[str, str] = {}
    filled = [cell.strip() for cell in cells if cell]
    waiting = None
    for cell in filled:
        if waiting is not None:
            found[waiting], waiting = cell, None
            continue
        for part in re.split(r"\s{2,}|[;；()（）]", cell):
            said = _LABEL.match(part)
            if said and said[2]:
                found[said[1]] = said[2].strip()
            elif said and part is cell:
                waiting = said[1]
    return found


def are_remarks(cells: Sequence[str]) -> bool:
    """Whether all cells are `label: text`, or the text behind a label."""
    waiting = False
    for cell in cells:
        if not is_label(cell) and not waiting:
            return False
        waiting = cell.rstrip().endswith((":", "："))
    return True
