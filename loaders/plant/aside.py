"""Rows that cannot become facts: kept with their text, counted and reported, never dropped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from graph_model.schema import SetAside
from loaders.findings import Finding
from loaders.plant.sheets import BY_NAME
from loaders.plant.tables import Tables

_PERSONS = ("operator", "inspector", "person_code", "person_name", "customer_name")


@dataclass
class Aside:
    """What was set aside: rows by sheet, and a finding for each."""

    out: Tables
    rows: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, sheet: str, frame: pl.DataFrame, rule: str) -> None:
        """Sets the rows of a sheet aside; `rule` says what is missing."""
        if frame.is_empty():
            return
        self.rows[sheet] += frame.height
        shown = [
            name for name in BY_NAME[sheet].fields if name in frame.columns and name not in _PERSONS
        ]
        text = pl.concat_str(
            [pl.col(name).cast(pl.String) for name in shown], separator=" ", ignore_nulls=True
        )
        place = {name: pl.col(f"_{name}") for name in ("file", "sheet", "row")}
        kept = frame.select(
            **place, rule=pl.lit(rule), text=text, _file="_file", _sheet="_sheet", _row="_row"
        )
        self.out.add(SetAside, kept, key=pl.format("{}/{}/{}", "file", "sheet", "row"))
        self.findings += [
            Finding(rule, "error", file, name, row, "", written or "")
            for file, name, row, written in kept.select(*place, "text").iter_rows()
        ]
