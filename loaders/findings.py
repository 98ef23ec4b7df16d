"""What was noticed in the input: one record a place, texts by rule in the catalogues.

`finding.<rule>.text` says what is wrong (placeholders from `params`), `.repair` what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """One thing noticed, with its place in the user's own file.

    `row` counts as the spreadsheet does (first row 1); 0 means the whole sheet or file.
    """

    rule: str
    severity: Severity
    file: str
    sheet: str
    row: int
    column: str = ""
    value: str = ""
    params: Mapping[str, object] = field(default_factory=dict)
