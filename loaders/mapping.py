"""How a table is read, as a person sees, corrects and keeps it: kind, field by column, constants.

The same JSON goes out as a proposal and comes back confirmed. A table is known again by its
headings, whatever the file is called and wherever the table stands.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from graph_model.errors import BadInput
from loaders.flattening import Flat
from loaders.headings import normal
from loaders.plant.dates import ORDERS
from loaders.plant.sheets import BY_NAME


@dataclass(frozen=True)
class Column:
    """A column under its heading, the field it is read as (None: not read), and why.

    `why`: heading, content (the heading says so, what stands below does not), names, likely,
    known, across, repeated, chosen, unknown.
    """

    heading: str
    field: str | None
    why: str = "chosen"
    sure: bool = True
    samples: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableMap:
    """One table of a sheet and how it is read; `kind` None: it is not.

    `row`: of its headings, as the spreadsheet shows; `why`: name, word, title, headings, likely,
    pairs, preset, chosen or unknown, `said`: the words that told it; `across`: the last columns
    are the labels of columns across, and their values; `dates`: dmy or mdy where dates do not
    begin with the year; `totals`, `notes`: rows that are no data.
    """

    fingerprint: str
    kind: str | None
    columns: tuple[Column, ...]
    constants: dict[str, str] = field(default_factory=dict)
    dates: str = ""
    file: str = ""
    sheet: str = ""
    row: int = 0
    rows: int = 0
    why: str = "chosen"
    said: str = ""
    sure: bool = True
    across: bool = False
    totals: tuple[int, ...] = ()
    notes: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @property
    def fields(self) -> dict[str, int]:
        """Which column holds which field."""
        return {each.field: at for at, each in enumerate(self.columns) if each.field}


Known = Callable[[Sequence[str]], Mapping[str, float]]
"""Of some values the share that is known, by field: lots, items, companies of the plant."""


@dataclass(frozen=True)
class Reading:
    """How tables are read: `maps` that persons confirmed; `known`: which values the plant knows."""

    maps: Sequence[TableMap] = ()
    known: Known | None = None


AS_IT_STANDS = Reading()


def fingerprint(table: Flat) -> str:
    """The same for tables with the same headings; labels of columns across do not count."""
    across = table.block.across
    shown = table.shown
    if across:
        label = len(shown) - 1 - len(across.heads)
        shown = [*shown[:label], "*", *shown[label + 1 :]]
    told = "\x1f".join(normal(heading) for heading in shown)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def applied(proposed: TableMap, maps: Sequence[TableMap]) -> list[TableMap]:
    """The table as maps say that it is read; empty where none is for a table of these headings.

    Of several that fit the one for this very place counts, then one for a tab of this name, then
    the first; a tab whose own name says another kind of records is left alone.
    """
    same = [
        each for each in maps
        if each.fingerprint == proposed.fingerprint and len(each.columns) == len(proposed.columns)
    ]  # fmt: skip
    here = [each for each in same if (each.sheet, each.row) == (proposed.sheet, proposed.row)]
    tab = [each for each in same if _tab(each.sheet) == _tab(proposed.sheet)]
    if not here and not tab and proposed.why in ("name", "word"):
        same = [each for each in same if each.kind in (None, proposed.kind)]
    fits = here or tab or same
    fits = [each for each in fits if (each.why, each.said) == (fits[0].why, fits[0].said)]
    once = {each.kind: each for each in reversed(fits)}
    return [
        replace(
            proposed,
            kind=each.kind,
            columns=tuple(
                replace(column, field=told.field, why="chosen", sure=True)
                for column, told in zip(proposed.columns, each.columns, strict=True)
            ),
            constants=each.constants,
            dates=each.dates,
            why=each.why,
            said=each.said,
            sure=True,
        )
        for each in reversed(once.values())
    ]


def _tab(name: str) -> str:
    """A tab's name without the figures that change from month to month."""
    return normal("".join(sign for sign in name if not sign.isdigit()))


def parsed_map(given: str) -> tuple[TableMap, ...]:
    """`read_map` of text. Raises BadInput."""
    try:
        said = json.loads(given)
    except (ValueError, RecursionError) as error:
        raise BadInput("mapping_shape") from error
    return tuple(read_map(said))


def read_map(given: object) -> list[TableMap]:
    """Tables from JSON: a list of them, one, or an object that has them under `tables`.

    Raises BadInput with what is wrong: an unknown kind or field, or a field given twice.
    """
    tables = given.get("tables", [given]) if isinstance(given, Mapping) else given
    if not isinstance(tables, Sequence) or isinstance(tables, str) or not tables:
        raise BadInput("mapping_shape")
    return [_table(each) for each in tables]


def _table(given: object) -> TableMap:
    if not isinstance(given, Mapping) or not isinstance(given.get("fingerprint"), str):
        raise BadInput("mapping_shape")
    kind = given.get("kind") or None
    if kind is not None and str(kind) not in BY_NAME:
        raise BadInput("mapping_kind", kind=str(kind))
    columns = given.get("columns")
    constants = given.get("constants") or {}
    if not isinstance(columns, Sequence) or not isinstance(constants, Mapping):
        raise BadInput("mapping_shape")
    made = TableMap(
        fingerprint=given["fingerprint"],
        kind=kind,
        columns=tuple(map(_column, columns)),
        constants={str(name): str(value) for name, value in constants.items() if value},
        dates=str(given.get("dates") or ""),
        file=str(given.get("file") or ""),
        sheet=str(given.get("sheet") or ""),
        row=given["row"] if isinstance(given.get("row"), int) else 0,
        across=bool(given.get("across")),
    )
    if (made.dates or "dmy") not in ORDERS:
        raise BadInput("mapping_dates", dates=made.dates)
    _checked(made)
    return made


def _column(given: object) -> Column:
    if not isinstance(given, Mapping) or not isinstance(given.get("heading"), str):
        raise BadInput("mapping_shape")
    name = given.get("field") or None
    if name is not None and not isinstance(name, str):
        raise BadInput("mapping_shape")
    return Column(given["heading"], name)


def _checked(made: TableMap) -> None:
    if made.kind is None:
        return
    named = Counter([*(each.field for each in made.columns if each.field), *made.constants])
    for name, times in named.items():
        if name not in BY_NAME[made.kind].fields:
            raise BadInput("mapping_field", kind=made.kind, field=name)
        if times > 1:
            raise BadInput("mapping_twice", kind=made.kind, field=name)
