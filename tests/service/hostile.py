"""A plant whose names and numbers attack whoever shows, prints or saves them.

Each text of the demo plant gets something in front that a browser, a spreadsheet, a typesetter, a
header or a file system might take for an order; the same text always the same.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import polars as pl

from loaders import demo_plant

LOTS = 60
EVIL = "evil.example"
HIT = "window.hit=1"
ATTACKS = (
    f"<img src=x onerror={HIT}>",
    f'"><script>{HIT}</script>',
    f"javascript:{HIT}//",
    f'<a href="https://{EVIL}">x</a>',
    f'=HYPERLINK("https://{EVIL}","x")',
    "+1+1|calc!A0",
    "-2+3",
    "@SUM(1)",
    f'#link("https://{EVIL}")[x]',
    "{{7*7}}${7*7}%{7*7}",
    "../../../etc/passwd",
    'x"; filename=evil.exe',
    "'; DROP TABLE account; --",
    '"}) DETACH DELETE n //',
    f"[x](https://{EVIL})",
)
_NAMES = (
    "supplier_name", "customer_name", "item_name", "site_name", "person_name", "department",
    "inspection_item", "method", "process_param", "reason",
)  # fmt: skip
_NUMBERS = ("supplier_code", "customer_code", "delivery_no", "work_order_no", "complaint_no")


def attacking(text: str | None) -> str | None:
    """The text behind an attack."""
    if not text:
        return text
    return ATTACKS[zlib.crc32(text.encode()) % len(ATTACKS)] + text


def write_plant(folder: Path) -> None:
    """The files of the plant."""
    demo_plant.write_plant(folder, LOTS, 7)
    for file in folder.glob("*.csv"):
        rows = pl.read_csv(file, infer_schema=False)
        hit = [c for c in rows.columns if c in (*_NAMES, *_NUMBERS) or c.endswith("lot_no")]
        rows.with_columns(
            pl.col(column).map_elements(attacking, pl.String) for column in hit
        ).write_csv(file)
