"""What every graph engine offers, and how a question in Cypher is bound to its row type.

`Query(path, Row)` reads the file once at import and compares three things: the header's `Params`
with the `$names` in the text, the header's `Returns` with the fields of the row type, and the
names that the last RETURN gives. A mismatch stops the program before any request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from importlib.resources import files
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar, get_type_hints

import polars as pl

from graph_model.engines.tables import Table

Row = TypeVar("Row")

DEPTH = "depth_"
"""Extra column of a twin file with a bounded search: the length of the path found."""

_POLARS: dict[Any, pl.DataType] = {
    str: pl.String(),
    int: pl.Int64(),
    float: pl.Float64(),
    bool: pl.Boolean(),
    list[str]: pl.List(pl.String()),
}


class QueryMismatch(Exception):
    """A Cypher file and its row type disagree: a mistake in the program, not of its user."""


class Query(Generic[Row]):
    """A Cypher file below `cypher/` and the frozen dataclass of its rows."""

    def __init__(self, path: str, row: type[Row]) -> None:
        self.path = path
        self.row = row
        self.text = files("cypher").joinpath(path).read_text(encoding="utf-8")
        self.params = tuple(re.findall(r"\$(\w+)", _header(self.text, "Params")))
        self._check(self.text, extra=())
        if (twin := self._twin("ladybug")) is not None:
            self._check(twin, extra=(DEPTH,) if "SHORTEST" in twin else ())

    def text_for(self, engine: str) -> str:
        """The text for an engine: the twin file where there is one, else the plain file."""
        twin = self._twin(engine)
        return self.text if twin is None else twin

    @cached_property
    def columns(self) -> dict[str, pl.DataType]:
        """Names and types of the answer's columns."""
        hints = get_type_hints(self.row)
        return {f.name: _column_type(hints[f.name]) for f in fields(self.row)}  # type: ignore[arg-type]

    def rows(self, frame: pl.DataFrame) -> list[Row]:
        """The frame's rows as row objects."""
        return [self.row(*values) for values in frame.select(list(self.columns)).iter_rows()]

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with exactly the declared columns and types."""
        return frame.select(pl.col(name).cast(dtype) for name, dtype in self.columns.items())

    def _twin(self, engine: str) -> str | None:
        twin = files("cypher").joinpath(self.path.removesuffix(".cypher") + f".{engine}.cypher")
        return twin.read_text(encoding="utf-8") if twin.is_file() else None

    def _check(self, text: str, extra: tuple[str, ...]) -> None:
        used = set(re.findall(r"\$(\w+)", _body(text)))
        self._equal("parameters", used, set(self.params))
        returned = re.findall(r"\bAS\s+(\w+)", _last_return(_body(text)))
        self._equal("RETURN", returned, [*self.columns, *extra])
        if not extra and text is self.text:
            declared = re.findall(r"\w+", _header(text, "Returns"))
            self._equal("header Returns", declared, list(self.columns))

    def _equal(self, what: str, found: object, expected: object) -> None:
        if found != expected:
            raise QueryMismatch(f"{self.path}: {what}: {found} is not {expected}")


def _header(text: str, name: str) -> str:
    # A list goes on in the next line only after a comma; what follows is a remark.
    match = re.search(rf"^// {name}:((?:.*,\n//)*.*)", text, flags=re.MULTILINE)
    if match is None:
        raise QueryMismatch(f"header has no {name}: {text[:80]!r}")
    return match[1]


def _body(text: str) -> str:
    return re.sub(r"//.*", "", text)


def _last_return(body: str) -> str:
    return re.split(r"\bORDER BY\b", body.rpartition("RETURN")[2])[0]


def _column_type(hint: Any) -> pl.DataType:
    if hint in _POLARS:
        return _POLARS[hint]
    return _POLARS[next(arg for arg in hint.__args__ if arg is not type(None))]


@dataclass(frozen=True)
class State:
    """What a graph holds: ledger batch and head, form of its rows, and whether it is whole."""

    batch: int
    head: str
    form: str
    whole: bool


@dataclass(frozen=True)
class Change:
    """What differs in one table. `gone` has `key`, and for edges `from` and `to`."""

    table: Table
    new: pl.DataFrame
    changed: pl.DataFrame
    gone: pl.DataFrame


def difference(table: Table, wanted: pl.DataFrame, held: pl.DataFrame) -> Change:
    """What must change so that a table holds the wanted rows; `held` is what `hashes` gave."""
    known = wanted.join(held.select("key", _held="row_hash"), on="key", how="left")
    differs = known.filter(pl.col("_held").is_not_null() & (pl.col("_held") != pl.col("row_hash")))
    new = known.filter(pl.col("_held").is_null()).drop("_held")
    ends = ["from", "to", "key"] if table.ends else ["key"]
    gone = held.join(wanted.select("key"), on="key", how="anti")
    changed = differs.drop("_held")
    if table.ends:
        # An edge that changed may have moved: the old one goes, the new one comes.
        gone = pl.concat([gone, held.join(changed.select("key"), on="key", how="semi")])
        new, changed = pl.concat([new, changed]), changed.clear()
    return Change(table, new, changed, gone.select(ends))


class Reader(Protocol):
    """What a question needs of a graph."""

    def read(self, query: Query[Row], **params: Any) -> list[Row]:
        """Rows of the answer, complete. Raises EngineError when the engine does not answer."""
        ...

    def read_columns(self, query: Query[Any], **params: Any) -> pl.DataFrame:
        """The answer as columns: for large answers."""
        ...


class Graph(Reader, Protocol):
    """A graph engine. Only a projection writes to it."""

    def state(self) -> State | None:
        """What it holds; None for an empty graph."""
        ...

    def replace(self, frames: Mapping[str, pl.DataFrame], state: State) -> None:
        """Hold exactly these frames (by table id), all or nothing."""
        ...

    def replaces(self, touched: int, rows: int) -> bool:
        """Whether `replace` is quicker than to `apply` changes to so many of its rows."""
        ...

    def apply(self, changes: list[Change], state: State) -> None:
        """Apply changes; the graph is marked as not whole until all are in."""
        ...

    def hashes(self, table: Table) -> pl.DataFrame:
        """`key` and `row_hash` of all rows; `from` and `to` besides for edges."""
        ...

    def rows(self, table: Table) -> pl.DataFrame:
        """All rows with the table's columns; `from` and `to` besides for edges."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
