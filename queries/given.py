"""What a person gave, read the same at every door: times, lots, what is suspected, parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from graph_model import keys
from graph_model.errors import BadInput
from graph_model.lineage import Index, Lineage
from queries.catalogue import Question
from queries.recall.roots import Suspects, each_lot, find_lots

_UNITS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
_KEPT = (
    "supplier", "supplier_lot", "item", "operation", "machine", "site", "shipment", "customer",
    "complaint", "serial_from", "serial_to",
)  # fmt: skip


def moment(content: str, timezone: str, *, end: bool) -> int:
    """Microseconds UTC of a date or time typed by a person; a date as `end` is its last moment.

    `timezone`: of a time that states none. Raises BadInput.
    """
    try:
        stamp = datetime.fromisoformat(content)
        if stamp.tzinfo is None:
            stamp = stamp.replace(tzinfo=ZoneInfo(timezone))
        if end and len(content) <= 10:
            stamp += timedelta(days=1, microseconds=-1)
        return round(stamp.astimezone(UTC).timestamp() * 1e6)
    except (ValueError, OverflowError) as error:
        raise BadInput("bad_time", value=content) from error


def duration(content: str) -> int:
    """Microseconds of `3d`, `12h`, `15min`; 0 is allowed. Raises BadInput."""
    found = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*(d|h|min|s)?\s*", content)
    if not found or (found[2] is None and float(found[1]) != 0):
        raise BadInput("bad_duration", value=content)
    return round(float(found[1]) * _UNITS[found[2] or "s"] * 1e6)


def share(content: str) -> float:
    """A share from 0 to 1 of `2%` or `0.02`. Raises BadInput."""
    found = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*([%％])?\s*", content)
    value = float(found[1]) / (100 if found[2] else 1) if found else 2.0
    if value > 1:
        raise BadInput("bad_share", value=content)
    return value


def suspects(
    given: Mapping[str, Any], lots: Iterable[str], timezone: str, pseudonym: Callable[[str], str]
) -> Suspects:
    """What is suspected, by name of the option; people under their pseudonym.

    Raises BadInput where nothing is named.
    """
    start, end, operator = given.get("start"), given.get("end"), given.get("operator")
    printed = [given.get(name) for name in ("printed_from", "printed_to")]
    asked = Suspects(
        lots=tuple(lots),
        printed_from=moment(printed[0], timezone, end=False) if printed[0] else None,
        printed_to=moment(printed[1], timezone, end=True) if printed[1] else None,
        start=moment(start, timezone, end=False) if start else None,
        end=moment(end, timezone, end=True) if end else None,
        operator=pseudonym(operator) if operator else None,
        **{name: keys.plain(given[name]) if given.get(name) else None for name in _KEPT},
    )
    if not asked.given():
        raise BadInput("nothing_suspected")
    return asked


def lots(lineage: Lineage, references: Iterable[str]) -> Index:
    """Lots by number in the plant, with their parts, of references as people write them.

    Raises NotFound and Ambiguous as `roots.one_lot`.
    """
    return lineage.with_parts(np.unique(each_lot(lineage, list(references))))


def arguments(
    question: Question, given: Mapping[str, str | list[str]], lineage: Lineage, timezone: str
) -> dict[str, Any]:
    """Typed arguments of a question; lists may be one text with commas. Raises BadInput."""
    signature = inspect.signature(question.function).parameters
    unknown = given.keys() - question.params.keys()
    if unknown:
        known = ", ".join(question.params)
        raise BadInput("bad_value", value=", ".join(sorted(unknown)), params=known)
    missing = [
        name
        for name in question.params
        if not _stated(given.get(name))
        and (name in given or signature[name].default is inspect.Parameter.empty)
    ]
    if missing:
        raise BadInput("value_missing", name=question.name, params=", ".join(missing))
    return {
        name: _typed(name, str(signature[name].annotation), content, lineage, timezone)
        for name, content in given.items()
    }


def _stated(content: str | list[str] | None) -> bool:
    return any(part.strip() for part in ([content] if isinstance(content, str) else content or []))


def _typed(
    name: str, annotation: str, content: str | list[str], lineage: Lineage, timezone: str
) -> Any:
    if name == "lots":
        return lineage.lots["key"][lots(lineage, lot_names(lineage, content))].to_list()
    if annotation.startswith(("list", "Sequence")):
        return _several(content)
    one = content if isinstance(content, str) else ",".join(content)
    if "int" in annotation:
        return _whole(one) if _is_whole(one) else moment(one, timezone, end=name == "finish")
    return _number(one) if "float" in annotation else one


def _is_whole(content: str) -> bool:
    digits = content.removeprefix("-")
    return digits.isascii() and digits.isdigit()


def _whole(content: str) -> int:
    number = int(content[:30])
    if abs(number) >= 1 << 63:
        raise BadInput("bad_time", value=content)
    return number


def _number(content: str) -> float:
    try:
        return float(content)
    except ValueError as error:
        raise BadInput("bad_number", value=content) from error


def lot_names(lineage: Lineage, content: str | list[str]) -> list[str]:
    """Lots named one after another with commas, which a number may have in itself."""
    if not isinstance(content, str):
        return _several(content)
    parts, named = content.split(","), []
    while parts:
        ends = range(len(parts), 0, -1)
        texts = ((end, ",".join(parts[:end]).strip()) for end in ends)
        end, name = next(
            (one for one in texts if find_lots(lineage, one[1]).size), (1, parts[0].strip())
        )
        named += [name] if name else []
        parts = parts[end:]
    return named


def _several(content: str | list[str]) -> list[str]:
    """A text separated by commas; what comes as a list may hold commas itself."""
    parts = content.split(",") if isinstance(content, str) else content
    return [part.strip() for part in parts if part.strip()]


def rows(answer: Any) -> list[dict[str, Any]]:
    """The rows of an answer, whatever its function gives: a frame, rows, or one value."""
    if isinstance(answer, pl.DataFrame):
        return answer.to_dicts()
    items = answer if isinstance(answer, list) else [answer]
    return [
        dict(vars(row)) if is_dataclass(row) and not isinstance(row, type) else {"value": row}
        for row in items
    ]
