"""Lot numbers by the plant's rule.

`{yy}{mm}{dd}-{order}-{nn}`: day of the device at the plant, order, item, line, and a counter as
wide as it has n. The next number is the first whose text no lot of the item carries.
"""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import UTC, datetime
from itertools import count
from zoneinfo import ZoneInfo

from graph_model.errors import BadInput

_PART = re.compile(r"\{([a-z]+)\}")
_PARTS = ("yyyy", "yy", "mm", "dd", "order", "item", "line")


def check(rule: str) -> None:
    """Raises BadInput for a rule with an unknown part or without a counter."""
    names = _PART.findall(rule)
    unknown = [name for name in names if name not in _PARTS and set(name) != {"n"}]
    if unknown or sum(set(name) == {"n"} for name in names) != 1:
        raise BadInput("lot_rule", rule=rule, parts=", ".join((*_PARTS, "n")))


def following(
    rule: str, taken: Container[str], *, at: int, zone: str, order: str, item: str, line: str = ""
) -> str:
    """The next free number; `taken`: numbers of the item; `at`: microseconds UTC."""
    check(rule)
    day = datetime.fromtimestamp(at / 1e6, UTC).astimezone(ZoneInfo(zone))
    known = {
        "yyyy": f"{day:%Y}", "yy": f"{day:%y}", "mm": f"{day:%m}", "dd": f"{day:%d}",
        "order": order, "item": item, "line": line,
    }  # fmt: skip
    counter = next(name for name in _PART.findall(rule) if name not in known)

    def numbered(number: int) -> str:
        parts = known | {counter: f"{number:0{len(counter)}}"}
        return _tidy(_PART.sub(lambda found: parts[found[1]], rule))

    return next(made for made in map(numbered, count(1)) if made not in taken)


def _tidy(number: str) -> str:
    """Without the marks that stood around a part that is not known."""
    return re.sub(r"([-_./ ])\1+", r"\1", number).strip("-_./ ")
