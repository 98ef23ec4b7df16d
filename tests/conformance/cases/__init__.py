"""Expected rows of every question on the shared plant, one file an area.

`CASES` of a file: name of the question to its cases. A case names the columns it compares, and
lists all rows. `POOL` and `FILL` stand for the keys of the derived mixed stock of sugar.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any

POOL, FILL = "POOL", "FILL"


@dataclass(frozen=True)
class Case:
    """Parameters of a question and the rows it must give, in any order, in these columns."""

    params: dict[str, Any]
    columns: str
    rows: list[tuple[Any, ...]]


def cases() -> dict[str, list[Case]]:
    """All cases by question."""
    found: dict[str, list[Case]] = {}
    for module in pkgutil.iter_modules(__path__):
        found |= importlib.import_module(f"{__name__}.{module.name}").CASES
    return found
