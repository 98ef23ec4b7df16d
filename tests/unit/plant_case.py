"""One sheet of a plant folder in both languages, and the facts it must become."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from graph_model import network
from graph_model.i18n import text
from graph_model.ledger.fold import Facts
from graph_model.lineage import Lineage
from graph_model.schema import KINDS, frame_schema
from loaders.intake import Intake, read

HOUR = 3_600_000_000
DAY = (1_709_222_400_000_000, 1_709_222_400_000_000 + 24 * HOUR - 1)
"""2024-03-01 in Shanghai, µs UTC."""
NOON = 1_709_265_600_000_000
"""2024-03-01 12:00:00 in Shanghai, µs UTC."""

Row = Mapping[str, str]
Fact = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """Rows of a sheet by canonical field, and all facts of the kinds listed."""

    sheet: str
    rows: Sequence[Row]
    facts: Sequence[Fact]


def when(bounds: tuple[int, int]) -> dict[str, int]:
    """The interval of a movement."""
    return {"earliest": bounds[0], "latest": bounds[1]}


def loaded(folder: Path, sheets: Mapping[str, Sequence[Row]], chinese: bool) -> Intake:
    """The sheets read from a folder, with names and headings in one language."""
    for sheet, rows in sheets.items():
        fields = list(dict.fromkeys(name for row in rows for name in row))
        name = text(f"import.sheet.{sheet}", "zh_CN") if chinese else sheet
        heads = [text(f"import.field.{field}", "zh_CN") if chinese else field for field in fields]
        encoding = "gb18030" if chinese else "utf-8"
        with (folder / f"{name}.csv").open("w", encoding=encoding, newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(heads)
            writer.writerows([row.get(field, "") for field in fields] for row in rows)
    return read(folder, pseudonym=lambda name: f"p-{name}")


def check(intake: Intake, facts: Sequence[Fact]) -> None:
    """Each kind named in `facts` has exactly these rows; fields not named may be anything."""
    for kind in dict.fromkeys(kind for kind, _ in facts):
        rows = intake.tables[kind].to_dicts() if kind in intake.tables else []
        expected = [fact for name, fact in facts if name == kind]
        missing = [
            fact
            for fact in expected
            if not any(all(row[name] == value for name, value in fact.items()) for row in rows)
        ]
        assert not missing, f"{kind}: {missing} not in {rows}"
        assert len(rows) == len(expected), f"{kind}: {rows}"


def lineage(tables: Mapping[str, pl.DataFrame]) -> Lineage:
    """The arrays of what was read, as if it were the whole ledger."""
    whole = {
        name: tables.get(name, pl.DataFrame(schema=frame_schema(kind, provenance=True)))
        for name, kind in KINDS.items()
    }
    return Lineage.of(network.build(Facts(1, "", whole)))
