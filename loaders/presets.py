"""How tables are read, as persons confirmed it, under a name; shared by all who import.

A preset says nothing about goods, so it is no fact of the ledger: it stands in the records
database, with who kept it and when. What was read by one is told with each import.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from graph_model.errors import BadInput, NotFound
from graph_model.records import Records
from loaders.mapping import TableMap, read_map

META = sa.MetaData()
PRESET = sa.Table(
    "preset",
    META,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("tables", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)
_LONGEST = 100


@dataclass(frozen=True)
class Preset:
    """Tables by their headings and how they are read; `at` in seconds since 1970."""

    name: str
    who: str
    at: float
    tables: tuple[TableMap, ...]

    @property
    def maps(self) -> list[TableMap]:
        """The tables, with the name of the preset as what told them."""
        return [replace(table, why="preset", said=self.name) for table in self.tables]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        tables = [table.to_dict() for table in self.tables]
        return {"name": self.name, "who": self.who, "at": self.at, "tables": tables}


class Presets:
    """The presets of a plant."""

    def __init__(self, records: Records) -> None:
        self._engine = records.engine
        META.create_all(self._engine)

    def all(self) -> list[Preset]:
        """All presets, the newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(PRESET).order_by(PRESET.c.at.desc())).all()
        return [_preset(row) for row in rows]

    def get(self, name: str) -> Preset:
        """The preset of this name. Raises NotFound."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(PRESET).where(PRESET.c.name == name)).first()
        if row is None:
            raise NotFound("no_such_preset", name=name)
        return _preset(row)

    def keep(self, name: str, tables: Sequence[TableMap], who: str) -> None:
        """Keeps tables under a name, in place of what it stood for. Raises BadInput."""
        name = name.strip()
        if not name or len(name) > _LONGEST or not name.isprintable() or "/" in name:
            raise BadInput("preset_name", name=name, most=_LONGEST)
        # Cells of a file are no part of how it is read.
        told = [replace(table, file="", columns=tuple(
            replace(column, samples=()) for column in table.columns)).to_dict()
            for table in tables]  # fmt: skip
        values = {"name": name, "tables": json.dumps(told, ensure_ascii=False),
                  "who": who, "at": time.time()}  # fmt: skip
        with self._engine.begin() as connection:
            connection.execute(sa.delete(PRESET).where(PRESET.c.name == name))
            connection.execute(sa.insert(PRESET).values(values))

    def delete(self, name: str) -> None:
        """Forgets a preset; what was read by it stays. Raises NotFound."""
        with self._engine.begin() as connection:
            if not connection.execute(sa.delete(PRESET).where(PRESET.c.name == name)).rowcount:
                raise NotFound("no_such_preset", name=name)


def _preset(row: Any) -> Preset:
    return Preset(row.name, row.who, row.at, tuple(read_map(json.loads(row.tables))))
